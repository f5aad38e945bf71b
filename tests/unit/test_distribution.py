"""Quantiles and probabilities against printed tables, closed forms and SciPy.

Tables of Student's t and of chi-squared: NIST/SEMATECH e-Handbook of Statistical Methods, sections 1.3.6.7.2 and
1.3.6.7.4, upper critical values; the same numbers stand in every textbook.
"""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.distribution import (
    chi2_tail,
    f_tail,
    incomplete_beta,
    normal_probability,
    normal_quantile,
    t_probability,
    t_quantile,
)

stats: Any = import_module("scipy.stats")  # has no types
SHARES = (0.90, 0.95, 0.975, 0.99, 0.995, 0.999)
TABLE = {
    1: (3.078, 6.314, 12.706, 31.821, 63.657, 318.309),
    2: (1.886, 2.920, 4.303, 6.965, 9.925, 22.327),
    5: (1.476, 2.015, 2.571, 3.365, 4.032, 5.893),
    10: (1.372, 1.812, 2.228, 2.764, 3.169, 4.144),
    30: (1.310, 1.697, 2.042, 2.457, 2.750, 3.385),
    60: (1.296, 1.671, 2.000, 2.390, 2.660, 3.232),
    100: (1.290, 1.660, 1.984, 2.364, 2.626, 3.174),
}


@pytest.mark.parametrize(
    ("df", "p", "expected"), [(df, p, t) for df, row in TABLE.items() for p, t in zip(SHARES, row, strict=True)]
)
def test_students_t_has_the_quantiles_of_the_printed_table(df: int, p: float, expected: float) -> None:
    assert t_quantile(p, df) == pytest.approx(expected, abs=0.0006)


def test_students_t_with_many_degrees_of_freedom_is_the_normal() -> None:
    assert t_quantile(0.975, 1e6) == pytest.approx(normal_quantile(0.975), abs=5e-6)
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=5e-7)


@given(st.floats(0.001, 0.999), st.floats(1, 200))
def test_students_t_is_symmetric(p: float, df: float) -> None:
    assert t_quantile(p, df) == pytest.approx(-t_quantile(1 - p, df), rel=1e-9, abs=1e-9)


@given(st.floats(0.55, 0.99), st.floats(1, 200))
def test_students_t_grows_with_the_share_and_falls_with_the_degrees_of_freedom(p: float, df: float) -> None:
    assert t_quantile(p + 0.005, df) > t_quantile(p, df)
    assert t_quantile(p, df + 1) < t_quantile(p, df)


@given(st.floats(0.01, 100), st.floats(0, 1))
def test_the_incomplete_beta_function_has_its_closed_forms(a: float, x: float) -> None:
    """DLMF 8.17: I_x(a, 1) = x^a, I_x(1, b) = 1 - (1 - x)^b, I_x(a, b) = 1 - I_{1-x}(b, a)."""
    assert incomplete_beta(a, 1, x) == pytest.approx(x**a, rel=1e-10, abs=1e-14)
    assert incomplete_beta(1, a, x) == pytest.approx(-math.expm1(a * math.log1p(-x)) if x < 1 else 1, abs=1e-12)


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0.001, 0.999))
def test_the_incomplete_beta_function_mirrors(a: float, b: float, x: float) -> None:
    assert incomplete_beta(a, b, x) == pytest.approx(1 - incomplete_beta(b, a, 1 - x), abs=1e-10)


def test_the_incomplete_beta_function_ends_at_0_and_1() -> None:
    assert (incomplete_beta(2, 3, -0.1), incomplete_beta(2, 3, 0)) == (0, 0)
    assert (incomplete_beta(2, 3, 1), incomplete_beta(2, 3, 1.1)) == (1, 1)


@pytest.mark.parametrize("a", [1e4, 1e8, 1e12])
def test_the_incomplete_beta_function_of_large_parameters_is_nearly_normal_and_ends(a: float) -> None:
    """The fraction is cut after 10,000 terms: enough for the fourth digit even where it would need a million."""
    one_sd_below = 0.5 - 0.5 / math.sqrt(2 * a + 1)

    assert incomplete_beta(a, a, one_sd_below) == pytest.approx(0.158655, abs=6e-4)


def test_the_smallest_step_from_the_middle_has_a_quantile() -> None:
    assert 0 < t_quantile(math.nextafter(0.5, 1), 3) < 1e-6


def test_the_incomplete_beta_function_ends_even_where_its_fraction_does_not_converge() -> None:
    """Parameters of 10^18 are beyond any run; what is asked of them is an answer in time."""
    assert 0 <= incomplete_beta(1e18, 1e18, 0.49999999999) <= 1


@given(st.floats(1e-6, 1 - 1e-6), st.floats(0.5, 1e6))
def test_students_t_has_scipys_quantile(p: float, df: float) -> None:
    assert stats.t.ppf(p, df) == pytest.approx(t_quantile(p, df), rel=1e-7, abs=1e-9)


@given(st.floats(-1e4, 1e4), st.floats(0.5, 1e6))
def test_students_t_has_scipys_probability_and_keeps_the_digits_of_its_lower_tail(t: float, df: float) -> None:
    assert stats.t.cdf(t, df) == pytest.approx(t_probability(t, df), rel=1e-7, abs=1e-290)


@given(st.floats(0.001, 0.999), st.floats(1, 1e4))
def test_probability_and_quantile_of_students_t_undo_one_another(p: float, df: float) -> None:
    assert t_probability(t_quantile(p, df), df) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("t", [0.0, 0.3, -2.0, 40.0, 1e200, -1e200])
def test_one_degree_of_freedom_is_cauchys_distribution(t: float) -> None:
    assert 0.5 + math.atan(t) / math.pi == pytest.approx(t_probability(t, 1), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("df", [1e8, 1.0001e8, 1e15, 1e20, 1e42, 1e300])
def test_degrees_of_freedom_without_end_are_the_normal(df: float) -> None:
    """Differences of logarithms of such gamma functions are nothing but rounding."""
    assert normal_quantile(0.975) == pytest.approx(t_quantile(0.975, df), rel=1e-6)
    assert normal_probability(-3.0) == pytest.approx(t_probability(-3.0, df), rel=1e-5)


CHI2_SHARES = (0.90, 0.95, 0.975, 0.99, 0.999)
CHI2_TABLE = {
    1: (2.706, 3.841, 5.024, 6.635, 10.828),
    2: (4.605, 5.991, 7.378, 9.210, 13.816),
    5: (9.236, 11.070, 12.833, 15.086, 20.515),
    10: (15.987, 18.307, 20.483, 23.209, 29.588),
    50: (63.167, 67.505, 71.420, 76.154, 86.661),
    100: (118.498, 124.342, 129.561, 135.807, 149.449),
}


@pytest.mark.parametrize(
    ("df", "p", "x"), [(df, p, x) for df, row in CHI2_TABLE.items() for p, x in zip(CHI2_SHARES, row, strict=True)]
)
def test_chi_squared_has_the_critical_values_of_the_printed_table(df: int, p: float, x: float) -> None:
    assert 1 - p == pytest.approx(chi2_tail(x, df), rel=0.002)


@given(st.floats(0, 400))
def test_two_degrees_of_freedom_are_the_exponential_distribution(x: float) -> None:
    assert math.exp(-x / 2) == pytest.approx(chi2_tail(x, 2), rel=1e-9)


@given(st.floats(0, 3000), st.floats(0.2, 1000))
def test_chi_squared_has_scipys_tail(x: float, df: float) -> None:
    """With degrees of freedom that are no whole numbers too, and with the digits of the far tail."""
    assert stats.chi2.sf(x, df) == pytest.approx(chi2_tail(x, df), rel=1e-8, abs=1e-14 if x < df + 2 else 1e-290)


@pytest.mark.parametrize("x", [0.0, -1.0, -1e300])
def test_no_statistic_below_0_is_an_exception(x: float) -> None:
    assert chi2_tail(x, 3) == 1


@pytest.mark.parametrize(("x", "df"), [(1e5, 3), (1e300, 3), (1e300, 1e5)])
def test_what_is_infinitely_far_out_has_no_probability(x: float, df: float) -> None:
    assert chi2_tail(x, df) == 0


def test_the_middle_of_many_degrees_of_freedom_has_about_half_of_the_probability() -> None:
    for df in (1e3, 1e5, 1e7):
        assert stats.chi2.sf(df, df) == pytest.approx(chi2_tail(df, df), rel=1e-5)
        assert stats.chi2.sf(df * 1.001 + 2, df) == pytest.approx(chi2_tail(df * 1.001 + 2, df), rel=1e-4)


def test_the_tail_of_chi_squared_ends_even_where_its_fraction_does_not_converge() -> None:
    """10¹² degrees of freedom are beyond any league; what is asked of them is an answer in time."""
    assert 0 <= chi2_tail(1e12 + 10, 1e12) <= 1


@pytest.mark.parametrize(("first", "second"), [(1, 1), (1, 19), (3, 40.5), (12, 700)])
@pytest.mark.parametrize("x", [0.01, 0.7, 1.0, 3.3, 40.0])
def test_the_tail_of_fishers_f_is_that_of_scipy(x: float, first: float, second: float) -> None:
    assert stats.f.sf(x, first, second) == pytest.approx(f_tail(x, first, second), rel=1e-8)
