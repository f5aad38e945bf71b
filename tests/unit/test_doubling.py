"""Runs that were logged more than once a step, and runs that only look like it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.doubling import interleaved_calls, repeated_steps, steps_back, twice_logged
from tests.builders import noise, rows, series

TRAIN, EVAL, GAMES, TIMES = ("loss", "kl", "reward"), ("eval/loss", "eval/kl"), ("elo/a", "elo/b"), ("time/a",)


@pytest.mark.parametrize(
    ("sets", "calls"),
    [
        ([TRAIN], None),
        ([TRAIN, EVAL], 2),
        ([TRAIN, EVAL, GAMES], 3),
        ([TRAIN, EVAL, GAMES, TIMES], 4),
        ([TRAIN, EVAL, GAMES, TIMES, ("a",)], None),
        ([TRAIN, (*TRAIN, "eval/loss")], None),
        ([TRAIN, ("kl", "eval/kl")], None),
        ([(), ()], None),
    ],
)
def test_rows_of_different_metrics_that_take_turns_are_several_calls_a_step(
    sets: list[tuple[str, ...]], calls: int | None
) -> None:
    assert interleaved_calls(rows(np.arange(60), *sets)) == calls


def test_rows_that_share_a_step_are_one_step() -> None:
    """A trainer that logs train and eval rows at the same step makes no mistake."""
    assert interleaved_calls(rows(np.repeat(np.arange(30), 2), TRAIN, EVAL)) is None


def test_a_rare_evaluation_between_training_rows_is_no_fault() -> None:
    found = rows(np.arange(100), *[TRAIN] * 9, EVAL)

    assert interleaved_calls(found) is None


def test_few_rows_tell_nothing() -> None:
    assert interleaved_calls(rows(np.arange(9), TRAIN, EVAL)) is None
    assert interleaved_calls(rows(np.arange(10), TRAIN, EVAL)) == 2
    assert interleaved_calls(rows([], TRAIN)) is None


def test_metrics_may_come_and_go_while_calls_take_turns() -> None:
    found = rows(np.arange(80), TRAIN, EVAL, (*TRAIN, "late"), (*EVAL, "more"))

    assert interleaved_calls(found) == 2


@given(
    st.lists(st.lists(st.sampled_from("abcdef"), max_size=4), max_size=6), st.lists(st.integers(-3, 50), max_size=40)
)
def test_no_rows_break_the_search(sets: list[list[str]], steps: list[int]) -> None:
    found = interleaved_calls(rows(steps, *sets))

    assert found is None or 2 <= found <= 4


def test_repeated_and_falling_steps_are_counted() -> None:
    resumed = series(np.zeros(7), steps=[0, 1, 2, 1, 2, 3, 3])

    assert repeated_steps(resumed) == 3
    assert steps_back(resumed) == 1
    assert (repeated_steps(series([1, 2])), steps_back(series([1, 2])), steps_back(series([]))) == (0, 0, 0)


@pytest.mark.parametrize("start", [0, 1])
def test_every_value_twice_in_a_row_is_the_same_call_made_twice(start: int) -> None:
    assert twice_logged(series(np.repeat(noise(50), 2)[start:]))


def test_a_metric_that_changes_or_stays_is_not_logged_twice() -> None:
    assert not twice_logged(series(noise(100)))
    assert not twice_logged(series(np.zeros(100)))
    assert not twice_logged(series(np.repeat(noise(9), 2)))
    assert not twice_logged(series(np.repeat(noise(30), 4)))
    assert not twice_logged(series([np.nan] * 100))
