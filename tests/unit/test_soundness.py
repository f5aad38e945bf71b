"""One log call a step, finite values, no holes, no flat lines: what of a series is fit to be judged."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checks.result import Outcome
from checks.run import Series
from checks.soundness import flat_line, gaps, log_calls, non_finite
from tests.builders import judged, noise, only, rows, run, series

PASS, WARN, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.INCONCLUSIVE
NOT_MEASURED = Outcome.NOT_MEASURED


def spoilt(n: int, bad: int, value: float = math.nan, name: str = "kl") -> Series:
    values = noise(n)
    values[max(0, n - bad - 1) : n - 1 if bad < n else n] = value  # the last one stays finite, unless all are to be bad
    return series(values, name)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    ("n", "bad", "expected"),
    [
        (100, 0, PASS),
        (100, 1, WARN),
        (100, 2, FAIL),
        (300, 3, WARN),
        (299, 3, FAIL),
        (1000, 10, WARN),
        (1000, 11, FAIL),
        (99, 1, FAIL),
        (10, 10, FAIL),
        (1, 1, FAIL),
    ],
)
def test_up_to_one_percent_that_is_not_finite_warns_and_more_fails(
    value: float, n: int, bad: int, expected: Outcome
) -> None:
    found = non_finite(judged(spoilt(n, bad, value)))

    assert found.outcome is expected
    assert found.observed == pytest.approx(bad / n, rel=1e-8)
    assert found.step == (max(0, n - bad - 1) if bad else None)


def test_the_last_recorded_value_counts_as_an_end_too() -> None:
    """Rows that come after with lower steps are the newest all the same."""
    values = noise(300)
    values[-1] = math.nan
    steps = [*range(299), 298]

    assert non_finite(judged(series(values, steps=steps))).outcome is FAIL


def test_a_series_that_ends_on_nan_fails_however_few_there_are() -> None:
    """One NaN in the last step's gradient makes every weight of the checkpoint NaN."""
    values = noise(1000)
    values[-1] = math.nan

    found = non_finite(judged(series(values)))

    assert found.outcome is FAIL
    assert found.reason.endswith("The last value of kl is one of them.")


def test_the_worst_series_decides_and_the_others_are_named() -> None:
    found = non_finite(judged(spoilt(100, 1, name="a"), spoilt(100, 5, name="b"), spoilt(100, 0, name="c")))

    assert found.outcome is FAIL
    assert "5 of 100 values of b" in found.reason
    assert "also values of a." in found.reason


def test_without_a_series_nothing_is_measured() -> None:
    for check in (non_finite(judged()), flat_line(judged()), gaps(run(), judged())):
        assert check.outcome is NOT_MEASURED
    assert non_finite(judged(series([]))).outcome is NOT_MEASURED


def holes(steps: object, last: int = 1000) -> Outcome:
    one = series(np.zeros(len(np.asarray(steps))), steps=steps)
    return gaps(run(rows=rows([0, last])), judged(one)).outcome


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (np.arange(1001), PASS),
        (np.arange(0, 1001, 10), PASS),
        ([*range(400), *range(500, 1001)], INCONCLUSIVE),
        ([*range(400), *range(498, 1001)], PASS),
        (np.arange(981), PASS),
        (np.arange(980), INCONCLUSIVE),
        (np.arange(0, 951, 50), PASS),
        (np.arange(100, 1001), PASS),
        (np.arange(102, 1001), WARN),
        (np.arange(0, 1001, 200), PASS),
        (np.arange(9), INCONCLUSIVE),
        ([0], INCONCLUSIVE),
        ([500], INCONCLUSIVE),
        (np.arange(300, 1001), WARN),
        (np.arange(301, 1001), INCONCLUSIVE),
        ([1000], INCONCLUSIVE),
        ([0, 1000], PASS),
        ([*range(0, 701, 100), 1000], INCONCLUSIVE),
        ([0, 250, 500, 750, 1000], PASS),
    ],
)
def test_a_series_has_to_cover_the_run(steps: object, expected: Outcome) -> None:
    assert holes(steps) is expected


def test_a_series_that_ended_early_is_told_however_few_values_it_has() -> None:
    """Else `stat: last` would pass on the value of the first step."""
    found = gaps(run(rows=rows(np.arange(1000))), judged(series(np.zeros(9))))

    assert found.outcome is INCONCLUSIVE
    assert "kl ends at step 8, the run at 999" in found.reason


def test_a_hole_is_told_with_its_ends_and_before_a_late_begin() -> None:
    one = series(np.zeros(500), "a", steps=[*range(250), *range(750, 1000)])
    late = series(np.zeros(800), "b", steps=np.arange(200, 1000))
    found = gaps(run(rows=rows(np.arange(1000))), judged(one, late))

    assert found.outcome is INCONCLUSIVE
    assert found.reason == "a has no value between steps 249 and 750."


def test_a_run_without_rows_is_spanned_by_its_series() -> None:
    assert gaps(run(rows=rows([])), judged(series(np.zeros(50)))).outcome is PASS


@pytest.mark.parametrize(
    ("values", "name", "expected"),
    [
        (np.zeros(50), "kl", INCONCLUSIVE),
        (np.full(50, 0.3), "kl", INCONCLUSIVE),
        (np.zeros(50), "truncated-share", PASS),
        (np.zeros(9), "kl", NOT_MEASURED),
        (noise(50), "kl", PASS),
        (np.array([*np.zeros(49), 1e-12]), "kl", PASS),
        (np.array([math.nan, *np.zeros(150)]), "kl", INCONCLUSIVE),
        (np.array([*np.zeros(150), math.nan]), "kl", INCONCLUSIVE),
        (np.array([math.inf, *np.zeros(150)]), "kl", INCONCLUSIVE),
        (np.full(50, math.nan), "kl", NOT_MEASURED),
    ],
)
def test_a_series_that_never_changes_was_not_measured(values: object, name: str, expected: Outcome) -> None:
    assert flat_line(judged(series(values, name))).outcome is expected


def test_one_log_call_a_step_passes() -> None:
    data = run()

    assert log_calls(data, judged(*data.series.values())).outcome is PASS


def test_calls_that_take_turns_are_not_fit_to_judge() -> None:
    found = log_calls(run(rows=rows(np.arange(100), ("kl",), ("elo",))), judged(series(noise(50))))

    assert found.outcome is INCONCLUSIVE
    assert "2 `log` calls a step" in found.reason


def test_a_call_made_twice_is_not_fit_to_judge() -> None:
    found = log_calls(run(), judged(series(np.repeat(noise(50), 2))))

    assert found.outcome is INCONCLUSIVE
    assert "logged twice" in found.reason


@pytest.mark.parametrize(("again", "expected"), [(0, PASS), (2, WARN), (3, INCONCLUSIVE)])
def test_up_to_one_percent_of_repeated_steps_warns(again: int, expected: Outcome) -> None:
    steps = [*range(200), *range(200 - again, 200)]
    one = series(noise(200 + again), steps=steps)

    assert log_calls(run(rows=rows(steps)), judged(one)).outcome is expected


def test_no_rows_are_not_fit_to_judge() -> None:
    assert log_calls(only(n=0), judged()).outcome is INCONCLUSIVE


@given(
    arrays.arrays(np.float64, st.integers(0, 30), elements=st.floats()),
    st.lists(st.integers(-(2**62), 2**62), min_size=30, max_size=30),
)
def test_no_series_breaks_the_checks(values: np.ndarray[tuple[int], np.dtype[np.float64]], steps: list[int]) -> None:
    one = series(values, steps=steps[: values.size])
    seen = judged(*([one] if values.size else []))
    found = [check.outcome for check in (non_finite(seen), flat_line(seen), gaps(run(), seen), log_calls(run(), seen))]

    if not np.isfinite(values).all():
        assert found[0] in (WARN, FAIL)
    assert Outcome.ERROR not in found


def test_one_series_that_is_carried_forward_is_no_second_call() -> None:
    """An evaluation every second step, logged at both: a second `log` call would repeat every series."""
    carried = series(np.repeat(noise(100), 2), "reward")

    assert log_calls(run(), judged(carried, series(noise(200), "kl"))).outcome is PASS
    assert log_calls(run(), judged(carried)).outcome is INCONCLUSIVE
