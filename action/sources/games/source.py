"""Files as the database sees them: relations with typed columns, rows in the order of the file.

A file that is not regular throughout is refused here, and read row by row elsewhere. No form of a game may enter.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from action.fault import Faults
from action.files import look
from action.sources.games.database import Database, literal, pattern, quote
from action.sources.games.delimited import Delimited
from action.sources.games.table import GZIP, NO_OBJECT, Advance, load, union
from checks.run import NoteKind

PARQUET = b"PAR1"
ZSTD = b"\x28\xb5\x2f\xfd"
_BATCH = 2_048
_COUNTED = "row_number() OVER ()"
_LIMIT = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file as a relation."""

    relation: str
    """SQL that may follow FROM."""
    number: str
    """SQL that gives the number of a row, from 1. Nothing else keeps the order of rows for sure: DuckDB promises it for
    what reads one table alone, not after a join (https://duckdb.org/docs/stable/sql/dialect/order_preservation)."""
    columns: Mapping[str, str]
    """Name of a column → SQL that gives its cell."""
    types: Mapping[str, str]
    """Name of a column → id of its type; `json` is the text of a JSON value."""
    text: bool
    """Whether the file is text, which is read once and kept, since each pass parses it anew."""


def parquet_source(database: Database, path: Path) -> Source:
    """See a Parquet file.

    Raises:
        QueryError: it is none, or damaged.
    """
    file = f"{literal(pattern(path))}, hive_partitioning = false"
    types = database.types(f"SELECT * FROM read_parquet({file})")
    return Source(
        relation=f"read_parquet({file}, file_row_number = true)",
        number="file_row_number + 1",
        columns={name: quote(name) for name in types},
        types=types,
        text=False,
    )


def csv_source(table: Delimited) -> Source:
    """See a delimited file, all cells as text; a row that does not fit the header fails the query."""
    columns = {name: f"c{number}" for number, name in enumerate(table.header) if name}
    struct = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(table.header)))
    relation = (
        f"read_csv({literal(pattern(table.path))}, auto_detect = false, header = false, skip = {table.header_line}, "
        f"delim = {literal(table.delimiter)}, quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
        f"compression = {_compression(table.path)}, columns = {{{struct}}})"
    )
    return Source(
        relation=relation, number=_COUNTED, columns=columns, types=dict.fromkeys(columns, "varchar"), text=True
    )


def json_source(path: Path, keys: set[str]) -> Source:
    """See a JSON Lines file, each value as JSON; a line that is no object fails the query."""
    struct = ", ".join(f"{literal(key)}: 'JSON'" for key in sorted(keys))
    relation = f"read_json({_json_options(path)}, records = 'true', columns = {{{struct}}})"
    return Source(
        relation=relation,
        number=_COUNTED,
        columns={key: quote(key) for key in keys},
        types=dict.fromkeys(keys, "json"),
        text=True,
    )


def _json_options(path: Path) -> str:
    return (
        f"{literal(pattern(path))}, format = 'newline_delimited', ignore_errors = false, "
        f"maximum_object_size = {_LIMIT}, compression = {_compression(path)}"
    )


def _compression(path: Path) -> str:
    start = look(path, 4)
    return "'gzip'" if start.startswith(GZIP) else "'zstd'" if start == ZSTD else "'none'"


class QueriedRows:
    """A Parquet file, or a JSON Lines file that only the database can unpack, row by row."""

    unit, comma = "row", True

    def __init__(self, database: Database, path: Path, only: int | None = None) -> None:
        """See the rows of a file, or only one of them, by its number from 1."""
        self.path = path
        self._database = database
        self._columns: list[str] | None = None
        relation = f"read_json_objects({_json_options(path)})"
        if look(path, 4) != ZSTD:
            relation = f"read_parquet({literal(pattern(path))}, hive_partitioning = false)"
            self._columns = list(database.types(f"SELECT * FROM {relation}"))
        self._first = 1 if only is None else only
        self._query = f"SELECT * FROM {relation}" + ("" if only is None else f" LIMIT 1 OFFSET {only - 1}")

    def names(self) -> list[str]:
        """Give the columns, or the keys of the first objects."""
        return union(self.rows(Faults(), lambda _size: None)) if self._columns is None else self._columns

    def rows(self, faults: Faults, _advance: Advance, /) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Give the rows; a text that is no object is lost, and counted."""
        place = self._first - 1
        for cells in itertools.chain.from_iterable(self._database.batches(self._query, _BATCH)):
            place += 1
            if self._columns is not None:
                yield place, {name: _text(cell) for name, cell in zip(self._columns, cells, strict=True)}
            elif (row := load(cells[0])) is not None:
                yield place, row
            else:
                faults.add(NoteKind.LOST, NO_OBJECT, place)


def _text(cell: object) -> object:
    """Give texts as such also where the writer did not say that they are some."""
    return cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell
