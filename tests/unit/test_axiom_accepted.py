"""Axiom's own parser accepts every query that can be built, and no name is obeyed, whatever it holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.deadline import Deadline
from action.errors import InputError
from action.secret import Secret
from action.sources.axiom import Access, AxiomLogs, Events
from action.sources.axiom.own import fill_query
from action.sources.axiom.query import Scope, question_query
from action.sources.axiom.seats import MOST_SEATS, find_scores, seats_query
from action.sources.axiom.spelling import bracketed, literal
from checks.placeholder import quoted
from checks.questions.answer import answer_all, complete_fields
from checks.questions.catalog import QUESTIONS
from checks.questions.reader import Fields
from checks.questions.tally import Ask
from tests.services.apl import Parser
from tests.services.axiom import DATASET, Axiom
from tests.services.kql import EventStore
from tests.services.league_log import Event, league_log

T = TypeVar("T")

ASKS = [Ask(question=one, by=by) for one in QUESTIONS.values() for by in (None, *one.groups)]
SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
FIELDS: dict[str, Fields] = {
    "usual": {},
    "renamed": {"run": ("run",), "horizon_type": ("by", "where"), "message": ("meta.text", "a-b", "two words")},
    "scaled": {"duration_s": ("took / 60", "took_ms * 0.001", "0"), "trajectories": ("summarize * 2",)},
}
RUNS = {"any run": None, "one": ("run-a",), "hostile": ('" or true //', "it's", "\\", "a\nb\t\r", "é 🟦", "x" * 600)}
HOSTILE = [
    '" or 1 == 1 //',
    "' or 1 == 1 //",
    "\\",
    '\\"',
    '"',
    "'",
    "a\nb",
    "é ünï 🟦",
    "['x']",
    "// c",
    "%s {0} {run.id}",
    "run",
    "\\u0041",
    "A",
    "a",
    "\u202e\u200b",
    "a" * 499,
]
names = st.text(
    alphabet=st.one_of(
        st.sampled_from("\"'\\/\n\r\t|`{}[]()*@$%#;=,. aAéß🟦\u200b\u2028\u0085\0\x1b\ufeff"), st.characters()
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    with Parser() as process:
        yield process


@pytest.fixture(scope="module")
def empty() -> Iterator[EventStore]:
    store = EventStore(DATASET, [])
    yield store
    store.close()


def query(ask: Ask, runs: tuple[str, ...] | None, fields: Fields, columns: tuple[str, ...]) -> str:
    scope = Scope(dataset=DATASET, since=SINCE, until=UNTIL, runs=runs, fields=complete_fields(fields))
    if ask.question.seats:
        return seats_query(ask, scope, find_scores(columns, scope.fields["scores"]))
    return question_query(ask, scope)


SCORES = ("final_scores.A", "final_scores.B b", "power_scores.A", "power_scores.B b", "final_scores.run")
SCHEMA = {"_time": "datetime", "event": "string", "run_name": "string", **dict.fromkeys(SCORES, "float")}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
@pytest.mark.parametrize("runs", RUNS.values(), ids=RUNS)
def test_every_question_is_accepted(parser: Parser, runs: tuple[str, ...] | None, fields: Fields) -> None:
    found = {ask.title: parser.faults(query(ask, runs, fields, SCORES)) for ask in ASKS}
    assert {ask.title: [] for ask in ASKS} == found


def test_every_question_means_something_to_it_on_a_log_with_the_usual_fields(parser: Parser) -> None:
    store = EventStore(DATASET, league_log(rollouts=20))
    schema = {DATASET: store.fields}
    found = {ask.title: parser.faults(query(ask, ("a",), {}, tuple(store.fields)), schema) for ask in ASKS}
    assert {ask.title: [] for ask in ASKS} == found
    store.close()


def test_every_question_means_something_to_it_on_a_log_without_its_fields(parser: Parser) -> None:
    found = {ask.title: parser.faults(query(ask, ("a",), {}, SCORES), {DATASET: SCHEMA}) for ask in ASKS}
    assert {ask.title: [] for ask in ASKS} == found


@pytest.mark.parametrize("seats", [1, 2, 8, 9, MOST_SEATS])
def test_any_number_of_seats_is_accepted(parser: Parser, seats: int) -> None:
    columns = tuple(f"final_scores.P{place}" for place in range(seats))
    ask = Ask(question=QUESTIONS["outcomes"], by="horizon_type")
    schema = {DATASET: {**SCHEMA, **dict.fromkeys(columns, "float")}}
    assert not parser.faults(query(ask, None, {}, columns), schema)


@pytest.mark.parametrize(
    "broken",
    [
        "['x'] | where run == 'a'",
        "['x'] | where",
        "['x'] | summarise count()",
        "['x'] | where ['a']b'] == 1",
    ],
)
def test_the_parser_refuses_what_is_wrong(parser: Parser, broken: str) -> None:
    """Else the tests above would say nothing."""
    assert parser.faults(broken)


def attempt(make: Callable[[], T]) -> T | InputError:
    """Give what is made, or why it is refused."""
    try:
        return make()
    except InputError as error:
        assert str(error).isprintable()  # noqa: PT017 - whatever the name holds
        return error


@settings(max_examples=200)
@given(names)
def test_a_text_is_refused_or_means_itself(parser: Parser, empty: EventStore, text: str) -> None:
    written = attempt(lambda: literal(text))
    if isinstance(written, InputError):
        assert "expected a name without control characters to ask Axiom for, got U+" in str(written)
        return
    asked = f"print x = {written}, y = 1"
    assert not parser.faults(asked)
    assert ((text, 1),) == empty.ask(asked, None, None).rows


@settings(max_examples=100)
@given(st.one_of(names, st.from_regex(r"[A-Za-z0-9_. -]{1,12}", fullmatch=True)))
def test_a_field_is_refused_or_is_one_name(parser: Parser, name: str) -> None:
    written = attempt(lambda: bracketed(name))
    if isinstance(written, InputError):
        assert "expected the name of an Axiom dataset or field" in str(written)
        return
    assert not parser.faults(f"['d'] | summarize n = count() by {written}", {"d": {name: "string"}})


@settings(max_examples=60)
@given(names)
def test_a_name_in_a_query_of_ones_own_is_refused_or_means_itself(parser: Parser, empty: EventStore, name: str) -> None:
    asked = attempt(lambda: fill_query("print x = {run.name}, y = 1", {"run.name": name}))
    if isinstance(asked, str):
        assert not parser.faults(asked)
        assert ((name, 1),) == empty.ask(asked, None, None).rows


@settings(max_examples=300)
@given(
    st.text(st.sampled_from("\"'`~@\\/\n {}a=("), max_size=8),
    st.text(st.sampled_from("\"'`~@\\/\n {}a=)"), max_size=8),
)
def test_where_a_placeholder_may_stand_no_name_changes_what_is_read(parser: Parser, before: str, after: str) -> None:
    apl = f"['d']\n| where a == {before}{{run.name}}{after}\n| count"
    if quoted(apl):
        return
    names = ("x", " or true //", "' or true //", '" or true //', "```", "\\")
    assert len({len(parser.faults(fill_query(apl, {"run.name": name}))) for name in names}) == 1


def log_of(runs: Iterable[str]) -> list[Event]:
    """Give one error each run, with the run's name as its text, and one completion of another run."""
    time = "2026-01-05T08:00:00Z"
    log: list[Event] = [{"_time": time, "event": "rollout_error", "run_name": run, "error": run} for run in runs]
    return [*log, {"_time": time, "event": "rollout_complete", "run_name": "other"}]


def assert_same(axiom: Axiom, log: list[Event], *runs: str, by: str | None = None) -> None:
    """Asked for the errors of these runs, Axiom gives what the files give."""
    asks = [Ask(question=QUESTIONS["errors"], by=by, limit=100)]
    logs = AxiomLogs(Access(token=Secret(axiom.token), url=axiom.url, dataset=DATASET))
    events = Events(since=SINCE, until=UNTIL, runs=runs, fields={})
    assert answer_all(asks, log, run=runs).tables == logs.answer(asks, events, Deadline(seconds=20)).tables


def test_a_hostile_name_finds_its_own_events_alone(parser: Parser) -> None:
    log = log_of(HOSTILE)
    with Axiom(log) as axiom:
        for name in HOSTILE:
            assert_same(axiom, log, name)
        assert_same(axiom, log, *HOSTILE, by="message")
        assert not any(parser.faults(one) for one in axiom.queries)


def storable(text: str) -> bool:
    """No JSON that Axiom takes holds half a surrogate, nor a database NUL."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


@settings(max_examples=15)
@given(st.lists(names.filter(bool), min_size=1, max_size=4))
def test_any_name_is_refused_or_finds_its_own_events_alone(runs: list[str]) -> None:
    log = log_of(filter(storable, runs))
    with Axiom(log) as axiom:
        refused = attempt(lambda: assert_same(axiom, log, runs[0], by="message"))
    assert refused is None or "expected a name without control characters" in str(refused)
