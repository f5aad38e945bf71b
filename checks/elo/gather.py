"""Games, one row a seat → counts per unit of clusters.

Every two seats of a game held by different agents are a meeting; seats of one agent carry no information against each
other, and are never averaged: means of skewed scores would favour whoever holds many seats. No file may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checks.counts import Counts, Entries, Flags, Floats, Ints, Plays, SeatPairs, Units, add_up
from checks.elo.looks import unit_edges


@dataclass(frozen=True, kw_only=True)
class SeatRows:
    """Games in recorded order, one row a seat; all arrays of shape (r,)."""

    agents: tuple[str, ...]
    """Distinct; `agent` points here."""
    cluster: Ints
    """Which observation the row belongs to: any number that is the same for its rows. The rollout, else the game."""
    game: Ints
    """Any number that is the same for the seats of one game and no other."""
    agent: Ints
    score: Floats
    """Higher is better, equal is a tie. NaN: this seat has no result and is left out."""
    weight: Floats
    """How many equal games of one cluster the row stands for; the same for all seats of a game."""
    copies: Floats
    """How many clusters like this one the row stands for; above 1 only where the cluster is a single row of n games."""
    seat: Ints
    """Index into `seats`; -1: not known."""
    seats: tuple[str, ...] = ()
    """Names of seats. Exactly two: who sits in the first of them moves first."""


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """Counts, and what of the rows is not in them."""

    counts: Counts
    unscored: int
    """Seats without a score, left out."""
    alone: int
    """Games left out because fewer than two distinct agents remained."""


@dataclass(frozen=True, kw_only=True)
class _Meetings:
    """Pairs of seats; `low` holds the agent with the smaller index."""

    row: Ints
    """One of the rows the meeting comes from: its cluster, weight and copies are the meeting's."""
    low: Ints
    high: Ints
    points: Floats
    low_seat: Ints
    high_seat: Ints

    def order(self, names: tuple[str, ...]) -> Ints:
        """Tell who moved first, where there are two seats and both are known."""
        if len(names) != 2:
            return np.zeros(self.low.size, np.int64)
        known = (self.low_seat >= 0) & (self.high_seat >= 0) & (self.low_seat != self.high_seat)
        return np.where(known, np.where(self.low_seat == 0, 1, -1), 0)


def count_games(rows: SeatRows) -> Gathered:
    """Reduce games to counts per unit of clusters.

    A cluster stands in the record where its last row stands: there it is complete.

    >>> rows = SeatRows(
    ...     agents=("b", "a"), cluster=np.array([7, 7]), game=np.array([0, 0]), agent=np.array([0, 1]),
    ...     score=np.array([1.0, 0.0]), weight=np.ones(2), copies=np.ones(2), seat=np.full(2, -1),
    ... )
    >>> counts = count_games(rows).counts
    >>> counts.agents, counts.entries.points.tolist(), counts.games
    (('a', 'b'), [0.0], 1.0)
    """
    order = np.argsort(np.array(rows.agents, dtype=object)) if rows.agents else np.zeros(0, np.int64)
    agents = tuple(rows.agents[i] for i in order)
    rank = np.empty(len(agents), np.int64)
    rank[order] = np.arange(len(agents))
    kept = np.flatnonzero(~np.isnan(rows.score) & (rows.weight > 0) & (rows.copies > 0))
    kept = kept[np.argsort(rows.game[kept], kind="stable")]
    names, agent = rows.game[kept], rank[rows.agent[kept]]
    starts = np.flatnonzero(np.r_[True, names[1:] != names[:-1]]) if kept.size else np.zeros(0, np.int64)
    sizes = np.diff(np.r_[starts, kept.size])
    meetings = _meetings(rows, kept, agent, (starts, sizes))
    place = _places(rows.cluster, meetings.row)
    edges = unit_edges(int(place.max()) + 1 if place.size else 0)
    unit_of = np.searchsorted(edges, place, "right") - 1
    entries = _entries(rows, meetings, place, unit_of)
    of_game = _GameRows(kept=kept, agent=agent, starts=starts, sizes=sizes)
    plays, units, dull = _plays(rows, of_game, _Placed(row=meetings.row, place=place, unit=unit_of, edges=edges))
    two = len(rows.seats) == 2 and bool(np.any(entries.order))
    counts = Counts(
        agents=agents,
        units=units,
        entries=entries,
        plays=plays,
        ordered=bool(np.all(rows.copies <= 1) and np.all(rows.weight <= 1)),
        seat_names=rows.seats if two else (),
        seats=_seat_pairs(rows, meetings) if len(rows.seats) > 2 else None,
    )
    return Gathered(counts=counts, unscored=int(np.isnan(rows.score).sum()), alone=dull)


def _meetings(rows: SeatRows, kept: Ints, agent: Ints, games: tuple[Ints, Ints]) -> _Meetings:
    """Pair the seats of each game; games of one size at a time."""
    starts, sizes = games
    left, right = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for size in np.unique(sizes):
        i, j = np.triu_indices(int(size), 1)
        begin = starts[sizes == size][:, None]
        left.append((begin + i).ravel())
        right.append((begin + j).ravel())
    x, y = np.concatenate(left), np.concatenate(right)
    apart = agent[x] != agent[y]
    x, y = x[apart], y[apart]
    swap = agent[x] > agent[y]
    x, y = np.where(swap, y, x), np.where(swap, x, y)
    mine, other = rows.score[kept[x]], rows.score[kept[y]]
    return _Meetings(
        row=kept[x],
        low=agent[x],
        high=agent[y],
        points=(mine > other) + 0.5 * (mine == other),
        low_seat=rows.seat[kept[x]],
        high_seat=rows.seat[kept[y]],
    )


def _places(cluster: Ints, row: Ints) -> Ints:
    """Number the clusters that have meetings by where their last row stands; give the number of each meeting's."""
    _, own = np.unique(cluster, return_inverse=True)
    own = own.reshape(-1)
    last = np.zeros(int(own.max()) + 1 if own.size else 0, np.int64)
    np.maximum.at(last, own, np.arange(own.size))
    return np.unique(last[own[row]], return_inverse=True)[1].reshape(-1)


def _entries(rows: SeatRows, meetings: _Meetings, place: Ints, unit_of: Ints) -> Entries:
    """Add up the meetings per cluster, pair and order, then per unit, those of clusters with one such sum apart."""
    n = max(len(rows.agents), 1)
    key = (meetings.low * n + meetings.high) * 3 + meetings.order(rows.seats) + 1
    span = 3 * n * n
    found, first, inside = np.unique(place * span + key, return_index=True, return_inverse=True)
    inside = inside.reshape(-1)
    weight = rows.weight[meetings.row]
    games = add_up(inside, weight, found.size)
    points = add_up(inside, weight * meetings.points, found.size)
    copies, cluster = rows.copies[meetings.row[first]], place[first]
    alone = np.bincount(cluster, minlength=1)[cluster] == 1
    keys, group = np.unique((unit_of[first] * 2 + alone) * span + key[first], return_inverse=True)
    group = group.reshape(-1)
    head, pair = np.divmod(keys, span)

    def summed(values: Floats) -> Floats:
        return add_up(group, values * copies, keys.size)

    return Entries(
        unit=head // 2,
        first=pair // 3 // n,
        second=pair // 3 % n,
        order=pair % 3 - 1,
        alone=(head % 2).astype(bool),
        games=summed(games),
        points=summed(points),
        squares=np.column_stack([summed(games * games), summed(games * points), summed(points * points)]),
    )


@dataclass(frozen=True, kw_only=True)
class _GameRows:
    kept: Ints
    agent: Ints
    starts: Ints
    sizes: Ints


@dataclass(frozen=True, kw_only=True)
class _Placed:
    row: Ints
    place: Ints
    unit: Ints
    edges: Ints


def _plays(rows: SeatRows, games: _GameRows, placed: _Placed) -> tuple[Plays, Units, int]:
    """Count games and clusters per unit and agent, and what units hold; also the games without a meeting."""
    units = placed.edges.size - 1
    number = np.repeat(np.arange(games.starts.size), games.sizes)
    at = np.full(games.starts.size, -1, np.int64)
    place_of_row = np.full(rows.game.size, -1, np.int64)
    place_of_row[placed.row] = placed.place
    has = place_of_row[games.kept] >= 0
    at[number[has]] = place_of_row[games.kept[has]]
    held = at >= 0
    unit_of = np.searchsorted(placed.edges, at, "right") - 1
    lead = games.kept[games.starts]
    amount = rows.weight[lead] * rows.copies[lead]
    n = max(len(rows.agents), 1)

    def distinct(group: Ints, keep: Flags) -> Ints:
        """Give the first row of each group and agent."""
        return np.flatnonzero(keep)[np.unique((group * n + games.agent)[keep], return_index=True)[1]]

    by_game = distinct(number, held[number])
    by_cluster = distinct(at[number], held[number])
    key = unit_of[number] * n + games.agent
    keys = np.unique(key[by_game])
    plays = Plays(
        unit=keys // n,
        agent=keys % n,
        games=add_up(np.searchsorted(keys, key[by_game]), amount[number[by_game]], keys.size),
        clusters=add_up(np.searchsorted(keys, key[by_cluster]), rows.copies[games.kept[by_cluster]], keys.size),
    )
    _, one = np.unique(at[held], return_index=True)
    lone = np.flatnonzero(held)[one]
    clusters = add_up(unit_of[lone], rows.copies[lead[lone]], units)
    whole = add_up(unit_of[held], amount[held], units)
    seats = add_up(unit_of[held], amount[held] * games.sizes[held], units)
    return plays, Units(clusters=clusters, games=whole, seats=seats), int((~held).sum())


def _seat_pairs(rows: SeatRows, meetings: _Meetings) -> SeatPairs:
    known = (meetings.low_seat >= 0) & (meetings.high_seat >= 0)
    n, s = len(rows.agents), len(rows.seats)
    key = ((meetings.low * n + meetings.high) * s + meetings.low_seat) * s + meetings.high_seat
    weight = (rows.weight * rows.copies)[meetings.row[known]]
    keys, group = np.unique(key[known], return_inverse=True)
    group = group.reshape(-1)
    pair, seats = np.divmod(keys, s * s)
    return SeatPairs(
        names=rows.seats,
        first=pair // n,
        second=pair % n,
        first_seat=seats // s,
        second_seat=seats % s,
        games=add_up(group, weight, keys.size),
        points=add_up(group, weight * meetings.points[known], keys.size),
    )
