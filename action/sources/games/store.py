"""All files of a record in one database, made into counts there: for files that are large, or no text.

Chooses for each file whether the database takes it whole or it is read row by row. No SQL of a form may enter.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from action.errors import InputError
from action.fault import Faults
from action.files import look, open_input, show_name
from action.sources.games.contradiction import ContradictionError
from action.sources.games.database import Database, QueryError
from action.sources.games.delimited import Delimited, open_table
from action.sources.games.duels import AGENT_RANKS, SEAT_RANKS, relate_duels
from action.sources.games.forms import FIRST, SECOND
from action.sources.games.layout import Form, Layout, Request
from action.sources.games.progress import Progress
from action.sources.games.query import CLUSTER_QUERY, CLUSTER_SUMS, IGNORED, cluster_steps, duels_query
from action.sources.games.record import Reading, read_table, tell, tell_reading, understand
from action.sources.games.reduction import gather_answer, skip_ignored
from action.sources.games.seating import relate_lists, relate_seats
from action.sources.games.sheet import Register, Relation, Sheet
from action.sources.games.source import PARQUET, ZSTD, QueriedRows, Source, csv_source, json_source, parquet_source
from action.sources.games.spelling import IrregularError
from action.sources.games.table import JsonLines, Table
from action.sources.games.tally import FILE, Tally
from checks.elo.gather import Gathered, count_games
from checks.elo.looks import unit_edges

WHOLE = 4 * 2**20
"""Bytes. Smaller text files are read row by row even here."""
READING = 0.5
"""Share of the time that the files take; the rest goes to the counts."""
_BATCH = 2**17
_STAGED = "staged"
_NO_DUELS = "SELECT 0 AS r, '' AS cluster, 0 AS a, 0 AS b, 0.0 AS score, 1 AS n, -1 AS turn WHERE false"
_NO_SEATS = "SELECT 0 AS r, 0 AS game, '' AS cluster, 0 AS agent, 0.0 AS score, 1 AS n, -1 AS seat WHERE false"
_RELATE = {Form.DUEL: relate_duels, Form.LISTS: relate_lists, Form.SEAT: relate_seats}


def needs_database(path: Path) -> bool:
    """Tell whether nothing but the database reads this file. Never raises."""
    return look(path, 4) in (PARQUET, ZSTD)


class Store:
    """The files of one record, in a database."""

    def __init__(self, database: Database, request: Request, progress: Progress) -> None:
        self._database = database
        self._request = request
        self._progress = progress
        self._tally = Tally(lambda chunk: database.put(_STAGED, chunk))
        self._register = Register(
            agents=self._tally.agents, seats=self._tally.seats, cluster=request.cluster or "rollout"
        )
        self._relations: list[Relation] = []
        self._staged = False

    def read(self, path: Path, number: int) -> Reading:
        """Read a file, the next of the record.

        Raises:
            InputError: it cannot be read, or one of its rows.
        """
        open_input(path).close()
        try:
            table = QueriedRows(self._database, path) if needs_database(path) else open_table(path)
            return self._read(table, number)
        except QueryError as error:
            raise _unreadable(show_name(path), error) from error

    def _read(self, table: Table, number: int) -> Reading:
        try:
            layout = understand(table, self._request)
            source = self._source(table, layout)
            if source is not None:
                return self._relate(source, layout, table, number)
        except ContradictionError as error:
            if table.unit == "row":
                raise tell(table.path, table.unit, error.row, error) from error
        except IrregularError as error:
            if table.unit == "row" and error.row is not None:
                only = QueriedRows(self._database, table.path, error.row)
                read_table(only, self._request, Tally(), self._progress.advance)
        except QueryError:
            pass  # read row by row, which tells what is wrong
        self._tally.begin(number, table.unit)
        reading = read_table(table, self._request, self._tally, self._progress.advance)
        self._tally.flush()
        self._staged |= bool(self._database.rows(f"SELECT 1 FROM duckdb_tables() WHERE table_name = '{_STAGED}'"))
        return reading

    def _source(self, table: Table, layout: Layout) -> Source | None:
        """See the file as the database does; None where it is to be read row by row."""
        if layout.patterns or layout.form not in _RELATE:
            return None
        if isinstance(table, QueriedRows) and look(table.path, 4) == PARQUET:
            return parquet_source(self._database, table.path)
        if isinstance(table, JsonLines | QueriedRows):
            whole = table.unit == "row" or table.path.stat().st_size >= WHOLE
            return json_source(table.path, {*layout.keys.values(), "n"}) if whole else None
        if isinstance(table, Delimited) and table.path.stat().st_size >= WHOLE:
            return csv_source(table)
        return None

    def _relate(self, source: Source, layout: Layout, table: Table, number: int) -> Reading:
        faults = Faults()
        sheet = Sheet(self._database, source, layout, faults, number)
        relation = _RELATE[layout.form](sheet, self._register)
        self._relations.append(relation)
        return tell_reading(table, faults, clustered=relation.clustered)

    def count(self) -> Gathered:
        """Make counts of all that was read.

        Raises:
            InputError: a file is damaged where nobody looked before.
        """
        try:
            return self._count()
        except QueryError as error:
            raise _unreadable("games", error) from error

    def _count(self) -> Gathered:
        agents, seats = self._tally.agents, self._tally.seats
        if not agents.codes:
            return count_games(Tally().rows())
        for table, names in ((AGENT_RANKS, agents), (SEAT_RANKS, seats)):
            self._database.put(table, {"code": np.arange(len(names.codes)), "rank": names.ranks()})
        relations = [*self._relations, *([_staged()] if self._staged else [])]
        single = all(relation.duels is not None and not relation.clustered for relation in relations)
        query = self._single(relations) if single else self._cluster(relations)
        return gather_answer(self._database.columns(query), sorted(agents.codes), sorted(seats.codes), single=single)

    def _single(self, relations: Sequence[Relation]) -> str:
        """Make the view of duels, its rows numbered from 0 through all files; give the query."""
        firsts = np.cumsum([0, *(relation.rows for relation in relations)]).tolist()
        parts = [
            f"SELECT r - {relation.base + 1 - first} AS r, a, b, score, n, turn FROM ({relation.duels})"
            for first, relation in zip(firsts, relations, strict=False)
        ]
        self._database.run(f"CREATE VIEW duels AS {_union(parts)}")
        [(ignored,)] = self._database.rows(f"SELECT count(*) FROM ({IGNORED})")
        edges = unit_edges(firsts[-1] - ignored)
        if ignored:
            batches = self._database.batches(IGNORED, _BATCH)
            edges = skip_ignored(edges, (np.array(batch)[:, 0] for batch in batches))
        return duels_query(edges)

    def _cluster(self, relations: Sequence[Relation]) -> str:
        """Make the tables of duels, of seats and of clusters: one number each, and how many it stands for."""
        duels = [relation.duels for relation in relations if relation.duels is not None]
        seats = [relation.seats for relation in relations if relation.seats is not None]
        names = self._tally.seats
        ranks = dict(zip(names.codes, names.ranks().tolist(), strict=True))
        turn, side = ("turn", "seat") if len(names.codes) == 2 else ("-1", "-1")
        first, second = ranks.get(FIRST, -1), ranks.get(SECOND, -1)
        columns = (
            "coalesce(key, game) AS cluster, score, CAST(CASE WHEN key IS NULL THEN 1 ELSE n END AS DOUBLE) AS weight, "
            "CAST(CASE WHEN key IS NULL THEN n ELSE 1 END AS DOUBLE) AS copies"
        )
        self._database.run(f"CREATE VIEW every_duel AS SELECT *, r AS game FROM ({_union(duels or [_NO_DUELS])})")
        self._database.run(f"CREATE VIEW every_seat AS {_union(seats or [_NO_SEATS])}")
        self._database.run(
            "CREATE TABLE clusters AS SELECT cluster, min(r) AS key FROM "
            "(SELECT cluster, r FROM every_duel UNION ALL SELECT cluster, r FROM every_seat) "
            "WHERE cluster IS NOT NULL GROUP BY cluster"
        )
        self._database.run(
            f"CREATE TABLE duels AS SELECT r, {columns}, a, b, {turn} AS turn, "
            f"CASE turn WHEN 0 THEN {first} WHEN 1 THEN {second} ELSE -1 END AS seat_a, "
            f"CASE turn WHEN 0 THEN {second} WHEN 1 THEN {first} ELSE -1 END AS seat_b "
            "FROM every_duel LEFT JOIN clusters USING (cluster)"
        )
        self._database.run(
            f"CREATE TABLE seats AS SELECT r, {columns}, game, agent, seat, {side} AS turn "
            "FROM every_seat LEFT JOIN clusters USING (cluster)"
        )
        self._database.run(CLUSTER_SUMS)
        [(count,)] = self._database.rows("SELECT count(DISTINCT cluster) FROM sums")
        for step in cluster_steps(unit_edges(count)):
            self._database.run(step)
        return CLUSTER_QUERY

    def shared(self) -> int:
        """Tell how many ids of games stand in several files."""
        ids = [relation.ids for relation in self._relations if relation.ids is not None]
        if self._staged:
            ids.append(f"SELECT name FROM (SELECT DISTINCT name, r // {FILE} FROM {_STAGED} WHERE name <> '')")
        if len(ids) + self._staged < 2:
            return 0
        each = _union([f"SELECT name FROM ({query})" for query in ids])
        [(count,)] = self._database.rows(
            f"SELECT count(*) FROM (SELECT name FROM ({each}) GROUP BY name HAVING count(*) > 1)"
        )
        return int(count)


def _unreadable(where: str, error: QueryError) -> InputError:
    return InputError(f"{where}: expected a whole file, got what DuckDB cannot read ({error}); write it anew")


def _union(queries: Sequence[str]) -> str:
    return " UNION ALL ".join(queries)


def _staged() -> Relation:
    """Give the seats that were read row by row."""
    return Relation(
        seats="SELECT r, game, nullif(cluster, '') AS cluster, k.rank AS agent, "
        "CASE WHEN NOT isnan(score) THEN score END AS score, n, coalesce(z.rank, -1) AS seat "
        f"FROM {_STAGED} s JOIN {AGENT_RANKS} k ON k.code = s.agent LEFT JOIN {SEAT_RANKS} z ON z.code = s.seat",
        clustered=False,
    )
