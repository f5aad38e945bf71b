"""From a result back to its data: every number that decided can be looked up."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.check import Policy
from checks.rule import Rule
from checks.run import Asked, Evidence, Identity, LogTable
from checks.statistic import NAMES
from checks.trace import trace
from tests.builders import answer, asking, evidence, only, rows, run, series


def facts(by: Policy, on: Evidence) -> dict[str, str]:
    return dict(trace(by.checks[0], by, on))


def test_a_statistic_leads_to_its_metric_window_and_extremes() -> None:
    data = only(series(np.arange(100) / 100, "kl/mean"), n=100)
    found = facts(asking('metric: kl, stat: max, window: last 50%, pass: "< 0.98"'), evidence(data))

    assert found == {
        "metric": "kl/mean; the first of 10 names of the role kl that the run has",
        "window": "last 50%: steps 50 to 99, 50 of 100 values",
        "statistic": "max: the largest value",
        "smallest": "0.5 at step 50",
        "largest": "0.99 at step 99",
        "beyond the bound": "2 of 50 values: 0.98 (step 98), 0.99 (step 99)",
    }


def test_values_that_are_not_finite_are_pointed_at() -> None:
    data = only(series([0.0, math.nan, math.inf, 1.0], "m"), n=4)
    found = facts(asking('metric: m, stat: last, fail: "> 5"'), evidence(data))

    assert found["metric"] == "m"
    assert found["not finite"] == "2 values in the window, first at step 1"
    assert found["beyond the bound"].startswith("1 of 4 values: inf (step 2)")


def test_nan_counts_as_beyond_a_bound_that_says_what_passes() -> None:
    data = only(series([0.0, math.nan], "m"), n=2)

    assert facts(asking('metric: m, stat: last, pass: "< 5"'), evidence(data))["beyond the bound"].startswith("1 of 2")


def test_many_values_beyond_the_bound_are_cut_and_none_is_said() -> None:
    data = only(series(np.arange(100.0), "m"), n=100)

    assert facts(asking('metric: m, stat: max, fail: "> 9"'), evidence(data))["beyond the bound"].endswith(
        "15 (step 15) and 84 more"
    )
    assert facts(asking('metric: m, stat: max, fail: "> 900"'), evidence(data))["beyond the bound"] == "no single value"


def test_an_all_nan_series_has_no_extremes() -> None:
    found = facts(asking('metric: m, stat: max, pass: "< 9"'), evidence(only(series([math.nan] * 5, "m"), n=5)))

    assert "largest" not in found
    assert found["not finite"].startswith("5 values")


@pytest.mark.parametrize("stat", [*NAMES, "p7"])
def test_every_statistic_says_what_it_means(stat: str) -> None:
    above = ", above: 0.5" if stat.endswith("-above") else ""
    found = facts(asking(f'metric: kl, stat: {stat}{above}, pass: "< 1"'), evidence())

    assert len(found["statistic"]) > len(stat) + 10


@pytest.mark.parametrize("stat", ["slope", "trend", "end-below-peak"])
def test_single_values_are_not_held_against_a_bound_in_another_unit(stat: str) -> None:
    assert "beyond the bound" not in facts(asking(f'metric: kl, stat: {stat}, fail: "> 1"'), evidence())


def test_without_a_bound_no_value_is_beyond_it() -> None:
    by = asking('metric: kl, stat: max, fail: "> 1"')
    (check,) = (dataclasses.replace(one, rule=Rule()) for one in by.checks)

    assert "beyond the bound" not in dict(trace(check, by, evidence()))


def test_a_metric_that_is_missing_leads_to_the_names_that_were_looked_for() -> None:
    for data in (only(n=5), run(rows=rows([]))):
        found = facts(asking('metric: kl, stat: max, pass: "< 1"'), evidence(data))
        assert found["looked for"].startswith("train/kl, kl, kl/mean")


def test_a_baseline_is_traced_beside_the_run() -> None:
    by = asking("metric: reward, baseline: {run: old, max-drop: 1}")
    old = run(identity=Identity(name="old run"))
    both = list(trace(by.checks[0], by, evidence(baselines={"old": old})))
    alone = list(trace(by.checks[0], by, evidence(baselines={"old": "it cannot be read."})))

    assert ("baseline", "old run") in both
    assert [label for label, _ in both].count("metric") == 2
    assert [label for label, _ in alone].count("metric") == 1


def test_a_log_question_is_traced_to_its_events_and_answer() -> None:
    by = asking('logs: rollout-timing, value: p95_s, pass: "< 120"')
    table = answer(p95_s=100.0, n=500, slowest="x")
    found = facts(by, evidence(logs={"rollout-timing": table}, log_source="events.jsonl"))
    empty = dataclasses.replace(table, rows=())

    assert found == {"events from": "events.jsonl", "answer": "500 events: p95_s 100, n 500, slowest x"}
    assert "answer" not in facts(by, evidence(logs={"rollout-timing": empty}, log_source="events.jsonl"))
    assert facts(by, evidence()) == {"events from": "nowhere: there are no log events"}


def test_a_query_is_shown_line_by_line() -> None:
    by = asking('axiom: "a\\nb", pass: "< 1"')

    assert list(trace(by.checks[0], by, evidence())) == [("query", "a"), ("query", "b")]


@given(st.lists(st.floats(), max_size=20), st.sampled_from(['pass: "< 1"', 'fail: "> 1"', 'pass: "< 1", fail: "> 2"']))
def test_no_values_break_the_trace(values: list[float], bounds: str) -> None:
    found = facts(asking(f"metric: m, stat: max, {bounds}"), evidence(only(series(values, "m"), n=20)))

    assert all(text and "\n" not in text for text in found.values())


def test_a_log_answer_of_a_service_leads_back_to_its_query() -> None:
    asked = (
        Asked(
            service="Axiom",
            what="rollout-timing",
            text="['x']\n| summarize n = count()",
            since="2026-01-05T08:00:00Z",
            until="2026-01-05T09:00:00Z",
            rows=1,
            client="axiom-py 0.15.0",
        ),
        Asked(service="Axiom", what="health", text="['y']", rows=1, client="axiom-py 0.15.0"),
    )
    policy = asking('logs: rollout-timing, value: p95_s, pass: "< 1"')
    found = list(trace(policy.checks[0], policy, evidence(log_source="Axiom, dataset x", asked=asked)))

    assert ("asked", "Axiom for 2026-01-05T08:00:00Z to 2026-01-05T09:00:00Z, by axiom-py 0.15.0") in found
    assert [text for label, text in found if label == "query"] == ["['x']", "| summarize n = count()"]


def test_a_query_of_ones_own_leads_to_its_answer() -> None:
    table = LogTable(question="q", by=None, columns=("value", "n"), rows=((7.5, 3),), events=3)

    assert facts(asking('axiom: "q", pass: "< 1"'), evidence(logs={"q": table})) == {
        "query": "q",
        "answer": "value 7.5, n 3",
    }
