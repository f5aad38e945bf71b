"""Log events in Axiom: every question as one query that a small table comes back from, never the events.

Sees to it that answers mean what the same question means on event files (`checks.questions`). No policy and no verdict
may enter.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import metadata

from action.deadline import Deadline, run_together
from action.errors import InputError
from action.secret import Secret
from action.sources.axiom.client import SECONDS, Access, Answered, AxiomClient
from action.sources.axiom.own import fill_query, read_own
from action.sources.axiom.query import Scope, moment, question_query
from action.sources.axiom.reading import Reading, read_answer
from action.sources.axiom.seats import MOST_SEATS, Scores, find_scores, read_seats, seats_query
from action.sources.axiom.spelling import bracketed
from checks.questions.answer import complete_fields
from checks.questions.definition import Kind
from checks.questions.note import note_loss, note_rivals
from checks.questions.reader import Fields
from checks.questions.table import Tallied, build_table
from checks.questions.tally import Ask
from checks.run import Asked, LogTable, Note, NoteKind

__all__ = ["Access", "AxiomLogs", "Secret"]

AT_ONCE = 4
"""Queries that run at the same time."""


@dataclass(frozen=True, kw_only=True)
class AxiomAnswers:
    """Several answers, with the queries that gave them."""

    tables: tuple[LogTable, ...]
    """In the order asked."""
    notes: tuple[Note, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, kw_only=True)
class Events:
    """Which events are asked, as the one who asks says it."""

    since: datetime
    until: datetime
    runs: tuple[str, ...] | None
    """Names of the run; None: whatever the run."""
    fields: Fields
    """Logical field → names in the logs, where they are not the usual ones."""
    severity: str | None = None
    """Only errors of this severity count; None: all."""


class AxiomLogs:
    """The events of one dataset."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._local = threading.local()

    @property
    def source(self) -> str:
        """What is asked, in words."""
        return f"Axiom, dataset {self._access.dataset}"

    def answer(self, asks: Sequence[Ask], events: Events, deadline: Deadline) -> AxiomAnswers:
        """Answer log questions, each by one request (one more for the schema where seats are asked of).

        Raises:
            InputError: a name cannot be written in APL, or Axiom does not accept a query.
            ServiceError: Axiom could not be reached, refused, or was not done by the deadline.
        """
        scope = Scope(
            dataset=self._access.dataset,
            since=events.since,
            until=events.until,
            runs=events.runs,
            fields=complete_fields(events.fields),
            severity=events.severity,
        )
        calls = [lambda ask=ask: self._answer(ask, scope, deadline) for ask in asks]
        found = run_together(calls, deadline, what="Axiom", at_once=AT_ONCE)
        return AxiomAnswers(
            tables=tuple(table for table, _, _ in found),
            notes=tuple(dict.fromkeys(note for _, notes, _ in found for note in notes)),
            asked=tuple(one for _, _, one in found if one is not None),
        )

    def query(self, apl: str, events: Events, names: Mapping[str, str | None], deadline: Deadline) -> AxiomAnswers:
        """Ask a query of the policy's own.

        Raises:
            InputError: Axiom does not accept it, it names what the run has not, or it gives no one value.
            ServiceError: Axiom could not be reached, refused, or was not done by the deadline.
        """
        filled = fill_query(apl, names)
        [answered] = run_together(
            [lambda: self._client(deadline).query(filled, events.since, events.until)],
            deadline,
            what="Axiom",
            at_once=1,
        )
        table = read_own(apl, answered.rows)
        asked = _asked(apl, filled, events.since, events.until, answered)
        return AxiomAnswers(tables=(table,), notes=tuple(_told("own query", answered)), asked=(asked,))

    def raw(self, apl: str, events: Events, deadline: Deadline) -> tuple[tuple[Mapping[str, object], ...], list[Note]]:
        """Ask any query, and give the rows of its first table as they are.

        Raises:
            InputError: Axiom does not accept it.
            ServiceError: Axiom could not be reached, refused, or was not done by the deadline.
        """
        [answered] = run_together(
            [lambda: self._client(deadline).query(apl, events.since, events.until)], deadline, what="Axiom", at_once=1
        )
        return answered.rows, _told("query", answered)

    def last_seen_query(self) -> str:
        """Write the query for how many events there are, and when the last one was."""
        return f"{bracketed(self._access.dataset)}\n| summarize n = count(), last_at = max(_time)"

    def columns(self, deadline: Deadline) -> tuple[str, ...]:
        """Give the names of the dataset's fields; ServiceError where they may not be read."""
        [found] = run_together(
            [lambda: self._client(deadline).columns(self._access.dataset)], deadline, what="Axiom", at_once=1
        )
        return found

    def _client(self, deadline: Deadline) -> AxiomClient:
        """Give this thread's client: a session is not made for several threads."""
        client: AxiomClient | None = getattr(self._local, "client", None)
        if client is None:
            # A little longer than the deadline, so that it is the deadline that is told.
            client = self._local.client = AxiomClient(self._access, seconds=min(SECONDS, deadline.left + 1))
        return client

    def _answer(self, ask: Ask, scope: Scope, deadline: Deadline) -> tuple[LogTable, list[Note], Asked | None]:
        client = self._client(deadline)
        scores: tuple[Scores, ...] = ()
        if ask.question.seats:
            scores = find_scores(client.columns(scope.dataset), scope.fields["scores"])
            if not scores:
                return _nothing(ask), [_no_scores(ask, scope)], None
            if len(scores) > MOST_SEATS:
                raise InputError(
                    f"{ask.title}: expected at most {MOST_SEATS} powers in the scores, got {len(scores):,}; are they "
                    "names of seats?"
                )
        apl = seats_query(ask, scope, scores) if scores else question_query(ask, scope)
        answered = client.query(apl, scope.since, scope.until)
        try:
            reading = read_seats(ask, answered.rows, scores) if scores else read_answer(ask, answered.rows)
        except ValueError as error:
            raise InputError(f"{error}") from error
        limit = ask.question.limit if ask.limit is None else ask.limit
        table = build_table(ask.question, reading.groups, by=ask.by, events=reading.events, limit=limit)
        notes = [*_told(ask.title, answered), *_notes(ask, scope, reading, len(table.rows))]
        return table, notes, _asked(ask.title, apl, scope.since, scope.until, answered)


def _nothing(ask: Ask) -> LogTable:
    return build_table(ask.question, [Tallied(key=None, events=0)], by=ask.by, events=0)


def _no_scores(ask: Ask, scope: Scope) -> Note:
    names = ", ".join(f"{name}.*" for name in scope.fields["scores"])
    text = f"{ask.question.name}: the dataset has no fields {names}; scores in a map field cannot be asked of"
    return Note(kind=NoteKind.ODD, text=text)


def _asked(what: str, apl: str, since: datetime, until: datetime, answered: Answered) -> Asked:
    return Asked(
        service="Axiom",
        what=what,
        text=apl,
        since=moment(since),
        until=moment(until),
        rows=len(answered.rows),
        client=f"axiom-py {metadata.version('axiom-py')}",
    )


def _told(title: str, answered: Answered) -> list[Note]:
    """Tell what Axiom says of an answer: one that left data out is no whole answer."""
    notes = []
    said = "; ".join(dict.fromkeys(answered.warnings))[:300]
    if answered.partial or answered.errors:
        text = f"{title}: Axiom gave a partial answer ({said or 'without a reason'})"
        notes.append(Note(kind=NoteKind.LOST, text=text))
    elif said:
        notes.append(Note(kind=NoteKind.ODD, text=f"{title}: Axiom says: {said}"))
    return notes


def _notes(ask: Ask, scope: Scope, reading: Reading, shown: int) -> list[Note]:
    question, found = ask.question, []
    if reading.unnamed and scope.runs is not None:
        names = ", ".join(scope.fields["run"])
        text = (
            f"{question.name}: {reading.unnamed:,} events name no run (field {names}) and are counted as this run's; "
            "the dataset may hold other runs'"
        )
        found.append(Note(kind=NoteKind.ODD, text=text))
    for loss in reading.losses:
        if loss.field in scope.fields:
            found += note_loss(question.name, loss, question.needs, scope.fields[loss.field])
    found += note_rivals(question.name, reading.rivals)
    if shown < len(reading.groups):
        text = f"{ask.title}: the {shown:,} most frequent of {len(reading.groups):,} groups are shown"
        found.append(Note(kind=NoteKind.ODD, text=text))
    if reading.events and any(one.kind is Kind.PERCENTILE for one in question.aggregates):
        text = f"{question.name}: percentiles are Axiom's estimates, all else is exact"
        found.append(Note(kind=NoteKind.ODD, text=text))
    return found
