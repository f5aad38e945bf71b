"""Logged ratings → one table on one clock: what every agent's rating was before a step, and how the step moved it.

The clock counts logged rows in which any rating moved, so neither a doubled step counter nor a value logged twice
changes it. Nothing is interpolated: a rating stands until it is logged again, and it is gone after it was last logged.
How fast ratings settle, and what they say, may not enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from checks.run import Series, Steps, Values

Mask: TypeAlias = NDArray[np.bool_]

ABSURD = 1e6
"""A rating further from 0 is no rating; so nothing computed from one overflows."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Ratings of all agents; t steps between t + 1 kept rows, n agents."""

    agents: tuple[str, ...]
    levels: Values
    """Shape (t, n): the rating before each step; 0 where the agent does not count."""
    moves: Values
    """Shape (t, n): how the step moved it; 0 where the agent does not count."""
    present: Mask
    """Shape (t, n): whether the agent counts in the step: it is logged before and after, and its rating has moved once
    already. The first move is left out: it may be a rating that was set, not played for."""
    members: Values
    """Shape (t,): agents logged before and after the step, whether they count or not."""
    notes: tuple[str, ...]
    """What was odd, and what was done about it."""

    def place(self, agent: str) -> int | None:
        """Give an agent's column; None where it counts in no step."""
        column = self.agents.index(agent)
        return column if bool(self.present[:, column].any()) else None


def build_panel(series: Mapping[str, Series]) -> Panel:
    """Lay logged ratings out on one clock.

    Args:
        series: agent → its logged ratings, in Elo; steps in any order, several values at a step allowed (the last
            recorded counts), values not finite or beyond ±1,000,000 dropped. May be empty.

    >>> a = Series(name="a", steps=np.array([0, 2, 4, 6]), values=np.array([1000.0, 1010, 1006, 1012]))
    >>> b = Series(name="b", steps=np.array([0, 2, 4, 6]), values=np.array([1000.0, 990, 994, 988]))
    >>> panel = build_panel({"a": a, "b": b})
    >>> panel.levels.tolist(), panel.moves.tolist(), panel.present.tolist()
    ([[0.0, 0.0], [1010.0, 990.0], [1006.0, 994.0]], [[0.0, 0.0], [-4.0, 4.0], [6.0, -6.0]], \
[[False, False], [True, True], [True, True]])
    >>> panel.notes
    ('4 rows of ratings are logged between step 0 and 6; each counts as one step, as with a doubled step counter.',)
    """
    logged = {name: _in_order(one) for name, one in series.items()}
    steps = np.unique(np.concatenate([np.zeros(0, np.int64), *(at for at, _ in logged.values())]))
    table = np.column_stack([np.zeros((steps.size, 0)), *(_carried(steps, *one) for one in logged.values())])
    same = (table[1:] == table[:-1]) | (np.isnan(table[1:]) & np.isnan(table[:-1]))
    kept = np.append(np.ones(min(1, steps.size), np.bool_), ~same.all(axis=1))
    rows = table[kept]
    both = np.isfinite(rows[1:]) & np.isfinite(rows[:-1])
    moves = np.where(both, rows[1:] - rows[:-1], 0.0)
    # A rating counts from the step after its first move on: a time that the moves to come cannot depend on.
    moved = np.cumsum(moves != 0, axis=0) - (moves != 0) > 0
    present = both & moved
    return Panel(
        agents=tuple(series),
        levels=np.where(present, rows[:-1], 0.0),
        moves=np.where(present, moves, 0.0),
        present=present,
        members=both.sum(axis=1).astype(np.float64),
        notes=(*_value_notes(series, logged, steps), *_clock_notes(steps, int((~kept).sum()))),
    )


def usable(values: Values) -> Mask:
    """Tell which values are ratings: finite, and not absurd; shape as given.

    >>> usable(np.array([1012.5, np.nan, -np.inf, 1e9])).tolist()
    [True, False, False, False]
    """
    return np.isfinite(values) & (np.abs(np.nan_to_num(values)) <= ABSURD)


def _in_order(one: Series) -> tuple[Steps, Values]:
    """Give steps, rising, and values; the last recorded of several at a step."""
    good = usable(one.values)
    steps, last = np.unique(one.steps[good][::-1], return_index=True)
    return steps, one.values[good][::-1][last]


def _carried(steps: Steps, at: Steps, values: Values) -> Values:
    """Give the rating that stands at each step; NaN before the first logged and after the last."""
    if not at.size:
        return np.full(steps.size, np.nan)
    place = np.searchsorted(at, steps, side="right") - 1
    return np.where((place >= 0) & (steps <= at[-1]), values[place], np.nan)


def _value_notes(
    series: Mapping[str, Series], logged: Mapping[str, tuple[Steps, Values]], steps: Steps
) -> tuple[str, ...]:
    dropped = sum(int((~usable(one.values)).sum()) for one in series.values())
    left = sum(one.values.size for one in series.values()) - dropped
    repeated = left - sum(at.size for at, _ in logged.values())
    spans = (int(((steps >= at[0]) & (steps <= at[-1])).sum()) - at.size for at, _ in logged.values() if at.size)
    carried = sum(spans)
    told = (
        (dropped, f"{dropped} values are not finite or no ratings and were left out."),
        (repeated, f"{repeated} values share a step with a later one, which counts."),
        (carried, f"{carried} values are missing inside an agent's series: its last rating stands until the next."),
    )
    return tuple(text for count, text in told if count)


def _clock_notes(steps: Steps, idle: int) -> tuple[str, ...]:
    told = []
    if steps.size > 1 and int(steps[-1]) - int(steps[0]) >= steps.size:
        doubled = ", as with a doubled step counter" if int(np.diff(steps).min()) > 1 else ""
        told.append(
            f"{steps.size} rows of ratings are logged between step {steps[0]} and {steps[-1]}; "
            f"each counts as one step{doubled}."
        )
    if idle:
        told.append(f"In {idle} rows no rating moved: they count as no step.")
    return tuple(told)
