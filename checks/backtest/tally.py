"""What each check of a policy did over many runs: which decides, which never fires, which fires on good runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from checks.backtest.labels import Label
from checks.backtest.past import PastRun
from checks.check import Policy
from checks.result import Outcome, Severity

_NAMED = 4
"""Most checks that are named where several decide most."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What one check did."""

    id: str
    severity: Severity
    outcomes: tuple[int, ...]
    """How many runs had each outcome, in the order of `Outcome`."""
    decided: int
    """Runs whose verdict it made, alone or with others."""
    alone: int
    """Runs whose verdict no other check made."""
    on_good: int
    """Good runs it fired on: an outcome of fail or error."""
    on_bad: int

    @property
    def fired(self) -> int:
        """Runs it fired on."""
        kinds = list(Outcome)
        return self.outcomes[kinds.index(Outcome.FAIL)] + self.outcomes[kinds.index(Outcome.ERROR)]


def tally(policy: Policy, runs: Sequence[PastRun], labels: Sequence[Label | None]) -> tuple[Tally, ...]:
    """Give a row a check: the one that decides most first, then in the policy's order, integrity checks before."""
    seen: dict[str, Severity] = {}
    counted: Counter[tuple[str, Outcome]] = Counter()
    decided: Counter[str] = Counter()
    alone: Counter[str] = Counter()
    fired: Counter[tuple[str, bool]] = Counter()
    for run, label in zip(runs, labels, strict=True):
        if run.verdict is None:
            continue
        for check in run.verdict.checks:
            seen.setdefault(check.id, check.severity)
            counted[check.id, check.outcome] += 1
            if check.fires and label is not None:
                fired[check.id, label.good] += 1
        decided.update(run.verdict.deciding)
        if len(run.verdict.deciding) == 1:
            alone.update(run.verdict.deciding)
    # A waiver makes a check a warning in one run; what it is stands in the policy.
    seen |= {check.id: check.severity for check in policy.checks if check.id in seen}
    rows = [
        Tally(
            id=name,
            severity=severity,
            outcomes=tuple(counted[name, outcome] for outcome in Outcome),
            decided=decided[name],
            alone=alone[name],
            on_good=fired[name, True],
            on_bad=fired[name, False],
        )
        for name, severity in seen.items()
    ]
    return tuple(sorted(rows, key=lambda row: -row.decided))


def remarks(rows: Sequence[Tally], *, labelled: bool) -> Iterator[str]:
    """Say what stands out, in sentences."""
    if not rows:
        return
    first = rows[0]
    tied = [row for row in rows if row.decided == first.decided]
    if first.decided and len(tied) == 1:
        yield f"{first.id} decides most: {_runs(first.decided)}, {first.alone:,} of them alone."
    elif first.decided:
        named = [f"{row.id} ({row.alone:,} alone)" for row in tied[:_NAMED]]
        last = f"{len(tied) - _NAMED} more" if len(tied) > _NAMED else named.pop()
        yield f"{', '.join(named)} and {last} decide most: {_runs(first.decided)} each."
    never = [row.id for row in rows if not row.fired and not row.decided]
    if never:
        yield f"Never fired and never decided: {', '.join(never)}."
    good = [f"{row.id} ({row.on_good:,})" for row in sorted(rows, key=lambda row: -row.on_good) if row.on_good]
    if labelled:
        yield f"Fired on good runs: {', '.join(good) or 'none'}."


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count:,} runs"
