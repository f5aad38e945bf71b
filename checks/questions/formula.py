"""Columns from aggregates: the few formulas that log questions need, the same for both executions.

No event may enter; what comes in is aggregates by name, None where nothing was measured.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from checks.number import finite
from checks.run import Scalar

Cells: TypeAlias = Mapping[str, int | float | None]
"""Aggregates of one group by name; a count is an int. None, or no such name: nothing was measured."""


@dataclass(frozen=True)
class Read:
    """The aggregate itself."""

    of: str


@dataclass(frozen=True)
class Ratio:
    """The sum of some aggregates divided by the absolute sum of others.

    Absolute, so that scores around a negative mean cannot turn an imbalance negative and slip under its bound.
    """

    over: tuple[str, ...]
    under: tuple[str, ...]


@dataclass(frozen=True)
class PerHour:
    """A total divided by the hours from the earliest of some times to another, all in Unix seconds."""

    total: str
    starts: tuple[str, ...]
    """The earliest of those that were measured counts."""
    end: str


@dataclass(frozen=True)
class FirstOf:
    """The first of several counts that is not 0: they count one and the same thing, and must not be added."""

    of: tuple[str, ...]


@dataclass(frozen=True)
class Moment:
    """A time in Unix seconds, written in RFC 3339 in UTC with milliseconds."""

    of: str


@dataclass(frozen=True)
class Grade:
    """A word for a ratio: that of the first bound which it is *below*, else `beyond`; `unknown` without a ratio."""

    of: Ratio
    below: tuple[tuple[float, str], ...]
    """Rising bounds with their words."""
    beyond: str
    unknown: str


Formula: TypeAlias = Read | Ratio | PerHour | FirstOf | Moment | Grade


def evaluate(formula: Formula, cells: Cells) -> Scalar:
    """Compute one column of one row.

    None where something it needs was not measured, a divisor is 0, or the result is not finite. Counts stay int; other
    numbers are rounded to 9 significant digits, which is also what a grade compares.

    >>> evaluate(Ratio(("errors",), ("completed", "errors")), {"errors": 1, "completed": 3})
    0.25
    >>> evaluate(PerHour("trajectories", ("start",), "end"), {"trajectories": 30.0, "start": 0.0, "end": 1800.0})
    60.0
    """
    match formula:
        case Read(of):
            return _exact(cells.get(of))
        case Ratio():
            return finite(_ratio(formula, cells))
        case PerHour():
            return finite(_per_hour(formula, cells))
        case FirstOf(of):
            counts = [count for count in map(cells.get, of) if count is not None]
            return _exact(next(filter(None, counts), 0)) if counts else None
        case Moment(of):
            seconds = cells.get(of)
            return None if seconds is None else write_time(seconds)
        case _:
            return _word(formula, cells)


def write_time(seconds: float) -> str:
    """Write a time as RFC 3339 in UTC with milliseconds.

    >>> write_time(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _word(formula: Grade, cells: Cells) -> str:
    value = finite(_ratio(formula.of, cells))
    if value is None:
        return formula.unknown
    return next((word for bound, word in formula.below if value < bound), formula.beyond)


def _exact(cell: float | None) -> int | float | None:
    return cell if isinstance(cell, int) else finite(cell)


def _sum(names: tuple[str, ...], cells: Cells) -> float | None:
    found = [cell for cell in map(cells.get, names) if cell is not None]
    return math.fsum(found) if len(found) == len(names) else None


def _ratio(formula: Ratio, cells: Cells) -> float | None:
    over, under = _sum(formula.over, cells), _sum(formula.under, cells)
    return None if over is None or not under else over / abs(under)


def _per_hour(formula: PerHour, cells: Cells) -> float | None:
    starts = [start for start in map(cells.get, formula.starts) if start is not None]
    total, end = cells.get(formula.total), cells.get(formula.end)
    if total is None or end is None or not starts or end <= min(starts):
        return None
    return total / ((end - min(starts)) / 3600)
