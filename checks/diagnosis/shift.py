"""How far the mean of a series moved between two parts of a run. No pattern and no bound may enter."""

from __future__ import annotations

import math

import numpy as np

from checks.distribution import t_quantile
from checks.number import round9
from checks.run import Values
from checks.trend import Estimate

FEWEST = 4
"""Values of each part from which means can be compared."""
_MOST_ALIKE = 0.95
"""Autocorrelation beyond which a part is taken to hold next to nothing."""


def compare_means(before: Values, after: Values, confidence: float = 0.95) -> Estimate | None:
    """Estimate how far the mean of one part lies above that of an earlier one.

    Noise is what is left of each part after a straight line. The variance of a mean is inflated by (1 + r)/(1 - r) for
    the lag-1 autocorrelation r of that noise, corrected for its bias (Bayley & Hammersley 1946); Student's t with as
    many degrees of freedom as the two parts hold independent values. Shapes (n,) and (m,), finite, in order of
    steps; None with fewer than 4 values of a part.

    >>> found = compare_means(np.cos(np.arange(40.0)), 3 + np.cos(np.arange(40.0)))
    >>> round(found.value, 2), found.low > 2, found.high < 4
    (3.0, True, True)
    """
    if min(before.size, after.size) < FEWEST:
        return None
    value, variance, free = float(after.mean() - before.mean()), 0.0, 0.0
    for part in (before, after):
        at = np.arange(part.size) - (part.size - 1) / 2
        left = part - part.mean() - float(at @ part / (at @ at)) * at
        squares = float(left @ left)
        raw = float(left[1:] @ left[:-1]) / squares if squares > 0 else 0.0
        r = min(_MOST_ALIKE, max(0.0, raw + (2 + 4 * max(raw, 0.0)) / part.size))
        worth = part.size * (1 - r) / (1 + r)
        variance += squares / (part.size - 2) / worth
        free += worth
    reach = t_quantile(0.5 + confidence / 2, max(free - 2, 1.0)) * math.sqrt(variance)
    return Estimate(
        value=round9(value),
        low=round9(value - reach),
        high=round9(value + reach),
        n=before.size + after.size,
        confidence=confidence,
    )


def against(bound: float, values: Values) -> Estimate | None:
    """Estimate how far the mean of some values lies above a bound; None with fewer than 4 of them.

    >>> found = against(0.95, 0.7 + 0.01 * np.cos(np.arange(40.0)))
    >>> round(found.value, 2), found.high < 0
    (-0.25, True)
    """
    return compare_means(np.full(FEWEST, bound), values)


def thirds(values: Values) -> tuple[Values, Values]:
    """Give the first and the last third of a series.

    >>> [part.tolist() for part in thirds(np.arange(7.0))]
    [[0.0, 1.0, 2.0], [5.0, 6.0]]
    """
    first, _, last = np.array_split(values, 3)
    return first, last
