"""A back-test put together: from past runs, labels and policies to all that a report shows. Pure, and in one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.backtest.confusion import Change, Confusion, changes, confuse, is_wrong
from checks.backtest.labels import Label, match_labels
from checks.backtest.past import PastRun
from checks.backtest.proposal import Proposals, propose
from checks.backtest.share import Share, share
from checks.backtest.tally import Tally, remarks, tally
from checks.backtest.twins import count_once
from checks.check import Policy

NOMINAL = 0.05
"""How often two halves of one agent's games may differ: the intervals hold 95 %."""
DONE, DIFFERS, UNUSABLE = 0, 10, 2


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is tried on past runs."""

    policy: Policy
    against: Policy | None = None
    labels: tuple[Label, ...] | None = None
    """None: nothing is known of the runs."""
    false_alarms: float = NOMINAL
    """The rate that proposed bounds may have, in (0, 1)."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How often the intervals of ratings err, on runs where the truth is known: two halves of one agent's games tie."""

    nominal: float
    errors: Share
    """Runs whose halves differ, of those that can be told."""
    untold: int
    """Runs with games, too few of them to split."""

    @property
    def sentence(self) -> str:
        """Say what it means."""
        if not self.errors.of:
            return "No run has enough games to hold two halves of them against each other."
        told = (
            f"{self.errors.hits:,} of {self.errors.of:,} runs differ from themselves, at a nominal {self.nominal:.0%}"
        )
        if self.errors.low > self.nominal:
            return f"{told}: more often than the test says it errs. Are games of one rollout recorded as its own?"
        return f"{told}: nothing speaks against the test."


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """All that a back-test found."""

    trial: Trial
    runs: tuple[PastRun, ...]
    labels: tuple[Label | None, ...]
    """In the order of the runs."""
    confusion: Confusion | None
    """None: without labels."""
    confusion_against: Confusion | None
    """The same by the other policy; None: without labels or other policy."""
    changes: tuple[Change, ...]
    checks: tuple[Tally, ...]
    proposals: Proposals | None
    """None: without good runs."""
    calibration: Calibration | None
    """None: no run was judged on games."""
    remarks: tuple[str, ...]
    notes: tuple[str, ...]
    """Runs that were named twice, and what of the labels was not used."""
    exit_code: int


def backtest(trial: Trial, runs: Sequence[PastRun]) -> Backtest:
    """Put a back-test together; the runs in the order in which they are to be shown."""
    counted = count_once(runs)
    runs = counted.runs
    found = match_labels(trial.labels or (), runs)
    labels = found.labels
    good = any(label is not None and label.good for label in labels)
    changed = changes(runs, labels)
    rows = tally(trial.policy, runs, labels)
    others = [_turned(run) for run in runs]
    known = trial.labels is not None
    return Backtest(
        trial=trial,
        runs=tuple(runs),
        labels=labels,
        confusion=confuse(runs, labels) if known else None,
        confusion_against=confuse(others, labels) if known and trial.against is not None else None,
        changes=changed,
        checks=rows,
        proposals=propose(trial.policy, runs, labels, trial.false_alarms) if good else None,
        calibration=_calibrate(runs),
        remarks=tuple(remarks(rows, labelled=known)),
        notes=(*counted.notes, *found.notes),
        exit_code=_exit_code(trial, runs, labels, changed),
    )


def _turned(run: PastRun) -> PastRun:
    """Give the run as the other policy judges it."""
    return PastRun(ref=run.ref, verdict=run.other, same_as=run.same_as)


def _calibrate(runs: Sequence[PastRun]) -> Calibration | None:
    # Two records of the same games are one observation: equal to the last digit.
    halves = {run.halves for run in runs if run.halves is not None}
    if not halves:
        return None
    told = [one for one in halves if one.measured]
    errors = share(sum(one.differ for one in told), len(told))
    return Calibration(nominal=NOMINAL, errors=errors, untold=len(halves) - len(told))


def _exit_code(trial: Trial, runs: Sequence[PastRun], labels: Sequence[Label | None], changed: Sequence[Change]) -> int:
    """Give 2 if nothing could be judged; 10 for what a person should look at before the policy is used; else 0.

    With another policy: any change of a verdict; where labels tell, only a change for the worse. Without one: a verdict
    that contradicts its label.
    """
    if all(run.verdict is None for run in runs):
        return UNUSABLE
    if trial.against is not None:
        worse = any(change.label is None or _worse(change, change.label) for change in changed)
        return DIFFERS if worse else DONE
    return DIFFERS if any(_contradictions(runs, labels)) else DONE


def _worse(change: Change, label: Label) -> bool:
    return is_wrong(change.after, label) and not is_wrong(change.before, label)


def _contradictions(runs: Sequence[PastRun], labels: Sequence[Label | None]) -> Iterator[bool]:
    for run, label in zip(runs, labels, strict=True):
        if run.verdict is not None and label is not None:
            yield is_wrong(run.verdict.decision, label)
