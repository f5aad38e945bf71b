"""Trends and drops: against brute force, and free of the unit of what they measure."""

from __future__ import annotations

import itertools
import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checks.distribution import normal_quantile
from checks.trend import (
    MAX_POINTS,
    Estimate,
    bin_points,
    cut_blocks,
    end_below_peak,
    kendall_variance,
    mann_kendall,
    slope,
    trend,
)
from tests.builders import noise

Array = np.ndarray[tuple[int], np.dtype[np.float64]]

numbers = arrays.arrays(np.float64, st.integers(8, 40), elements=st.floats(-1e6, 1e6).map(lambda v: round(v, 3)))
powers = st.integers(-20, 20).map(lambda e: 2.0**e)


def steps(values: Array) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(values.size, dtype=np.int64)


def ends(found: Estimate) -> tuple[float, float, float]:
    return found.value, found.low, found.high


@given(numbers, st.integers(1, 5))
def test_theil_sen_is_the_median_of_all_slopes(values: Array, apart: int) -> None:
    at = steps(values) * apart
    pairs = [(values[j] - values[i]) / (at[j] - at[i]) for i, j in itertools.combinations(range(values.size), 2)]

    found = slope(at, values)

    assert found.value == pytest.approx(float(np.median(pairs)), rel=1e-12, abs=1e-12)
    assert found.low <= found.value <= found.high
    assert found.n == values.size


@given(numbers, powers)
def test_a_slope_scales_with_its_values(values: Array, factor: float) -> None:
    assert ends(slope(steps(values), values * factor)) == tuple(v * factor for v in ends(slope(steps(values), values)))


@given(numbers.map(np.round), st.integers(-1000, 1000))
def test_a_slope_does_not_see_a_shift(values: Array, shift: int) -> None:
    assert ends(slope(steps(values), values + shift)) == pytest.approx(ends(slope(steps(values), values)))


@given(numbers)
def test_a_slope_upside_down_is_the_slope_with_the_other_sign(values: Array) -> None:
    """Else a fall would have to be more certain than a rise."""
    value, low, high = ends(slope(steps(values), values))

    assert ends(slope(steps(values), -values)) == (-value, -high, -low)


@given(st.permutations(range(20)), st.floats(0, 0.4))
def test_the_interval_of_a_slope_leaves_out_zero_exactly_when_mann_kendall_finds_a_trend(
    ranks: list[int], tilt: float
) -> None:
    values = np.array(ranks, np.float64) + tilt * 10 * np.arange(20)
    values += np.linspace(0, 1e-6, 20)  # no ties
    s = sum(np.sign(values[j] - values[i]) for i, j in itertools.combinations(range(20), 2))
    found = slope(steps(values), values)

    significant = abs(s) > normal_quantile(0.975) * math.sqrt(kendall_variance(values))

    assert significant == (found.low > 0 or found.high < 0)


def test_the_variance_of_mann_kendall_is_that_of_the_published_formula() -> None:
    """Kendall 1975: n(n-1)(2n+5)/18 without ties; a tie of t values takes t(t-1)(2t+5)/18 off."""
    alternating = np.array([0.0, 9, 1, 8, 2, 7, 3, 6, 4, 5])

    assert kendall_variance(alternating) == 10 * 9 * 25 / 18
    tied = np.array([0.0, 9, 1, 8, 2, 9, 3, 0, 4, 5])
    assert kendall_variance(tied) == (10 * 9 * 25 - 2 * (2 * 1 * 9)) / 18


def test_correlated_noise_widens_the_variance_and_never_narrows_it() -> None:
    assert kendall_variance(noise(200, correlation=0.9)) > 2 * 200 * 199 * 405 / 18
    assert kendall_variance(np.tile([1.0, -1.0], 50) + 1e-9 * np.arange(100)) >= 100 * 99 * 205 / 18 * 0.99


def test_the_p_value_of_mann_kendall_does_not_see_the_direction_and_is_one_without_any() -> None:
    values = np.linspace(0, 1, 40) + noise(40)

    assert 0 < mann_kendall(steps(values), values) == mann_kendall(steps(values), -values) < 0.5
    assert mann_kendall(steps(values), np.ones(40)) == 1
    # S = 45, variance 125: z = 44 / sqrt(125)
    assert mann_kendall(np.arange(10), np.arange(10.0)) == pytest.approx(2 * (1 - NormalDist().cdf(44 / 125**0.5)))


def test_values_at_one_step_have_no_slope() -> None:
    found = slope(np.zeros(10, np.int64), np.arange(10.0))

    assert all(map(math.isnan, ends(found)))
    assert all(map(math.isnan, ends(trend(np.zeros(10, np.int64), np.arange(10.0)))))


def test_the_order_of_recording_does_not_matter_for_a_slope() -> None:
    values = noise(50)
    shuffled = np.random.default_rng(0).permutation(50)

    assert ends(slope(steps(values)[shuffled], values[shuffled])) == ends(slope(steps(values), values))


def test_long_series_are_averaged_into_bins_that_keep_the_mean_and_the_order() -> None:
    x, y = bin_points(np.arange(10_001)[::-1], np.arange(10_001.0)[::-1])

    assert x.size == y.size == MAX_POINTS
    assert (np.diff(x) > 0).all()
    assert x.tolist() == y.tolist()
    assert 4 <= np.diff(x).min() <= np.diff(x).max() <= 6


def test_a_long_series_keeps_its_slope() -> None:
    long = 0.01 * np.arange(30_000) + noise(30_000)

    assert slope(steps(long), long).value == pytest.approx(0.01, rel=0.01)


@pytest.mark.parametrize("estimate", [trend, end_below_peak])
@given(values=numbers, factor=powers)
@settings(max_examples=50)
def test_trend_and_drop_do_not_see_the_unit(estimate: object, values: Array, factor: float) -> None:
    assert callable(estimate)
    assert ends(estimate(steps(values), values * factor)) == pytest.approx(
        ends(estimate(steps(values), values)), rel=1e-6, abs=1e-9, nan_ok=True
    )


@pytest.mark.parametrize("estimate", [trend, end_below_peak])
@given(seed=st.integers(0, 1000), shift=st.floats(-5, 5))
@settings(max_examples=30)
def test_trend_and_drop_do_not_see_a_shift_where_the_range_dominates_the_level(
    estimate: object, seed: int, shift: float
) -> None:
    values = 10 * np.sin(np.linspace(0, 3, 60)) + noise(60, seed)

    assert callable(estimate)
    assert ends(estimate(steps(values), values + shift)) == pytest.approx(
        ends(estimate(steps(values), values)), rel=1e-6, abs=1e-9
    )


@given(numbers)
def test_a_drop_is_a_share_of_the_range(values: Array) -> None:
    found = end_below_peak(steps(values), values)

    assert 0 <= found.value <= 1 + 1e-12
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize("size", [8, 9, 39, 40, 100])
def test_blocks_hold_at_least_four_points_and_all_of_them(size: int) -> None:
    blocks = cut_blocks(np.arange(size), noise(size))

    assert blocks.sizes.sum() == size
    assert blocks.sizes.min() >= 4
    assert blocks.sizes.size == blocks.means.size == blocks.middles.size == min(10, size // 4)
    assert 1 <= blocks.inflation <= 19


def test_noise_of_independent_values_is_inflated_a_little_and_correlated_noise_much() -> None:
    plain = np.mean([cut_blocks(np.arange(200), noise(200, seed)).inflation for seed in range(30)])
    correlated = np.mean([cut_blocks(np.arange(200), noise(200, seed, 0.6)).inflation for seed in range(30)])

    assert plain < 1.4
    assert correlated == pytest.approx((1 + 0.6) / (1 - 0.6), rel=0.25)


@pytest.mark.parametrize("level", [0.0, 0.1, -3.0, 1e12])
def test_a_flat_line_neither_rises_nor_falls(level: float) -> None:
    values = np.full(40, level)

    assert ends(end_below_peak(steps(values), values)) == (0, 0, 0)
    assert ends(trend(steps(values), values)) == (0, 0, 0)


def test_a_certain_but_tiny_fall_stays_small() -> None:
    """A fall of 0.1 % of the level, without noise, is certain and does not matter."""
    values = np.linspace(1000, 999, 100)

    assert trend(steps(values), values).low > -0.02
    assert end_below_peak(steps(values), values).high < 0.02


def test_a_collapse_is_found_where_the_peak_was() -> None:
    values = np.concatenate([np.linspace(0, 1, 60), np.linspace(1, 0, 40)]) + 0.05 * noise(100)

    found = end_below_peak(steps(values), values)

    assert found.value == pytest.approx(1, abs=0.15)
    assert found.low > 0.7
    assert found.step is not None
    assert 50 <= found.step <= 70


def test_an_estimate_remembers_its_confidence_and_widens_with_it() -> None:
    values = noise(60)

    for estimate in (slope, trend, end_below_peak):
        wide, narrow = estimate(steps(values), values, 0.99), estimate(steps(values), values, 0.8)
        assert (wide.confidence, narrow.confidence) == (0.99, 0.8)
        assert wide.low <= narrow.low <= narrow.high <= wide.high


@pytest.mark.parametrize(("n", "collapsed"), [(100, 3), (100, 7), (500, 25), (1000, 50)])
def test_a_collapse_just_before_the_end_is_seen(n: int, collapsed: int) -> None:
    """The last checkpoint is what would be promoted, however long the run was good before."""
    values = np.arange(n) / n + 0.05 * noise(n)
    values[-collapsed:] = 0.05 * noise(collapsed, 7)

    assert end_below_peak(np.arange(n), values).low > 0.5
