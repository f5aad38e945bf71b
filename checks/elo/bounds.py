"""Bounds for agents that never lost a point, or never won one: their likelihood has no maximum, but it has an end.

With everybody else where they are, all these results together have probability Πσ(d)^m; the bound is where that falls
to 1 − confidence. For one agent that won N games against one opponent it is the exact binomial bound (Clopper & Pearson
1934, Biometrika 26, 404–413). No fit may enter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from checks.counts import Flags, Floats, Ints
from checks.elo.connect import point_links, strong_groups
from checks.elo.fit import ELO
from checks.elo.rate import Rated


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """One-sided bounds in Elo, shape (agents,): NaN where there is none."""

    low: Floats
    high: Floats
    confidence: float
    """Of each bound, one-sided."""


def separated_bounds(rated: Rated, confidence: float) -> Bounds:
    """Bound the ratings of agents without a finite one: from below those that never lost, from above those never won.

    Agents that took points from one another move together, keeping their distances; whoever stands below such a group
    stands at its own bound, so that a ladder of unbeaten agents is bounded rung by rung. In clusters of many meetings a
    cluster counts as one result.

    Args:
        rated: ratings with their connection.
        confidence: one-sided, in (0, 1).

    Returns:
        Elo on the scale of the record.

    >>> round(exact_bound(np.zeros(1), np.array([10.0]), 0.95) * ELO)  # ten wins in ten games
    183
    """
    size = len(rated.counts.agents)
    found = Bounds(low=np.full(size, np.nan), high=np.full(size, np.nan), confidence=confidence)
    links = point_links(rated.totals, size)
    share = meetings_a_cluster(rated)
    above, below, apart = rated.connection.above, rated.connection.below, rated.connection.apart
    up = _Ladder(rated=rated, share=share, sign=1.0, among=above, loose=below | apart, confidence=confidence)
    down = _Ladder(rated=rated, share=share, sign=-1.0, among=below, loose=above | apart, confidence=confidence)
    found.low[:] = up.climb(strong_groups(links, up.among))
    found.high[:] = down.climb(strong_groups(links.turned(), down.among))
    return found


def exact_bound(opponents: Floats, games: Floats, confidence: float) -> float:
    """Give the strength at which winning every game has probability 1 − confidence.

    Args:
        opponents: strengths of those met, natural-log units, shape (k,).
        games: how many games against each, above 0, shape (k,).
        confidence: in (0, 1).

    Returns:
        Natural-log units. At least 10 games of one opponent: −ln(α^(−1/N) − 1).

    >>> round(exact_bound(np.zeros(1), np.array([3.0]), 0.95) * ELO), round(exact_bound(np.zeros(1),
    ...  np.array([50.0]), 0.95) * ELO)
    (-94, 484)
    """
    target = math.log(1 - confidence)
    low, high = float(opponents.min()) - 60.0, float(opponents.max()) + 60.0
    for _ in range(200):
        middle = (low + high) / 2
        value = -float(games @ np.logaddexp(0.0, opponents - middle))
        low, high = (middle, high) if value < target else (low, middle)
    return (low + high) / 2


def meetings_a_cluster(rated: Rated) -> Floats:
    """Give the mean number of meetings that each agent has in a cluster, at least 1; shape (agents,).

    >>> from checks.elo.example import example_rated
    >>> meetings_a_cluster(example_rated()).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    counts, size = rated.counts, len(rated.counts.agents)
    entries, plays = counts.entries, counts.plays
    meetings = np.bincount(entries.first, entries.games, size) + np.bincount(entries.second, entries.games, size)
    clusters = np.bincount(plays.agent, plays.clusters, size)
    return np.maximum(meetings / np.maximum(clusters, 1.0), 1.0)


@dataclass(frozen=True, kw_only=True)
class _Ladder:
    rated: Rated
    share: Floats
    """Meetings that each agent has in a cluster: so many are one result."""
    sign: float
    """1: agents that never lost, from below; -1: agents that never won, from above."""
    among: Flags
    loose: Flags
    """Agents that may stand as far on the other side as they like: beating them says nothing."""
    confidence: float

    def climb(self, groups: tuple[Ints, ...]) -> Floats:
        """Bound group after group, each against all that stand below it."""
        totals, strength = self.rated.totals, self.sign * self.rated.fit.strength.copy()
        bound = np.full(strength.size, np.nan)
        open_ = self.among.copy()
        for group in groups:
            inside = np.zeros(strength.size, np.bool_)
            inside[group] = True
            out = open_ | self.loose
            one = inside[totals.first] & ~out[totals.second]
            two = inside[totals.second] & ~out[totals.first]
            mine = np.concatenate([totals.first[one], totals.second[two]])
            other = np.concatenate([totals.second[one], totals.first[two]])
            games = np.concatenate([totals.games[one], totals.games[two]]) / self.share[mine]
            middle = float(strength[group].mean())
            # The opponents as the first of the group would see them, were it in the middle.
            shift = exact_bound(strength[other] - (strength[mine] - middle), games, self.confidence)
            strength[group] += shift - middle
            bound[group] = self.sign * strength[group]
            open_[group] = False
        return self.rated.scale.zero + bound * ELO
