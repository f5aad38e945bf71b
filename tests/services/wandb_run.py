"""Runs as W&B holds them, as plain data: rows, of which some are exported as Parquet and some are not yet.

No request may enter.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from action.sources.wandb_log.framing import Losses, payloads, read_header
from examples.league.record import RECORDINGS

Row: TypeAlias = Mapping[str, Any]
"""What `run.log` was given, nested or not, with `_step`."""
_Record: Any = importlib.import_module("wandb.proto.wandb_internal_pb2").Record


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A version of an artifact that a run logged."""

    name: str = "adapter"
    version: int = 0
    aliases: Sequence[str] = ()
    kind: str = "model"
    state: str = "COMMITTED"
    digest: str = "d41d8cd98f00b204e9800998ecf8427e"
    metadata: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = "2026-01-02T03:30:00Z"

    def node(self, entity: str, project: str) -> dict[str, Any]:
        """Write it as W&B does."""
        return {
            "digest": self.digest,
            "versionIndex": self.version,
            "state": self.state,
            "createdAt": self.created_at,
            "historyStep": None,
            "metadata": json.dumps(self.metadata),
            "artifactType": {"name": self.kind},
            "artifactSequence": {"name": self.name, "project": {"name": project, "entity": {"name": entity}}},
            "aliases": [{"alias": alias} for alias in self.aliases],
        }


@dataclass(frozen=True, kw_only=True)
class Table:
    """A `wandb.Table` that a run logged."""

    columns: Sequence[str]
    data: Sequence[Sequence[Any]]

    @property
    def content(self) -> bytes:
        """The file that it lies in."""
        return json.dumps({"columns": list(self.columns), "data": [list(row) for row in self.data]}).encode()

    def told(self, key: str) -> dict[str, Any]:
        """Write what the summary and the history say of it."""
        content = self.content
        return {
            "_type": "table-file",
            "path": f"media/table/{key}_1_{hashlib.sha256(content).hexdigest()[:20]}.table.json",
            "sha256": hashlib.sha256(content).hexdigest(),
            "size": len(content),
            "ncols": len(self.columns),
            "nrows": len(self.data),
        }


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. A finished one whose history is exported, where nothing else is said."""

    name: str = "abc123"
    """Its id."""
    display: str = "grpo 7"
    rows: Sequence[Row] = ()
    exported: int | None = None
    """How many of the rows lie in Parquet files; None: all."""
    files: int = 2
    """In how many."""
    flat: bool = True
    """Parquet holds nested values as columns with dots, else as structures."""
    tokens: bool = False
    """Rows that are not exported spell what is not finite as `NaN`, else as `"NaN"`."""
    config: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)
    state: str = "finished"
    commit: str | None = "c0ffee" + "0" * 34
    group: str | None = None
    sweep: str | None = None
    tags: Sequence[str] = ()
    created_at: str = "2026-01-02T03:04:05"
    heartbeat_at: str = "2026-01-02T04:04:05"
    artifacts: Sequence[Artifact] = ()
    tables: Mapping[str, Table] = field(default_factory=dict)
    changed: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the service's answer that are other than what follows from the rest."""
    stored: Sequence[bytes] | None = None
    """Exported files as they are, for a history that is too long to be rows here."""

    @property
    def split(self) -> int:
        """How many rows are exported."""
        return len(self.rows) if self.exported is None else self.exported

    @property
    def steps(self) -> list[int]:
        """The step of each row."""
        return [int(row["_step"]) for row in self.rows]

    def node(self) -> dict[str, Any]:
        """Write it as W&B does."""
        tables = {key: table.told(key.replace("/", "_")) for key, table in self.tables.items()}
        return {
            "name": self.name,
            "displayName": self.display,
            "state": self.state,
            "commit": self.commit,
            "group": self.group,
            "jobType": None,
            "sweepName": self.sweep,
            "tags": list(self.tags),
            "notes": None,
            "createdAt": self.created_at,
            "heartbeatAt": self.heartbeat_at,
            "historyLineCount": len(self.rows),
            "config": json.dumps({key: {"value": value, "desc": None} for key, value in self.config.items()}),
            "summaryMetrics": json.dumps({**self.summary, **tables}),
            "historyKeys": {"keys": {}, "sets": [], "lastStep": max(self.steps, default=-1)},
            # What the client's own `Api().run()` cannot do without.
            "id": "UnVuOnYxOg==",
            "projectId": "7",
            "user": {"name": "U", "username": "u"},
            "readOnly": False,
            "systemMetrics": "{}",
            "sweep": None,
            **self.changed,
        }

    @cached_property
    def exports(self) -> Sequence[bytes]:
        """Write the exported rows, in as many files as wanted."""
        if self.stored is not None:
            return self.stored
        rows, files = self.rows[: self.split], max(1, self.files)
        size = -(-len(rows) // files)
        return [parquet(rows[start : start + size], flat=self.flat) for start in range(0, len(rows), max(1, size))]

    def page(self, first: int, end: int) -> list[str]:
        """Write the rows from a step up to and without another, each as JSON."""
        rows = [row for row in self.rows if first <= row["_step"] < end]
        return [json.dumps(row if self.tokens else _spelt(row)) for row in rows]


def _spelt(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _spelt(one) for key, one in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def parquet(rows: Sequence[Row], *, flat: bool = True) -> bytes:
    """Write rows as Parquet: a column a metric, null where a row lacks it."""
    import duckdb  # noqa: PLC0415 - many tests of this folder need none

    leaves = [dict(_leaves(row, ())) for row in rows]
    paths = list(dict.fromkeys(path for row in leaves for path in row))
    # The replacement scan of DuckDB finds the dictionary by its name here.
    columns = {}
    expressions: dict[tuple[str, ...], str] = {}
    for number, path in enumerate(paths):
        values = [row.get(path) for row in leaves]
        columns[f"v{number}"], kind = _column(values)
        columns[f"p{number}"] = np.array([value is not None for value in values])
        # DuckDB takes a NaN of NumPy for a null.
        columns[f"n{number}"] = np.array([isinstance(value, float) and math.isnan(value) for value in values])
        value = f"CASE WHEN n{number} THEN CAST('nan' AS {kind}) ELSE CAST(v{number} AS {kind}) END"
        plain = f"CAST(v{number} AS {kind})"
        expressions[path] = f"CASE WHEN p{number} THEN {value if kind == 'DOUBLE' else plain} END"
    chosen = (
        [f"{sql} AS {_quote('.'.join(path))}" for path, sql in expressions.items()]
        if flat
        else _structures(expressions)
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        file = Path(folder) / "part.parquet"
        rows_of = f"SELECT {', '.join(chosen)} FROM columns"  # noqa: S608 - names of this test
        connection.execute(f"COPY ({rows_of}) TO '{file}' (FORMAT parquet)")
        return file.read_bytes()


def _leaves(row: Mapping[str, Any], before: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in row.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, (*before, key))
        else:
            yield (*before, key), value


def _column(values: Sequence[Any]) -> tuple[Any, str]:
    there = [value for value in values if value is not None]
    if all(isinstance(value, bool) for value in there):
        return np.array([bool(value) for value in values]), "BOOLEAN"
    if all(isinstance(value, int) and abs(value) < 2**63 for value in there):
        return np.array([value or 0 for value in values], np.int64), "BIGINT"
    if all(isinstance(value, int | float) for value in there):
        return np.array([float(value or 0) for value in values]), "DOUBLE"
    return np.array([value if isinstance(value, str) else json.dumps(value) for value in values], object), "VARCHAR"


def _structures(expressions: Mapping[tuple[str, ...], str]) -> list[str]:
    return [f"{sql} AS {_quote(name)}" for name, sql in _members(expressions)]


def _members(expressions: Mapping[tuple[str, ...], str]) -> Iterator[tuple[str, str]]:
    for name in dict.fromkeys(path[0] for path in expressions):
        inner = {path[1:]: sql for path, sql in expressions.items() if path[0] == name}
        if () in inner:
            yield name, inner[()]
        else:
            members = (f"{_quote(child)} := {sql}" for child, sql in _members(inner))
            yield name, f"struct_pack({', '.join(members)})"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def recorded(recipe: str, **changed: Any) -> Run:
    """Give a recording of the example league as W&B would hold it, decoded by the SDK's own classes."""
    rows: list[Row] = []
    config: dict[str, Any] = {}
    about: dict[str, Any] = {"state": "crashed"}
    for record in _records(recorded_file(recipe)):
        kind = record.WhichOneof("record_type")
        if kind == "history":
            rows.append(_row(record.history))
        elif kind == "config":
            config.update(
                {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in record.config.update}
            )
        elif kind == "run":
            about.update(
                name=record.run.run_id, display=record.run.display_name, created_at=record.run.start_time.ToJsonString()
            )
            config.update({item.key: json.loads(item.value_json) for item in record.run.config.update})
        elif kind == "exit":
            about["state"] = "finished" if record.exit.exit_code == 0 else "failed"
    return Run(**{"rows": rows, "config": config, "commit": None, **about, **changed})


def recorded_file(recipe: str) -> Path:
    """Find the `.wandb` file of a recording."""
    [path] = (RECORDINGS / recipe).glob("run-*.wandb")
    return path


def _records(path: Path) -> Iterator[Any]:
    with path.open("rb") as stream:
        read_header(stream, path)
        for payload in payloads(stream, Losses()):
            record = _Record()
            record.ParseFromString(payload)
            yield record


def _row(history: Any) -> Row:
    row: dict[str, Any] = {}
    for item in history.item:
        *before, last = list(item.nested_key) or [item.key]
        place = row
        for key in before:
            place = place.setdefault(key, {})
        place[last] = json.loads(item.value_json)
    return {**row, "_step": row.get("_step", history.step.num)}
