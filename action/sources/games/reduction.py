"""What a database answered → counts per unit of clusters, as `checks.elo.gather` gives them.

Knows the columns of the answer. No file, no SQL and no rating may enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from action.sources.games.database import Columns
from action.sources.games.query import CLUSTERS, ENTRY, GAMES, PLAY, RECORD, SEATS
from checks.counts import Counts, Entries, Floats, Ints, Plays, SeatPairs, Units, add_up
from checks.elo.gather import Gathered


def gather_answer(answer: Columns, agents: Sequence[str], seats: Sequence[str], *, single: bool) -> Gathered:
    """Make counts of the answer to one of the queries. `agents` and `seats` are sorted."""
    kind = np.asarray(answer["kind"], np.int64)

    def part(of: int) -> dict[str, NDArray[np.float64]]:
        rows = np.flatnonzero(kind == of)
        return {name: np.asarray(column[rows], np.float64) for name, column in answer.items()}

    entries = _entries(part(ENTRY))
    [unscored], [alone], [most] = (part(RECORD)[name] for name in ("games", "points", "games2"))
    plays, units = _derived(entries, len(agents)) if single else _read(part(PLAY), part(CLUSTERS), part(GAMES))
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


def skip_ignored(edges: Ints, ignored: Iterable[Ints]) -> Ints:
    """Turn numbers of games that count into numbers of rows; `ignored`: batches of the other rows, ascending, from 0.

    >>> skip_ignored(np.array([0, 1, 2, 3]), [np.array([0, 2]), np.array([3])]).tolist()
    [1, 4, 5, 6]
    """
    rows = edges.copy()
    before = 0
    for batch in ignored:
        counted = batch - before - np.arange(batch.size)  # so many games that count stand above
        rows += np.searchsorted(counted, edges, "right")
        before += batch.size
    return rows


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
