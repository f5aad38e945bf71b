"""False alarms of what doubts the one scale: agreement of the games, gains against bots, the negative control."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bench.elo_errors import INTERVAL, NULL, RARE, League, times
from bench.elo_games import BOTS, REFERENCE, forked, growing, play, pool, seat_rows, with_bots
from bench.elo_trials import (
    CONFIDENCE,
    FREE,
    SCALE,
    Answers,
    Row,
    checkpoints_of,
    counted,
    passes,
    repeat,
    share_rows,
)
from checks.elo.consistency import agreement, negative_control
from checks.elo.exploitation import exploitation, least_gain
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows
from checks.elo.rate import Scale, rate


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

        found = repeat(times(trials, league.times), (seed, 9, place), trial)
        yield from share_rows(f"agreement, equals, {league.what}", found, {"p < 0.05": NULL, "p < 0.001": RARE})
    for place, (elo, agents, games) in enumerate(((100.0, 3, 150), (100.0, 3, 300), (100.0, 6, 600), (200.0, 6, 600))):

        def cyclic(rng: np.random.Generator, elo: float = elo, agents: int = agents, games: int = games) -> Answers:
            found = agreement(rate(counted(_cycle(games, agents, elo, rng)), SCALE))
            return {} if found is None else {"p < 0.001": found.sure, "a certain cycle": found.cycles > 0}

        case = f"agreement, each of three beats the next by {elo:g} Elo, {agents} agents, 2 seats, {games} games"
        found = repeat(times(trials, 0.5), (seed, 10, place), cyclic)
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
