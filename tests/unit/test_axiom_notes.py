"""What an answer of Axiom could not use or left out is told, as it is on event files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pytest

from action.deadline import Deadline
from action.sources.axiom import AxiomLogs
from checks.questions.answer import answer_all
from checks.questions.catalog import QUESTIONS
from checks.questions.tally import Ask
from checks.run import NoteKind
from tests.services.axiom import Axiom, answer, table
from tests.services.faults import reply
from tests.services.league_log import Event
from tests.services.ordeal import EVENTS, access


def event(name: str, **fields: object) -> Event:
    return {"_time": "2026-01-05T08:00:00Z", "event": name, **fields}


complete = partial(event, "rollout_complete")


def told(log: Iterable[Event], question: str, runs: tuple[str, ...] | None = None) -> dict[str, NoteKind]:
    """Give the notes of one answer."""
    asks = [Ask(question=QUESTIONS[question])]
    with Axiom(log) as axiom:
        found = AxiomLogs(access(axiom)).answer(asks, replace(EVENTS, runs=runs), Deadline(seconds=20))
    return {note.text: note.kind for note in found.notes}


def test_percentiles_are_told_to_be_estimates_where_there_are_any() -> None:
    said = "rollout-timing: percentiles are Axiom's estimates, all else is exact"
    assert said in told([complete(duration_s=1.0, trajectory_count=1)], "rollout-timing")
    assert not told([], "rollout-timing")


def test_values_that_are_not_there_are_told_as_on_files() -> None:
    log = [complete(duration_s=1.0, trajectory_count=1), complete(trajectory_count=1)]
    expected = {note.text: note.kind for note in answer_all([Ask(question=QUESTIONS["rollout-timing"])], log).notes}
    actual = told(log, "rollout-timing")
    assert expected.items() <= actual.items()
    assert any("duration_s" in text for text in expected)


def test_events_without_a_run_are_told_when_one_run_is_asked_for() -> None:
    log = [complete(duration_s=1.0, trajectory_count=1, run_name=name) for name in ("a", "b", None)]
    said = (
        "rollout-timing: 1 events name no run (field run_name, run, run_id) and are counted as this run's; the "
        "dataset may hold other runs'"
    )
    assert told(log, "rollout-timing", ("a",))[said] is NoteKind.ODD
    assert not any("name no run" in text for text in told(log, "rollout-timing"))


def test_the_record_that_is_not_used_is_told_as_on_files() -> None:
    log = [event("inference_timing_breakdown"), event("inference_response"), event("inference_response")]
    ask = Ask(question=QUESTIONS["inference"])
    expected = [note.text for note in answer_all([ask], log).notes if "are not added" in note.text]
    actual = [text for text in told(log, "inference") if "are not added" in text]
    assert len(actual) == 1
    assert expected == actual


def test_a_dataset_without_scores_is_told() -> None:
    said = (
        "outcomes: the dataset has no fields final_scores.*, power_scores.*; scores in a map field cannot be asked of"
    )
    assert said in told([complete()], "outcomes")


def beside(priority: str, code: str = "c") -> list[tuple[NoteKind, str]]:
    """Give the notes of a whole answer that has one message beside it."""
    said = {"priority": priority, "count": 1, "code": code, "msg": "left out 3 blocks"}
    whole = answer(table([("value", "float"), ("n", "integer")], [(1.5, 3)]), messages=[said])
    with Axiom(fault=reply(200, whole)) as axiom:
        found = AxiomLogs(access(axiom)).query("x", EVENTS, {}, Deadline(seconds=10))
    return [(note.kind, note.text) for note in found.notes]


@pytest.mark.parametrize("priority", ["error", "fatal"])
def test_a_whole_answer_that_is_called_an_error_is_a_loss(priority: str) -> None:
    assert beside(priority) == [(NoteKind.LOST, "own query: Axiom gave a partial answer (left out 3 blocks)")]


def test_a_warning_is_told() -> None:
    assert beside("warn") == [(NoteKind.ODD, "own query: Axiom says: left out 3 blocks")]


@pytest.mark.parametrize(("priority", "code"), [("info", "c"), ("debug", "c"), ("warn", "apl_implicitcast_1")])
def test_what_says_nothing_of_the_answer_is_not_told(priority: str, code: str) -> None:
    assert beside(priority, code) == []
