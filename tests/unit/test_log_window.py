"""When events of a run are looked for, and which other runs of its name may have written some of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from action.log_window import LOOK_BACK, MARGIN, LogWindow, log_window
from checks.run import Identity, NoteKind

NOW = datetime(2026, 1, 6, tzinfo=UTC)
START, END = datetime(2026, 1, 5, 6, tzinfo=UTC), datetime(2026, 1, 5, 7, tzinfo=UTC)


def run(started: str | None = "06:00", finished: str | None = "07:00", name: str = "a") -> Identity:
    times = (None if one is None else f"2026-01-05T{one}:00Z" for one in (started, finished))
    return Identity(id=name, name="grpo", **dict(zip(("started_at", "finished_at"), times, strict=True)))


def test_it_reaches_beyond_the_run_for_clocks_differ() -> None:
    assert log_window(run(), [], NOW) == LogWindow(since=START - MARGIN, until=END + MARGIN)


def test_it_ends_a_margin_after_now() -> None:
    assert log_window(run(finished=None), [], END).until == END
    assert log_window(run(finished="23:00"), [], END).until == END + MARGIN


def test_without_a_start_it_looks_back() -> None:
    assert log_window(run(started=None), [], NOW).since == NOW - LOOK_BACK - MARGIN


@pytest.mark.parametrize(
    ("started", "finished"),
    [("04:00", "05:00"), ("04:00", "05:45"), ("07:15", "08:00"), ("07:30", None), (None, "05:30")],
)
def test_a_namesake_of_another_time_changes_nothing(started: str | None, finished: str | None) -> None:
    assert log_window(run(), [run(started, finished, "b")], NOW) == log_window(run(), [], NOW)


@pytest.mark.parametrize("ended", ["05:50", "06:00"])
def test_the_margin_ends_where_a_namesake_was_at_work_before(ended: str) -> None:
    assert log_window(run(), [run("05:00", ended, "b")], NOW) == LogWindow(since=START, until=END + MARGIN)


@pytest.mark.parametrize("began", ["07:00", "07:10"])
def test_the_margin_ends_where_a_namesake_begins_after(began: str) -> None:
    assert log_window(run(), [run(began, None, "b")], NOW) == LogWindow(since=START - MARGIN, until=END)


@pytest.mark.parametrize(
    ("started", "finished"),
    [("05:00", "06:01"), ("06:59", "08:00"), ("06:10", "06:20"), ("05:00", "08:00"), ("05:00", None), (None, None)],
)
def test_a_namesake_at_work_at_the_same_time_is_a_loss(started: str | None, finished: str | None) -> None:
    [note] = log_window(run(), [run(started, finished, "b")], NOW).notes

    assert note.kind is NoteKind.LOST
    assert "another run was at work under the name grpo at the same time (b)" in note.text


def test_where_the_run_has_no_times_every_namesake_of_that_time_counts() -> None:
    assert log_window(run(None, None), [run(name="b")], NOW).notes
    assert not log_window(run(None, None), [run(name="b")], NOW + LOOK_BACK + timedelta(days=1)).notes


def test_the_first_of_many_are_named() -> None:
    [note] = log_window(run(), [run(name=name) for name in "bcdef"], NOW).notes

    assert "(b, c, d and 2 more)" in note.text
