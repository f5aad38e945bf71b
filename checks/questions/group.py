"""The running aggregates of one group: what `definition.Kind` says, one value at a time.

Memory: the values of a percentile, 8 bytes each; all else is a few numbers. No event and no question may enter.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from checks.questions.definition import Aggregate, Kind

MOST_POWERS = 10_000
"""How many powers one group may have for their spread to be measured."""


@dataclass(frozen=True, kw_only=True)
class Stream:
    """Values that several aggregates share: one field of some events."""

    field: str
    events: tuple[str, ...]
    keep: bool
    """The values themselves are kept, for percentiles."""


def list_streams(aggregates: Sequence[Aggregate]) -> tuple[Stream, ...]:
    """Give every stream that the aggregates need, each once; counts and spreads need none."""
    keep: dict[tuple[str, tuple[str, ...]], bool] = {}
    for one in aggregates:
        if one.kind not in (Kind.COUNT, Kind.SPREAD):
            key = (one.field, one.events)
            keep[key] = keep.get(key, False) or one.kind is Kind.PERCENTILE
    return tuple(Stream(field=field, events=events, keep=kept) for (field, events), kept in keep.items())


class Running:
    """One stream so far."""

    __slots__ = ("absent", "greatest", "kept", "least", "n", "total", "unusable")

    def __init__(self, *, keep: bool) -> None:
        self.n = self.absent = self.unusable = 0
        self.total = 0.0
        self.least = math.inf
        self.greatest = -math.inf
        self.kept: array[float] | None = array("d") if keep else None

    def add(self, value: float | None) -> None:
        """Take the value of one event: None is an absent one, NaN one that cannot be used."""
        if value is None:
            self.absent += 1
        elif value != value:  # noqa: PLR0124 - NaN, without a call on the hottest path
            self.unusable += 1
        else:
            self.n += 1
            self.total += value
            self.least = min(self.least, value)
            self.greatest = max(self.greatest, value)
            if self.kept is not None:
                self.kept.append(value)

    def read(self, kind: Kind, q: float | None) -> int | float | None:
        """Give one aggregate of the values so far; None where there is no value, or the result is not finite."""
        if kind is Kind.MISSING:
            return self.absent + self.unusable
        if not self.n:
            return None
        match kind:
            case Kind.SUM:
                value = self.total
            case Kind.AVG:
                value = self.total / self.n
            case Kind.MIN:
                value = self.least
            case Kind.MAX:
                value = self.greatest
            case _:
                value = float(np.quantile(np.array(self.kept), q or 0.0))
        return value if math.isfinite(value) else None


class Group:
    """Everything that one group has seen."""

    __slots__ = ("counts", "crowded", "powers", "streams")

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.counts: dict[str, int] = {}
        self.streams = [Running(keep=stream.keep) for stream in streams]
        self.powers: dict[str, tuple[int, float]] = {}
        self.crowded = False
        """There are more powers than are kept."""

    def count(self, event: str) -> None:
        """Count one event (of seats: one game)."""
        self.counts[event] = self.counts.get(event, 0) + 1

    def add_power(self, power: str, score: float) -> None:
        """Take one seat's score for the spread between powers."""
        n, total = self.powers.get(power, (0, 0.0))
        if n or len(self.powers) < MOST_POWERS:
            self.powers[power] = n + 1, total + score
        else:
            self.crowded = True

    def count_of(self, events: tuple[str, ...]) -> int:
        """Tell how many of these events were counted."""
        return sum(self.counts.get(event, 0) for event in events)

    def spread(self) -> float | None:
        """Give the largest minus the smallest mean score of a power; None with fewer than two powers, or too many."""
        means = [total / n for n, total in self.powers.values()]
        difference = max(means) - min(means) if len(means) > 1 and not self.crowded else math.nan
        return difference if math.isfinite(difference) else None


def read_cells(
    aggregates: Sequence[Aggregate], streams: Sequence[Stream], group: Group, whole: Group, by: str | None
) -> Mapping[str, int | float | None]:
    """Give every aggregate of a group by name; `whole` counts over all groups."""
    places = {(stream.field, stream.events): place for place, stream in enumerate(streams)}
    cells: dict[str, int | float | None] = {}
    for one in aggregates:
        if one.kind is Kind.COUNT:
            cells[one.name] = (whole if by in one.across else group).count_of(one.events)
        elif one.kind is Kind.SPREAD:
            cells[one.name] = group.spread()
        else:
            cells[one.name] = group.streams[places[one.field, one.events]].read(one.kind, one.q)
    return cells
