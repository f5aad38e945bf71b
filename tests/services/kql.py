"""Events as Axiom keeps them, and queries in APL executed on them by duckdb-kql, which speaks Kusto's language.

Nested objects become columns with dots in their names; null and what is not finite is not there. No server may enter.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import duckdb
import duckdb_kql

_SQL = {bool: "BOOLEAN", int: "DOUBLE", float: "DOUBLE", str: "VARCHAR"}
_AXIOM = {"BOOLEAN": "boolean", "DOUBLE": "float", "VARCHAR": "string", "JSON": "unknown"}
# duckdb-kql decides column_ifexists by the names of the query alone; Axiom by the schema of the dataset.
_IF_EXISTS = re.compile(r'column_ifexists\("([A-Za-z0-9_. -]+)", (real\(null\)|"")\)')

# What it makes of `tostring` weighs, for a text too; and null stays null here, since nobody says that Axiom's does not.
_TEXT = re.compile(r"""tostring\((\['([A-Za-z0-9_. -]+)'\]|"")\)""")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a query gives."""

    fields: tuple[tuple[str, str], ...]
    """Name and Axiom's type of each column."""
    rows: tuple[tuple[object, ...], ...]


class EventStore:
    """The events of one dataset."""

    def __init__(self, dataset: str, events: Iterable[Mapping[str, object]]) -> None:
        self._dataset = dataset
        self._lock = threading.Lock()
        self._con = duckdb_kql.connect()
        self._con.execute("set TimeZone = 'UTC'")
        self._con.execute("set threads = 1")
        rows = [flatten(event) for event in events]
        self._columns = _columns(rows)
        self._load(rows)

    @property
    def fields(self) -> Mapping[str, str]:
        """Name → Axiom's type of every field."""
        return {"_time": "datetime", **{name: _AXIOM[kind] for name, kind in self._columns.items()}}

    def ask(self, apl: str, since: str | None, until: str | None) -> Answer:
        """Execute a query on the events of this time; ValueError where it cannot be."""

        def known(found: re.Match[str]) -> str:
            return f"['{found[1]}']" if found[1] in self.fields else found[2]

        def text(found: re.Match[str]) -> str:
            return found[1] if self.fields.get(found[2], "string") == "string" else found[0]

        with self._lock:
            try:
                sql = _to_sql(_TEXT.sub(text, _IF_EXISTS.sub(known, apl)))
                self._con.execute(f"create or replace view {_quoted(self._dataset)} as {_within(since, until)}")
                found = self._con.execute(sql)
                about = [(str(name), str(kind)) for name, kind, *_ in found.description or ()]
                rows = found.fetchall()
            except (duckdb.Error, duckdb_kql.KqlError) as error:
                raise ValueError(f"{type(error).__name__}: {error}"[:300]) from error
        return Answer(
            fields=tuple((name, _kind(kind)) for name, kind in about),
            rows=tuple(tuple(map(_cell, row)) for row in rows),
        )

    def close(self) -> None:
        """Give its memory back."""
        self._con.close()

    def _load(self, rows: list[dict[str, object]]) -> None:
        columns = ", ".join(f"{_quoted(name)} {kind}" for name, kind in self._columns.items())
        self._con.execute(f"create table events (_time TIMESTAMP{', ' if columns else ''}{columns})")
        values = [
            [_time(row.get("_time")), *(_value(row.get(name), kind) for name, kind in self._columns.items())]
            for row in rows
        ]
        if values:
            marks = ", ".join("?" * len(values[0]))
            self._con.executemany(f"insert into events values ({marks})", values)  # noqa: S608 - no text of anybody


@lru_cache(maxsize=1_000)
def _to_sql(apl: str) -> str:
    """Translate a query: most of the time of a test, if it were done each time."""
    return str(duckdb_kql.to_sql(apl, allow_write=False))


def flatten(event: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Lay an event out as Axiom does.

    >>> flatten({"event": "x", "scores": {"A": 1, "B": None}, "kl": float("nan")})
    {'event': 'x', 'scores.A': 1}
    """
    return dict(_flat(event, prefix))


def _flat(event: Mapping[str, object], prefix: str) -> Iterator[tuple[str, object]]:
    for name, value in event.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        elif value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            yield f"{prefix}{name}", value


def _columns(rows: list[dict[str, object]]) -> dict[str, str]:
    kinds: dict[str, set[str]] = {}
    for row in rows:
        for name, value in row.items():
            if name != "_time":
                kinds.setdefault(name, set()).add(_SQL.get(type(value), "JSON"))
    return {name: next(iter(found)) if len(found) == 1 else "JSON" for name, found in kinds.items()}


def _value(value: object, kind: str) -> object:
    return json.dumps(value) if kind == "JSON" and value is not None else value


def _time(text: object) -> datetime:
    found = datetime.fromisoformat(text if isinstance(text, str) else "2026-01-05T08:00:00Z")
    return found.astimezone(UTC).replace(tzinfo=None)


def _within(since: str | None, until: str | None) -> str:
    low, high = (f"TIMESTAMP '{_time(one)}'" if one else None for one in (since, until))
    bounds = [f"_time >= {low}" if low else "true", f"_time <= {high}" if high else "true"]
    return f"select * from events where {' and '.join(bounds)}"  # noqa: S608 - two times


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _kind(sql: str) -> str:
    if "INT" in sql:
        return "integer"
    return "float" if sql == "DOUBLE" else "datetime" if "TIME" in sql else "string"


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return None if isinstance(value, float) and not math.isfinite(value) else value
