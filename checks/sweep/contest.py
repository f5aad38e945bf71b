"""The leader of a sweep against every other run, with intervals that hold for all pairs of runs at once.

So many runs make no lucky winner: the leader is chosen after the games were played, and whoever it is, its intervals
hold at once with those of all pairs that there are (max-T; beyond 100 pairs Šidák's bound). No sentence may enter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from checks.distribution import normal_quantile
from checks.elo.answer import NEGLIGIBLE
from checks.elo.bounds import separated_bounds
from checks.elo.estimate import Estimate
from checks.elo.learning import DEAD_BAND, SeriesLearning
from checks.elo.progress import at_once
from checks.elo.rate import Rated
from checks.elo.simultaneous import MANY
from checks.elo.standing import gap_estimate
from checks.number import round9
from checks.sweep.pool import Pool
from checks.sweep.standing import Standing

POWER = normal_quantile(0.8)
"""Games are advised that find a difference in 80 of 100 cases."""
BALANCED = 163.8
"""Elo: standard error of the gap after one game of seven seats, three against four; of G games by the root of G."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The leader less another run."""

    other: int
    """Place of the other run."""
    difference: Estimate
    """In Elo; its interval holds at once with those of all pairs."""
    games_needed: int | None
    """More games of the two checkpoints that would settle it, were the difference what it seems, at least 20 Elo; None:
    it is settled, or nothing tells."""


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The leader, which is the first of the runs, against all others."""

    comparisons: tuple[Comparison, ...]
    """One for every other run, in the order of the runs."""
    band: float = 0.0
    """Elo that a difference has to exceed: what the rule of logged ratings may feign."""

    @property
    def won(self) -> bool:
        """Tell whether the leader stands above every other run for sure."""
        return bool(self.comparisons) and all(map(self.sure, self.comparisons))

    def sure(self, one: Comparison) -> bool:
        """Tell whether the leader stands above one other run for sure."""
        return one.difference.low is not None and one.difference.low > self.band


def compare_games(pool: Pool, standings: Sequence[Standing], *, best: bool, confidence: float) -> Contest:
    """Hold the leader against every other run, by games.

    Args:
        pool: ratings of all runs.
        standings: one a run, at least two, the highest first.
        best: the checkpoints were chosen for their ratings; every pair of checkpoints of two runs then counts.
        confidence: of all pairs together, in (0, 1).
    """
    sizes = [len(members) if best else 1 for members in pool.members]
    pairs = list(combinations(range(len(standings)), 2))
    count = sum(sizes[i] * sizes[j] for i, j in pairs)
    family = _Family(pairs=pairs, count=count, confidence=confidence)
    found = _differences(pool.rated, [one.member.index for one in standings], family)
    return Contest(
        comparisons=tuple(
            Comparison(
                other=place,
                difference=replace(found[place], confidence=confidence),
                games_needed=_needed(found[place], standings[0].games + one.games),
            )
            for place, one in enumerate(standings)
            if place
        )
    )


@dataclass(frozen=True, kw_only=True)
class _Family:
    """The comparisons that could be made, of which all intervals are to hold."""

    pairs: list[tuple[int, int]]
    count: int
    """As many as pairs, or more where checkpoints were chosen."""
    confidence: float


def _differences(rated: Rated, index: Sequence[int], family: _Family) -> dict[int, Estimate]:
    """Estimate the first less each other agent, whose indices are given; key: its place."""
    finite = rated.connection.linked & ~rated.connection.separated
    error = 1 - family.confidence
    shared = 1 - error / family.count
    closed = [pair for pair in family.pairs if finite[index[pair[0]]] and finite[index[pair[1]]]]
    found: dict[int, Estimate] = {}
    if family.count == len(family.pairs) <= MANY and closed:
        contrasts = np.array([rated.contrast(index[i], index[j]) for i, j in closed])
        together = at_once(rated, contrasts, 1 - error * len(closed) / family.count)
        found = {j: one for (i, j), one in zip(closed, together, strict=True) if i == 0}
    else:
        alone = family.confidence ** (1 / family.count)
        others = [j for i, j in closed if i == 0]
        found = {j: rated.sandwich.contrast(rated.contrast(index[0], index[j]), alone) for j in others}
    bounds = separated_bounds(rated, shared)
    for place in range(1, len(index)):
        if place not in found:
            found[place] = gap_estimate(rated, (index[0], index[place]), shared, bounds)
    return found


def _needed(difference: Estimate, games: float) -> int | None:
    """Give how many more games would settle a difference, by the root law; None: settled, or nothing tells.

    >>> from checks.elo.estimate import Certainty, estimate
    >>> open_ = estimate(30.0, Certainty(se=20.0, df=400.0, clusters=401, confidence=0.95))
    >>> _needed(open_, 400)
    1002
    """
    if difference.low is None or difference.value is None or not difference.se or difference.low > 0:
        return None
    reach = (difference.value - difference.low) / difference.se
    wanted = max(abs(difference.value), NEGLIGIBLE)
    return max(1, math.ceil(games * (((reach + POWER) * difference.se / wanted) ** 2 - 1)))


def planned_games(difference: float, pairs: int, confidence: float) -> int:
    """Give how many games of two checkpoints, half of seven seats each, would settle a difference that is as told.

    >>> planned_games(152.0, 28, 0.95), planned_games(9.0, 28, 0.95)
    (19, 1051)
    """
    reach = normal_quantile((1 + confidence ** (1 / pairs)) / 2) + POWER
    return math.ceil((reach * BALANCED / max(abs(difference), NEGLIGIBLE)) ** 2)


def compare_ratings(found: Sequence[SeriesLearning], confidence: float) -> Contest:
    """Hold the leader against every other run, by the logged ratings of leagues that know nothing of one another.

    Args:
        found: one a run, the highest first, each judged at `share_of(confidence, len(found))`; those that may not
            decide are left to the caller.
        confidence: of all pairs together.
    """
    gaps = [one.gap for one in found if one.gap is not None]
    band = 2 * DEAD_BAND if any(one.rule.seat_averaged for one in found) else 0.0
    return Contest(
        comparisons=tuple(
            Comparison(other=place, difference=_apart(gaps[0], one, confidence), games_needed=None)
            for place, one in enumerate(gaps)
            if place
        ),
        band=band,
    )


def share_of(confidence: float, runs: int) -> float:
    """Give the confidence of each run's interval at which those of all runs hold, half of the error kept in reserve.

    Logged ratings pass falsely in 5.5 to 8 of 100 cases at a nominal 5: half is what they are tested at elsewhere too.

    >>> round(share_of(0.95, 8), 6)
    0.996875
    """
    return 1 - (1 - confidence) / (2 * runs)


def _apart(one: Estimate, other: Estimate, confidence: float) -> Estimate:
    """Subtract two estimates of which both intervals hold: no independence is assumed."""
    return Estimate(
        value=_minus(one.value, other.value),
        low=_minus(one.low, other.high),
        high=_minus(one.high, other.low),
        se=None,
        df=0.0,
        p_superior=None,
        clusters=min(one.clusters, other.clusters),
        confidence=confidence,
    )


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round9(one - other)
