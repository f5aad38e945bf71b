"""Counts of games as JSON lines and back, exact to the last bit. No disk and no digest may enter.

First what the record is, then units, entries, plays and seats, column by column, in chunks. The counts are all that a
verdict rests on: per unit of clusters in recorded order, so that the path of a sequential test can be walked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from checks.counts import Counts, Entries, Ints, Plays, SeatPairs, Units
from checks.run import GameRecord, Note, NoteKind

Record: TypeAlias = Mapping[str, Any]
CHUNK = 5_000
"""Rows a line, so that a reader never needs a long line."""
_MOST = 2.0**53
"""Games up to here; a float holds every half of them to the last bit. Squares are of as many."""
_SQUARES = ("mm", "ms", "ss")
_WHOLE = ("unit", "first", "second", "order", "agent", "first_seat", "second_seat")
_TABLES: Mapping[str, tuple[str, ...]] = {
    "units": ("clusters", "games", "seats"),
    "entries": ("unit", "first", "second", "order", "alone", "games", "points", "mm", "ms", "ss"),
    "plays": ("unit", "agent", "games", "clusters"),
    "seats": ("first", "second", "first_seat", "second_seat", "games", "points"),
}


def games_text(record: GameRecord) -> bytes:
    """Write a record of games."""
    return "".join(json.dumps(one, allow_nan=False, separators=(",", ":")) + "\n" for one in _records(record)).encode()


def _records(record: GameRecord) -> Iterator[Record]:
    counts = record.counts
    yield {
        "source": record.source,
        "cluster": record.cluster,
        "agents": list(counts.agents),
        "ordered": counts.ordered,
        "seat_names": list(counts.seat_names),
        "seats": None if counts.seats is None else list(counts.seats.names),
        "notes": [{"kind": note.kind.value, "text": note.text} for note in record.notes],
    }
    squares = counts.entries.squares
    columns = vars(counts.entries) | {"mm": squares[:, 0], "ms": squares[:, 1], "ss": squares[:, 2]}
    tables = {"units": vars(counts.units), "entries": columns, "plays": vars(counts.plays)}
    if counts.seats is not None:
        tables["seats"] = vars(counts.seats)
    for table, values in tables.items():
        size = values[_TABLES[table][0]].size
        for start in range(0, size, CHUNK):
            part = slice(start, start + CHUNK)
            yield {"table": table} | {name: _shortest(values[name][part]) for name in _TABLES[table]}


def _shortest(values: Any) -> list[Any]:
    """Give numbers as JSON writes them shortest: whole ones without a point."""
    if values.dtype in (np.bool_, np.int64):
        return [int(value) for value in values]
    return [int(value) if value.is_integer() else value for value in values.tolist()]


def read_games(records: Iterable[Record]) -> GameRecord:
    """Read a record of games back; KeyError, TypeError or ValueError where it is not one of ours."""
    lines = iter(records)
    head = next(lines, None)
    if head is None:
        raise ValueError("an empty record of games")
    found: dict[str, dict[str, list[Any]]] = {table: {name: [] for name in names} for table, names in _TABLES.items()}
    for record in lines:
        for name, values in found[record["table"]].items():
            values.extend(_list(record[name]))
    counts = _counts(head, found)
    _require_sound(counts)
    return GameRecord(
        counts=counts,
        source=_text(head["source"]),
        cluster=_text(head["cluster"]),
        notes=tuple(Note(kind=NoteKind(note["kind"]), text=_text(note["text"])) for note in _list(head["notes"])),
    )


def _counts(head: Record, found: Mapping[str, Mapping[str, list[Any]]]) -> Counts:
    columns = {table: {name: _column(name, values) for name, values in parts.items()} for table, parts in found.items()}
    entries = columns["entries"]
    squares = np.column_stack([entries.pop(name) for name in _SQUARES])
    alone = entries.pop("alone")
    if not isinstance(head["ordered"], bool) or not np.all((alone == 0) | (alone == 1)):
        raise TypeError("expected yes or no, got something else")
    named = head["seats"] is not None
    return Counts(
        agents=_texts(head["agents"]),
        units=Units(**columns["units"]),
        entries=Entries(**entries, alone=alone == 1, squares=squares),
        plays=Plays(**columns["plays"]),
        ordered=head["ordered"],
        seat_names=_texts(head["seat_names"]),
        seats=SeatPairs(names=_texts(head["seats"]), **columns["seats"]) if named else None,
    )


def _column(name: str, values: Sequence[Any]) -> Any:
    if not {*map(type, values)} <= {int, float}:
        raise TypeError("a record of games holds something else than numbers")
    column = np.array(values, np.float64)
    most, parts = _MOST * _MOST if name in _SQUARES else _MOST, 1 if name in _WHOLE else 4
    # Points are whole or half, their squares quarters.
    if not np.all(np.abs(column) <= most) or np.any(column * parts % 1):
        raise ValueError("a record of games holds numbers that no games make")
    return column.astype(np.int64) if name in _WHOLE else column


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list, got {type(value).__name__}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _list(value)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def _require_sound(counts: Counts) -> None:
    """Refuse counts that no games can make: a bundle edited by hand must not steer a verdict, nor crash it."""
    tables: tuple[Any, ...] = (counts.units, counts.entries, counts.plays, *([counts.seats] if counts.seats else []))
    even = all(len({len(column) for name, column in vars(one).items() if name != "names"}) == 1 for one in tables)
    if not (
        even
        and list(counts.agents) == sorted(set(counts.agents))
        and _sound_units(counts)
        and _sound_entries(counts)
        and _sound_plays(counts)
        and (counts.seats is None or _sound_seats(counts, counts.seats))
    ):
        raise ValueError("a record of games that no games can make")


def _sound_units(counts: Counts) -> bool:
    units = counts.units
    played = (units.clusters > 0) & (units.games >= units.clusters) & (units.seats >= 2 * units.games)
    return bool(np.all(played))


def _sound_entries(counts: Counts) -> bool:
    entries, units = counts.entries, counts.units
    if not _rising(entries.unit, units.clusters.size) or not _met(entries, len(counts.agents)):
        return False
    mm, ms, ss = entries.squares[entries.alone].T
    met = np.bincount(entries.unit, entries.games, units.clusters.size)
    return bool(
        _distinct(entries.unit, entries.first, entries.second, entries.order, entries.alone)
        and np.all(np.abs(entries.order) <= 1)
        and (len(counts.seat_names) == 2 if np.any(entries.order) else not counts.seat_names)
        and np.all(mm >= entries.games[entries.alone])
        and np.all((ss >= 0) & (ss <= ms) & (ms <= mm) & (ms * ms <= mm * ss * (1 + 1e-9)))
        and np.all(met <= units.seats * units.seats / 2)
    )


def _met(pairs: Entries | SeatPairs, agents: int) -> bool:
    between = (pairs.first >= 0) & (pairs.first < pairs.second) & (pairs.second < agents)
    return bool(np.all(between & (pairs.games > 0) & (pairs.points >= 0) & (pairs.points <= pairs.games)))


def _sound_plays(counts: Counts) -> bool:
    entries, plays, units = counts.entries, counts.plays, counts.units
    if not _rising(plays.unit, units.clusters.size):
        return False
    n = len(counts.agents)
    took = np.unique(np.concatenate([entries.unit * n + entries.first, entries.unit * n + entries.second]))
    return bool(
        np.all((plays.agent >= 0) & (plays.agent < n))
        and np.array_equal(took, np.sort(plays.unit * n + plays.agent))
        and np.array_equal(np.unique(plays.unit), np.arange(units.clusters.size))
        and np.all((plays.clusters > 0) & (plays.clusters <= plays.games))
        and np.all((plays.games <= units.games[plays.unit]) & (plays.clusters <= units.clusters[plays.unit]))
    )


def _sound_seats(counts: Counts, seats: SeatPairs) -> bool:
    names = len(seats.names)
    held = [(one >= 0) & (one < names) for one in (seats.first_seat, seats.second_seat)]
    return (
        names > 2
        and names == len(set(seats.names))
        and _met(seats, len(counts.agents))
        and _distinct(seats.first, seats.second, seats.first_seat, seats.second_seat)
        and bool(np.all(held[0] & held[1]))
        and float(seats.games.sum()) <= float(counts.entries.games.sum())
    )


def _rising(values: Ints, limit: int) -> bool:
    return values.size == 0 or bool(values[0] >= 0 and values[-1] < limit and np.all(np.diff(values) >= 0))


def _distinct(*keys: Any) -> bool:
    return len(set(zip(*(key.tolist() for key in keys), strict=True))) == len(keys[0])


__all__: Sequence[str] = ("games_text", "read_games")
