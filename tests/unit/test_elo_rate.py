"""Which agents are rated, on which scale and by which model; the fit itself has its own tests."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.counts import head, total
from checks.elo.agents import EloError, Measured
from checks.elo.fit import ELO, FitError
from checks.elo.gather import SeatRows
from checks.elo.rate import Rated, Scale, rate, rate_totals, require_connected
from tests.games import BASE, counts, duel, elo, forked, join, league, rated, scale, seats, tally

LEAGUE = {"base_model": 0.0, "b": 80.0, "c": -60.0, "d": 200.0}


def both_orders(one: str, other: str, first: str, second: str) -> SeatRows:
    """Return games in which `one` moves first, with its results, then games in which it moves second."""
    return join(duel(one, other, first, moves=1), duel(one, other, second, moves=-1))


def test_a_gauge_that_was_not_measured_stands_at_1000() -> None:
    found = rated(tally("x", BASE, won=10, lost=1))

    assert [elo(found, BASE), elo(found, "x")] == pytest.approx([1000, 1400])


def test_a_gauge_that_was_measured_stands_where_it_was() -> None:
    found = rated(tally("x", "bot", won=10, lost=1), scale(bot=850))

    assert [elo(found, "bot"), elo(found, "x")] == pytest.approx([850, 1250])


def test_the_first_reference_is_the_gauge_and_the_others_are_free_unless_they_were_measured() -> None:
    rows = join(tally("b", "a", won=10, lost=1), tally("c", "a", won=10, lost=1))

    plain, measured = rated(rows, scale("a", "b", "c")), rated(rows, scale("a", c=1100))

    assert [elo(plain, name) for name in "abc"] == pytest.approx([1000, 1400, 1400])
    assert [elo(measured, name) for name in "abc"] == pytest.approx([1000, 1400, 1100])


def test_all_measured_ratings_but_the_gauges_can_be_left_free() -> None:
    found = rate(counts(tally("c", "a", won=10, lost=1)), scale("a", c=1100), gauge_only=True)

    assert elo(found, "c") == pytest.approx(1400)


@given(st.floats(-2000, 2000))
def test_shifting_all_references_shifts_all_ratings(by: float) -> None:
    rows = league(1, LEAGUE)

    found, moved = (rated(rows, scale(base_model=1000 + one, d=(1150 + one, 25.0))) for one in (0, by))

    assert [elo(found, name) + by for name in LEAGUE] == pytest.approx([elo(moved, name) for name in LEAGUE], abs=1e-6)


def test_who_stands_between_two_measured_references_is_held_by_both() -> None:
    """Half the points against 800 and against 1200: in the middle, however the scale is written."""
    rows = join(duel("x", "low", "10" * 8), duel("x", "high", "10" * 8))

    assert elo(rated(rows, scale(low=800, high=1200)), "x") == pytest.approx(1000)


def test_a_measured_reference_links_its_opponents_to_the_scale_although_it_is_uncertain() -> None:
    """Nobody met base_model: the bot's rating was measured, and that is a path."""
    rows = join(tally("x", "chaos_bot", won=10, lost=1), duel("y", BASE, "10"))

    found = rated(rows, scale(base_model=1000, chaos_bot=(850, 20)))

    require_connected(found)
    assert elo(found, "chaos_bot") == pytest.approx(850)
    assert elo(found, "x") == pytest.approx(1250)
    assert not found.connection.separated.any()


def test_a_measured_reference_that_lost_every_game_keeps_a_finite_rating() -> None:
    found = rated(tally(BASE, "chaos_bot", won=30), scale(base_model=1000, chaos_bot=(850, 20)))

    assert 800 < elo(found, "chaos_bot") < 850
    assert not found.connection.separated.any()


def test_an_agent_that_won_every_game_is_held_by_one_virtual_draw_against_the_gauge() -> None:
    """By hand: 10.5 of 11 points. Nobody else gets one."""
    found = rated(join(tally("x", BASE, won=10), tally("y", BASE, won=3, lost=1)))

    assert elo(found, "x") == pytest.approx(1000 + ELO * math.log(10.5 / 0.5))
    assert elo(found, "y") == pytest.approx(1000 + ELO * math.log(3))
    assert [found.counts.agents[i] for i in found.fit.model.virtual] == ["x"]


def test_a_ladder_of_agents_that_won_thousands_of_games_is_rated() -> None:
    """Virtual draws against the gauge are all that holds them: to start far out would lose every digit."""
    rows = join(
        tally("d", "c", won=2013),
        tally("d", BASE, won=3008),
        tally("d", "bot", won=1009),
        tally("c", BASE, won=4017),
        tally(BASE, "bot", won=6008),
        tally("c", "bot", won=2007),
    )

    found = rated(rows, "bot")

    assert 1000 == elo(found, "bot") < elo(found, BASE) < elo(found, "c") < elo(found, "d") < 6000


def test_a_contrast_is_one_strength_less_another() -> None:
    found = rated(league(1, LEAGUE))

    assert found.contrast(2).tolist() == [0, 0, 1, 0]
    assert found.contrast(2, 0).tolist() == [-1, 0, 1, 0]
    assert found.contrast(2, 2).tolist() == [0, 0, 0, 0]


def test_an_agent_without_a_path_is_not_rated_and_pulls_nobody() -> None:
    one, two = rated(duel("x", BASE, "110")), rated(join(duel("x", BASE, "110"), duel("y", "z", "111½")))

    assert two.connection.linked.tolist() == [True, True, False, False]
    assert elo(one, "x") == pytest.approx(elo(two, "x"))


@pytest.mark.parametrize(
    ("lost", "expected"),
    [
        ([("y", "z")], "the group of `y`, `z`;"),
        ([("y", "y")], "`y`;"),
        ([("c", "d"), ("e", "f"), ("g", "h"), ("i", "j")], "`c`, `d`; the group of `e`, `f`; .*`h` and 1 more groups;"),
        ([("n0", f"n{i}") for i in range(1, 9)], "`n5` and 3 more; play them"),
    ],
)
def test_agents_without_a_path_are_named_with_their_group(lost: list[tuple[str, str]], expected: str) -> None:
    found = rated(join(duel("x", BASE, "10"), *(duel(one, other, "1") for one, other in lost)))

    with pytest.raises(EloError, match=f"path of games from every agent to base_model, found none for .*{expected}"):
        require_connected(found)


def test_a_connected_record_is_not_refused() -> None:
    require_connected(rated(join(duel("x", BASE, "10"), duel("y", "x", "0"))))


def test_moving_first_is_estimated_where_both_orders_were_played() -> None:
    """By hand: odds 3 to 1 when x moves first, 1 to 1 when it moves second; half the difference is the first move's."""
    found = rated(both_orders("x", BASE, "1110" * 5, "1100" * 5))

    assert found.fit.first_move == pytest.approx(math.log(3) / 2)
    assert elo(found, "x") == pytest.approx(1000 + ELO * math.log(3) / 2)
    assert not found.confounded


def test_moving_first_is_not_estimated_where_nobody_tells_who_did() -> None:
    found = rated(duel("x", BASE, "1110"))

    assert not found.fit.model.first_move
    assert not found.confounded


@pytest.mark.parametrize(
    "rows",
    [
        duel("x", BASE, "1110", moves=1),
        duel("x", BASE, "0001" * 25, moves=-1),
        join(duel("x", BASE, "1110", moves=1), duel("x", "y", "10", moves=1), duel("y", BASE, "10")),
    ],
    ids=["first", "second", "first against two who met without order"],
)
def test_moving_first_is_confounded_with_strength_where_no_pair_met_in_both_orders(rows: SeatRows) -> None:
    found = rated(rows)

    assert found.confounded
    assert found.fit.first_move == 0


def test_a_circle_of_orders_tells_the_first_move_from_strength() -> None:
    """Each moves first against the next: strengths sum to nothing round the circle, the first move does not."""
    rows = join(*(duel(one, other, "1110" * 3, moves=1) for one, other in (("a", "b"), ("b", "c"), ("c", "a"))))

    found = rated(rows, "a")

    assert not found.confounded
    assert found.fit.first_move == pytest.approx(math.log(3))
    assert [elo(found, name) for name in "abc"] == pytest.approx([1000] * 3)


def test_the_order_among_references_that_are_all_fixed_tells_nothing_to_estimate() -> None:
    found = rated(duel("a", "b", "10", moves=1), scale("a", b=1100))

    assert not found.fit.model.first_move
    assert not found.confounded


@pytest.mark.parametrize("games", [4, 20, 200])
def test_who_moves_first_may_win_every_game(games: int) -> None:
    """Nothing but one virtual draw bounds what moving first is worth; the two agents are equals."""
    found = rated(both_orders("x", BASE, "1" * games, "0" * games))

    assert elo(found, "x") == pytest.approx(1000, abs=1e-3)
    assert found.fit.first_move == pytest.approx(math.log((2 * games + 0.5) / 0.5), rel=1e-6)


@pytest.mark.parametrize(("first", "second"), [("1" * 20, "0" * 16 + "1" * 4), ("1" * 3 + "0" * 5, "0" * 20)])
def test_all_games_of_one_order_may_have_one_result(first: str, second: str) -> None:
    """Strength less what moving first is worth is known, their sum is not: it is large, and still a rating."""
    found = rated(both_orders("x", BASE, first, second))

    assert found.fit.model.virtual_move
    assert found.fit.decrement < 1e-12
    assert abs(elo(found, "x") - 1000) < 1000
    assert 0 < found.fit.first_move * ELO < 1500


def test_few_games_of_one_order_with_one_result_among_many_of_the_other_are_rated_too() -> None:
    """So few that what they tell is lost in the rounding of the others."""
    found = rated(join(duel("x", BASE, "1" * 20, moves=1), tally("x", BASE, won=300_000, lost=300_000, moves=-1)))

    assert found.fit.model.virtual_move
    assert elo(found, "x") - found.fit.first_move * ELO == pytest.approx(1000, abs=0.1)
    assert 100 < elo(found, "x") - 1000 < 1000


def test_a_first_move_that_is_bounded_gets_no_virtual_draw() -> None:
    found = rated(both_orders("x", BASE, "1110" * 5, "1100" * 5))

    assert not found.fit.model.virtual_move


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["a>b", "b>a", "a=b", "a>c", "c>b", "b>c", "c=a"]), min_size=1, max_size=12))
def test_no_record_of_who_moved_first_is_too_odd_to_be_rated(games: list[str]) -> None:
    written = [game.replace(">", "@first>", 1).replace("=", "@first=", 1) + "@second" for game in games]
    turned = [game.replace("first", "x").replace("second", "first").replace("x", "second") for game in written[::2]]

    found = rated(seats(written + turned, names=("first", "second")), written[0][0])

    assert np.all(np.abs(found.fit.strength) < 15)
    assert abs(found.fit.first_move) < 15


@pytest.mark.parametrize("chairs", [2, 3])
def test_ratings_of_an_earlier_part_save_work_and_change_nothing(chairs: int) -> None:
    """After every game: also while agents are separated, not linked yet, or new."""
    one = counts(forked(league(5, LEAGUE, games=60, chairs=chairs), 1))
    on, before = scale(BASE), None
    for units in range(1, 61):
        part = head(one, units)

        before = rate_totals(part, total(part), on, before=before)

        anew = rate(part, on)
        assert anew.fit.strength.tolist() == pytest.approx(before.fit.strength.tolist(), abs=1e-8)
        for flags in ("linked", "above", "below", "apart"):
            assert getattr(anew.connection, flags).tolist() == getattr(before.connection, flags).tolist()


def test_a_newcomer_that_wins_is_seen_to_be_separated_although_all_before_were_connected() -> None:
    one = counts(join(duel("x", BASE, "1010"), duel("y", "x", "11")))
    on, part = scale(BASE), head(one, 4)
    before = rate_totals(part, total(part), on)

    found = rate_totals(one, total(one), on, before=before)

    assert found.connection.above.tolist() == [False, False, True]


def test_a_fault_of_the_fit_is_not_swallowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.elo.fit.MAX_STEPS", 0)

    with pytest.raises(FitError):
        rated(both_orders("x", BASE, "1110", "1100"))


def test_a_measured_rating_has_to_be_finite_and_its_error_not_negative() -> None:
    assert Measured(rating=-50.0).se == 0
    for rating, se in ((math.nan, 0.0), (math.inf, 0.0), (1000.0, math.inf), (1000.0, -1.0), (1000.0, math.nan)):
        with pytest.raises(ValueError, match="expected a finite rating with an error of at least 0"):
            Measured(rating=rating, se=se)


def test_a_scale_knows_its_gauge_and_its_zero() -> None:
    assert (scale("a", b=900).gauge, scale("a", b=900).zero) == ("a", 1000)
    assert (Scale(references={"b": Measured(rating=900, se=30)}).zero) == 900


def test_the_gauge_is_taken_as_exact_even_if_it_was_measured_with_an_error() -> None:
    found: Rated = rated(tally("x", "bot", won=10, lost=1), scale(bot=(850, 30)))

    assert elo(found, "bot") == 850
    assert found.fit.model.anchors.variance.tolist() == [0]


def test_a_long_chain_in_which_the_newest_always_moves_first_is_confounded() -> None:
    """However long: what keeps a matrix from being singular must not look like information."""
    chain = [BASE, *(f"v{k:03}" for k in range(1, 219))]
    rows = join(*(duel(new, old, "10", moves=1) for old, new in pairwise(chain)))

    assert rate(counts(rows), Scale(references={BASE: None})).confounded
