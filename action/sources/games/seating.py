"""Files of games of several seats, in the database: one row a game with lists, or one row a seat.

Nothing is counted and nothing is rated here.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

from collections.abc import Sequence

from action.sources.games.cell import is_missing, name_text
from action.sources.games.contradiction import ContradictionError, split, taken
from action.sources.games.duels import AGENT_RANKS, SEAT_RANKS
from action.sources.games.forms import NO_SCORE
from action.sources.games.layout import CLUSTER
from action.sources.games.sheet import Register, Relation, Sheet
from action.sources.games.spelling import IrregularError

_INTEGERS = {f"{sign}{size}int" for sign in ("", "u") for size in ("tiny", "small", "big", "huge")}
_NUMBERS = frozenset({*_INTEGERS, "integer", "uinteger", "float", "double", "decimal", "boolean"})


def relate_lists(sheet: Sheet, register: Register) -> Relation:
    """Read a file with one row a game, which holds lists.

    Raises:
        IrregularError: the file cannot be taken as it is.
        ContradictionError: an id of a game stands in two rows.
        QueryError: the database cannot read it.
    """
    fields = [field for field in ("agents", "scores", "seats") if field in sheet.has]
    if not sheet.json and any(sheet.source.types[sheet.layout.keys[field]] != "list" for field in fields):
        raise IrregularError
    sheet.make([], {f: f"json_extract({sheet.cell(f)}, '$[*]')" if sheet.json else sheet.cell(f) for f in fields})
    uneven = ["agents IS NULL", "len(agents) = 0", "len(scores) IS DISTINCT FROM len(agents)"]
    if "seats" in fields:
        uneven.append("len(seats) <> len(agents)")
    _none(sheet, f"SELECT min(r) FROM {sheet.name} WHERE {' OR '.join(uneven)}")
    clustered = sheet.clusters(register.cluster)
    sheet.once()
    flat = f"{sheet.name}_flat"
    cells = ", ".join(f"unnest({field}) AS {field[:-1]}" for field in fields)
    cluster = CLUSTER if clustered else "CAST(NULL AS VARCHAR)"
    sheet.database.run(f"CREATE TABLE {flat} AS SELECT r, r AS game, {cluster} AS cluster, {cells} FROM {sheet.name}")
    return _relate(sheet, flat, register, clustered=clustered)


def relate_seats(sheet: Sheet, register: Register) -> Relation:
    """Read a file with one row a seat.

    Raises:
        IrregularError: the file cannot be taken as it is.
        ContradictionError: two rows of one game do not fit together.
        QueryError: the database cannot read it.
    """
    sheet.make(["agent", "score", "seat"], {})
    _none(sheet, f"SELECT min(r) FROM {sheet.name} WHERE game IS NULL")
    clustered = sheet.clusters(register.cluster)
    if clustered:
        _whole(sheet)
    flat = f"{sheet.name}_flat"
    cluster = CLUSTER if clustered else "CAST(NULL AS VARCHAR)"
    seat = ", s.seat" if "seat" in sheet.has else ""
    sheet.database.run(
        f"CREATE TABLE {flat} AS SELECT s.r, g.start AS game, s.game AS name, {cluster} AS cluster, s.agent, s.score"
        f"{seat} FROM {sheet.name} s JOIN (SELECT game, min(r) AS start FROM {sheet.name} GROUP BY game) g USING (game)"
    )
    return _relate(sheet, flat, register, clustered=clustered)


def _relate(sheet: Sheet, flat: str, register: Register, *, clustered: bool) -> Relation:
    """Read the table of seats that both forms come to."""
    score = _score(sheet, flat)

    def agent(raw: object) -> Sequence[float]:
        return (register.agents.code(name_text(raw, "agent")),)

    def seat(raw: object) -> Sequence[float]:
        return (-1 if is_missing(raw) else register.seats.code(name_text(raw, "seat")),)

    agents = sheet.learn(flat, ["agent"], agent, ["code"])
    joins = f"{flat} s JOIN (SELECT agent, rank FROM {agents} JOIN {AGENT_RANKS} USING (code)) x ON x.agent = s.agent"
    place = "-1"
    if "seat" in sheet.has or "seats" in sheet.has:
        seats = sheet.learn(flat, ["seat"], seat, ["code"])
        _single(sheet, flat, seats)
        joins += (
            f" JOIN (SELECT seat, rank FROM {seats} LEFT JOIN {SEAT_RANKS} USING (code)) y"
            " ON y.seat IS NOT DISTINCT FROM s.seat"
        )
        place = "coalesce(y.rank, -1)"
    sheet.leave_out(NO_SCORE, f"({score}) IS NULL", f"{flat} s")
    return Relation(
        seats=f"SELECT {sheet.base} + s.r AS r, {sheet.base} + s.game AS game, s.cluster, x.rank AS agent, "
        f"{score} AS score, 1 AS n, {place} AS seat FROM {joins}",
        ids=sheet.ids,
        clustered=clustered,
    )


def _score(sheet: Sheet, flat: str) -> str:
    """Give the SQL of a seat's score, null where there is none."""
    kind = sheet.database.types(f"SELECT score FROM {flat}")["score"]
    if not sheet.json and kind in _NUMBERS:
        number = "CAST(s.score AS DOUBLE)"
    elif sheet.json or kind == "varchar":
        text = "(s.score ->> '$')" if sheet.json else "nullif(s.score, '')"
        number = f"TRY_CAST({text} AS DOUBLE)"
        wrong = f"{text} IS NOT NULL AND ({number} IS NULL OR contains({text}, '_'))"
        _none(sheet, f"SELECT min(r) FROM {flat} s WHERE {wrong}")
    else:
        raise IrregularError
    return f"CASE WHEN NOT isnan({number}) THEN {number} END"


def _none(sheet: Sheet, query: str) -> None:
    """Check that no row is like that; the query gives the first that is."""
    [(row,)] = sheet.database.rows(query)
    if row is not None:
        raise IrregularError(row)


def _whole(sheet: Sheet) -> None:
    """Check that the rows of a game name the same cluster."""
    mixed = (
        f"SELECT game FROM {sheet.name} GROUP BY game "
        "HAVING min(cluster) <> max(cluster) OR count(cluster) NOT IN (0, count(*))"
    )
    if not sheet.database.rows(f"{mixed} LIMIT 1"):
        return
    [(row, game, before, cluster)] = sheet.database.rows(
        f"SELECT r, game, before, cluster FROM (SELECT *, first_value(cluster) OVER (PARTITION BY game ORDER BY r) AS "
        f"before FROM {sheet.name} WHERE game IN ({mixed})) WHERE cluster IS DISTINCT FROM before ORDER BY r LIMIT 1"
    )
    raise ContradictionError(row, split(game, before, cluster))


def _single(sheet: Sheet, flat: str, seats: str) -> None:
    """Check that no seat of a game is taken twice."""
    named = f"FROM {flat} s JOIN {seats} t ON t.seat = s.seat WHERE t.code >= 0"
    if not sheet.database.rows(f"SELECT 1 {named} GROUP BY s.game, t.code HAVING count(*) > 1 LIMIT 1"):
        return
    [(row,)] = sheet.database.rows(
        "SELECT r FROM (SELECT s.r, row_number() OVER (PARTITION BY s.game, t.code ORDER BY s.r) AS place "
        f"{named}) WHERE place = 2 ORDER BY r LIMIT 1"
    )
    if "seats" in sheet.has:
        raise IrregularError(row)
    [(name,)] = sheet.database.rows(f"SELECT name FROM {flat} WHERE r = {row}")
    raise ContradictionError(row, taken(name))
