"""How often intervals of the gap hold the truth, and how often those of independent pairs do."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bench.elo_games import Floats, Luck, Table, duel, forked, growing, mixed, play, pool, seat_rows, with_ties
from bench.elo_trials import FREE, Answers, Goal, Row, covers, gap, naive_covers, newest, rated_rows, repeat, share_rows

MANY, FEW = Goal(low=0.93, high=0.97), Goal(low=0.93)
NAIVE = Goal(high=0.80)
Make: TypeAlias = Callable[[np.random.Generator], Table]


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Games of one kind, between a reference of strength 0 and others."""

    what: str
    make: Make
    gap: float = 0.0
    """True strength of the newest checkpoint, Elo; of others on a straight line below."""
    luck: Luck = Luck.PLACKETT_LUCE
    shared: float = 0.0
    ties: float = 0.0
    few: bool = False
    """The newest checkpoint takes part in fewer than 50 clusters."""
    naive: Goal = FREE
    truth: float | None = None
    """What the pairs' model converges to, where it is not the gap itself."""

    def elo(self, table: Table) -> Floats:
        """Give the strengths: a straight line from the reference up to the newest."""
        return self.gap * np.arange(len(table.names)) / (len(table.names) - 1)

    def trial(self, rng: np.random.Generator) -> Answers:
        """Play once, and tell which intervals hold the truth."""
        table = self.make(rng)
        scores = with_ties(play(table, self.elo(table), rng, self.luck, self.shared), self.ties, rng)
        truth = self.limit()
        rated = rated_rows(seat_rows(table, scores))
        candidate = newest(rated.counts)
        found = gap(rated, candidate)
        answers = {
            "clustered": covers(found, truth),
            "naive": naive_covers(rated, candidate, truth),
            "too low": found.high is not None and found.high < truth,
            "too high": found.low is not None and found.low > truth,
            "open": found.low is None or found.high is None,
        }
        if table.rollout[-1] + 1 < table.held.shape[0]:
            by_game = rated_rows(seat_rows(table, scores, by_rollout=False))
            answers["clustered by game"] = covers(gap(by_game, candidate), truth)
        return answers

    def limit(self) -> float:
        """Give what the estimate converges to: of Thurstone games, that of two agents who meet each other alone."""
        if self.truth is not None:
            return self.truth
        if self.ties:
            p = 1 / (1 + 10 ** (-self.gap / 400))
            p = 0.5 * self.ties + p * (1 - self.ties)
            return 400 * math.log10(p / (1 - p))
        return self.gap


def scenarios() -> Iterator[Scenario]:
    """Give the scenarios, many clusters and few."""
    yield Scenario(what="two players, 200 games", make=lambda _: duel(200, 2, 1), gap=35)
    yield Scenario(what="two players, 60 % ties, 200 games", make=lambda _: duel(200, 2, 1), gap=35, ties=0.6)
    yield Scenario(what="7 of 7 agents, 100 games", make=lambda rng: pool(100, 7, 7, rng), naive=NAIVE)
    yield Scenario(what="1 against 6, 100 games", make=lambda _: duel(100, 7, 1), gap=35, naive=NAIVE)
    yield Scenario(what="3 against 4, 100 games", make=lambda _: duel(100, 7, 3), gap=35, naive=NAIVE)
    yield Scenario(what="1 against 6, gap 200, 200 games", make=lambda _: duel(200, 7, 1), gap=200)
    yield Scenario(what="1 against 6, gap 400, 200 games", make=lambda _: duel(200, 7, 1), gap=400)
    yield Scenario(what="1 against 6, gap −300, 200 games", make=lambda _: duel(200, 7, 1), gap=-300)
    for gap_, luck, truth in ((0.0, Luck.SKEWED, None), (35.0, Luck.THURSTONE, None)):
        what = f"1 to 6 of 7 seats, {luck.value}, 100 games"
        yield Scenario(what=what, make=lambda rng: mixed(100, 7, rng), gap=gap_, luck=luck, truth=truth, naive=NAIVE)
    forks = "8 forks each, shared luck 2"
    yield Scenario(
        what=f"1 against 6, 60 rollouts, {forks}", make=lambda _: forked(duel(60, 7, 1), 8), shared=2.0, naive=NAIVE
    )
    yield Scenario(
        what=f"10 agents, 7 seats, 60 rollouts, {forks}",
        make=lambda rng: forked(pool(60, 10, 7, rng), 8),
        shared=2.0,
        naive=NAIVE,
    )
    yield Scenario(
        what=f"15 agents growing, 200 rollouts, {forks}",
        make=lambda rng: forked(growing(200, 15, 7, rng), 8),
        shared=2.0,
        few=True,
        naive=NAIVE,
    )
    for shared in (0.0, 2.0):
        yield Scenario(
            what=f"two players, 60 rollouts of 8, 60 % ties, shared luck {shared:g}",
            make=lambda _: forked(duel(60, 2, 1), 8),
            ties=0.6,
            shared=shared,
        )
    yield Scenario(
        what="3 against 4, 60 rollouts of 8, 60 % ties, shared luck 2",
        make=lambda _: forked(duel(60, 7, 3), 8),
        ties=0.6,
        shared=2.0,
    )
    yield Scenario(what="8 agents growing, 7 seats, 400 games", make=lambda rng: growing(400, 8, 7, rng), gap=35)
    yield Scenario(
        what="20 agents growing, 7 seats, 1,600 games", make=lambda rng: growing(1600, 20, 7, rng), gap=70, few=True
    )
    yield Scenario(
        what="12 agents growing, Thurstone, 800 games",
        make=lambda rng: growing(800, 12, 7, rng),
        gap=35,
        luck=Luck.THURSTONE,
        few=True,
    )
    yield Scenario(
        what="15 agents growing, 2 seats, 1,000 games", make=lambda rng: growing(1000, 15, 2, rng), gap=35, few=True
    )
    yield from _few()


def _few() -> Iterator[Scenario]:
    for n in (16, 20):
        yield Scenario(what=f"two players, {n} games", make=_duels(n, 2, 1), few=True)
        yield Scenario(what=f"1 against 6, {n} games", make=_duels(n, 7, 1), gap=35, few=True)
        yield Scenario(what=f"3 against 4, {n} games", make=_duels(n, 7, 3), gap=35, few=True)
        what = f"{n} rollouts, 8 forks each, shared luck 2"
        yield Scenario(what=f"3 against 4, {what}", make=_duels(n, 7, 3, 8), shared=2.0, few=True)
        yield Scenario(what=f"7 of 7 agents, {what}", make=_forked_pools(n), shared=2.0, few=True)


def _duels(games: int, seats: int, mine: int, forks: int = 1) -> Make:
    return lambda _: forked(duel(games, seats, mine), forks)


def _forked_pools(games: int) -> Make:
    return lambda rng: forked(pool(games, 7, 7, rng), 8)


def coverage(trials: int, seed: int) -> Iterator[Row]:
    """Measure every scenario."""
    for place, scenario in enumerate(scenarios()):
        found = repeat(trials, (seed, 1, place), scenario.trial)
        goals = {"clustered": FEW if scenario.few else MANY, "clustered by game": FREE, "naive": scenario.naive}
        yield from share_rows(scenario.what, found, goals | {"too low": FREE, "too high": FREE, "open": FREE})
