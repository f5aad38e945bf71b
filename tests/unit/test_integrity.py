"""Integrity is asked of every run, always in the same order, and always blocks."""

from __future__ import annotations

from checks.finding import integrity_result
from checks.integrity import check_integrity
from checks.result import CheckKind, Outcome, Severity
from tests.builders import evidence, judged, run, series

NAMES = ("run-state", "planned-steps", "log-calls", "non-finite", "gaps", "flat-line", "damage")


def test_a_healthy_run_is_fit_in_every_way() -> None:
    data = run()
    found = check_integrity(evidence(data), judged(*data.series.values()))

    assert tuple(check.id for check in found) == tuple(f"integrity/{name}" for name in NAMES)
    assert {check.outcome for check in found} == {Outcome.PASS}
    assert {(check.kind, check.severity) for check in found} == {(CheckKind.INTEGRITY, Severity.BLOCK)}
    assert all(check.remedy is None and check.where is None and check.reason.endswith(".") for check in found)


def test_the_counter_of_the_trainer_reaches_the_check_of_the_plan() -> None:
    calls = evidence(run(counts_calls=True))

    found = check_integrity(calls, judged(step=series(range(100), "global_step")))

    assert found[1].outcome is Outcome.INCONCLUSIVE
    assert found[1].observed == 99


def test_a_remedy_is_kept_only_where_something_needs_doing() -> None:
    outcomes = {outcome: integrity_result("x", "x", outcome, "Because.", "Repair it.").remedy for outcome in Outcome}

    assert {outcome for outcome, remedy in outcomes.items() if remedy is None} == {Outcome.PASS, Outcome.NOT_MEASURED}
