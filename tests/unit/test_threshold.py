"""A statistic or the answer to a log question against its bounds; what is missing is never a pass."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from checks.check import Check, LogAsk, Policy, QueryAsk, SeriesAsk
from checks.number import round9
from checks.result import CheckKind, CheckResult, Outcome, Severity
from checks.run import LogTable, RunData, Scalar
from checks.statistic import NAMES
from checks.threshold import (
    answer_value,
    check_logs,
    check_query,
    check_series,
    find_series,
    judged_series,
    near_names,
)
from checks.window import parse_window
from tests.builders import answer, asking, check, evidence, noise, only, policy, rows, rule, run, series

PASS, WARN, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.INCONCLUSIVE
NOT_MEASURED = Outcome.NOT_MEASURED
ANY = policy('checks: {a: {metric: kl, stat: mean, pass: "< 1"}}')


def judge(one: Check, data: RunData, by: Policy = ANY) -> CheckResult:
    assert isinstance(one.ask, SeriesAsk)
    return check_series(one, one.ask, by, data)


def level(*values: float, name: str = "kl", n: int = 20) -> RunData:
    """Return a run whose metric has these values over and over."""
    return only(series([values[i % len(values)] for i in range(n)], name), n=n)


def test_a_value_within_its_bound_passes_with_all_that_a_reader_needs() -> None:
    found = judge(check("max"), level(0.01, 0.05))

    assert (found.outcome, found.kind, found.severity) == (PASS, CheckKind.THRESHOLD, Severity.BLOCK)
    assert (found.observed, found.n, found.step, found.bound) == (0.05, 20, 1, "< 0.1")
    assert (found.id, found.title, found.where) == ("a", "a title", check().where)
    assert found.reason == "max of kl over all steps is 0.05 (step 1); asked is < 0.1."


@pytest.mark.parametrize(("value", "expected"), [(0.099, PASS), (0.1, WARN), (0.149, WARN), (0.15, FAIL), (-5.0, PASS)])
def test_between_two_bounds_lies_a_warning(value: float, expected: Outcome) -> None:
    one = check("mean", rule=rule("< 0.1", ">= 0.15"), remedy="Repair.")

    found = judge(one, level(value))

    assert found.outcome is expected
    assert found.remedy == (None if expected is PASS else "Repair.")


@pytest.mark.parametrize("stat", [*NAMES, "p1", "p99"])
@pytest.mark.parametrize("asked", [rule("< 1e9"), rule("> -1e9"), rule(fails="> 1e9"), rule(fails="< -1e9")])
@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_one_infinite_value_is_beyond_any_bound_whatever_the_statistic(stat: str, asked: object, value: float) -> None:
    above = 0.1 if stat.endswith("-above") else None
    one = check(stat, above=above, rule=asked)

    found = judge(one, only(series([*noise(150), value]), n=151))

    assert found.outcome is FAIL
    assert "beyond any bound" in found.reason
    assert found.observed is None or math.isfinite(found.observed)


@pytest.mark.parametrize("stat", [*NAMES, "p1", "p99"])
@pytest.mark.parametrize("asked", [rule("< 1e9"), rule(fails="> 1e9")])
@pytest.mark.parametrize("if_present", [True, False])
@pytest.mark.parametrize("values", [[math.nan] * 50, [math.nan] * 41 + [0.0] * 9])
def test_nan_and_too_little_never_pass_not_even_if_present(
    stat: str, asked: object, if_present: bool, values: list[float]
) -> None:
    above = 0.1 if stat.endswith("-above") else None
    one = check(stat, above=above, rule=asked, if_present=if_present)

    found = judge(one, only(series(values), n=50))

    assert found.outcome is INCONCLUSIVE
    assert (found.observed, found.low, found.high) == (None, None, None)


def test_what_is_too_little_says_how_much_more_is_needed() -> None:
    found = judge(check(min_samples=25), only(series([0.0] * 20 + [math.nan] * 3), n=23))

    assert found.reason == "kl has 20 values in all steps, 3 more are NaN; 25 are needed: 5 more."
    assert found.n == 20


def test_nan_that_was_left_out_is_told() -> None:
    found = judge(check(), only(series([0.05] * 20 + [math.nan] * 3), n=23))

    assert (found.outcome, found.n) == (PASS, 20)
    assert "is 0.05, 3 NaN left out; asked is < 0.1" in found.reason


def test_as_many_values_as_asked_are_enough() -> None:
    assert judge(check(min_samples=20), level(0.0)).outcome is PASS
    assert judge(check(min_samples=21), level(0.0)).outcome is INCONCLUSIVE


def test_min_samples_count_the_window_not_the_series() -> None:
    assert judge(check(window="last 9 steps"), level(0.0)).outcome is INCONCLUSIVE
    assert judge(check(window="last 10 steps"), level(0.0)).outcome is PASS


def test_a_window_is_a_part_of_the_run_so_a_metric_no_longer_logged_is_too_little() -> None:
    ended = only(series(np.zeros(50)), n=1000, rows=rows(np.arange(1000)))

    assert judge(check(window="last 50%"), ended).outcome is INCONCLUSIVE
    assert judge(check(window="last 96%"), ended).outcome is PASS


@pytest.mark.parametrize(("if_present", "expected"), [(True, NOT_MEASURED), (False, INCONCLUSIVE)])
def test_a_metric_that_the_run_lacks_is_inconclusive_unless_it_may_be_absent(
    if_present: bool, expected: Outcome
) -> None:
    one = check(metric="kl", if_present=if_present, when_missing="TRL logs none with beta 0.", remedy="Repair.")

    found = judge(one, level(0.0, name="reward"))

    assert found.outcome is expected
    assert "The run has no metric for kl (looked for train/kl, kl, kl/mean, " in found.reason
    assert ("TRL logs none with beta 0." in found.reason) is not if_present
    assert found.remedy is None


def test_a_run_without_any_metric_says_so() -> None:
    assert "no metrics at all" in judge(check(), only(n=20)).reason


@pytest.mark.parametrize("if_present", [True, False])
def test_a_metric_that_the_run_has_but_the_evidence_lacks_is_not_absent(if_present: bool) -> None:
    """A bundle that was collected for another policy must not be judged as if the run had no such metric."""
    found = judge(check(if_present=if_present), only(series(np.zeros(20), "reward"), catalog={"kl/mean": 20}))

    assert found.outcome is INCONCLUSIVE
    assert "this evidence was collected without it" in found.reason


def test_a_later_name_of_a_role_does_not_stand_in_for_one_that_was_not_collected() -> None:
    partly = only(series(np.zeros(20), "kl"), n=20, catalog={"kl": 20, "train/kl": 20})

    assert find_series(ANY, partly, "kl") is None
    assert judge(check(if_present=True), partly).outcome is INCONCLUSIVE


def test_the_first_name_of_a_role_with_values_is_meant() -> None:
    data = only(series(np.zeros(0), "train/kl"), series([0.5] * 20, "kl"), series([9.0] * 20, "kl/mean"), n=20)
    found = find_series(ANY, data, "kl")

    assert found is not None
    assert found.name == "kl"
    assert find_series(ANY, data, "kl/mean") is not None
    assert find_series(ANY, data, "loss") is None


def test_a_name_that_is_all_nan_is_not_passed_over_for_a_better_one() -> None:
    data = only(series([math.nan] * 20, "train/kl"), series([0.0] * 20, "kl"), n=20)

    assert judge(check(), data).outcome is INCONCLUSIVE


def test_a_series_without_rows_cannot_be_placed_in_a_window() -> None:
    data = only(series(np.zeros(20)), rows=rows([]))

    assert judge(check(if_present=True), data).outcome is INCONCLUSIVE


@pytest.mark.parametrize(
    ("metric", "catalog", "expected"),
    [
        ("kl", ["actor/approx_kl"], "If actor/approx_kl is meant, name it in the policy's `roles: {kl: […]}`."),
        ("my/kl_mena", ["my/kl_mean", "loss"], "Did you mean my/kl_mean?"),
        ("rewrad", ["x"], "Is the role `reward` meant?"),
        ("kl", ["x"], "objective/kl, train/objective/kl, actor/kl_loss, …)."),
    ],
)
def test_what_is_near_a_missing_metric_is_named(metric: str, catalog: list[str], expected: str) -> None:
    data = only(n=20, catalog=dict.fromkeys(catalog, 5))

    assert expected in judge(check(metric=metric), data).reason


def test_hostile_metric_names_are_shown_printable_and_cut() -> None:
    name = "kl\x1b[2J\n" + "x" * 10_000
    found = judge(check(metric=name), only(n=20, catalog={name + "y": 3, "kl": 3}))

    assert found.reason.isprintable()
    assert len(found.reason) < 1_000


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=5))
def test_no_names_break_the_search_for_near_ones(metric: str, catalog: list[str]) -> None:
    assert set(near_names(metric, (metric,), catalog)) <= set(catalog)


@pytest.mark.parametrize(
    ("asked", "values", "expected", "words"),
    [
        (rule(fails="< -0.25"), np.linspace(1, 0, 60), FAIL, "asked is fail < -0.25."),
        (rule(fails="< -0.25"), np.linspace(0, 1, 60), PASS, "asked is fail < -0.25."),
        (rule("> 0"), noise(60, 7), INCONCLUSIVE, "cannot tell; more steps would."),
        (rule(fails="> 0"), np.linspace(0, 0.2, 60) + noise(60, 3), WARN, "not certain enough to block."),
    ],
)
def test_a_trend_is_held_against_its_rule_with_its_interval(
    asked: object, values: object, expected: Outcome, words: str
) -> None:
    found = judge(check("trend", rule=asked), only(series(values), n=60))

    assert found.outcome is expected
    assert words in found.reason
    assert "95 % interval" in found.reason
    assert found.unit == "of its range"
    assert found.low is not None
    assert found.high is not None


def test_a_trend_of_values_at_one_step_cannot_be_computed() -> None:
    one = series(noise(20), steps=np.zeros(20))
    found = judge(check("slope", rule=rule(fails="> 1")), only(one, n=20))

    assert found.outcome is INCONCLUSIVE
    assert "cannot be computed from 20 values" in found.reason


def test_decisions_use_the_value_rounded_to_nine_digits() -> None:
    """0.1 plus a rounding error of one processor is the 0.1 of another, so it does not pass `< 0.1`."""
    below = float(np.nextafter(0.1, 0))

    assert below < 0.1
    assert judge(check("max"), level(below)).outcome is FAIL
    assert judge(check("max"), level(below)).observed == 0.1


@given(
    arrays.arrays(np.float64, st.integers(10, 30), elements=st.floats()),
    st.sampled_from([*NAMES, "p3"]),
    st.sampled_from([rule("< 0.5"), rule(">= -2"), rule(fails="> 1"), rule("> 1", "< -1")]),
)
def test_no_values_that_are_not_finite_pass(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], stat: str, asked: object
) -> None:
    one = check(stat, above=0.5 if stat.endswith("-above") else None, rule=asked, min_samples=1)
    found = judge(one, only(series(values), n=values.size))

    if np.isinf(values).any():
        assert found.outcome is FAIL
    if found.observed is None:
        assert found.outcome in (FAIL, INCONCLUSIVE)
    for number in (found.observed, found.low, found.high):
        assert number is None or (math.isfinite(number) and number == round9(number))


def test_a_check_without_a_rule_asks_nothing_and_so_never_passes() -> None:
    assert judge(check(rule=None), level(0.0)).outcome is not PASS


def test_an_answer_cannot_be_judged_without_a_rule() -> None:
    with pytest.raises(ValueError, match="a rule is needed"):
        logs(answer(p95_s=1.0), rule=None)


def logs(
    table: LogTable | None, *, source: str | None = "events.jsonl", value: str = "p95_s", **changes: object
) -> CheckResult:
    ask = LogAsk(question="rollout-timing", value=value)
    given = {"ask": ask, "rule": rule("< 120"), **changes}
    tables = {} if table is None else {"rollout-timing": table}
    return check_logs(check(**given), ask, evidence(logs=tables, log_source=source))  # type: ignore[arg-type]


def test_the_answer_to_a_log_question_is_held_against_its_bound() -> None:
    found = logs(answer(p95_s=100.0))

    assert (found.outcome, found.kind, found.observed, found.n, found.unit) == (PASS, CheckKind.LOGS, 100, 500, "s")
    assert logs(answer(p95_s=120.0)).outcome is FAIL
    assert logs(answer(n=400), value="n", rule=rule("> 300")).unit is None


@pytest.mark.parametrize(("if_present", "expected"), [(True, NOT_MEASURED), (False, INCONCLUSIVE)])
@pytest.mark.parametrize(
    ("table", "source"),
    [
        (None, None),
        (answer(p95_s=None), "events.jsonl"),
        (answer(events=0, p95_s=100.0), "events.jsonl"),
        (answer(n=5), "events.jsonl"),
        (LogTable(question="rollout-timing", by=None, columns=("p95_s",), rows=(), events=7), "events.jsonl"),
        (answer(p95_s="fast"), "events.jsonl"),
        (answer(p95_s=True), "events.jsonl"),
    ],
)
def test_a_question_that_no_event_answers_is_not_measured(
    table: LogTable | None, source: str | None, if_present: bool, expected: Outcome
) -> None:
    assert logs(table, source=source, if_present=if_present).outcome is expected


def test_an_answer_that_was_not_collected_is_not_absent() -> None:
    found = logs(None, if_present=True)

    assert found.outcome is INCONCLUSIVE
    assert "collected without an answer" in found.reason


@pytest.mark.parametrize(("value", "expected"), [(math.nan, INCONCLUSIVE), (math.inf, FAIL), (-math.inf, FAIL)])
def test_an_answer_that_is_not_finite_never_passes(value: float, expected: Outcome) -> None:
    assert logs(answer(p95_s=value)).outcome is expected


def test_too_few_events_are_inconclusive() -> None:
    found = logs(answer(events=9, p95_s=1.0))

    assert (found.outcome, found.n) == (INCONCLUSIVE, 9)
    assert found.reason == "p95_s rests on 9 events; 10 are needed: 1 more."


def test_times_rest_on_the_events_that_have_one() -> None:
    """1,000 rollouts of which one says how long it took are one value, not 1,000."""
    found = logs(answer(events=1000, p95_s=1.0, unmeasured=0.999))

    assert (found.outcome, found.n) == (INCONCLUSIVE, 1)
    assert logs(answer(events=1000, p95_s=1.0, unmeasured=0.5)).n == 500
    assert logs(answer(events=1000, n=1000, unmeasured=0.999), value="n", rule=rule("> 5")).n == 1000


@given(
    st.dictionaries(
        st.sampled_from(["p95_s", "n", "unmeasured"]), st.none() | st.floats() | st.just(10**400) | st.text()
    )
)
def test_no_answer_passes_without_a_finite_value(values: dict[str, Scalar]) -> None:
    table = LogTable(
        question="rollout-timing", by=None, columns=tuple(values), rows=(tuple(values.values()),), events=9
    )
    found = logs(table, min_samples=1)
    value = values.get("p95_s")

    assert found.outcome is not PASS or (isinstance(value, float) and -math.inf < value < 120)


def test_a_value_is_read_from_the_only_row() -> None:
    assert answer_value(answer(p95_s=3), "p95_s") == (3.0, 500)
    assert answer_value(answer(p95_s=3), "p50_s") == (None, 500)


@pytest.mark.parametrize("source", [None, "events.jsonl"])
def test_a_query_of_ones_own_is_inconclusive_where_axiom_is_not_the_source(source: str | None) -> None:
    asked = QueryAsk(apl="x")
    found = check_query(check(ask=asked), asked, evidence(log_source=source))

    assert (found.outcome, found.kind) == (INCONCLUSIVE, CheckKind.LOGS)
    assert "answered by Axiom alone" in found.reason


def queried(value: Scalar, n: Scalar, bound: str = "< 40", rows: int = 1) -> CheckResult:
    """Hold the answer to a query of one's own against a rule."""
    asked = QueryAsk(apl="['queue'] | summarize value = avg(depth), n = count()")
    events = n if isinstance(n, int) else 0
    table = LogTable(question=asked.apl, by=None, columns=("value", "n"), rows=((value, n),) * rows, events=events)
    one = policy(f'checks: {{a: {{axiom: x, pass: "{bound}", min-samples: 5}}}}').checks[0]
    found = evidence(log_source="Axiom, dataset queue", logs={asked.apl: table})
    return check_query(one, asked, found)


@pytest.mark.parametrize(
    ("value", "n", "rows", "outcome"),
    [
        (39.5, 5, 1, PASS),
        (40, 5, 1, FAIL),
        (39.5, 4, 1, INCONCLUSIVE),
        (None, 5, 1, INCONCLUSIVE),
        ("39.5", 5, 1, INCONCLUSIVE),
        (True, 5, 1, INCONCLUSIVE),
        (39.5, 5, 0, INCONCLUSIVE),
    ],
)
def test_a_query_of_ones_own_is_held_against_its_rule_and_absence_is_never_a_pass(
    value: Scalar, n: Scalar, rows: int, outcome: Outcome
) -> None:
    assert queried(value, n, rows=rows).outcome is outcome


def test_an_answer_that_rests_on_few_events_says_how_many_are_missing() -> None:
    assert queried(1, 3).reason == "The value rests on 3 events; 5 are needed: 2 more."
    assert queried(1.5, 30).reason == "the query's value is 1.5; asked is < 40."


def test_integrity_looks_at_every_series_that_a_check_asks_for_and_at_the_counter() -> None:
    asked = policy(
        """
integrity: {planned-steps: my.steps}
checks:
  a: {metric: kl, stat: mean, pass: "< 1"}
  b: {metric: kl, stat: max, pass: "< 1"}
  c: {metric: mine, stat: max, pass: "< 1"}
  d: {logs: errors, value: rate, pass: "< 1"}
"""
    )
    data = run(series(np.zeros(5), "mine"), series(np.arange(200), "global_step"))
    found = judged_series(asked, data)

    assert list(found.series) == ["kl", "mine"]
    assert found.step is not None
    assert found.step.name == "global_step"
    assert found.plan == "my.steps"
    assert judged_series(asking('metric: nothing, stat: mean, pass: "< 1"'), data).series == {}
    assert parse_window("all").mask(found.step.steps, 0, 199).all()


def test_other_names_of_the_role_that_the_run_has_are_told() -> None:
    """A healthy `train/kl` beside a `kl` that is not: who reads the reason sees that there are two."""
    decoy = only(series(0.01 + 0.001 * noise(200), "train/kl"), series(5 + noise(200), "kl"))

    found = judge(check("max", metric="kl", rule=rule(fails="> 0.2")), decoy)

    assert "max of train/kl (not of kl, which the run has too)" in found.reason
