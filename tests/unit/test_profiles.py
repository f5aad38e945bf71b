"""The profiles that ship hold the learning-signal and performance table, alone and together."""

from __future__ import annotations

import pytest

from checks.check import Check, LogAsk, SeriesAsk
from checks.completeness import PLANNED_KEYS
from checks.questions.catalog import QUESTIONS
from checks.result import Severity
from checks.window import Window
from tests.builders import PROFILES, policy

TABLE = {
    # check: (profile, what is asked, rule, if-present)
    "kl-p95": ("grpo", "kl p95", "< 0.1", False),
    "kl-spike": ("grpo", "kl max", "fail > 0.2", False),
    "reward-trend": ("grpo", "reward trend", "fail < -0.25", False),
    "reward-end": ("grpo", "reward end-below-peak", "fail > 0.5", False),
    "grad-norm": ("grpo", "grad-norm p95", "< 50", False),
    "truncated": ("grpo", "truncated-share mean", "< 0.5", True),
    "zero-variance": ("grpo", "zero-variance-share mean", "< 0.5", True),
    "rollout-p95": ("pipeline", "rollout-timing p95_s", "< 120", False),
    "rollout-p50": ("pipeline", "rollout-timing p50_s", "< 60", False),
    "completion": ("pipeline", "health completion_rate", "fail < 0.8", True),  # ours: durations leave out what hangs
    "extraction-rate": ("pipeline", "extraction rate", "> 0.95", False),
    "extraction-empty": ("pipeline", "extraction empty", "< 0.05", False),
    "extraction-partial": ("pipeline", "extraction partial", "< 0.1", False),
    "error-rate": ("pipeline", "errors rate", "pass < 0.01, fail >= 0.05", False),
    "trajectories": ("pipeline", "rollout-timing trajectories_per_hour", "> 400", True),
    "output-speed": ("pipeline", "inference output_tokens_per_s", "> 50", True),
    "input-speed": ("pipeline", "inference input_tokens_per_s", "> 500", True),
    "batch-size": ("pipeline", "inference batch_size", "> 4", True),
}
SHIPPED = sorted(set(PROFILES) - {"base"})


def asked(check: Check) -> str:
    if isinstance(check.ask, SeriesAsk):
        return f"{check.ask.metric} {check.ask.statistic}"
    assert isinstance(check.ask, LogAsk)
    return f"{check.ask.question} {check.ask.value}"


@pytest.mark.parametrize("check", TABLE)
def test_the_table_of_the_design_is_what_the_profiles_ask(check: str) -> None:
    profile, what, rule, if_present = TABLE[check]
    (found,) = (one for one in policy(f"extends: {profile}").checks if one.id == check)

    assert (asked(found), str(found.rule), found.if_present) == (what, rule, if_present)
    assert found.severity is Severity.BLOCK
    assert found.remedy
    assert found.where.file == f"profile {profile}"


def test_only_what_matters_at_the_end_is_asked_of_the_end_alone() -> None:
    windows = {one.id: one.ask.window for one in policy("extends: grpo").checks if isinstance(one.ask, SeriesAsk)}

    assert {name for name, window in windows.items() if window != Window()} == {"truncated", "zero-variance"}
    assert windows["truncated"].first_step(0, 1000) >= windows["zero-variance"].first_step(0, 1000) >= 500


@pytest.mark.parametrize("profile", ["grpo", "pipeline"])
def test_a_profile_asks_nothing_beside_the_table(profile: str) -> None:
    assert {check.id for check in policy(f"extends: {profile}").checks} == {
        name for name, row in TABLE.items() if row[0] == profile
    }


@pytest.mark.parametrize("profile", SHIPPED)
def test_every_profile_is_a_policy_of_its_own(profile: str) -> None:
    alone = policy(PROFILES[profile], source=f"profile {profile}")

    assert {check.id for check in alone.checks} == {check.id for check in policy(f"extends: {profile}").checks}


def test_the_profiles_fit_together_in_any_order() -> None:
    names = [
        {check.id for check in policy(f"extends: [{', '.join(order)}]").checks} for order in (SHIPPED, SHIPPED[::-1])
    ]

    assert names[0] == names[1]
    assert len(names[0]) == sum(len(policy(f"extends: {profile}").checks) for profile in SHIPPED)


def test_every_metric_of_a_profile_is_a_role() -> None:
    """Else it would be looked for under the one name only."""
    for profile in SHIPPED:
        found = policy(f"extends: {profile}")
        metrics = {check.ask.metric for check in found.checks if isinstance(check.ask, SeriesAsk)}
        assert metrics <= found.roles.keys()


def test_roles_name_each_metric_once_and_never_the_update_kl() -> None:
    roles = policy("extends: grpo").roles
    names = [name for role in roles.values() for name in role]

    assert len(names) == len(set(names))
    assert not {"actor/ppo_kl", "train/ppo_kl", "train/vllm_kl", "mismatch_kl/all/mean"} & set(names)
    assert {"train/kl", "kl/mean", "objective/kl", "actor/kl_loss"} <= set(roles["kl"])


def test_every_log_question_that_a_profile_asks_exists() -> None:
    assert set(policy("extends: pipeline").questions) <= set(QUESTIONS)


def test_planned_steps_are_looked_up_under_distinct_keys() -> None:
    assert len(PLANNED_KEYS) == len(set(PLANNED_KEYS))
