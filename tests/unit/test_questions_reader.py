"""Which of a writer's names holds a field, and what counts as a number, a text, a time or an object of scores."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.questions.answer import answer, answer_all
from checks.questions.catalog import DEFAULT_FIELDS, QUESTIONS
from checks.questions.reader import (
    Alternative,
    Event,
    number_reader,
    object_reader,
    parse_alternative,
    parse_name,
    text_reader,
    time_reader,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


def shown(value: float | None) -> str:
    return repr(value)


class TestNames:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("duration_s", Alternative(name="duration_s")),
            ("attributes.duration-ms / 1000", Alternative(name="attributes.duration-ms", over=1000)),
            ("wait time*60", Alternative(name="wait time", times=60)),
            ("x / 0.5", Alternative(name="x", over=0.5)),
        ],
    )
    def test_a_name_may_be_scaled(self, text: str, expected: Alternative) -> None:
        assert expected == parse_alternative(text)

    @pytest.mark.parametrize(
        "text", ["", " x", "x ", "a  b", "x + 1", "x / ", "x / y", "x\n", "x'] | drop", "x / -1", "é"]
    )
    def test_anything_else_is_refused_with_what_is_expected(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"expected a field name .*alone or scaled as `name / 1000`.*, got "):
            parse_alternative(text)

    @pytest.mark.parametrize("text", ["x / 0", "x * 0.0", "x / 1.2.3", "x * ."])
    def test_a_factor_must_be_a_number_above_zero(self, text: str) -> None:
        with pytest.raises(ValueError, match=r"expected a factor above 0 after `[*/]` of field x, got"):
            parse_alternative(text)

    def test_a_text_or_an_object_cannot_be_scaled(self) -> None:
        with pytest.raises(ValueError, match="expected the name of power alone, got 'seat / 2': only numbers"):
            parse_name("power", "seat / 2")
        assert parse_name("time", "stamp / 1000").scaled

    def test_a_policy_may_replace_the_names_of_one_field(self) -> None:
        events = [{"kind": "rollout_complete", "wait": 2, "duration_s": 99}]
        fields = {"event": ("kind",), "duration_s": ("wait * 60",)}
        found = answer(QUESTIONS["rollout-timing"], events, fields=fields)
        expected = 120
        assert expected == found.rows[0][found.columns.index("avg_s")]

    def test_a_field_that_no_question_knows_is_refused(self) -> None:
        with pytest.raises(ValueError, match="expected a field of log events, got 'durations'; there are event, time"):
            answer(QUESTIONS["errors"], [], fields={"durations": ("x",)})

    @pytest.mark.parametrize("fields", [{"scores": ("s / 2",)}, {"event": ("e * 2",)}, {"batch_size": ("'",)}])
    def test_a_name_that_cannot_be_read_is_refused_before_any_event(self, fields: dict[str, tuple[str, ...]]) -> None:
        with pytest.raises(ValueError, match=r"^expected "):
            answer_all([QUESTIONS["errors"]], [], fields=fields)

    def test_all_default_names_can_be_read(self) -> None:
        for field, names in DEFAULT_FIELDS.items():
            assert names
            assert all(parse_name(field, name).name for name in names)


class TestNumbers:
    read = staticmethod(number_reader(("s", "ms / 1000")))

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            ({}, None),
            ({"s": None, "ms": None}, None),
            ({"s": 2}, 2.0),
            ({"s": 0}, 0.0),
            ({"s": None, "ms": 2500}, 2.5),
            ({"s": 3, "ms": 1}, 3.0),
            ({"s": "NaN", "ms": 1000}, 1.0),
            ({"s": True}, math.nan),
            ({"s": "2"}, math.nan),
            ({"s": -0.5}, math.nan),
            ({"s": math.inf}, math.nan),
            ({"s": -(10**400)}, math.nan),
            ({"s": 10**400}, math.nan),
            ({"s": {"value": 2}}, math.nan),
        ],
    )
    def test_the_first_usable_number_wins(self, event: Event, expected: float | None) -> None:
        assert shown(expected) == shown(self.read(event))

    def test_scaling_that_overflows_is_no_number(self) -> None:
        assert shown(math.nan) == shown(number_reader(("x * 1000",))({"x": 1e308}))

    def test_a_name_with_dots_is_flat_or_nested(self) -> None:
        read = number_reader(("a.b.c",))
        events: list[Event] = [{"a.b.c": 1}, {"a": {"b": {"c": 2}}}, {"a": {"b": 3}}, {"a": 4}, {}]
        expected = [1, 2, None, None, None]
        assert expected == [read(event) for event in events]


class TestTexts:
    @pytest.mark.parametrize(
        ("value", "expected"),
        [
            ("boom\nat line 1", "boom\nat line 1"),
            ("", None),
            (None, None),
            (["a"], None),
            ({"a": 1}, None),
            (False, "false"),
            (3, "3"),
            (-3.0, "-3"),
            (0.5, "0.5"),
            (math.nan, "nan"),
            (10**400, "inf"),
            ("é" * 501, "é" * 500),
        ],
    )
    def test_texts_numbers_and_booleans_name_a_group(self, value: object, expected: str | None) -> None:
        assert expected == text_reader(("a",))({"a": value})

    def test_an_empty_text_gives_way_to_the_next_name(self) -> None:
        read = text_reader(("a", "b"))
        expected = ["x", "y", None]
        assert expected == [read({"a": "", "b": "x"}), read({"a": "y", "b": "x"}), read({})]


class TestTimes:
    read = staticmethod(time_reader(("_time", "stamp / 1000")))

    @pytest.mark.parametrize(
        ("written", "expected"),
        [
            ("2026-11-22T12:00:00Z", NOON),
            ("2026-11-22T12:00:00.25Z", NOON + 0.25),
            ("2026-11-22T12:00:00.123456789Z", NOON + 0.123456),
            ("2026-11-22T14:30:00+02:30", NOON),
            ("2026-11-22 12:00:00", NOON),
            (NOON, NOON),
            (datetime(2026, 11, 22, 12, tzinfo=UTC), NOON),
            (datetime(2026, 11, 22, 12), NOON),  # noqa: DTZ001 - a Parquet column without a time zone
            (datetime(2026, 11, 22, 7, tzinfo=timezone(timedelta(hours=-5))), NOON),
        ],
    )
    def test_rfc_3339_and_unix_seconds_are_times(self, written: object, expected: float) -> None:
        assert expected == self.read({"_time": written})

    @pytest.mark.parametrize(
        "written",
        [
            "yesterday",
            "",
            "2026-02-30T12:00:00Z",
            "2026-11-22T23:59:60Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22",
            "20261122T120000Z",
            "2026-11-22T12:00:00Z\n",
            "٢٠٢٦-11-22T12:00:00Z",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "1969-12-31T23:59:59Z",
            -1,
            True,
            math.nan,
            math.inf,
            [NOON],
            NOON * 1000,
        ],
    )
    def test_anything_else_is_no_usable_time(self, written: object) -> None:
        assert shown(math.nan) == shown(self.read({"_time": written}))

    def test_the_next_name_stands_in(self) -> None:
        expected = [NOON, None]
        assert expected == [self.read({"_time": "soon", "stamp": NOON * 1000}), self.read({})]

    @given(
        st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2099, 12, 30)),  # noqa: DTZ001 - aware below
        st.integers(-14 * 60, 14 * 60),
    )
    def test_every_offset_gives_the_same_instant(self, naive: datetime, minutes: int) -> None:
        moment = naive.replace(tzinfo=UTC)
        written = moment.astimezone(timezone(timedelta(minutes=minutes))).isoformat()
        assert moment.timestamp() == self.read({"_time": written})


class TestObjects:
    read = staticmethod(object_reader(("scores", "points")))

    @pytest.mark.parametrize(
        ("event", "expected"),
        [
            ({}, None),
            ({"scores": None}, None),
            ({"scores": {"A": 1}}, {"A": 1}),
            ({"scores": {}}, {}),
            ({"scores": 3}, {}),
            ({"scores": [1], "points": {"A": 1}}, {"A": 1}),
            ({"points.A": 1, "points.B": 2, "pointsC": 3}, {"A": 1, "B": 2}),
            ({"scores": "x", "scores.A": 1}, {"A": 1}),
        ],
    )
    def test_an_object_is_nested_or_flat(self, event: Event, expected: object) -> None:
        assert expected == self.read(event)
