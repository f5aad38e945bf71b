"""Quantiles that the standard library lacks: Student's t and the binomial, without SciPy (1.9 s to import).

Nothing about runs or checks may enter.
"""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_NORMAL = 1e8
"""Degrees of freedom from which Student's t is the normal: the difference is below 1e-7, rounding soon above."""


def normal_quantile(p: float) -> float:
    """Give z with P(Z <= z) = p for a standard normal Z; p in (0, 1).

    >>> round(normal_quantile(0.975), 6)
    1.959964
    """
    return NormalDist().inv_cdf(p)


def normal_probability(z: float) -> float:
    """Give P(Z <= z) for a standard normal Z.

    >>> round(normal_probability(1.959964), 6)
    0.975
    """
    return NormalDist().cdf(z)


def _beta_fraction(a: float, b: float, x: float) -> float:
    """Continued fraction of the incomplete beta function (DLMF 8.17.22), by the modified Lentz method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / max(abs(1.0 - (a + b) * x / (a + 1.0)), tiny)
    d = math.copysign(d, 1.0 - (a + b) * x / (a + 1.0))
    result = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > tiny else tiny)
            c = 1.0 + term / c
            c = c if abs(c) > tiny else tiny
            result *= c * d
        if abs(c * d - 1.0) < 1e-15:
            break
    return result


def incomplete_beta(a: float, b: float, x: float) -> float:
    """Give the regularised incomplete beta function I_x(a, b); a, b > 0, x in [0, 1] (DLMF 8.17).

    >>> round(incomplete_beta(2, 3, 0.4), 12)
    0.5248
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    if x < (a + 1) / (a + b + 2):
        return math.exp(log_front) * _beta_fraction(a, b, x) / a
    return 1.0 - math.exp(log_front) * _beta_fraction(b, a, 1 - x) / b


@lru_cache(maxsize=1024)
def t_quantile(p: float, df: float) -> float:
    """Give t with P(T <= t) = p for Student's t with `df` > 0 degrees of freedom; p in (0, 1).

    Newton's method from the normal quantile. Beyond 0 the distribution function is concave and its quantile lies
    further out than the normal one, so every step stops short of the root and none overshoots: exact to rounding.

    >>> round(t_quantile(0.975, 10), 6), round(t_quantile(0.95, 1), 6), t_quantile(0.5, 3)
    (2.228139, 6.313752, 0.0)
    """
    if p == 0.5:
        return 0.0
    if df > _NORMAL:
        return normal_quantile(p)
    tail = min(p, 1 - p)
    height = math.exp(math.lgamma((df + 1) / 2) - math.lgamma(df / 2)) / math.sqrt(df * math.pi)
    t, step = -normal_quantile(tail), math.inf
    while step > 1e-15 * t:
        step = (_t_tail(t, df) - tail) / (height * math.exp(-(df + 1) / 2 * math.log1p(t * t / df)))
        t += max(step, 0.0)
    return math.copysign(t, p - 0.5)


def t_probability(t: float, df: float) -> float:
    """Give P(T <= t) for Student's t with `df` > 0 degrees of freedom.

    >>> round(t_probability(2.228139, 10), 6), t_probability(0.0, 3)
    (0.975, 0.5)
    """
    if t == 0:
        return 0.5
    if df > _NORMAL:
        return normal_probability(t)
    tail = _t_tail(t, df)
    return 1 - tail if t > 0 else tail


def _t_tail(t: float, df: float) -> float:
    """Give P(T > |t|): far out from the small side, so that it keeps its digits, and near 0 from the other one."""
    if abs(t) < 1:
        return (1 - incomplete_beta(0.5, df / 2, t * t / (df + t * t))) / 2
    return incomplete_beta(df / 2, 0.5, df / (df + t * t)) / 2


def chi2_tail(x: float, df: float) -> float:
    """Give P(X > x) for a chi-squared X with `df` > 0 degrees of freedom (DLMF 8.2, 8.11.4 and 8.9.2).

    >>> round(chi2_tail(3.841459, 1), 6), round(chi2_tail(18.307038, 10), 6), chi2_tail(0.0, 2)
    (0.05, 0.05, 1.0)
    """
    a, half = df / 2, x / 2
    if half <= 0:
        return 1.0
    front = math.exp(a * math.log(half) - half - math.lgamma(a))
    if half < a + 1:
        term = total = 1 / a
        k = a
        while term > total * 1e-17:
            k += 1
            term *= half / k
            total += term
        return max(0.0, 1 - front * total)
    # The continued fraction of the upper incomplete gamma function, by the modified Lentz method.
    tiny = 1e-300
    b = half + 1 - a
    c, d = 1 / tiny, 1 / b
    result = d
    for n in range(1, 10_000):
        numerator = -n * (n - a)
        b += 2
        d = numerator * d + b
        d = 1 / (d if abs(d) > tiny else tiny)
        c = b + numerator / c
        c = c if abs(c) > tiny else tiny
        result *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * result


def f_tail(x: float, first: float, second: float) -> float:
    """Give P(X > x) for Fisher's F with `first` and `second` > 0 degrees of freedom.

    >>> round(f_tail(4.964603, 1, 10), 6), f_tail(0.0, 3, 5)
    (0.05, 1.0)
    """
    return incomplete_beta(second / 2, first / 2, second / (second + first * x)) if x > 0 else 1.0


def beta_quantile(p: float, a: float, b: float) -> float:
    """Give x with I_x(a, b) = p; a, b > 0, p in (0, 1). By bisection, to the last bit that matters.

    >>> round(beta_quantile(0.5248, 2, 3), 9)
    0.4
    """
    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if incomplete_beta(a, b, middle) < p else (low, middle)
    return (low + high) / 2


def exact_interval(hits: int, trials: int, confidence: float) -> tuple[float, float]:
    """Give the interval of a share that holds at least so often whatever the share is; (0, 1) without a trial.

    Clopper & Pearson 1934, Biometrika 26, 404–413, by quantiles of the beta distribution.

    >>> [round(end, 4) for end in exact_interval(2, 10, 0.95)]
    [0.0252, 0.5561]
    """
    tail = (1 - confidence) / 2
    low = beta_quantile(tail, hits, trials - hits + 1) if hits else 0.0
    high = beta_quantile(1 - tail, hits + 1, trials - hits) if hits < trials else 1.0
    return low, high
