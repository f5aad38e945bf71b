"""Several questions in one pass over the events, and which run the events belong to."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import pytest

from checks.questions import answer as answer_module
from checks.questions import tally as tally_module
from checks.questions.answer import answer, answer_all
from checks.questions.catalog import QUESTIONS
from checks.questions.note import Seen
from checks.questions.tally import Ask
from checks.run import Scalar

Event = Mapping[str, object]


def event(name: str, **fields: object) -> Event:
    return {"event": name, **fields}


def complete(**fields: object) -> Event:
    return event("rollout_complete", **fields)


def error(message: str) -> Event:
    return event("rollout_error", error=message)


def at(second: int) -> str:
    return f"2026-11-22T12:00:{second:02d}Z"


def cell(question: str, column: str, events: list[Event], *, run: str | None = None) -> Scalar:
    table = answer(QUESTIONS[question], events, run=run)
    return table.rows[0][table.columns.index(column)]


class TestOnePass:
    def test_several_questions_read_a_stream_once(self) -> None:
        stream = iter([complete(duration_s=5), event("orders_extracted")])
        found = answer_all(QUESTIONS.values(), stream)
        assert tuple(QUESTIONS) == tuple(table.question for table in found.tables)
        expected = (5, 1)
        assert expected == (found.table("rollout-timing").rows[0][1], found.table("extraction").rows[0][1])

    def test_one_question_may_be_asked_with_several_groupings(self) -> None:
        timing = QUESTIONS["rollout-timing"]
        found = answer_all([timing, Ask(question=timing, by="horizon_type")], [complete(horizon_type="x")])
        expected = (None, "x")
        assert expected == (
            found.table("rollout-timing").by,
            found.table("rollout-timing", "horizon_type").rows[0][0],
        )

    def test_an_answer_that_was_not_asked_for_is_a_key_error(self) -> None:
        with pytest.raises(KeyError, match="health"):
            answer_all([QUESTIONS["errors"]], []).table("health")

    def test_the_order_of_events_changes_no_answer(self) -> None:
        events = [
            complete(duration_s=1, _time=at(9)),
            event("rollout_start", _time=at(1)),
            error("x"),
            complete(final_scores={"A": 1, "B": 2}),
        ]
        answers = {answer_all(QUESTIONS.values(), order).tables for order in itertools.permutations(events)}
        expected = 1
        assert expected == len(answers)

    def test_too_many_groups_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tally_module, "MOST_GROUPS", 3)
        events = [error(f"m{n}") for n in range(4)]
        expected = 4
        assert expected == cell("errors", "errors", events)
        with pytest.raises(
            ValueError, match="errors by message: more than 3 groups; group by a field with fewer values"
        ):
            answer(QUESTIONS["errors"], events, by="message")


class TestRuns:
    def test_events_of_other_runs_are_left_out_and_counted(self) -> None:
        events = [complete(run_name="a"), complete(run="b"), complete(run_id="b"), complete(), event("queue", run="c")]
        found = answer_all([QUESTIONS["rollout-timing"]], events, run="a")
        assert Seen(events=5, nameless=0, runs={"b": 2, "a": 1}, unnamed=1, left_out=2) == found.seen
        expected = 2
        assert expected == found.table("rollout-timing").events
        texts = [note.text for note in found.notes]
        assert "events: 2 belong to other runs (b) and are left out; asked for was a" in texts
        assert any(text.startswith("events: 1 name no run") for text in texts)

    def test_any_of_a_runs_names_will_do(self) -> None:
        found = answer_all(
            [QUESTIONS["health"]], [complete(run_id="x1"), complete(run_name="first")], run=("first", "x1")
        )
        expected = (2, 0)
        assert expected == (found.table("health").events, found.seen.left_out)

    def test_a_log_of_other_runs_alone_measures_nothing(self) -> None:
        assert cell("errors", "rate", [complete(run_name="other")], run="mine") is None

    def test_several_runs_answered_together_are_told(self) -> None:
        events = [complete(run_name=f"r{n}") for n in range(7)]
        found = answer_all([QUESTIONS["health"]], events)
        assert "events: 7 runs are answered together (r0, r1, r2, r3, r4 and 2 more); name one of them" in [
            note.text for note in found.notes
        ]

    def test_one_run_and_events_without_a_name_need_no_note(self) -> None:
        expected = ()
        assert expected == answer_all([QUESTIONS["health"]], [complete(run_name="a"), complete()]).notes

    def test_very_many_runs_are_lumped_together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(answer_module, "MOST_RUNS", 2)
        events = [complete(run_name=name) for name in ("a", "b", "c", "d", "a")]
        expected = {"a": 2, "…": 2, "b": 1}
        assert expected == answer_all([QUESTIONS["health"]], events).seen.runs
