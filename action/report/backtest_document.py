"""A back-test to JSON: names and order of the fields are a promise, and added to alone. No layout may enter."""

from __future__ import annotations

from action.report.document import VERSION, notes_document
from action.report.elo_document import Json, Object
from checks.backtest.confusion import Confusion
from checks.backtest.labels import Label
from checks.backtest.past import PastRun
from checks.backtest.proposal import METHOD, Proposal, Proposals, to_paste
from checks.backtest.share import Share
from checks.backtest.summary import Backtest, Calibration
from checks.backtest.tally import Tally
from checks.check import Policy
from checks.number import finite
from checks.result import Decision, Outcome
from checks.run import Note, NoteKind

UNREADABLE = "unreadable"


def backtest_document(found: Backtest) -> Object:
    """Return a back-test as an object: a row a run, then what they say of the policy."""
    trial = found.trial
    return {
        "version": VERSION,
        "rows": [_row(run, label) for run, label in zip(found.runs, found.labels, strict=True)],
        "notes": notes_document(Note(kind=NoteKind.ODD, text=text) for text in found.notes),
        "policy": _policy(trial.policy),
        "against": None if trial.against is None else _policy(trial.against),
        "exit_code": found.exit_code,
        "remarks": list(found.remarks),
        "confusion": None if found.confusion is None else _confusion(found.confusion),
        "confusion_against": None if found.confusion_against is None else _confusion(found.confusion_against),
        "changes": [
            {
                "run": change.run.ref,
                "before": change.before.value,
                "after": change.after.value,
                "label": None if change.label is None else change.label.word,
                "checks": list(change.checks),
            }
            for change in found.changes
        ],
        "checks": [_tally(row) for row in found.checks],
        "proposals": None if found.proposals is None else _proposals(found.proposals),
        "calibration": None if found.calibration is None else _calibration(found.calibration),
    }


def _policy(policy: Policy) -> Object:
    return {"source": policy.source, "sha256": policy.sha256, "profiles": list(policy.profiles), "trial": policy.trial}


def _row(run: PastRun, label: Label | None) -> Object:
    return {
        "run": run.ref,
        "name": run.name,
        "verdict": UNREADABLE if run.verdict is None else run.verdict.decision.value,
        "deciding": [] if run.verdict is None else list(run.verdict.deciding),
        "label": None if label is None else label.word,
        "wrong": None if label is None else label.wrong,
        "against": None if run.other is None else run.other.decision.value,
        "deciding_against": [] if run.other is None else list(run.other.deciding),
        "halves": _halves(run),
        "reason": run.fault,
        "same_as": run.same_as,
    }


def _halves(run: PastRun) -> Object | None:
    halves = run.halves
    if halves is None:
        return None
    return {
        "agent": halves.agent,
        "clusters": list(halves.clusters),
        "elo": finite(halves.value),
        "low": finite(halves.low),
        "high": finite(halves.high),
        "differ": halves.differ,
    }


def _share(share: Share) -> Object:
    return {"hits": share.hits, "of": share.of, "share": share.value, "low": share.low, "high": share.high}


def _confusion(found: Confusion) -> Object:
    words = [decision.value for decision in Decision]
    counts: Object = {word: dict(zip(words, numbers, strict=True)) for word, numbers in found.counts}
    return counts | {
        "false_block": _share(found.false_block),
        "false_pass": _share(found.false_pass),
        "inconclusive_good": _share(found.undecided_good),
        "inconclusive_bad": _share(found.undecided_bad),
        "unlabelled": found.unlabelled,
        "unreadable": found.unreadable,
    }


def _tally(row: Tally) -> Object:
    outcomes: Json = {outcome.value: count for outcome, count in zip(Outcome, row.outcomes, strict=True)}
    return {
        "id": row.id,
        "severity": row.severity.value,
        "decided": row.decided,
        "alone": row.alone,
        "fired": row.fired,
        "fired_on_good": row.on_good,
        "fired_on_bad": row.on_bad,
        "outcomes": outcomes,
    }


def _proposals(found: Proposals) -> Object:
    return {
        "asked": found.asked,
        "method": METHOD,
        "runs_needed": found.needed,
        "bounds": [_proposal(row) for row in found.rows],
        "together": {"alarms": found.together[0], "of": found.together[1]},
        "yaml": to_paste(found),
    }


def _proposal(row: Proposal) -> Object:
    rule, alarms = row.rule, row.alarms
    return {
        "check": row.check,
        "now": str(row.now),
        "pass": None if rule is None or rule.passes is None else str(rule.passes),
        "fail": None if rule is None or rule.fails is None else str(rule.fails),
        "n": row.n,
        "unmeasured": row.unmeasured,
        "rate": None if alarms is None else alarms.rate,
        "low": None if alarms is None else alarms.low,
        "high": None if alarms is None else alarms.high,
        "left_out_alarms": None if rule is None else row.left_out_alarms,
        "good_stopped_now": row.stopped_now,
        "bad": row.bad,
        "bad_stopped_now": row.caught_now,
        "bad_stopped": row.caught,
    }


def _calibration(found: Calibration) -> Object:
    return {"nominal": found.nominal, "errors": _share(found.errors), "untold": found.untold}
