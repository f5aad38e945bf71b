"""How far a series moves from value to value, before and after. No pattern and no bound may enter."""

from __future__ import annotations

import math

import numpy as np

from checks.distribution import normal_quantile
from checks.number import round9
from checks.run import Values
from checks.trend import Estimate

FEWEST = 8
"""Moves of each part from which swings can be compared."""


def compare_swings(before: Values, after: Values, confidence: float = 0.95) -> Estimate | None:
    """Estimate how many times as far a series moves from value to value in one part as in an earlier one.

    The ratio of the mean absolute moves, with an interval on the log scale (delta method), each part's error inflated
    by (1 + r)/(1 - r) for the lag-1 autocorrelation r of its moves, since neighbouring moves share a value. Shapes (n,)
    and (m,), finite, in order of steps; None with fewer than 8 moves of a part, or where one does not move at all.

    >>> calm, wild = np.cos(np.arange(40.0)), 3 * np.cos(np.arange(40.0))
    >>> found = compare_swings(calm, wild)
    >>> round(found.value, 2), found.low > 1
    (3.0, True)
    """
    scale = max((float(np.abs(part).max()) for part in (before, after) if part.size), default=0.0)
    # On a scale of 1, so that no value is too large or too small to be divided.
    moves = [np.abs(np.diff(part / (scale or 1.0))) for part in (before, after)]
    means = [float(part.mean()) if part.size >= FEWEST else 0.0 for part in moves]
    if min(means) <= 0:
        return None
    error = math.sqrt(sum(_relative_variance(part) for part in moves))
    middle, reach = math.log(means[1]) - math.log(means[0]), normal_quantile(0.5 + confidence / 2) * error
    return Estimate(
        value=_power(middle),
        low=_power(middle - reach),
        high=_power(middle + reach),
        n=before.size + after.size,
        confidence=confidence,
    )


def _power(value: float) -> float:
    return round9(math.exp(min(max(value, -700.0), 700.0)))


def _relative_variance(moves: Values) -> float:
    """Give the variance of the mean of some moves, by the square of that mean."""
    mean = float(moves.mean())
    left = moves / mean - 1.0
    squares = float(left @ left)
    r = min(0.9, max(0.0, float(left[1:] @ left[:-1]) / squares)) if squares > 0 else 0.0
    return squares / (moves.size - 1) / moves.size * (1 + r) / (1 - r)
