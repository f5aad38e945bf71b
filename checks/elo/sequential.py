"""Better or not, decided as games come in: the sequential probability ratio test, with its error rates under any looks.

The path is walked again from the first cluster on every time, and the first crossing decides, so that it does not
matter when or how often anybody looked. Wald 1945 (Annals of Mathematical Statistics 16, 117–186); for unknown variance
the generalised test in its log form (Li, Liu & Ying 2014, Sequential Analysis 33(4), 539–563).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from checks.counts import Counts, Totals, add_up, head, pair_keys
from checks.distribution import normal_quantile
from checks.elo.fit import ELO, sigmoid
from checks.elo.looks import SINGLE, is_edge, look_edges
from checks.elo.rate import Rated, Scale, rate_totals
from checks.number import round9

LEAST = 10
"""Clusters of the candidate before the first look that counts."""
PSEUDO = 1.0 / 12.0
"""Sum of squares of the pseudo-game that keeps the variance of the first scores above 0."""
MOST = 4.0
"""The test is given up after so many times the observations that a test of fixed size would need."""


class SequentialOutcome(StrEnum):
    """What the test says."""

    BETTER = "better"
    NOT_BETTER = "not_better"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True)
class Hypotheses:
    """What is tested: a gap of `elo0` against one of `elo1`."""

    elo0: float = 0.0
    elo1: float = 20.0
    """Above `elo0`."""
    alpha: float = 0.05
    """Probability of calling a candidate better that is `elo0` above the reference; in (0, 0.5)."""
    beta: float = 0.05
    """Probability of not calling one better that is `elo1` above; in (0, 0.5)."""

    def __post_init__(self) -> None:
        sane = all(map(math.isfinite, (self.elo0, self.elo1)))
        if not (sane and self.elo0 < self.elo1 and 0 < self.alpha < 0.5 and 0 < self.beta < 0.5):
            raise ValueError("expected elo0 below elo1, and alpha and beta above 0 and below 0.5")

    @property
    def upper(self) -> float:
        """The log-likelihood ratio at which the candidate is better: ln((1 − β)/α)."""
        return round9(math.log((1 - self.beta) / self.alpha))

    @property
    def lower(self) -> float:
        """That at which it is not: ln(β/(1 − α))."""
        return round9(math.log(self.beta / (1 - self.alpha)))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The state of the test, at the crossing or at the end of the record."""

    hypotheses: Hypotheses
    outcome: SequentialOutcome
    llr: float
    games: float
    """Games of the candidate up to there."""
    clusters: float
    """Observations: clusters of the candidate up to there."""
    games_needed: float | None
    """Games still to be played, were the candidate as strong as it looks; None: decided, or more would not help, or
    the error of measured ratings, which games do not lessen, leaves it open."""
    exhausted: bool
    """Given up: the strength lies so near the middle of the hypotheses that the test would go on for ever."""
    looks: int


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Who is tested against whom; indices of agents."""

    candidate: int
    reference: int


@dataclass(frozen=True, kw_only=True)
class _State:
    """What a look sees."""

    n: float
    mean: float
    variance: float
    """Of one observation, in the unit of `mean` squared."""
    low: float
    """The mean under `elo0`."""
    high: float

    def llr(self) -> float:
        """Give (N/2)·ln[(v + (x̄ − s₀)²)/(v + (x̄ − s₁)²)]."""
        v, x = self.variance, self.mean
        return round9(0.5 * self.n * math.log((v + (x - self.low) ** 2) / (v + (x - self.high) ** 2)))

    def fixed_size(self, hypotheses: Hypotheses) -> float:
        """Give the observations that a test of fixed size with the same error rates would need."""
        reach = normal_quantile(1 - hypotheses.alpha) + normal_quantile(1 - hypotheses.beta)
        return reach * reach * self.variance / (self.high - self.low) ** 2

    def hopeless(self, hypotheses: Hypotheses) -> bool:
        """Tell whether the test would go on for ever: it has gone on for long, and the mean lies between the two."""
        return self.low < self.mean < self.high and self.n > MOST * self.fixed_size(hypotheses)

    def needed(self, hypotheses: Hypotheses, llr: float) -> float:
        """Give how many observations are still to come, on average, were the truth what it looks."""
        middle = (self.low + self.high) / 2
        truth = max(self.mean, self.high) if self.mean >= middle else min(self.mean, self.low)
        v = self.variance
        drift = 0.5 * math.log((v + (truth - self.low) ** 2) / (v + (truth - self.high) ** 2))
        bound = hypotheses.upper if drift > 0 else hypotheses.lower
        return max(1.0, (bound - llr) / drift)


def sequential_decision(
    counts: Counts, scale: Scale, duel: Duel, hypotheses: Hypotheses, *, gauge_only: bool = True
) -> Decision:
    """Walk a record from its first cluster and decide at the first crossing.

    Looked at is after every cluster in which the candidate played, up to 1,000 of them, then after every 5 % more of
    them, each time at the end of the unit of the record that holds it. A record without order (rows of several games)
    is looked at once, at its end.

    Clusters of very different weight count as the number of equal ones that tell as much (Kish 1965, Survey Sampling,
    section 8.2): the log form allows for not knowing the variance, and few heavy clusters do not tell it.

    Args:
        counts: the record.
        scale: as for `rate`; the reference need not be the gauge.
        duel: two different agents.
        hypotheses: see there.
        gauge_only: do not use the measured ratings of other references.

    Returns:
        The decision; undecided with 0 looks where the candidate has fewer than 10 clusters.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.rate import Scale
    >>> scale = Scale(references={"base_model": None})
    >>> found = sequential_decision(example_record().counts, scale, Duel(candidate=1, reference=2),
    ...  Hypotheses(elo1=100.0))
    >>> found.outcome.value, found.games, found.games_needed
    ('better', 11.0, None)
    """
    return decide_along(Walk(counts, scale, duel, hypotheses, gauge_only=gauge_only), hypotheses)


def decide_along(walk: Walk, hypotheses: Hypotheses) -> Decision:
    """Decide as `sequential_decision` does; one walk serves all hypotheses of the same two gaps."""
    state, llr, units, looks, exhausted = None, 0.0, 0, 0, False
    for units in walk.looks():
        state = walk.state(units)
        if state is None:
            continue
        looks += 1
        llr = state.llr()
        crossed = not hypotheses.lower < llr < hypotheses.upper
        exhausted = not crossed and state.hopeless(hypotheses)
        if crossed or exhausted:
            break
    outcome = SequentialOutcome.UNDECIDED
    if llr >= hypotheses.upper:
        outcome = SequentialOutcome.BETTER
    elif llr <= hypotheses.lower:
        outcome = SequentialOutcome.NOT_BETTER
    games, clusters = walk.played(units)
    needed = None
    if outcome is SequentialOutcome.UNDECIDED and state is not None and not exhausted and not walk.limited:
        needed = state.needed(hypotheses, llr) * games / clusters
    return Decision(
        hypotheses=hypotheses,
        outcome=outcome,
        llr=llr,
        games=games,
        clusters=clusters,
        games_needed=needed,
        exhausted=exhausted,
        looks=looks,
    )


class Walk:
    """The record from its first cluster on."""

    def __init__(
        self, counts: Counts, scale: Scale, duel: Duel, hypotheses: Hypotheses, *, gauge_only: bool = True
    ) -> None:
        self.counts, self.scale, self.duel, self.gauge_only = counts, scale, duel, gauge_only
        uncertain = [one for name, one in scale.references.items() if one is not None and name != scale.gauge]
        self.limited = not gauge_only and any(one.se > 0 for one in uncertain)
        self.low, self.high = (1 / (1 + math.exp(-elo / ELO)) for elo in (hypotheses.elo0, hypotheses.elo1))
        self.keys, self.place = pair_keys(counts)
        self.games, self.points = np.zeros(self.keys.size), np.zeros(self.keys.size)
        self.done = 0
        self.rated: Rated | None = None
        self.seen: dict[int, _State | None] = {}
        """What looks saw so far: each starts from the one before, so they are taken once and in order."""
        own = counts.plays.agent == duel.candidate
        size = counts.units.clusters.size
        self.candidate_games = np.cumsum(add_up(counts.plays.unit[own], counts.plays.games[own], size))
        self.candidate_clusters = np.cumsum(add_up(counts.plays.unit[own], counts.plays.clusters[own], size))
        pair, entries = sorted((duel.candidate, duel.reference)), counts.entries
        other = entries.unit[(entries.first != pair[0]) | (entries.second != pair[1]) | (entries.order != 0)]
        self.direct = int(other.min()) if other.size else size
        """So many units at the start hold nothing but games of the two against each other, in no known order."""

    def looks(self) -> list[int]:
        """Give after how many units to look: none of it depends on where the record ends."""
        size = self.counts.units.clusters.size
        if not self.counts.ordered or not size:
            return [size] if size else []
        reached = np.cumsum(self.counts.units.clusters)
        # Of a unit that more clusters may still join nobody knows what it will hold.
        whole = size - int(size > SINGLE and not is_edge(int(reached[-1])))
        played = self.candidate_clusters[:whole]
        wanted = look_edges(int(played[-1]))
        ends = np.unique(np.searchsorted(played, wanted[wanted >= LEAST]) + 1)
        return [int(end) for end in ends]

    def played(self, units: int) -> tuple[float, float]:
        """Give the candidate's games and clusters after so many units."""
        if not units:
            last = self.candidate_games.size
            return self.played(last) if last else (0.0, 0.0)
        return float(self.candidate_games[units - 1]), float(self.candidate_clusters[units - 1])

    def state(self, units: int) -> _State | None:
        """Look at the record after so many units; None where candidate and reference are not connected yet."""
        if units not in self.seen:
            self.seen[units] = self._look(units)
        return self.seen[units]

    def _look(self, units: int) -> _State | None:
        if self.candidate_clusters[units - 1] < LEAST:
            return None
        return self._direct_state(units) if units <= self.direct else self._league_state(units)

    def _direct_state(self, units: int) -> _State | None:
        entries, first = self.counts.entries, self.duel.candidate < self.duel.reference
        k = int(np.searchsorted(entries.unit, units))
        games, points = float(entries.games[:k].sum()), float(entries.points[:k].sum())
        mm, ms, ss = entries.squares[:k].sum(axis=0)
        n = games * games / float(mm)
        if n < LEAST:
            return None
        mean = points / games
        spread = max(float(ss - 2 * mean * ms + mean * mean * mm), 0.0) * (n / games) ** 2
        variance = (spread + PSEUDO) / (n + 1)
        return _State(n=n, mean=mean if first else 1 - mean, variance=variance, low=self.low, high=self.high)

    def _league_state(self, units: int) -> _State | None:
        record = head(self.counts, units)
        entries = record.entries
        new = slice(self.done, entries.unit.size)
        self.games += add_up(self.place[new], entries.games[new], self.keys.size)
        self.points += add_up(self.place[new], entries.points[new], self.keys.size)
        self.done = entries.unit.size
        totals, before = self._totals(), self.rated
        rated = self.rated = rate_totals(record, totals, self.scale, gauge_only=self.gauge_only, before=before)
        pair = (self.duel.candidate, self.duel.reference)
        if not all(rated.connection.linked[agent] for agent in pair):
            return None
        contrast = rated.contrast(*pair)
        variance, _df = rated.sandwich.variance(contrast)
        equal = rated.sandwich.left.influential(rated.sandwich.pull(contrast), parted=True)
        n = min(float(self.candidate_clusters[units - 1]), equal)
        if n < LEAST:
            return None
        # On the scale of a game's expected points, where the variance does not grow with the gap: with two agents this
        # is the direct form.
        gap = contrast @ rated.fit.strength
        mean = float(sigmoid(gap))
        spread = n * n * variance * (mean * (1 - mean)) ** 2
        return _State(n=n, mean=mean, variance=(spread + PSEUDO) / (n + 1), low=self.low, high=self.high)

    def _totals(self) -> Totals:
        """Give the totals so far, of pairs that have met."""
        met = self.games > 0
        pair, order = np.divmod(self.keys[met], 3)
        first, second = np.divmod(pair, len(self.counts.agents))
        return Totals(first=first, second=second, order=order - 1, games=self.games[met], points=self.points[met])
