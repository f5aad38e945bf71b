"""Bounds of agents that never lost a point or never won one: against the exact binomial, and by hand."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.elo.bounds import exact_bound, meetings_a_cluster, separated_bounds
from checks.elo.gather import SeatRows
from tests.games import BASE, duel, elo, forked, join, rated, scale, seats, tally

stats: Any = import_module("scipy.stats")  # has no types


def binomial(games: float, confidence: float = 0.95) -> float:
    """Return the gap at which winning every game is as probable as 1 − confidence: the share is the Nth root of it."""
    share = (1 - confidence) ** (1 / games)
    return 400 * math.log10(share / (1 - share))


def bounds(rows: SeatRows, confidence: float = 0.95, on: str = BASE) -> dict[str, tuple[Any, Any]]:
    """Return the bounds of those that have any: lower and upper end."""
    one = rated(rows, on)
    found = separated_bounds(one, confidence)
    told = {
        name: tuple(None if math.isnan(end) else float(end) for end in ends)
        for name, *ends in zip(one.counts.agents, found.low, found.high, strict=True)
    }
    assert found.confidence == confidence
    return {name: (low, high) for name, (low, high) in told.items() if (low, high) != (None, None)}


@pytest.mark.parametrize(("games", "expected"), [(3, -94), (5, 34), (10, 183), (20, 317), (50, 484)])
def test_the_bound_of_an_undefeated_agent_is_the_known_one(games: int, expected: int) -> None:
    assert {"x": (pytest.approx(1000 + expected, abs=0.5), None)} == bounds(duel("x", BASE, "1" * games))
    assert {"x": (None, pytest.approx(1000 - expected, abs=0.5))} == bounds(duel("x", BASE, "0" * games))


@given(st.integers(1, 3000), st.floats(0.5, 0.999))
def test_against_one_opponent_the_bound_is_clopper_and_pearsons(games: int, confidence: float) -> None:
    """Scipy's one-sided exact interval of as many successes as trials."""
    share = stats.binomtest(games, games, alternative="greater").proportion_ci(confidence, "exact").low

    found = exact_bound(np.zeros(1), np.array([float(games)]), confidence)

    assert math.log(share / (1 - share)) == pytest.approx(found, rel=1e-9, abs=1e-9)


@given(
    st.lists(st.tuples(st.floats(-8, 8), st.floats(0.5, 300)), min_size=1, max_size=6),
    st.floats(0.5, 0.999),
)
def test_at_the_bound_winning_everything_has_the_probability_that_was_asked_for(
    met: list[tuple[float, float]], confidence: float
) -> None:
    opponents, games = np.array(met).T

    found = exact_bound(opponents, games, confidence)

    log_probability = -sum(n * math.log1p(math.exp(one - found)) for one, n in met)
    assert math.log(1 - confidence) == pytest.approx(log_probability, rel=1e-9)


def test_a_million_games_without_a_loss_have_a_bound() -> None:
    """No float's end is near: 20 to the power of a millionth."""
    assert {"x": (pytest.approx(1000 + binomial(1e6)), None)} == bounds(tally("x", BASE, won=1_000_000))


def test_agents_with_a_finite_rating_have_no_bounds() -> None:
    assert bounds(join(duel("x", BASE, "110"), duel("y", "x", "½"))) == {}


def test_a_record_without_games_has_no_bounds() -> None:
    assert bounds(seats([f"{BASE}>{BASE}"])) == {}


def test_a_higher_confidence_bounds_less() -> None:
    lows = [bounds(duel("x", BASE, "1" * 20), confidence)["x"][0] for confidence in (0.5, 0.9, 0.99)]

    assert lows == pytest.approx([1000 + binomial(20, confidence) for confidence in (0.5, 0.9, 0.99)])


def test_games_against_several_opponents_are_one_result() -> None:
    """x beat base_model 3 times, and 4 times an agent that stands elsewhere: both bound it together."""
    rows = join(duel("y", BASE, "11110" * 4), duel("x", BASE, "111"), duel("x", "y", "1111"))
    y = elo(rated(rows), "y")

    low = bounds(rows)["x"][0]

    chance = [1 / (1 + 10 ** ((one - low) / 400)) for one in (1000, y)]
    assert chance[0] ** 3 * chance[1] ** 4 == pytest.approx(0.05)


def test_a_ladder_of_unbeaten_agents_is_bounded_rung_by_rung() -> None:
    """Each beat the one below 20 times: the lower stands at its own bound while the upper is bounded."""
    found = bounds(join(duel("x", BASE, "1" * 20), duel("y", "x", "1" * 20), duel("z", "y", "1" * 20)))

    assert found == {
        "x": (pytest.approx(1000 + binomial(20)), None),
        "y": (pytest.approx(1000 + 2 * binomial(20)), None),
        "z": (pytest.approx(1000 + 3 * binomial(20)), None),
    }


def test_a_ladder_of_agents_that_never_won_is_bounded_rung_by_rung() -> None:
    found = bounds(join(duel("x", BASE, "0" * 20), duel("y", "x", "0" * 20)))

    assert found == {
        "x": (None, pytest.approx(1000 - binomial(20))),
        "y": (None, pytest.approx(1000 - 2 * binomial(20))),
    }


def test_agents_that_took_points_from_one_another_move_together() -> None:
    """Two equals beat base_model ten times each: together twenty wins."""
    found = bounds(join(duel("x", "y", "10" * 50), duel("x", BASE, "1" * 10), duel("y", BASE, "1" * 10)))

    assert found == {
        "x": (pytest.approx(1000 + binomial(20), abs=1e-6), None),
        "y": (pytest.approx(1000 + binomial(20), abs=1e-6), None),
    }


def test_a_group_keeps_its_distances() -> None:
    rows = join(tally("x", "y", won=750, lost=250), duel("x", BASE, "1" * 10), duel("y", BASE, "1" * 10))

    found, one = bounds(rows), rated(rows)

    low, lower = found["x"][0], found["y"][0]
    assert low - lower == pytest.approx(elo(one, "x") - elo(one, "y"))
    probability = (1 / (1 + 10 ** ((1000 - low) / 400))) ** 10 * (1 / (1 + 10 ** ((1000 - lower) / 400))) ** 10
    assert probability == pytest.approx(0.05)


def test_beating_an_agent_that_never_won_a_point_says_nothing() -> None:
    """It may be as weak as it likes: three wins against base_model are what there is."""
    rows = join(duel("x", BASE, "111"), duel("w", BASE, "0"), duel("x", "w", "1" * 50))

    assert bounds(rows)["x"] == (pytest.approx(1000 + binomial(3)), None)


def test_losing_to_an_agent_that_never_lost_a_point_says_nothing() -> None:
    rows = join(duel("x", BASE, "000"), duel("w", BASE, "1"), duel("x", "w", "0" * 50))

    assert bounds(rows)["x"] == (None, pytest.approx(1000 - binomial(3)))


def test_beating_an_agent_that_nothing_bounds_says_nothing_and_it_has_no_bounds() -> None:
    rows = join(duel("x", BASE, "111"), duel("x", "lonely", "1" * 50))

    assert bounds(rows) == {"x": (pytest.approx(1000 + binomial(3)), None)}


def test_in_clusters_of_many_meetings_a_cluster_counts_as_one_result() -> None:
    """Five rollouts of four games: five wins, whatever the forks say."""
    rows = forked(duel("x", BASE, "1" * 20), 4)

    assert meetings_a_cluster(rated(rows)).tolist() == [4, 4]
    assert {"x": (pytest.approx(1000 + binomial(5)), None)} == bounds(rows)


def test_a_seat_against_six_counts_as_one_result() -> None:
    """By hand: of 12 meetings' ends six are x's and six are base_model's, each agent being in one cluster a game."""
    rows = seats([">".join(["x"] + [BASE] * 6)] * 8)

    assert meetings_a_cluster(rated(rows)).tolist() == [6, 6]
    assert {"x": (pytest.approx(1000 + binomial(8)), None)} == bounds(rows)


def test_how_many_meetings_are_one_result_is_told_of_each_agent_alone() -> None:
    """x played five rollouts of four games, y twenty games by themselves; whoever met neither counts singly."""
    rows = join(forked(duel("x", BASE, "1" * 20), 4), duel("y", "z", "10" * 10), seats(["lonely>lonely"]))
    one = rated(rows)

    found = dict(zip(one.counts.agents, meetings_a_cluster(one).tolist(), strict=True))

    assert found == {BASE: 4, "x": 4, "y": 1, "z": 1, "lonely": 1}


def test_rows_of_many_games_are_as_many_results() -> None:
    assert bounds(tally("x", BASE, won=40)) == bounds(duel("x", BASE, "1" * 40))


def test_bounds_stand_on_the_scale_of_the_references() -> None:
    found = separated_bounds(rated(duel("x", "bot", "1" * 10), scale(bot=850)), 0.95)

    assert found.low[1] == pytest.approx(850 + binomial(10))


def test_an_undefeated_agent_is_bounded_below_its_virtual_draws_rating() -> None:
    rows = duel("x", BASE, "1" * 30)

    low = bounds(rows)["x"][0]

    assert low < elo(rated(rows), "x")
