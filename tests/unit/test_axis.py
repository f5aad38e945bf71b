"""A run's series over the trainer's own steps, where it logs them."""

from dataclasses import replace

import numpy as np
import pytest

from checks.axis import on_trainer_steps
from checks.run import Identity, Rows, RunData, Series

COUNTER = "train/global_step"


def series(name: str, steps: list[int], values: list[float]) -> Series:
    return Series(name=name, steps=np.array(steps, np.int64), values=np.array(values, np.float64))


def logged(counter: Series | None, *others: Series, rows: int = 4) -> RunData:
    """A run of `rows` rows at W&B's steps 0, 1, 2, …"""
    known = {one.name: one for one in (*others, *((counter,) if counter else ()))}
    kinds = np.zeros(rows, np.int32)
    return RunData(
        ref="run",
        counts_calls=True,
        source="W&B file",
        identity=Identity(name="run"),
        rows=Rows(steps=np.arange(rows), kinds=kinds, names=(frozenset(known),)),
        series=known,
    )


def test_series_and_rows_move_to_the_steps_that_the_trainer_counted() -> None:
    run = logged(series(COUNTER, [0, 1, 2, 3], [10, 20, 30, 40]), series("kl", [0, 1, 2, 3], [0.1, 0.2, 0.3, 0.4]))

    moved = on_trainer_steps(run, (COUNTER,))

    assert moved.series["kl"].steps.tolist() == [10, 20, 30, 40]
    assert moved.rows.steps.tolist() == [10, 20, 30, 40]
    assert moved.last_step == 40


def test_a_row_without_the_counter_takes_the_last_step_that_was_counted() -> None:
    """Rows of an evaluation between two rows of training; rows before the first take its step."""
    run = logged(series(COUNTER, [1, 2, 4], [10, 20, 30]), series("eval/reward", [0, 3], [1.0, 2.0]), rows=5)

    moved = on_trainer_steps(run, (COUNTER,))

    assert moved.series["eval/reward"].steps.tolist() == [10, 20]


def test_steps_that_a_source_records_itself_stay() -> None:
    run = replace(logged(series(COUNTER, [0, 1, 2, 3], [10, 20, 30, 40])), counts_calls=False)

    assert on_trainer_steps(run, (COUNTER,)) is run


def test_a_counter_that_ends_before_the_run_cannot_hide_that_a_series_ended() -> None:
    """Rows after its last value would all stand at that value: as if nothing came after."""
    calls = list(range(52))
    run = logged(series(COUNTER, calls, [float(10 * i) for i in calls]), rows=100)

    assert on_trainer_steps(run, (COUNTER,)) is run


def test_several_updates_a_step_keep_the_count_of_calls() -> None:
    """Four minibatches that log under one step are four values, not one logged four times."""
    calls = list(range(100))
    counter = series(COUNTER, calls, [float(i // 4) for i in calls])
    run = logged(counter, series("kl", calls, [0.1] * 100), rows=100)

    assert on_trainer_steps(run, (COUNTER,)) is run


def test_moving_twice_changes_nothing_more() -> None:
    """A bundle holds series that are moved already, and the counter itself."""
    run = on_trainer_steps(logged(series(COUNTER, [0, 1, 2, 3], [10, 20, 30, 40])), (COUNTER,))

    again = on_trainer_steps(run, (COUNTER,))

    assert again.series[COUNTER].steps.tolist() == run.series[COUNTER].steps.tolist()


def test_the_first_counter_that_serves_is_taken() -> None:
    run = logged(series("global_step", [0, 1, 2, 3], [5, 6, 7, 8]), series(COUNTER, [0, 1, 2, 3], [4, 3, 2, 1]))

    moved = on_trainer_steps(run, (COUNTER, "global_step"))

    assert moved.last_step == 8


@pytest.mark.parametrize(
    ("why", "steps", "values"),
    [
        ("it falls: the run was resumed", [0, 1, 2, 3], [10, 20, 10, 20]),
        ("it stands still", [0, 1, 2, 3], [10, 10, 10, 10]),
        ("it is no whole number", [0, 1, 2, 3], [0.5, 1, 2, 3]),
        ("it is negative", [0, 1, 2, 3], [-1, 0, 1, 2]),
        ("it is not finite", [0, 1, 2, 3], [0, 1, np.nan, 3]),
        ("it is no step of anything", [0, 1, 2, 3], [0, 1, 2, 1e300]),
        ("it stands in too few rows", [0], [10]),
        ("it was logged twice at one step", [0, 1, 1, 2], [0, 1, 2, 3]),
    ],
)
def test_a_counter_that_cannot_serve_leaves_the_run_as_it_is(why: str, steps: list[int], values: list[float]) -> None:
    run = logged(series(COUNTER, steps, values), series("kl", [0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0]))

    assert on_trainer_steps(run, (COUNTER,)) is run, why


def test_a_run_without_a_counter_stays_as_it_is() -> None:
    run = logged(None, series("kl", [0, 1, 2, 3], [1.0, 2.0, 3.0, 4.0]))

    assert on_trainer_steps(run, (COUNTER,)) is run
    assert on_trainer_steps(replace(run, series={}), (COUNTER,)).series == {}
