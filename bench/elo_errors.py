"""How often a candidate passes that is no better."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from bench.elo_games import (
    REFERENCE,
    Table,
    duel,
    forked,
    growing,
    play,
    pool,
    seat_rows,
    star,
)
from bench.elo_trials import (
    CONFIDENCE,
    SCALE,
    Answers,
    Goal,
    Row,
    counted,
    elo_of,
    newest,
    passes,
    repeat,
    share_rows,
    step_of,
)
from checks.counts import Counts
from checks.elo.agents import Naming
from checks.elo.analysis import analyse
from checks.elo.answer import EloAnswer, EloQuestion
from checks.elo.best import best_of
from checks.elo.estimate import Estimate
from checks.elo.rate import rate
from checks.elo.sequential import Duel, Hypotheses, SequentialOutcome, sequential_decision
from checks.run import GameRecord

NULL = Goal(high=0.05)
INTERVAL = Goal(high=0.025)
"""Of two-sided intervals of 95 % that lie above 0."""
RARE = Goal(high=0.001)
Make: TypeAlias = Callable[[np.random.Generator], Table]
NARROW, WIDE = Hypotheses(elo0=0.0, elo1=20.0), Hypotheses(elo0=0.0, elo1=35.0)
SHORT = Hypotheses(elo0=0.0, elo1=400.0)
"""Decided within a few games: where only estimates are asked for, the walk should not cost."""


def answer(counts: Counts) -> EloAnswer:
    """Ask the whole analysis of the newest checkpoint."""
    record = GameRecord(counts=counts, source="bench", cluster="game")
    naming = Naming(references=SCALE.references)
    return analyse(record, EloQuestion(naming=naming, hypotheses=SHORT, allow_disconnected=True))


def estimated(found: EloAnswer) -> Estimate | None:
    """Give the gap's estimate."""
    return None if found.gap is None else found.gap.estimate


def better(counts: Counts, hypotheses: Hypotheses) -> bool:
    """Tell whether the sequential test finds the newest checkpoint better than the reference."""
    pair = Duel(candidate=newest(counts), reference=counts.index(REFERENCE))
    return sequential_decision(counts, SCALE, pair, hypotheses).outcome is SequentialOutcome.BETTER


@dataclass(frozen=True, kw_only=True)
class League:
    """A record of equals."""

    what: str
    make: Make
    times: float = 1.0
    """How many times the usual trials: cheap records near their goal more, costly ones fewer."""
    shared: float = 0.0

    def counts(self, rng: np.random.Generator) -> Counts:
        """Play once."""
        table = self.make(rng)
        elo = elo_of(table.names, lambda x: 0.0 * x)
        return counted(seat_rows(table, play(table, elo, rng, shared=self.shared)))


def estimates(league: League, rng: np.random.Generator) -> Answers:
    """Ask one record of equals everything that could pass, but for the sequential test."""
    counts = league.counts(rng)
    latest = answer(counts)
    given = {"gap of the newest, one-sided": passes(estimated(latest))}
    if len(counts.agents) == 2:
        return given
    rated, learning = rate(counts, SCALE), latest.learning
    every = [i for i, name in enumerate(counts.agents) if step_of(name) >= 0 and rated.connection.linked[i]]
    best = best_of(rated, every, counts.index(REFERENCE), CONFIDENCE).gap
    return given | {
        "end gain, one-sided": passes(learning.reference_decline),
        "signal positive": learning.signal.value == "positive",
        "signal negative": learning.signal.value == "negative",
        "best of many, p_superior > 0.95": passes(best),
        "best of many, interval above 0": best.above_zero,
        "newest above the best older": learning.latest is not None and learning.latest.above_zero,
        "newest below the best older": learning.latest is not None and learning.latest.below_zero,
        "newest above older ones' mean": passes(learning.older_checkpoints),
        "doubts": bool(latest.doubts),
    }


ESTIMATES = {
    "gap of the newest, one-sided": NULL,
    "end gain, one-sided": NULL,
    "signal positive": INTERVAL,
    "signal negative": NULL,
    "best of many, p_superior > 0.95": NULL,
    "best of many, interval above 0": INTERVAL,
    "newest above the best older": INTERVAL,
    "newest below the best older": INTERVAL,
    "newest above older ones' mean": NULL,
    "doubts": RARE,
}


def null(trials: int, seed: int) -> Iterator[Row]:
    """Measure false passes of estimates among equals."""
    leagues = (
        League(what="14 checkpoints, 6 games each against the reference", make=lambda _: star(6, 14)),
        League(what="14 checkpoints, 20 games each against the reference", make=lambda _: star(20, 14), times=0.5),
        League(what="15 agents, 2 seats, 60 games", make=lambda rng: pool(60, 15, 2, rng), times=0.6),
        League(what="15 agents, 7 seats, 40 games", make=lambda rng: pool(40, 15, 7, rng), times=0.3),
        League(what="8 agents growing, 7 seats, 300 games", make=lambda rng: growing(300, 8, 7, rng), times=0.5),
        League(what="15 agents growing, 7 seats, 1,600 games", make=lambda rng: growing(1600, 15, 7, rng), times=0.3),
        League(
            what="15 agents growing, 60 rollouts of 8, shared luck 2",
            make=lambda rng: forked(growing(60, 15, 7, rng), 8),
            shared=2.0,
            times=0.3,
        ),
        League(what="two players, 600 games", make=lambda _: duel(600, 2, 1)),
        League(what="1 against 6, 300 games", make=lambda _: duel(300, 7, 1)),
    )
    for place, league in enumerate(leagues):
        found = repeat(times(trials, league.times), (seed, 2, place), partial(estimates, league))
        yield from share_rows(league.what, found, ESTIMATES)


def times(trials: int, share: float) -> int:
    """Give this many times the usual trials, at least one."""
    return max(round(trials * share), 1)


def giant(games: int, size: int, rng: np.random.Generator) -> Table:
    """Play single games of two, and somewhere among the first 30 a rollout of many."""
    sizes = np.ones(games, np.int64)
    sizes[rng.integers(0, 30)] = size
    return forked(duel(games, 2, 1), sizes)


def pareto(rollouts: int, shape: float, seats: int, rng: np.random.Generator) -> Table:
    """Play rollouts of very unequal size, Pareto's law, at most 1,000 games."""
    sizes = np.minimum(np.floor(rng.random(rollouts) ** (-1 / shape)), 1_000).astype(np.int64)
    return forked(duel(rollouts, seats, seats // 2), sizes)


def looks(trials: int, seed: int) -> Iterator[Row]:
    """Measure false passes of the sequential test among equals, of leagues and of very unequal rollouts."""
    leagues = (
        League(what="singles and one rollout of 100", make=lambda rng: giant(1500, 100, rng), shared=2.0),
        League(what="singles and one rollout of 1,000", make=lambda rng: giant(1500, 1000, rng), shared=2.0),
        League(what="rollouts, Pareto 1.5, 2 seats", make=lambda rng: pareto(1000, 1.5, 2, rng), shared=2.0),
        League(what="rollouts, Pareto 1, 2 seats", make=lambda rng: pareto(600, 1.0, 2, rng), shared=2.0),
        League(what="rollouts, Pareto 1.2, 7 seats", make=lambda rng: pareto(200, 1.2, 7, rng), shared=2.0),
        League(what="15 agents growing, 7 seats, 800 games", make=lambda rng: growing(800, 15, 7, rng), times=0.2),
        League(what="5 agents, 2 seats, 600 games", make=lambda rng: pool(600, 5, 2, rng), times=0.2),
    )
    for place, league in enumerate(leagues):

        def trial(rng: np.random.Generator, league: League = league) -> Answers:
            counts = league.counts(rng)
            return {"sequential [0, 20]": better(counts, NARROW), "sequential [0, 35]": better(counts, WIDE)}

        found = repeat(times(trials, league.times), (seed, 8, place), trial)
        yield from share_rows(league.what, found, {"sequential [0, 20]": NULL, "sequential [0, 35]": NULL})
