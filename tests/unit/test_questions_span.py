"""Parts of a log: by time and by severity, counted the same as if the rest had never been written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pytest

from checks.questions.answer import answer
from checks.questions.catalog import DEFAULT_FIELDS, QUESTIONS
from checks.questions.reader import Event
from checks.questions.span import Part, Span, parse_last


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def kept(events: Sequence[Event], **span: float | str) -> list[Event]:
    return list(Part(events, Span(**span), {}))  # type: ignore[arg-type]


EVENTS: tuple[Event, ...] = (
    {"event": "rollout_complete", "_time": "2026-01-05T08:00:00Z"},
    {"event": "rollout_error", "_time": "2026-01-05T09:00:00Z", "level": "error"},
    {"event": "rollout_error", "timestamp": "2026-01-05T10:00:00Z", "severity": "warning"},
    {"event": "rollout_complete"},
    {"event": "rollout_complete", "_time": "soon"},
)


def test_an_open_span_keeps_every_event_also_those_without_a_time() -> None:
    assert kept(EVENTS) == list(EVENTS)


@pytest.mark.parametrize(
    ("since", "until", "left"),
    [
        ("2026-01-05T08:00:00Z", "2026-01-05T10:00:00Z", [0, 1, 2]),
        ("2026-01-05T08:00:01Z", "2026-01-05T09:59:59Z", [1]),
        ("2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z", []),
    ],
)
def test_both_ends_of_a_span_belong_to_it(since: str, until: str, left: list[int]) -> None:
    part = Part(EVENTS, Span(since=at(since), until=at(until)), {})

    assert list(part) == [EVENTS[i] for i in left]
    assert part.timeless == 2
    assert list(part) == [EVENTS[i] for i in left]
    assert part.timeless == 2


def test_a_span_may_be_open_at_one_end() -> None:
    assert kept(EVENTS, since=at("2026-01-05T09:00:00Z")) == list(EVENTS[1:3])
    assert kept(EVENTS, until=at("2026-01-05T09:00:00Z")) == list(EVENTS[:2])


def test_a_severity_leaves_out_other_errors_and_nothing_else() -> None:
    assert kept(EVENTS, severity="error") == [EVENTS[i] for i in (0, 1, 3, 4)]
    answered = answer(QUESTIONS["errors"], Part(EVENTS, Span(severity="error"), {}), fields=DEFAULT_FIELDS)
    row = dict(zip(answered.columns, answered.rows[0], strict=True))
    assert (row["errors"], row["rate"]) == (1, 0.25)


def test_a_policys_own_names_tell_time_and_severity() -> None:
    event = {"event": "rollout_error", "when": 1_767_600_000, "how": "bad"}

    span = Span(since=1_767_500_000.0, severity="bad")
    assert list(Part([event], span, {"time": ("when",), "severity": ("how",)})) == [event]


@pytest.mark.parametrize(("text", "seconds"), [("30m", 1800), ("6h", 21600), ("7d", 604800), ("1w", 604800)])
def test_how_far_back(text: str, seconds: float) -> None:
    assert parse_last(text) == seconds


@pytest.mark.parametrize("text", ["", "6", "h", "0h", "-1h", "1.5h", "6 h", "1y", "9999999h", "6h "])
def test_what_is_no_time_range_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time range such as 30m, 6h, 7d or 1w"):
        parse_last(text)
