"""Did training make checkpoints stronger? Their strengths over training steps, as one trend, and the newest's place.

All of it is linear in strengths, so that the clustered covariance gives the error. Working weights come from the fit,
errors never do. No decision may enter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from checks.counts import Floats, Ints
from checks.distribution import t_quantile
from checks.elo.estimate import ENOUGH, Certainty, Estimate, estimate
from checks.elo.fit import ELO
from checks.elo.rate import Rated
from checks.elo.simultaneous import LargestT
from checks.number import round9


@dataclass(frozen=True, kw_only=True)
class Checkpoints:
    """The checkpoints of a run that can be rated, by training step ascending; arrays of shape (c,)."""

    index: Ints
    step: Ints


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A straight line through the checkpoints' strengths over training steps."""

    slope: Estimate
    """Elo per 100 training steps."""
    end_gain: Estimate
    """The line at the last step, above the reference; Elo."""


def trend(rated: Rated, checkpoints: Checkpoints, reference: int, confidence: float) -> Trend | None:
    """Fit a line to the gaps between checkpoints and a reference, by generalised least squares.

    The most powerful honest question about learning: it uses the games of every checkpoint. The line has an intercept
    of its own, since nobody says that the reference is where training began.

    Args:
        rated: ratings.
        checkpoints: at least two, of different steps, with finite ratings; else there is no trend.
        reference: index of the agent that gains are measured from.
        confidence: of the two-sided intervals, in (0, 1).

    Returns:
        None with fewer than two different steps.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> points = Checkpoints(index=np.array([0, 1]), step=np.array([10, 20]))
    >>> found = trend(rated, points, 2, 0.95).end_gain
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (137.8, 56.3, 219.2)
    """
    steps = checkpoints.step.astype(np.float64)
    if np.unique(steps).size < 2:
        return None
    contrasts = np.array([rated.contrast(int(index), reference) for index in checkpoints.index])
    inner = contrasts[:, rated.fit.free]
    size = rated.fit.free.size
    working = inner @ rated.fit.inverse[:size, :size] @ inner.T
    scale = steps.max() - steps.min()
    design = np.column_stack([np.ones(steps.size), (steps - steps.max()) / scale])
    weighed = np.linalg.solve(working + np.eye(steps.size) * 1e-12 * np.trace(working), design)
    line = np.linalg.solve(design.T @ weighed, weighed.T)
    end, rise = line @ contrasts
    return Trend(
        slope=rated.sandwich.contrast(rise * (100.0 / scale), confidence),
        end_gain=rated.sandwich.contrast(end, confidence),
    )


def newest_above_older(rated: Rated, checkpoints: Checkpoints, confidence: float) -> Estimate | None:
    """Estimate how far the newest checkpoint stands above the older ones' mean, in Elo; None without older ones.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> points = Checkpoints(index=np.array([0, 1]), step=np.array([10, 20]))
    >>> found = newest_above_older(rated, points, 0.95)
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (51.5, -29.1, 132.1)
    """
    if checkpoints.index.size < 2:
        return None
    weights = rated.contrast(int(checkpoints.index[-1]))
    weights[checkpoints.index[:-1]] -= 1.0 / (checkpoints.index.size - 1)
    return rated.sandwich.contrast(weights, confidence)


def newest_against_best(rated: Rated, checkpoints: Checkpoints, confidence: float) -> Estimate | None:
    """Estimate how far the newest checkpoint stands above the best older one, in Elo, corrected for having been chosen.

    The interval holds for the smallest of the differences to all older checkpoints at once: below 0, the newest has
    regressed against some of them; above 0, it has passed all of them. None without older ones.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> points = Checkpoints(index=np.array([0, 1]), step=np.array([10, 20]))
    >>> found = newest_against_best(rated, points, 0.95)
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (51.5, -29.1, 132.1)
    """
    if checkpoints.index.size < 2:
        return None
    newest = int(checkpoints.index[-1])
    contrasts = np.array([rated.contrast(newest, int(index)) for index in checkpoints.index[:-1]])
    return smallest_of(rated, contrasts, confidence)


def smallest_of(rated: Rated, contrasts: Floats, confidence: float) -> Estimate:
    """Estimate the smallest of several contrasts, with an interval that holds for all of them at once.

    A contrast that too few clusters tell of leaves the lower end open, but not the upper one.

    Args:
        rated: ratings.
        contrasts: shape (c, agents), c at least 1.
        confidence: in (0, 1).

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> found = smallest_of(rated, np.array([rated.contrast(1, 0), rated.contrast(1, 3)]), 0.95)
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (51.5, -39.7, 142.6)
    """
    found = at_once(rated, contrasts, confidence)
    least = min(found, key=lambda one: one.value or 0.0)
    lows, highs = [one.low for one in found], [one.high for one in found if one.high is not None]
    closed = [low for low in lows if low is not None]
    return replace(least, low=min(closed) if len(closed) == len(lows) else None, high=min(highs) if highs else None)


def at_once(rated: Rated, contrasts: Floats, confidence: float) -> tuple[Estimate, ...]:
    """Estimate several contrasts, with intervals of which all hold at once (max-T), and p corrected likewise.

    Each interval is as many standard errors of its own Student's t wide as the largest of all would need.

    Args:
        rated: ratings.
        contrasts: shape (c, agents), c at least 1.
        confidence: of all intervals together, in (0, 1).

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> pair = np.array([rated.contrast(0, 2), rated.contrast(1, 2)])
    >>> [round(one.low, 1) for one in at_once(rated, pair, 0.95)]
    [-4.4, 45.7]
    """
    largest = LargestT(rated.sandwich.covariance(contrasts))
    tail = largest.tail(confidence)
    found = []
    for contrast in contrasts:
        variance, df = rated.sandwich.variance(contrast)
        value, se = float(contrast @ rated.fit.strength) * ELO, float(np.sqrt(variance)) * ELO
        certainty = Certainty(se=se, df=df, clusters=df + 1, confidence=confidence)
        if df >= ENOUGH:
            certainty = replace(certainty, quantile=t_quantile(1 - tail / 2, df))
        one = estimate(value, certainty)
        if one.p_superior is not None:
            two_sided = largest.chance(2 * min(one.p_superior, 1 - one.p_superior))
            one = replace(one, p_superior=round9(1 - two_sided / 2 if value > 0 else two_sided / 2))
        found.append(one)
    return tuple(found)
