"""A value against its bounds: nothing that is not finite passes, and every number belongs to one outcome."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checks.result import Outcome
from checks.rule import Bound, Rule, parse_bound
from tests.builders import rule

PASS, WARN, FAIL, INCONCLUSIVE = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.INCONCLUSIVE
NOT_FINITE = (math.nan, math.inf, -math.inf)

finite = st.floats(-1e6, 1e6)
bounds = st.builds(lambda sign, limit: Bound(sign=sign, limit=limit), st.sampled_from(["<", "<=", ">", ">="]), finite)
rules = st.builds(lambda one, other: Rule(passes=one, fails=other), st.none() | bounds, st.none() | bounds).filter(
    lambda one: one.fault() is None
)


@pytest.mark.parametrize(
    ("text", "sign", "limit"),
    [
        ("< 0.1", "<", 0.1),
        ("<=1e-3", "<=", 0.001),
        ("  >  -2.  ", ">", -2.0),
        (">= +.5", ">=", 0.5),
        ("< 1E+3", "<", 1000.0),
    ],
)
def test_a_bound_is_a_sign_and_a_number(text: str, sign: str, limit: float) -> None:
    assert parse_bound(text) == Bound(sign=sign, limit=limit)


@pytest.mark.parametrize(
    "text", ["", "<", "0.1", "= 1", "== 1", "=< 1", "< nan", "< inf", "< 1e999", "< 1 2", "< 1,000", "< 0x10", "< 1_0"]
)
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r'write "< 0\.1"'):
        parse_bound(text)


@given(bounds)
def test_a_bound_can_be_read_back(bound: Bound) -> None:
    assert parse_bound(str(bound)).sign == bound.sign
    assert parse_bound(str(bound)).limit == pytest.approx(bound.limit, rel=1e-11)


@pytest.mark.parametrize(
    ("asked", "value", "expected"),
    [
        (rule("< 0.1"), 0.09, PASS),
        (rule("< 0.1"), 0.1, FAIL),
        (rule("<= 0.1"), 0.1, PASS),
        (rule(fails="> 0.2"), 0.2, PASS),
        (rule(fails="> 0.2"), 0.21, FAIL),
        (rule("< 0.1", ">= 0.15"), 0.099, PASS),
        (rule("< 0.1", ">= 0.15"), 0.1, WARN),
        (rule("< 0.1", ">= 0.15"), 0.1499, WARN),
        (rule("< 0.1", ">= 0.15"), 0.15, FAIL),
        (rule("> 0.95", "< 0.9"), 0.92, WARN),
        (rule("< 0.1", "> 0.1"), 0.1, WARN),
        (rule("< 0.1", ">= 0.1"), 0.1, FAIL),
    ],
)
def test_pass_alone_fail_alone_and_both(asked: Rule, value: float, expected: Outcome) -> None:
    assert asked.fault() is None
    assert asked.outcome(value) is expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (rule(), "got neither"),
        (rule("< 1", "< 2"), "opposite directions"),
        (rule("> 1", ">= 0"), "opposite directions"),
        (rule("< 0.2", "> 0.1"), "not to overlap"),
        (rule("> 0.1", "< 0.2"), "not to overlap"),
        (rule("<= 0.1", ">= 0.1"), "not to overlap"),
    ],
)
def test_a_rule_that_contradicts_itself_is_no_rule(asked: Rule, expected: str) -> None:
    assert expected in str(asked.fault())


@given(rules, st.sampled_from(NOT_FINITE))
def test_what_is_not_finite_never_passes(asked: Rule, value: float) -> None:
    assert asked.outcome(value) is FAIL


@given(rules, finite)
def test_every_number_has_one_outcome_and_its_bounds_agree(asked: Rule, value: float) -> None:
    passes = asked.passes is not None and asked.passes.holds(value)
    fails = asked.fails is not None and asked.fails.holds(value)

    assert not (passes and fails)
    if asked.passes is not None and asked.fails is not None:
        expected = PASS if passes else FAIL if fails else WARN
    else:
        expected = PASS if passes or (asked.passes is None and not fails) else FAIL
    assert asked.outcome(value) is expected


@given(rules, st.lists(finite, min_size=2, max_size=8))
def test_the_outcomes_lie_in_one_order_along_the_line(asked: Rule, values: list[float]) -> None:
    """Each outcome is one stretch of the line: from pass over warn to fail, or back."""
    along = [asked.outcome(value) for value in sorted(values)]
    changes = [one for one, _ in itertools.groupby(along)]
    order = [PASS, WARN, FAIL]

    assert changes in ([o for o in order if o in changes], [o for o in reversed(order) if o in changes])


@given(rules, finite)
def test_an_estimate_without_width_is_a_fact(asked: Rule, value: float) -> None:
    assert asked.outcome_of_estimate(value, value, value) is asked.outcome(value)


@given(rules, finite, finite, finite)
def test_an_estimate_passes_for_sure_only_where_its_whole_interval_does(
    asked: Rule, one: float, two: float, three: float
) -> None:
    low, value, high = sorted((one, two, three))
    found = asked.outcome_of_estimate(value, low, high)
    ends = {asked.outcome(low), asked.outcome(high)}

    assert (found is FAIL) == (ends == {FAIL})
    if asked.passes is not None:
        assert (found is PASS) == (ends == {PASS})
    assert found is not INCONCLUSIVE or FAIL in ends


@given(rules, st.permutations([math.nan, 0.0, 0.0]) | st.permutations([math.inf, 0.0, -math.inf]))
def test_an_estimate_that_is_not_finite_tells_nothing(asked: Rule, numbers: list[float]) -> None:
    assert asked.outcome_of_estimate(*numbers) is INCONCLUSIVE


@pytest.mark.parametrize(
    ("asked", "value", "low", "high", "expected"),
    [
        (rule(fails="> 0.5"), 0.6, 0.4, 0.8, WARN),
        (rule(fails="> 0.5"), 0.4, 0.2, 0.6, PASS),
        (rule(fails="> 0.5"), 0.8, 0.6, 1.0, FAIL),
        (rule("> 0"), 0.1, -0.1, 0.3, INCONCLUSIVE),
        (rule("> 0"), 0.2, 0.1, 0.3, PASS),
        (rule("> 0"), -0.2, -0.3, -0.1, FAIL),
        (rule("> 0", "< -1"), 0.1, -0.1, 0.3, WARN),
        (rule("> 0", "< -1"), -0.5, -0.6, -0.4, WARN),
        (rule("> 0", "< -1"), -0.5, -1.5, 0.5, INCONCLUSIVE),
        (rule("> 0", "< -1"), -0.9, -1.5, -0.5, INCONCLUSIVE),
    ],
)
def test_a_change_blocks_only_if_it_is_certain(
    asked: Rule, value: float, low: float, high: float, expected: Outcome
) -> None:
    assert asked.outcome_of_estimate(value, low, high) is expected


@given(rules)
def test_a_rule_is_written_with_its_bounds(asked: Rule) -> None:
    assume(asked.passes is not None or asked.fails is not None)
    text = str(asked)

    assert all(str(bound) in text for bound in (asked.passes, asked.fails) if bound is not None)
    assert text.startswith("fail") == (asked.passes is None)
