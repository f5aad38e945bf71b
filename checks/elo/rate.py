"""Counts → ratings: which agents can be rated, on which scale, with which model. No decision may enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from checks.counts import Counts, Flags, Floats, Ints, Totals, total
from checks.document import quote
from checks.elo.agents import DEFAULT_RATING, EloError, Measured
from checks.elo.connect import Connection, components, connect
from checks.elo.covariance import Sandwich
from checks.elo.fit import ELO, Anchors, Fit, FitError, Model, fit_strengths

_CONFOUNDED = 1e-6
"""The advantage of moving first cannot be told from strengths if less than this share of its information is its own."""
_UNBOUNDED = 100.0
"""Variance, natural-log units squared, from which the data do not bound what moving first is worth: ±1,700 Elo."""


@dataclass(frozen=True, kw_only=True)
class Scale:
    """Which agents' ratings are given, in Elo."""

    references: Mapping[str, Measured | None]
    """Not empty; the first is the gauge, at 1000 unless it was measured. The others count as given where measured."""

    @property
    def gauge(self) -> str:
        """The reference that the scale is fixed to."""
        return next(iter(self.references))

    @property
    def zero(self) -> float:
        """The gauge's rating: strength 0 stands there."""
        measured = self.references[self.gauge]
        return DEFAULT_RATING if measured is None else measured.rating

    def anchors(self, counts: Counts, *, gauge_only: bool = False) -> Anchors:
        """Give the anchors over the agents of some counts; the gauge first, without uncertainty."""
        given = [self.gauge] + [
            name
            for name, measured in self.references.items()
            if measured is not None and name != self.gauge and not gauge_only
        ]
        measured = [self.references[name] for name in given]
        return Anchors(
            index=np.array([counts.index(name) for name in given], np.int64),
            strength=np.array([0.0 if one is None else (one.rating - self.zero) / ELO for one in measured]),
            variance=np.array([0.0] + [0.0 if one is None else (one.se / ELO) ** 2 for one in measured[1:]]),
        )


@dataclass(frozen=True)
class Rated:
    """Ratings of a record of games."""

    counts: Counts
    scale: Scale
    totals: Totals
    connection: Connection
    fit: Fit
    confounded: bool
    """Moving first was recorded, but cannot be told from strength: nobody met the same agents in both orders."""

    @cached_property
    def sandwich(self) -> Sandwich:
        """The clustered covariance."""
        return Sandwich(self.counts, self.fit)

    def elo(self, agent: int) -> float:
        """Give the point estimate of an agent, in Elo."""
        return self.scale.zero + float(self.fit.strength[agent]) * ELO

    def contrast(self, plus: int, minus: int | None = None) -> Floats:
        """Give the weights of one agent's strength, less another's."""
        weights = np.zeros(len(self.counts.agents))
        weights[plus] += 1
        if minus is not None:
            weights[minus] -= 1
        return weights


def rate(counts: Counts, scale: Scale, *, gauge_only: bool = False) -> Rated:
    """Rate every agent that games connect with the scale.

    Args:
        counts: the record.
        scale: references that are all agents of the record.
        gauge_only: leave the ratings of all references but the gauge free, even where they were measured.

    Raises:
        FitError: the likelihood could not be maximised.

    >>> import numpy as np
    >>> from checks.elo.gather import SeatRows, count_games
    >>> rows = SeatRows(
    ...     agents=("new", "old"), cluster=np.arange(4).repeat(2), game=np.arange(4).repeat(2),
    ...     agent=np.tile([0, 1], 4), score=np.array([1.0, 0, 1, 0, 1, 0, 0, 1]), weight=np.ones(8), copies=np.ones(8),
    ...     seat=np.full(8, -1),
    ... )
    >>> rated = rate(count_games(rows).counts, Scale(references={"old": None}))
    >>> round(rated.elo(0), 3)  # 1000 + 400·log10(3)
    1190.849
    """
    return rate_totals(counts, total(counts), scale, gauge_only=gauge_only)


def rate_totals(
    counts: Counts, totals: Totals, scale: Scale, *, gauge_only: bool = False, before: Rated | None = None
) -> Rated:
    """Rate agents by totals that were added up already; else as `rate`.

    `before`: ratings of an earlier part of the same record; they save work, and change nothing.

    >>> from checks.counts import head, total
    >>> from checks.elo.example import example_record
    >>> counts, scale = example_record().counts, Scale(references={"base_model": None})
    >>> part = head(counts, 120)
    >>> first = rate_totals(part, total(part), scale)
    >>> round(first.elo(1)), round(rate_totals(counts, total(counts), scale, before=first).elo(1))
    (1149, 1138)
    """
    size = len(counts.agents)
    anchors = scale.anchors(counts, gauge_only=gauge_only)
    start = None if before is None else before.fit.strength
    connection = _settled(totals, before) or connect(totals, size, anchors.index)
    held = ~connection.linked
    held[anchors.fixed] = True
    virtual = np.flatnonzero(connection.separated)
    model = Model(totals=totals, size=size, anchors=anchors, held=held, virtual=virtual, first_move=False)
    fit = fit_strengths(model, start)
    confounded = False
    if np.any(totals.order[~(held[totals.first] & held[totals.second])]):
        confounded = _own_share(totals, held) < _CONFOUNDED
        if not confounded:
            fit = _with_first_move(replace(model, first_move=True), fit.strength)
    return Rated(counts, scale, totals, connection, fit, confounded)


def _settled(totals: Totals, before: Rated | None) -> Connection | None:
    """Give the connection of an earlier part if later games cannot have changed it.

    Games only add paths: once all that played are connected both ways, only a newcomer can change that.
    """
    if before is None or np.any(before.connection.separated):
        return None
    linked = before.connection.linked
    return before.connection if np.all(linked[totals.first]) and np.all(linked[totals.second]) else None


def _with_first_move(model: Model, start: Floats) -> Fit:
    """Estimate what moving first is worth too, by one virtual draw if all results of some order are alike."""
    try:
        fit = fit_strengths(model, start)
    except FitError:
        pass
    else:
        if fit.inverse[-1, -1] < _UNBOUNDED:
            return fit
    return fit_strengths(replace(model, virtual_move=True), start)


def _own_share(totals: Totals, held: Flags) -> float:
    """Give the share of the first move's information that is not also that of strengths; 0: it is confounded.

    With equal weights a game: whether something can be told apart does not depend on how strong anybody is.
    """
    size = held.size
    weight = totals.games / 4 * ~(held[totals.first] & held[totals.second])
    laplacian = np.zeros((size, size))
    np.add.at(laplacian, (totals.first, totals.second), -weight)
    laplacian += laplacian.T
    laplacian[np.diag_indices(size)] = -laplacian.sum(axis=1)
    cross = totals.order * weight
    edge = np.bincount(totals.first, cross, size) - np.bincount(totals.second, cross, size)
    free = np.flatnonzero(~held)
    # A little more than nothing on the diagonal: agents held by a prior alone leave the matrix singular.
    inner = laplacian[np.ix_(free, free)] + np.eye(free.size) * 1e-13 * float(np.diag(laplacian).max(initial=0.0))
    inner = np.linalg.solve(inner, edge[free])
    return 1.0 - float(edge[free] @ inner) / float(totals.order * totals.order @ weight)


def require_connected(rated: Rated) -> None:
    """Refuse a record in which some agents have no path of games to the scale.

    Raises:
        EloError: names the agents and the component they form.

    >>> from checks.elo.example import example_rated
    >>> require_connected(example_rated())  # everybody met everybody
    """
    if rated.connection.linked.all():
        return
    parts = components(rated.totals, len(rated.counts.agents))
    names = rated.counts.agents
    lost = [part for part in parts if not rated.connection.linked[part[0]]]
    told = "; ".join(_listed(part, names) for part in lost[:3]) + (
        f" and {len(lost) - 3} more groups" if len(lost) > 3 else ""
    )
    raise EloError(
        f"expected a path of games from every agent to {quote(rated.scale.gauge)}, found none for {told}; play them "
        "against a reference, or leave them unrated (--allow-disconnected; in a policy "
        "games: {allow-disconnected: true})"
    )


def _listed(part: Ints, names: tuple[str, ...]) -> str:
    shown = ", ".join(f"`{quote(names[i])}`" for i in part[:6]) + (
        f" and {part.size - 6} more" if part.size > 6 else ""
    )
    return f"the group of {shown}" if part.size > 1 else shown
