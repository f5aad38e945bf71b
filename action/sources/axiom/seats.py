"""The scores of seats as one APL query: Axiom keeps `final_scores.FRANCE` as a column, so its schema tells the powers.

The answer is one wide row (a row a group), which is folded into powers here. No connection may enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from action.sources.axiom.expression import text
from action.sources.axiom.query import EVENT, KEY, Scope
from action.sources.axiom.reading import Reading, Row, key_of, number, whole
from action.sources.axiom.spelling import bracketed, members
from checks.questions.table import Tallied
from checks.questions.tally import MOST_GROUPS, Ask

POWER = "power"
MOST_SEATS = 64
"""Powers that one query asks of; a game has fewer."""
_LEAST = "-1.0e308"
_WIDE = 8
"""Arguments of one `max_of`."""


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Where the scores of a power stand."""

    power: str
    columns: tuple[str | None, ...]
    """One an alternative of the field `scores`, in its order; None: this alternative has no such power."""


def find_scores(columns: Iterable[str], names: Sequence[str]) -> tuple[Scores, ...]:
    """Find the powers in the schema of a dataset; `names` are those of the field `scores`, best first.

    >>> [one.power for one in find_scores(["event", "final_scores.B", "final_scores.A"], ["final_scores"])]
    ['A', 'B']
    """
    found: dict[str, list[str | None]] = {}
    for column in columns:
        for place, name in enumerate(names):
            if column.startswith(f"{name}.") and len(column) > len(name) + 1:
                found.setdefault(column[len(name) + 1 :], [None] * len(names))[place] = column
    return tuple(Scores(power=power, columns=tuple(found[power])) for power in sorted(found))


def seats_query(ask: Ask, scope: Scope, scores: Sequence[Scores]) -> str:
    """Write a question that is asked of the seats of a game.

    An event's scores are those of the first alternative that it holds any of, as on event files.

    Raises:
        InputError: a name cannot be written in APL.
    """
    lines = [*scope.lines, f"where {EVENT} in {members(ask.question.events)}", *scope.of_run()]
    lines += _values(scores)
    values = [f"y{place}" for place in range(len(scores))]
    lines += [
        f"extend y_top = {_largest([f'coalesce({value}, {_LEAST})' for value in values])}",
        f"where y_top > {_LEAST}",
        "extend y_wins = " + " + ".join(f"iff({value} == y_top, 1.0, 0.0)" for value in values),
    ]
    grouped = ask.by is not None and ask.by != POWER
    if ask.by is not None and grouped:
        lines.append(f"extend {KEY} = {text(scope.fields[ask.by])}")
    sums = ["n = count()", "unnamed = countif(isempty(g_run))"]
    for place, value in enumerate(values):
        sums += [
            f"n{place} = countif(isnotnull({value}))",
            f"s{place} = sum({value})",
            f"w{place} = sum(iff({value} == y_top, 1.0 / y_wins, 0.0))",
        ]
    lines.append("summarize " + ", ".join(sums) + (f" by {KEY}" if grouped else ""))
    if grouped:
        lines += [f"order by n desc, {KEY} asc", f"limit {MOST_GROUPS + 1}"]
    return "\n| ".join(lines)


def _values(scores: Sequence[Scores]) -> Iterator[str]:
    used = [place for place in range(len(scores[0].columns)) if any(one.columns[place] for one in scores)]
    for place in used:
        held = (f"isnotnull({bracketed(column)})" for one in scores if (column := one.columns[place]))
        yield f"extend h{place} = {' or '.join(held)}"
    for number_of, one in enumerate(scores):
        value = "real(null)"
        for place in reversed(used):
            column = one.columns[place]
            score = "real(null)" if column is None else f"todouble({bracketed(column)})"
            value = f"iff(h{place}, {score}, {value})"
        yield f"extend y{number_of} = {value}"


def _largest(values: list[str]) -> str:
    """Nest `max_of`, which takes a limited number of arguments, and at least two."""
    while len(values) > 1:
        parts = [values[at : at + _WIDE] for at in range(0, len(values), _WIDE)]
        values = [part[0] if len(part) == 1 else f"max_of({', '.join(part)})" for part in parts]
    return values[0]


def read_seats(ask: Ask, rows: Sequence[Row], scores: Sequence[Scores]) -> Reading:
    """Read the answer to a question about seats.

    Raises:
        ServiceError: a column is missing or holds what it cannot.
        ValueError: more than 10,000 groups.
    """
    if len(rows) > MOST_GROUPS:
        raise ValueError(f"{ask.title}: more than {MOST_GROUPS:,} groups; group by a field with fewer values")
    groups: list[Tallied] = []
    for row in rows:
        games = whole(row, "n")
        each = [part for place, one in enumerate(scores) if (part := _part(row, place, one.power)) is not None]
        if not games or not each:
            continue
        if ask.by == POWER:
            groups += [Tallied(key=one.power, events=one.games, cells=one.cells(one.games)) for one in each]
        else:
            key = None if ask.by is None else key_of(row)
            groups.append(Tallied(key=key, events=games, cells=_together(each, games)))
    return Reading(
        groups=tuple(groups) or (Tallied(key=None, events=0),),
        events=sum(whole(row, "n") for row in rows),
        unnamed=sum(whole(row, "unnamed") for row in rows),
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What one power did."""

    power: str
    games: int
    total: float
    wins: float

    def cells(self, games: int) -> Mapping[str, int | float | None]:
        return {
            "games": games,
            "avg_score": self.total / self.games,
            "wins": self.wins,
            "win_share": self.wins / self.games,
            "spread": None,
        }


def _part(row: Row, place: int, power: str) -> _Part | None:
    games = whole(row, f"n{place}")
    if not games:
        return None
    total, wins = (number(row, f"{letter}{place}") or 0.0 for letter in "sw")
    return _Part(power=power, games=games, total=total, wins=wins)


def _together(each: Sequence[_Part], games: int) -> Mapping[str, int | float | None]:
    whole_part = _Part(
        power="",
        games=sum(one.games for one in each),
        total=sum(one.total for one in each),
        wins=sum(one.wins for one in each),
    )
    means = [one.total / one.games for one in each]
    return {**whole_part.cells(games), "spread": max(means) - min(means) if len(means) > 1 else None}
