"""Files of games of two players, in the database: one row a game.

Nothing is counted and nothing is rated here.
"""

# ruff: noqa: S608 - statements are put together from our own names; foreign ones go through quote() and literal()

from __future__ import annotations

import math
from collections.abc import Sequence

from action.sources.games.cell import name_text, parse_count, parse_first
from action.sources.games.forms import FIRST, NO_RESULT, SECOND
from action.sources.games.outcome import parse_result
from action.sources.games.sheet import Register, Relation, Sheet

AGENT_RANKS, SEAT_RANKS = "agent_ranks", "seat_ranks"
"""Tables (code, rank) of the names of all files, which are made when all names are known."""


def relate_duels(sheet: Sheet, register: Register) -> Relation:
    """Read a file of two players.

    Raises:
        IrregularError: the file cannot be taken as it is.
        ContradictionError: an id of a game stands in two rows.
        QueryError: the database cannot read it.
    """
    rows_say = "first" in sheet.has and sheet.layout.turn < 0
    sheet.make(["a", "b", "score", "n", *(["first"] if rows_say else [])], {})

    def result(score: object, first: object = None) -> Sequence[float]:
        turn = parse_first(first) if rows_say else sheet.layout.turn
        if turn >= 0:
            register.seats.code(FIRST)
            register.seats.code(SECOND)
        points = parse_result(score, sheet.layout.black_for(turn))
        return (0.0 if math.isnan(points) else points, 0 if math.isnan(points) else 1, turn)

    def agent(raw: object) -> Sequence[float]:
        return (register.agents.code(name_text(raw, "agent")),)

    tables = [(sheet.learn(sheet.name, [field], agent, ["code"]), field) for field in ("a", "b")]
    columns = ["score", "first"] if rows_say else ["score"]
    meaning = sheet.learn(sheet.name, columns, result, ["points", "valid", "turn"])
    same = " AND ".join(f"o.{column} IS NOT DISTINCT FROM s.{column}" for column in columns)
    sheet.leave_out(NO_RESULT, "valid = 0", f"{sheet.name} s JOIN {meaning} o ON {same}")
    clustered = sheet.clusters(register.cluster)
    sheet.once()
    joins = f"{sheet.name} s JOIN {meaning} o ON {same}"
    for table, field in tables:
        ranked = f"(SELECT {field}, rank FROM {table} JOIN {AGENT_RANKS} USING (code))"
        joins += f" JOIN {ranked} x{field} ON x{field}.{field} = s.{field}"
    n = "1"
    if "n" in sheet.has:
        joins += f" JOIN {sheet.learn(sheet.name, ['n'], lambda raw: (parse_count(raw),), ['times'])} k"
        joins += " ON k.n IS NOT DISTINCT FROM s.n"
        n = "k.times"
    cluster = "s.cluster" if clustered else "CAST(NULL AS VARCHAR)"
    return Relation(
        duels=f"SELECT {sheet.base} + s.r AS r, {cluster} AS cluster, xa.rank AS a, xb.rank AS b, "
        f"CASE WHEN o.valid = 1 THEN o.points END AS score, {n} AS n, o.turn AS turn FROM {joins}",
        base=sheet.base,
        rows=sheet.rows(),
        ids=sheet.ids,
        clustered=clustered,
    )
