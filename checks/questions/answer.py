"""Log questions answered on a stream of events, all in one pass, with what was left out or could not be used.

No file may enter: the events are read elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.questions.catalog import DEFAULT_FIELDS
from checks.questions.definition import Question
from checks.questions.note import OTHER_RUNS, Seen, note_choice, note_cut, note_seen, note_tally
from checks.questions.reader import TEXT_LENGTH, Event, Fields
from checks.questions.route import Readers
from checks.questions.table import build_table
from checks.questions.tally import Ask, Tally
from checks.run import LogTable, Note

MOST_RUNS = 1_000


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Several answers from one pass."""

    tables: tuple[LogTable, ...]
    """In the order of the questions."""
    notes: tuple[Note, ...]
    seen: Seen

    def table(self, question: str, by: str | None = None) -> LogTable:
        """Return the answer to the question of this name, grouped so; KeyError if it was not asked."""
        for table in self.tables:
            if (table.question, table.by) == (question, by):
                return table
        raise KeyError(question, by)


def answer(
    question: Question,
    events: Iterable[Event],
    *,
    by: str | None = None,
    fields: Fields = DEFAULT_FIELDS,
    run: str | tuple[str, ...] | None = None,
) -> LogTable:
    """Answer one question; `answer_all` tells also what was left out or could not be used."""
    return answer_all([Ask(question=question, by=by)], events, fields=fields, run=run).tables[0]


def answer_all(
    asks: Iterable[Ask | Question],
    events: Iterable[Event],
    *,
    fields: Fields = DEFAULT_FIELDS,
    run: str | tuple[str, ...] | None = None,
) -> Answers:
    """Answer several questions in one pass over the events.

    ValueError: `fields` holds a field that no question knows, or a name that cannot be read; more than 10,000 groups.

    `fields` replaces the names of the fields it holds; the others keep their defaults. `run` keeps the events of one
    run (a tuple: any of its names, such as its name and its id): an event that names another run is left out; one that
    names none is counted, since a writer beside the trainer (the inference engine) often knows no run. Notes tell both,
    so that nobody takes a mixture for one run. APL: `where isempty(run) or run in (…)`.
    """
    known = complete_fields(fields)
    readers = Readers(known)
    rivals = [_tallies(ask if isinstance(ask, Ask) else Ask(question=ask), readers) for ask in asks]
    wanted = (
        None if run is None else frozenset(name[:TEXT_LENGTH] for name in ((run,) if isinstance(run, str) else run))
    )
    seen = _pass(events, _watch(rivals), readers, wanted)
    tables: list[LogTable] = []
    notes = list(note_seen(seen, wanted, known))
    for tallies in rivals:
        tally = next((one for one in tallies if one.events), tallies[0])
        table, cut = _lay_out(tally)
        tables.append(table)
        notes += [*note_tally(tally, known), *note_choice(tally, tallies), *cut]
    return Answers(tables=tuple(tables), notes=tuple(dict.fromkeys(notes)), seen=seen)


def complete_fields(fields: Fields) -> Fields:
    """Give the names of every logical field: those given, else the usual ones; ValueError for a field nobody knows."""
    for field in fields:
        if field not in DEFAULT_FIELDS:
            raise ValueError(f"expected a field of log events, got {field!r}; there are {', '.join(DEFAULT_FIELDS)}")
    return {**DEFAULT_FIELDS, **fields}


def _tallies(ask: Ask, readers: Readers) -> list[Tally]:
    """One tally of all events, or one an event where the events are records of the same thing."""
    question = ask.question
    sides = [(name,) for name in question.events] if question.exclusive else [question.reads]
    return [Tally(ask, listens, readers) for listens in sides]


def _watch(rivals: Iterable[Iterable[Tally]]) -> Mapping[str, list[Tally]]:
    watch: dict[str, list[Tally]] = {}
    for tallies in rivals:
        for tally in tallies:
            for name in tally.listens:
                watch.setdefault(name, []).append(tally)
    return watch


def _pass(
    events: Iterable[Event], watch: Mapping[str, list[Tally]], readers: Readers, wanted: frozenset[str] | None
) -> Seen:
    """Hand every event to the tallies that listen to its name."""
    read_name, read_run = readers.text("event"), readers.text("run")
    total = nameless = unnamed = left_out = 0
    runs: Counter[str] = Counter()
    for event in events:
        total += 1
        name = read_name(event)
        if name is None:
            nameless += 1
            continue
        tallies = watch.get(name)
        if tallies is None:
            continue
        run = read_run(event)
        if run is None:
            unnamed += 1
        else:
            runs[run if run in runs or len(runs) < MOST_RUNS else OTHER_RUNS] += 1
            if wanted is not None and run not in wanted:
                left_out += 1
                continue
        for tally in tallies:
            tally.take(name, event)
    return Seen(events=total, nameless=nameless, runs=dict(runs.most_common()), unnamed=unnamed, left_out=left_out)


def _lay_out(tally: Tally) -> tuple[LogTable, Iterator[Note]]:
    ask, groups = tally.ask, tally.groups()
    limit = ask.question.limit if ask.limit is None else ask.limit
    table = build_table(ask.question, groups, by=ask.by, events=tally.events, limit=limit)
    return table, note_cut(tally, len(table.rows), len(groups))
