"""How often a candidate passes that is no better, how often one passes that is, and what the sequential test costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from bench.elo_games import (
    BOTS,
    REFERENCE,
    Floats,
    Table,
    duel,
    forked,
    growing,
    play,
    pool,
    seat_rows,
    star,
    with_bots,
)
from bench.elo_trials import (
    CONFIDENCE,
    FREE,
    SCALE,
    Answers,
    Goal,
    Row,
    checkpoints_of,
    counted,
    elo_of,
    gap,
    mean_row,
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
from checks.elo.consistency import agreement, negative_control
from checks.elo.estimate import Estimate
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows
from checks.elo.progress import exploitation, least_gain, trend
from checks.elo.rate import Scale, rate
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
FIXED = 10.8222
"""Squared sum of the normal quantiles of alpha and beta, both 0.05."""


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
        found = repeat(_times(trials, league.times), (seed, 2, place), partial(estimates, league))
        yield from share_rows(league.what, found, ESTIMATES)


def _times(trials: int, times: float) -> int:
    return max(round(trials * times), 1)


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

        found = repeat(_times(trials, league.times), (seed, 8, place), trial)
        yield from share_rows(league.what, found, {"sequential [0, 20]": NULL, "sequential [0, 35]": NULL})


def power(trials: int, seed: int) -> Iterator[Row]:
    """Measure how often a gain passes a one-sided test of 5 %."""
    for place, (games, mine, elo, least) in enumerate(
        ((271, 1, 35.0, 0.78), (135, 3, 35.0, 0.78), (119, 1, 70.0, 0.93), (60, 3, 70.0, 0.93))
    ):

        def trial(rng: np.random.Generator, games: int = games, mine: int = mine, elo: float = elo) -> Answers:
            table = duel(games, 7, mine)
            counts = counted(seat_rows(table, play(table, np.array([0.0, elo]), rng)))
            return {"gap": passes(gap(rate(counts, SCALE), newest(counts)))}

        case = f"+{elo:g} Elo, {mine} against {7 - mine}, {games} games"
        yield from share_rows(case, repeat(4 * trials, (seed, 3, place), trial), {"gap": Goal(low=least)})


CURVES: dict[str, Callable[[Floats], Floats]] = {
    "no gain": lambda x: 0.0 * x,
    "+35 on a line": lambda x: 35.0 * x,
    "+35 by a third, then level": lambda x: 35.0 * np.minimum(1.0, 3.0 * x),
    "+35 in the last third": lambda x: 35.0 * np.maximum(0.0, 3.0 * x - 2.0),
    "+35 at two thirds, all lost again": lambda x: 35.0 * np.interp(x, [0, 2 / 3, 1], [0, 1, 0]),
    "+150 at two thirds, all lost again": lambda x: 150.0 * np.interp(x, [0, 2 / 3, 1], [0, 1, 0]),
}


def end_gains(trials: int, seed: int) -> Iterator[Row]:
    """Measure what is said of learning after 1,600 games of a league."""
    makes: dict[str, Make] = {
        "growing league": lambda rng: growing(1600, 11, 7, rng),
        "everybody from the start": lambda rng: pool(1600, 11, 7, rng),
    }
    for place, (what, make) in enumerate(makes.items()):
        for shape, (told, curve) in enumerate(CURVES.items()):

            def trial(
                rng: np.random.Generator, make: Make = make, curve: Callable[[Floats], Floats] = curve
            ) -> tuple[Answers, float]:
                table = make(rng)
                counts = counted(seat_rows(table, play(table, elo_of(table.names, curve), rng)))
                found = answer(counts)
                end = found.learning.reference_decline
                rated = rate(counts, SCALE)
                line = trend(rated, checkpoints_of(rated), counts.index(REFERENCE), CONFIDENCE)
                return {
                    "end gain": passes(end),
                    "the line alone": line is not None and passes(line.end_gain),
                    "signal positive": found.learning.signal.value == "positive",
                    "signal negative": found.learning.signal.value == "negative",
                    "gap of the newest": passes(estimated(found)),
                }, float("nan") if end is None or end.value is None else end.value

            flat = told == "no gain"
            many = trials if shape < 2 else max(trials // 8, 2)
            found = [trial(np.random.default_rng([seed, 4, place, shape, i])) for i in range(many)]
            goal = NULL if flat else Goal(low=0.95) if told.endswith("on a line") else FREE
            goals = {"end gain": goal, "the line alone": FREE, "signal positive": INTERVAL if flat else FREE}
            case = f"10 checkpoints, 1,600 games, {what}, {told}"
            goals |= {"signal negative": NULL if flat else FREE, "gap of the newest": FREE}
            yield from share_rows(case, [one for one, _ in found], goals)
            yield mean_row(case, "end gain, mean", [value for _, value in found], Goal(percent=False))


def sequential(trials: int, seed: int) -> Iterator[Row]:
    """Measure the sequential test of [0, 35] at both ends, and between them, against a test of fixed size."""
    for place, (seats, mine, se) in enumerate(((2, 1, ELO * 2), (7, 1, 231.6), (7, 3, 163.8))):
        fixed = FIXED * (se / 35.0) ** 2
        most = int(6 * fixed)
        for where, elo in enumerate((0.0, 17.5, 35.0)):
            decided, spent = [], []
            for i in range(trials if elo in (0.0, 35.0) else max(trials // 4, 1)):
                rng = np.random.default_rng([seed, 5, place, where, i])
                table = duel(most, seats, mine)
                counts = counted(seat_rows(table, play(table, np.array([0.0, elo]), rng)))
                found = sequential_decision(counts, SCALE, Duel(candidate=0, reference=1), WIDE)
                decided.append(
                    {
                        "better": found.outcome is SequentialOutcome.BETTER,
                        "undecided": found.outcome is SequentialOutcome.UNDECIDED,
                    }
                )
                spent.append(found.games / fixed)
            case = f"[0, 35] at {elo:g}, " + ("two players" if seats == 2 else f"{mine} against {seats - mine}")
            goal = {0.0: Goal(high=0.055), 35.0: Goal(low=0.94)}.get(elo, FREE)
            yield from share_rows(case, decided, {"better": goal, "undecided": FREE})
            few = Goal(percent=False) if elo == 17.5 else Goal(high=0.55, percent=False)
            yield mean_row(case, "games, of a fixed sample's", spent, few)


def fits(trials: int, seed: int) -> Iterator[Row]:
    """Measure false alarms of the tests of one scale, and what they see of a cycle."""
    leagues = (
        League(what="15 agents, 2 seats, 1,000 games", make=lambda rng: pool(1000, 15, 2, rng), times=2),
        League(what="6 agents, 2 seats, 600 games", make=lambda rng: pool(600, 6, 2, rng), times=2),
        League(what="15 agents, 7 seats, 400 games", make=lambda rng: pool(400, 15, 7, rng)),
        League(what="10 agents growing, 7 seats, 600 games", make=lambda rng: growing(600, 10, 7, rng)),
        League(
            what="10 agents, 60 rollouts of 8, shared luck 2",
            make=lambda rng: forked(pool(60, 10, 7, rng), 8),
            shared=2.0,
        ),
        League(what="7 of 7 agents, 60 games", make=lambda rng: pool(60, 7, 7, rng)),
    )
    for place, league in enumerate(leagues):

        def trial(rng: np.random.Generator, league: League = league) -> Answers:
            found = agreement(rate(league.counts(rng), SCALE))
            return {} if found is None else {"p < 0.05": found.p < 0.05, "p < 0.001": found.sure}

        found = repeat(_times(trials, league.times), (seed, 9, place), trial)
        yield from share_rows(f"agreement, equals, {league.what}", found, {"p < 0.05": NULL, "p < 0.001": RARE})
    for place, (elo, agents, games) in enumerate(((100.0, 3, 150), (100.0, 3, 300), (100.0, 6, 600), (200.0, 6, 600))):

        def cyclic(rng: np.random.Generator, elo: float = elo, agents: int = agents, games: int = games) -> Answers:
            found = agreement(rate(counted(_cycle(games, agents, elo, rng)), SCALE))
            return {} if found is None else {"p < 0.001": found.sure, "a certain cycle": found.cycles > 0}

        case = f"agreement, each of three beats the next by {elo:g} Elo, {agents} agents, 2 seats, {games} games"
        found = repeat(_times(trials, 0.5), (seed, 10, place), cyclic)
        yield from share_rows(case, found, {"p < 0.001": FREE, "a certain cycle": FREE})


def _cycle(games: int, agents: int, elo: float, rng: np.random.Generator) -> SeatRows:
    table = pool(games, agents, 2, rng)
    scores = play(table, np.zeros(agents), rng)
    one, other = table.held.T
    three = (one < 3) & (other < 3)
    scores[:, 0] += np.where(three, np.where((other - one) % 3 == 1, 1, -1), 0) * elo / ELO
    return seat_rows(table, scores)


def fixed_agents(trials: int, seed: int) -> Iterator[Row]:
    """Measure false passes of the gain against bots, and false alarms of the negative control, without learning."""
    scale = Scale(references={REFERENCE: None} | dict.fromkeys(BOTS))
    leagues = (
        League(what="8 checkpoints, 3 bots, 7 seats, 300 games", make=lambda rng: with_bots(300, 8, 7, rng)),
        League(what="8 checkpoints, 3 bots, 7 seats, 1,000 games", make=lambda rng: with_bots(1000, 8, 7, rng)),
        League(what="8 checkpoints, 3 bots, 2 seats, 120 games", make=lambda rng: with_bots(120, 8, 2, rng)),
        League(what="8 checkpoints, 3 bots, 2 seats, 600 games", make=lambda rng: with_bots(600, 8, 2, rng)),
        League(
            what="8 checkpoints, 3 bots, 40 rollouts of 8, shared luck 2",
            make=lambda rng: forked(with_bots(40, 8, 7, rng), 8),
            shared=2.0,
        ),
    )
    goals = {
        "exploitation, one-sided": NULL,
        "exploitation, interval above 0": INTERVAL,
        "gain against the least, interval above 0": INTERVAL,
        "gain against the least, interval below 0": NULL,
        "control, p < 0.05": NULL,
        "control, p < 0.001": RARE,
    }
    for place, league in enumerate(leagues):

        def trial(rng: np.random.Generator, league: League = league) -> Answers:
            counts = league.counts(rng)
            rated, given = rate(counts, scale), {}
            bots = [counts.index(name) for name in BOTS]
            gain = exploitation(rated, bots, checkpoints_of(rated), counts.index(REFERENCE), CONFIDENCE)
            if gain is not None:
                given["exploitation, one-sided"] = passes(gain.total)
                given["exploitation, interval above 0"] = gain.total.above_zero
                given["gain against the least, interval above 0"] = least_gain(gain).above_zero
                given["gain against the least, interval below 0"] = least_gain(gain).below_zero
            control = negative_control(counts, scale)
            if control is not None:
                given |= {"control, p < 0.05": control.p < 0.05, "control, p < 0.001": control.sure}
            return given

        found = repeat(trials, (seed, 11, place), trial)
        yield from share_rows(league.what, found, goals)
