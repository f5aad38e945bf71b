"""A log question as one APL query: counts, numbers of usable values, sums, ends and percentiles, a row a group.

Averages, shares and the choice of one of two records are made of these by us, so that nothing depends on what a service
makes of an average of nothing. No connection may enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from action.sources.axiom.expression import stream, text
from action.sources.axiom.spelling import bracketed, literal, members
from checks.questions.definition import Kind, Question
from checks.questions.group import Stream, list_streams
from checks.questions.reader import TEXT_LENGTH, Fields
from checks.questions.span import ERROR_EVENTS
from checks.questions.tally import MOST_GROUPS, Ask

KEY, EVENT = "g_key", "g_event"
"""Columns of an answer that are grouped by."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Which events are asked."""

    dataset: str
    since: datetime
    until: datetime
    runs: tuple[str, ...] | None
    """Names of the run; events that name none count too. None: whatever the run."""
    fields: Fields
    """Names of every logical field."""
    severity: str | None = None
    """Only errors of this severity; None: all."""

    @property
    def lines(self) -> Iterator[str]:
        """The steps of the query that leave the events in question."""
        yield bracketed(self.dataset)
        yield f"where _time between (datetime({moment(self.since)}) .. datetime({moment(self.until)}))"
        yield f"extend {EVENT} = {text(self.fields['event'])}"

    def of_run(self) -> Iterator[str]:
        """The steps that keep one run's events, and of errors those of one severity."""
        yield f"extend g_run = {text(self.fields['run'])}"
        if self.runs is not None:
            yield f"where isempty(g_run) or g_run in {members(name[:TEXT_LENGTH] for name in self.runs)}"
        if self.severity is not None:
            errors, found = members(ERROR_EVENTS), text(self.fields["severity"])
            yield f"where not({EVENT} in {errors}) or {found} == {literal(self.severity)}"


def moment(time: datetime) -> str:
    """Write a time as APL wants it, in UTC.

    >>> moment(datetime(2026, 11, 25, 12, 0, tzinfo=UTC))
    '2026-11-25T12:00:00.000000Z'
    """
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def question_query(ask: Ask, scope: Scope) -> str:
    """Write a question that is asked of events; those of seats are `seats.seats_query`.

    Raises:
        InputError: a name cannot be written in APL.
    """
    question, by = ask.question, ask.by
    lines = [*scope.lines, f"where {EVENT} in {members(question.reads)}", *scope.of_run()]
    keys = []
    if by is not None:
        lines.append(f"extend {KEY} = {_key(question, by, scope.fields)}")
        keys.append(KEY)
    if question.exclusive:
        keys.append(EVENT)
    streams = list_streams(question.aggregates)
    for place, one in enumerate(streams):
        value = stream(one.field, scope.fields)
        lines.append(f"extend x{place} = iff({EVENT} in {members(one.events)}, {value}, real(null))")
    lines.append("summarize " + ", ".join(_sums(question, streams)) + (f" by {', '.join(keys)}" if keys else ""))
    if keys:
        lines += [f"order by n desc, {keys[0]} asc", f"limit {MOST_GROUPS + 1}"]
    return "\n| ".join(lines)


def carriers(question: Question, by: str | None) -> tuple[str, ...]:
    """Give the events that carry the field grouped by; the others are counted over all groups."""
    return tuple(
        name
        for name in question.reads
        if any(name in one.events and by not in one.across for one in question.aggregates)
    )


def _key(question: Question, by: str, fields: Fields) -> str:
    carrying = carriers(question, by)
    key = text(fields[by])
    return key if carrying == question.reads else f'iff({EVENT} in {members(carrying)}, {key}, "")'


def _sums(question: Question, streams: Sequence[Stream]) -> Iterator[str]:
    yield "n = count()"
    yield "unnamed = countif(isempty(g_run))"
    if not question.exclusive:
        for place, name in enumerate(question.reads):
            yield f"c{place} = countif({EVENT} == {literal(name)})"
    for place, one in enumerate(streams):
        kinds = {
            (aggregate.kind, aggregate.q)
            for aggregate in question.aggregates
            if (aggregate.field, aggregate.events) == (one.field, one.events)
        }
        named = {kind for kind, _ in kinds}
        yield f"n{place} = countif(isnotnull(x{place}))"
        if named & {Kind.SUM, Kind.AVG}:
            yield f"s{place} = sum(x{place})"
        if Kind.MIN in named:
            yield f"lo{place} = min(x{place})"
        if Kind.MAX in named:
            yield f"hi{place} = max(x{place})"
        for q in sorted(q for kind, q in kinds if kind is Kind.PERCENTILE and q is not None):
            yield f"{percentile_column(place, q)} = percentile(x{place}, {round(100 * q)})"


def percentile_column(place: int, q: float) -> str:
    """Name the column of a percentile.

    >>> percentile_column(0, 0.95)
    'p0_95'
    """
    return f"p{place}_{round(100 * q)}"
