"""Intervals that hold for several comparisons at once, so that the best of many may be looked at (max-T).

The quantile of the largest |t| under the estimated correlations (Hothorn, Bretz & Westfall 2008, Biometrical Journal
50, 346–363, section 3). By seeded simulation: the same input gives the same number. No rating may enter.
"""

from __future__ import annotations

import numpy as np

from checks.counts import Floats
from checks.distribution import t_quantile

DRAWS = 40_000
_SEED = 20_261_125


def max_t_quantile(covariance: Floats, df: float, confidence: float) -> float:
    """Give q so that all of several estimates lie within q standard errors with the given probability.

    Args:
        covariance: shape (c, c), of the estimates, in any unit; c at least 1.
        df: degrees of freedom of Student's t, at least 1.
        confidence: in (0, 1).

    Returns:
        Standard errors, at least those of a single comparison. Its simulation error is below 1 %.

    >>> round(max_t_quantile(np.eye(1), 1e6, 0.95), 1), round(max_t_quantile(np.eye(10), 1e6, 0.95), 1)
    (2.0, 2.8)
    """
    spread = np.sqrt(np.diag(covariance))
    kept = spread > 0
    inner = covariance[np.ix_(kept, kept)] / np.outer(spread[kept], spread[kept])
    size = inner.shape[0]
    rng = np.random.default_rng(_SEED)
    draws = rng.standard_normal((DRAWS, size))
    scale = np.sqrt(rng.chisquare(df, DRAWS) / df)
    # A little independence keeps the factor stable where estimates are nearly the same; it can only widen.
    factor = np.linalg.cholesky(inner * (1 - 1e-6) + np.eye(size) * 1e-6)
    largest = np.abs(draws @ factor.T).max(axis=1, initial=0.0) / scale
    return max(float(np.quantile(largest, confidence)), t_quantile((1 + confidence) / 2, df))
