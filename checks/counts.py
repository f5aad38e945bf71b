"""The counts that all of Elo rests on: who met whom how often, and with which result, per unit of clusters.

Counts are sufficient for the estimate, and per cluster for its error too (composite likelihood: Varin, Reid & Firth
2011, Statistica Sinica 21, section 2). No rating and no decision may enter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Meetings of two agents, one row a unit, pair and order of moving; all arrays of shape (k,), by unit ascending.

    A cluster that touches one pair in one order only is *alone*: its own error is known from three sums of squares,
    whatever else is in the unit. The entries of all other clusters of a unit belong together.
    """

    unit: Ints
    first: Ints
    """Index of the agent whose name sorts first."""
    second: Ints
    """Index of the other agent; always above `first`."""
    order: Ints
    """1: `first` moved first (held the first of two seats); -1: `second` did; 0: not known, or more than two seats."""
    alone: Flags
    games: Floats
    """Meetings: pairs of seats held by the two; above 0."""
    points: Floats
    """Of `first`: 1 a win, 1/2 a tie, 0 a loss; in [0, games]."""
    squares: Floats
    """Shape (k, 3): sums over the clusters of games², games·points, points². Used of alone entries only."""

    def at(self, rows: Ints | Flags | slice) -> Entries:
        """Give some of the entries."""
        return Entries(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Plays:
    """In how much each agent took part, one row a unit and agent; all arrays of shape (k,), by unit ascending."""

    unit: Ints
    agent: Ints
    games: Floats
    clusters: Floats


@dataclass(frozen=True, kw_only=True)
class Units:
    """What units hold; all arrays of shape (units,)."""

    clusters: Floats
    games: Floats
    """Games with at least two distinct agents."""
    seats: Floats
    """Seats in those games."""


@dataclass(frozen=True, kw_only=True)
class SeatPairs:
    """Meetings by seat over the whole record, where games have more than two named seats; arrays of shape (k,)."""

    names: tuple[str, ...]
    first: Ints
    second: Ints
    first_seat: Ints
    second_seat: Ints
    games: Floats
    points: Floats


@dataclass(frozen=True, kw_only=True)
class Counts:
    """A record of games, reduced."""

    agents: tuple[str, ...]
    """Sorted; indices of agents point here."""
    units: Units
    entries: Entries
    plays: Plays
    ordered: bool
    """False: some row stood for several games, so nobody knows their order; the record gets one look, at its end."""
    seat_names: tuple[str, ...] = ()
    """Names of the two seats that `order` speaks of, the first mover's first; empty where it is 0 throughout."""
    seats: SeatPairs | None = None

    @property
    def clusters(self) -> float:
        """Number of clusters in the record."""
        return float(self.units.clusters.sum())

    @property
    def games(self) -> float:
        """Number of games with at least two distinct agents."""
        return float(self.units.games.sum())

    @property
    def mean_seats(self) -> float:
        """Mean number of seats a game; 2 without games."""
        games = self.games
        return float(self.units.seats.sum()) / games if games else 2.0

    def index(self, agent: str) -> int:
        """Give the index of an agent; ValueError if it is not one."""
        return self.agents.index(agent)


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Counts over a stretch of the record, per pair and order of moving; arrays of shape (p,)."""

    first: Ints
    second: Ints
    order: Ints
    games: Floats
    points: Floats


def total(counts: Counts) -> Totals:
    """Add the entries of all units up, per pair and order of moving.

    >>> counts = Counts(
    ...     agents=("a", "b"),
    ...     units=Units(clusters=np.ones(2), games=np.ones(2), seats=np.full(2, 2.0)),
    ...     entries=Entries(
    ...         unit=np.arange(2), first=np.zeros(2, int), second=np.ones(2, int), order=np.zeros(2, int),
    ...         alone=np.ones(2, bool), games=np.ones(2), points=np.array([1.0, 0.5]), squares=np.ones((2, 3)),
    ...     ),
    ...     plays=Plays(unit=np.array([0, 0]), agent=np.arange(2), games=np.ones(2), clusters=np.ones(2)),
    ...     ordered=True,
    ... )
    >>> total(counts).games.tolist(), total(counts).points.tolist()
    ([2.0], [1.5])
    """
    keys, place = pair_keys(counts)
    n = len(counts.agents)
    pair, order = np.divmod(keys, 3)
    return Totals(
        first=pair // n,
        second=pair % n,
        order=order - 1,
        games=add_up(place, counts.entries.games, keys.size),
        points=add_up(place, counts.entries.points, keys.size),
    )


def add_up(group: Ints, values: Floats, size: int) -> Floats:
    """Add values up by group; shape (size,), 0 for a group without values.

    >>> add_up(np.array([0, 2, 0]), np.array([1.0, 2.0, 3.0]), 3).tolist()
    [4.0, 0.0, 2.0]
    """
    return np.bincount(group, values, size).astype(np.float64, copy=False)


def pair_keys(counts: Counts) -> tuple[Ints, Ints]:
    """Number the distinct pairs and orders: (their keys, shape (p,); which of them each entry is, shape (k,)).

    >>> from checks.elo.example import example_record
    >>> keys, place = pair_keys(example_record().counts)
    >>> keys.size, place.size, np.bincount(place).tolist()
    (6, 240, [40, 40, 40, 40, 40, 40])
    """
    entries = counts.entries
    key = (entries.first * len(counts.agents) + entries.second) * 3 + entries.order + 1
    keys, place = np.unique(key, return_inverse=True)
    return keys, place.reshape(-1)


def merge(left: Counts, right: Counts) -> Counts:
    """Join two records, the right one recorded after the left; units stay what they are.

    Rows of n games in either make the whole one without order. Seats by name are dropped unless both have the same.

    Returns:
        Counts over the agents of both; entries and plays of the right record follow those of the left.

    >>> from checks.elo.example import example_record
    >>> counts = example_record().counts
    >>> merge(head(counts, 100), tail(counts, 100)).games == counts.games
    True
    """
    agents = tuple(sorted({*left.agents, *right.agents}))
    places = {name: i for i, name in enumerate(agents)}
    maps = [np.array([places[name] for name in one.agents], np.int64) for one in (left, right)]
    shift = left.units.clusters.size
    entries = [_moved(one.entries, to, by) for one, to, by in zip((left, right), maps, (0, shift), strict=True)]
    same = left.seat_names == right.seat_names
    return Counts(
        agents=agents,
        units=Units(
            clusters=np.concatenate([left.units.clusters, right.units.clusters]),
            games=np.concatenate([left.units.games, right.units.games]),
            seats=np.concatenate([left.units.seats, right.units.seats]),
        ),
        entries=Entries(
            unit=np.concatenate([one.unit for one in entries]),
            first=np.concatenate([one.first for one in entries]),
            second=np.concatenate([one.second for one in entries]),
            order=np.concatenate([one.order for one in entries]) * same,
            alone=np.concatenate([one.alone for one in entries]),
            games=np.concatenate([one.games for one in entries]),
            points=np.concatenate([one.points for one in entries]),
            squares=np.concatenate([one.squares for one in entries]),
        ),
        plays=Plays(
            unit=np.concatenate([left.plays.unit, right.plays.unit + shift]),
            agent=np.concatenate([maps[0][left.plays.agent], maps[1][right.plays.agent]]),
            games=np.concatenate([left.plays.games, right.plays.games]),
            clusters=np.concatenate([left.plays.clusters, right.plays.clusters]),
        ),
        ordered=left.ordered and right.ordered,
        seat_names=left.seat_names if same else (),
    )


def _moved(entries: Entries, to: Ints, by: int) -> Entries:
    """Renumber the agents of entries. Both lists of agents are sorted, so the smaller index stays the smaller."""
    return Entries(
        unit=entries.unit + by,
        first=to[entries.first],
        second=to[entries.second],
        order=entries.order,
        alone=entries.alone,
        games=entries.games,
        points=entries.points,
        squares=entries.squares,
    )


def head(counts: Counts, units: int) -> Counts:
    """Give the record up to and without a unit; agents stay what they are. Seats by name belong to the whole record.

    >>> from checks.elo.example import example_record
    >>> head(example_record().counts, 100).clusters
    100.0
    """
    entries, plays = counts.entries, counts.plays
    k = int(np.searchsorted(entries.unit, units))
    j = int(np.searchsorted(plays.unit, units))
    return _cut(counts, slice(0, units), slice(0, k), slice(0, j))


def tail(counts: Counts, units: int) -> Counts:
    """Give the record from a unit on, its units numbered from 0.

    >>> from checks.elo.example import example_record
    >>> tail(example_record().counts, 100).clusters
    140.0
    """
    entries, plays = counts.entries, counts.plays
    k = int(np.searchsorted(entries.unit, units))
    j = int(np.searchsorted(plays.unit, units))
    return _cut(counts, slice(units, None), slice(k, None), slice(j, None))


def _cut(counts: Counts, units: slice, rows: slice, parts: slice) -> Counts:
    one, kept, plays, start = counts.units, counts.entries.at(rows), counts.plays, units.start or 0
    return Counts(
        agents=counts.agents,
        units=Units(clusters=one.clusters[units], games=one.games[units], seats=one.seats[units]),
        entries=replace(kept, unit=kept.unit - start),
        plays=Plays(
            unit=plays.unit[parts] - start,
            agent=plays.agent[parts],
            games=plays.games[parts],
            clusters=plays.clusters[parts],
        ),
        ordered=counts.ordered,
        seat_names=counts.seat_names,
    )
