"""Whether games agree with what is assumed: by hand, against plain loops, and how often honest records are accused."""

from __future__ import annotations

import dataclasses
import math
from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from checks.counts import head, tail
from checks.elo.consistency import (
    SURE,
    Agreement,
    Conflict,
    agreement,
    among,
    drift_between,
    negative_control,
    reference_conflict,
)
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows
from checks.elo.rate import Rated, Scale
from tests.games import BASE, counts, duel, forked, join, league, rated, scale, seats, split, tally

stats: Any = import_module("scipy.stats")  # has no types

BOTS = {"base_model": 0.0, "a_bot": 50.0, "b_bot": -80.0, "c_bot": 120.0}


def conflict(rows: SeatRows, on: Scale) -> Conflict | None:
    return reference_conflict(counts(rows), on)


def control(rows: SeatRows, *references: str) -> Conflict | None:
    return negative_control(counts(rows), scale(*(references or BOTS)))


def variance(games: int, share: float) -> float:
    """Return the variance in Elo of the gap of two agents from so many games, CR1."""
    return ELO**2 / ((games - 1) * share * (1 - share))


@pytest.mark.parametrize(("rating", "se"), [(1000, 0), (1100, 0), (1100, 50), (1250, 10)])
def test_a_measured_rating_is_held_against_the_games_with_the_errors_of_both(rating: float, se: float) -> None:
    """By hand: 75 of 100 points are 190.8 Elo."""
    gap = 400 * math.log10(3)
    off = gap - (rating - 1000)

    found = conflict(duel("b_bot", BASE, "1110" * 25), scale(base_model=1000, b_bot=(rating, se)))

    assert found is not None
    assert off**2 / (variance(100, 0.75) + se**2) == pytest.approx(found.statistic, rel=1e-6)
    assert stats.f.sf(found.statistic, 1, 100 - 1) == pytest.approx(found.p, rel=1e-9)
    assert dict(found.differences) == pytest.approx({"b_bot": off})
    assert (found.df, found.sure) == (1, found.p < SURE)


def test_several_measured_ratings_are_tested_at_once() -> None:
    """By hand: bots that met the gauge alone are independent, so their squares add up."""
    rows = join(duel("a_bot", BASE, "1110" * 25), duel("b_bot", BASE, "10" * 60))

    found = conflict(rows, scale(base_model=1000, a_bot=1100, b_bot=950))

    assert found is not None
    factor = (220 / 219) * (99 / 100), (220 / 219) * (119 / 120)
    squares = (400 * math.log10(3) - 100) ** 2 / variance(100, 0.75), 50**2 / variance(120, 0.5)
    assert squares[0] / factor[0] + squares[1] / factor[1] == pytest.approx(found.statistic, rel=1e-6)
    assert (found.df, [name for name, _ in found.differences]) == (2, ["a_bot", "b_bot"])


def test_a_rating_that_the_games_bear_out_is_no_conflict_and_one_300_elo_off_is() -> None:
    rows = league(1, {"base_model": 0.0, "b_bot": -150.0}, games=400)

    honest, wrong = (conflict(rows, scale(base_model=1000, b_bot=(rating, 20))) for rating in (850, 1150))

    assert honest is not None
    assert not honest.sure
    assert wrong is not None
    assert wrong.sure


def test_a_thousand_ties_contradict_a_rating_300_elo_away() -> None:
    found = conflict(duel("b_bot", BASE, "½" * 1000), scale(base_model=1000, b_bot=1300))

    assert found is not None
    assert found.sure


@pytest.mark.parametrize(
    ("rows", "on"),
    [
        (duel("b_bot", BASE, "10"), scale("base_model", "b_bot")),
        (duel("b_bot", BASE, "10"), scale("b_bot", base_model=1000)),
        (duel("b_bot", BASE, "11"), scale(base_model=1000, b_bot=900)),
        (join(duel("b_bot", "x", "10"), duel("y", BASE, "10")), scale(base_model=1000, b_bot=900)),
    ],
    ids=["nothing measured", "the gauge alone", "never lost", "no path"],
)
def test_without_a_measured_rating_that_the_games_tell_of_there_is_no_test(rows: SeatRows, on: Scale) -> None:
    if on.gauge == "b_bot":
        on = Scale(references={"base_model": on.references["base_model"], "b_bot": None})

    assert conflict(rows, on) is None


def test_a_shift_of_the_gauge_moves_the_others_along() -> None:
    rows = league(1, BOTS, games=200)
    one = conflict(rows, scale(base_model=1000, a_bot=1100, c_bot=(1050, 30)))
    other = conflict(rows, scale(base_model=700, a_bot=800, c_bot=(750, 30)))

    assert one is not None
    assert other is not None
    assert one.statistic == pytest.approx(other.statistic)


def test_a_drift_is_the_difference_of_two_records_against_its_error() -> None:
    """By hand: 75 of 100 points before, 50 of 120 after."""
    before, after = duel("b_bot", BASE, "1110" * 25), duel("b_bot", BASE, "11000" * 10 + "10100" * 14)
    share = (20 + 28) / 120

    found = drift_between(counts(before), counts(after), scale("base_model", "b_bot"))

    assert found is not None
    moved = 400 * math.log10(share / (1 - share)) - 400 * math.log10(3)
    assert dict(found.differences) == pytest.approx({"b_bot": moved})
    assert moved**2 / (variance(100, 0.75) + variance(120, share)) == pytest.approx(found.statistic, rel=1e-6)
    assert (found.df, found.sure) == (1, found.p < SURE)
    assert stats.f.sf(found.statistic, 1, 100 + 120 - 1) == pytest.approx(found.p, rel=1e-9)


def test_only_games_among_references_tell_of_a_drift() -> None:
    """A candidate that got better against all of them did so itself."""
    bots = league(1, BOTS, games=100)
    weak, strong = (league(2, BOTS | {"new": elo}, games=100) for elo in (-300.0, 300.0))
    alone = drift_between(counts(bots), counts(bots), scale(*BOTS))

    found = drift_between(counts(join(bots, weak)), counts(join(bots, strong)), scale(*BOTS))

    assert alone is not None
    assert alone.statistic == pytest.approx(0, abs=1e-9)
    assert found is not None
    assert not found.sure
    assert {name for name, _ in found.differences} == set(BOTS) - {BASE}


def test_references_that_changed_sides_are_a_drift() -> None:
    before, after = duel("b_bot", BASE, "1110" * 50), duel("b_bot", BASE, "1000" * 50)

    found = drift_between(counts(before), counts(after), scale("base_model", "b_bot"))

    assert found is not None
    assert found.sure


@pytest.mark.parametrize(
    ("before", "after", "names"),
    [
        (duel("b_bot", BASE, "10"), duel("x", BASE, "10"), ("base_model", "b_bot")),
        (duel("b_bot", BASE, "10"), duel("b_bot", BASE, "10"), ("base_model",)),
        (duel("b_bot", BASE, "10"), duel("b_bot", BASE, "11"), ("base_model", "b_bot")),
        (duel("b_bot", BASE, "10"), join(duel("b_bot", "x", "10"), duel("x", BASE, "10")), ("base_model", "b_bot")),
    ],
    ids=["gone", "one reference", "never lost", "met through others only"],
)
def test_without_two_references_rated_in_both_records_there_is_no_drift(
    before: SeatRows, after: SeatRows, names: tuple[str, ...]
) -> None:
    assert drift_between(counts(before), counts(after), scale(*names)) is None


def test_measured_ratings_play_no_part_in_a_drift() -> None:
    one, two = counts(league(1, BOTS, games=80)), counts(league(2, BOTS, games=80))

    plain = drift_between(one, two, scale(*BOTS))
    measured = drift_between(one, two, scale(base_model=700, a_bot=700, b_bot=(500, 9), c_bot=(2000, 1)))

    assert plain is not None
    assert measured is not None
    assert plain.statistic == pytest.approx(measured.statistic)


def test_the_control_holds_the_first_half_against_the_second() -> None:
    """Of an odd number of games the one in the middle belongs to the first."""
    for games in (24, 25):
        rows = league(1, {"base_model": 0.0, "b_bot": 50.0}, games=games)
        one = counts(rows)
        middle = -(-games // 2)
        by_hand = drift_between(head(one, middle), tail(one, middle), scale(BASE, "b_bot"))

        found = control(rows, BASE, "b_bot")

        assert found is not None
        assert by_hand == found


def test_four_games_are_halves_of_two() -> None:
    assert control(duel("b_bot", BASE, "1001"), BASE, "b_bot") is not None
    assert control(duel("b_bot", BASE, "1011"), BASE, "b_bot") is None


def test_an_environment_that_changed_halfway_is_found_and_one_that_did_not_is_not() -> None:
    steady = league(3, BOTS, games=600)
    other = league(4, {name: -elo for name, elo in BOTS.items()}, games=300)
    changed = join(league(3, BOTS, games=300), other)

    honest, found = control(steady), control(changed)

    assert honest is not None
    assert not honest.sure
    assert found is not None
    assert found.sure


@pytest.mark.parametrize(
    "rows",
    [tally("b_bot", BASE, won=30, lost=30), forked(duel("b_bot", BASE, "10"), 2), seats([f"{BASE}>{BASE}"])],
    ids=["rows of many games have no order", "one cluster has no halves", "no meetings"],
)
def test_a_record_without_halves_has_no_control(rows: SeatRows) -> None:
    assert control(rows, BASE) is None
    assert control(rows, *sorted(set(rows.agents))) is None


def test_honest_records_are_hardly_ever_accused() -> None:
    """Of 60 leagues of several seats about one in twenty may reach p < 0.05, none the level at which one acts."""
    controls: list[float] = []
    conflicts: list[float] = []
    fits: list[float] = []
    for seed in range(60):
        rows = league(seed, BOTS, games=120, chairs=3)
        one = counts(rows)
        measured = scale(**{name: 1000 + elo for name, elo in BOTS.items()})
        for found, kept in (
            (negative_control(one, scale(*BOTS)), controls),
            (reference_conflict(one, measured), conflicts),
            (agreement(rated(rows)), fits),
        ):
            assert isinstance(found, Conflict | Agreement)
            kept.append(found.p)
            assert not found.sure
    for kept in (controls, conflicts, fits):
        assert sum(p < 0.05 for p in kept) <= 9
        assert sum(p > 0.5 for p in kept) >= 15


def test_the_part_among_some_agents_keeps_their_games_alone() -> None:
    rows = seats(["a>b>c", "a>b", "b>c", "c>d"])

    found = among(counts(rows), ["a", "b"])

    assert found.entries.games.sum() == 2
    assert found.agents == ("a", "b", "c", "d")
    assert found.clusters == 4


def beats(one: str, other: str, games: int = 100) -> SeatRows:
    return duel(one, other, "11110" * (games // 5))


CIRCLE = join(beats("a", "b"), beats("b", "c"), beats("c", "a"))


def test_a_circle_of_agents_that_each_beat_the_next_contradicts_any_scale() -> None:
    found = agreement(rated(CIRCLE, "a"))

    assert found is not None
    assert found.sure
    assert (found.cycles, found.triples) == (1, 1)


def test_agents_on_one_scale_do_not_contradict_it() -> None:
    found = agreement(rated(league(1, BOTS, games=600)))

    assert found is not None
    assert not found.sure
    assert (found.cycles, found.triples) == (0, 4)


def test_a_circle_of_chance_is_not_certain() -> None:
    """Each leads the next by two games in twenty."""
    rows = join(*(duel(one, other, "1" * 11 + "0" * 9) for one, other in (("a", "b"), ("b", "c"), ("c", "a"))))

    found = agreement(rated(rows, "a"))

    assert found is not None
    assert (found.cycles, found.triples, found.sure) == (0, 1, False)


def test_who_moves_first_is_no_matter_in_a_circle() -> None:
    """Each takes all points of the next moving first, and half of them moving second: certain over both orders."""
    parts = []
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        parts += [duel(one, other, "1" * 20 + "0", moves=1), duel(one, other, "10" * 10, moves=-1)]

    turned = [dataclasses.replace(part, seat=1 - part.seat) for part in parts]

    for some in (parts, turned):
        found = agreement(rated(join(*some), "a"))
        assert found is not None
        assert (found.cycles, found.triples) == (1, 1)


def pairs_of(rows: SeatRows, found: Rated) -> tuple[Any, Any, Any]:
    """Return residuals by cluster and pair, the pairs' variances and the design, in plain loops."""
    totals, fit = found.totals, found.fit
    keys = list(zip(totals.first.tolist(), totals.second.tolist(), totals.order.tolist(), strict=True))
    residuals: dict[int, Any] = {}
    variances = np.zeros(len(keys))
    for game in np.unique(rows.game):
        for i, j in combinations(np.flatnonzero(rows.game == game), 2):
            one, other = (found.counts.index(rows.agents[rows.agent[k]]) for k in (i, j))
            if one == other:
                continue
            low, high, sign = (one, other, 1) if one < other else (other, one, -1)
            points = 0.5 + 0.5 * sign * np.sign(rows.score[i] - rows.score[j])
            order = 0 if rows.seat[i] < 0 else sign * (1 if rows.seat[i] == 0 else -1)
            p = 1 / (1 + math.exp(fit.strength[high] - fit.strength[low] - order * fit.first_move))
            key = keys.index((low, high, order))
            residuals.setdefault(int(rows.cluster[i]), np.zeros(len(keys)))[key] += points - p
            variances[key] += p * (1 - p)
    design = np.zeros((len(keys), fit.inverse.shape[0]))
    for row, (low, high, order) in enumerate(keys):
        for agent, side in ((low, 1.0), (high, -1.0)):
            if agent in fit.free:
                design[row, fit.free.tolist().index(agent)] += side
        if fit.model.first_move:
            design[row, -1] = order
    return np.array(list(residuals.values())), variances, design


@pytest.mark.parametrize(
    "rows",
    [
        league(1, BOTS, games=200),
        league(2, BOTS, games=90, chairs=3),
        forked(league(3, BOTS, games=300), 3),
        dataclasses.replace(league(4, BOTS, games=300), seat=np.tile([0, 1], 300), seats=("first", "second")),
        CIRCLE,
    ],
    ids=["duels", "three seats", "forks", "first move", "circle"],
)
def test_agreement_is_pearsons_statistic_scaled_by_what_clusters_make_of_it(rows: SeatRows) -> None:
    """Satterthwaite's two moments of a sum of squares whose covariance is that of the clusters' residuals."""
    one = rated(rows, rows.agents[0])
    residuals, variances, design = pairs_of(rows, one)
    hat = np.diag(variances) @ design @ np.linalg.inv(design.T @ np.diag(variances) @ design) @ design.T
    after = residuals @ (np.eye(len(variances)) - hat).T
    sigma = np.sum([np.outer(row, row) for row in after / np.sqrt(variances)], axis=0)
    trace, n = np.trace(sigma), len(residuals)
    square = max(np.trace(sigma @ sigma) - trace**2 / n, trace**2 / len(variances))
    statistic = float((residuals.sum(axis=0) ** 2 / variances).sum()) * trace / square

    found = agreement(one)

    assert found is not None
    assert statistic == pytest.approx(found.statistic, rel=1e-5)
    assert trace**2 / square == pytest.approx(found.df, rel=1e-5)
    assert stats.chi2.sf(found.statistic, found.df) == pytest.approx(found.p, rel=1e-6, abs=1e-12)


def test_pairs_that_hardly_met_do_not_count() -> None:
    """One surprising game of agents 1,000 Elo apart is no contradiction: its expected variance is 0.003."""
    strong = join(tally("x", BASE, won=320, lost=1), tally("y", BASE, won=1, lost=320), league(1, BOTS, games=200))
    rows = join(strong, duel("y", "x", "1"))

    found, without = agreement(rated(rows)), agreement(rated(strong))

    assert found is not None
    assert without is not None
    assert not found.sure


@pytest.mark.parametrize(
    "rows",
    [
        duel("a", "b", "10" * 50),
        join(duel("a", "b", "10" * 50), duel("a", "c", "1110" * 20)),
        join(*(duel(one, other, "10110") for one, other in (("a", "b"), ("b", "c"), ("c", "a")))),
        forked(join(*(beats(*pair) for pair in (("a", "b"), ("b", "c"), ("c", "a")))), 10),
        seats(["a>a"]),
    ],
    ids=["one pair", "no more pairs than ratings", "few games", "few clusters", "no meetings"],
)
def test_too_few_pairs_or_clusters_are_not_tested(rows: SeatRows) -> None:
    assert agreement(rated(rows, "a")) is None


def test_too_many_pairs_are_not_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.elo.consistency._MOST_CELLS", 2)

    assert agreement(rated(CIRCLE, "a")) is None


def test_rows_of_many_games_agree_as_as_many_rows_do() -> None:
    rows = join(tally("a", "b", won=40, lost=22), tally("b", "c", won=31, lost=30), tally("c", "a", won=25, lost=30))

    one, many = agreement(rated(rows, "a")), agreement(rated(split(rows), "a"))

    assert one is not None
    assert many is not None
    assert (one.statistic, one.df, one.p) == pytest.approx((many.statistic, many.df, many.p), rel=1e-6)
    assert (one.cycles, one.triples) == (many.cycles, many.triples)


def test_pairs_without_a_path_to_the_scale_say_nothing_of_it() -> None:
    """Two pairs that never met each other are a saturated model: nothing is left over to contradict it."""
    rows = join(tally("v2", BASE, won=50, lost=50), tally("v1", "v3", won=150, lost=50))

    assert agreement(rated(rows)) is None
