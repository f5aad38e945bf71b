"""The best of several checkpoints, with an interval that allows for its having been chosen.

The best is the one that surely stands highest: whose lower end, of intervals that hold for all at once, is highest. A
checkpoint of a few lucky games is not it. No decision may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checks.elo.bounds import separated_bounds
from checks.elo.estimate import Estimate
from checks.elo.progress import at_once
from checks.elo.rate import Rated
from checks.elo.standing import gap_estimate


@dataclass(frozen=True, kw_only=True)
class Best:
    """The checkpoint that was chosen."""

    index: int
    gap: Estimate
    """Above the reference; its interval holds at once with those of all others it was chosen from."""


def best_of(rated: Rated, checkpoints: Sequence[int], reference: int, confidence: float) -> Best:
    """Choose the best of several checkpoints.

    Those without a finite rating have a one-sided exact bound, each at an equal share of the error (Bonferroni); the
    others share what is left of it by max-T.

    Args:
        rated: ratings.
        checkpoints: indices of rated agents, at least one, the reference not among them.
        reference: whom gaps are measured from.
        confidence: of all intervals together, in (0, 1).

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> best = best_of(rated, [0, 1], 2, 0.95)
    >>> best.index, round(best.gap.value, 1), round(best.gap.low, 1)
    (1, 137.8, 45.7)
    """
    ended = rated.connection.linked & ~rated.connection.separated
    finite = [index for index in checkpoints if ended[index] and ended[reference]]
    error = 1 - confidence
    gaps: dict[int, Estimate] = {}
    if finite:
        contrasts = np.array([rated.contrast(index, reference) for index in finite])
        found = at_once(rated, contrasts, 1 - error * len(finite) / len(checkpoints))
        gaps = dict(zip(finite, found, strict=True))
    if len(finite) < len(checkpoints):
        shared = 1 - error / len(checkpoints)
        bounds = separated_bounds(rated, shared)
        rest = [index for index in checkpoints if index not in gaps]
        gaps |= {index: gap_estimate(rated, (index, reference), shared, bounds) for index in rest}

    def height(index: int) -> tuple[float, float]:
        low = gaps[index].low
        return -np.inf if low is None else low, float(rated.fit.strength[index])

    index = max(checkpoints, key=height)
    return Best(index=index, gap=Estimate(**{**vars(gaps[index]), "confidence": confidence}))


def newest_unbounded(rated: Rated, newest: int, older: Sequence[int], confidence: float) -> Estimate:
    """Bound the smallest difference between a newest checkpoint without a finite rating and older ones.

    Each older one is held against the bound of the newest at an equal share of the error (Bonferroni).

    Args:
        rated: ratings.
        newest: index of an agent that never lost a point, or never won one.
        older: indices of the older checkpoints, at least one.
        confidence: of the interval, in (0, 1).

    >>> from checks.elo.gather import SeatRows, count_games
    >>> from checks.elo.rate import Scale, rate
    >>> rows = SeatRows(  # `new` won all of 20 games, of which each is a cluster
    ...     agents=("new", "old"), cluster=np.arange(20).repeat(2), game=np.arange(20).repeat(2),
    ...     agent=np.tile([0, 1], 20), score=np.tile([1.0, 0], 20), weight=np.ones(40), copies=np.ones(40),
    ...     seat=np.full(40, -1),
    ... )
    >>> found = newest_unbounded(rate(count_games(rows).counts, Scale(references={"old": None})), 0, [1], 0.95)
    >>> found.value, round(found.low), found.high
    (None, 317, None)
    """
    shared = 1 - (1 - confidence) / len(older)
    bounds = separated_bounds(rated, shared)
    gaps = [gap_estimate(rated, (newest, index), shared, bounds) for index in older]
    lows, highs = [one.low for one in gaps if one.low is not None], [one.high for one in gaps if one.high is not None]
    return Estimate(
        value=None,
        low=min(lows) if len(lows) == len(gaps) else None,
        high=min(highs) if highs else None,
        se=None,
        df=0.0,
        p_superior=None,
        clusters=gaps[0].clusters,
        confidence=confidence,
    )
