"""Strengths: against Agresti's published table, closed forms, and SciPy's optimiser on the likelihood as it is written.

Agresti 2002, Categorical Data Analysis, 2nd edition, section 10.6 and table 10.11: the American League East of 1987,
as in `baseball` of R's BradleyTerry2.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.counts import Floats, Totals, total
from checks.elo.fit import ELO, Anchors, Fit, FitError, Model, expected, fit_strengths, sigmoid
from checks.elo.gather import SeatRows
from checks.elo.rough import rough_strengths
from tests.games import counts, duel, join, league, scale, tally

optimize: Any = import_module("scipy.optimize")  # has no types
special: Any = import_module("scipy.special")

TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
HOME = {  # home team → (home wins, away wins) against the others, in the order above
    "Milwaukee": ((4, 3), (4, 2), (4, 3), (6, 1), (4, 2), (6, 0)),
    "Detroit": ((3, 3), (4, 2), (4, 3), (6, 0), (6, 1), (4, 3)),
    "Toronto": ((2, 5), (4, 3), (2, 4), (4, 3), (4, 2), (6, 0)),
    "New York": ((3, 3), (5, 1), (2, 5), (4, 3), (4, 2), (6, 1)),
    "Boston": ((5, 1), (2, 5), (3, 3), (4, 2), (5, 2), (6, 0)),
    "Cleveland": ((2, 5), (3, 3), (3, 4), (4, 3), (4, 2), (2, 4)),
    "Baltimore": ((2, 5), (1, 5), (1, 6), (2, 4), (1, 6), (3, 4)),
}


def baseball(moves: int) -> SeatRows:
    """Return the season; with `moves` 1, the home team counts as moving first."""
    return join(
        *(
            tally(home, away, won=won, lost=lost, moves=moves)
            for home, results in HOME.items()
            for away, (won, lost) in zip([team for team in TEAMS if team != home], results, strict=True)
        )
    )


def model(rows: SeatRows, *anchors: tuple[str, float, float], **changes: Any) -> Model:
    """Return a model of a record; an anchor is a name with its strength and variance, by default the first agent."""
    one = counts(rows)
    given = anchors or ((one.agents[0], 0.0, 0.0),)
    held = np.zeros(len(one.agents), np.bool_)
    held[[one.index(name) for name, _, variance in given if not variance]] = True
    plain = Model(
        totals=total(one),
        size=len(one.agents),
        anchors=Anchors(
            index=np.array([one.index(name) for name, _, _ in given]),
            strength=np.array([strength for _, strength, _ in given]),
            variance=np.array([variance for _, _, variance in given]),
        ),
        held=held,
        virtual=np.zeros(0, np.int64),
        first_move=False,
    )
    return dataclasses.replace(plain, **changes)


def log_likelihood(one: Model, x: Floats) -> float:
    """Return the log-likelihood at strengths and, last, the worth of moving first, game by game as it is written."""
    theta, edge = x[:-1], x[-1] if one.first_move else 0.0
    totals = one.totals
    value = 0.0
    for first, second, order, games, points in zip(
        totals.first, totals.second, totals.order, totals.games, totals.points, strict=True
    ):
        d = theta[first] - theta[second] + order * edge
        value += points * d - games * math.log1p(math.exp(d))
    anchor = one.anchors.index[one.anchors.variance == 0][0]
    for i in one.virtual:
        d = theta[i] - theta[anchor]
        value += 0.5 * d - math.log1p(math.exp(d))
    if one.virtual_move:
        value += 0.5 * edge - math.log1p(math.exp(edge))
    for i, strength, variance in zip(one.anchors.index, one.anchors.strength, one.anchors.variance, strict=True):
        value -= (theta[i] - strength) ** 2 / (2 * variance) if variance else 0.0
    return float(value)


def by_scipy(one: Model) -> tuple[Any, Any]:
    """Return the strengths (first move last) at SciPy's maximum, and the inverse of the information by differences."""
    free = np.flatnonzero(~one.held).tolist() + ([one.size] if one.first_move else [])
    start = np.zeros(one.size + 1)
    start[one.anchors.index] = one.anchors.strength

    def loss(some: Floats) -> float:
        x = start.copy()
        x[free] = some
        return -log_likelihood(one, x)

    found = optimize.minimize(loss, start[free], method="BFGS", options={"gtol": 1e-8}).x
    found = optimize.minimize(loss, found, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-14}).x
    h, n = 1e-3, len(free)
    hessian = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            a, b = np.eye(n)[i] * h, np.eye(n)[j] * h
            hessian[i, j] = loss(found + a + b) - loss(found + a - b) - loss(found - a + b) + loss(found - a - b)
    best = start.copy()
    best[free] = found
    return best, np.linalg.inv(hessian / (4 * h * h))


def strengths(fit: Fit, names: Sequence[str], rows: SeatRows) -> list[float]:
    one = counts(rows)
    return [float(fit.strength[one.index(name)]) for name in names]


def test_agrestis_strengths_without_home_advantage_are_found() -> None:
    """Table 10.11, third column: relative to Baltimore."""
    rows = baseball(0)

    found = strengths(fit_strengths(model(rows, ("Baltimore", 0.0, 0.0))), TEAMS, rows)

    assert [round(one, 2) for one in found] == [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0]


def test_agrestis_strengths_and_home_advantage_are_found() -> None:
    """Section 10.6.3: a home advantage of 0.302; table 10.11, fifth column: odds that sum to 1."""
    rows = baseball(1)

    fit = fit_strengths(model(rows, ("Baltimore", 0.0, 0.0), first_move=True))

    odds = np.exp(strengths(fit, TEAMS, rows))
    assert [round(float(one), 3) for one in odds / odds.sum()] == [0.220, 0.190, 0.164, 0.157, 0.137, 0.088, 0.044]
    assert round(fit.first_move, 3) == 0.302


def test_agrestis_standard_errors_are_those_of_the_models_variance() -> None:
    """BradleyTerry2 prints them with the coefficients: 0.3433 for Milwaukee, 0.3319 for Cleveland; 0.1309 at home."""
    rows, base = baseball(0), ("Baltimore", 0.0, 0.0)
    one = counts(rows)
    fit = fit_strengths(model(rows, base))
    errors = [fit.model_variance(np.eye(7)[one.index(name)]) ** 0.5 for name in ("Milwaukee", "Cleveland")]

    at_home = fit_strengths(model(baseball(1), base, first_move=True))

    assert errors == pytest.approx([0.3433, 0.3319], abs=5e-5)
    assert at_home.inverse[-1, -1] ** 0.5 == pytest.approx(0.1309, abs=5e-5)


@pytest.mark.parametrize(("won", "tied", "lost"), [(3, 0, 1), (1, 2, 1), (0, 1, 7), (90, 10, 0), (1, 0, 999)])
def test_two_agents_stand_apart_by_the_logarithm_of_their_points(won: int, tied: int, lost: int) -> None:
    points = won + tied / 2

    fit = fit_strengths(model(tally("b", "a", won=won, tied=tied, lost=lost)))

    assert float(fit.strength[1]) == pytest.approx(math.log(points / (won + tied + lost - points)), rel=1e-9, abs=1e-9)


def test_a_million_games_of_one_pair_are_fitted_exactly() -> None:
    fit = fit_strengths(model(tally("b", "a", won=640_000, lost=360_000)))

    assert fit.strength[1] * ELO == pytest.approx(400 * math.log10(64 / 36), rel=1e-12)
    assert fit.model_variance(np.array([0.0, 1.0])) == pytest.approx(1 / (1e6 * 0.64 * 0.36), rel=1e-9)


def test_ten_to_one_odds_are_400_elo() -> None:
    assert fit_strengths(model(tally("b", "a", won=10, lost=1))).strength[1] * ELO == pytest.approx(400)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"first_move": True},
        {"first_move": True, "virtual_move": True},
        {"virtual": np.array([1, 3])},
    ],
    ids=["plain", "first move", "virtual move", "virtual draws"],
)
def test_the_maximum_is_the_one_scipy_finds(seed: int, changes: dict[str, Any]) -> None:
    """Over all that can be in a model: a fixed and an uncertain anchor, ties, the first move and virtual draws."""
    strength = {"a": 0.0, "b": 150.0, "c": -100.0, "d": 50.0}
    rows = league(seed, strength, games=40, tied=0.5)
    moved = dataclasses.replace(rows, seat=np.tile([0, 1], 40), seats=("first", "second"))
    one = model(moved, ("a", 0.0, 0.0), ("c", -0.8, 0.05), **changes)
    x, inverse = by_scipy(one)

    fit = fit_strengths(one)

    assert x[:-1].tolist() == pytest.approx(fit.strength.tolist(), abs=2e-6)
    assert x[-1] == pytest.approx(fit.first_move, abs=2e-6)
    assert inverse == pytest.approx(fit.inverse, rel=2e-4, abs=1e-5)


def test_an_anchor_measured_exactly_does_not_move_and_an_uncertain_one_meets_the_games_halfway() -> None:
    """By hand: prior mean 1 and variance 1, 40 games of which half were won, each with information 1/4 near 0."""
    rows = tally("b", "a", won=20, lost=20)

    exact = fit_strengths(model(rows, ("a", 0.0, 0.0), ("b", 1.0, 0.0)))
    prior = fit_strengths(model(rows, ("a", 0.0, 0.0), ("b", 1.0, 1.0)))

    assert exact.strength.tolist() == [0, 1]
    theta = float(prior.strength[1])
    assert 1 - theta == pytest.approx(40 * (1 / (1 + math.exp(-theta)) - 0.5), rel=1e-9)
    assert 0.05 < theta < 0.1


def test_a_held_agent_keeps_its_place_and_pulls_nobody() -> None:
    rows = join(duel("b", "a", "110"), duel("y", "z", "1110"))
    one = counts(rows)
    held = np.isin(np.array(one.agents, object), ["a", "y", "z"])

    fit = fit_strengths(model(rows, ("a", 0.0, 0.0), held=held))

    assert fit.strength.tolist() == pytest.approx([0, math.log(2), 0, 0])
    assert fit.free.tolist() == [1]


def test_a_model_in_which_nothing_is_free_has_a_fit() -> None:
    fit = fit_strengths(model(duel("b", "a", "10"), ("a", 0.0, 0.0), ("b", 0.5, 0.0)))

    assert (fit.strength.tolist(), fit.inverse.shape, fit.steps) == ([0, 0.5], (0, 0), 0)
    assert fit.model_variance(np.array([0.0, 1.0])) == 0


@settings(max_examples=30)
@given(st.integers(0, 50), st.lists(st.floats(-15, 15), min_size=5, max_size=5))
def test_where_one_starts_does_not_matter(seed: int, start: list[float]) -> None:
    strength = {"a": 0.0, "b": 150.0, "c": -100.0, "d": 50.0, "e": 0.0}
    one = model(league(seed, strength, games=120))
    try:
        fit = fit_strengths(one)
    except FitError:
        pytest.fail("five agents of 120 games are connected")

    other = fit_strengths(one, np.array(start))

    assert fit.strength.tolist() == pytest.approx(other.strength.tolist(), abs=1e-6)


def test_at_the_maximum_every_agent_has_the_points_that_are_expected_of_it() -> None:
    """The score equations, for 2,000 agents: nothing of the fit's own algebra enters."""
    rng = np.random.default_rng(5)
    n, games = 2_000, 30_000
    first = rng.integers(0, n - 1, games)
    second = rng.integers(first + 1, n)
    truth = rng.normal(0, 1, n)
    won = rng.random(games) < sigmoid(truth[first] - truth[second])
    totals = Totals(
        first=np.r_[first, first],
        second=np.r_[second, second],
        order=np.zeros(2 * games, np.int64),
        games=np.full(2 * games, 2.0),
        points=np.r_[won * 1.5 + 0.2, won * 0.9 + 0.1],
    )
    held = np.zeros(n, np.bool_)
    met = np.zeros(n, np.bool_)
    met[first] = met[second] = True
    held[0] = True
    anchors = Anchors(index=np.array([0]), strength=np.zeros(1), variance=np.zeros(1))
    one = Model(
        totals=totals, size=n, anchors=anchors, held=held | ~met, virtual=np.zeros(0, np.int64), first_move=False
    )

    fit = fit_strengths(one)

    wanted = totals.games / (1 + np.exp(fit.strength[totals.second] - fit.strength[totals.first]))
    rest = np.bincount(totals.first, totals.points - wanted, n) - np.bincount(totals.second, totals.points - wanted, n)
    assert np.abs(rest[1:]).max() < 1e-5
    assert fit.steps <= 8
    assert fit.decrement < 1e-12


def test_expected_points_are_those_of_the_logistic_curve_and_know_who_moved_first() -> None:
    fit = fit_strengths(model(baseball(1), ("Baltimore", 0.0, 0.0), first_move=True))
    pair = np.array([0, 0, 0]), np.array([1, 1, 1])

    found = expected(fit, *pair, np.array([-1, 0, 1]))

    d = fit.strength[0] - fit.strength[1]
    assert found.tolist() == pytest.approx(special.expit(d + fit.first_move * np.array([-1, 0, 1])).tolist(), rel=1e-14)


@given(st.floats(-1e6, 1e6))
def test_the_logistic_curve_is_scipys_and_never_overflows(x: float) -> None:
    assert special.expit(x) == pytest.approx(float(sigmoid(np.array([x]))[0]), rel=1e-12, abs=1e-300)


def test_influence_is_the_inverse_of_the_information_times_the_contrast() -> None:
    rows = baseball(1)
    fit = fit_strengths(model(rows, ("Baltimore", 0.0, 0.0), first_move=True))
    contrast = np.array([0.0, 1, -0.5, 0, 0, 0.25, -0.75])
    padded = np.append(contrast[fit.free], 0.0)

    spread, first_move = fit.spread(contrast)

    assert (fit.inverse @ padded)[:-1].tolist() == pytest.approx(spread[fit.free].tolist(), rel=1e-12)
    assert (fit.inverse @ padded)[-1] == pytest.approx(first_move, rel=1e-12)
    assert spread[counts(rows).index("Baltimore")] == 0
    assert padded @ fit.inverse @ padded == pytest.approx(fit.model_variance(contrast), rel=1e-12)


def test_a_measured_rating_of_one_agent_alone_gives_it_the_whole_of_its_error() -> None:
    """Without games between the two the rating is what was measured: its share is one standard deviation."""
    rows = join(duel("b", "a", "10"), duel("d", "c", "10"))

    fit = fit_strengths(model(rows, ("a", 0.0, 0.0), ("c", 0.4, 0.09)))

    assert fit.given(np.array([0.0, 0, 1, 0])).tolist() == pytest.approx([0.3])
    assert fit.given(np.array([0.0, 0, -1, 1])).tolist() == pytest.approx([0])
    assert fit.model_variance(np.array([0.0, 0, 1, 0])) == pytest.approx(0.09)


def test_agents_that_nothing_bounds_are_an_error_and_not_a_number() -> None:
    """Two agents of one component without an anchor: their level is anything."""
    rows = join(duel("b", "a", "10"), duel("d", "c", "10"))

    with pytest.raises(FitError, match="the information is singular"):
        fit_strengths(model(rows, ("a", 0.0, 0.0)))


def test_anchors_farther_apart_than_floats_reach_are_an_error_and_not_a_number() -> None:
    rows = join(duel("b", "a", "10"), duel("b", "c", "10"))

    with pytest.raises(FitError, match="the information is singular"):
        fit_strengths(model(rows, ("a", 0.0, 0.0), ("c", 1e6, 0.0)))


def test_too_few_steps_are_an_error_that_tells_how_far_the_fit_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.elo.fit.MAX_STEPS", 1)

    with pytest.raises(FitError, match=r"not maximised in 1 steps \(decrement [0-9.e-]+\)"):
        fit_strengths(model(tally("b", "a", won=10, lost=1)))


@pytest.mark.parametrize("start", [6.0, -25.0, 30.0])
def test_a_start_from_afar_where_newtons_step_would_be_wild_leads_to_the_maximum(start: float) -> None:
    """At 6 natural-log units Newton's step would be 100 long, at 30 as long as all steps together may be."""
    fit = fit_strengths(model(tally("b", "a", won=3, lost=1)), np.array([0.0, start]))

    assert float(fit.strength[1]) == pytest.approx(math.log(3), abs=1e-9)


def test_a_start_that_is_not_a_number_is_an_error() -> None:
    with pytest.raises(FitError, match="the information is singular"):
        fit_strengths(model(tally("b", "a", won=3, lost=1)), np.array([0.0, math.nan]))


def test_rough_strengths_are_near_the_likeliest_ones() -> None:
    """A start, not an estimate: within a third of a natural-log unit of them in a league of hundreds of games."""
    one = model(league(1, {"a": 0.0, "b": 150.0, "c": -100.0, "d": 300.0}, games=400))

    rough = rough_strengths(one.totals, one.size)

    assert (rough - rough[0]).tolist() == pytest.approx(fit_strengths(one).strength.tolist(), abs=1 / 3)


@pytest.mark.parametrize("results", ["1", "0", "11", "1" * 1000])
def test_rough_strengths_of_one_who_won_or_lost_every_game_are_finite(results: str) -> None:
    """No factor is the likeliest then: the way there is cut short."""
    one = model(duel("a", "b", results))

    rough = rough_strengths(one.totals, one.size)

    assert np.isfinite(rough).all()
    assert (rough[0] > rough[1]) == (results[0] == "1")


def test_strengths_on_the_other_side_are_the_same_with_the_other_sign() -> None:
    won, lost = (model(tally("b", "a", won=n, lost=9 - n)) for n in (7, 2))

    assert fit_strengths(won).strength.tolist() == pytest.approx((-fit_strengths(lost).strength).tolist())


def test_anchors_say_which_of_them_are_fixed() -> None:
    on = scale("a", "free", b=1100, c=(900, 20))
    rows = join(duel("a", "b", "10"), duel("b", "c", "10"), duel("c", "free", "10"))

    anchors = on.anchors(counts(rows))

    assert [counts(rows).agents[i] for i in anchors.index] == ["a", "b", "c"]
    assert [counts(rows).agents[i] for i in anchors.fixed] == ["a", "b"]
    assert (anchors.strength * ELO).tolist() == pytest.approx([0, 100, -100])
    assert (anchors.variance * ELO**2).tolist() == pytest.approx([0, 0, 400])
