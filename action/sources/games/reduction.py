"""Games in the database → counts per unit of clusters: what `checks.elo.gather` does, as one query.

The queries hold nothing that only one database knows, so that any engine gives the same counts from the same tables.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from action.sources.games.database import Columns
from checks.counts import Counts, Entries, Floats, Ints, Plays, SeatPairs, Units, add_up
from checks.elo.gather import Gathered
from checks.elo.looks import look_edges, unit_edges

ENTRY, PLAY, CLUSTERS, GAMES, SEATS, RECORD = range(6)
"""Kinds of rows in the answer: meetings of two agents, parts of agents, what units hold, meetings by seat, the rest."""


def duels_query(rows: int) -> str:
    """Give the query over `duels` (r, a, b, score, n, turn), where every row is an observation of its own.

    Agents are numbers in the order of their names; `score` is null where there is none; `turn` is 0 where a moved
    first, 1 where b did, -1 where nobody knows. At most `rows` rows. No row is compared with another, so that a
    database needs memory for the answer alone. Rows are numbered as they come: in the order of the table.
    """
    return f"""
SELECT {ENTRY} AS kind, unit, 1 AS alone, low, high, turn,
       SUM(n) AS games, SUM(n * points) AS points,
       SUM(n) AS games2, SUM(n * points) AS mixed, SUM(n * points * points) AS points2
FROM (SELECT {_unit(rows)} AS unit, low, high, turn, points, n
      FROM (SELECT CASE WHEN a < b THEN a ELSE b END AS low, CASE WHEN a < b THEN b ELSE a END AS high,
                   CASE WHEN turn < 0 THEN 0 WHEN (turn = 0) = (a < b) THEN 1 ELSE -1 END AS turn,
                   CASE WHEN a < b THEN score ELSE 1 - score END AS points, n,
                   ROW_NUMBER() OVER () - 1 AS place
            FROM duels WHERE a <> b AND score IS NOT NULL) AS placed) AS united
GROUP BY unit, low, high, turn
UNION ALL
SELECT {RECORD}, 0, 0, 0, 0, 0,
       2 * COUNT(CASE WHEN score IS NULL THEN 1 END), COUNT(CASE WHEN a = b AND score IS NOT NULL THEN 1 END),
       COALESCE(MAX(n), 1), 0, 0
FROM duels
ORDER BY 1, 2, 3, 4, 5, 6"""


def seats_query(rows: int) -> str:
    """Give the query over `seats` (r, game, cluster, agent, score, weight, copies, seat, turn), one row a seat.

    Agents and seats are numbers in the order of their names; `score` is null where there is none; `seat` and `turn`
    are -1 where not known, `turn` also where there are not just two seats. `r` orders the rows, at most `rows` of them;
    weight and copies are those of `checks.elo.gather.SeatRows`.
    """
    return f"""
WITH meetings AS (
    SELECT x.cluster, x.agent AS low, y.agent AS high, x.seat AS low_seat, y.seat AS high_seat, x.weight, x.copies,
           CASE WHEN x.turn < 0 OR y.turn < 0 OR x.turn = y.turn THEN 0 ELSE 1 - 2 * x.turn END AS turn,
           CASE WHEN x.score > y.score THEN 1.0 WHEN x.score = y.score THEN 0.5 ELSE 0.0 END AS points
    FROM seats AS x JOIN seats AS y ON x.game = y.game AND x.agent < y.agent
    WHERE x.score IS NOT NULL AND y.score IS NOT NULL),
sums AS (
    SELECT cluster, low, high, turn, MAX(copies) AS copies, SUM(weight) AS games, SUM(weight * points) AS points
    FROM meetings GROUP BY cluster, low, high, turn),
lasts AS (
    SELECT cluster, MAX(r) AS last FROM seats GROUP BY cluster),
places AS (
    SELECT sums.cluster, COUNT(*) AS pairs, MAX(sums.copies) AS copies,
           ROW_NUMBER() OVER (ORDER BY MAX(lasts.last)) - 1 AS place
    FROM sums JOIN lasts ON lasts.cluster = sums.cluster GROUP BY sums.cluster),
units AS (
    SELECT cluster, CASE WHEN pairs = 1 THEN 1 ELSE 0 END AS alone, copies, {_unit(rows)} AS unit FROM places),
games AS (
    SELECT game, cluster, COUNT(*) AS size, MAX(weight * copies) AS amount,
           CASE WHEN MIN(agent) < MAX(agent) THEN 1 ELSE 0 END AS held
    FROM seats WHERE score IS NOT NULL GROUP BY game, cluster),
parts AS (
    SELECT cluster, agent, SUM(amount) AS games
    FROM (SELECT seats.game, seats.cluster, seats.agent, MAX(games.amount) AS amount
          FROM seats JOIN games ON games.game = seats.game
          WHERE games.held = 1 AND seats.score IS NOT NULL
          GROUP BY seats.game, seats.cluster, seats.agent) AS once
    GROUP BY cluster, agent)
SELECT {ENTRY} AS kind, unit, alone, low, high, turn,
       SUM(units.copies * games) AS games, SUM(units.copies * points) AS points,
       SUM(units.copies * games * games) AS games2, SUM(units.copies * games * points) AS mixed,
       SUM(units.copies * points * points) AS points2
FROM sums JOIN units ON units.cluster = sums.cluster
GROUP BY unit, alone, low, high, turn
UNION ALL
SELECT {PLAY}, unit, 0, agent, 0, 0, SUM(games), SUM(copies), 0, 0, 0
FROM parts JOIN units ON units.cluster = parts.cluster GROUP BY unit, agent
UNION ALL
SELECT {CLUSTERS}, unit, 0, 0, 0, 0, SUM(copies), 0, 0, 0, 0 FROM units GROUP BY unit
UNION ALL
SELECT {GAMES}, unit, 0, 0, 0, 0, SUM(amount), SUM(amount * size), 0, 0, 0
FROM games JOIN units ON units.cluster = games.cluster WHERE held = 1 GROUP BY unit
UNION ALL
SELECT {SEATS}, low_seat, 0, low, high, high_seat, SUM(weight * copies), SUM(weight * copies * points), 0, 0, 0
FROM meetings WHERE low_seat >= 0 AND high_seat >= 0 GROUP BY low, high, low_seat, high_seat
UNION ALL
SELECT {RECORD}, 0, 0, 0, 0, 0, COUNT(CASE WHEN score IS NULL THEN 1 END),
       (SELECT COUNT(*) FROM games WHERE held = 0),
       COALESCE(MAX(CASE WHEN weight > copies THEN weight ELSE copies END), 1), 0, 0
FROM seats
ORDER BY 1, 2, 3, 4, 5, 6"""


def _unit(rows: int) -> str:
    """Give the unit of a place: a tree of comparisons finds the stretch between two looks, which is divided evenly.

    A join on ranges would sort all rows, and a tree of all units would take longer to plan than to run.
    """
    total = 2 * max(rows, 1_000)  # all stretches that are needed are whole
    edges = unit_edges(total)
    pairs = [(int(start), int(end)) for start, end in itertools.pairwise(look_edges(total)) if end > start + 1]
    stretches = [(0, pairs[0][0]), *(pair for pair in pairs[:-1] if pair[0] < rows)]
    firsts = np.searchsorted(edges, stretches)

    def leaf(number: int) -> str:
        (start, end), (first, after) = stretches[number], firsts[number]
        length, units = end - start, after - first
        if units == length:
            return f"place + {first - start}"
        shifted = f"({units} * (place - {start - 1}) - 1)"
        return f"CAST(({shifted} - {shifted} % {length}) / {length} AS BIGINT) + {first}"

    def tree(low: int, high: int) -> str:
        if high - low == 1:
            return leaf(low)
        middle = (low + high) // 2
        return f"CASE WHEN place < {stretches[middle][0]} THEN {tree(low, middle)} ELSE {tree(middle, high)} END"

    return tree(0, len(stretches))


def gather_answer(answer: Columns, agents: Sequence[str], seats: Sequence[str], *, duels: bool) -> Gathered:
    """Make counts of the answer to one of the queries. `agents` and `seats` are sorted."""
    kind = np.asarray(answer["kind"], np.int64)

    def part(of: int) -> dict[str, NDArray[np.float64]]:
        rows = np.flatnonzero(kind == of)
        return {name: np.asarray(column[rows], np.float64) for name, column in answer.items()}

    entries = _entries(part(ENTRY))
    [unscored], [alone], [most] = (part(RECORD)[name] for name in ("games", "points", "games2"))
    plays, units = _derived(entries, len(agents)) if duels else _read(part(PLAY), part(CLUSTERS), part(GAMES))
    two = len(seats) == 2 and bool(np.any(entries.order))
    counts = Counts(
        agents=tuple(agents),
        units=units,
        entries=entries,
        plays=plays,
        ordered=bool(most <= 1),
        seat_names=tuple(seats) if two else (),
        seats=_seat_pairs(part(SEATS), seats) if len(seats) > 2 else None,
    )
    return Gathered(counts=counts, unscored=int(unscored), alone=int(alone))


def _whole(column: Floats) -> Ints:
    return column.astype(np.int64)


def _entries(rows: dict[str, Floats]) -> Entries:
    return Entries(
        unit=_whole(rows["unit"]),
        first=_whole(rows["low"]),
        second=_whole(rows["high"]),
        order=_whole(rows["turn"]),
        alone=rows["alone"] == 1,
        games=rows["games"],
        points=rows["points"],
        squares=np.column_stack([rows["games2"], rows["mixed"], rows["points2"]]),
    )


def _derived(entries: Entries, agents: int) -> tuple[Plays, Units]:
    """Tell what agents and units took part in where every game is a cluster: the entries say it all."""
    size = int(entries.unit.max()) + 1 if entries.unit.size else 0
    games = add_up(entries.unit, entries.games, size)
    key = np.concatenate([entries.unit * agents + side for side in (entries.first, entries.second)])
    keys, place = np.unique(key, return_inverse=True)
    parts = add_up(place.reshape(-1), np.tile(entries.games, 2), keys.size)
    plays = Plays(unit=keys // max(agents, 1), agent=keys % max(agents, 1), games=parts, clusters=parts.copy())
    return plays, Units(clusters=games, games=games.copy(), seats=2 * games)


def _read(plays: dict[str, Floats], clusters: dict[str, Floats], games: dict[str, Floats]) -> tuple[Plays, Units]:
    return (
        Plays(
            unit=_whole(plays["unit"]),
            agent=_whole(plays["low"]),
            games=plays["games"],
            clusters=plays["points"],
        ),
        Units(clusters=clusters["games"], games=games["games"], seats=games["points"]),
    )


def _seat_pairs(rows: dict[str, Floats], seats: Sequence[str]) -> SeatPairs:
    order = np.lexsort([rows["turn"], rows["unit"], rows["high"], rows["low"]])
    return SeatPairs(
        names=tuple(seats),
        first=_whole(rows["low"][order]),
        second=_whole(rows["high"][order]),
        first_seat=_whole(rows["unit"][order]),
        second_seat=_whole(rows["turn"][order]),
        games=rows["games"][order],
        points=rows["points"][order],
    )
