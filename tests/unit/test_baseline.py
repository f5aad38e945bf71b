"""A run against an earlier one: only a fall that is large enough and certain enough blocks, and only data pass."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.baseline import Change, Location, change_between, check_baseline, judge_change, judge_fall, locate
from checks.check import BaselineAsk, Check, SeriesAsk, Tolerance
from checks.result import CheckKind, CheckResult, Outcome
from checks.run import Identity, Note, NoteKind, RunData, RunState, Series
from checks.statistic import Statistic
from checks.window import parse_window
from tests.builders import PROFILES, check, evidence, noise, only, policy, series

PASS, FAIL, INCONCLUSIVE, NOT_MEASURED = Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.NOT_MEASURED
ANY = policy('checks: {a: {metric: kl, stat: mean, pass: "< 1"}}', profiles={"base": PROFILES["base"]})
OLD = Identity(id="old1", name="old")


def absolute(amount: float) -> Tolerance:
    return Tolerance(amount=amount, relative=False)


def share(amount: float) -> Tolerance:
    return Tolerance(amount=amount, relative=True)


def comparing(stat: str = "mean", **changes: Any) -> Check:
    ask = BaselineAsk(run="old", **(changes if changes else {"max_drop": absolute(0.5)}))
    return check(stat, metric="reward", rule=None, baseline=ask)


def rewards(level: float, seed: int = 1, n: int = 100, sd: float = 0.1) -> RunData:
    return only(series(level + sd * noise(n, seed), "reward"), n=n)


def old(level: float = 1.0, **changes: Any) -> RunData:
    return dataclasses.replace(rewards(level, seed=2, **changes), identity=OLD)


def judge(one: Check, ours: RunData, theirs: RunData | str | None) -> CheckResult:
    assert isinstance(one.ask, SeriesAsk)
    baselines = {} if theirs is None else {"old": theirs}
    return check_baseline(one, one.ask, ANY, evidence(ours, baselines=baselines))


@pytest.mark.parametrize(
    ("level", "sd", "expected"),
    [
        (1.0, 0.1, PASS),
        (2.0, 0.1, PASS),
        (0.6, 0.1, PASS),
        (0.3, 0.1, FAIL),
        (-1.0, 0.1, FAIL),
        (0.5, 2.0, INCONCLUSIVE),
        (1.0, 9.0, INCONCLUSIVE),
    ],
)
def test_a_fall_beyond_the_tolerance_of_a_half_fails(level: float, sd: float, expected: Outcome) -> None:
    found = judge(comparing(), rewards(level, sd=sd), old(sd=sd))

    assert found.outcome is expected
    assert (found.kind, found.unit, found.n) == (CheckKind.BASELINE, "change", 100)
    assert found.low is not None
    assert found.high is not None
    assert found.observed is not None
    assert found.low <= found.observed <= found.high


def test_a_comparison_says_both_values_the_change_and_its_rule() -> None:
    found = judge(comparing(max_drop=share(0.05), max_rise=absolute(2)), rewards(1.0), old())

    assert found.bound == "drop <= 5%, rise <= 2"
    assert "mean over all steps is" in found.reason
    assert "in old" in found.reason
    assert "(100 values)" in found.reason


@pytest.mark.parametrize(
    ("ours", "theirs", "tolerated", "expected"),
    [
        (100.0, 100.0, share(0.05), PASS),
        (94.0, 100.0, share(0.05), FAIL),
        (96.0, 100.0, share(0.05), PASS),
        (-94.0, -100.0, share(0.05), PASS),
        (-106.0, -100.0, share(0.05), FAIL),
        (-104.0, -100.0, share(0.05), PASS),
        (0.0, 0.0, share(0.05), INCONCLUSIVE),
    ],
)
def test_a_share_of_the_baseline_is_of_its_size_whatever_its_sign(
    ours: float, theirs: float, tolerated: Tolerance, expected: Outcome
) -> None:
    assert judge(comparing(max_drop=tolerated), rewards(ours), old(theirs)).outcome is expected


def test_a_rise_that_is_too_large_fails_too() -> None:
    one = comparing(max_rise=absolute(0.5))

    assert judge(one, rewards(2.0), old()).outcome is FAIL
    assert judge(one, rewards(-2.0), old()).outcome is PASS


def test_the_worst_of_two_tolerances_counts() -> None:
    both = BaselineAsk(run="x", max_drop=absolute(1), max_rise=absolute(1))
    narrow = {"low": -0.1, "high": 0.1}

    assert judge_change(Change(value=0, **narrow), both, 5) is PASS
    assert judge_change(Change(value=2, low=1.9, high=2.1), both, 5) is FAIL
    assert judge_change(Change(value=-2, low=-2.1, high=-1.9), both, 5) is FAIL
    assert judge_change(Change(value=0.9, low=-3, high=3), both, 5) is INCONCLUSIVE


@pytest.mark.parametrize("theirs", [None, "old.jsonl: expected a run, found nothing there."])
@pytest.mark.parametrize("if_present", [True, False])
def test_without_a_baseline_there_is_no_comparison_and_no_pass(theirs: str | None, if_present: bool) -> None:
    found = judge(dataclasses.replace(comparing(), if_present=if_present), rewards(1.0), theirs)

    assert found.outcome is INCONCLUSIVE
    assert "cannot be compared with" in found.reason


@pytest.mark.parametrize(("if_present", "expected"), [(True, NOT_MEASURED), (False, INCONCLUSIVE)])
def test_a_metric_that_this_run_lacks_may_be_absent_if_the_policy_says_so(if_present: bool, expected: Outcome) -> None:
    one = dataclasses.replace(comparing(), if_present=if_present)

    assert judge(one, only(series(noise(100), "loss")), old()).outcome is expected


@pytest.mark.parametrize("if_present", [True, False])
def test_a_metric_that_the_baseline_lacks_is_no_comparison(if_present: bool) -> None:
    bare = dataclasses.replace(only(series(noise(100), "loss")), identity=OLD)

    assert judge(dataclasses.replace(comparing(), if_present=if_present), rewards(1.0), bare).outcome is INCONCLUSIVE


@pytest.mark.parametrize(("mine", "theirs"), [(7, 100), (100, 7), (9, 100), (100, 9)])
def test_too_little_on_either_side_is_inconclusive(mine: int, theirs: int) -> None:
    found = judge(comparing(), rewards(1.0, n=mine), old(n=theirs))

    assert found.outcome is INCONCLUSIVE
    assert "10 are needed in both runs" in found.reason


def test_a_run_is_not_compared_with_itself() -> None:
    """Else a path to the run itself would pass whatever it holds."""
    same = rewards(1.0)
    found = judge(comparing(), same, same)

    assert found.outcome is INCONCLUSIVE
    assert "is this run itself" in found.reason


def test_a_run_without_an_id_is_known_by_its_values() -> None:
    same = dataclasses.replace(rewards(1.0), identity=Identity(name="a"))

    found = judge(comparing(), same, dataclasses.replace(same, identity=Identity(name="b")))

    assert found.outcome is INCONCLUSIVE
    assert "holds the same values as this run" in found.reason


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": RunState.KILLED}, "did not finish (it is killed)"),
        ({"state": RunState.FAILED}, "did not finish (it is failed)"),
        ({"notes": (Note(kind=NoteKind.LOST, text="a block"),)}, "was not read whole"),
    ],
)
def test_a_run_that_did_not_end_well_is_no_baseline(change: dict[str, Any], words: str) -> None:
    """A comparison with a broken run would call anything an improvement."""
    found = judge(comparing(), rewards(1.0), dataclasses.replace(old(), **change))

    assert found.outcome is INCONCLUSIVE
    assert words in found.reason


def test_runs_without_ids_can_be_compared() -> None:
    nameless = dataclasses.replace(rewards(1.0), identity=Identity(name="a"))

    assert judge(comparing(), nameless, dataclasses.replace(old(), identity=Identity(name="b"))).outcome is PASS


@pytest.mark.parametrize("value", [math.inf, -math.inf])
@pytest.mark.parametrize("stat", ["mean", "median", "p90"])
def test_an_infinite_value_is_beyond_any_bound_here_and_no_baseline_there(value: float, stat: str) -> None:
    spoilt = only(series([*(1 + 0.1 * noise(100)), value], "reward"), n=101)
    one = comparing(stat)

    assert judge(one, spoilt, old()).outcome is FAIL
    assert judge(one, rewards(1.0), dataclasses.replace(spoilt, identity=OLD)).outcome is INCONCLUSIVE


def test_nan_is_left_out_of_a_comparison_and_never_enough() -> None:
    partly = only(series([*(1 + 0.1 * noise(100)), math.nan], "reward"), n=101)

    assert judge(comparing(), partly, old()).outcome is PASS
    assert judge(comparing(), only(series([math.nan] * 100, "reward"), n=100), old()).outcome is INCONCLUSIVE


def test_values_that_overflow_are_inconclusive() -> None:
    huge = only(series([1e308, -1e308] * 50, "reward"), n=100)

    assert judge(comparing(), huge, old()).outcome is INCONCLUSIVE


def test_a_comparison_needs_a_baseline_to_be_asked() -> None:
    with pytest.raises(ValueError, match="a baseline is needed"):
        judge(check(), rewards(1.0), old())


def location(one: Series, stat: str = "mean", window: str = "all") -> Location | None:
    return locate(one, Statistic(name=stat), parse_window(window), (0, int(one.steps.max())))


@pytest.mark.parametrize("stat", ["mean", "median", "p10", "p95"])
def test_a_location_lies_in_its_interval_which_covers_the_truth_as_often_as_it_says(stat: str) -> None:
    """95 % nominal; over 300 seeds at least 90 % must hold for independent noise of 100 values."""
    truth = {"mean": 0.0, "median": 0.0, "p10": -1.2816, "p95": 1.6449}[stat]
    covered = 0
    for seed in range(300):
        found = location(series(noise(100, seed)), stat)
        assert found is not None
        assert found.low <= found.value <= found.high
        covered += found.low <= truth <= found.high

    assert covered >= 270


def test_fewer_than_eight_values_have_no_location() -> None:
    assert location(series(np.arange(7))) is None
    assert location(series(np.arange(8))) is not None
    assert location(series(np.arange(100)), window="last 7 steps") is None


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (0.0, -0.9, 0.9, PASS),
        (5.0, 4.0, 6.0, PASS),
        (0.0, -1.0, 1.0, PASS),
        (-1.5, -2.0, -1.0001, FAIL),
        (-1.5, -2.0, -1.0, INCONCLUSIVE),
        (-0.9, -1.8, 0.0, PASS),
        (-1.0, -2.0, 0.0, PASS),
        (-0.9, -2.0, 0.2, INCONCLUSIVE),
        (0.0, -9.0, 9.0, INCONCLUSIVE),
        (-1.1, -1.2, -1.0, INCONCLUSIVE),
        (math.nan, math.nan, math.nan, INCONCLUSIVE),
        (0.0, -math.inf, math.inf, INCONCLUSIVE),
        (0.0, math.nan, 1.0, INCONCLUSIVE),
    ],
)
def test_a_fall_is_judged_by_size_and_certainty_with_a_tolerance_of_one(
    value: float, low: float, high: float, expected: Outcome
) -> None:
    assert judge_fall(Change(value=value, low=low, high=high), 1.0) is expected


@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0, 5), st.floats(0, 5))
def test_a_fall_passes_only_within_its_tolerance_and_fails_only_beyond(
    value: float, down: float, up: float, tolerated: float
) -> None:
    found = judge_fall(Change(value=value, low=value - down, high=value + up), tolerated)

    if found is PASS:
        assert value >= -tolerated
    if found is FAIL:
        assert value < -tolerated


locations = st.builds(
    lambda value, down, up: Location(value=value, low=value - down, high=value + up, n=9),
    st.floats(-5, 5),
    st.floats(0, 2),
    st.floats(0, 2),
)


@given(locations, locations)
def test_a_change_turns_its_sign_with_the_two_sides(one: Location, other: Location) -> None:
    there, back = change_between(one, other), change_between(other, one)

    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    assert there.low <= there.value <= there.high


def test_a_tolerance_is_written_as_the_policy_does() -> None:
    assert (str(share(0.05)), str(absolute(0.5))) == ("5%", "0.5")
    assert (share(0.05).of(-200), absolute(0.5).of(-200)) == (10, 0.5)
