"""Quantiles against printed tables.

Table of Student's t: NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.2, upper critical values; the
same numbers stand in every textbook.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.distribution import incomplete_beta, normal_quantile, t_quantile

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
