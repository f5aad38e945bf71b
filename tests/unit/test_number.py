"""Foreign spellings of numbers, and the rounding that makes decisions the same on every machine."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.number import finite, parse_number, round9, show_number


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (1, 1.0),
        (0.5, 0.5),
        (True, 1.0),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
        (" +INF ", math.inf),
        (math.inf, math.inf),
    ],
)
def test_a_number_stays_what_it_is(raw: object, expected: float) -> None:
    assert parse_number(raw) == expected


@pytest.mark.parametrize("raw", [None, math.nan, "NaN", "nan", " NAN\n"])
def test_a_missing_number_is_nan_whatever_its_spelling(raw: object) -> None:
    found = parse_number(raw)

    assert found is not None
    assert math.isnan(found)


@pytest.mark.parametrize("raw", ["0.5", "1", "", "text", [], {}, b"1"])
def test_text_and_objects_are_no_numbers(raw: object) -> None:
    assert parse_number(raw) is None


@given(st.floats())
def test_rounding_keeps_nine_digits_and_rounds_once(value: float) -> None:
    rounded = round9(value)

    assert rounded == round9(rounded) or math.isnan(value)
    assert rounded == pytest.approx(value, rel=5e-9, abs=0, nan_ok=True)
    assert math.isfinite(rounded) == math.isfinite(value)


@given(st.floats(-1e12, 1e12), st.sampled_from([-2e-16, -1e-16, 1e-16, 2e-16]))
def test_the_last_digits_of_a_processor_seldom_reach_the_rounded_value(value: float, error: float) -> None:
    """Two neighbours may still fall on both sides of a step between 9-digit numbers: then they differ by that step."""
    one, other = round9(value), round9(value * (1 + error))

    assert one == other or one == pytest.approx(other, rel=1.1e-8)


def test_the_rounded_value_of_zero_has_no_sign() -> None:
    assert math.copysign(1, round9(-0.0)) == 1
    assert math.copysign(1, round9(-1e-400)) == 1


def test_only_finite_numbers_reach_a_document() -> None:
    assert [finite(value) for value in (None, math.nan, math.inf, -math.inf)] == [None] * 4
    assert finite(0.1 + 0.2) == 0.3


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "–"),
        (math.nan, "NaN"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (0.0, "0"),
        (0.12345, "0.1235"),
        (-1234.5, "-1,234"),
        (1e15, "1e+15"),
        (-1e300, "-1e+300"),
    ],
)
def test_numbers_are_shown_short(value: float | None, expected: str) -> None:
    assert show_number(value) == expected


@given(st.floats())
def test_every_number_can_be_shown_on_one_short_line(value: float) -> None:
    assert 1 <= len(show_number(value)) <= 20
    assert show_number(float(np.float64(value))) == show_number(value)
