"""A past run as a back-test keeps it: what was decided and by which values, a kilobyte a run. No series may enter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from checks.backtest.halves import Halves
from checks.backtest.record import Record
from checks.document import quote
from checks.result import CheckKind, Decision, Outcome, Severity, Verdict

_CLOSED = (Outcome.FAIL, Outcome.ERROR)


@dataclass(frozen=True, kw_only=True)
class PastCheck:
    """What one check found in a past run."""

    id: str
    kind: CheckKind
    outcome: Outcome
    severity: Severity
    value: float | None
    """What the rule was applied to; None: nothing was measured, or it is not finite."""
    low: float | None
    """Ends of the interval; None: there is none, or that end is open."""
    high: float | None

    @property
    def fires(self) -> bool:
        """Tell whether the check raises an alarm, whether or not that blocks."""
        return self.outcome in _CLOSED


@dataclass(frozen=True, kw_only=True)
class PastVerdict:
    """What a policy says of a past run."""

    decision: Decision
    checks: tuple[PastCheck, ...]

    @property
    def deciding(self) -> tuple[str, ...]:
        """The checks that made the verdict; none for a pass."""
        if self.decision is Decision.PASS:
            return ()
        return tuple(
            check.id
            for check in self.checks
            if check.severity is Severity.BLOCK and check.outcome.value == self.decision.value
        )

    @property
    def by_id(self) -> dict[str, PastCheck]:
        """The checks by their ids."""
        return {check.id: check for check in self.checks}


@dataclass(frozen=True, kw_only=True)
class PastRun:
    """A past run, or what named one and could not be judged."""

    ref: str
    """How the user named it, or where it was found."""
    paths: tuple[str, ...] = ()
    """Other paths that lead to it: whole, and from the file of labels on."""
    called: tuple[str, ...] = ()
    """What it calls itself: its own name and its id."""
    short: tuple[str, ...] = ()
    """What it may be called among runs that differ in it: the last part of its path."""
    name: str | None = None
    """What the run calls itself; None: it could not be read."""
    record: Record | None = None
    """What it is recognised by; None: it is like no other."""
    same_as: str | None = None
    """How the run was named first that this is another name of; None: it counts for itself."""
    verdict: PastVerdict | None = None
    """None: it could not be judged, and `fault` says why."""
    other: PastVerdict | None = None
    """What the other policy says; None: there is none, or it could not be judged."""
    halves: Halves | None = None
    """Its games held against themselves; None: it has none, or the policy does not ask of them."""
    fault: str | None = None

    @property
    def shown(self) -> str:
        """The run's own name and where it lies."""
        return self.ref if self.name is None else f"{quote(self.name)} ({self.ref})"


def past_verdict(verdict: Verdict) -> PastVerdict:
    """Keep of a verdict what a back-test looks at."""
    checks: Iterable[PastCheck] = (
        PastCheck(
            id=check.id,
            kind=check.kind,
            outcome=check.outcome,
            severity=check.severity,
            value=check.observed,
            low=check.low,
            high=check.high,
        )
        for check in verdict.checks
    )
    return PastVerdict(decision=verdict.decision, checks=tuple(checks))
