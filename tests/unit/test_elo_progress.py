"""Did training make checkpoints stronger: against least squares as it is written, logistic regressions, and by hand."""

from __future__ import annotations

import dataclasses
import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from checks.elo.estimate import Estimate
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows
from checks.elo.progress import (
    Checkpoints,
    Trend,
    at_once,
    newest_above_older,
    newest_against_best,
    smallest_of,
    trend,
)
from checks.elo.rate import Rated
from checks.elo.simultaneous import LargestT
from tests.games import BASE, duel, elo, forked, join, league, rated, tally

optimize: Any = import_module("scipy.optimize")  # has no types
stats: Any = import_module("scipy.stats")

RUN = {"base_model": 0.0, "v1": 30.0, "v2": 20.0, "v3": 90.0, "v4": 60.0}


def checkpoints(found: Rated, **steps: int) -> Checkpoints:
    """Return checkpoints by name with their steps."""
    return Checkpoints(
        index=np.array([found.counts.index(name) for name in steps], np.int64), step=np.array([*steps.values()])
    )


def run(seed: int = 1, games: int = 400, chairs: int = 2) -> tuple[Rated, Checkpoints]:
    found = rated(league(seed, RUN, games=games, chairs=chairs))
    return found, checkpoints(found, v1=10, v2=20, v3=40, v4=80)


def sure(found: Estimate | None) -> tuple[float, float, float, float]:
    """Return value, ends and error of an estimate that has them all."""
    assert found is not None
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.se is not None
    return found.value, found.low, found.high, found.se


def line(rows: SeatRows) -> Trend | None:
    found = rated(rows)
    steps = {name: int(name[1:]) for name in found.counts.agents if name != BASE}
    return trend(found, checkpoints(found, **steps), found.counts.index(BASE), 0.95)


def test_the_trend_is_generalised_least_squares_as_it_is_written() -> None:
    """(XᵀWX)⁻¹XᵀWy with W the inverse of the model's covariance of the gaps, slope and end in Elo."""
    found, points = run()
    covariance = found.fit.inverse[np.ix_(points.index - 1, points.index - 1)]
    gaps = found.fit.strength[points.index] * ELO
    design = np.column_stack([np.ones(4), [10, 20, 40, 80]])
    weight = np.linalg.inv(covariance)
    intercept, slope = np.linalg.solve(design.T @ weight @ design, design.T @ weight @ gaps)

    fitted = trend(found, points, found.counts.index(BASE), 0.95)

    assert fitted is not None
    assert sure(fitted.slope)[0] == pytest.approx(100 * slope, rel=1e-7)
    assert sure(fitted.end_gain)[0] == pytest.approx(intercept + 80 * slope, rel=1e-7)


def test_the_error_of_the_trend_is_that_of_its_contrast() -> None:
    """Two checkpoints: the line is the segment between them, its end the newest's gap."""
    found = rated(join(duel("v10", BASE, "10" * 40), duel("v30", BASE, "1110" * 20), duel("v30", "v10", "110" * 20)))
    v10, v30, base = (found.counts.index(name) for name in ("v10", "v30", BASE))
    gap = found.sandwich.contrast(found.contrast(v30, base), 0.9)
    rise = found.sandwich.contrast(found.contrast(v30, v10), 0.9)

    fitted = trend(found, checkpoints(found, v10=10, v30=30), base, 0.9)

    assert fitted is not None
    assert sure(fitted.end_gain) == pytest.approx(sure(gap), rel=1e-6)
    assert sure(fitted.slope) == pytest.approx([5 * one for one in sure(rise)], rel=1e-6)


def test_the_slope_is_given_by_a_hundred_steps() -> None:
    """By hand: 10 to 1 against base_model after 200 steps, equal after 0: 400 Elo in 200 steps."""
    fitted = line(join(tally("v0", BASE, won=50, lost=50), tally("v200", BASE, won=100, lost=10)))

    assert fitted is not None
    assert sure(fitted.slope)[0] == pytest.approx(200)
    assert sure(fitted.end_gain)[0] == pytest.approx(400)


def test_gains_are_measured_from_any_reference() -> None:
    rows = join(
        tally("v10", BASE, won=60, lost=50), tally("v20", BASE, won=100, lost=10), tally("bot", BASE, won=10, lost=100)
    )
    found = rated(rows)

    fitted = trend(found, checkpoints(found, v10=10, v20=20), found.counts.index("bot"), 0.95)

    assert fitted is not None
    assert sure(fitted.end_gain)[0] == pytest.approx(800)


@pytest.mark.parametrize("steps", [{}, {"v10": 10}, {"v10": 10, "x": 10}])
def test_there_is_no_trend_without_two_different_steps(steps: dict[str, int]) -> None:
    found = rated(join(duel("v10", BASE, "10"), duel("x", BASE, "10")))

    assert trend(found, checkpoints(found, **steps), found.counts.index(BASE), 0.95) is None


def test_more_games_of_a_checkpoint_give_it_more_weight() -> None:
    """Of three the first two have a thousand times the games: the line passes by the third."""
    rows = join(
        tally("v0", BASE, won=100_000, lost=100_000),
        tally("v100", BASE, won=100_000, lost=100_000),
        tally("v200", BASE, won=100, lost=10),
    )

    fitted = line(rows)

    assert fitted is not None
    assert sure(fitted.end_gain)[0] == pytest.approx(0, abs=2)
    assert elo(rated(rows), "v200") == pytest.approx(1400)


def test_the_newest_stands_above_the_mean_of_the_older_ones() -> None:
    rows = join(*(tally(f"v{i}", BASE, won=won, lost=10) for i, won in ((1, 10), (2, 100), (3, 1000))))
    found = rated(rows)

    gain = newest_above_older(found, checkpoints(found, v1=1, v2=2, v3=3), 0.95)

    assert sure(gain)[0] == pytest.approx(800 - (0 + 400) / 2)
    assert sure(gain) == pytest.approx(sure(found.sandwich.contrast(np.array([0, -0.5, -0.5, 1]), 0.95)), rel=1e-8)


def test_without_older_checkpoints_nothing_is_compared() -> None:
    found = rated(duel("v1", BASE, "10"))
    only = checkpoints(found, v1=1)

    assert newest_above_older(found, only, 0.95) is None
    assert newest_against_best(found, only, 0.95) is None
    assert newest_above_older(found, checkpoints(found), 0.95) is None


def test_the_newest_is_held_against_the_best_of_the_older_ones_and_not_against_the_last() -> None:
    rows = join(*(tally(f"v{i}", BASE, won=won, lost=10) for i, won in ((1, 1000), (2, 10), (3, 100))))
    found = rated(rows)

    gain = newest_against_best(found, checkpoints(found, v1=1, v2=2, v3=3), 0.95)

    assert sure(gain)[0] == pytest.approx(400 - 800)


def test_an_interval_corrected_for_choice_is_wider_than_that_of_one_comparison_and_holds_its_value() -> None:
    found, points = run()
    newest = int(points.index[-1])
    contrasts = np.array([found.contrast(newest, int(index)) for index in points.index[:-1]])

    value, low, high, se = sure(newest_against_best(found, points, 0.95))

    alone = [sure(found.sandwich.contrast(contrast, 0.95)) for contrast in contrasts]
    least = min(alone)
    assert [value, se] == pytest.approx([least[0], least[3]])
    assert low < min(one[1] for one in alone)
    assert value < high
    assert high <= min(one[0] + (one[2] - one[0]) * (least[0] - low) / (least[0] - least[1]) for one in alone) + 1e-6


def test_with_one_older_checkpoint_there_is_nothing_to_correct() -> None:
    found = rated(join(duel("v1", BASE, "10" * 50), duel("v2", BASE, "1110" * 25)))
    plain = sure(found.sandwich.contrast(found.contrast(2, 1), 0.95))

    gain = newest_against_best(found, checkpoints(found, v1=1, v2=2), 0.95)

    assert sure(gain) == pytest.approx(plain, rel=0.02)
    assert sure(gain)[1] <= plain[1]


def test_the_smallest_of_several_holds_for_all_at_once() -> None:
    """60 leagues of five equals: the interval of the smallest difference misses the truth, 0, in a tenth at most.

    That of the one comparison that came out smallest, not corrected for having been chosen, misses it more often.
    """
    missed = alone = 0
    for seed in range(60):
        found = rated(league(seed, dict.fromkeys(RUN, 0.0), games=150))
        contrasts = np.array([found.contrast(4, i) for i in range(4)])
        value, low, high, _ = sure(smallest_of(found, contrasts, 0.9))
        missed += not low <= 0 <= high
        single = min((sure(found.sandwich.contrast(contrast, 0.9)) for contrast in contrasts), key=lambda one: one[0])
        alone += not single[1] <= 0 <= single[2]
        assert low <= value <= high

    assert missed <= 0.1 * 60
    assert alone > missed


def test_a_comparison_that_too_few_clusters_tell_of_leaves_the_lower_end_of_the_smallest_open() -> None:
    """It may be as small as it likes, but the smallest is not above any of them."""
    found = rated(join(duel("v1", BASE, "10" * 20), forked(duel("v2", BASE, "110"), 3), duel("v3", BASE, "10" * 20)))

    gain = newest_against_best(found, checkpoints(found, v1=1, v2=2, v3=3), 0.95)

    other = at_once(found, np.array([found.contrast(3, 1), found.contrast(3, 2)]), 0.95)[0]
    assert gain is not None
    assert gain.value == pytest.approx(-400 * math.log10(2), rel=1e-6)
    assert gain.low is None
    assert gain.high == other.high is not None


def test_the_smallest_of_comparisons_that_nothing_tells_of_is_open_on_both_sides() -> None:
    rows = join(duel("v1", BASE, "110"), duel("v2", BASE, "100"))
    found = rated(dataclasses.replace(rows, cluster=np.zeros_like(rows.cluster)))

    gain = newest_against_best(found, checkpoints(found, v1=1, v2=2), 0.95)

    assert gain is not None
    assert (gain.low, gain.high) == (None, None)


def test_several_at_once_have_the_quantile_of_the_largest_each_by_its_own_degrees_of_freedom() -> None:
    found = rated(join(duel("v1", BASE, "10" * 8), duel("v2", BASE, "110" * 40), duel("v3", BASE, "1110" * 30)))
    contrasts = np.array([found.contrast(3, 1), found.contrast(3, 2)])
    tail = LargestT(found.sandwich.covariance(contrasts)).tail(0.9)

    several = at_once(found, contrasts, 0.9)

    for one, contrast in zip(several, contrasts, strict=True):
        alone = found.sandwich.contrast(contrast, 0.9)
        value, low, high, se = sure(one)
        reach = stats.t.ppf(1 - tail / 2, alone.df) * se
        assert [value - reach, value + reach] == pytest.approx([low, high], rel=1e-6)
        assert (value, se, one.df, one.clusters) == (alone.value, alone.se, alone.df, alone.clusters)
    assert several[0].df < 30 < several[1].df


def test_how_sure_one_of_several_is_allows_for_the_others() -> None:
    """Šidák: the largest of two independent ones is as far out as p in 1 − (1 − p)² of all cases."""
    found = rated(join(duel("v1", BASE, "11010" * 16), duel("v2", BASE, "01001" * 16)))
    contrasts = np.array([found.contrast(1), found.contrast(2)])
    alone = [found.sandwich.contrast(contrast, 0.95).p_superior for contrast in contrasts]

    several = [one.p_superior for one in at_once(found, contrasts, 0.95)]

    assert alone[0] is not None
    two_sided = 2 * (1 - alone[0])
    assert several[0] == pytest.approx(1 - (1 - (1 - two_sided) ** 2) / 2, abs=0.003)
    assert several[0] is not None
    assert several[1] is not None
    assert several[0] == pytest.approx(1 - several[1])
    assert 0.5 < several[0] < alone[0]


def test_one_alone_needs_no_correction() -> None:
    found, points = run()
    contrast = found.contrast(int(points.index[0]))

    assert at_once(found, contrast[None, :], 0.95)[0] == found.sandwich.contrast(contrast, 0.95)


def test_ties_alone_do_not_make_the_interval_of_the_smallest_a_point() -> None:
    found = rated(join(*(duel(f"v{i}", BASE, "½" * 12) for i in (1, 2, 3))))

    value, low, high, _ = sure(newest_against_best(found, checkpoints(found, v1=1, v2=2, v3=3), 0.95))

    assert low < value < high
