"""What log answers could not use is told: nothing is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from checks.questions.answer import answer_all
from checks.questions.catalog import QUESTIONS
from checks.run import NoteKind

Event = Mapping[str, object]
TIME = "2026-11-22T12:00:00Z"


def complete(**fields: object) -> Event:
    return {"event": "rollout_complete", "duration_s": 5, "trajectory_count": 8, "_time": TIME, **fields}


def told(name: str, events: Iterable[Event]) -> list[tuple[NoteKind, str]]:
    return [(note.kind, note.text) for note in answer_all([QUESTIONS[name]], events).notes]


def test_complete_events_need_no_note() -> None:
    assert not told("rollout-timing", [complete()] * 3)


@pytest.mark.parametrize(("good", "kind"), [(98, NoteKind.LOST), (99, NoteKind.ODD)])
def test_up_to_one_percent_of_unusable_durations_is_odd_and_more_is_lost(good: int, kind: NoteKind) -> None:
    names = "duration_s, total_duration_s, duration_ms / 1000, total_duration_ms / 1000"
    text = (
        f"rollout-timing: 1 of {good + 1} rollout_complete have no usable duration_s (field {names}); "
        "the values rest on the others"
    )
    assert [(kind, text)] == told("rollout-timing", [complete(duration_s="NaN"), *[complete()] * good])


def test_a_duration_that_some_events_lack_is_lost() -> None:
    ((kind, text),) = told("rollout-timing", [complete(duration_s=None), complete()])
    assert kind is NoteKind.LOST
    assert "1 of 2 rollout_complete have no usable duration_s" in text


def test_a_field_that_was_never_logged_is_odd_for_there_was_nothing_to_lose() -> None:
    ((kind, text),) = told("rollout-timing", [complete(trajectory_count=None)] * 4)
    assert kind is NoteKind.ODD
    assert "4 of 4 rollout_complete have no usable trajectories" in text
    assert text.endswith("nothing of it is measured")


REQUEST: Event = {
    "event": "inference_timing_breakdown",
    "generation_time_s": 1,
    "input_tokens_per_second": 900,
    "output_tokens_per_second": 90,
    "batch_size": 8,
}


def test_a_field_that_need_not_be_there_is_told_only_where_it_cannot_be_used() -> None:
    assert not told("inference", [REQUEST])
    ((kind, text),) = told("inference", [{**REQUEST, "prefix_cache_hit_rate": "many"}])
    assert kind is NoteKind.LOST
    assert "1 of 1 inference_timing_breakdown have no usable cache_hit_rate" in text


def test_a_speed_that_stands_in_a_few_events_only_is_lost_in_the_others() -> None:
    """One fast request among a thousand without a speed is no evidence of speed."""
    bare: Event = {"event": "inference_timing_breakdown", "generation_time_s": 1}

    found = told("inference", [REQUEST, *([bare] * 99)])

    assert {kind for kind, _ in found} == {NoteKind.LOST}
    assert any("99 of 100 inference_timing_breakdown have no usable input_tokens_per_s" in text for _, text in found)


def test_bad_times_are_counted_for_each_event() -> None:
    events = [complete(_time="soon"), complete(), {"event": "rollout_start", "_time": "later"}]
    texts = [text for _, text in told("rollout-timing", events)]
    expected = [True, True]
    assert expected == [
        any("1 of 1 rollout_start have no usable time" in text for text in texts),
        any("1 of 2 rollout_complete have no usable time" in text for text in texts),
    ]


def test_scores_that_cannot_be_used_are_counted_by_seat() -> None:
    ((kind, text),) = told("outcomes", [complete(final_scores={"A": "x", "B": 1, "C": None}), complete(final_scores=7)])
    assert kind is NoteKind.LOST
    assert text.startswith("outcomes: 2 of 3 seats have no usable score (field final_scores, power_scores)")


def test_responses_that_outnumber_the_breakdowns_are_told() -> None:
    response: Event = {"event": "inference_response", "duration_ms": 1}
    assert not told("inference", [REQUEST, response])
    ((kind, text),) = told("inference", [REQUEST, response, response])
    assert kind is NoteKind.ODD
    assert text.startswith(
        "inference: answered from 1 inference_timing_breakdown; the 2 inference_response are not added"
    )


def test_events_without_a_name_are_counted() -> None:
    ((kind, text),) = told("errors", [{"msg": "x"}, {"event": ["x"]}, {"event": "queue"}])
    assert kind is NoteKind.ODD
    assert text.startswith("events: 2 of 3 have no name (field event, event_name, event_type)")


def test_a_note_that_two_groupings_share_is_told_once() -> None:
    question = QUESTIONS["rollout-timing"]
    notes = answer_all([question, question], [complete(duration_s="NaN")]).notes
    assert len(set(notes)) == len(notes)
    assert notes


def test_long_run_names_are_cut_in_notes() -> None:
    found = answer_all([QUESTIONS["health"]], [complete(run_name="x" * 400)], run="mine")
    assert ["x" * 80 in note.text and "x" * 81 not in note.text for note in found.notes] == [True]
