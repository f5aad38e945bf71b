"""One whole file in the database, its columns named by the fields of a game, its rows numbered, its ids checked.

What is the same for all forms. What a row is may not enter.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from action.fault import Faults
from action.files import show_name
from action.sources.games.contradiction import ContradictionError, twice
from action.sources.games.database import Database
from action.sources.games.forms import NO_CLUSTER
from action.sources.games.layout import CLUSTER, Layout
from action.sources.games.source import Source
from action.sources.games.spelling import IrregularError, Spellings
from action.sources.games.tally import FILE, Names
from checks.run import NoteKind

_NESTED = frozenset({"list", "array", "struct", "map", "union"})
_IDS = ("game", CLUSTER)


@dataclass(frozen=True, kw_only=True)
class Relation:
    """The games of one file, one row a seat or one row a game of two players."""

    seats: str | None = None
    """SELECT of r, game, cluster, agent, score, n, seat; agents and seats by their place among the sorted names."""
    duels: str | None = None
    """SELECT of r, cluster, a, b, score, n, turn: who moved first, 0 for a, 1 for b, -1 where nobody knows."""
    base: int = 0
    """What `r` counts from."""
    rows: int = 0
    """How many rows the file has."""
    ids: str | None = None
    """SELECT of name: the distinct ids of games in a file; None where there are none."""
    clustered: bool
    """Whether any row names its cluster."""


@dataclass(frozen=True, kw_only=True)
class Register:
    """What all files of a record share."""

    agents: Names
    seats: Names
    cluster: str
    """What one observation is called."""


class Sheet:
    """One file as a table `name` with its row numbers in `r`."""

    def __init__(self, database: Database, source: Source, layout: Layout, faults: Faults, number: int) -> None:
        self.database = database
        self.source = source
        self.layout = layout
        self.faults = faults
        self.base = number * FILE
        self.name = f"file{number}"
        self.has = frozenset(field for field, key in layout.keys.items() if key in source.columns)
        self.json = "json" in source.types.values()

    def make(self, fields: Sequence[str], derived: dict[str, str]) -> None:
        """Number the rows and name the columns: of text once and for all, of Parquet in each pass.

        Raises:
            IrregularError: an id is a list, an object or blank text, or a row that is no duel stands for several games.
            QueryError: the database cannot read the file.
        """
        cells = {field: self.cell(field) for field in fields if field in self.has} | derived
        cells |= {field: self._id(field) for field in _IDS if field in self.has}
        if "n" not in fields and "n" in self.source.columns:
            cells["many"] = self.source.columns["n"]
        columns = ", ".join(f"{sql} AS {field}" for field, sql in cells.items())
        kind = "TABLE" if self.source.text else "VIEW"
        self.database.run(
            f"CREATE {kind} {self.name} AS SELECT {self.source.number} AS r, {columns} FROM {self.source.relation}"
        )
        bad = [
            f"trim({field}) = '' OR {field} LIKE '[%' OR {field} LIKE '{{%' OR lower({field}) = 'nan'"
            for field in _IDS
            if field in self.has
        ]
        bad += ["many IS NOT NULL"] if "many" in cells else []
        if bad and self.database.rows(f"SELECT 1 FROM {self.name} WHERE {' OR '.join(bad)} LIMIT 1"):
            raise IrregularError

    def cell(self, field: str) -> str:
        """Give the SQL of a field's cell."""
        return self.source.columns[self.layout.keys[field]]

    def _id(self, field: str) -> str:
        cell, kind = self.cell(field), self.source.types[self.layout.keys[field]]
        if kind in _NESTED:
            raise IrregularError
        text = f"{cell} ->> '$'" if kind == "json" else f"CAST({cell} AS VARCHAR)"
        return f"CASE WHEN NOT isnan({cell}) THEN {text} END" if kind in {"float", "double"} else f"NULLIF({text}, '')"

    def learn(
        self, table: str, columns: Sequence[str], parse: Callable[..., Sequence[float]], out: Sequence[str]
    ) -> str:
        """Read each spelling of columns of a table of this file once; give the name of the table of meanings."""
        name = f"{table}_{'_'.join(columns)}"
        Spellings(database=self.database, table=table, json=self.json).learn(name, columns, parse, out)
        return name

    def leave_out(self, what: str, condition: str, relation: str) -> None:
        """Count rows of a relation that are left out.

        Raises:
            IrregularError: there are some in a file of text: rows are not always lines there, and nobody could tell
                which line the first one is.
        """
        [(count, first)] = self.database.rows(f"SELECT count(DISTINCT r), min(r) FROM {relation} WHERE {condition}")
        if count:
            self._tell(NoteKind.ODD, what, first, count)

    def rows(self) -> int:
        """Count the rows."""
        [(count,)] = self.database.rows(f"SELECT count(*) FROM {self.name}")
        return int(count)

    @property
    def ids(self) -> str | None:
        """SELECT of the distinct ids of games, as `name`; None where there are none."""
        query = f"SELECT DISTINCT game AS name FROM {self.name} WHERE game IS NOT NULL"
        return query if "game" in self.has else None

    def clusters(self, cluster: str) -> bool:
        """Tell whether any row names its cluster, and count those that do not if others do."""
        if CLUSTER not in self.has:
            return False
        query = f"SELECT count({CLUSTER}), count(*), min(CASE WHEN {CLUSTER} IS NULL THEN r END) FROM {self.name}"
        [(named, rows, first)] = self.database.rows(query)
        if 0 < named < rows:
            self._tell(NoteKind.ODD, NO_CLUSTER.format(cluster=show_name(cluster)), first, rows - named)
        return bool(named)

    def _tell(self, kind: NoteKind, what: str, first: int, count: int) -> None:
        if self.source.text:
            raise IrregularError
        self.faults.add(kind, what, first, count)

    def once(self) -> None:
        """Check that each id of a game stands in one row.

        Raises:
            ContradictionError: one stands in two.
        """
        if "game" not in self.has:
            return
        copies = f"SELECT game FROM {self.name} WHERE game IS NOT NULL GROUP BY game HAVING count(*) > 1"
        if not self.database.rows(f"{copies} LIMIT 1"):
            return
        [(row, game, first)] = self.database.rows(
            "SELECT r, game, first FROM (SELECT r, game, row_number() OVER (PARTITION BY game ORDER BY r) AS place, "
            f"min(r) OVER (PARTITION BY game) AS first FROM {self.name} WHERE game IN ({copies})) "
            "WHERE place = 2 ORDER BY r LIMIT 1"
        )
        raise ContradictionError(row, twice(game, f"row {first}"))
