"""Every question asked of Axiom gives what it gives on the same events in files; percentiles are nearest ranks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

import pytest

from action.deadline import Deadline
from action.errors import InputError
from action.secret import Secret
from action.sources.axiom import Access, AxiomAnswers, AxiomLogs, Events
from checks.questions.answer import Answers, answer_all
from checks.questions.catalog import DEFAULT_FIELDS, QUESTIONS
from checks.questions.reader import Fields, number_reader, text_reader
from checks.questions.tally import Ask
from checks.run import LogTable, Scalar
from tests.services.axiom import Axiom
from tests.services.league_log import HOSTILE, START, Event, league_log

ASKS = [Ask(question=one, by=by) for one in QUESTIONS.values() for by in (None, *one.groups)]
TITLES = [one.title for one in ASKS]
UNGROUPED = [one for one in ASKS if one.by is None]
RENAMED: Fields = {
    "duration_s": ("meta.took_ms / 1000", "took_minutes * 60"),
    "horizon_type": ("meta.horizon",),
    "trajectories": ("games played",),
    "message": ("nowhere", "error-text"),
    "scores": ("meta.scores",),
    "run": ("meta.run",),
}
"""Names that a policy may give, with dots, dashes, blanks and factors."""


def access(axiom: Axiom) -> Access:
    return Access(token=Secret(axiom.token), url=axiom.url, dataset=axiom.dataset)


def asked(runs: tuple[str, ...] | None = None, fields: Fields | None = None) -> Events:
    return Events(since=START - timedelta(days=1), until=START + timedelta(days=1), runs=runs, fields=fields or {})


def of_axiom(axiom: Axiom, asks: Sequence[Ask], events: Events) -> AxiomAnswers:
    return AxiomLogs(access(axiom)).answer(asks, events, Deadline(seconds=30))


def of_files(
    log: Iterable[Event], asks: Sequence[Ask], runs: tuple[str, ...] | None = None, fields: Fields = DEFAULT_FIELDS
) -> Answers:
    return answer_all(asks, log, run=runs, fields=fields)


def estimated(column: str) -> bool:
    return column.startswith(("p50", "p95"))


def close(expected: Scalar, actual: Scalar) -> bool:
    """Sums in another order differ in the last digits; all else is equal."""
    if isinstance(expected, float) and isinstance(actual, int | float):
        return math.isclose(expected, actual, rel_tol=1e-8)
    return expected == actual


def differences(expected: LogTable, actual: LogTable) -> Iterator[str]:
    """Say where two answers differ, but for percentiles."""
    for what in ("question", "by", "columns", "events"):
        if getattr(expected, what) != getattr(actual, what):
            yield f"{what}: expected {getattr(expected, what)}, got {getattr(actual, what)}"
    if len(expected.rows) != len(actual.rows):
        yield f"rows: expected {expected.rows}, got {actual.rows}"
        return
    for want, got in zip(expected.rows, actual.rows, strict=True):
        for column, one, other in zip(expected.columns, want, got, strict=True):
            same = (one is None) == (other is None) if estimated(column) else close(one, other)
            if not same:
                yield f"{want[0]}, {column}: expected {one!r}, got {other!r}"


@pytest.fixture(scope="module")
def log() -> Sequence[Event]:
    return league_log()


@pytest.fixture(scope="module")
def axiom(log: Sequence[Event]) -> Iterator[Axiom]:
    with Axiom(log) as service:
        yield service


def compare(log: Iterable[Event], axiom: Axiom, asks: Sequence[Ask], runs: tuple[str, ...] | None = None) -> None:
    """Fail with every difference between the two executions."""
    expected = of_files(log, asks, runs)
    actual = of_axiom(axiom, asks, asked(runs))
    both = zip(asks, expected.tables, actual.tables, strict=True)
    found = {one.title: list(differences(want, got)) for one, want, got in both}
    assert {one.title: [] for one in asks} == found


@pytest.mark.parametrize(
    ("runs", "asks"),
    [
        (None, ASKS),
        ((HOSTILE, "run-b"), [one for one in ASKS if one.by in (None, "run")]),
        (("run-a",), UNGROUPED),
        (("nobody",), UNGROUPED),
    ],
    ids=["every run", "two names", "one name", "no such run"],
)
def test_every_question_gives_the_same_table_as_on_files(
    axiom: Axiom, log: Sequence[Event], runs: tuple[str, ...] | None, asks: Sequence[Ask]
) -> None:
    compare(log, axiom, asks, runs)


def renamed(event: Event) -> Event:
    """Log the same under the names of `RENAMED`."""
    minutes = event.pop("duration_s", None)
    millis = event.pop("total_duration_ms", event.pop("duration_ms", None))
    moved = {
        "meta": {
            "took_ms": millis,
            "horizon": event.pop("horizon_type", None),
            "scores": event.pop("final_scores", event.pop("power_scores", None)),
            "run": event.pop("run_name", event.pop("run_id", None)),
        },
        "took_minutes": minutes / 60 if isinstance(minutes, float) else None,
        "games played": event.pop("trajectory_count", None),
        "error-text": event.pop("error", None),
    }
    return {**event, **moved}


def test_renamed_and_scaled_fields_give_the_same_table_as_on_files(log: Sequence[Event]) -> None:
    other = [renamed(dict(event)) for event in log]
    asks = [*UNGROUPED, *(one for one in ASKS if one.by in ("horizon_type", "message"))]
    expected = of_files(other, asks, ("run-a",), RENAMED)
    with Axiom(other) as axiom:
        actual = of_axiom(axiom, asks, asked(("run-a",), RENAMED))
    assert any(row[0] for row in expected.table("rollout-timing").rows)
    found = [list(differences(want, got)) for want, got in zip(expected.tables, actual.tables, strict=True)]
    assert [[]] * len(asks) == found


@pytest.mark.parametrize(
    "log",
    [
        [],
        [{"_time": "2026-01-05T08:00:00Z", "event": "training_step", "loss": 0.1}],
        [{"_time": "2026-01-05T08:00:00Z", "event": "rollout_start"}],
        [{"_time": "2026-01-05T08:00:00Z", "event": "rollout_complete"}],
        [{"_time": "2026-01-05T08:00:00Z", "event": "rollout_error", "error": "boom", "final_scores": {"A": 1}}],
        [{"_time": "2026-01-05T08:00:00Z", "event": "inference_response"}],
        [{"_time": "2026-01-05T08:00:00Z", "kind": "another log"}],
    ],
    ids=["empty", "other events", "a start alone", "no field at all", "an error alone", "a response", "no event field"],
)
def test_a_log_that_lacks_nearly_all_gives_the_same_table_as_on_files(log: list[Event]) -> None:
    grouped = [Ask(question=QUESTIONS["errors"], by="message"), Ask(question=QUESTIONS["outcomes"], by="power")]
    with Axiom(log) as axiom:
        compare(log, axiom, [*UNGROUPED, *grouped])


def nearest_rank(values: Sequence[float], q: float) -> float | None:
    """The smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(round(q * len(values), 9)) - 1)] if values else None


def values_by(log: Iterable[Event], event: str, field: str, by: str | None) -> Mapping[str | None, list[float]]:
    """Give the usable values of a field of some events, by the text that they are grouped by."""
    name, value = text_reader(DEFAULT_FIELDS["event"]), number_reader(DEFAULT_FIELDS[field])
    key = text_reader(DEFAULT_FIELDS[by]) if by else lambda _: None
    found: dict[str | None, list[float]] = {}
    for one in log:
        if name(one) == event:
            held = found.setdefault(key(one), [])
            number = value(one)
            if number is not None and not math.isnan(number):
                held.append(number)
    return found


@pytest.mark.parametrize(
    ("ask", "event", "field"),
    [
        (Ask(question=QUESTIONS["rollout-timing"], by="horizon_type"), "rollout_complete", "duration_s"),
        (Ask(question=QUESTIONS["inference"]), "inference_timing_breakdown", "generation_s"),
    ],
    ids=lambda one: one.title if isinstance(one, Ask) else one,
)
def test_percentiles_are_nearest_ranks_of_the_same_values(
    axiom: Axiom, log: Sequence[Event], ask: Ask, event: str, field: str
) -> None:
    [table] = of_axiom(axiom, [ask], asked()).tables
    values = values_by(log, event, field, ask.by)
    for row in table.rows:
        cells = dict(zip(table.columns, row, strict=True))
        key = cells[ask.by] if ask.by else None
        assert key is None or isinstance(key, str)
        for name in filter(estimated, table.columns):
            assert close(nearest_rank(values[key], float(name[1:3]) / 100), cells[name]), (key, name)


def games(*scores: Mapping[str, object], alternative: str = "final_scores") -> list[Event]:
    time = "2026-01-05T08:00:00Z"
    return [{"_time": time, "event": "rollout_complete", alternative: one} for one in scores]


@pytest.mark.parametrize(
    "log",
    [
        games({"A": 1, "B": 1, "C": 0}, {"A": 0, "B": 2}, {"C": 5}),
        games({"A": -3, "B": -3.0}, {"A": -4, "B": -3}),
        games({"A": 1, "B": 2}) + games({"A": 2, "C": 1}, alternative="power_scores"),
        [{**games({"A": 1})[0], "power_scores": {"A": 7, "B": 8}}],
        games({"A": None, "B": None}, {"A": 3, "B": None}),
        games({"A B": 1, "A-B": 2, "run": 3}, {"A.b": 4}),
    ],
    ids=["ties", "below zero", "two names", "both in one", "no scores", "odd powers"],
)
def test_seats_give_the_same_table_as_on_files(log: list[Event]) -> None:
    with Axiom(log) as axiom:
        compare(log, axiom, [one for one in ASKS if one.question.seats and one.by != "run"])


def test_the_most_seats_that_may_be_are_counted() -> None:
    log = games({f"P{seat}": seat % 5 for seat in range(64)}, {"P7": 1, "P63": 1})
    with Axiom(log) as axiom:
        compare(log, axiom, [Ask(question=QUESTIONS["outcomes"], by="power")])


def test_of_all_groups_the_most_frequent_are_shown(log: Sequence[Event]) -> None:
    asks = [Ask(question=QUESTIONS["errors"], by="message", limit=2), Ask(question=QUESTIONS["outcomes"], by="power")]
    expected = of_files(log, asks)
    with Axiom(log) as axiom:
        actual = of_axiom(axiom, asks, asked())
    assert [want.rows[0][0] for want in expected.tables] == [got.rows[0][0] for got in actual.tables]
    assert len(actual.tables[0].rows) == 2
    notes = [note.text for note in actual.notes if "most frequent" in note.text]
    assert [note.text for note in expected.notes if "most frequent" in note.text] == notes


def complete() -> Event:
    return {"_time": "2026-01-05T08:00:00Z", "event": "rollout_complete"}


def test_what_was_asked_is_told_without_a_secret(axiom: Axiom) -> None:
    found = of_axiom(axiom, ASKS[:3], asked(("run-a",)))
    assert set(axiom.queries) >= {one.text for one in found.asked}
    assert TITLES[:3] == [one.what for one in found.asked]
    assert {("2026-01-04T08:00:00.000000Z", "2026-01-06T08:00:00.000000Z")} == {
        (one.since, one.until) for one in found.asked
    }
    assert axiom.token not in repr(found)


def test_events_outside_of_the_time_are_left_out() -> None:
    log = [complete(), {**complete(), "_time": "2026-01-01T00:00:00Z"}, {**complete(), "_time": "2026-02-01T00:00:00Z"}]
    with Axiom(log) as axiom:
        [table] = of_axiom(axiom, [Ask(question=QUESTIONS["health"])], asked()).tables
    assert table.events == 1


def test_more_seats_than_any_game_has_are_an_input_error() -> None:
    log = games({f"game {number}": 1 for number in range(65)})
    with Axiom(log) as axiom, pytest.raises(InputError, match="expected at most 64 powers in the scores, got 65"):
        of_axiom(axiom, [Ask(question=QUESTIONS["outcomes"])], asked())
