"""What Axiom answered → aggregates of each group, as counting the events one by one would give them.

No connection and no APL may enter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from action.errors import ServiceError
from action.files import show_name
from action.sources.axiom.query import EVENT, KEY, carriers, percentile_column
from checks.questions.definition import Aggregate, Kind, Question
from checks.questions.group import list_streams
from checks.questions.table import Tallied
from checks.questions.tally import MOST_GROUPS, Ask, Loss

Row: TypeAlias = Mapping[str, object]
Count: TypeAlias = Callable[[Row, Sequence[str]], int]


_TIMES = frozenset({"time", "begin"})
"""Streams whose values may be anything."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """An answer, as aggregates."""

    groups: tuple[Tallied, ...]
    """At least one."""
    events: int
    """Events of the question, over all groups."""
    losses: tuple[Loss, ...] = ()
    unnamed: int = 0
    """Events that name no run, and are counted as the run's."""
    rivals: tuple[tuple[str, int], ...] = ()
    """Of records of the same thing, how many events each has, the one that was used first."""


def read_answer(ask: Ask, rows: Sequence[Row]) -> Reading:
    """Read the rows of a question's answer.

    Raises:
        ServiceError: a column is missing or holds what it cannot.
        ValueError: more than 10,000 groups.
    """
    question, by = ask.question, ask.by
    if len(rows) > MOST_GROUPS:
        raise ValueError(f"{ask.title}: more than {MOST_GROUPS:,} groups; group by a field with fewer values")
    _require_possible(question, rows)
    unnamed = sum(whole(row, "unnamed") for row in rows)
    count, kept, rivals = _counter(question, rows)
    events = sum(count(row, question.events) for row in kept)
    if not events:
        return Reading(groups=(Tallied(key=None, events=0),), events=0, unnamed=unnamed, rivals=rivals)
    carrying = tuple(name for name in carriers(question, by) if name in question.events)
    groups = [
        Tallied(
            key=None if by is None else key_of(row),
            events=count(row, carrying),
            cells={one.name: _cell(one, question, row, count) for one in question.aggregates if by not in one.across},
        )
        for row in kept
    ]
    across = {one.name: sum(count(row, one.events) for row in kept) for one in question.aggregates if by in one.across}
    made = [group for group in groups if group.events] or [Tallied(key=None, events=0, cells=_zeros(question))]
    return Reading(
        groups=tuple(Tallied(key=one.key, events=one.events, cells={**one.cells, **across}) for one in made),
        events=events,
        losses=tuple(_losses(question, kept, count)),
        unnamed=unnamed,
        rivals=rivals,
    )


def _require_possible(question: Question, rows: Sequence[Row]) -> None:
    """Refuse what no log could give: more usable values than events, or numbers that the query leaves out."""
    streams = list_streams(question.aggregates)
    for row in rows:
        n = whole(row, "n")
        for column in ("unnamed", *(f"n{place}" for place in range(len(streams)))):
            if column in row and whole(row, column) > n:
                raise _odd(f"a count of at most {n:,}", column, "more")
        for place, stream in enumerate(streams):
            named = re.compile(rf"(?:s|lo|hi){place}|p{place}_\d+").fullmatch
            for column in filter(named, () if stream.field in _TIMES else row):
                value = number(row, column)
                if value is not None and value < 0:
                    raise _odd("a number of at least 0", column, "a negative one")


def _counter(question: Question, rows: Sequence[Row]) -> tuple[Count, Sequence[Row], tuple[tuple[str, int], ...]]:
    """Give what counts a row's events, the rows that count, and records of the same thing, the chosen first."""
    if not question.exclusive:
        place = {name: f"c{i}" for i, name in enumerate(question.reads)}
        return (lambda row, events: sum(whole(row, place[name]) for name in events)), rows, ()
    totals = {name: sum(whole(row, "n") for row in rows if cell(row, EVENT) == name) for name in question.events}
    chosen = next((name for name in question.events if totals[name]), question.events[0])
    rivals = ((chosen, totals[chosen]), *((name, n) for name, n in totals.items() if name != chosen))
    kept = [row for row in rows if cell(row, EVENT) == chosen]
    return (lambda row, events: whole(row, "n") if chosen in events else 0), kept, rivals


def _cell(one: Aggregate, question: Question, row: Row, count: Count) -> int | float | None:
    if one.kind is Kind.COUNT:
        return count(row, one.events)
    places = {(stream.field, stream.events): place for place, stream in enumerate(list_streams(question.aggregates))}
    place = places[one.field, one.events]
    n = whole(row, f"n{place}")
    if one.kind is Kind.MISSING:
        return count(row, one.events) - n
    if not n:
        return None
    match one.kind:
        case Kind.AVG:
            total = number(row, f"s{place}")
            return None if total is None else total / n
        case Kind.SUM:
            return number(row, f"s{place}")
        case Kind.PERCENTILE:
            return number(row, percentile_column(place, one.q or 0.0))
        case _:
            return number(row, f"{'lo' if one.kind is Kind.MIN else 'hi'}{place}")


def _zeros(question: Question) -> dict[str, int | float | None]:
    return {one.name: 0 if one.kind is Kind.COUNT else None for one in question.aggregates}


def _losses(question: Question, rows: Sequence[Row], count: Count) -> Iterator[Loss]:
    for place, stream in enumerate(list_streams(question.aggregates)):
        usable = sum(whole(row, f"n{place}") for row in rows)
        total = sum(count(row, stream.events) for row in rows)
        heard = [name for name in stream.events if sum(count(row, (name,)) for row in rows)] or list(stream.events)
        # A value that cannot be used is null in Axiom, as one that is not there.
        yield Loss(field=stream.field, of=" and ".join(heard), usable=usable, unusable=0, absent=total - usable)


def whole(row: Row, column: str) -> int:
    """Read a count.

    >>> whole({"n": 3.0}, "n"), whole({"n": None}, "n")
    (3, 0)

    Raises:
        ServiceError: there is no such column, or no count in it.
    """
    value = cell(row, column)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer() or value < 0:
        raise _odd("a count", column, value)
    return int(value)


def number(row: Row, column: str) -> float | None:
    """Read a number; None where there is none, or it is not finite.

    Raises:
        ServiceError: there is no such column, or something else in it.
    """
    value = cell(row, column)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _odd("a number", column, value)
    return float(value) if math.isfinite(value) else None


def key_of(row: Row) -> str | None:
    """Read the text grouped by; None where it is empty.

    Raises:
        ServiceError: there is no such column, or no text in it.
    """
    value = cell(row, KEY)
    if value is not None and not isinstance(value, str):
        raise _odd("a text", KEY, value)
    return value or None


def cell(row: Row, column: str) -> object:
    """Read a cell; ServiceError where there is no such column."""
    if column not in row:
        raise ServiceError(
            f"Axiom: expected a column {column} in its answer, got none; check AXIOM_URL, then run again"
        )
    return row[column]


def _odd(wanted: str, column: str, value: object) -> ServiceError:
    return ServiceError(
        f"Axiom: expected {wanted} in the column {column} of its answer, got {_kind(value)}; check AXIOM_URL, then run "
        "again"
    )


def _kind(value: object) -> str:
    """Say what stands there, and no text of it: a service may repeat a token."""
    if isinstance(value, str):
        return value if value in ("more", "a negative one") else "a text"
    return show_name(value) if isinstance(value, int | float) else f"a {type(value).__name__}"
