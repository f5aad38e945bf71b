"""How fast online ratings settle: the share λ of the way to its level that a rating goes in one logged step.

Near equal strength an expected score changes by c/4 an Elo, c = ln 10/400, and in a game of n seats drawn evenly from N
members a rating moves by K/(n−1) a pair. In a step of g games the difference of two ratings so loses the share

    sequential: 1 − exp(−g·K·c·n/(4(N−1)))        averaged: K·c·n/(4(N−1)) · (1 − (1−p)^g)/p,   p = min(1, n/N)

in expectation; averaged: an agent moves once a step, by the mean of what its games would have moved it, which gives
K·c·n/(4(n−1)) where all sit in every game. Luck tells λ a second time: a rank among n equals varies by (n²−1)/12, so a
game moves a rating by K²(n+1)/(12(n−1)) in mean square, and with sequential updates λ is the mean square of a step's
moves times 3c(n−1)/(K(n+1))·N/(N−1), however many games were played. Strengths may not enter.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from checks.elo.longrun import Strengths
from checks.elo.panel import Panel
from checks.run import Values

NATS = math.log(10) / 400
"""Natural-log units in one Elo."""
EAGER = 2.0
"""By how much λ is allowed to be larger than found: the newest checkpoints often sit in more than their even share of
games, and settle faster for it."""


class Update(StrEnum):
    """When online ratings move."""

    SEQUENTIAL = "sequential"
    """After every game."""
    AVERAGED = "averaged"
    """Once a step, by the mean over the agent's games of the step, all rated from the ratings before it."""


class PaceSource(StrEnum):
    """Where λ comes from, best first."""

    DECLARED = "declared"
    """From the rule: K, seats, games a step."""
    MOVEMENT = "movement"
    """From K and the mean square of the moves: seats or games a step were not declared."""
    REGRESSION = "regression"
    """From how much the moves lean towards the mean: K was not declared, or does not suffice. Rough."""


@dataclass(frozen=True, kw_only=True)
class SeriesRule:
    """How the trainer rates agents, and how its ratings are to be judged. None: not declared."""

    k: float | None = None
    """Largest move of a rating in one game of two, 0.001 to 1,000,000. With n seats a pair moves by K/(n−1)."""
    update: Update | None = None
    """None also for ratings that are no Elo (TrueSkill's on an Elo scale)."""
    seats: int | None = None
    """Seats of a game, at least 2."""
    games_per_step: float | None = None
    """Rated games in one logged step, 0.001 to 1,000,000."""
    seat_averaged: bool = False
    """An agent's seats are averaged before they are compared: biased wherever scores are skewed."""
    confidence: float = 0.95
    """Of the two-sided intervals shown, in (0, 1)."""
    alpha: float = 0.025
    """Level of each one-sided test, in (0, 0.5]."""

    def __post_init__(self) -> None:
        wrong = [
            f"{name}: expected {wanted}, got {value}"
            for name, value, wanted, good in (
                ("k", self.k, "0.001 to 1,000,000", _sane(self.k)),
                ("seats", self.seats, "at least 2", self.seats is None or self.seats >= 2),
                ("games_per_step", self.games_per_step, "0.001 to 1,000,000", _sane(self.games_per_step)),
                ("confidence", self.confidence, "between 0 and 1", 0 < self.confidence < 1),
                ("alpha", self.alpha, "above 0, at most 0.5", 0 < self.alpha <= 0.5),
            )
            if not good
        ]
        if wrong:
            raise ValueError("; ".join(wrong))


def _sane(value: float | None) -> bool:
    return value is None or 1e-3 <= value <= 1e6


@dataclass(frozen=True, kw_only=True)
class Pace:
    """λ of every step of a panel, and how wrong it may be."""

    source: PaceSource
    values: Values
    """Shape (t,), in (0, 1]."""
    least: float
    """λ may be as small as this many times `values`; in (0, 1]."""
    most: float
    """λ may be as large as this many times `values`; at least 1."""
    uneven: float | None
    """How many times as much as the reference's the candidates' ratings move by luck: 1 where seats are drawn evenly.
    None where that cannot be told."""


def declared_pace(rule: SeriesRule, members: Values) -> Values:
    """Give λ by the rule, with all numbers declared; `members`, shape (t,), at least 2: how many agents play.

    >>> rule = SeriesRule(k=32, update=Update.SEQUENTIAL, seats=7, games_per_step=4)
    >>> [round(float(one), 4) for one in declared_pace(rule, np.array([7.0, 15.0]))]
    [0.1934, 0.088]
    >>> rule = SeriesRule(k=32, update=Update.AVERAGED, seats=7, games_per_step=4)
    >>> [round(float(one), 4) for one in declared_pace(rule, np.array([7.0, 15.0]))]
    [0.0537, 0.0453]
    """
    k, seats, games = rule.k or 0.0, rule.seats or 2, rule.games_per_step or 0.0
    once = k * NATS * seats / (4 * (members - 1))
    if rule.update is Update.SEQUENTIAL:
        return np.asarray(-np.expm1(-games * once), np.float64)
    share = np.minimum(1.0, seats / members)
    return np.asarray(np.minimum(1.0, once * (1 - (1 - share) ** games) / share), np.float64)


def find_pace(rule: SeriesRule, panel: Panel, reference: int, candidates: Sequence[int]) -> Pace | None:
    """Tell λ, from the rule as far as it is declared.

    Args:
        rule: with an update rule.
        panel: at least one step; every step with at least two members.
        reference: column of the agent that gaps are measured from.
        candidates: columns of the agents asked about.

    Returns:
        None where λ cannot be told from 0.

    >>> from checks.elo.panel import build_panel
    >>> from checks.run import Series
    >>> luck = np.random.default_rng(5).normal(0, 19, (200, 3)) @ (np.eye(3) - 1 / 3)
    >>> ratings = np.vstack([np.full((1, 3), 1000.0), 1000 + luck])
    >>> logged = {n: Series(name=n, steps=np.arange(201), values=ratings[:, i]) for i, n in enumerate("abc")}
    >>> rule = SeriesRule(k=16, update=Update.SEQUENTIAL, seats=2, games_per_step=6)
    >>> found = find_pace(rule, build_panel(logged), 0, [2])
    >>> found.source.value, round(float(found.values[0]), 3), found.least, round(found.most, 2)
    ('declared', 0.129, 1.0, 3.9)
    """
    if rule.k is not None and rule.seats is not None and rule.games_per_step is not None:
        values = declared_pace(rule, panel.members)
        calm = values / (_luck(rule.k, rule.seats, panel.members) * _games(rule, panel.members))
        everyone, theirs, its = (
            _activity(panel, calm, who) for who in (range(len(panel.agents)), candidates, [reference])
        )
        return Pace(
            source=PaceSource.DECLARED,
            values=values,
            least=min(1.0, everyone),
            most=EAGER * max(1.0, everyone, theirs),
            uneven=theirs / its,
        )
    if rule.k is not None and rule.update is Update.SEQUENTIAL:
        return _by_movement(rule, rule.k, panel, reference, candidates)
    return _by_regression(rule, panel)


def _games(rule: SeriesRule, members: Values) -> Values:
    """Give how many games the mean is over that moves a rating, averaged over steps in which it plays; 1 if sequential.

    That is P(m > 0)/E[1/m; m > 0], m the binomial number of games an agent sits in, with E[1/m; m > 0] the integral of
    ((1 − p + ps)^g − (1 − p)^g)/s over s from 0 to 1.
    """
    if rule.update is Update.SEQUENTIAL:
        return np.ones(members.size)
    share, games = np.minimum(1.0, (rule.seats or 2) / members), rule.games_per_step or 1.0
    nodes, weights = np.polynomial.legendre.leggauss(24)
    at = (nodes + 1) / 2
    never = ((1 - share) ** games)[:, None]
    inverse = (((1 - share[:, None] * (1 - at)) ** games - never) / at) @ weights / 2
    return np.asarray((1 - never[:, 0]) / inverse, np.float64)


def _activity(panel: Panel, calm: Values, who: Sequence[int]) -> float:
    """Give the mean square of some agents' moves over what `calm`, shape (t,), expects of one; > 0."""
    columns = list(who)
    expected = float((panel.present[:, columns] * calm[:, None]).sum())
    return max(1e-6, float((panel.moves[:, columns] ** 2).sum()) / expected)


def _luck(k: float, seats: float, members: Values) -> Values:
    """Give λ over the mean square of a step's moves, for sequential updates; shape (t,)."""
    return np.asarray(3 * NATS * (seats - 1) / (k * (seats + 1)) * members / (members - 1), np.float64)


def _by_movement(rule: SeriesRule, k: float, panel: Panel, reference: int, candidates: Sequence[int]) -> Pace:
    """Tell λ from the moves' mean square. Without seats (n−1)/(n+1) is 3/5: it lies in [1/3, 1)."""
    even = 1 / panel.members
    everyone, theirs, its = (_activity(panel, even, who) for who in (range(len(panel.agents)), candidates, [reference]))
    once = _luck(k, rule.seats or 4, panel.members) * even * everyone
    return Pace(
        source=PaceSource.MOVEMENT,
        values=np.asarray(-np.expm1(-once), np.float64),
        least=0.8 if rule.seats is not None else 0.5,
        most=EAGER * max(1.0, theirs / everyone) * (1.0 if rule.seats is not None else 5 / 3),
        uneven=theirs / its,
    )


def _by_regression(rule: SeriesRule, panel: Panel) -> Pace | None:
    """Tell λ by regressing moves on levels, agents and steps taken out; None if it is not sure to be above 0.

    The estimate is too large by up to 3/T of a life of T steps (Harris & Tzavalis 1999, J. Econometrics 91, 201–226:
    the mean with agents' means taken out, at λ = 0), which is taken off: λ too small is the safer side.
    """
    even = 1 / (panel.members - 1) if rule.update is Update.SEQUENTIAL else np.ones(panel.members.size)
    strengths = Strengths(panel, even)
    levels, moves = (strengths.left(side) for side in strengths.sides)
    lives = panel.present.sum(axis=0)
    squares = float(even @ (levels**2).sum(axis=1))
    free = float(lives.sum() - (lives > 0).sum() - even.size)
    if squares <= 0 or free < 10:
        return None
    slope = -float(even @ (levels * moves).sum(axis=1)) / squares
    error = math.sqrt(float(even @ ((moves + slope * levels) ** 2).sum(axis=1)) / free / squares)
    found = slope - 3 / float(lives[lives > 0].mean()) / float(even.mean())
    low = found - 2 * error
    if low <= 0:
        return None
    return Pace(
        source=PaceSource.REGRESSION,
        values=np.minimum(1.0, found * even),
        least=low / found,
        most=EAGER * (slope + 2 * error) / found,
        uneven=None,
    )
