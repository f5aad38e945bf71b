"""Whether the games agree with what is assumed: with measured ratings, with themselves over time, with one scale.

A conflict is reported, never absorbed. No decision may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from checks.counts import Counts, Entries, Flags, Floats, Ints, Totals, add_up, head, tail
from checks.distribution import chi2_tail
from checks.elo.covariance import variance_floor
from checks.elo.fit import ELO, expected
from checks.elo.rate import Rated, Scale, rate

SURE = 0.001
"""A conflict is what chance makes of fewer than this share of honest records: a noisy gate is switched off."""
_LEAST_CELL = 1.0
"""Expected variance of a pair's points from which its deviation counts."""
_SURE_Z = 1.96


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """A chi-squared test of several differences at once."""

    statistic: float
    df: int
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
    """
    names = [name for name, one in scale.references.items() if one is not None and name != scale.gauge]
    rated = rate(counts, scale, gauge_only=True)
    usable = ~(rated.connection.separated | ~rated.connection.linked)
    names = [name for name in names if usable[counts.index(name)]]
    if not names:
        return None
    contrasts = np.array([rated.contrast(counts.index(name)) for name in names])
    assumed = np.array([scale.references[name].rating - scale.zero for name in names])  # type: ignore[union-attr]
    errors = np.array([scale.references[name].se for name in names])  # type: ignore[union-attr]
    covariance = rated.sandwich.covariance(contrasts) * ELO**2 + np.diag(errors**2)
    return _test(names, contrasts @ rated.fit.strength * ELO - assumed, covariance)


def drift_between(before: Counts, after: Counts, scale: Scale) -> Conflict | None:
    """Test whether fixed agents moved against each other between two records: they cannot, unless the game changed.

    Only the games among the references count. None where fewer than two of them are rated in both.

    Args:
        before: a record.
        after: a later one; its agents need not be the same.
        scale: the references; ratings that were measured are not used.
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
    values, covariance = np.zeros(len(kept)), np.zeros((len(kept), len(kept)))
    for sign, one in zip((-1.0, 1.0), rated, strict=True):
        contrasts = np.array([one.contrast(one.counts.index(name)) for name in kept])
        values = values + sign * (contrasts @ one.fit.strength) * ELO
        covariance = covariance + one.sandwich.covariance(contrasts) * ELO**2
    return _test(kept, values, covariance)


def negative_control(counts: Counts, scale: Scale) -> Conflict | None:
    """Test whether the references moved against each other between the first and the second half of a record."""
    reached = np.cumsum(counts.units.clusters)
    if not counts.ordered or reached.size < 2:
        return None
    middle = int(np.searchsorted(reached, reached[-1] / 2)) + 1
    return drift_between(head(counts, middle), tail(counts, middle), scale)


def among(counts: Counts, names: Sequence[str]) -> Counts:
    """Give the part of a record in which some agents met each other; agents and clusters stay numbered as they are."""
    inside = np.isin(np.array(counts.agents, dtype=object), np.array(names, dtype=object))
    kept = inside[counts.entries.first] & inside[counts.entries.second]
    return Counts(
        agents=counts.agents,
        units=counts.units,
        entries=_kept(counts.entries, kept),
        plays=counts.plays,
        ordered=counts.ordered,
        seat_names=counts.seat_names,
    )


def _kept(entries: Entries, rows: Flags) -> Entries:
    return Entries(**{name: values[rows] for name, values in vars(entries).items()})


def _test(names: Sequence[str], differences: Floats, covariance: Floats) -> Conflict:
    statistic = float(differences @ np.linalg.pinv(covariance, rcond=1e-9, hermitian=True) @ differences)
    listed = tuple(zip(names, (float(one) for one in differences), strict=True))
    return Conflict(statistic=statistic, df=len(names), p=chi2_tail(statistic, len(names)), differences=listed)


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Whether one number an agent explains all its results."""

    statistic: float
    """Σ (points − expected)²/variance over pairs, the variance that of clustered games."""
    df: int
    p: float
    cycles: int
    """Triples in which each beat the next with certainty, all the way round."""
    triples: int
    """Triples of agents that all met each other."""

    @property
    def sure(self) -> bool:
        """Tell whether the results contradict any one scale."""
        return self.p < SURE


def agreement(rated: Rated) -> Agreement | None:
    """Test whether ratings explain the results of every pair; None without more pairs than ratings.

    Pearson's statistic of the pairs' points. Its variance is scaled by what clusters add to that of independent games,
    so p is approximate. *Cycles* are counted of majorities that are certain: of chance alone, every fourth triple of
    equals is one.
    """
    totals, fit = rated.totals, rated.fit
    p = expected(fit, totals.first, totals.second, totals.order)
    variance = totals.games * p * (1 - p)
    kept = variance >= _LEAST_CELL
    df = int(np.count_nonzero(kept)) - fit.free.size - int(fit.model.first_move)
    if df < 1:
        return None
    scale = max(variance_floor(rated.counts), _inflation(rated))
    rest = totals.points - totals.games * p
    statistic = float((rest[kept] ** 2 / variance[kept]).sum()) / scale
    both = _both_ways(totals, len(rated.counts.agents))
    cycles, triples = _cycles(both.first, both.second, rest_of_half(both, scale))
    return Agreement(statistic=statistic, df=df, p=chi2_tail(statistic, df), cycles=cycles, triples=triples)


def _inflation(rated: Rated) -> float:
    """Give the mean ratio of the clustered to the model's variance over the estimated agents."""
    ratios = []
    for agent in rated.fit.free[:50]:
        contrast = rated.contrast(int(agent))
        model = rated.fit.model_variance(contrast)
        if model > 0:
            ratios.append(rated.sandwich.variance(contrast)[0] / model)
    return float(np.mean(ratios)) if ratios else 1.0


def _both_ways(totals: Totals, size: int) -> Totals:
    """Add up a pair's games whoever moved first."""
    keys, place = np.unique(totals.first * size + totals.second, return_inverse=True)
    return Totals(
        first=keys // size,
        second=keys % size,
        order=np.zeros(keys.size, np.int64),
        games=add_up(place.reshape(-1), totals.games, keys.size),
        points=add_up(place.reshape(-1), totals.points, keys.size),
    )


def rest_of_half(totals: Totals, scale: float) -> Floats:
    """Give how many standard errors each pair's points lie above one half a game; shape (p,)."""
    z: Floats = (totals.points - totals.games / 2) / np.sqrt(totals.games / 4 * scale)
    return z


def _cycles(first: Ints, second: Ints, z: Floats) -> tuple[int, int]:
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
