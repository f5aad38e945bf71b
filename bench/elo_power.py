"""How often a candidate that is better passes, what is said of learning, and what the sequential test costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from bench.elo_errors import INTERVAL, NULL, WIDE, Make, answer, estimated
from bench.elo_games import REFERENCE, Floats, duel, growing, play, pool, seat_rows
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
)
from checks.elo.fit import ELO
from checks.elo.progress import trend
from checks.elo.rate import rate
from checks.elo.sequential import Duel, SequentialOutcome, sequential_decision

FIXED = 10.8222
"""Squared sum of the normal quantiles of alpha and beta, both 0.05."""


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
