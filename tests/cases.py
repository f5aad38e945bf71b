"""Builders of cases for the tests of diagnoses: a run's series by role, log answers, and what games say.

Defaults are good: a finished run of 100 steps that logged nothing but its steps. A test says what matters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from checks.diagnosis.answer import diagnose
from checks.diagnosis.case import Case, usable
from checks.elo.answer import EloAnswer
from checks.elo.estimate import Estimate
from checks.elo.learning import SeriesLearning, Signal
from checks.elo.pace import SeriesRule
from checks.result import CheckKind, CheckResult, Diagnosis, Outcome
from checks.run import LogTable, RunData, Series
from checks.strength import EloFound
from tests.builders import answer, only, series
from tests.games import asked, seats

STEPS = 100
Log = Mapping[str, float]


def ripple(n: int = STEPS, size: float = 1.0, seed: int = 1) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return noise of a standard deviation, the same for the same seed."""
    return size * np.random.default_rng(seed).normal(size=n)


def case(
    logs: Mapping[str, Log] | None = None,
    *,
    run: RunData | None = None,
    strength: EloFound | None = None,
    rated: bool | None = None,
    missed: tuple[tuple[str, str, str], ...] = (),
    passed: tuple[tuple[str, str], ...] = (),
    **roles: Any,
) -> Case:
    """Return a case: `missed` names question, value and bound of checks that failed; roles come as values or series."""
    logged = {}
    for name, values in roles.items():
        role = name.replace("_", "-")
        logged[role] = values if isinstance(values, Series) else series(values, role)
    tables = {question: _table(question, values) for question, values in (logs or {}).items()}
    answers = {
        (question, value): _result(Outcome.FAIL, tables[question], value, bound) for question, value, bound in missed
    }
    answers |= {key: _result(Outcome.PASS, tables[key[0]], key[1], "") for key in passed}
    return Case(
        run=only(n=STEPS) if run is None else run,
        logged=logged,
        series={role: usable(one) for role, one in logged.items()},
        logs=tables,
        answers=answers,
        strength=strength,
        rated=strength is not None if rated is None else rated,
    )


def _table(question: str, values: Log) -> LogTable:
    return answer(question, int(values.get("n", values.get("started", 500))), **values)


def _result(outcome: Outcome, table: LogTable, value: str, bound: str) -> CheckResult:
    found = dict(zip(table.columns, table.rows[0], strict=True))[value]
    return CheckResult(
        id=value,
        kind=CheckKind.LOGS,
        title=value,
        outcome=outcome,
        observed=float(str(found)),
        bound=bound,
        n=table.events,
        reason="",
    )


def patterns(one: Case) -> list[str]:
    """Return the patterns that a case shows, the main one first."""
    return [found.pattern for found in diagnose(one)]


def told(one: Case, pattern: str) -> str:
    """Return the evidence of a pattern; it has to be there."""
    found: dict[str, Diagnosis] = {each.pattern: each for each in diagnose(one)}
    return found[pattern].evidence


def sure(value: float, reach: float = 10.0, **changes: Any) -> Estimate:
    """Return an estimate in Elo with its interval."""
    good = Estimate(
        value=value,
        low=value - reach,
        high=value + reach,
        se=reach / 2,
        df=50.0,
        p_superior=0.5,
        clusters=51,
        confidence=0.95,
    )
    return dataclasses.replace(good, **changes)


def played(**learning: Any) -> EloAnswer:
    """Return what games say, with this of learning in place of what they would; no doubt is left."""
    found = asked(seats(["base_model>x_bot>adapter_v10", "adapter_v20>base_model>x_bot"] * 20))
    empty: dict[str, Any] = dict.fromkeys(("reference_decline", "exploitation", "older_checkpoints", "latest", "slope"))
    return dataclasses.replace(
        found,
        learning=dataclasses.replace(found.learning, **(empty | {"signal": Signal.UNCLEAR} | learning)),
        doubts=(),
        seats=None,
        control=None,
        conflict=None,
    )


def logged(**changes: Any) -> SeriesLearning:
    """Return what logged ratings say; by default they leave it open."""
    good = SeriesLearning(
        rule=SeriesRule(),
        reference="base_model",
        pooled=("adapter_v20",),
        older=(),
        rows=(),
        steps=120,
        settled=9.0,
        gap=sure(60.0),
    )
    return dataclasses.replace(good, **changes)
