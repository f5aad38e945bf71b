"""What a policy can ask of a series: each statistic, with NaN left out and told, and infinities never hidden."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checks.run import Series
from checks.statistic import NAMES, Observation, Statistic, is_statistic, last_index, observe, quantile
from checks.window import Window, parse_window
from tests.builders import series

finite = st.floats(-1e100, 1e100)
some = arrays.arrays(np.float64, st.integers(1, 40), elements=finite)


def seen(values: Series | list[float], stat: str, *, above: float | None = None, window: str = "all") -> Observation:
    one = values if isinstance(values, Series) else series(values)
    span = (int(one.steps.min()), int(one.steps.max())) if one.steps.size else (0, 0)
    return observe(one, Statistic(name=stat, above=above), parse_window(window), span)


@pytest.mark.parametrize(
    ("stat", "value", "step"),
    [
        ("last", 4.0, 4),
        ("mean", 3.0, None),
        ("median", 3.0, None),
        ("p50", 3.0, None),
        ("p25", 2.0, None),
        ("p90", 4.6, None),
        ("min", 1.0, 2),
        ("max", 5.0, 3),
    ],
)
def test_facts_of_five_values(stat: str, value: float, step: int | None) -> None:
    found = seen([3, 2, 1, 5, 4], stat)

    assert found.value == pytest.approx(value)
    assert (found.step, found.n, found.nan, found.infinite) == (step, 5, 0, 0)
    assert (found.low, found.high) == (None, None)


def test_shares_and_counts_are_of_values_above_not_at_the_threshold() -> None:
    assert seen([0.1, 0.2, 0.3, 0.4], "share-above", above=0.2).value == 0.5
    assert seen([0.1, 0.2, 0.3, 0.4], "count-above", above=0.2).value == 2


def test_the_share_above_leaves_nan_out_of_the_whole() -> None:
    assert seen([0.1, math.nan, 0.3, math.nan], "share-above", above=0.2).value == 0.5


@pytest.mark.parametrize("stat", [*NAMES, "p1", "p99"])
def test_nan_is_left_out_and_counted(stat: str) -> None:
    above = 0.5 if stat.endswith("-above") else None
    values = [float(i % 7) for i in range(30)]
    spoilt = series([*values, *[math.nan] * 3])

    found = seen(spoilt, stat, above=above)
    expected = seen(values, stat, above=above)

    assert (found.n, found.nan) == (30, 3)
    assert found.value == expected.value


@pytest.mark.parametrize("stat", [*NAMES, "p97"])
@pytest.mark.parametrize("values", [[], [math.nan] * 20])
def test_without_a_value_there_is_no_statistic(stat: str, values: list[float]) -> None:
    found = seen(values, stat, above=0.5 if stat.endswith("-above") else None)

    assert math.isnan(found.value)
    assert (found.n, found.nan) == (0, len(values))


@pytest.mark.parametrize("stat", [*NAMES, "p97"])
def test_an_infinite_value_is_counted_whatever_the_statistic(stat: str) -> None:
    found = seen([*range(20), math.inf, -math.inf], stat, above=0.5 if stat.endswith("-above") else None)

    assert (found.n, found.infinite) == (22, 2)


@pytest.mark.parametrize("stat", ["slope", "trend", "end-below-peak"])
def test_trends_of_infinite_or_too_few_values_do_not_exist(stat: str) -> None:
    assert math.isnan(seen([*range(20), math.inf], stat).value)
    assert math.isnan(seen([1, 2, 3, 4, 5, 6, 7], stat).value)
    assert seen([1, 2, 3, 4, 5, 6, 7, 8], stat).low is not None


def test_a_slope_is_told_per_100_steps() -> None:
    found = seen(series(np.arange(20) * 0.5, steps=np.arange(20) * 10), "slope")

    assert (found.value, found.low, found.high) == (5.0, 5.0, 5.0)


def test_order_statistics_of_infinite_values_are_infinite() -> None:
    assert seen([1, 2, math.inf], "max").value == math.inf
    assert seen([1, 2, -math.inf], "min").value == -math.inf
    assert seen([1, math.inf, math.inf], "median").value == math.inf
    assert math.isnan(seen([math.inf, -math.inf], "mean").value)


def test_the_last_value_is_that_of_the_highest_step_and_the_latest_of_equals() -> None:
    resumed = series([1, 2, 3, 4, 5], steps=[0, 5, 9, 9, 3])

    assert (seen(resumed, "last").value, seen(resumed, "last").step) == (4, 9)
    assert last_index(np.array([0, 5, 9, 9, 3])) == 3


def test_only_the_window_counts_and_its_first_step_is_told() -> None:
    found = seen([*[math.nan] * 50, *[1.0] * 50], "mean", window="last 40 steps")

    assert (found.value, found.n, found.nan, found.first_step) == (1.0, 40, 0, 60)


def test_a_window_is_relative_to_the_run_not_to_the_series() -> None:
    ended = series(np.arange(100.0))

    found = observe(ended, Statistic(name="mean"), parse_window("last 50%"), (0, 999))

    assert found.n == 0
    assert math.isnan(found.value)


@given(some, st.integers(0, 100))
def test_a_quantile_is_that_of_numpy(values: np.ndarray[tuple[int], np.dtype[np.float64]], percent: int) -> None:
    assert quantile(values, percent / 100) == pytest.approx(float(np.quantile(values, percent / 100)), rel=1e-9)


@given(some, st.randoms(use_true_random=False))
def test_a_quantile_does_not_depend_on_the_order(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], random: object
) -> None:
    assert quantile(values, 0.3) == quantile(values[::-1].copy(), 0.3)


@given(arrays.arrays(np.float64, st.integers(1, 30), elements=st.floats()), st.sampled_from([*NAMES, "p7", "p95"]))
def test_no_values_break_a_statistic(values: np.ndarray[tuple[int], np.dtype[np.float64]], stat: str) -> None:
    """Overflow, subnormal numbers, NaN and infinities give a number or none: no warning and no error."""
    found = seen(series(values), stat, above=0.0 if stat.endswith("-above") else None)

    assert found.n + found.nan == values.size
    assert found.n == int((~np.isnan(values)).sum())


def test_a_mean_that_overflows_is_infinite_and_so_beyond_any_bound() -> None:
    assert seen([1e308] * 20, "mean").value == math.inf


@pytest.mark.parametrize("name", ["p0", "p00", "p05", "p100", "P95", "p", "average", "", "p9.5", "last "])
def test_other_names_are_no_statistics(name: str) -> None:
    assert not is_statistic(name)


def test_a_statistic_knows_its_unit_least_samples_and_name() -> None:
    assert [Statistic(name=name).unit for name in ("mean", "share-above", "slope", "trend")] == [
        None,
        "share",
        "per 100 steps",
        "of its range",
    ]
    assert (Statistic(name="last").least_samples, Statistic(name="max").least_samples) == (1, 10)
    assert (str(Statistic(name="p95")), str(Statistic(name="share-above", above=0.2))) == ("p95", "share-above 0.2")
    assert Statistic(name="median").quantile == Statistic(name="p50").quantile == 0.5
    assert Statistic(name="mean").quantile is None
    assert [Statistic(name=name).is_estimate for name in ("trend", "p95")] == [True, False]
    assert str(Window()) == "all steps"
