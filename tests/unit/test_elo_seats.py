"""What seats are worth: against closed forms, SciPy's maximum of the joint likelihood, and records of known truth."""

from __future__ import annotations

import math
from importlib import import_module
from itertools import combinations, permutations
from typing import Any

import numpy as np
import pytest

from checks.elo.estimate import Estimate
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows
from checks.elo.seats import SeatReport, first_move, seat_report
from tests.games import BASE, MOVES, NEW, duel, join, league, rated, reordered, seats, tally

optimize: Any = import_module("scipy.optimize")  # has no types
stats: Any = import_module("scipy.stats")

CHAIRS = ("left", "middle", "right")


def report(rows: SeatRows, candidate: str = NEW, confidence: float = 0.95) -> SeatReport | None:
    found = rated(rows)
    return seat_report(found, found.counts.index(candidate), found.counts.index(BASE), confidence)


def sure(found: Estimate | None) -> tuple[float, float, float, float]:
    """Return value, ends and error of an estimate that has them all."""
    assert found is not None
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.se is not None
    return found.value, found.low, found.high, found.se


def both(first: str, second: str) -> SeatRows:
    """Return games of `adapter_v10` as first mover, then as second."""
    return join(duel(NEW, BASE, first, moves=1), duel(NEW, BASE, second, moves=-1))


def test_what_moving_first_is_worth_has_a_closed_form() -> None:
    """Two agents, two orders: half the sum of the mover's two log odds, and the delta method's error."""
    found = rated(both("1110" * 30, "1000" * 20))
    n1, n2, p1, p2 = 120, 80, 0.75, 0.25
    variance = (1 / (n1 * p1 * (1 - p1)) + 1 / (n2 * p2 * (1 - p2))) / 4 * 200 / 199

    effect = first_move(found, 0.95)

    value, low, high, se = sure(effect)
    assert effect is not None
    assert value == pytest.approx((math.log(3) - math.log(1 / 3)) / 2 * ELO)
    assert se == pytest.approx(math.sqrt(variance) * ELO, rel=1e-6)
    assert high - value == pytest.approx(stats.t.ppf(0.975, effect.df) * se, rel=1e-6)
    assert high - value == pytest.approx(value - low, rel=1e-6)
    assert effect.clusters == effect.df + 1


def test_nothing_is_said_of_moving_first_where_it_was_not_recorded_or_cannot_be_told() -> None:
    assert first_move(rated(duel(NEW, BASE, "1100")), 0.95) is None
    assert first_move(rated(duel(NEW, BASE, "1100", moves=1)), 0.95) is None


def test_few_games_that_are_all_alike_leave_a_wide_interval() -> None:
    """Who moves first won all of six games: one virtual draw bounds it, the floor its error."""
    value, low, high, _ = sure(first_move(rated(both("111", "000")), 0.95))

    assert low < 0 < value < high


def test_a_report_on_two_seats_names_the_first_mover_and_what_it_is_worth() -> None:
    found = report(both("1110" * 30, "1000" * 20))

    assert found is not None
    assert [name for name, _ in found.effects] == ["first"]
    assert sure(found.effects[0][1])[0] == pytest.approx(math.log(3) * ELO)
    assert (found.confounded, found.always, found.shift) == (False, None, None)


@pytest.mark.parametrize(("moves", "expected"), [(1, "first"), (-1, "second")])
def test_a_candidate_that_always_moves_in_one_place_is_confounded_with_it(moves: int, expected: str) -> None:
    """Also where others tell what moving first is worth: a table in which the newest checkpoint always moves first."""
    others = join(duel("b", BASE, "10" * 10, moves=1), duel("b", BASE, "10" * 10, moves=-1))

    alone = report(duel(NEW, BASE, "1110" * 5, moves=moves))
    table = report(join(others, duel(NEW, BASE, "1110" * 5, moves=moves), duel(NEW, "b", "1110", moves=moves)))

    assert alone is not None
    assert (alone.confounded, alone.always, alone.effects) == (True, expected, ())
    assert table is not None
    assert (table.confounded, table.always) == (True, expected)
    assert len(table.effects) == 1


def test_always_the_same_seat_in_four_games_is_an_accident() -> None:
    others = join(duel("b", BASE, "10" * 10, moves=1), duel("b", BASE, "10" * 10, moves=-1))

    four, five = (report(join(others, duel(NEW, BASE, "1" * n, moves=1))) for n in (4, 5))

    assert four is not None
    assert (four.confounded, four.always) == (False, None)
    assert five is not None
    assert (five.confounded, five.always) == (True, "first")


def test_games_in_which_the_seat_is_not_known_are_not_always_the_same_seat() -> None:
    found = report(join(both("1110", "1100"), duel("b", NEW, "10" * 10)), candidate="b")

    assert found is not None
    assert found.always is None


def test_where_nobody_met_in_both_orders_strength_is_confounded_whoever_is_asked_about() -> None:
    rows = join(duel(NEW, BASE, "10", moves=1), duel("b", BASE, "10" * 5, moves=1))

    found = report(rows)

    assert found is not None
    assert (found.confounded, found.always, found.effects) == (True, None, ())


def test_without_seats_there_is_no_report() -> None:
    assert report(duel(NEW, BASE, "1100")) is None


def three_seats(seed: int, games: int, bonus: dict[str, float], held: str | None = None) -> SeatRows:
    """Return games of three seats with a bonus in Elo for sitting in one; `adapter_v10` sits in `held`, or anywhere."""
    strength = {BASE: 0.0, NEW: 0.0, "b": 100.0}
    rng = np.random.default_rng(seed)
    chairs = [list(one) for one in permutations(range(3))]
    written = []
    for _ in range(games):
        order = chairs[rng.integers(6)]
        if held is not None:
            order = [CHAIRS.index(held), *rng.permutation([i for i in range(3) if i != CHAIRS.index(held)])]
        table = dict(zip((NEW, BASE, "b"), (CHAIRS[i] for i in order), strict=True))
        luck = {name: (strength[name] + bonus[table[name]]) / ELO + rng.gumbel() for name in table}
        written.append(">".join(f"{name}@{table[name]}" for name in sorted(luck, key=lambda one: -luck[one])))
    return seats(written, names=CHAIRS)


def joint(rows: SeatRows, with_seats: bool, weak: float = (ELO / 2000) ** 2) -> dict[str, float]:
    """Return SciPy's maximum over agents and seats, meeting by meeting; each with a prior of 2,000 Elo."""
    names = [*rows.agents, *(rows.seats if with_seats else ())]
    wins = []
    for game in np.unique(rows.game):
        for i, j in combinations(np.flatnonzero(rows.game == game), 2):
            x = np.zeros(len(names))
            sign = np.sign(rows.score[i] - rows.score[j])
            for row, side in ((i, sign), (j, -sign)):
                x[rows.agent[row]] += side
                if with_seats:
                    x[len(rows.agents) + rows.seat[row]] += side
            wins.append(x)
    design = np.array(wins)

    def loss(x: Any) -> Any:
        d = design @ x
        return float(np.logaddexp(0, -d).sum() + weak * (x @ x) / 2), weak * x - design.T @ (1 / (1 + np.exp(d)))

    best = optimize.minimize(loss, np.zeros(len(names)), jac=True, method="BFGS", options={"gtol": 1e-9}).x
    return dict(zip(names, best * ELO, strict=True))


def test_named_seats_are_worth_what_scipy_finds_in_the_joint_likelihood() -> None:
    rows = three_seats(1, 150, {"left": 150.0, "middle": 0.0, "right": -50.0})
    with_seats, without = joint(rows, True), joint(rows, False)
    mean = np.mean([with_seats[name] for name in CHAIRS])
    gap = with_seats[NEW] - with_seats[BASE] - (without[NEW] - without[BASE])

    found = report(rows)

    assert found is not None
    assert [name for name, _ in found.effects] == list(CHAIRS)
    assert [with_seats[name] - mean for name in CHAIRS] == pytest.approx(
        [one.value for _, one in found.effects], abs=1e-3
    )
    assert gap == pytest.approx(found.shift, abs=1e-3)
    assert (found.confounded, found.always) == (False, None)


def test_the_worth_of_seats_is_found_within_its_error() -> None:
    truth = {"left": 150.0, "middle": 0.0, "right": -150.0}

    found = report(three_seats(2, 400, truth))

    assert found is not None
    for name, effect in found.effects:
        value, low, high, se = sure(effect)
        assert abs(value - truth[name]) < 3 * se
        assert low < value < high
        assert effect.df == 400 - 3
        assert 5 < se < 30


def test_an_unequal_share_of_the_good_seat_shifts_the_gap() -> None:
    """The candidate, no stronger than base_model, sits left in most games, where it is worth 300 Elo to sit."""
    bonus = {"left": 300.0, "middle": 0.0, "right": 0.0}
    mostly, sometimes = three_seats(3, 160, bonus, held="left"), three_seats(4, 40, bonus)
    found = rated(join(mostly, sometimes))
    one = found.counts
    gap = found.fit.strength[one.index(NEW)] - found.fit.strength[one.index(BASE)]

    told = report(join(mostly, sometimes))

    assert told is not None
    assert told.shift is not None
    assert gap * ELO > 150
    assert gap * ELO + told.shift == pytest.approx(0, abs=60)


def test_a_candidate_that_always_holds_one_of_many_seats_is_confounded_with_it() -> None:
    found = report(three_seats(5, 40, dict.fromkeys(CHAIRS, 0.0), held="middle"))

    assert found is not None
    assert (found.confounded, found.always) == (True, "middle")


def test_a_candidate_without_known_seats_is_not_always_in_one() -> None:
    rows = join(three_seats(6, 30, dict.fromkeys(CHAIRS, 0.0)), duel("x", BASE, "10" * 10))

    found = report(rows, candidate="x")

    assert found is not None
    assert (found.confounded, found.always) == (False, None)
    assert found.shift is not None


def test_a_league_too_large_for_the_joint_model_still_tells_of_confounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.elo.seats._LARGEST", 10)

    free, held = (report(three_seats(7, 40, dict.fromkeys(CHAIRS, 0.0), held=one)) for one in (None, "left"))

    assert free is not None
    assert (free.effects, free.shift, free.confounded) == ((), None, False)
    assert held is not None
    assert (held.effects, held.shift, held.always, held.confounded) == ((), None, "left", True)


def test_a_joint_model_that_is_not_quite_done_still_gives_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step halves what is missing and better: after three of some five the worth of seats is nearly right."""
    rows = three_seats(1, 60, {"left": 150.0, "middle": 0.0, "right": -50.0})
    whole = report(rows)
    monkeypatch.setattr("checks.elo.seats._STEPS", 3)

    short = report(rows)

    assert whole is not None
    assert short is not None
    assert [sure(one)[0] for _, one in short.effects] == pytest.approx(
        [sure(one)[0] for _, one in whole.effects], abs=1
    )


def test_a_seat_that_wins_every_game_has_a_finite_worth() -> None:
    rows = seats([f"{one}@left>{other}@right" for one, other in ((NEW, BASE), (BASE, NEW))] * 10, names=CHAIRS)

    found = report(rows)

    assert found is not None
    assert all(abs(sure(one)[0]) < 3000 for _, one in found.effects)


def test_two_seats_are_reported_the_same_in_any_order_of_rows() -> None:
    rows = join(both("1110" * 5, "1000" * 5), tally("b", BASE, won=4, lost=3, moves=1))
    turned = reordered(rows, range(rows.game.size - 1, -1, -1))

    one, other = report(rows), report(turned)

    assert one is not None
    assert other is not None
    assert sure(one.effects[0][1]) == pytest.approx(sure(other.effects[0][1]))
    assert rows.seats == MOVES


def test_games_of_two_among_leagues_of_unnamed_seats_are_reported() -> None:
    found = report(join(league(1, {BASE: 0.0, NEW: 0.0, "b": 0.0}, games=30), both("1110", "1100")))

    assert found is not None
    assert not found.confounded
