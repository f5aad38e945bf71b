"""The row of a metric at a glance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checks.run import Scalar
from checks.summary import COLUMNS, role_of, summarise
from tests.builders import series


def row(values: object, steps: object | None = None) -> dict[str, Scalar]:
    return dict(zip(COLUMNS, summarise(series(values, "kl", steps), "kl"), strict=True))


def test_a_row_tells_what_a_person_asks_first() -> None:
    assert row(np.arange(1.0, 12.0)) == {
        "metric": "kl",
        "role": "kl",
        "n": 11,
        "non_finite": 0,
        "first": 1,
        "last": 11,
        "min": 1,
        "max": 11,
        "mean": 6,
        "p50": 6,
        "p95": 10.5,
        "slope": 100,
    }


def test_first_and_last_go_by_the_step() -> None:
    found = row([5.0, 1.0, 3.0], [9, 0, 9])

    assert (found["first"], found["last"], found["slope"]) == (1, 3, None)


def test_values_that_are_not_finite_are_counted_and_left_out() -> None:
    found = row([1.0, math.nan, math.inf, 3.0])

    assert (found["n"], found["non_finite"], found["mean"], found["max"]) == (4, 2, 2, 3)


@pytest.mark.parametrize("values", [[], [math.nan] * 9, [math.inf]])
def test_without_a_finite_value_there_is_nothing_to_tell(values: list[float]) -> None:
    found = row(values)

    assert (found["n"], found["non_finite"]) == (len(values), len(values))
    assert {found[name] for name in COLUMNS[4:]} == {None}


def test_values_at_one_step_have_no_slope() -> None:
    assert row(np.arange(20.0), np.zeros(20))["slope"] is None


@given(arrays.arrays(np.float64, st.integers(0, 30), elements=st.floats()))
def test_a_row_holds_finite_numbers_alone(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    found = row(values)

    assert found["n"] == values.size
    assert all(isinstance(cell, int | float | str | None) for cell in found.values())
    assert not any(isinstance(cell, float) and not math.isfinite(cell) for cell in found.values())


def test_a_metric_has_the_first_role_that_names_it() -> None:
    roles = {"kl": ("train/kl", "kl"), "other": ("kl",)}

    assert (role_of("kl", roles), role_of("loss", roles)) == ("kl", None)
