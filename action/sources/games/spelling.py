"""What stands in a column, each spelling once: read by the same code as a single row, then joined back.

So that a hundred million rows mean exactly what they would mean one by one. No form of a game may enter.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from action.sources.games.cell import RowError
from action.sources.games.database import Database

MAX_SPELLINGS = 100_000
"""Of one field: more are read row by row."""


class IrregularError(Exception):
    """The file cannot be taken as it is; `row` is the one that may be why, None where it is not known."""

    def __init__(self, row: int | None = None) -> None:
        super().__init__(row)
        self.row = row


@dataclass(frozen=True, kw_only=True)
class Spellings:
    """Reads the spellings of columns of one table that has its row numbers in `r`."""

    database: Database
    table: str
    json: bool
    """Whether cells are texts of JSON values."""

    def learn(
        self, name: str, columns: Sequence[str], parse: Callable[..., Sequence[float]], out: Sequence[str]
    ) -> None:
        """Make a table `name` of the distinct cells of `columns` and, in the columns `out`, what they mean.

        Raises:
            IrregularError: there are too many, or none, or one cannot be understood.
        """
        cells = ", ".join(columns)
        self.database.run(
            f"CREATE TABLE {name}_raw AS SELECT *, row_number() OVER () - 1 AS i "
            f"FROM (SELECT DISTINCT {cells} FROM {self.table})"
        )
        [(count,)] = self.database.rows(f"SELECT count(*) FROM {name}_raw")
        if not 0 < count <= MAX_SPELLINGS:
            raise IrregularError
        meanings: list[Sequence[float]] = []
        wrong = []
        for *raw, i in self.database.rows(f"SELECT * FROM {name}_raw ORDER BY i"):
            try:
                meanings.append(parse(*map(self._load, raw)))
            except (RowError, ValueError, RecursionError):
                wrong.append(i)
        if wrong:
            raise IrregularError(self._first(name, columns, wrong))
        values = [np.array(column) for column in zip(*meanings, strict=True)]
        self.database.put(f"{name}_out", {"i": np.arange(count), **dict(zip(out, values, strict=True))})
        self.database.run(
            f"CREATE TABLE {name} AS SELECT {cells}, {', '.join(out)} FROM {name}_raw JOIN {name}_out USING (i)"
        )

    def _load(self, raw: Any) -> Any:
        return json.loads(raw) if self.json and raw is not None else raw

    def _first(self, name: str, columns: Sequence[str], wrong: Sequence[int]) -> int:
        same = " AND ".join(f"t.{column} IS NOT DISTINCT FROM s.{column}" for column in columns)
        bad = ", ".join(map(str, wrong[:1000]))
        [(row,)] = self.database.rows(
            f"SELECT min(s.r) FROM {self.table} s JOIN {name}_raw t ON {same} WHERE t.i IN ({bad})"
        )
        return int(row)
