"""Series mode: what online ratings alone may say, against formulas, known truth and logs as they are."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.league_sim import League, Season, Updates, play_season
from checks.distribution import t_quantile
from checks.elo.agents import AgentKind
from checks.elo.estimate import Estimate
from checks.elo.learning import DEAD_BAND, AgentRow, SeriesLearning, decide_signal
from checks.elo.longrun import Strengths, cosines, effective, estimate_sum
from checks.elo.pace import NATS, PaceSource, declared_pace, find_pace
from checks.elo.panel import build_panel
from checks.elo.series import SeriesRule, Signal, Update, judge_series
from checks.run import Series
from tests.builders import series

BOTS = ("chaos_bot", "defensive_bot")
GROWING = League(
    steps=120, games=4, k=32.0, seats=4, bots=dict.fromkeys(BOTS, 0.0), births=(0, 15, 30, 45, 60, 75), gain=0.0
)
RULE = SeriesRule(k=32, update=Update.SEQUENTIAL, seats=4, games_per_step=4)
Logged = dict[str, Series]


def fresh(runs: int = 1, seed: int = 1, **changes: Any) -> Season:
    return play_season(dataclasses.replace(GROWING, **changes), runs, np.random.default_rng(seed))


season = cache(fresh)


def logged(**changes: Any) -> Logged:
    return season(**changes).series(0)


def judge(ratings: Mapping[str, Series], rule: SeriesRule = RULE, **changes: Any) -> SeriesLearning:
    given = {"reference": "base_model", "checkpoints": GROWING.checkpoints, "bots": BOTS} | changes
    return judge_series(ratings, rule=rule, **given)


def again(one: Series, **changes: Any) -> Series:
    return dataclasses.replace(one, **changes)


def gap(found: SeriesLearning) -> Estimate:
    assert found.gap is not None
    return found.gap


def numbers(found: SeriesLearning) -> tuple[float | None, ...]:
    """All that the estimates say; rounded, for sums in another order."""
    every = (found.gap, found.exploitation, found.older_checkpoints, found.latest, found.reference_decline)
    return tuple(
        None if end is None else round(end, 6)
        for one in every
        if one is not None
        for end in (one.value, one.low, one.high)
    )


def a_walk(seed: int, steps: int = 60, start: float = 1000.0) -> np.ndarray[Any, np.dtype[np.float64]]:
    return start + np.cumsum(np.random.default_rng(seed).normal(0, 10, steps))


# What is estimated


def test_two_agents_are_told_apart_by_the_telescoped_sum() -> None:
    """δ = Σ(ΔD + λD)/(λT), over the steps after the first move."""
    one, other = a_walk(1), a_walk(2)
    rule = SeriesRule(k=20, update=Update.SEQUENTIAL, seats=2, games_per_step=3)

    found = judge(
        {"base_model": series(other), "adapter_v0": series(one)}, rule, checkpoints={"adapter_v0": 0}, bots=[]
    )

    pace = 1 - np.exp(-3 * 20 * NATS * 2 / 4)
    apart = (one - other)[1:]
    assert gap(found).value == pytest.approx((np.diff(apart) + pace * apart[:-1]).sum() / (pace * (apart.size - 1)))
    assert found.steps == 58
    assert found.pace == pytest.approx(pace)
    assert found.settled == pytest.approx(58 * pace)


def test_the_gap_is_the_mean_of_the_newer_half_weighted_by_their_lives() -> None:
    panel = build_panel(logged())
    strengths = Strengths(panel, declared_pace(RULE, panel.members))
    names = ["adapter_v45", "adapter_v60", "adapter_v75"]
    columns = [panel.agents.index(name) for name in names]
    alone = []
    for column in columns:
        weights = np.zeros(len(panel.agents))
        weights[[column, 0]] = 1, -1
        found = strengths.contrast(weights)
        assert found is not None
        alone.append(found.at(1.0)[0])

    judged = judge(logged())

    assert judged.pooled == tuple(names)
    assert judged.older == ("adapter_v0", "adapter_v15", "adapter_v30")
    assert gap(judged).value == pytest.approx(np.average(alone, weights=strengths.mass[columns]), abs=0.5)


def test_ratings_without_luck_give_the_true_strengths_whatever_they_began_at() -> None:
    """The fit is exact where moves are their expectations, in a pool that grows."""
    truth = np.array([0.0, -120, 40, 90])
    births = [0, 0, 10, 30]
    starts = [900.0, 950, 1100, 1000]
    rule = SeriesRule(k=16, update=Update.AVERAGED, seats=4, games_per_step=4)
    table = np.full((61, 4), np.nan)
    for step in range(61):
        for agent in range(4):
            if step == births[agent]:
                table[step, agent] = starts[agent]
        alive = np.isfinite(table[step])
        if step < 60:
            pace = declared_pace(rule, np.array([float(alive.sum())]))
            off = truth - table[step]
            table[step + 1] = table[step] + pace * (off - off[alive].mean())
    names = ("base_model", "chaos_bot", "adapter_v10", "adapter_v30")
    ratings = {name: series(table[births[i] :, i], steps=np.arange(births[i], 61)) for i, name in enumerate(names)}

    panel = build_panel(ratings)
    strengths = Strengths(panel, declared_pace(rule, panel.members))

    for i in (1, 2, 3):
        found = strengths.contrast(np.eye(4)[i] - np.eye(4)[0])
        assert found is not None
        assert found.at(1.0)[0] == pytest.approx(truth[i], abs=1e-6)


@given(shift=st.floats(-500, 500), order=st.permutations(range(9)))
@settings(max_examples=20)
def test_neither_the_scale_s_zero_nor_the_order_of_agents_matters(shift: float, order: list[int]) -> None:
    whole = logged()
    names = list(whole)
    moved = {names[i]: again(whole[names[i]], values=whole[names[i]].values + shift) for i in order}

    assert numbers(judge(moved)) == pytest.approx(numbers(judge(whole)), abs=1e-4)


def test_exchanging_the_sides_changes_the_sign() -> None:
    ratings = {"a": series(a_walk(1)), "b": series(a_walk(2))}

    found = judge(ratings, reference="a", checkpoints={"b": 0}, bots=[])
    turned = judge(ratings, reference="b", checkpoints={"a": 0}, bots=[])

    one, other = gap(found), gap(turned)
    assert one.value == pytest.approx(-(other.value or 0))
    assert one.low == pytest.approx(-(other.high or 0))
    assert one.df == other.df


def test_learning_shows_and_its_absence_does_not() -> None:
    learnt = [
        judge(season(40, gain=150.0, games=12).series(run), dataclasses.replace(RULE, games_per_step=12))
        for run in range(40)
    ]
    nothing = [judge(season(100).series(run)) for run in range(100)]

    assert sum(one.signal is Signal.POSITIVE for one in learnt) >= 36
    assert sum(one.signal is Signal.POSITIVE for one in nothing) <= 7
    assert sum(one.signal is Signal.NEGATIVE for one in nothing) <= 7
    assert np.mean([gap(one).value for one in learnt]) == pytest.approx(80, abs=10)
    slopes = [one.slope_per_100_steps.value for one in learnt if one.slope_per_100_steps is not None]
    assert np.mean([value for value in slopes if value is not None]) == pytest.approx(125, abs=15)


@pytest.mark.parametrize("start", [900.0, 950.0, 1100.0])
def test_references_that_only_drift_to_their_level_are_no_learning(start: float) -> None:
    starts = dict.fromkeys(("base_model", *BOTS), start)
    runs = fresh(60, 3, starts=starts)

    found = [judge(runs.series(run)) for run in range(60)]
    naive = runs.ratings[:, -1, 3:].mean(axis=1) - runs.ratings[:, -1, 0]

    assert np.mean([gap(one).value for one in found]) == pytest.approx(0, abs=12)
    assert sum(one.signal is Signal.POSITIVE for one in found) <= 5
    assert abs(naive.mean()) < abs(1000 - start)


def test_checkpoints_that_inherit_ratings_are_no_learning() -> None:
    runs = season(60, 4, inherits=True)

    found = [judge(runs.series(run)) for run in range(60)]

    assert np.mean([gap(one).value for one in found]) == pytest.approx(0, abs=12)
    assert sum(one.signal is Signal.POSITIVE for one in found) <= 5


def test_a_negative_gain_is_negative() -> None:
    found = judge(logged(gain=-400.0, games=12), dataclasses.replace(RULE, games_per_step=12))

    assert found.signal is Signal.NEGATIVE
    assert found.at_most is not None
    assert found.at_most < 0
    assert found.reasons[0].startswith("The newer half of the checkpoints (adapter_v45 to adapter_v75) less")


def test_the_level_of_a_reference_falls_where_the_pool_grows_stronger() -> None:
    weak = [judge(season(30, 5, gain=300.0).series(run)).reference_decline for run in range(30)]
    calm = [judge(season(30, 6).series(run)).reference_decline for run in range(30)]

    falls = [[one.value for one in some if one is not None and one.value is not None] for some in (weak, calm)]
    assert np.mean(falls[0]) > 80
    assert abs(float(np.mean(falls[1]))) < 40


# How sure it is


def test_with_equal_variances_the_cosines_are_those_of_the_paper() -> None:
    """Lazarus et al. 2018: √2·cos(πj(t − ½)/T), j up to 0.4·T^(2/3)."""
    waves = cosines(np.ones(100))

    assert waves.shape == (8, 100)
    t = np.arange(1, 101)
    assert waves[2] == pytest.approx(np.sqrt(2) * np.cos(np.pi * 3 * (t - 0.5) / 100))
    assert waves @ waves.T == pytest.approx(100 * np.eye(8), abs=1e-9)


def test_steps_without_weight_do_not_count() -> None:
    some = np.concatenate([np.zeros(500), np.ones(27)])

    assert effective(some) == pytest.approx(27)
    assert cosines(some)[:, 500:] == pytest.approx(cosines(np.ones(27)))
    assert cosines(np.ones(100_000)).shape[0] == 30


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Correlated luck, and a wrong pace inside the bracket, included."""
    runs = season(120, 7, forks=2, shared=0.7)

    found = [gap(judge(runs.series(run))) for run in range(120)]

    held = sum(one.low is not None and one.high is not None and one.low <= 0 <= one.high for one in found)
    assert 0.9 <= held / 120 <= 0.995


def test_an_interval_covers_all_paces_of_the_bracket() -> None:
    panel = build_panel(logged())
    strengths = Strengths(panel, declared_pace(RULE, panel.members))
    weights = np.zeros(len(panel.agents))
    weights[[0, 5]] = -1, 1
    found = strengths.contrast(weights)
    assert found is not None

    wide = estimate_sum(found, (0.5, 2.0), 0.9)

    reach = t_quantile(0.95, wide.df)
    for factor in np.geomspace(0.5, 2.0, 15):
        value, se = found.at(float(factor))
        assert wide.low is not None
        assert wide.high is not None
        assert wide.low <= value - reach * se + 1e-9
        assert wide.high >= value + reach * se - 1e-9
    assert (wide.value, wide.se) == found.at(1.0)
    assert wide.p_superior is not None
    assert 0 < wide.p_superior < 1


def test_more_confidence_widens_and_the_level_of_the_test_moves_its_bounds_alone() -> None:
    plain = judge(logged())
    sure = judge(logged(), dataclasses.replace(RULE, confidence=0.99))
    strict = judge(logged(), dataclasses.replace(RULE, alpha=0.001))

    assert gap(sure).low < gap(plain).low < gap(plain).high < gap(sure).high  # type: ignore[operator]
    assert (plain.at_least, plain.at_most) == (gap(plain).low, gap(plain).high)
    assert (sure.at_least, sure.at_most) == (plain.at_least, plain.at_most)
    assert strict.gap == plain.gap
    assert strict.at_least < plain.at_least  # type: ignore[operator]


def test_every_number_is_finite_or_none() -> None:
    def walk(value: object) -> None:
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            for field in dataclasses.fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, tuple):
            for one in value:
                walk(one)
        elif isinstance(value, float):
            assert np.isfinite(value)
            assert type(value) is float

    for one in (logged(), {name: again(two, values=two.values * 900) for name, two in logged().items()}):
        walk(judge(one))


# How fast ratings settle


@pytest.mark.parametrize("updates", list(Updates))
@pytest.mark.parametrize(("games", "bots"), [(1, 5), (3, 5), (2, 11)])
def test_the_declared_pace_is_that_of_ratings_on_their_way(updates: Updates, games: int, bots: int) -> None:
    """From 60 Elo too low, the mean gap to equals closes by λ a step."""
    names = {f"b{i}": 0.0 for i in range(bots)}
    league = League(
        steps=6, games=games, seats=4, k=24.0, updates=updates, bots=names, births=(), starts={"base_model": 940.0}
    )
    ratings = play_season(league, 8_000, np.random.default_rng(8)).ratings
    rule = SeriesRule(k=24, update=Update(updates.value), seats=4, games_per_step=games)

    apart = (ratings[:, :, 1:].mean(axis=2) - ratings[:, :, 0]).mean(axis=0)

    pace = declared_pace(rule, np.array([1.0 + bots]))[0]
    assert 1 - (apart[-1] / apart[0]) ** (1 / 6) == pytest.approx(pace, rel=0.07)


def test_where_all_sit_in_every_game_the_averaged_pace_has_the_short_form() -> None:
    rule = SeriesRule(k=32, update=Update.AVERAGED, seats=7, games_per_step=3)

    assert declared_pace(rule, np.array([7.0]))[0] == pytest.approx(32 * NATS * 7 / (4 * 6))


def test_without_games_a_step_the_moves_tell_the_pace() -> None:
    whole = judge(logged())
    movement = judge(logged(), dataclasses.replace(RULE, games_per_step=None))
    vaguer = judge(logged(), dataclasses.replace(RULE, games_per_step=None, seats=None))

    assert [one.pace_source for one in (whole, movement, vaguer)] == [
        PaceSource.DECLARED,
        PaceSource.MOVEMENT,
        PaceSource.MOVEMENT,
    ]
    assert movement.pace == pytest.approx(whole.pace, rel=0.2)
    assert vaguer.pace == pytest.approx(whole.pace, rel=0.2)
    assert vaguer.pace_most / vaguer.pace > movement.pace_most / movement.pace  # type: ignore[operator]
    assert (
        movement.reasons[-1]
        == "How fast ratings settle was found by the size of their moves, for want of games a step."
    )


@pytest.mark.parametrize("update", list(Update))
def test_without_k_a_regression_tells_the_pace_and_says_that_it_is_rough(update: Update) -> None:
    ratings = logged(k=60.0, updates=Updates(update.value), steps=400)
    rule = dataclasses.replace(RULE, k=60, update=update)
    whole = judge(ratings, rule)

    found = judge(ratings, dataclasses.replace(rule, k=None, seats=None))

    assert found.pace_source is PaceSource.REGRESSION
    assert found.pace_least < whole.pace < found.pace_most  # type: ignore[operator]
    assert found.uneven is None
    assert found.reasons[-1].endswith("by regression, which is rough, for want of K and seats.")


def test_averaged_updates_need_every_number() -> None:
    rule = dataclasses.replace(RULE, update=Update.AVERAGED, games_per_step=None)

    found = judge(logged(k=60.0, updates=Updates.AVERAGED, steps=400), rule)

    assert found.pace_source is PaceSource.REGRESSION


def test_ratings_that_wander_off_tell_no_pace() -> None:
    walks = {"base_model": series(a_walk(1)), "adapter_v0": series(a_walk(2)), "chaos_bot": series(a_walk(4))}

    found = judge(walks, dataclasses.replace(RULE, k=None), checkpoints={"adapter_v0": 0})

    assert found.signal is Signal.UNCLEAR
    assert found.reasons == ("How fast ratings settle is not to be told: declare K (`--k`; in a policy `online-elo`).",)
    few = {name: again(one, steps=one.steps[:6], values=one.values[:6]) for name, one in walks.items()}
    assert judge(few, dataclasses.replace(RULE, k=None), checkpoints={"adapter_v0": 0}).gap is None


def test_the_bracket_holds_a_pace_declared_wrong() -> None:
    for games in (2, 8):
        found = judge(logged(), dataclasses.replace(RULE, games_per_step=games))
        true = judge(logged()).pace
        assert found.pace_least <= 1.1 * true  # type: ignore[operator]
        assert found.pace_most >= true  # type: ignore[operator]


def test_seats_drawn_too_unevenly_make_it_unclear() -> None:
    crowd = {f"b{i}": 0.0 for i in range(9)}
    ratings = fresh(newest_seats=3, births=(0,), seats=6, bots=crowd).series(0)

    found = judge(ratings, dataclasses.replace(RULE, seats=6), checkpoints={"adapter_v0": 0})

    assert found.signal is Signal.UNCLEAR
    assert found.uneven is not None
    assert found.uneven > 2
    assert "Seats are drawn too unevenly" in found.reasons[0]


def test_a_rule_is_held_to_its_ranges() -> None:
    with pytest.raises(ValueError, match=r"k: expected 0.001 to 1,000,000, got -1; seats: expected at least 2, got 1"):
        SeriesRule(k=-1, seats=1)
    with pytest.raises(ValueError, match=r"games_per_step: .*; confidence: .*; alpha: "):
        SeriesRule(games_per_step=float("nan"), confidence=1.0, alpha=0.6)


# What decides


def test_too_few_steps_to_settle_make_it_unclear() -> None:
    found = judge(logged(k=4.0), dataclasses.replace(RULE, k=4))

    assert found.signal is Signal.UNCLEAR
    assert found.settled is not None
    assert found.settled < 3
    assert found.reasons[0].startswith(f"Ratings have settled too little: λT is {found.settled:.1f} over 119 steps")


def estimated(value: float, reach: float, **changes: Any) -> SeriesLearning:
    """Return a judgement with this gap, and an interval of that reach, before the decision."""

    def made(middle: float) -> Estimate:
        return Estimate(
            value=middle,
            low=middle - reach,
            high=middle + reach,
            se=reach / 2,
            df=10,
            p_superior=0.5,
            clusters=60,
            confidence=0.95,
        )

    found = SeriesLearning(
        rule=RULE,
        reference="base_model",
        pooled=("adapter_v9",),
        older=(),
        pace_source=PaceSource.DECLARED,
        uneven=1.0,
        steps=100,
        settled=9.0,
        gap=made(value),
        at_least=value - reach,
        at_most=value + reach,
        latest=made(changes.pop("latest", 0.0)),
        rows=(),
    )
    return decide_signal(dataclasses.replace(found, **changes))


@pytest.mark.parametrize(
    ("value", "reach", "signal"),
    [
        (30, 29, Signal.POSITIVE),
        (30, 30, Signal.UNCLEAR),
        (-30, 29, Signal.NEGATIVE),
        (-30, 31, Signal.UNCLEAR),
        (0, 19, Signal.NONE),
        (5, 15, Signal.UNCLEAR),
        (-5, 15, Signal.UNCLEAR),
        (0, 100, Signal.UNCLEAR),
    ],
)
def test_only_a_whole_interval_is_a_signal(value: float, reach: float, signal: Signal) -> None:
    assert estimated(value, reach).signal is signal


@pytest.mark.parametrize(
    ("value", "signal"), [(55, Signal.UNCLEAR), (65, Signal.POSITIVE), (-65, Signal.NEGATIVE), (0, Signal.UNCLEAR)]
)
def test_averaged_seats_need_more_than_they_can_feign(value: float, signal: Signal) -> None:
    found = estimated(value, 19, rule=dataclasses.replace(RULE, seat_averaged=True))

    assert found.signal is signal
    if signal is Signal.UNCLEAR:
        assert f"can feign {DEAD_BAND:.0f} Elo. Log the games." in found.reasons[0]


def test_averaged_seats_do_feign_a_gain() -> None:
    """Without learning, with skewed scores, the newest in several seats seem stronger: the dead band is needed."""
    runs = season(40, 9, newest_seats=2, seat_averaged=True)

    found = [judge(runs.series(run), dataclasses.replace(RULE, seat_averaged=True)) for run in range(40)]

    assert np.mean([gap(one).value for one in found]) > 10
    assert sum(one.signal is Signal.POSITIVE for one in found) <= 3


def test_a_newest_checkpoint_that_fell_behind_is_no_gain() -> None:
    found = estimated(50, 20, latest=-30)

    assert found.signal is Signal.UNCLEAR
    assert found.reasons == (
        "The newest checkpoint is weaker than those before it: training lately made the model worse.",
    )
    assert estimated(50, 20, latest=-10).signal is Signal.POSITIVE


def test_an_unclear_gap_says_what_would_tell() -> None:
    assert "About 44 more steps would tell" in estimated(50, 60).reasons[0]
    assert estimated(5, 60).reasons[0].endswith("which may be a gain or a loss. Log the games.")
    assert estimated(0, 60).reasons[0].endswith("which may be a gain or a loss. Log the games.")
    assert estimated(50, 20).reasons == ("adapter_v9 less base_model: between 30 and 70 Elo.",)


def test_ratings_without_luck_decide_nothing() -> None:
    found = estimated(50, 0)

    assert found.signal is Signal.UNCLEAR
    assert "carry no luck" in found.reasons[0]


# Logs as they are


def test_a_doubled_step_counter_changes_nothing_and_is_told() -> None:
    whole = logged()
    doubled = {name: again(one, steps=2 * one.steps) for name, one in whole.items()}

    found = judge(doubled)

    assert numbers(found) == numbers(judge(whole))
    assert found.notes[0] == (
        "121 rows of ratings are logged between step 0 and 240; "
        "each counts as one step, as with a doubled step counter."
    )


def test_a_value_logged_twice_changes_nothing_and_is_told() -> None:
    whole = logged()
    twice = {
        name: series(one.values.repeat(2), steps=np.stack([2 * one.steps, 2 * one.steps + 1], axis=1).ravel())
        for name, one in whole.items()
    }

    found = judge(twice)

    assert numbers(found) == numbers(judge(whole))
    assert "In 121 rows no rating moved: they count as no step." in found.notes


def test_the_order_of_rows_does_not_matter_and_the_last_of_several_counts() -> None:
    whole = logged()
    one = whole["base_model"]
    places = np.random.default_rng(0).permutation(one.steps.size)
    jumbled = again(
        one, steps=np.append(one.steps[places], one.steps[7]), values=np.append(one.values[places], one.values[7])
    )
    jumbled.values[np.flatnonzero(jumbled.steps == one.steps[7])[0]] = 777.0

    found = judge(whole | {"base_model": jumbled})

    assert numbers(found) == numbers(judge(whole))
    assert "1 values share a step with a later one, which counts." in found.notes


def test_values_that_are_no_ratings_are_dropped_and_counted() -> None:
    whole = logged()
    one = whole["base_model"]
    bad = np.array([np.nan, np.inf, -np.inf, 1e9])
    more = again(one, steps=np.append(one.steps, [3, 4, 5, 6]), values=np.append(one.values, bad))

    found = judge(whole | {"base_model": more})

    assert numbers(found) == numbers(judge(whole))
    assert "4 values are not finite or no ratings and were left out." in found.notes
    assert found.rows[0].n == 121


def test_missing_values_stand_for_what_was_logged_before() -> None:
    whole = logged()
    some = {
        name: again(one, steps=one.steps[keep], values=one.values[keep])
        for i, (name, one) in enumerate(whole.items())
        for keep in [np.random.default_rng(i).random(one.steps.size) > 0.2]
    }

    found, full = judge(some), judge(whole)

    assert gap(found).value == pytest.approx(gap(full).value, abs=12)
    assert any(note.endswith("its last rating stands until the next.") for note in found.notes)


def test_rows_missing_for_all_count_as_no_step() -> None:
    whole = logged()
    some = {
        name: again(one, steps=one.steps[keep], values=one.values[keep])
        for name, one in whole.items()
        for keep in [one.steps % 10 != 4]
    }

    found = judge(some)

    assert found.notes[0] == "109 rows of ratings are logged between step 0 and 120; each counts as one step."
    assert gap(found).value == pytest.approx(gap(judge(whole)).value, abs=12)


def test_a_placeholder_before_birth_and_the_rating_set_at_birth_do_not_count() -> None:
    whole = logged()
    late = whole["adapter_v75"]
    before = np.arange(75)
    waiting = again(late, steps=np.append(before, late.steps), values=np.append(np.full(75, 400.0), late.values))
    from_birth = again(late, steps=np.append(74, late.steps), values=np.append(400.0, late.values))

    assert gap(judge(whole | {"adapter_v75": waiting})).value == pytest.approx(
        gap(judge(whole | {"adapter_v75": from_birth})).value, abs=8
    )
    assert abs((gap(judge(whole | {"adapter_v75": waiting})).value or 0) - (gap(judge(whole)).value or 0)) < 8


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_run_of_few_rows_is_unclear(rows: int) -> None:
    short = {name: again(one, steps=one.steps[:rows], values=one.values[:rows]) for name, one in logged().items()}

    found = judge(short)

    assert found.signal is Signal.UNCLEAR
    assert found.gap is None
    assert len(found.reasons) == 2
    assert all("nothing is interpolated" in reason for reason in found.reasons)
    assert len(found.rows) == 9


def test_a_missing_reference_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected a series of the reference `base`, found none of that name"):
        judge(logged(), reference="base")


def test_without_checkpoints_it_is_unclear() -> None:
    found = judge(logged(), checkpoints={"adapter_v999": 999})

    assert found.signal is Signal.UNCLEAR
    assert found.reasons == ("There are no ratings of checkpoints.",)


def test_ratings_of_an_unknown_rule_get_the_table_and_no_signal() -> None:
    found = judge(logged(gain=400.0), SeriesRule())

    assert found.signal is Signal.UNCLEAR
    assert found.gap is None
    assert "TrueSkill" in found.reasons[0]
    assert found.rows[0] == AgentRow(
        agent="base_model",
        kind=AgentKind.REFERENCE,
        step=None,
        n=121,
        first_step=0,
        last_step=120,
        first=1000.0,
        last=float(logged(gain=400.0)["base_model"].values[-1]),
    )
    assert [row.kind for row in found.rows].count(AgentKind.CHECKPOINT) == 6


def test_a_pinned_reference_is_no_reference() -> None:
    whole = logged()
    pinned = again(whole["base_model"], values=np.full(121, 1000.0))

    found = judge(whole | {"base_model": pinned})

    assert found.signal is Signal.UNCLEAR
    assert found.reasons[0].startswith("The rating of base_model does not move")


def test_an_agent_that_may_change_only_counts_as_a_member() -> None:
    whole = logged()
    names = [name for name in GROWING.checkpoints if name != "adapter_v0"]

    found = judge(whole, checkpoints={name: GROWING.checkpoints[name] for name in names}, bots=("chaos_bot", "no_bot"))

    assert [row.agent for row in found.rows if row.kind is AgentKind.OTHER] == ["defensive_bot", "adapter_v0"]
    assert [name for name, _ in found.bots] == ["chaos_bot"]
    assert found.pace == pytest.approx(judge(whole).pace, rel=0.01)


def test_without_bots_or_older_checkpoints_there_is_nothing_to_say_of_them() -> None:
    whole = logged()
    two = {name: whole[name] for name in ("base_model", "adapter_v0")}

    found = judge(two, bots=[])

    assert (found.exploitation, found.bots, found.older_checkpoints, found.latest) == (None, (), None, None)
    assert found.slope_per_100_steps is None
    assert found.pooled == ("adapter_v0",)


def test_a_checkpoint_born_at_the_end_is_left_out_and_told() -> None:
    whole = logged() | {"adapter_v120": series([1000.0], steps=[120]), "empty": series([])}

    found = judge(whole, checkpoints={**GROWING.checkpoints, "adapter_v120": 120, "empty": 7})

    assert found.pooled[-1] == "adapter_v75"
    assert "Agents whose ratings move in too few steps to count: adapter_v120, empty." in found.notes
    assert found.rows[-1].n == 0
    assert found.rows[-1].first is None


def test_agents_that_never_meet_cannot_be_compared() -> None:
    ratings = {
        "base_model": series(a_walk(1)),
        "chaos_bot": series(a_walk(2)),
        "adapter_v0": series(a_walk(3), steps=np.arange(100, 160)),
        "adapter_v1": series(a_walk(4), steps=np.arange(100, 160)),
    }

    found = judge(ratings, checkpoints={"adapter_v0": 0, "adapter_v1": 1})

    assert found.signal is Signal.UNCLEAR
    assert found.gap is None
    assert found.bots == ()
    assert found.reasons == (
        "Too few steps join the ratings of the checkpoints and of the reference, if any: log the games.",
    )


def test_a_checkpoint_of_one_step_tells_no_error() -> None:
    whole = logged()
    one = whole["adapter_v75"]
    brief = whole | {"adapter_v75": again(one, steps=one.steps[:3], values=one.values[:3])}

    found = judge(brief, checkpoints={"adapter_v75": 75})

    assert found.signal is Signal.UNCLEAR
    assert found.gap is None
    assert found.reasons[0].startswith("Too few steps join")
    assert judge(brief).gap is not None


def test_a_reference_of_two_moves_has_no_trend() -> None:
    whole = logged()
    one = whole["base_model"]

    found = judge(whole | {"base_model": again(one, steps=one.steps[:4], values=one.values[:4])})

    assert found.reference_decline is None
    assert found.signal is Signal.UNCLEAR


def test_pace_is_found_for_a_panel_on_its_own() -> None:
    panel = build_panel(logged())
    keep = panel.present.sum(axis=1) >= 2
    panel = dataclasses.replace(
        panel,
        levels=panel.levels[keep],
        moves=panel.moves[keep],
        present=panel.present[keep],
        members=panel.members[keep],
    )

    pace = find_pace(RULE, panel, 0, [5, 6])

    assert pace is not None
    assert 0.6 <= pace.least <= 1 <= pace.most
    assert pace.uneven == pytest.approx(1, abs=0.5)


def test_an_empty_record_makes_an_empty_panel() -> None:
    panel = build_panel({})

    assert (panel.agents, panel.levels.shape, panel.notes) == ((), (0, 0), ())
