"""The largest of several |z|: against closed forms, a numerical integral and Dunnett's printed table.

Dunnett 1964, Biometrics 20, 482–491, table II: two-sided 5 % points for comparing p treatments with a control, as in
every textbook on experiments.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.distribution import normal_quantile
from checks.elo.simultaneous import MANY, LargestT

optimize: Any = import_module("scipy.optimize")  # has no types
stats: Any = import_module("scipy.stats")


def equicorrelated(c: int, correlation: float = 0.5) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.full((c, c), correlation) + (1 - correlation) * np.eye(c)


@pytest.mark.parametrize("c", [1, 2, 5, 20, MANY, MANY + 1, 1000])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_independent_estimates_have_sidaks_tail(c: int, confidence: float) -> None:
    assert 1 - confidence ** (1 / c) == pytest.approx(LargestT(np.eye(c)).tail(confidence), rel=0.07)


@pytest.mark.parametrize(("c", "expected"), [(1, 1.96), (2, 2.21), (3, 2.35), (4, 2.44), (5, 2.51), (9, 2.69)])
def test_comparisons_with_a_control_have_dunnetts_quantile(c: int, expected: float) -> None:
    quantile = normal_quantile(1 - LargestT(equicorrelated(c)).tail(0.95) / 2)

    assert expected == pytest.approx(quantile, abs=0.02)


@pytest.mark.parametrize(("c", "correlation"), [(2, 0.2), (4, 0.5), (8, 0.9)])
@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_tail_is_that_of_the_integral_over_the_common_part(c: int, correlation: float, confidence: float) -> None:
    z, weight = np.polynomial.hermite_e.hermegauss(150)

    def coverage(q: float) -> float:
        ends = ((side * q - z * correlation**0.5) / (1 - correlation) ** 0.5 for side in (1, -1))
        upper, lower = (stats.norm.cdf(end) for end in ends)
        return float((upper - lower) ** c @ weight / np.sqrt(2 * np.pi))

    q = optimize.brentq(lambda q: coverage(q) - confidence, 1, 6)

    assert 2 * stats.norm.sf(q) == pytest.approx(LargestT(equicorrelated(c, correlation)).tail(confidence), rel=0.07)


@pytest.mark.parametrize("c", [1, 3, 10, MANY + 1])
@pytest.mark.parametrize("tail", [0.3, 0.02])
def test_the_chance_that_some_independent_estimate_is_so_far_out_is_known(c: int, tail: float) -> None:
    assert 1 - (1 - tail) ** c == pytest.approx(LargestT(np.eye(c)).chance(tail), rel=0.04)


@settings(max_examples=20)
@given(st.integers(1, 6), st.floats(0, 0.95), st.floats(0.5, 0.99))
def test_chance_and_tail_undo_one_another(c: int, correlation: float, confidence: float) -> None:
    largest = LargestT(equicorrelated(c, correlation))

    assert largest.chance(largest.tail(confidence)) == pytest.approx(1 - confidence, rel=1e-3, abs=1e-4)


@settings(max_examples=20)
@given(st.integers(1, 6), st.floats(0, 0.95), st.floats(0.5, 0.999), st.floats(1e-9, 1))
def test_several_are_never_surer_than_one(c: int, correlation: float, confidence: float, tail: float) -> None:
    largest = LargestT(equicorrelated(c, correlation))

    assert 0 < largest.tail(confidence) <= 1 - confidence
    assert tail <= largest.chance(tail) <= 1


@settings(max_examples=10)
@given(st.integers(2, 6), st.floats(0, 0.9), st.floats(1e-12, 1e12))
def test_the_tail_shrinks_with_the_number_grows_with_the_correlation_and_knows_no_unit(
    c: int, correlation: float, unit: float
) -> None:
    found = LargestT(equicorrelated(c, correlation)).tail(0.95)

    assert found >= LargestT(equicorrelated(c + 1, correlation)).tail(0.95) * 0.96
    assert found <= LargestT(equicorrelated(c, correlation + 0.09)).tail(0.95) * 1.04
    assert found == pytest.approx(LargestT(equicorrelated(c, correlation) * unit).tail(0.95), rel=1e-6)


def test_estimates_that_are_all_the_same_are_one() -> None:
    assert LargestT(np.ones((7, 7))).tail(0.95) == pytest.approx(0.05, rel=0.04)


def test_an_estimate_without_variance_takes_no_part() -> None:
    covariance = np.zeros((3, 3))
    covariance[:2, :2] = equicorrelated(2)

    assert (LargestT(covariance).size, LargestT(np.zeros((2, 2))).size) == (2, 0)
    assert LargestT(covariance).tail(0.95) == LargestT(equicorrelated(2)).tail(0.95)
    assert LargestT(np.zeros((2, 2))).tail(0.95) == pytest.approx(0.05)


@pytest.mark.parametrize("c", [1, 3, MANY + 1])
def test_what_is_infinitely_far_out_never_happens_by_chance(c: int) -> None:
    assert LargestT(np.eye(c)).chance(0.0) == 0


def test_the_same_input_gives_the_same_number() -> None:
    assert LargestT(equicorrelated(4)).tail(0.95) == LargestT(equicorrelated(4)).tail(0.95)
