"""Verdicts held against what is known of the runs: how often good ones are blocked, and bad ones pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from checks.backtest.labels import BAD, GOOD, Label
from checks.backtest.past import PastRun
from checks.backtest.share import Share, share
from checks.result import Decision

BLOCKED = (Decision.FAIL, Decision.ERROR)


@dataclass(frozen=True, kw_only=True)
class Confusion:
    """How verdicts and labels go together; runs that could not be judged are in no share."""

    counts: tuple[tuple[str, tuple[int, ...]], ...]
    """Label → how many runs of it got each verdict, in the order of `Decision`."""
    false_block: Share
    """Good runs that fail or hit an error, of all good runs."""
    false_pass: Share
    """Bad runs that pass, of all bad runs."""
    undecided_good: Share
    """Good runs that are inconclusive: they close the gate too, but say that data are missing."""
    undecided_bad: Share
    unlabelled: int
    unreadable: int
    """Labelled runs that could not be judged."""


def confuse(runs: Sequence[PastRun], labels: Sequence[Label | None]) -> Confusion:
    """Count verdicts by label; arguments in one order."""
    seen: Counter[tuple[str, Decision]] = Counter()
    unlabelled = unreadable = 0
    for run, label in zip(runs, labels, strict=True):
        if run.same_as is not None:
            continue
        if label is None:
            unlabelled += 1
        elif run.verdict is None:
            unreadable += 1
        else:
            seen[label.word, run.verdict.decision] += 1
    totals = {word: sum(seen[word, decision] for decision in Decision) for word in (GOOD, BAD)}
    return Confusion(
        counts=tuple((word, tuple(seen[word, decision] for decision in Decision)) for word in (GOOD, BAD)),
        false_block=share(sum(seen[GOOD, decision] for decision in BLOCKED), totals[GOOD]),
        false_pass=share(seen[BAD, Decision.PASS], totals[BAD]),
        undecided_good=share(seen[GOOD, Decision.INCONCLUSIVE], totals[GOOD]),
        undecided_bad=share(seen[BAD, Decision.INCONCLUSIVE], totals[BAD]),
        unlabelled=unlabelled,
        unreadable=unreadable,
    )


def is_wrong(decision: Decision, label: Label) -> bool:
    """Tell whether a verdict contradicts a label: a good run is blocked, or a bad one passes."""
    return decision in BLOCKED if label.good else decision is Decision.PASS


@dataclass(frozen=True, kw_only=True)
class Change:
    """A run whose verdict is another by the other policy."""

    run: PastRun
    before: Decision
    """By the other policy."""
    after: Decision
    checks: tuple[str, ...]
    """Which checks make the difference: they decide here or there, and find another outcome."""
    label: Label | None


def changes(runs: Sequence[PastRun], labels: Sequence[Label | None]) -> tuple[Change, ...]:
    """List the runs whose verdict differs between two policies."""
    found = []
    for run, label in zip(runs, labels, strict=True):
        if run.verdict is None or run.other is None or run.verdict.decision is run.other.decision:
            continue
        here, there = set(run.verdict.deciding), set(run.other.deciding)
        order = [check.id for check in (*run.verdict.checks, *run.other.checks)]
        found.append(
            Change(
                run=run,
                before=run.other.decision,
                after=run.verdict.decision,
                checks=tuple(dict.fromkeys(name for name in order if name in here ^ there)),
                label=label,
            )
        )
    return tuple(found)
