"""What the user chose for `gatekeeper logs`, and the answer to it as a table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from action.cli.online import open_axiom
from action.cli.ports import choose_policy, fallback_policy, local_ports
from action.cli.tables import Table
from action.collection import read_policy
from action.deadline import Deadline
from action.errors import UsageError
from action.files import show_name
from action.services import read_services
from checks.questions.answer import answer_all
from checks.questions.catalog import QUESTIONS
from checks.questions.reader import Fields
from checks.questions.span import Part, Span, parse_last
from checks.questions.tally import Ask
from checks.run import Note, NoteKind, Scalar

if TYPE_CHECKING:
    from action.sources.axiom import Events

QUERY = "query"
_DAY = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class LogChoice:
    """The command line of `gatekeeper logs`, as values."""

    question: str
    apl: str | None
    events: tuple[Path, ...]
    last: str | None
    since: str | None
    until: str | None
    by: str | None
    severity: str | None
    run: str | None
    limit: int | None
    policy: Path | None
    deadline: float


def answer_logs(choice: LogChoice) -> Table:
    """Answer with a table.

    Raises:
        UsageError: options that do not fit together.
        InputError: a file cannot be read, or Axiom does not accept what is asked.
        ServiceError: Axiom could not be reached, refused, or was not done by the deadline.
        PolicyError: the policy cannot be used.
    """
    if (choice.question == QUERY) != (choice.apl is not None):
        raise UsageError(
            "logs query: expected a query in APL behind `query`, and nowhere else; write "
            "gatekeeper logs query \"['dataset'] | summarize n = count()\""
        )
    if choice.severity is not None and choice.question != "errors":
        raise UsageError("--severity: expected it with `errors`, got it with another question; leave it out")
    for option, given in (("--run", choice.run), ("--severity", choice.severity)):
        if given is not None and not given.strip():
            raise UsageError(f"{option}: expected a name, got an empty one; leave the option out for all")
    since, until = _span(choice)
    if choice.question == QUERY:
        return _query(choice, since, until)
    # The policy's log fields are wanted, not its waivers: no day on which one could have expired.
    text = choose_policy(choice.policy, None) or fallback_policy()
    fields = read_policy(text, local_ports(), "2000-01-01").fields
    group = choice.by or ("message" if choice.question == "errors" else None)
    try:
        ask = Ask(question=QUESTIONS[choice.question], by=group, limit=choice.limit)
    except ValueError as error:
        raise UsageError(f"--by: {error}") from error
    if choice.events:
        return _of_files(choice, ask, fields, (since, until))
    return _of_axiom(choice, ask, fields, (since, until))


def _span(choice: LogChoice) -> tuple[datetime | None, datetime | None]:
    """Give the time range that is asked for; None where it is open."""
    if choice.last is not None and (choice.since is not None or choice.until is not None):
        raise UsageError("--last: expected it alone, got it beside --since or --until; give the one or the other")
    if choice.last is not None:
        now = datetime.now(UTC)
        try:
            return now - timedelta(seconds=parse_last(choice.last)), now
        except (ValueError, OverflowError) as error:
            raise UsageError(f"--last: {error}") from error
    since, until = _time("--since", choice.since), _time("--until", choice.until)
    if since is not None and until is not None and since >= until:
        raise UsageError("--until: expected a time after --since, got one before; swap them")
    return since, until


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or not 1970 <= found.year < 2100:
        raise UsageError(f"{option}: expected a time such as 2026-11-25T12:00:00Z, got {show_name(text)}; write it so")
    return found


def _of_files(choice: LogChoice, ask: Ask, fields: Fields, span: tuple[datetime | None, datetime | None]) -> Table:
    files = local_ports().open_events(choice.events)
    since, until = (None if end is None else end.timestamp() for end in span)
    part = Part(files, Span(since=since, until=until, severity=choice.severity), fields)
    answers = answer_all([ask], part, fields=fields, run=choice.run)
    notes = [*files.notes, *answers.notes]
    if part.timeless:
        text = f"events: {part.timeless:,} have no time and were left out of the time range"
        notes.append(Note(kind=NoteKind.ODD, text=text))
    table = answers.tables[0]
    return Table(title=ask.title, columns=table.columns, rows=table.rows, notes=tuple(notes))


def _events(choice: LogChoice, fields: Fields, span: tuple[datetime | None, datetime | None]) -> Events:
    from action.sources.axiom import Events  # noqa: PLC0415 - half a second

    until = span[1] or datetime.now(UTC)
    runs = None if choice.run is None else (choice.run,)
    return Events(since=span[0] or until - _DAY, until=until, runs=runs, fields=fields, severity=choice.severity)


def _of_axiom(choice: LogChoice, ask: Ask, fields: Fields, span: tuple[datetime | None, datetime | None]) -> Table:
    logs = open_axiom(read_services(os.environ).axiom)
    events = _events(choice, fields, span)
    found = logs.answer([ask], events, Deadline(seconds=choice.deadline))
    [table] = found.tables
    notes = (_range(logs.source, events), *found.notes)
    return Table(title=ask.title, columns=table.columns, rows=table.rows, notes=notes)


def _query(choice: LogChoice, since: datetime | None, until: datetime | None) -> Table:
    given = {"--events": choice.events, "--by": choice.by, "--run": choice.run, "--limit": choice.limit}
    idle = ", ".join(name for name, value in given.items() if value)
    if idle:
        raise UsageError(f"{idle}: expected nothing beside a query of one's own, got it; write it into the query")
    logs = open_axiom(read_services(os.environ).axiom)
    events = _events(choice, {}, (since, until))
    rows, notes = logs.raw(choice.apl or "", events, Deadline(seconds=choice.deadline))
    columns = tuple(dict.fromkeys(name for row in rows for name in row))
    return Table(
        title="query",
        columns=columns,
        rows=tuple(tuple(_plain(row, name) for name in columns) for row in rows),
        notes=(_range(logs.source, events), *notes),
    )


def _plain(row: Mapping[str, object], name: str) -> Scalar:
    value = row.get(name)
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _range(source: str, events: Events) -> Note:
    since, until = (time.strftime("%Y-%m-%dT%H:%M:%SZ") for time in (events.since, events.until))
    return Note(kind=NoteKind.ODD, text=f"{source}: events from {since} to {until}")
