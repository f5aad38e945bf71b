"""Findings of the doctor: what is good, what is a fault, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from action.doctor import (
    Status,
    clock_finding,
    fault,
    field_findings,
    role_findings,
    seen_finding,
    state_finding,
)
from checks.run import RunState
from tests.builders import asking, only, policy, run, series

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "status"), [(0, Status.GOOD), (60, Status.GOOD), (-60, Status.GOOD), (61, Status.FAULT)]
)
def test_clocks_may_differ_by_a_minute(seconds: int, status: Status) -> None:
    assert clock_finding("W&B", NOW + timedelta(seconds=seconds), NOW).status is status


def test_a_service_that_tells_no_time_is_left_out() -> None:
    assert clock_finding("W&B", None, NOW).status is Status.LEFT_OUT


def test_an_error_of_ours_becomes_what_is_found_and_what_to_do() -> None:
    found = fault("W&B", "W&B: expected access, got 401; check WANDB_API_KEY")

    assert (found.status, found.found, found.advice) == (
        Status.FAULT,
        "expected access, got 401",
        "check WANDB_API_KEY",
    )
    assert fault("policy", "no semicolon").found == "no semicolon"


def test_each_metric_that_is_asked_for_is_looked_for_under_all_its_names() -> None:
    asked = policy(
        "checks:\n"
        '  a: {metric: kl, stat: mean, pass: "< 1"}\n'
        '  b: {metric: mine, stat: mean, pass: "< 1"}\n'
        '  c: {metric: entropy, stat: mean, pass: "< 1", if-present: true}\n'
        "roles: {kl: [x/kl, train/kl]}\n"
    )

    found = {one.what: one for one in role_findings(asked, only(series([1.0, 2.0], "train/kl"), n=2))}

    assert (found["role kl"].status, found["role kl"].found) == (Status.GOOD, "train/kl, 2 values")
    assert found["metric mine"].status is Status.FAULT
    assert "roles: {mine: [NAME]}" in found["metric mine"].advice
    assert next(one for what, one in found.items() if "entropy" in what).status is Status.LEFT_OUT


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (RunState.FINISHED, Status.GOOD),
        (RunState.UNKNOWN, Status.GOOD),
        (RunState.RUNNING, Status.ODD),
        (RunState.KILLED, Status.ODD),
    ],
)
def test_a_run_that_has_not_finished_is_odd(state: RunState, status: Status) -> None:
    assert state_finding(run(state=state)).status is status


def test_each_log_field_that_a_question_needs_is_looked_for_in_the_dataset() -> None:
    asked = asking('logs: rollout-timing, value: p95_s, pass: "< 1"')

    found = {one.what: one for one in field_findings(asked, ["event", "total_duration_ms"])}

    assert found["log field event"].status is Status.GOOD
    assert found["log field duration_s"].found == "total_duration_ms"
    assert found["log field trajectories"].status is Status.FAULT
    assert found["log field run"].status is Status.ODD
    assert "log field time" not in found


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"n": 9, "last_at": "2026-11-25T11:00:00Z"}, Status.GOOD),
        ({"n": 9, "last_at": "2026-11-10T11:00:00Z"}, Status.ODD),
        ({"n": 0, "last_at": None}, Status.FAULT),
        ({"n": None, "last_at": None}, Status.FAULT),
        ({}, Status.FAULT),
    ],
)
def test_a_dataset_that_nothing_was_written_to_is_a_fault(row: dict[str, object], status: Status) -> None:
    assert seen_finding("Axiom, dataset x", row, NOW).status is status
