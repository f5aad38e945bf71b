"""Trends and drops of one noisy series, each with an interval that allows for correlated noise.

All functions take the values of one window in recorded order and are free of bounds and outcomes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from checks.distribution import normal_probability, normal_quantile, t_quantile
from checks.run import Steps, Values

# Theil–Sen looks at every pair of points. Longer series are averaged into this many bins of consecutive points first:
# 2 million pairs take 30 ms, and averaging only smooths the noise.
MAX_POINTS = 2_000
MIN_POINTS = 8
# A change below a tenth of the series' level is too small to matter, however certain it is.
LEVEL_SHARE = 0.1
MAX_BLOCKS = 10


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value with its interval, and what made it."""

    value: float
    low: float
    high: float
    n: int
    confidence: float
    step: int | None = None
    """Where the value stands, for a drop: the middle of the peak."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """A series cut into blocks of consecutive points of (nearly) equal number."""

    means: Values
    sizes: Values
    middles: Steps
    """Step in the middle of each block."""
    scale: float
    """Range of the block means, at least a tenth of the series' level: the unit of `trend` and `end-below-peak`."""
    deviation: float
    """Standard deviation of one value around its block's mean."""
    inflation: float
    """Factor >= 1 on the variance of a mean, for correlated noise."""


def cut_blocks(steps: Steps, values: Values) -> Blocks:
    """Cut into at most 10 blocks of at least 4 points; both of shape (n,), n >= 8, values finite.

    Noise is what is left inside the blocks after their means. Its lag-1 autocorrelation r (as of an AR(1) process)
    inflates the variance of a mean by (1 + r)/(1 - r), never below 1 (Bayley & Hammersley 1946).
    """
    count = min(MAX_BLOCKS, values.size // 4)
    parts = np.array_split(values, count)
    means = np.array([part.mean() for part in parts])
    deviation, inflation = _noise(parts)
    level = abs(float(np.median(values)))
    return Blocks(
        means=means,
        sizes=np.array([float(part.size) for part in parts]),
        middles=np.array([part[part.size // 2] for part in np.array_split(steps, count)]),
        scale=max(float(means.max() - means.min()), LEVEL_SHARE * level),
        deviation=deviation,
        inflation=inflation,
    )


def _noise(parts: list[Values]) -> tuple[float, float]:
    """Give the standard deviation of a value around its block's mean, and the inflation for correlated noise."""
    residuals = np.concatenate([part - part.mean() for part in parts])
    squares = float(residuals @ residuals)
    # Block means take out part of any correlation: correct r by its bias -(1 + r)/(m), m points a block.
    raw = float(residuals[1:] @ residuals[:-1]) / squares if squares > 0 else 0.0
    r = min(0.9, max(0.0, raw + (1 + max(raw, 0.0)) * len(parts) / residuals.size))
    return math.sqrt(squares / (residuals.size - len(parts))), (1 + r) / (1 - r)


def end_below_peak(steps: Steps, values: Values, confidence: float = 0.95) -> Estimate:
    """Estimate how far the end lies below the peak, as a share of the series' own range: 0 at the peak, 1 at its low.

    The peak is the block with the highest mean. The end is the last block or, where that shows a clearer drop, the
    last 25th of the values (at least 4): a collapse just before the end is what would be promoted. That both were
    *chosen* is allowed for: the critical value is Student's t at (1 - confidence)/(2·(blocks - 1)) (Bonferroni), so
    that noise alone seldom has a lower end above 0. The last block, which a collapse makes uneven, is no noise.
    Shapes (n,), n >= 8, finite; free of the series' unit and sign.

    >>> rise_and_collapse = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 0, 50)])
    >>> found = end_below_peak(np.arange(100), rise_and_collapse)
    >>> found.value > 0.85, found.low > 0.6
    (True, True)
    """
    blocks = cut_blocks(steps, values)
    before = np.array_split(values, blocks.means.size)[:-1]
    deviation, inflation = _noise(before)
    peak = int(blocks.means.argmax())
    critical = t_quantile(1 - (1 - confidence) / (2 * len(before)), sum(part.size for part in before) - len(before))
    tail = values[-max(4, values.size // 25) :]
    found = []
    for mean, size in ((blocks.means[-1], blocks.sizes[-1]), (tail.mean(), tail.size)):
        drop = float(blocks.means[peak] - mean)
        scale = max(blocks.scale, drop)
        margin = critical * deviation * math.sqrt(inflation * (1 / blocks.sizes[peak] + 1 / size))
        if scale > 0:
            found.append((drop / scale, (drop - margin) / scale, (drop + margin) / scale))
    value, low, high = max(found, key=lambda one: one[1], default=(0.0, 0.0, 0.0))
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=values.size,
        confidence=confidence,
        step=int(blocks.middles[peak]) if found else None,
    )


def bin_points(steps: Steps, values: Values) -> tuple[Values, Values]:
    """Sort by step and average consecutive points into at most 2,000 bins; both results of shape (m,)."""
    order = np.argsort(steps, kind="stable")
    x, y = steps[order].astype(np.float64), values[order]
    if x.size <= MAX_POINTS:
        return x, y
    edges = np.linspace(0, x.size, MAX_POINTS + 1).astype(np.int64)[:-1]
    sizes = np.diff(np.append(edges, x.size))
    return np.add.reduceat(x, edges) / sizes, np.add.reduceat(y, edges) / sizes


def kendall_variance(y: Values) -> float:
    """Give the variance of Mann–Kendall's S for values of shape (n,): with ties (Kendall 1975, ch. 4) and correlation.

    Correlated noise inflates it by Hamed & Rao (1998, J. Hydrology 204, eq. 12): the significant autocorrelations of
    the ranks of the detrended values; never below the variance of independent ones.
    """
    n = y.size
    _, ties = np.unique(y, return_counts=True)
    plain = (n * (n - 1) * (2 * n + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())) / 18
    x = np.arange(n, dtype=np.float64)
    detrended = y - np.polynomial.polynomial.polyval(x, np.polynomial.polynomial.polyfit(x, y, 1))
    if float(np.ptp(detrended)) <= 1e-9 * float(np.ptp(y)):
        return plain  # a straight line: what is left is rounding, not noise
    ranks = np.argsort(np.argsort(detrended, kind="stable"), kind="stable") - (n - 1) / 2
    squares = float(ranks @ ranks)
    factor = 1.0
    for lag in range(1, min(n - 2, 100)):
        r = float(ranks[lag:] @ ranks[:-lag]) / squares
        if abs(r) > 1.96 / math.sqrt(n):
            factor += 2 / (n * (n - 1) * (n - 2)) * (n - lag) * (n - lag - 1) * (n - lag - 2) * r
    return plain * max(1.0, factor)


def mann_kendall(steps: Steps, values: Values) -> float:
    """Give the two-sided p-value of the Mann–Kendall test for a monotonic trend (Mann 1945; Kendall 1975, ch. 4).

    With the continuity correction, and the variance of `kendall_variance`. Shapes (n,), n >= 8, finite; 1.0 where all
    values are equal.

    >>> round(mann_kendall(np.arange(10), np.arange(10.0)), 6), mann_kendall(np.arange(8), np.ones(8))
    (8.3e-05, 1.0)
    """
    _, y = bin_points(steps, values)
    later, earlier = np.tril_indices(y.size, k=-1)
    s = float(np.sign(y[later] - y[earlier]).sum())
    if s == 0:
        return 1.0
    z = (abs(s) - 1) / math.sqrt(kendall_variance(y))
    return 2 * (1 - normal_probability(z))


def slope(steps: Steps, values: Values, confidence: float = 0.95) -> Estimate:
    """Estimate the Theil–Sen slope *per step*: the median slope of all pairs (Theil 1950; Sen 1968).

    The interval is Sen's (1968, section 4): the slopes of ranks (N ± C)/2 of the N sorted ones, with
    C = z·sqrt(Var S) and Var S from `kendall_variance`; it leaves out 0 where Mann–Kendall finds a
    trend. Shapes (n,), n >= 8, values finite; NaN throughout where all points share one step.

    >>> found = slope(np.arange(20), 3.0 * np.arange(20))
    >>> found.value, found.low, found.high
    (3.0, 3.0, 3.0)
    """
    x, y = bin_points(steps, values)
    later, earlier = np.tril_indices(x.size, k=-1)
    runs = x[later] - x[earlier]
    slopes = np.sort((y[later] - y[earlier])[runs > 0] / runs[runs > 0])
    if not slopes.size:
        return Estimate(value=math.nan, low=math.nan, high=math.nan, n=values.size, confidence=confidence)
    reach = normal_quantile(0.5 + confidence / 2) * math.sqrt(kendall_variance(y))
    low = max(0, math.floor((slopes.size - reach) / 2))
    high = min(slopes.size, math.ceil((slopes.size + reach) / 2)) - 1
    return Estimate(
        value=float(np.median(slopes)),
        low=float(slopes[low]),
        high=float(slopes[high]),
        n=values.size,
        confidence=confidence,
    )


def trend(steps: Steps, values: Values, confidence: float = 0.95) -> Estimate:
    """Estimate the change from one end of the window to the other, as a share of the series' own range: -1 to 1.

    Theil–Sen slope times the steps covered, over the scale of `cut_blocks`: free of the series' unit and sign, and a
    change below a tenth of the level stays small however certain it is. Shapes (n,), n >= 8, finite.

    >>> noisy_rise = np.linspace(0, 1, 60) + 0.05 * np.cos(np.arange(60) * 2.0)
    >>> found = trend(np.arange(60), noisy_rise)
    >>> found.value > 0.9, found.low > 0.8
    (True, True)
    """
    per_step = slope(steps, values, confidence)
    scale = cut_blocks(steps, values).scale
    factor = float(steps.max() - steps.min()) / scale if scale > 0 else 0.0
    return Estimate(
        value=per_step.value * factor,
        low=per_step.low * factor,
        high=per_step.high * factor,
        n=per_step.n,
        confidence=confidence,
    )
