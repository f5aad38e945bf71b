"""What the benches of games share: an analysis in one call, counted answers, and rows held against goals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bench.elo_games import BOTS, REFERENCE, Floats
from bench.interval import wilson
from checks.counts import Counts
from checks.elo.bounds import separated_bounds
from checks.elo.estimate import Estimate
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows, count_games
from checks.elo.progress import Checkpoints
from checks.elo.rate import Rated, Scale, rate
from checks.elo.standing import gap_estimate

SCALE = Scale(references={REFERENCE: None})
CONFIDENCE = 0.95
SURE = 3.29 / 1.96
"""How much wider an interval of 99.9 % is than one of 95 %."""
ONE_SIDED = 0.95
"""Probability of superiority from which a one-sided test of 5 % passes."""

Answers: TypeAlias = Mapping[str, bool]
Numbers: TypeAlias = Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A range that a measure has to lie in; ends included."""

    low: float = -math.inf
    high: float = math.inf
    percent: bool = True

    def __str__(self) -> str:
        """Write the range."""
        low, high = (f"{100 * end:g} %" if self.percent else f"{end:g}" for end in (self.low, self.high))
        if math.isinf(self.low):
            return "–" if math.isinf(self.high) else f"≤ {high}"
        return f"≥ {low}" if math.isinf(self.high) else f"{low} to {high}"

    def judge(self, value: float, low: float, high: float) -> str:
        """Tell whether a value with its 95 % interval meets the goal.

        Of some 200 rows that just meet theirs, a few intervals lie beyond it by chance: a goal is surely missed where
        an interval of 99.9 %, 1.68 times as wide, lies beyond it too.
        """
        if math.isinf(self.low) and math.isinf(self.high):
            return ""
        if self.low <= value <= self.high:
            return "met"
        if low <= self.high and high >= self.low:
            return "within error"
        end, goal = (low, self.high) if value > self.high else (high, self.low)
        return "**missed**" if abs(value - goal) > SURE * abs(value - end) else "barely missed"


FREE = Goal()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measure of one case, beside its goal."""

    case: str
    measure: str
    value: float
    low: float
    high: float
    trials: int
    goal: Goal = FREE

    @property
    def verdict(self) -> str:
        """Tell whether the goal is met."""
        return self.goal.judge(self.value, self.low, self.high)

    @property
    def line(self) -> str:
        """Write the row of a table."""
        scale, digits, unit = (100, 1, " %") if self.goal.percent else (1, 3, "")
        shown = [f"{scale * one:.{digits}f}" for one in (self.value, self.low, self.high)]
        cells = (self.case, self.measure, f"{shown[0]}{unit} ({shown[1]} to {shown[2]})")
        return f"| {' | '.join((*cells, str(self.goal), self.verdict, f'{self.trials:,}'))} |"


HEAD = "| case | measure | result (95 % interval) | goal | | trials |\n| --- | --- | --- | --- | --- | --- |"


def share_rows(case: str, found: Sequence[Answers], goals: Mapping[str, Goal]) -> list[Row]:
    """Count answers, one row a question; trials that do not answer a question are left out of its row."""
    rows = []
    for measure, goal in goals.items():
        given = [one[measure] for one in found if measure in one]
        if given:
            hits = sum(given)
            low, high = wilson(hits, len(given))
            rows.append(
                Row(
                    case=case,
                    measure=measure,
                    value=hits / len(given),
                    low=low,
                    high=high,
                    trials=len(given),
                    goal=goal,
                )
            )
    return rows


def mean_row(case: str, measure: str, values: Iterable[float], goal: Goal) -> Row:
    """Average numbers, with a normal interval."""
    given = np.array([one for one in values if math.isfinite(one)])
    reach = 1.96 * float(given.std(ddof=1)) / math.sqrt(given.size)
    value = float(given.mean())
    return Row(
        case=case, measure=measure, value=value, low=value - reach, high=value + reach, trials=given.size, goal=goal
    )


def repeat(trials: int, seed: Sequence[int], one: Callable[[np.random.Generator], Answers]) -> list[Answers]:
    """Run a trial so many times, each from a seed of its own."""
    return [one(np.random.default_rng([*seed, i])) for i in range(trials)]


def counted(rows: SeatRows) -> Counts:
    """Reduce rows to counts."""
    return count_games(rows).counts


def step_of(name: str) -> int:
    """Give the training step of an agent; -1: it is no checkpoint."""
    return int(name[9:]) if name.startswith("adapter_v") else -1


def newest(counts: Counts) -> int:
    """Give the index of the checkpoint of the highest step."""
    return max(range(len(counts.agents)), key=lambda i: step_of(counts.agents[i]))


def checkpoints_of(rated: Rated) -> Checkpoints:
    """Give the checkpoints with finite ratings, by step."""
    finite = rated.connection.linked & ~rated.connection.separated
    steps = [step_of(name) for name in rated.counts.agents]
    found = sorted((step, i) for i, step in enumerate(steps) if step >= 0 and finite[i])
    return Checkpoints(
        index=np.array([i for _, i in found], np.int64), step=np.array([step for step, _ in found], np.int64)
    )


def gap(rated: Rated, candidate: int, confidence: float = CONFIDENCE) -> Estimate:
    """Estimate a candidate above the reference, bounded on one side where it is separated."""
    bounds = separated_bounds(rated, confidence)
    return gap_estimate(rated, (candidate, rated.counts.index(REFERENCE)), confidence, bounds)


def rated_rows(rows: SeatRows) -> Rated:
    """Rate rows against the reference."""
    return rate(counted(rows), SCALE)


def covers(found: Estimate, truth: float) -> bool:
    """Tell whether an interval holds the truth; open ends hold everything."""
    return (found.low is None or found.low <= truth) and (found.high is None or found.high >= truth)


def naive_covers(rated: Rated, candidate: int, truth: float) -> bool:
    """Tell whether the interval of independent pairs, normal and without clusters, holds the truth."""
    contrast = rated.contrast(candidate, rated.counts.index(REFERENCE))
    value = float(contrast @ rated.fit.strength) * ELO
    return abs(value - truth) <= 1.959964 * math.sqrt(rated.fit.model_variance(contrast)) * ELO


def passes(found: Estimate | None) -> bool:
    """Tell whether a one-sided test of 5 % finds the quantity above 0; by its bound where there is no estimate."""
    if found is None:
        return False
    if found.p_superior is None:
        return found.value is None and found.above_zero
    return found.p_superior > ONE_SIDED


def elo_of(names: Sequence[str], gain: Callable[[Floats], Floats]) -> Floats:
    """Give strengths: 0 for the reference, a curve over the share of training for the checkpoints, bots as they are."""
    steps = np.array([float(max(step_of(name), 0)) for name in names])
    return np.where(steps > 0, gain(steps / steps.max()), np.array([BOTS.get(name, 0.0) for name in names]))
