"""Intervals that hold for several comparisons at once, so that the best of many may be looked at (max-T).

The distribution of the largest |z| under the estimated correlations (Hothorn, Bretz & Westfall 2008, Biometrical
Journal 50, 346–363, section 3). By seeded simulation: the same input gives the same number. No rating may enter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from checks.counts import Floats
from checks.distribution import normal_probability, normal_quantile

DRAWS = 40_000
MANY = 100
"""Beyond so many comparisons they are taken for independent, the safe side (Šidák 1967, JASA 62, 626–633)."""
_SEED = 20_261_125


@dataclass(frozen=True)
class LargestT:
    """The largest of several standardised estimates."""

    covariance: Floats
    """Shape (c, c), of the estimates, in any unit; c at least 1. An estimate without variance takes no part."""

    @property
    def size(self) -> int:
        """How many estimates take part."""
        return int(np.count_nonzero(np.diag(self.covariance) > 0))

    def tail(self, confidence: float) -> float:
        """Give the two-sided tail probability of one estimate at which all of them hold at once.

        In (0, 1 − confidence]; the simulation's error of it is below 3 %.

        >>> round(LargestT(np.eye(1)).tail(0.95), 2), round(LargestT(np.eye(10)).tail(0.95), 3)
        (0.05, 0.005)
        """
        if self.size <= 1:
            return 1 - confidence
        if self.size > MANY:
            return float(1 - confidence ** (1 / self.size))
        return min(1 - confidence, 2 * (1 - normal_probability(float(np.quantile(self._draws, confidence)))))

    def chance(self, tail: float) -> float:
        """Give the probability that some estimate is as far out as one with this two-sided tail probability is.

        >>> round(LargestT(np.eye(10)).chance(0.005), 2)
        0.05
        """
        if self.size <= 1:
            return tail
        if self.size > MANY or tail <= 0:
            return float(1 - (1 - tail) ** self.size)
        return max(tail, float(np.mean(self._draws >= -normal_quantile(tail / 2))))

    @cached_property
    def _draws(self) -> Floats:
        spread = np.sqrt(np.diag(self.covariance))
        kept = spread > 0
        inner = self.covariance[np.ix_(kept, kept)] / np.outer(spread[kept], spread[kept])
        # A little independence keeps the factor stable where estimates are nearly the same; it can only widen.
        factor = np.linalg.cholesky(inner * (1 - 1e-6) + np.eye(self.size) * 1e-6)
        return np.asarray(np.abs(_normals(self.size) @ factor.T).max(axis=1), np.float64)


@lru_cache(maxsize=4)
def _normals(size: int) -> Floats:
    """Give the draws before they are correlated; the same for every analysis, up to 32 MB of them."""
    draws = np.random.default_rng(_SEED).standard_normal((DRAWS, size))
    draws.flags.writeable = False
    return draws
