"""Intervals for counted shares, shared by the benches."""

from __future__ import annotations

import math


def wilson(hits: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Give Wilson's score interval (1927) of a share: `hits` of `trials` >= 1, both ends in [0, 1].

    >>> [round(end, 3) for end in wilson(18, 20)]
    [0.699, 0.972]
    """
    share = hits / trials
    middle = (share + z * z / (2 * trials)) / (1 + z * z / trials)
    reach = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials)) / (1 + z * z / trials)
    return max(0.0, middle - reach), min(1.0, middle + reach)
