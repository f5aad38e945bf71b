"""One agent's games held against themselves: two halves of them must tie, or intervals promise too much (A/A test).

The clusters in which the agent played are dealt into two hands, its games of the second hand are called those of a
twin, and all is rated at once: agent less twin is 0 in truth. No verdict may enter.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from checks.counts import Counts, Flags, Ints
from checks.elo.fit import FitError
from checks.elo.rate import Scale, rate

CONFIDENCE = 0.95
LEAST = 5
"""Clusters a hand: the difference of fewer says nothing about the interval."""


@dataclass(frozen=True, kw_only=True)
class Halves:
    """How far two halves of an agent's games are apart; in Elo."""

    agent: str
    clusters: tuple[int, int]
    """Observations in either hand."""
    value: float | None
    """None: the halves cannot be told apart, since too few games bound them."""
    low: float | None
    high: float | None

    @property
    def measured(self) -> bool:
        """Tell whether there is a difference with an interval."""
        return self.low is not None and self.high is not None

    @property
    def differ(self) -> bool:
        """Tell whether the interval leaves out 0, which is an error: they are the same agent."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


def compare_halves(counts: Counts, references: tuple[str, ...], agent: str) -> Halves:
    """Split an agent's games and estimate the difference of its halves.

    `references`: the scale's, its gauge first; the agent is none of them.

    >>> from checks.elo.example import example_record
    >>> found = compare_halves(example_record().counts, ("base_model",), "adapter_v20")
    >>> found.clusters, round(found.value), round(found.low), round(found.high), found.differ
    ((60, 60), 86, -49, 221, False)
    """
    index = counts.index(agent)
    units = np.unique(counts.plays.unit[counts.plays.agent == index])
    second = deal(units)
    clusters = counts.units.clusters
    hands = (round(float(clusters[units[~second]].sum())), round(float(clusters[units[second]].sum())))
    nothing = Halves(agent=agent, clusters=hands, value=None, low=None, high=None)
    if min(hands) < LEAST:
        return nothing
    twin = with_twin(counts, index, units[second])
    try:
        rated = rate(twin, Scale(references=dict.fromkeys(references)))
    except FitError:
        return nothing
    settled = rated.connection.linked & ~rated.connection.separated
    if not (settled[index] and settled[index + 1]):
        return nothing
    found = rated.sandwich.contrast(rated.contrast(index, index + 1), CONFIDENCE)
    return replace(nothing, value=found.value, low=found.low, high=found.high)


def deal(units: Ints) -> Flags:
    """Deal units into two hands of one size; True: the second.

    By a hash of their numbers (the finaliser of MurmurHash3), so that no rhythm of the record falls in with the deal.

    >>> deal(np.arange(10)).astype(int).tolist()
    [1, 0, 1, 1, 1, 0, 1, 0, 0, 0]
    """
    mixed = units.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(33)
    second: Flags = np.zeros(units.size, np.bool_)
    second[np.argsort(mixed, kind="stable")[1::2]] = True
    return second


def with_twin(counts: Counts, agent: int, units: Ints) -> Counts:
    """Call an agent's games of some units those of a twin, who stands right behind it."""
    moved = np.zeros(counts.units.clusters.size, np.bool_)
    moved[units] = True

    def renumbered(agents: Ints, unit: Ints) -> Ints:
        found: Ints = agents + (agents > agent) + ((agents == agent) & moved[unit])
        return found

    entries, plays = counts.entries, counts.plays
    # Nothing sorts between a name and itself with a NUL behind it.
    names = (*counts.agents[: agent + 1], f"{counts.agents[agent]}\0", *counts.agents[agent + 1 :])
    return replace(
        counts,
        agents=names,
        entries=replace(
            entries, first=renumbered(entries.first, entries.unit), second=renumbered(entries.second, entries.unit)
        ),
        plays=replace(plays, agent=renumbered(plays.agent, plays.unit)),
        seats=None,
    )
