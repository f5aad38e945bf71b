"""A policy over its profiles: what is laid over, what is replaced together, and what takes nothing over."""

from __future__ import annotations

import pytest

from checks.check import Check, SeriesAsk
from checks.document import parse_document
from checks.layers import PolicyLayers, lay_over
from tests.builders import PROFILES, check_faults, faults, policy, rule

BELOW = """\
version: 1
checks:
  kl: {metric: kl, stat: p95, pass: "< 0.1", fail: "> 0.2", if-present: true, title: KL, severity: warn}
  slow: {logs: rollout-timing, value: p95_s, pass: "< 120"}
"""


def layers(text: str, **profiles: str) -> PolicyLayers:
    own, found = parse_document(text, "policy.yml")
    assert found == ()
    return lay_over(own, profiles)


def laid(text: str) -> dict[str, Check]:
    found = policy(f"version: 1\nextends: below\n{text}", profiles={**PROFILES, "below": BELOW})
    return {check.id: check for check in found.checks}


def test_a_policy_without_changes_is_its_profile() -> None:
    assert set(laid("")) == {"kl", "slow"}
    assert laid("")["kl"].rule == rule("< 0.1", "> 0.2")


def test_one_key_can_be_changed_and_the_rest_is_kept() -> None:
    kl = laid("checks: {kl: {min-samples: 3}}")["kl"]

    assert (kl.min_samples, kl.title, kl.if_present) == (3, "KL", True)
    assert kl.rule == rule("< 0.1", "> 0.2")


@pytest.mark.parametrize(
    ("bounds", "expected"), [('pass: "< 0.5"', rule("< 0.5")), ('fail: "> 0.5"', rule(fails="> 0.5"))]
)
def test_pass_and_fail_are_one_rule_and_replaced_together(bounds: str, expected: object) -> None:
    assert expected == laid(f"checks: {{kl: {{{bounds}}}}}")["kl"].rule


@pytest.mark.parametrize("ask", ["metric: reward, stat: mean", "logs: errors, value: rate", "axiom: x"])
def test_another_metric_question_or_query_is_another_check_that_takes_nothing_over(ask: str) -> None:
    """Else a required check of another metric would be optional, and wear the wrong title."""
    kl = laid(f'checks: {{kl: {{{ask}, pass: "< 1"}}}}')["kl"]

    assert kl.title != "KL"
    assert kl.if_present is False
    assert kl.severity == "block"
    assert kl.rule == rule("< 1")


def test_the_same_metric_said_again_is_the_same_check() -> None:
    kl = laid("checks: {kl: {metric: kl, stat: mean}}")["kl"]

    assert isinstance(kl.ask, SeriesAsk)
    assert (kl.title, kl.ask.statistic.name) == ("KL", "mean")


def test_off_takes_a_check_of_a_profile_out_and_only_such_a_one() -> None:
    own = 'mine: {metric: kl, stat: mean, pass: "< 1"}'

    assert set(laid(f"checks: {{kl: off, {own}}}")) == {"slow", "mine"}
    assert "checks.mine: expected a check of a profile to switch off; did you mean" in "".join(
        faults("version: 1\nextends: grpo\nchecks: {mine: off, mined: off}")
    ).replace("allowed", "did you mean")
    assert "this policy extends no profile" in check_faults('metric: kl, stat: mean, pass: "< 1"', "  b: off")[0]


def test_switching_every_check_off_leaves_a_policy_that_cannot_judge() -> None:
    (found,) = faults("version: 1\nextends: below\nchecks: {kl: off, slow: off}", profiles={"below": BELOW})

    assert "expected at least one check, got none" in found


def test_a_waiver_for_a_check_that_is_off_names_no_check() -> None:
    waiver = "waivers: [{check: kl-p95, run: x, reason: y, expires: 2099-01-01}]"
    (found,) = faults(f"version: 1\nextends: grpo\nchecks: {{kl-p95: off}}\n{waiver}")

    assert "waivers[0].check: expected a check of the policy, got `kl-p95`" in found


def test_the_later_profile_wins() -> None:
    found = layers("version: 1\nextends: [a, b]", a="roles: {kl: a}\ntrial: true", b="roles: {kl: [b]}\ntrial: false")

    assert found.profiles == ("a", "b")
    assert found.document.values == {"roles": {"kl": ["b"]}, "trial": False, "version": 1, "extends": ["a", "b"]}


def test_roles_below_every_policy_can_be_replaced_one_by_one() -> None:
    own = policy('roles: {kl: my/kl}\nchecks: {a: {metric: kl, stat: mean, pass: "< 1"}}')

    assert own.roles["kl"] == ("my/kl",)
    assert own.roles["reward"][0] == "train/reward"


def test_without_the_profile_of_roles_a_metric_is_its_own_name() -> None:
    own = policy('checks: {a: {metric: kl, stat: mean, pass: "< 1"}}', profiles={})

    assert own.metric_names("kl") == ("kl",)


def test_the_version_of_a_profile_does_not_answer_for_the_policy() -> None:
    assert faults("extends: [grpo]") == ["policy.yml:1: version: expected this key, got nothing; add it"]


def test_every_key_knows_the_file_it_stands_in() -> None:
    found = layers('version: 1\nextends: p\nchecks:\n  kl:\n    pass: "< 1"\n', p=BELOW)

    assert str(found.document.fault(("checks", "kl", "pass"), "x")) == "policy.yml:5: checks.kl.pass: x"
    assert str(found.document.fault(("checks", "kl", "stat"), "x")) == "profile p:3: checks.kl.stat: x"
    assert found.document.place(("checks", "slow")).file == "profile p"


def test_faults_of_a_profile_are_told_with_its_name() -> None:
    found = layers("version: 1\nextends: p", p="a: .nan")

    assert [str(fault) for fault in found.faults] == [
        "profile p:1: a: expected a finite number, got `.nan`; write a number"
    ]


@pytest.mark.parametrize("text", ["checks: 5", "checks: [kl]", "roles: 5", "extends: {a: b}", "checks: {kl: 5}"])
def test_what_does_not_fit_is_left_for_the_validation(text: str) -> None:
    found = layers(f"version: 1\n{text}", below=BELOW)

    assert found.faults == ()
    assert faults(f"version: 1\n{text}")
