"""Games in a database → what counts are made of, in plain SQL: what `checks.elo.gather` does, for any engine.

Nothing stands here that only one database knows. No file, no connection and no answer may enter.
"""

# ruff: noqa: S608 - statements are put together from numbers and our own names

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from checks.counts import Ints
from checks.elo.looks import SINGLE, UNITS

ENTRY, PLAY, CLUSTERS, GAMES, SEATS, RECORD = range(6)
"""Kinds of rows in the answer: meetings of two agents, parts of agents, what units hold, meetings by seat, the rest."""


IGNORED = "SELECT r FROM duels WHERE a = b OR score IS NULL ORDER BY r"
"""Asks `duels` for the rows that count for nothing."""


def duels_query(edges: Ints) -> str:
    """Give the query over `duels` (r, a, b, score, n, turn), where every row is an observation of its own.

    `r` numbers the rows from 0; agents are numbers in the order of their names; `score` is null where there is none;
    `turn` is 0 where a moved first, 1 where b did, -1 where nobody knows. `edges` tell at which row each unit begins.
    No row is compared with another, so that a database needs memory for the answer alone.
    """
    return f"""
SELECT {ENTRY} AS kind, unit, 1 AS alone, low, high, turn,
       SUM(n) AS games, SUM(n * points) AS points,
       SUM(n) AS games2, SUM(n * points) AS mixed, SUM(n * points * points) AS points2
FROM (SELECT {_unit("r", edges)} AS unit, n,
             CASE WHEN a < b THEN a ELSE b END AS low, CASE WHEN a < b THEN b ELSE a END AS high,
             CASE WHEN turn < 0 THEN 0 WHEN (turn = 0) = (a < b) THEN 1 ELSE -1 END AS turn,
             CASE WHEN a < b THEN score ELSE 1 - score END AS points
      FROM duels WHERE a <> b AND score IS NOT NULL) AS united
GROUP BY unit, low, high, turn
UNION ALL
SELECT {RECORD}, 0, 0, 0, 0, 0,
       2 * COUNT(CASE WHEN score IS NULL THEN 1 END), COUNT(CASE WHEN a = b AND score IS NOT NULL THEN 1 END),
       COALESCE(MAX(n), 1), 0, 0
FROM duels
ORDER BY 1, 2, 3, 4, 5, 6"""


_MEETINGS = """
    SELECT x.cluster, x.agent AS low, y.agent AS high, x.seat AS low_seat, y.seat AS high_seat, x.weight, x.copies,
           CASE WHEN x.turn < 0 OR y.turn < 0 OR x.turn = y.turn THEN 0 ELSE 1 - 2 * x.turn END AS turn,
           CASE WHEN x.score > y.score THEN 1.0 WHEN x.score = y.score THEN 0.5 ELSE 0.0 END AS points
    FROM seats AS x JOIN seats AS y ON x.game = y.game AND x.agent < y.agent
    WHERE x.score IS NOT NULL AND y.score IS NOT NULL
    UNION ALL
    SELECT cluster, CASE WHEN a < b THEN a ELSE b END, CASE WHEN a < b THEN b ELSE a END,
           CASE WHEN a < b THEN seat_a ELSE seat_b END, CASE WHEN a < b THEN seat_b ELSE seat_a END, weight, copies,
           CASE WHEN turn < 0 THEN 0 WHEN (turn = 0) = (a < b) THEN 1 ELSE -1 END,
           CASE WHEN a < b THEN score ELSE 1 - score END
    FROM duels WHERE a <> b AND score IS NOT NULL"""


CLUSTER_SUMS = f"""
CREATE TABLE sums AS
SELECT cluster, low, high, turn, MAX(copies) AS copies, SUM(weight) AS games, SUM(weight * points) AS points
FROM ({_MEETINGS}) AS meetings GROUP BY cluster, low, high, turn"""
"""Makes a table of what two agents did in a cluster.

From `seats` (r, game, cluster, agent, score, weight, copies, seat, turn), one row a seat, and `duels` (r, cluster, a,
b, score, weight, copies, seat_a, seat_b, turn), one row a game of two players. Agents and seats are numbers in the
order of their names; `score` is null where there is none; seats and `turn` are -1 where not known, `turn` also where
there are not just two seats. `r` orders the rows; weight and copies are those of `checks.elo.gather.SeatRows`. The
statements follow one another, so that each has all the memory; `CLUSTER_QUERY` is the last.
"""


def cluster_steps(edges: Ints) -> tuple[str, ...]:
    """Give the statements between: the unit of each cluster, then what games and agents were part of.

    `edges` tell at which cluster each unit begins: as many clusters as `sums` has.
    """
    return (
        f"""
CREATE TABLE units AS
SELECT cluster, alone, copies, {_unit("place", edges)} AS unit
FROM (SELECT found.cluster, alone, copies, ROW_NUMBER() OVER (ORDER BY last) - 1 AS place
      FROM (SELECT cluster, CASE WHEN COUNT(*) = 1 THEN 1 ELSE 0 END AS alone, MAX(copies) AS copies
            FROM sums GROUP BY cluster) AS found
      JOIN (SELECT cluster, MAX(r) AS last
            FROM (SELECT cluster, r FROM seats UNION ALL SELECT cluster, r FROM duels) AS placed
            GROUP BY cluster) AS lasts ON lasts.cluster = found.cluster) AS places""",
        """
CREATE TABLE games AS
SELECT game, cluster, COUNT(*) AS size, MAX(weight * copies) AS amount,
       CASE WHEN MIN(agent) < MAX(agent) THEN 1 ELSE 0 END AS held
FROM seats WHERE score IS NOT NULL GROUP BY game, cluster""",
        """
CREATE TABLE parts AS
SELECT cluster, agent, SUM(amount) AS games
FROM (SELECT seats.cluster, seats.agent, MAX(games.amount) AS amount
      FROM seats JOIN games ON games.game = seats.game
      WHERE games.held = 1 AND seats.score IS NOT NULL GROUP BY seats.game, seats.cluster, seats.agent
      UNION ALL SELECT cluster, a, weight * copies FROM duels WHERE a <> b AND score IS NOT NULL
      UNION ALL SELECT cluster, b, weight * copies FROM duels WHERE a <> b AND score IS NOT NULL) AS takes
GROUP BY cluster, agent""",
    )


CLUSTER_QUERY = f"""
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
FROM (SELECT cluster, amount, size FROM games WHERE held = 1
      UNION ALL SELECT cluster, weight * copies, 2 FROM duels WHERE a <> b AND score IS NOT NULL) AS held
JOIN units ON units.cluster = held.cluster GROUP BY unit
UNION ALL
SELECT {SEATS}, low_seat, 0, low, high, high_seat, SUM(weight * copies), SUM(weight * copies * points), 0, 0, 0
FROM ({_MEETINGS}) AS meetings WHERE low_seat >= 0 AND high_seat >= 0 GROUP BY low, high, low_seat, high_seat
UNION ALL
SELECT {RECORD}, 0, 0, 0, 0, 0,
       (SELECT COUNT(*) FROM seats WHERE score IS NULL) + 2 * (SELECT COUNT(*) FROM duels WHERE score IS NULL),
       (SELECT COUNT(*) FROM games WHERE held = 0)
       + (SELECT COUNT(*) FROM duels WHERE a = b AND score IS NOT NULL),
       (SELECT COALESCE(MAX(most), 1) FROM (SELECT MAX(weight * copies) AS most FROM seats
                                            UNION ALL SELECT MAX(weight * copies) FROM duels) AS both_most), 0, 0
ORDER BY 1, 2, 3, 4, 5, 6"""


def _unit(place: str, edges: Ints) -> str:
    """Give the unit of a place: a tree of comparisons finds the stretch between two looks, which is divided evenly.

    A join on ranges would sort all rows, and a tree of all units takes a second to plan; it stands in only where units
    are uneven, since rows between them count for nothing.
    """
    units = edges.size - 1
    bounds = [0, *range(SINGLE, units, UNITS), units]

    def stretch(number: int) -> str:
        first, after = bounds[number], bounds[number + 1]
        start, size, length = edges[first], after - first, edges[after] - edges[first]
        if not np.array_equal(edges[first:after], start + length * np.arange(size) // size):
            return _tree(place, edges, (first, after), str)
        shifted = f"({size} * ({place} - {start - 1}) - 1)"
        return f"CAST(({shifted} - {shifted} % {length}) / {length} AS BIGINT) + {first}"

    return _tree(place, edges[bounds], (0, len(bounds) - 1), stretch)


def _tree(place: str, starts: Ints, span: tuple[int, int], leaf: Callable[[int], str]) -> str:
    """Give a tree of comparisons with those of `starts` that lie in the span; the leaf is told which it is."""
    low, high = span
    if high - low == 1:
        return leaf(low)
    middle = (low + high) // 2
    below, above = (_tree(place, starts, part, leaf) for part in ((low, middle), (middle, high)))
    return f"CASE WHEN {place} < {starts[middle]} THEN {below} ELSE {above} END"
