"""The goals of the statistics, in short: the benches of strength, with few repetitions; no row may be missed.

`make bench` measures them in full. A row is missed only if its whole interval lies beyond the goal, so that few
repetitions find what is grossly wrong and never complain of chance; seeds are fixed.
"""

from __future__ import annotations

import numpy as np
import pytest

from bench.elo_cover import FEW, MANY, NAIVE, Scenario, scenarios
from bench.elo_games import duel, play, seat_rows
from bench.elo_trials import SCALE, Goal, counted, gap, newest, passes, repeat, share_rows
from checks.elo.rate import rate
from checks.elo.sequential import Duel, Hypotheses, SequentialOutcome, sequential_decision

MISSED = "**missed**"
QUICK = [one for one in scenarios() if "growing" not in one.what and "10 agents" not in one.what]


@pytest.mark.parametrize("scenario", QUICK, ids=[one.what for one in QUICK])
def test_intervals_cover_as_they_say_where_naive_ones_do_not(scenario: Scenario) -> None:
    found = repeat(60, (1,), scenario.trial)

    goals = {"clustered": FEW if scenario.few else MANY, "naive": scenario.naive}
    rows = share_rows(scenario.what, found, goals)

    assert [row.line for row in rows if row.verdict == MISSED] == []


def test_naive_intervals_of_games_of_seven_are_measured_failing() -> None:
    """Otherwise nothing would show that clusters are needed."""
    assert sum(one.naive == NAIVE for one in QUICK) >= 5


@pytest.mark.parametrize(("games", "mine", "elo", "least"), [(271, 1, 35.0, 0.78), (60, 3, 70.0, 0.93)])
def test_a_gain_is_found_as_often_as_theory_says_and_no_gain_seldom(
    games: int, mine: int, elo: float, least: float
) -> None:
    def trial(rng: np.random.Generator) -> dict[str, bool]:
        table = duel(games, 7, mine)
        answers = {}
        for name, truth in (("power", elo), ("false pass", 0.0)):
            counts = counted(seat_rows(table, play(table, np.array([0.0, truth]), rng)))
            answers[name] = passes(gap(rate(counts, SCALE), newest(counts)))
        return answers

    rows = share_rows("duel", repeat(150, (2, games), trial), {"power": Goal(low=least), "false pass": Goal(high=0.05)})

    assert [row.line for row in rows if row.verdict == MISSED] == []


@pytest.mark.parametrize(("seats", "mine"), [(2, 1), (7, 1), (7, 3)])
def test_the_sequential_test_keeps_its_error_rates_however_often_it_looks(seats: int, mine: int) -> None:
    asked = Hypotheses(elo0=0.0, elo1=100.0)

    def trial(rng: np.random.Generator) -> dict[str, bool]:
        table = duel(400, seats, mine)
        answers = {}
        for name, truth in (("better at elo0", 0.0), ("better at elo1", 100.0)):
            counts = counted(seat_rows(table, play(table, np.array([0.0, truth]), rng)))
            found = sequential_decision(counts, SCALE, Duel(candidate=0, reference=1), asked)
            answers[name] = found.outcome is SequentialOutcome.BETTER
        return answers

    goals = {"better at elo0": Goal(high=0.055), "better at elo1": Goal(low=0.94)}
    rows = share_rows("duel", repeat(60, (3, seats, mine), trial), goals)

    assert [row.line for row in rows if row.verdict == MISSED] == []
