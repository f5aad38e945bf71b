"""Anchored Bradley–Terry: the strengths under which the results were likeliest, references held where they are known.

A tie counts as half a win. Games and points are sufficient for Davidson's tie model too (Davidson 1970, JASA 65,
317–328): who is stronger is the same in both, by how much is not. Newton's method on a concave likelihood; strengths
are in natural-log units, Elo is those times 400/ln 10. No error and no interval may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checks.counts import Flags, Floats, Ints, Totals, add_up
from checks.elo.inverse import invert
from checks.elo.rough import rough_strengths

ELO = 400.0 / float(np.log(10.0))
"""Elo points a natural-log unit (173.7)."""
MAX_STEPS = 100
LONGEST = 5.0
"""No strength moves by more in one step: far from the maximum the likelihood is nearly straight, Newton's step wild."""
TOLERANCE = 1e-16
"""Newton's last step has a decrement, twice the log-likelihood still to be gained, below this: before it no strength is
farther from the maximum than 1e-8 of its standard error."""
NEAR = 1e-8
"""After a step of less decrement the next one is the last in all likelihood, since decrements square themselves: it is
taken with the inverse, which is asked for at the maximum anyway."""


class FitError(Exception):
    """The likelihood could not be maximised: never for data that `connect` finds connected, within float range."""


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """Agents whose ratings are given; arrays of shape (anchors,), at least one of them fixed."""

    index: Ints
    strength: Floats
    """Natural-log units."""
    variance: Floats
    """Of the given strength; 0: fixed, above: a Gaussian prior."""

    @property
    def fixed(self) -> Ints:
        """The anchors without uncertainty."""
        found: Ints = self.index[self.variance == 0]
        return found


@dataclass(frozen=True, kw_only=True)
class Model:
    """What is estimated from which totals."""

    totals: Totals
    size: int
    """Number of agents."""
    anchors: Anchors
    held: Flags
    """Shape (size,). Agents that are not estimated: the fixed anchors, and those without a path to one."""
    virtual: Ints
    """Agents that get one virtual draw against the first anchor, because nothing else bounds them."""
    first_move: bool
    """Whether the advantage of moving first is estimated."""
    virtual_move: bool = False
    """Whether a virtual draw between equals bounds that advantage, because nothing else does."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """The maximum of the likelihood, with the model that it belongs to."""

    model: Model
    strength: Floats
    """Shape (size,), natural-log units; given ones where `held`."""
    first_move: float
    """Natural-log units by which moving first raises the mover's odds; 0 where it is not estimated."""
    inverse: Floats
    """Shape (p, p): inverse of the information over the free parameters, those of `free`, the first move last."""
    free: Ints
    """Agents that were estimated, ascending."""
    steps: int
    decrement: float

    def spread(self, contrast: Floats) -> tuple[Floats, float]:
        """Give the influence C·h of each agent's score on a contrast, shape (size,), and that of the first move.

        Args:
            contrast: shape (size,), weights of the agents' strengths.
        """
        inner = self._along(contrast)
        whole = np.zeros(self.model.size)
        whole[self.free] = inner[: self.free.size]
        return whole, float(inner[-1]) if self.model.first_move else 0.0

    def model_variance(self, contrast: Floats) -> float:
        """Give the variance of a contrast if all meetings were independent; natural-log units squared."""
        return float(self._along(contrast)[: self.free.size] @ contrast[self.free])

    def given(self, contrast: Floats) -> Floats:
        """Give the share of uncertain anchors in a contrast, each in its standard deviations; shape (uncertain,)."""
        anchors = self.model.anchors
        some = anchors.variance > 0
        share: Floats = self.spread(contrast)[0][anchors.index[some]] / np.sqrt(anchors.variance[some])
        return share

    def _along(self, contrast: Floats) -> Floats:
        part = contrast[self.free]
        # Contrasts are of a few agents among thousands.
        some = np.flatnonzero(part)
        found: Floats = part[some] @ self.inverse[some]
        return found


def expected(fit: Fit, first: Ints, second: Ints, order: Ints) -> Floats:
    """Give the expected points a game of `first`, in (0, 1); arrays of one shape.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> round(float(expected(rated.fit, np.array([1]), np.array([2]), np.array([0]))[0]), 3)
    0.689
    """
    return sigmoid(fit.strength[first] - fit.strength[second] + order * fit.first_move)


def sigmoid(x: Floats) -> Floats:
    """Give 1/(1 + e^−x), without overflow.

    >>> sigmoid(np.array([0.0, 800.0, -800.0])).tolist()
    [0.5, 1.0, 0.0]
    """
    decay = np.exp(-np.abs(x))
    value: Floats = np.where(x >= 0, 1.0, decay) / (1.0 + decay)
    return value


def fit_strengths(model: Model, start: Floats | None = None) -> Fit:
    """Maximise Σ s·d − m·log(1+eᵈ), d = θᵢ − θⱼ, less the priors of uncertain anchors.

    Args:
        model: what is estimated. Its agents that are not held have to be connected to a fixed anchor by points both
            ways, by a prior or by a virtual draw.
        start: shape (size,), strengths to start from; None: read off the shares of points.

    Raises:
        FitError: the maximum was not reached in 100 steps, or the information is singular.

    >>> at = np.array([0]), np.array([1])
    >>> totals = Totals(first=at[0], second=at[1], order=at[0], games=np.full(1, 4.0), points=np.full(1, 3.0))
    >>> anchors = Anchors(index=np.array([1]), strength=np.zeros(1), variance=np.zeros(1))
    >>> model = Model(
    ...     totals=totals, size=2, anchors=anchors, held=np.array([False, True]), virtual=np.zeros(0, int),
    ...     first_move=False,
    ... )
    >>> round(float(fit_strengths(model).strength[0]) * ELO, 6)  # 400·log10(3)
    190.848502
    """
    data = _Likelihood(model)
    x = data.start(start)
    value, gradient, information = data.at(x)
    decrement = np.inf
    for steps in range(MAX_STEPS + 1):
        inverse = _inverse(information) if decrement < NEAR else None
        move, decrement = _newton_step(gradient, information, inverse)
        if decrement < TOLERANCE:
            inverse = _inverse(information) if inverse is None else inverse
            # The last step squares the error.
            return data.fit(x + move, inverse, steps, decrement)
        scale = min(1.0, LONGEST / float(np.abs(move).max()))
        found = data.at(x + scale * move)
        while not found[0] >= value - 1e-9 * (1.0 + abs(value)) and scale > 1e-6:
            scale /= 2
            found = data.at(x + scale * move)
        x = x + scale * move
        value, gradient, information = found
    raise FitError(f"the likelihood was not maximised in {MAX_STEPS} steps (decrement {decrement:.3g})")


def _inverse(information: Floats) -> Floats:
    try:
        return invert(information)
    except np.linalg.LinAlgError as error:
        raise FitError("the information is singular") from error


def _newton_step(gradient: Floats, information: Floats, inverse: Floats | None) -> tuple[Floats, float]:
    if not gradient.size:
        return gradient, 0.0
    try:
        move = np.asarray(np.linalg.solve(information, gradient) if inverse is None else inverse @ gradient, np.float64)
    except np.linalg.LinAlgError as error:
        raise FitError("the information is singular") from error
    decrement = float(gradient @ move)
    if not np.isfinite(decrement) or decrement < -TOLERANCE:
        raise FitError("the information is singular")
    return move, max(decrement, 0.0)


class _Likelihood:
    """The log-likelihood over the free parameters: its value, gradient and information at a point."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.free = np.flatnonzero(~model.held)
        self.place = np.full(model.size, -1, np.int64)
        self.place[self.free] = np.arange(self.free.size)
        totals, anchor = model.totals, int(model.anchors.fixed[0])
        n, move = model.virtual.size, int(model.virtual_move)
        inside = ~(model.held[totals.first] & model.held[totals.second])
        self.first = np.concatenate([totals.first[inside], model.virtual, np.full(move, anchor)])
        self.second = np.concatenate([totals.second[inside], np.full(n + move, anchor)])
        self.order = np.concatenate([totals.order[inside], np.zeros(n, np.int64), np.ones(move, np.int64)])
        self.games = np.concatenate([totals.games[inside], np.ones(n + move)])
        self.points = np.concatenate([totals.points[inside], np.full(n + move, 0.5)])
        i, j = self.place[self.first], self.place[self.second]
        self.both = np.flatnonzero((i >= 0) & (j >= 0))
        i, j = i[self.both], j[self.both]
        self.cell = np.minimum(i, j) * self.free.size + np.maximum(i, j)
        self.given = np.zeros(model.size)
        self.given[model.anchors.index] = model.anchors.strength
        self.precision = np.zeros(model.size)
        uncertain = model.anchors.variance > 0
        self.precision[model.anchors.index[uncertain]] = 1.0 / model.anchors.variance[uncertain]
        self.width = self.free.size + model.first_move

    def start(self, strength: Floats | None) -> Floats:
        """Give the point to start from."""
        if strength is None:
            fixed = self.model.anchors.variance == 0
            # A prior may be all that holds an agent who only won or lost: shares of points would lead too far out.
            strength = self._rough() if fixed.all() else np.zeros(self.model.size)
            strength += (self.model.anchors.strength[fixed] - strength[self.model.anchors.fixed]).mean()
        x = np.zeros(self.width)
        x[: self.free.size] = strength[self.free]
        return x

    def _rough(self) -> Floats:
        played = Totals(first=self.first, second=self.second, order=self.order, games=self.games, points=self.points)
        return rough_strengths(played, self.model.size)

    def whole(self, x: Floats) -> Floats:
        """Give the strengths of all agents at a point."""
        strength = self.given.copy()
        strength[self.free] = x[: self.free.size]
        return strength

    def at(self, x: Floats) -> tuple[float, Floats, Floats]:
        """Give value, gradient (p,) and information (p, p)."""
        size, n = self.model.size, self.free.size
        strength = self.whole(x)
        d = strength[self.first] - strength[self.second]
        if self.model.first_move:
            d = d + self.order * x[-1]
        p = sigmoid(d)
        off = strength - self.given
        value = float(self.points @ d - self.games @ (np.maximum(d, 0.0) + np.log1p(np.exp(-np.abs(d)))))
        value -= 0.5 * float(self.precision @ (off * off))
        rest = self.points - self.games * p
        weight = self.games * p * (1.0 - p)
        score = np.bincount(self.first, rest, size) - np.bincount(self.second, rest, size) - self.precision * off
        matrix = self._laplacian(weight)
        gradient = score[self.free]
        if self.model.first_move:
            cross = self.order * weight
            edge = (np.bincount(self.first, cross, size) - np.bincount(self.second, cross, size))[self.free]
            gradient = np.append(gradient, self.order @ rest)
            bordered = np.empty((n + 1, n + 1))
            bordered[:n, :n], bordered[n, :n], bordered[:n, n] = matrix, edge, edge
            bordered[n, n] = self.order * self.order @ weight
            matrix = bordered
        return value, gradient, matrix

    def _laplacian(self, weight: Floats) -> Floats:
        size, n = self.model.size, self.free.size
        upper = add_up(self.cell, weight[self.both], n * n).reshape(n, n)
        matrix: Floats = np.add(upper, upper.T)
        np.negative(matrix, out=matrix)
        total = np.bincount(self.first, weight, size) + np.bincount(self.second, weight, size) + self.precision
        matrix[np.arange(n), np.arange(n)] = total[self.free]
        return matrix

    def fit(self, x: Floats, inverse: Floats, steps: int, decrement: float) -> Fit:
        """Give the fit at the maximum."""
        return Fit(
            model=self.model,
            strength=self.whole(x),
            first_move=float(x[-1]) if self.model.first_move else 0.0,
            inverse=inverse,
            free=self.free,
            steps=steps,
            decrement=decrement,
        )
