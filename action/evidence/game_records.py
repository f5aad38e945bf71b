"""Counts of games as JSON lines and back, exact to the last bit. No disk and no digest may enter.

First what the record is, then units, entries, plays and seats, column by column, in chunks. The counts are all that a
verdict rests on: per unit of clusters in recorded order, so that the path of a sequential test can be walked again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from checks.counts import Counts, Entries, Floats, Ints, Plays, SeatPairs, Units
from checks.run import GameRecord, Note, NoteKind

Record: TypeAlias = Mapping[str, Any]
CHUNK = 5_000
"""Rows a line, so that a reader never needs a long line."""
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
            values.extend(record[name])
    agents = tuple(_text(name) for name in head["agents"])
    counts = _counts(head, agents, found)
    _require_sound(counts)
    return GameRecord(
        counts=counts,
        source=_text(head["source"]),
        cluster=_text(head["cluster"]),
        notes=tuple(Note(kind=NoteKind(note["kind"]), text=_text(note["text"])) for note in head["notes"]),
    )


def _counts(head: Record, agents: tuple[str, ...], found: Mapping[str, Mapping[str, list[Any]]]) -> Counts:
    def column(table: str, name: str) -> Any:
        values = found[table][name]
        if not all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
            raise ValueError("a record of games holds something else than numbers")
        return np.array(values, np.int64 if name in _WHOLE else np.float64)

    entries = {name: column("entries", name) for name in _TABLES["entries"]}
    squares = np.column_stack([entries.pop(name) for name in ("mm", "ms", "ss")])
    seats = None
    if head["seats"] is not None:
        names = tuple(_text(name) for name in head["seats"])
        seats = SeatPairs(names=names, **{name: column("seats", name) for name in _TABLES["seats"]})
    return Counts(
        agents=agents,
        units=Units(**{name: column("units", name) for name in _TABLES["units"]}),
        entries=Entries(**(entries | {"alone": entries["alone"] == 1.0}), squares=squares),
        plays=Plays(**{name: column("plays", name) for name in _TABLES["plays"]}),
        ordered=head["ordered"] is True,
        seat_names=tuple(_text(name) for name in head["seat_names"]),
        seats=seats,
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def _require_sound(counts: Counts) -> None:
    """Refuse counts that no games can make: a bundle edited by hand must not steer a verdict."""
    entries, plays, units, n = counts.entries, counts.plays, counts.units.clusters.size, len(counts.agents)
    sizes = {one.shape[0] for one in vars(entries).values()}, {one.size for one in vars(plays).values()}
    sound = (
        list(counts.agents) == sorted(set(counts.agents))
        and all(len(size) == 1 for size in sizes)
        and _rising(entries.unit, units)
        and _rising(plays.unit, units)
        and bool(np.all((entries.first >= 0) & (entries.first < entries.second) & (entries.second < n)))
        and bool(np.all((plays.agent >= 0) & (plays.agent < n)))
        and bool(np.all(np.abs(entries.order) <= 1))
        and all(_finite(one) for one in (*vars(counts.units).values(), plays.games, plays.clusters, entries.squares))
        and bool(np.all(entries.games > 0) and np.all((entries.points >= 0) & (entries.points <= entries.games)))
        and bool(np.all(entries.squares[entries.alone, 0] > 0) and np.all(counts.units.clusters > 0))
        and (counts.seats is None or _sound_seats(counts.seats, n))
    )
    if not sound:
        raise ValueError("a record of games that no games can make")


def _sound_seats(seats: SeatPairs, agents: int) -> bool:
    inside = (seats.first >= 0) & (seats.first < agents) & (seats.second >= 0) & (seats.second < agents)
    held = [(one >= 0) & (one < len(seats.names)) for one in (seats.first_seat, seats.second_seat)]
    points = (seats.games > 0) & (seats.points >= 0) & (seats.points <= seats.games)
    return bool(np.all(inside & held[0] & held[1] & points))


def _rising(values: Ints, limit: int) -> bool:
    return values.size == 0 or bool(values[0] >= 0 and values[-1] < limit and np.all(np.diff(values) >= 0))


def _finite(values: Floats) -> bool:
    return math.isfinite(float(values.sum())) and bool(np.all(values >= 0))


__all__: Sequence[str] = ("games_text", "read_games")
