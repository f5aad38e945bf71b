"""What the integrity checks share: the series they look at, and the shape of their results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checks.result import CheckKind, CheckResult, Outcome
from checks.run import Series


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The series that the policy looks at."""

    series: Mapping[str, Series]
    """By the name the policy uses: a role or a metric."""
    step: Series | None
    """The trainer's own step counter, where it logs one: W&B's counts `log` calls, not steps."""
    plan: int | str | None = None
    """The number of steps planned, or the config key that holds it, where the policy says so."""


def integrity_result(name: str, title: str, outcome: Outcome, reason: str, remedy: str | None = None) -> CheckResult:
    """Make the result of an integrity check; a remedy is kept only where something needs doing."""
    needed = outcome not in (Outcome.PASS, Outcome.NOT_MEASURED)
    return CheckResult(
        id=f"integrity/{name}",
        kind=CheckKind.INTEGRITY,
        title=title,
        outcome=outcome,
        reason=reason,
        remedy=remedy if needed else None,
    )
