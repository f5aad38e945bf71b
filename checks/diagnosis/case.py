"""What a diagnosis may look at: series by role, log answers, the analysis of strength, and which bounds were missed.

No pattern may enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from checks.check import DIAGNOSED, LogAsk, Policy
from checks.doubling import twice_logged
from checks.elo.answer import EloAnswer
from checks.elo.learning import SeriesLearning
from checks.number import parse_number
from checks.result import CheckResult, Outcome
from checks.run import Evidence, LogTable, RunData, Series
from checks.strength import EloFound, is_rating
from checks.threshold import answer_value, find_series

_HUGE = 1e100
"""Beyond it squares would overflow, within its inverse they would vanish: such a value tells of no pattern."""
_MISSED = (Outcome.FAIL, Outcome.WARN)


@dataclass(frozen=True, kw_only=True)
class Case:
    """One run, ready to be diagnosed."""

    run: RunData
    logged: Mapping[str, Series]
    """Role → the series as it was logged; only roles of which there are values."""
    series: Mapping[str, Series]
    """The same by ascending step, finite values alone; beyond 1e100 they are left out, within 1e-100 they are 0."""
    logs: Mapping[str, LogTable]
    answers: Mapping[tuple[str, str], CheckResult]
    """Log question and value → what the policy's check of it found."""
    strength: EloFound | None
    """None: there was nothing to rate, or no check asked of it."""
    rated: bool
    """The run has games or rating series, whether or not they were asked of."""

    @property
    def games(self) -> EloAnswer | None:
        """The analysis of games; None where there is none."""
        return self.strength if isinstance(self.strength, EloAnswer) else None

    @property
    def ratings(self) -> SeriesLearning | None:
        """The analysis of logged ratings; None where there is none."""
        return self.strength if isinstance(self.strength, SeriesLearning) else None

    def missed(self, question: str, value: str) -> CheckResult | None:
        """Give the check of a log value that found its bound missed: how slow is too slow is the policy's to say."""
        found = self.answers.get((question, value))
        return found if found is not None and found.outcome in _MISSED and found.observed is not None else None

    def cell(self, question: str, value: str) -> float | None:
        """Give a number of a log answer; None where it was not asked or not measured."""
        table = self.logs.get(question)
        found = None if table is None else answer_value(table, value)[0]
        return None if found is None or not np.isfinite(found) else found

    def text_count(self, question: str, value: str) -> int:
        """Give a count of a log answer; 0 where there is none."""
        return round(parse_number(self.cell(question, value) or 0) or 0)

    @property
    def logged_twice(self) -> bool:
        """Tell whether every series stands twice."""
        return bool(self.logged) and all(twice_logged(one) for one in self.logged.values())


def case_of(policy: Policy, evidence: Evidence, results: Sequence[CheckResult], strength: EloFound | None) -> Case:
    """Gather what the patterns look at."""
    answers = {one.id: one for one in results}
    return replace(
        case_of_run(policy, evidence.run, strength, played=evidence.games is not None),
        logs=evidence.logs,
        answers={
            (check.ask.question, check.ask.value): answers[check.id]
            for check in policy.checks
            if isinstance(check.ask, LogAsk) and check.id in answers
        },
    )


def case_of_run(policy: Policy, run: RunData, strength: EloFound | None, *, played: bool) -> Case:
    """Gather what the patterns look at where neither logs nor checks tell anything.

    Args:
        policy: which metrics have which role.
        run: its series.
        strength: the analysis of its games, or of its logged ratings.
        played: there are games of it, whether or not they were asked of.
    """
    found = {role: find_series(policy, run, role) for role in DIAGNOSED}
    logged = {role: one for role, one in found.items() if one is not None}
    return Case(
        run=run,
        logged=logged,
        series={role: ascending for role, one in logged.items() if (ascending := usable(one)).values.size},
        logs={},
        answers={},
        strength=strength,
        rated=played or any(map(is_rating, run.catalog)),
    )


def usable(series: Series) -> Series:
    """Give the values that can tell of a pattern, by ascending step."""
    order = np.argsort(series.steps, kind="stable")
    kept = order[np.abs(series.values[order]) < _HUGE]  # no infinity and no NaN is
    values = series.values[kept]
    return Series(name=series.name, steps=series.steps[kept], values=np.where(np.abs(values) < 1 / _HUGE, 0.0, values))
