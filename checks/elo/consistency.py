"""Whether the games agree with what is assumed: with measured ratings, with themselves over time, with one scale.

A conflict is reported, never absorbed. No decision may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checks.counts import Counts, Floats, Totals, add_up, head, pair_keys, tail
from checks.distribution import chi2_tail, f_tail
from checks.elo.fit import ELO, expected
from checks.elo.rate import Rated, Scale, rate

SURE = 0.001
"""A conflict is what chance makes of fewer than this share of honest records: a noisy gate is switched off."""
_LEAST_CELL = 1.0
"""Expected variance of a pair's points from which its deviation counts."""
_SURE_Z = 1.96
_MOST_CELLS = 1_500
"""Pairs up to which their agreement is tested: the test takes memory of their square."""
_LEAST_CLUSTERS = 50.0
_LEAST_TRACE = 0.5
"""Degrees of freedom that the fit has to leave at least."""


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A test of several differences at once."""

    statistic: float
    """Hotelling's T², the differences in their estimated covariance."""
    df: int
    """How many differences."""
    p: float
    """Probability of a statistic at least as large, were there no difference."""
    differences: tuple[tuple[str, float], ...]
    """Agent → what was estimated less what was assumed; Elo."""

    @property
    def sure(self) -> bool:
        """Tell whether it is too large for chance."""
        return self.p < SURE


def reference_conflict(counts: Counts, scale: Scale) -> Conflict | None:
    """Test measured ratings of references against those that the games give them; None with fewer than two.

    Args:
        counts: the record.
        scale: the references. Only the gauge is held; the error of a measured rating adds to that of the estimate.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Measured
    >>> scale = Scale(references={"base_model": Measured(rating=1000.0), "chaos_bot": Measured(rating=700.0)})
    >>> found = reference_conflict(example_record().counts, scale)
    >>> found.sure, round(found.differences[0][1], 1)
    (True, 257.9)
    """
    names = [name for name, one in scale.references.items() if one is not None and name != scale.gauge]
    if not names:
        return None
    rated = rate(counts, scale, gauge_only=True)
    usable = ~(rated.connection.separated | ~rated.connection.linked)
    names = [name for name in names if usable[counts.index(name)]]
    if not names:
        return None
    measured = scale.references[scale.gauge]
    # The gauge's own error is in every difference.
    gauge = 0.0 if measured is None else measured.se
    contrasts = np.array([rated.contrast(counts.index(name)) for name in names])
    assumed = np.array([scale.references[name].rating - scale.zero for name in names])  # type: ignore[union-attr]
    errors = np.array([scale.references[name].se for name in names])  # type: ignore[union-attr]
    covariance = rated.sandwich.covariance(contrasts) * ELO**2 + np.diag(errors**2) + gauge**2
    clusters = _least_clusters(rated, contrasts)
    return _test(names, contrasts @ rated.fit.strength * ELO - assumed, covariance, clusters)


def drift_between(before: Counts, after: Counts, scale: Scale) -> Conflict | None:
    """Test whether fixed agents moved against each other between two records: they cannot, unless the game changed.

    Only the games among the references count. None where fewer than two of them are rated in both.

    Args:
        before: a record.
        after: a later one; its agents need not be the same.
        scale: the references; ratings that were measured are not used.

    >>> from checks.elo.example import example_record
    >>> scale = Scale(references={"base_model": None, "chaos_bot": None})
    >>> counts = example_record().counts
    >>> found = drift_between(counts, counts, scale)
    >>> found.statistic, found.p
    (0.0, 1.0)
    """
    names = [name for name in scale.references if name in before.agents and name in after.agents]
    if len(names) < 2:
        return None
    gauge = Scale(references=dict.fromkeys(names))
    rated = [rate(among(one, names), gauge) for one in (before, after)]
    fit = [one.connection.linked & ~one.connection.separated for one in rated]
    kept = [name for name in names[1:] if all(ok[one.counts.index(name)] for ok, one in zip(fit, rated, strict=True))]
    if not kept:
        return None
    values, covariance, clusters = np.zeros(len(kept)), np.zeros((len(kept), len(kept))), 0.0
    for sign, one in zip((-1.0, 1.0), rated, strict=True):
        contrasts = np.array([one.contrast(one.counts.index(name)) for name in kept])
        values = values + sign * (contrasts @ one.fit.strength) * ELO
        covariance = covariance + one.sandwich.covariance(contrasts) * ELO**2
        clusters += _least_clusters(one, contrasts)
    return _test(kept, values, covariance, clusters)


def negative_control(counts: Counts, scale: Scale) -> Conflict | None:
    """Test whether the references moved against each other between the first and the second half of a record.

    >>> from checks.elo.example import example_record
    >>> scale = Scale(references={"base_model": None, "chaos_bot": None})
    >>> found = negative_control(example_record().counts, scale)
    >>> found.df, found.sure
    (1, False)
    """
    reached = np.cumsum(counts.units.clusters)
    if not counts.ordered or reached.size < 2:
        return None
    middle = int(np.searchsorted(reached, reached[-1] / 2)) + 1
    return drift_between(head(counts, middle), tail(counts, middle), scale)


def among(counts: Counts, names: Sequence[str]) -> Counts:
    """Give the part of a record in which some agents met each other; agents and clusters stay numbered as they are.

    >>> from checks.elo.example import example_record
    >>> among(example_record().counts, ["base_model", "chaos_bot"]).entries.games.sum()
    np.float64(40.0)
    """
    inside = np.isin(np.array(counts.agents, dtype=object), np.array(names, dtype=object))
    kept = inside[counts.entries.first] & inside[counts.entries.second]
    return Counts(
        agents=counts.agents,
        units=counts.units,
        entries=counts.entries.at(kept),
        plays=counts.plays,
        ordered=counts.ordered,
        seat_names=counts.seat_names,
    )


def _least_clusters(rated: Rated, contrasts: Floats) -> float:
    """Give the effective number of clusters of the contrast that rests on fewest."""
    return min(rated.sandwich.variance(contrast)[1] + 1 for contrast in contrasts)


def _test(names: Sequence[str], differences: Floats, covariance: Floats, clusters: float) -> Conflict:
    """Test differences by Hotelling's T², since their covariance is estimated too (Hotelling 1931, Annals of
    Mathematical Statistics 2, 360–378); with too few clusters for that, nothing is a conflict.
    """
    k = len(names)
    statistic = float(differences @ np.linalg.pinv(covariance, rcond=1e-9, hermitian=True) @ differences)
    left = clusters - k
    p = f_tail(statistic * left / (k * (clusters - 1)), k, left) if left >= 1 else 1.0
    return Conflict(statistic=statistic, df=k, p=p, differences=tuple(zip(names, map(float, differences), strict=True)))


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Whether one number an agent explains all its results."""

    statistic: float
    """Σ (points − expected)²/(games·p·(1 − p)) over pairs, divided by the scale that chance would give it."""
    df: float
    """Effective degrees of freedom."""
    p: float
    """Approximate probability of a statistic at least as large, did one number an agent explain all."""
    cycles: int
    """Triples in which each beat the next with certainty, all the way round."""
    triples: int
    """Triples of agents that all met each other."""

    @property
    def sure(self) -> bool:
        """Tell whether the results contradict any one scale."""
        return self.p < SURE


def agreement(rated: Rated) -> Agreement | None:
    """Test whether ratings explain the results of every pair; None where there are too few pairs, or too many to test.

    Pearson's statistic of the pairs' points. What chance makes of it is read from the clusters, since meetings of one
    game are not independent: with R the clusters' residuals of the pairs after the fit, scaled, the statistic is near
    a·χ²(ν) with a = tr(Σ²)/tr(Σ), ν = tr(Σ)²/tr(Σ²), Σ = RᵀR (Satterthwaite 1946; Rao & Scott 1984, Annals of
    Statistics 12, 46–60). *Cycles* are counted of majorities that are certain: of chance alone, every fourth triple of
    equals is one.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> found = agreement(rated)
    >>> found.sure, found.cycles, found.triples
    (False, 0, 4)
    """
    totals, fit = rated.totals, rated.fit
    p = expected(fit, totals.first, totals.second, totals.order)
    variance = totals.games * p * (1 - p)
    linked = rated.connection.linked
    kept = (variance >= _LEAST_CELL) & linked[totals.first] & linked[totals.second]
    clusters = rated.counts.clusters
    if not 2 <= np.count_nonzero(kept) <= totals.games.size <= _MOST_CELLS or clusters < _LEAST_CLUSTERS:
        return None
    spread = _left_over(rated, variance)[np.ix_(kept, kept)] / np.sqrt(np.outer(variance[kept], variance[kept]))
    trace = float(np.trace(spread))
    # Of the sum of squares, what the clusters' own noise adds is taken off.
    square = max(float((spread * spread).sum()) - trace * trace / clusters, trace * trace / np.count_nonzero(kept))
    if trace < _LEAST_TRACE:
        return None
    df = trace * trace / square
    rest = totals.points - totals.games * p
    statistic = float((rest[kept] ** 2 / variance[kept]).sum()) * trace / square
    cycles, triples = _cycles(totals, fit.model.size, max(1.0, trace / np.count_nonzero(kept)))
    return Agreement(statistic=statistic, df=df, p=chi2_tail(statistic, df), cycles=cycles, triples=triples)


def _left_over(rated: Rated, variance: Floats) -> Floats:
    """Give the clusters' covariance of what the fit leaves of each pair's points; shape (pairs, pairs)."""
    counts, fit, totals = rated.counts, rated.fit, rated.totals
    entries, left = counts.entries, rated.sandwich.left
    _keys, place = pair_keys(counts)
    pairs, units = totals.games.size, counts.units.clusters.size
    cells = np.bincount(entries.unit * pairs + place, np.where(entries.alone, 0.0, left.rest), units * pairs)
    joint = cells.reshape(units, pairs)
    inner = joint.T @ joint + np.diag(np.bincount(place, left.alone, pairs))
    design = np.zeros((pairs, fit.model.size))
    design[np.arange(pairs), totals.first] = 1.0
    design[np.arange(pairs), totals.second] -= 1.0
    columns = design[:, fit.free]
    if fit.model.first_move:
        columns = np.column_stack([columns, totals.order])
    # The fit follows each cluster a little: I − W X C Xᵀ takes that away.
    maker = np.eye(pairs) - variance[:, None] * (columns @ fit.inverse @ columns.T)
    return np.asarray(maker @ inner @ maker.T, np.float64)


def _cycles(totals: Totals, size: int, scale: float) -> tuple[int, int]:
    """Count certain cycles and the triples that met; points vary `scale` times as much as in independent games."""
    # Who moved first does not matter here: a pair's games are added up.
    pairs, pair = np.unique(totals.first * size + totals.second, return_inverse=True)
    games, points = (add_up(pair.reshape(-1), values, pairs.size) for values in (totals.games, totals.points))
    z = (points - games / 2) / np.sqrt(games / 4 * scale)
    first, second = np.divmod(pairs, size)
    agents, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    i, j = place.reshape(2, -1)
    size = agents.size
    met, beats = np.zeros((size, size)), np.zeros((size, size))
    met[i, j] = met[j, i] = 1.0
    beats[i, j] = z > _SURE_Z
    beats[j, i] = z < -_SURE_Z
    cycles = float(np.einsum("ij,ji->", beats @ beats, beats)) / 3
    triples = float(np.einsum("ij,ji->", met @ met, met)) / 6
    return round(cycles), round(triples)
