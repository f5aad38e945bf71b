"""Online Elo of the example league: K/(n−1) a pair, nothing gained or lost in sum."""

import numpy as np
import pytest

from examples.league.elo import K, update, win_rate

EVEN = dict.fromkeys("abcd", 1000.0)


def test_two_equal_players_exchange_half_of_k() -> None:
    assert update({"a": 1000.0, "b": 1000.0}, ["a", "b"], [3, 1], k=16.0) == {"a": 1008.0, "b": 992.0}


def test_a_pair_of_four_seats_moves_by_a_third_of_k() -> None:
    """The winner of four equal seats gains three times K/3 · ½, the second K/3 · (½ + ½ − ½)."""
    after = update(EVEN, ["a", "b", "c", "d"], [9, 7, 5, 3], k=12.0)

    assert after == {"a": 1006.0, "b": 1002.0, "c": 998.0, "d": 994.0}


def test_the_expected_score_is_that_of_the_rating_difference() -> None:
    """400 points are odds of 10 to 1."""
    after = update({"a": 1400.0, "b": 1000.0}, ["a", "b"], [1, 0], k=11.0)

    assert pytest.approx(after["a"]) == 1401.0


def test_any_games_leave_the_sum_of_ratings_as_it_is() -> None:
    rng = np.random.default_rng(0)
    ratings = {name: 1000.0 + 50 * i for i, name in enumerate("abcdef")}
    total = sum(ratings.values())
    for _ in range(500):
        agents = rng.choice(list(ratings), 4).tolist()
        ratings = update(ratings, agents, rng.integers(0, 5, 4).tolist())

    assert total == pytest.approx(sum(ratings.values()))
    assert len({round(rating, 6) for rating in ratings.values()}) > 1


def test_seats_of_one_agent_are_not_compared() -> None:
    assert update(EVEN, ["a", "a", "a", "a"], [1, 2, 3, 4]) == EVEN


def test_equal_scores_of_equal_players_move_nothing() -> None:
    assert update(EVEN, ["a", "b", "c", "d"], [2, 2, 2, 2]) == EVEN


def test_the_order_of_seats_does_not_matter() -> None:
    ratings = {"a": 1100.0, "b": 1000.0, "c": 950.0, "d": 1020.0}
    forward = update(ratings, ["a", "b", "c", "d"], [4, 3, 2, 1], K)
    backward = update(ratings, ["d", "c", "b", "a"], [1, 2, 3, 4], K)

    assert forward == pytest.approx(backward)


def test_win_rate_counts_pairs_with_others_only() -> None:
    assert win_rate("a", ["a", "a", "b", "c"], [3, 1, 1, 2]) == (2.5, 4)
