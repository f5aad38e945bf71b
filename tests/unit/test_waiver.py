"""Waivers: whom they are for, and which texts hold which. What a policy refuses stands with the tests of policies."""

from __future__ import annotations

from datetime import date

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from checks.policy import PolicyError
from checks.schema import policy_schema
from checks.waiver import Waiver, waivers_in
from tests.builders import faults, policy

SHA = "c0ffee" + "0" * 34
HEAD = 'version: 1\nchecks:\n  a: {metric: kl, stat: mean, pass: "< 1"}\n  b: {metric: kl, stat: max, pass: "< 1"}\n'
WARM_UP = Waiver(check="a", run="healthy", reason="warm-up", expires=date(2099, 12, 31))


def listed(*scopes: str, more: str = "reason: warm-up, expires: 2099-12-31") -> str:
    """Write a policy with waivers: `a, run: healthy`."""
    return HEAD + "waivers:\n" + "".join(f"- {{check: {scope}, {more}}}\n" for scope in scopes)


@pytest.mark.parametrize("run", ["grpo-20251222-191408", "a1b2", "'grpo 7 (warm-up)'", "'grpo ]7['", "Ωμέγα", "main"])
def test_a_waiver_is_for_one_run_by_name_or_id(run: str) -> None:
    [found] = policy(listed(f"a, run: {run}")).waivers

    assert (found.scope, found.run, found.commit) == (run.strip("'"), run.strip("'"), None)


@pytest.mark.parametrize("commit", [SHA, SHA.upper(), "ab" * 32])
def test_a_waiver_is_for_the_runs_of_one_whole_commit(commit: str) -> None:
    [found] = policy(listed(f"a, commit: {commit}")).waivers

    assert (found.scope, found.run, found.commit) == (f"commit {commit.lower()}", None, commit.lower())


@pytest.mark.parametrize(
    ("first", "second", "scope"),
    [("run: healthy", "run: healthy", "healthy"), (f"commit: {SHA}", f"commit: {SHA.upper()}", f"commit {SHA}")],
)
def test_a_waiver_that_is_repeated_is_refused(first: str, second: str, scope: str) -> None:
    again = listed(f"a, {first}") + f"- {{check: a, {second}, reason: again, expires: 2099-01-01}}\n"

    assert faults(again) == [
        "policy.yml:7: waivers[1]: expected one waiver for a check and its scope, got another of `a` for "
        f"`{scope}` (first in line 6); remove one"
    ]


def test_a_check_may_be_waived_for_several_runs_and_a_run_in_several_checks() -> None:
    text = listed("a, run: healthy", "b, run: healthy", "a, run: other", f"a, commit: {SHA}")

    assert len(policy(text).waivers) == 4


def test_every_fault_of_a_waiver_comes_at_once() -> None:
    found = faults(listed("zzz, run: '*'", more="reason: ' ', expires: 2020-01-01"))

    assert [line.split(": expected")[0] for line in found] == [
        f"policy.yml:6: waivers[0].{name}" for name in ("check", "expires", "reason", "run")
    ]


@pytest.mark.parametrize(
    ("waiver", "valid"),
    [
        ("a, run: healthy", True),
        (f"a, commit: {SHA}", True),
        ("a", False),
        (f"a, run: healthy, commit: {SHA}", False),
        ("a, run: 'grpo-*'", False),
        ("a, run: 'grpo-[0-9]'", False),
        ("a, run: ' '", False),
        ("a, commit: main", False),
        (f"a, commit: {SHA[:7]}", False),
    ],
)
def test_the_schema_says_the_same_as_the_reader(waiver: str, valid: bool) -> None:
    text = listed(waiver, more="reason: warm-up, expires: '2099-12-31'")

    assert jsonschema.Draft202012Validator(policy_schema()).is_valid(yaml.safe_load(text)) is valid
    assert (faults(text) == []) is valid


class TestIn:
    def test_a_text_holds_the_waivers_that_a_policy_of_it_has(self) -> None:
        text = listed("a, run: healthy", f"b, commit: {SHA.upper()}")

        assert waivers_in(text) == frozenset(policy(text).waivers)
        assert WARM_UP in waivers_in(text)

    def test_also_those_that_have_expired_and_those_of_checks_that_are_gone(self) -> None:
        text = listed("gone, run: healthy", more="reason: old, expires: '2020-01-01'")
        with pytest.raises(PolicyError):
            policy(text)

        assert waivers_in(text) == {Waiver(check="gone", run="healthy", reason="old", expires=date(2020, 1, 1))}

    @pytest.mark.parametrize(
        "other",
        ["- 5", "- {check: b}", "- {check: 5, run: x, reason: y, expires: 2099-12-31}", "- {check: a, run: healthy}"],
    )
    def test_what_is_no_waiver_is_left_out(self, other: str) -> None:
        assert waivers_in(f"{listed('a, run: healthy')}{other}\n") == {WARM_UP}

    @pytest.mark.parametrize(
        "one",
        [
            "a, run: '*', reason: x, expires: 2099-12-31",
            "a, commit: main, reason: x, expires: 2099-12-31",
            "integrity/gaps, run: x, reason: x, expires: 2099-12-31",
            "'*', run: x, reason: x, expires: 2099-12-31",
            "a, run: x, reason: ' ', expires: 2099-12-31",
            "a, run: x, expires: 2099-12-31",
            "a, run: x, reason: y, expires: never",
            "a, run: x, reason: y, expires: 5",
            "a, run: , reason: y, expires: 2099-12-31",
        ],
    )
    def test_what_would_be_refused_is_none(self, one: str) -> None:
        assert waivers_in(f"version: 1\nwaivers: [{{check: {one}}}]") == frozenset()

    @pytest.mark.parametrize("text", ["", "waivers: 5", "waivers: [", "- 1", "version: 1"])
    def test_any_other_text_holds_none(self, text: str) -> None:
        assert waivers_in(text) == frozenset()

    @given(st.text())
    def test_no_text_breaks_it(self, text: str) -> None:
        assert isinstance(waivers_in(f"waivers: [{{check: {text}}}]"), frozenset)
