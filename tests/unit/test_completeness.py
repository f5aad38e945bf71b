"""Did the run end, did it come as far as planned, was all of it read?"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.completeness import PLANNED_KEYS, damage, planned_steps, run_state, steps_reached
from checks.result import CheckKind, Outcome, Severity
from checks.run import NoteKind, RunState, Scalar
from tests.builders import evidence, note, rows, run, series
from tests.games import duel as games_of
from tests.games import record

PASS, WARN, INCONCLUSIVE, NOT_MEASURED = Outcome.PASS, Outcome.WARN, Outcome.INCONCLUSIVE, Outcome.NOT_MEASURED


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (RunState.FINISHED, PASS),
        (RunState.FAILED, INCONCLUSIVE),
        (RunState.INTERRUPTED, INCONCLUSIVE),
        (RunState.KILLED, INCONCLUSIVE),
        (RunState.RUNNING, INCONCLUSIVE),
        (RunState.UNKNOWN, NOT_MEASURED),
    ],
)
def test_only_a_run_that_finished_is_fit_and_a_source_without_ends_measures_nothing(
    state: RunState, expected: Outcome
) -> None:
    found = run_state(run(state=state, exit_code=None))

    assert found.outcome is expected
    assert (found.kind, found.severity) == (CheckKind.INTEGRITY, Severity.BLOCK)
    assert (found.remedy is None) == (expected is not INCONCLUSIVE)


def test_the_exit_code_is_told_where_there_is_one() -> None:
    assert "exit code 255" in run_state(run(state=RunState.INTERRUPTED, exit_code=255)).reason
    assert "exit code" not in run_state(run(exit_code=None)).reason


def reached(last: int, planned: int | None, every: int = 1) -> Outcome:
    return steps_reached(run(planned_steps=planned, rows=rows(np.arange(0, last + 1, every))), None).outcome


@pytest.mark.parametrize(
    ("last", "planned", "every", "expected"),
    [
        (1000, 1000, 1, PASS),
        (999, 1000, 1, PASS),
        (998, 1000, 1, INCONCLUSIVE),
        (990, 1000, 10, PASS),
        (980, 1000, 10, INCONCLUSIVE),
        (900, 1000, 100, PASS),
        (899, 1000, 1, INCONCLUSIVE),
        (500, 1000, 500, INCONCLUSIVE),
        (600, 900, 300, INCONCLUSIVE),
        (400, 1000, 1, INCONCLUSIVE),
        (0, 1, 1, PASS),
        (1500, 1000, 1, PASS),
        (1501, 1000, 1, INCONCLUSIVE),
        (10, None, 1, NOT_MEASURED),
    ],
)
def test_a_run_may_end_one_logging_interval_before_its_plan_but_no_more_than_a_tenth_of_it(
    last: int, planned: int | None, every: int, expected: Outcome
) -> None:
    assert reached(last, planned, every) is expected


def test_a_source_without_ends_and_without_a_plan_warns_that_the_run_may_be_cut_off() -> None:
    assert steps_reached(run(planned_steps=None, state=RunState.UNKNOWN), None).outcome is WARN


def test_calls_of_log_are_no_steps_where_the_trainer_counts_less() -> None:
    """W&B counts `log` calls: with two a step, its counter reaches the plan at half of it."""
    half = run(planned_steps=200, rows=rows(np.arange(200)))
    counter = series(np.arange(200) // 2, "global_step")
    calls = dataclasses.replace(half, counts_calls=True)

    assert steps_reached(half, counter).outcome is PASS
    assert steps_reached(calls, None).outcome is PASS
    assert steps_reached(calls, counter).outcome is INCONCLUSIVE
    assert "step 99 of 200 planned (50%)" in steps_reached(calls, counter).reason


@pytest.mark.parametrize("values", [[], [math.nan] * 5, [math.inf, -math.inf], [1e300]])
def test_a_counter_without_a_usable_number_reached_nothing(values: list[float]) -> None:
    calls = run(planned_steps=10, rows=rows(np.arange(10)), counts_calls=True)

    assert steps_reached(calls, series(values, "global_step")).outcome is INCONCLUSIVE


def test_values_that_are_no_steps_are_left_out_of_the_counter() -> None:
    counter = series([*range(100), 1e300, math.inf, math.nan], "global_step")

    assert steps_reached(run(planned_steps=100, counts_calls=True), counter).observed == 99


def test_a_record_that_begins_in_mid_run_is_not_the_whole_run() -> None:
    """The last part of a resumed run reaches the plan, and says nothing of what came before."""
    tail = run(planned_steps=1000, rows=rows(np.arange(900, 1000)))

    found = steps_reached(tail, None)

    assert found.outcome is INCONCLUSIVE
    assert "begins at step 900 of 1,000" in found.reason


def test_no_rows_reached_nothing() -> None:
    assert steps_reached(run(planned_steps=10, rows=rows([])), None).outcome is INCONCLUSIVE


def test_a_plan_that_the_policy_asks_for_and_the_run_lacks_is_missing_data() -> None:
    found = steps_reached(run(planned_steps=None), None, "trainer.stepz")

    assert found.outcome is INCONCLUSIVE
    assert "trainer.stepz" in found.reason


def test_a_plan_beyond_all_floats_is_not_reached() -> None:
    found = steps_reached(run(planned_steps=10**400), None)

    assert found.outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    ("config", "source", "asked", "expected"),
    [
        ({}, None, None, None),
        ({}, 50, None, 50),
        ({}, 50, 70, 70),
        ({"max_steps": 60}, 50, None, 50),
        ({"max_steps": 60}, None, None, 60),
        ({"max_steps": 60.0}, None, None, 60),
        ({"mine": 80, "max_steps": 60}, 50, "mine", 80),
        ({"max_steps": 60}, 50, "mine", 50),
        ({"max_steps": 60}, None, "mine", None),
        ({"max_steps": -1, "trainer.max_steps": 9}, None, None, 9),
        ({"max_steps": True}, None, None, None),
        ({"max_steps": "60"}, None, None, None),
        ({"max_steps": math.nan}, None, None, None),
        ({"max_steps": math.inf}, None, None, None),
        ({"max_steps": 10**400}, None, None, None),
        ({"max_steps": None}, None, None, None),
    ],
)
def test_the_plan_is_what_the_policy_says_else_the_source_else_the_configuration(
    config: Mapping[str, Scalar], source: int | None, asked: int | str | None, expected: int | None
) -> None:
    assert planned_steps(run(config=config, planned_steps=source), asked) == expected


def test_every_well_known_key_is_looked_up() -> None:
    assert all(planned_steps(run(planned_steps=None, config={key: 7}), None) == 7 for key in PLANNED_KEYS)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ((), PASS),
        ((NoteKind.ODD,), PASS),
        ((NoteKind.LOST,), INCONCLUSIVE),
        ((NoteKind.OVERLAP,), INCONCLUSIVE),
        ((NoteKind.ODD, NoteKind.LOST, NoteKind.OVERLAP), INCONCLUSIVE),
    ],
)
@pytest.mark.parametrize("inside", [True, False])
def test_what_was_lost_in_the_run_or_its_logs_is_not_fit_to_judge(
    kinds: tuple[NoteKind, ...], expected: Outcome, inside: bool
) -> None:
    notes = tuple(note(kind, f"note {i}") for i, kind in enumerate(kinds))
    found = damage(evidence(run(notes=notes)) if inside else dataclasses.replace(evidence(), notes=notes))

    assert found.outcome is expected
    assert ("And 1 more" in found.reason) == (len(kinds) == 3)


@pytest.mark.parametrize(
    ("kind", "expected"), [(NoteKind.ODD, PASS), (NoteKind.OVERLAP, PASS), (NoteKind.LOST, INCONCLUSIVE)]
)
def test_games_that_were_lost_are_damage_and_ids_that_begin_anew_in_every_file_are_none(
    kind: NoteKind, expected: Outcome
) -> None:
    games = dataclasses.replace(record(games_of("x", "y", "10")), notes=(note(kind, "games.jsonl: line 3"),))

    assert damage(dataclasses.replace(evidence(), game_record=games)).outcome is expected


@given(st.lists(st.floats(), max_size=30), st.none() | st.integers(1, 10**20))
def test_no_counter_breaks_the_check(values: list[float], planned: int | None) -> None:
    found = steps_reached(run(planned_steps=planned), series(values, "global_step"))

    assert found.outcome in (PASS, WARN, INCONCLUSIVE, NOT_MEASURED)
    assert (found.outcome is NOT_MEASURED) == (planned is None)
