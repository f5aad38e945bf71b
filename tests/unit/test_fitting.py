"""Which profiles fit a run, and which of its metrics each role means."""

from __future__ import annotations

from datetime import date

import pytest

from action.cli.ports import profile_texts
from action.fitting import Guessed, Known, Missing, Recorded, fitting_profiles, fitting_roles, look_alikes
from action.settings import profile_policy
from checks.check import Policy
from checks.policy import parse_policy


def asked(*profiles: str) -> Policy:
    text = profile_policy(profiles).text
    return parse_policy(text, source="p", profiles=profile_texts(), today=date(2026, 1, 1))


def recorded(*names: str, games: bool = False, events: bool = False) -> Recorded:
    return Recorded(name="run7", metrics=dict.fromkeys(names, 9), games=games, events=events)


@pytest.mark.parametrize(
    ("run", "axiom", "profiles"),
    [
        (None, False, ("grpo",)),
        (None, True, ("grpo", "pipeline")),
        (recorded("objective/kl"), False, ("grpo",)),
        (recorded("mine/episode_return"), False, ("grpo",)),
        (recorded("elo/base_model"), False, ("league",)),
        (recorded("loss", games=True), False, ("league",)),
        (recorded("loss", events=True), False, ("pipeline",)),
        (recorded("loss"), True, ("pipeline",)),
        (recorded("loss"), False, ("grpo",)),
        (recorded("kl", "elo/a", events=True), False, ("grpo", "league", "pipeline")),
    ],
)
def test_profiles_follow_what_a_run_recorded(run: Recorded | None, axiom: bool, profiles: tuple[str, ...]) -> None:
    assert fitting_profiles(run, asked("grpo").roles, axiom=axiom) == profiles


def test_a_metric_without_a_value_is_not_there() -> None:
    run = Recorded(name="x", metrics={"train/kl": 0, "kl": 3})

    assert fitting_roles(run, asked("grpo"))[0] == Known(role="kl", name="kl")


def test_each_role_is_known_guessed_or_missing_and_optional_ones_may_lack() -> None:
    run = recorded("train/kl", "env/mean_return", "env/return")

    found = fitting_roles(run, asked("grpo"))

    assert found == (
        Known(role="kl", name="train/kl"),
        Guessed(role="reward", name="env/mean_return", others=("env/return",)),
        Missing(role="grad-norm", checks=("grad-norm",)),
    )


@pytest.mark.parametrize(
    "name",
    ["approx_kl", "actor/ppo_kl", "kl_coef", "train/kl_target", "old_kl", "mismatch_kl/mean", "kl_std", "elo/kl"],
)
def test_what_is_near_zero_by_nature_or_a_setting_is_never_taken_for_the_divergence(name: str) -> None:
    assert look_alikes("kl", [name]) == ()


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("kl", "policy/ref_kl"),
        ("kl", "KLMean"),
        ("reward", "eval/episodeReturn"),
        ("grad-norm", "optim/gradient.norm"),
        ("grad-norm", "GradNorm"),
    ],
)
def test_a_name_is_read_by_its_words(role: str, name: str) -> None:
    assert look_alikes(role, [name, "other", "reward_std", "clip_grad_norm"]) == (name,)


def test_a_role_that_nobody_described_has_no_likeness() -> None:
    assert look_alikes("entropy", ["entropy_x"]) == ()
