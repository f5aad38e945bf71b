"""Parquet: typed columns, read through DuckDB, which sees this one file and nothing else of the machine.

The only room of the tables that knows DuckDB, and it is imported only when such a file is read.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from action.deadline import Deadline
from action.errors import InputError
from action.fault import Faults
from action.files import open_input, run_name, show_name
from action.row import BOOKKEEPING, HISTORY_STEP, STEP_NAMES
from checks.run import Identity, NoteKind, Rows, RunData, Selection, Series, Steps

_PRIVATE: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "memory_limit": "512MB",
    "temp_directory": "",
    "threads": "2",
}
_INTEGERS = frozenset(
    f"{sign}{name}" for sign in ("", "u") for name in ("tinyint", "smallint", "integer", "bigint", "hugeint")
)
_NUMBERS = _INTEGERS | {"float", "double", "decimal", "boolean"}
_WORD = 62
"""How many columns one 64-bit word says presence of."""
_MAX_SETS = 4096
_AT_ONCE, _CELLS, _COUNTS = 256, 1_000_000, 4_096
"""So many columns, and so many of their values, are read by one query at most; and so many are counted by one."""

_TOLD = """
SELECT (SELECT sum(num_rows) FROM parquet_file_metadata(?)),
  (SELECT sum(n) FROM (SELECT DISTINCT row_group_id, row_group_num_rows AS n FROM parquet_metadata(?)))"""


@dataclass(frozen=True, kw_only=True)
class _Column:
    name: str
    """Flattened with dots, as the metric is called."""
    sql: str
    type: str


class _Table:
    """One Parquet file behind a private database that may read this file, load no extension and write nothing."""

    def __init__(self, path: Path, deadline: Deadline | None) -> None:
        import duckdb  # noqa: PLC0415 - 20 MB that only this format needs

        whole = os.path.abspath(path)  # noqa: PTH100 - resolve() would follow links, whose targets may be named otherwise
        # DuckDB takes these characters in a path for wildcards.
        pattern = "".join(f"[{character}]" if character in "*?[" else character for character in whole)
        self._connection = duckdb.connect(":memory:", config=_PRIVATE)
        self._connection.execute(f"SET allowed_paths = [{_literal(whole)}, {_literal(pattern)}]")
        self._connection.execute("SET enable_external_access = false")
        self._connection.execute("SET lock_configuration = true")
        self._source = f"FROM read_parquet({_literal(pattern)}, hive_partitioning = false) t"
        self._file = pattern
        self._deadline = deadline

    def close(self) -> None:
        self._connection.close()

    def columns(self, faults: Faults) -> dict[str, _Column]:
        """List the columns, those inside structures too, by flattened name."""
        relation = self._connection.sql(f"SELECT * {self._source}")
        columns: dict[str, _Column] = {}
        for column in _leaves("", "t", zip(relation.columns, relation.types, strict=True)):
            if column.name in columns:
                faults.add(NoteKind.LOST, f"two columns give the name {show_name(column.name)}, the first is kept", 1)
            columns.setdefault(column.name, column)
        return columns

    def fetch(self, expressions: Sequence[str]) -> list[NDArray[Any]]:
        """Evaluate expressions over the rows, in their order; a masked array where some are null."""
        names = ", ".join(f"{sql} AS c{index}" for index, sql in enumerate(expressions))
        with self._in_time():
            found = self._connection.execute(f"SELECT {names} {self._source}").fetchnumpy()
        return [found[f"c{index}"] for index in range(len(expressions))]

    def told_rows(self) -> int:
        """Give how many rows the head of the file tells, or its groups, if those tell more; no value is read."""
        with self._in_time():
            found = self._connection.execute(_TOLD, [self._file, self._file]).fetchone()
        return max(int(count or 0) for count in found or ())

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Interrupt what is asked at the deadline: a kilobyte may hold what takes an hour."""
        deadline = self._deadline
        if deadline is None:
            yield
            return
        clock = threading.Timer(deadline.left, self._connection.interrupt)
        clock.daemon = True
        clock.start()
        try:
            yield
        finally:
            clock.cancel()
            if not deadline.left:
                raise deadline.missed("W&B")

    def keep(self, condition: str) -> None:
        """Leave out all rows that do not meet a condition, from here on."""
        self._source += f" WHERE {condition}"


def count_rows(path: Path, deadline: Deadline) -> int:
    """Give how many rows a Parquet file says that it has, without reading any.

    Raises:
        InputError: it cannot be opened, is no Parquet file or a damaged one.
        ServiceError: the deadline is over.
    """
    with _opened(path, deadline) as table:
        return table.told_rows()


def read_parquet(
    path: Path, selection: Selection, *, history: bool = False, deadline: Deadline | None = None
) -> RunData:
    """Read a Parquet file: the step, the chosen columns, and of the others only where they are null.

    Null is absent; NaN is NaN. Columns that are neither numbers nor booleans are no metrics. Nested structures are
    flattened with dots. The step stands in the first of `STEP_NAMES` that is a column; without one it is the row's
    number, from 1. `history`: a part of one as W&B exports it, whose step is `_step` and whose rows may be bare.

    Raises:
        InputError: the file cannot be opened, is no Parquet file or a damaged one, or has no usable row.
        ServiceError: the deadline is over.
    """
    with _opened(path, deadline) as table:
        return _read(table, path, selection, history=history)


@contextmanager
def _opened(path: Path, deadline: Deadline | None) -> Iterator[_Table]:
    import duckdb  # noqa: PLC0415 - as above

    open_input(path).close()
    try:
        with closing(_Table(path, deadline)) as table:
            yield table
    except (duckdb.Error, UnicodeError) as error:
        reason = show_name(str(error).partition("\n")[0])
        raise InputError(
            f"{show_name(path)}: expected a whole Parquet file, got what DuckDB cannot read ({reason}); write it anew"
        ) from error


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


MAX_ROWS = 20_000_000
"""A kilobyte of Parquet can hold a billion equal rows; their steps alone would fill the memory."""


def _read(table: _Table, path: Path, selection: Selection, *, history: bool) -> RunData:
    faults = Faults()
    columns = table.columns(faults)
    step = next((columns[name] for name in ((HISTORY_STEP,) if history else STEP_NAMES) if name in columns), None)
    added = _added(columns) if history else BOOKKEEPING
    others = [column for name, column in columns.items() if name not in added and column is not step]
    metrics = [column for column in others if column.type in _NUMBERS]
    for column in others:
        if column.type not in _NUMBERS and column.name in selection.names:
            faults.add(NoteKind.LOST, f"{show_name(column.name)} holds no numbers but {column.type}, left out", 1)
    rows = table.told_rows()
    if rows > MAX_ROWS:
        raise InputError(f"{show_name(path)}: expected at most {MAX_ROWS:,} rows, got {rows:,}; write one row a step")
    steps = _steps(table, step, faults)
    if not steps.size or not (metrics or history):
        raise InputError(
            f"{show_name(path)}: expected rows with a whole-number step and a column of numbers, got "
            f"{'no such column' if steps.size else 'no such row'}; write a table with the columns `step`, `kl`, …"
        )
    # A part of a history may hold nothing but steps.
    asked = [f"count({column.sql})" for column in metrics]
    some = [asked[start : start + _COUNTS] for start in range(0, len(asked), _COUNTS)]
    counts = [int(count[0]) for each in some for count in table.fetch(each)]
    held = [(column, count) for column, count in zip(metrics, counts, strict=True) if count]
    kept = [column for column, _count in held if selection.wants(column.name)]
    return RunData(
        ref=str(path),
        source="Parquet table",
        identity=Identity(name=run_name(path)),
        rows=_rows(table, held, steps),
        series=MappingProxyType(_series(table, kept, steps)),
        catalog=MappingProxyType({column.name: count for column, count in held}),
        notes=faults.notes(show_name(path.name), "row"),
    )


def _added(columns: Mapping[str, _Column]) -> frozenset[str]:
    """Name the columns of what W&B adds to a row, and of media and tables (beside a `_type`): they are no metrics."""
    media = tuple(
        name.removesuffix("_type")
        for name, one in columns.items()
        if name.endswith("._type") and one.type not in _NUMBERS
    )
    return frozenset(name for name in columns if name.partition(".")[0] in BOOKKEEPING or name.startswith(media))


def _leaves(prefix: str, sql: str, fields: Iterable[tuple[str, Any]]) -> Iterator[_Column]:
    for name, type_ in fields:
        inner = f"{sql}.{_quote(name)}"
        if type_.id == "struct":
            yield from _leaves(f"{prefix}{name}.", inner, type_.children)
        else:
            yield _Column(name=f"{prefix}{name}", sql=inner, type=type_.id)


def _steps(table: _Table, column: _Column | None, faults: Faults) -> Steps:
    """Give the steps of the rows that have one; the others are counted, and left out from here on."""
    if column is None:
        count = int(table.fetch(["count(*)"])[0][0])
        faults.add(NoteKind.ODD, f"no step ({', '.join(STEP_NAMES)}), rows are numbered from 1", 1, count)
        return np.arange(1, count + 1, dtype=np.int64)
    whole = f"try_cast({column.sql} AS BIGINT)"
    if column.type not in _INTEGERS:  # of 3.5 the cast alone would make 4
        number = f"try_cast({column.sql} AS DOUBLE)"
        whole = f"try_cast(CASE WHEN {number} = floor({number}) THEN {number} END AS BIGINT)"
    [raw] = table.fetch([whole])
    table.keep(f"{whole} IS NOT NULL")
    missing = np.flatnonzero(np.ma.getmaskarray(raw))
    if missing.size:
        what = "no step, or none that is a whole number of 64 bits, left out"
        faults.add(NoteKind.LOST, what, int(missing[0]) + 1, int(missing.size))
    negative = np.flatnonzero(np.ma.filled(raw, 0) < 0)
    if negative.size:
        faults.add(NoteKind.ODD, "the step is negative", int(negative[0]) + 1, int(negative.size))
    return np.asarray(np.ma.compressed(raw), np.int64)


def _series(table: _Table, columns: Sequence[_Column], steps: Steps) -> dict[str, Series]:
    """Read the values of columns: several at once where they are short, since each query reads the file's head anew."""
    series = {}
    width = max(1, min(_AT_ONCE, _CELLS // steps.size))
    for start in range(0, len(columns), width):
        some = columns[start : start + width]
        found = table.fetch([f"CAST({column.sql} AS DOUBLE)" for column in some])
        for column, raw in zip(some, found, strict=True):
            present = ~np.ma.getmaskarray(raw)
            values = np.asarray(np.ma.compressed(raw), np.float64)
            series[column.name] = Series(name=column.name, steps=steps[present], values=values)
    return series


def _rows(table: _Table, held: Sequence[tuple[_Column, int]], steps: Steps) -> Rows:
    """Tell which metrics each row held. Only columns with holes are looked at: as bits, 62 columns a word."""
    always = frozenset(column.name for column, count in held if count == steps.size)
    holes = [column for column, count in held if count < steps.size]
    if not holes:
        return Rows(steps=steps, kinds=np.zeros(steps.size, np.int32), names=(always,))
    groups = [holes[start : start + _WORD] for start in range(0, len(holes), _WORD)]
    words = table.fetch(
        [" + ".join(f"(({c.sql} IS NOT NULL)::BIGINT << {bit})" for bit, c in enumerate(g)) for g in groups]
    )
    codes = np.zeros(steps.size, np.int64)
    for word in words:
        distinct, found = np.unique(word, return_inverse=True)
        codes = np.unique(codes * len(distinct) + found, return_inverse=True)[1]
    _codes, first, codes = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    kind_of = np.empty(order.size, np.int64)
    kind_of[order] = np.arange(order.size)
    names: list[frozenset[str]] = []
    for row in first[order]:
        bits = ((group, int(word[row])) for group, word in zip(groups, words, strict=True))
        kind = always.union(c.name for group, word in bits for bit, c in enumerate(group) if word >> bit & 1)
        if len(names) <= _MAX_SETS:
            names.append(kind)
        else:
            names[-1] |= kind
    return Rows(steps=steps, kinds=np.minimum(kind_of[codes], _MAX_SETS).astype(np.int32), names=tuple(names))
