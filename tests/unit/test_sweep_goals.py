"""The error rate of sweeps, in short: among eight equals nobody is named more often than in one of twenty sweeps.

`make bench` measures it in full (`bench/sweep.py`). A row is missed only if its whole interval lies beyond the goal.
"""

from __future__ import annotations

import pytest

from bench.elo_games import duel
from bench.elo_trials import Goal, repeat, share_rows
from bench.sweep import BETTER, COMMON, NULL, SOME, WINNER, WRONG, Scenario

MISSED = "**missed**"


@pytest.mark.parametrize("games", [16, 100])
def test_among_equals_a_winner_is_named_in_at_most_one_of_twenty_sweeps(games: int) -> None:
    scenario = Scenario(what="equals", make=lambda _: duel(games, 7, 3))

    rows = share_rows("equals", repeat(40, (1, games), scenario.trial), {WINNER: NULL, SOME: NULL})

    assert [row.line for row in rows if row.verdict == MISSED] == []
    assert rows[0].value <= 0.05


def test_common_practice_names_one_far_more_often() -> None:
    """Otherwise nothing would show that intervals are needed."""
    scenario = Scenario(what="equals", make=lambda _: duel(16, 7, 3))

    [row] = share_rows("equals", repeat(40, (2,), scenario.trial), {COMMON: Goal()})

    assert row.low > 0.05


def test_a_run_that_is_far_better_is_found() -> None:
    scenario = Scenario(what="better", make=lambda _: duel(200, 7, 3), leads=(100.0,))

    better, wrong = share_rows("better", repeat(30, (3,), scenario.trial), {BETTER: Goal(), WRONG: Goal()})

    assert better.value >= 0.8
    assert wrong.value == 0
