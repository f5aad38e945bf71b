"""Where everybody stands: the table of ratings, the gap of two agents, the record of one against the references.

Agents that never lost a point, or never won one, have a bound in place of an estimate. No decision may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from checks.elo.agents import Agent
from checks.elo.answer import HeadToHead, Rating
from checks.elo.bounds import Bounds
from checks.elo.estimate import Estimate
from checks.elo.fit import expected
from checks.elo.progress import Checkpoints
from checks.elo.rate import Rated, Scale
from checks.number import round9


@dataclass(frozen=True, kw_only=True)
class Cast:
    """Who is who in a record."""

    agents: tuple[Agent, ...]
    scale: Scale
    reference: int
    """Index of the reference that the candidate has to beat."""
    checkpoints: Checkpoints
    """Those with a finite rating, by step."""
    newest: int | None
    bots: tuple[int, ...]
    """References that are not the gauge."""


def rating_table(rated: Rated, cast: Cast, bounds: Bounds, confidence: float) -> tuple[Rating, ...]:
    """Give a row an agent, best first; those without a rating last.

    >>> from checks.elo.bounds import separated_bounds
    >>> from checks.elo.example import example_cast, example_rated
    >>> rated = example_rated()
    >>> table = rating_table(rated, example_cast(), separated_bounds(rated, 0.95), 0.95)
    >>> [(row.agent, round(row.estimate.value), row.games) for row in table[:2]]
    [('adapter_v20', 1138, 120.0), ('adapter_v10', 1086, 120.0)]
    """
    counts, size = rated.counts, len(rated.counts.agents)
    games = np.bincount(counts.plays.agent, counts.plays.games, size)
    clusters = np.bincount(counts.plays.agent, counts.plays.clusters, size)
    met = np.zeros(size, np.bool_)
    met[rated.totals.first[rated.totals.second == cast.reference]] = True
    met[rated.totals.second[rated.totals.first == cast.reference]] = True
    met[cast.reference] = True
    rows = []
    for i, agent in enumerate(cast.agents):
        flags = _flags(rated, i)
        if rated.connection.linked[i] and not met[i]:
            flags.append("indirect")
        rows.append(
            Rating(
                agent=agent.name,
                kind=agent.kind,
                step=agent.step,
                estimate=_rating_estimate(rated, i, bounds, confidence),
                games=float(games[i]),
                clusters=float(clusters[i]),
                flags=tuple(flags),
            )
        )
    return tuple(sorted(rows, key=lambda row: (-_height(row), row.agent)))


def _height(row: Rating) -> float:
    """Give where a row stands in the table: the rating, else the bound that there is."""
    found = row.estimate
    if found is None:
        return -np.inf
    known = [value for value in (found.value, found.low, found.high) if value is not None]
    return known[0] if known else -1e300


def _flags(rated: Rated, agent: int) -> list[str]:
    connection = rated.connection
    told = (
        ("unrated", not connection.linked[agent]),
        (">", connection.above[agent]),
        ("<", connection.below[agent]),
        ("?", connection.apart[agent]),
        ("fixed", agent in rated.fit.model.anchors.fixed),
    )
    return [flag for flag, holds in told if holds]


def _rating_estimate(rated: Rated, agent: int, bounds: Bounds, confidence: float) -> Estimate | None:
    if not rated.connection.linked[agent]:
        return None
    plays = rated.counts.plays
    clusters = float(plays.clusters[plays.agent == agent].sum())
    if agent in rated.fit.model.anchors.fixed:
        given = round9(rated.elo(agent))
        return Estimate(
            value=given,
            low=given,
            high=given,
            se=0.0,
            df=0.0,
            p_superior=None,
            clusters=clusters,
            confidence=confidence,
        )
    if rated.connection.separated[agent]:
        low, high = _bound(bounds, rated, agent)
        return Estimate(
            value=None,
            low=None if low is None else round9(low),
            high=None if high is None else round9(high),
            se=None,
            df=0.0,
            p_superior=None,
            clusters=clusters,
            confidence=confidence,
        )
    found = rated.sandwich.contrast(rated.contrast(agent), confidence, rated.scale.zero)
    return replace(found, p_superior=None, clusters=clusters)


def head_to_head(rated: Rated, cast: Cast, candidate: int) -> tuple[HeadToHead, ...]:
    """Give the candidate's own meetings with the references, the one it has to beat first.

    >>> from checks.elo.example import example_cast, example_rated
    >>> [(row.reference, row.points, row.meetings) for row in head_to_head(example_rated(), example_cast(), 1)]
    [('base_model', 28.0, 40.0), ('chaos_bot', 30.0, 40.0)]
    """
    totals, names = rated.totals, rated.counts.agents
    others: Sequence[int] = (
        cast.reference,
        *(i for i in (names.index(cast.scale.gauge), *cast.bots) if i != cast.reference),
    )
    p = expected(rated.fit, totals.first, totals.second, totals.order)
    finite = rated.connection.linked & ~rated.connection.separated
    rows = []
    for other in others:
        mine, theirs = (
            (totals.first == candidate) & (totals.second == other),
            (totals.second == candidate) & (totals.first == other),
        )
        meetings = float(totals.games[mine | theirs].sum())
        if not meetings:
            continue
        points = float(totals.points[mine].sum() + (totals.games - totals.points)[theirs].sum())
        wanted = float((totals.games * p)[mine].sum() + (totals.games * (1 - p))[theirs].sum())
        rows.append(
            HeadToHead(
                reference=names[other],
                meetings=meetings,
                points=points,
                expected=round9(wanted) if finite[candidate] and finite[other] else None,
            )
        )
    return tuple(rows)


def gap_estimate(rated: Rated, pair: tuple[int, int], confidence: float, bounds: Bounds) -> Estimate:
    """Estimate one agent above another; bounded on one side where one of them is separated.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> from checks.elo.bounds import separated_bounds
    >>> found = gap_estimate(rated, (1, 2), 0.95, separated_bounds(rated, 0.95))
    >>> round(found.value, 1), round(found.low, 1), round(found.high, 1)
    (137.8, 56.3, 219.2)
    """
    linked, separated = rated.connection.linked, rated.connection.separated
    one, other = pair
    found = rated.sandwich.contrast(rated.contrast(one, other), confidence)
    if not linked[one] or not linked[other]:
        return replace(found, value=None, low=None, high=None, se=None, p_superior=None)
    if not separated[one] and not separated[other]:
        return found
    low, high = (_bound(bounds, rated, agent) for agent in pair)
    return replace(
        found,
        value=None,
        low=_minus(low[0], high[1]),
        high=_minus(low[1], high[0]),
        se=None,
        p_superior=None,
        clusters=float(rated.counts.plays.clusters[rated.counts.plays.agent == one].sum()),
    )


def _bound(bounds: Bounds, rated: Rated, agent: int) -> tuple[float | None, float | None]:
    """Give lower and upper end of an agent's rating where it is not estimated; of one that is, the estimate twice."""
    if not rated.connection.separated[agent]:
        return rated.elo(agent), rated.elo(agent)
    low, high = float(bounds.low[agent]), float(bounds.high[agent])
    return (None if np.isnan(low) else low), (None if np.isnan(high) else high)


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else round9(one - other)
