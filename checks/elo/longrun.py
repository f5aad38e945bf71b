"""What agents' true strengths are by the moves of their ratings, and how sure that is.

With R the ratings before a step, λ the share of the way to its level that a rating goes in a step, and θ the strengths,
online updates obey E[ΔRᵢ] = λ(θᵢ − Rᵢ − m), where m, the pool's mean of θ − R, is the same for all. So

    xᵢ = Rᵢ + ΔRᵢ/λ = θᵢ − m + noise,   E[noise | everything before the step] = 0,

whatever ratings began at: agents and steps are fitted to x by least squares with weights λ, and the step takes m away.
For one agent against another over T steps that is Σ(ΔD + λD)/(λT), D the difference of ratings: the moves telescope,
and what start-up leaves in the mean of D is exactly what the net move adds. Agents that live at different times are
compared through those that both met. Runs, roles and decisions may not enter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from checks.distribution import t_probability, t_quantile
from checks.elo.estimate import Estimate
from checks.elo.panel import Panel
from checks.run import Values

MOST_WAVES = 30
"""More than that (some 650 steps) would only take time: Student's t is nearly normal then."""
FAINT = 0.05
"""A cosine of which the fit leaves less than this share tells nothing."""


@dataclass(frozen=True, kw_only=True)
class Sum:
    """A quantity and the waves that tell its error, as level + move/factor, since λ may be wrong by a factor."""

    level: float
    move: float
    level_waves: Values
    """Shape (ν,), ν at least 1: each has the quantity's own variance, and mean 0."""
    move_waves: Values
    """Shape (ν,)."""
    steps: float
    """How many steps the quantity rests on, as if all weighed the same."""

    def at(self, factor: float) -> tuple[float, float]:
        """Give value and standard error, were λ this many times what it was taken for."""
        waves = self.level_waves + self.move_waves / factor
        return self.level + self.move / factor, float(np.sqrt(np.mean(waves**2)))


def effective(profile: Values) -> float:
    """Give the number of steps that something rests on, as if all weighed the same: (Σ v)²/Σ v².

    Args:
        profile: shape (t,), at least 0 and some > 0: the variance of each step's part, up to a constant.

    >>> effective(np.array([1.0, 1, 1, 0])), effective(np.array([4.0, 1, 1]))
    (3.0, 2.0)
    """
    return float(profile.sum() ** 2 / (profile**2).sum())


def cosines(profile: Values) -> Values:
    """Give the waves that tell the variance of a sum of serially correlated parts; shape (ν, t), ν from 1 to 30.

    Equal-weighted cosines (Lazarus, Lewis, Stock & Watson 2018, J. Business & Economic Statistics 36, 541–559, eq. 4
    and p. 545): the mean square of a series' first ν = 0.4·T^(2/3) cosine sums, √2·Σ cos(πj(t − ½)/T)·uₜ, estimates the
    variance of its plain sum, and Student's t has ν degrees of freedom. Here the cosines run on a clock that ticks with
    the variance of the parts, and T is their effective number, so that a sum which rests on few steps is judged by
    those; with equal variances that is the paper's own form. At most 30 are taken.

    >>> cosines(np.ones(10)).round(2).tolist()
    [[1.4, 1.26, 1.0, 0.64, 0.22, -0.22, -0.64, -1.0, -1.26, -1.4]]
    """
    terms = min(MOST_WAVES, max(1, int(0.4 * effective(profile) ** (2 / 3))))
    clock = (np.cumsum(profile) - profile / 2) / profile.sum()
    return np.asarray(np.sqrt(2) * np.cos(np.pi * np.outer(np.arange(1, terms + 1), clock)), np.float64)


def estimate_sum(found: Sum, factors: Sequence[float], confidence: float) -> Estimate:
    """Give the estimate at factor 1, with the interval that covers those at all factors between the least and most.

    A lower end is concave in 1/factor (linear less a norm), so over any range it is least at one of the two ends: what
    holds at both holds between them. `p_superior` is the least of those at the factors.

    Args:
        found: the quantity, in Elo.
        factors: by how much λ may be wrong, around 1; > 0.
        confidence: of the two-sided interval, in (0, 1).

    >>> waves = np.array([10.0, -8, 12, 9, -11, 10, -10, 9])
    >>> found = estimate_sum(
    ...     Sum(level=0.0, move=40.0, level_waves=waves, move_waves=0 * waves, steps=120.0), (0.8, 2.0), 0.95
    ... )
    >>> round(found.value), round(found.low, 1), round(found.high, 1)  # 40/2 and 40/0.8, each with its error
    (40, -2.9, 72.9)
    """
    values = [found.at(factor) for factor in factors]
    value, se = found.at(1.0)
    df = found.level_waves.size
    reach = _reach((1 + confidence) / 2, df)
    sure = min(_certainty(one, error, df) for one, error in values)
    return Estimate(
        value=value,
        low=min(one - reach * error for one, error in values),
        high=max(one + reach * error for one, error in values),
        se=se,
        df=df,
        p_superior=sure,
        clusters=found.steps,
        confidence=confidence,
    )


@lru_cache(maxsize=1_000)
def _reach(p: float, df: float) -> float:
    """Remember a quantile: a run asks for the same few dozens of times."""
    return t_quantile(p, df)


def _certainty(value: float, se: float, df: float) -> float:
    return t_probability(value / se, df) if se > 0 else float(value > 0) or 0.5 * (value == 0)


def linear_sum(
    pull: Values, pace: Values, sides: tuple[Values, Values], left: Callable[[Values], Values]
) -> Sum | None:
    """Estimate Σ pace·pull·x, x a first side plus a second over the factor that λ may be wrong by.

    A fit takes part of any wave out of what is left over: all of a slow one, for an agent of few steps. So each cosine
    sum is scaled to what it would have with white noise.

    Args:
        pull: shape (t, n), not 0 throughout.
        pace: shape (t,), weights of the fit: noise of x has a variance proportional to 1/pace.
        sides: the two parts of x, shape (t, n) each.
        left: what the fit leaves of values of that shape.

    Returns:
        None where the fit leaves nothing to tell an error from.

    >>> luck = np.random.default_rng(3).normal(0, 10, (60, 1))
    >>> found = linear_sum(
    ...     np.full((60, 1), 1 / 60), np.ones(60), (30 + luck, 0 * luck), lambda values: values - values.mean(axis=0)
    ... )
    >>> round(found.level, 1), found.level_waves.size, round(found.steps)
    (29.9, 6, 60)
    """
    weight = pace[:, None]
    profile = (weight * pull**2).sum(axis=1)
    total = float(profile.sum())
    waves = []
    for cosine in cosines(profile):
        wave = left(cosine[:, None] * pull)
        rest = float((weight * wave**2).sum())
        if rest > FAINT * total:
            waves.append([float((weight * wave * side).sum()) * (total / rest) ** 0.5 for side in sides])
    if not waves:
        return None
    level, move = (float((weight * pull * side).sum()) for side in sides)
    return Sum(
        level=level,
        move=move,
        level_waves=np.array(waves)[:, 0],
        move_waves=np.array(waves)[:, 1],
        steps=effective(profile),
    )


@dataclass(frozen=True)
class Strengths:
    """Least-squares strengths of the agents of a panel, up to a common constant."""

    panel: Panel
    pace: Values
    """Shape (t,): λ in each step, or what it is proportional to; > 0."""
    mass: Values = field(init=False)
    """Shape (n,): Σ λ over the steps an agent counts in: how much is known of it."""
    _present: Values = field(init=False)
    _share: Values = field(init=False)
    """Shape (t, n): 1 over the number of agents that count in the step, where this one does; else 0."""
    _normal: Values = field(init=False)
    _inverse: Values = field(init=False)

    def __post_init__(self) -> None:
        present = self.panel.present.astype(np.float64)
        weighed = present * self.pace[:, None]
        share = present / np.maximum(1.0, present.sum(axis=1))[:, None]
        normal = np.diag(weighed.sum(axis=0)) - weighed.T @ share
        object.__setattr__(self, "_present", present)
        object.__setattr__(self, "_share", share)
        object.__setattr__(self, "mass", weighed.sum(axis=0))
        object.__setattr__(self, "_normal", normal)
        object.__setattr__(self, "_inverse", np.linalg.pinv(normal, rcond=1e-9, hermitian=True))

    @property
    def sides(self) -> tuple[Values, Values]:
        """The two parts of x: levels, and moves over λ; shape (t, n) each."""
        return self.panel.levels, self.panel.moves / self.pace[:, None]

    def centred(self, values: Values) -> Values:
        """Take each step's mean over its agents away; shape (t, n), 0 where an agent does not count."""
        means = (self._share * values).sum(axis=1)
        return np.asarray(self._present * (values - means[:, None]), np.float64)

    def left(self, values: Values) -> Values:
        """Give what a fit of agents and steps leaves of values; shape (t, n)."""
        centred = self.centred(values)
        fitted = self._inverse @ (self.pace @ centred)
        return centred - self.centred(np.broadcast_to(fitted, values.shape))

    def contrast(self, weights: Values) -> Sum | None:
        """Estimate a contrast of strengths in Elo, weights of shape (n,) that sum to 0.

        Unbiased for the weighted difference of the true strengths. None where no chain of steps shared with other
        agents joins the two sides, or where nothing is left over to tell an error from.
        """
        solved = self._inverse @ weights
        if not np.allclose(self._normal @ solved, weights, atol=1e-6 * float(np.abs(weights).max())):
            return None
        pull = self.centred(np.broadcast_to(solved, self.panel.levels.shape))
        return linear_sum(pull, self.pace, self.sides, self.left)

    def fall(self, agent: int) -> Sum | None:
        """Estimate by how much the level that an agent's rating is drawn to fell, first step to last, on a line; Elo.

        None where the agent counts in too few steps.
        """
        at = np.flatnonzero(self.panel.present[:, agent])
        if at.size < 3:
            return None
        pace = self.pace[at]
        place = at - (pace @ at) / pace.sum()
        squares = float(pace @ place**2)

        def left(values: Values) -> Values:
            rest = values - (pace @ values) / pace.sum()
            return np.asarray(rest - np.outer(place, (pace * place) @ rest / squares), np.float64)

        span = float(at[-1] - at[0])
        levels, moves = (side[at, agent : agent + 1] for side in self.sides)
        return linear_sum(-span / squares * place[:, None], pace, (levels, moves), left)
