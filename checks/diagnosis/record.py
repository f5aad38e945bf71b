"""Signs that a record cannot be read as it stands, or ends before its run should have."""

from __future__ import annotations

import numpy as np

from checks.completeness import run_state
from checks.diagnosis.case import Case
from checks.document import quote
from checks.doubling import interleaved_calls
from checks.elo.consistency import Conflict
from checks.number import show_number
from checks.result import Outcome
from checks.threshold import count

_BROKEN = 0.01
"""Share of values that are not finite, above which numbers have broken."""
_LEAST_VALUES = 10


def double_logging(case: Case) -> str | None:
    """See rows of disjoint metrics that take turns, or every series twice."""
    rows = int(case.run.rows.steps.size)
    calls = interleaved_calls(case.run.rows)
    if calls is not None:
        return (
            f"Rows of different metrics take turns, {calls} `log` calls a step: {count(rows, 'row')}, a step counter "
            f"that reads {case.run.last_step:,}, for about {rows // calls:,} steps of training."
        )
    if case.logged_twice:
        names = ", ".join(quote(one.name) for one in list(case.logged.values())[:3])
        return f"Every value stands twice, at two steps ({names}; {count(rows, 'row')})."
    return None


def reference_drift(case: Case) -> str | None:
    """See fixed agents that moved against each other, within the run or since they were measured."""
    games = case.games
    if games is None:
        return None
    if games.control is not None and games.control.sure:
        return _drift(games.control, "between the first and the second half of the games", games.games)
    if games.conflict is not None and games.conflict.sure:
        return _drift(games.conflict, "since their ratings were measured", games.games)
    return None


def _drift(found: Conflict, since: str, games: float) -> str:
    moved = sorted(found.differences, key=lambda one: -abs(one[1]))[:3]
    listed = ", ".join(f"{quote(name)} by {by:+.0f} Elo" for name, by in moved)
    return (
        f"Fixed agents, which never change, moved against each other {since}: {listed} "
        f"(T² {show_number(found.statistic)} of {count(found.df, 'difference')}, p {found.p:.1g}; "
        f"{count(round(games), 'game')})."
    )


def cut_short(case: Case) -> str | None:
    """See a run without an exit record, with a bad one, or one that stopped before its plan."""
    state = run_state(case.run)
    if state.outcome is Outcome.INCONCLUSIVE and case.run.state.value != "running":
        return f"{state.reason} Its last step is {_step(case.run.last_step)}{_of_plan(case)}."
    last, planned = case.run.last_step, case.run.planned_steps
    if last is None or planned is None or case.run.state.value == "running":
        return None
    steps = np.unique(case.run.rows.steps)
    interval = int(np.median(np.diff(steps))) if steps.size > 1 else 1
    if last + max(1, min(interval, planned // 10)) >= planned:
        return None
    return f"The run ended by itself at step {last:,}{_of_plan(case)}."


def _step(step: int | None) -> str:
    return "unknown" if step is None else f"{step:,}"


def _of_plan(case: Case) -> str:
    last, planned = case.run.last_step, case.run.planned_steps
    return "" if planned is None or last is None else f" of {planned:,} planned ({last / planned:.0%})"


def numbers_broke(case: Case) -> str | None:
    """See values of what training computes that are not finite, often or at the end."""
    seen = []
    for role in ("loss", "grad-norm", "kl", "entropy", "reward"):
        series = case.logged.get(role)
        if series is None or series.values.size < _LEAST_VALUES:
            continue
        order = np.argsort(series.steps, kind="stable")
        steps, bad = series.steps[order], ~np.isfinite(series.values[order])
        if role == "reward":  # before the first episode ends there is none
            begun = int(bad.argmin())
            steps, bad = steps[begun:], bad[begun:]
        if bad.any() and (bad.mean() > _BROKEN or bad[-1]):
            first = int(bad.argmax())
            seen.append((int(steps[first]), role, int(bad.sum()), bad.size, bool(bad[first:].all())))
    if not seen:
        return None
    first_step = min(seen)[0]
    listed = ", ".join(f"{role} ({hits:,} of {size:,} values)" for _, role, hits, size, _ in seen)
    since = f"from step {first_step:,} on" if min(seen)[4] else f"first at step {first_step:,}"
    return f"Not finite {since}: {listed}.{_no_variance(case, first_step)}"


def _no_variance(case: Case, step: int) -> str:
    """Tell of groups without variance where numbers broke: a standard deviation of 0 is the usual division by zero."""
    series = case.series.get("zero-variance-share")
    if series is None:
        return ""
    there = series.values[series.steps <= step]
    if not there.size or there[-1] <= 0:
        return ""
    return f" In that step {there[-1]:.0%} of the groups had equal rewards."
