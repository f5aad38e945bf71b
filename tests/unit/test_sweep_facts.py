"""What a row of a sweep is made of: instability, figures of training, references, differences of configuration."""

from __future__ import annotations

import numpy as np
import pytest

from checks.config import compare_configs
from checks.run import Scalar
from checks.sweep.entry import SweepQuestion
from checks.sweep.instability import RULES, instability
from checks.sweep.row import metrics_of, reference_facts
from checks.sweep.words import headline, sentences
from tests.sweeps import compared, entry, policy, run_of, series_of, strong


@pytest.mark.parametrize(
    ("role", "values", "flag"),
    [
        ("kl", [0.01, 0.19, 0.2], None),
        ("kl", [0.01, 0.21], "kl-spike"),
        ("kl", [0.01, 10.5], "kl-runaway"),
        ("grad-norm", [1, 49.9], None),
        ("grad-norm", [1, 50], "gradient"),
        ("reward", [1, float("inf")], "non-finite"),
        ("reward", [0, 1] * 20 + [0, 4] * 20, "erratic-reward"),
        ("reward", [0, 1] * 20 + [0, 3] * 20, None),
        ("reward", [0, 1] * 5 + [0, 9] * 5, None),
        ("reward", [1] * 20 + [0, 9] * 10, None),
    ],
)
def test_instability_is_flagged_by_stated_rules(role: str, values: list[float], flag: str | None) -> None:
    found = instability(series_of({role: values}))

    assert [one.name for one in found] == ([] if flag is None else [flag])
    assert {one.name for one in found} <= set(RULES)


def test_figures_of_training_are_by_role_and_the_last_values_are_as_they_are() -> None:
    run = run_of(
        "a",
        {
            "kl/mean": [0.1, 0.3, float("nan")],
            "benchmark/grad_norm": [1, 2, float("nan")],
            "elo/win_rate": [0.1, 0.2, 0.3],
            "benchmark/reward_mean": [3, 2, 1],
            "placement_rate": [0.5, 0.6, 0.7],
        },
        steps=[0, 2, 1],
    )
    found = metrics_of(policy(), run)

    assert (found.kl_mean, found.kl_max) == (0.2, 0.3)
    assert (found.grad_norm, found.reward, found.win_rate, found.placement_rate) == (2, 2, 0.2, 0.6)
    assert metrics_of(policy(), run_of("b", {"x": [1]})).kl_max is None
    assert metrics_of(policy(), run_of("b", {"kl": [float("nan")]})).kl_mean is None


def test_a_drop_needs_two_values_and_is_from_the_references_own_start() -> None:
    run = run_of(
        "a",
        {"elo/base_model": [991, 851], "elo/chaos_bot": [901], "elo/x": [5, 6], "elo/random_bot": [float("nan")]},
        steps=None,
    )
    [base, chaos] = reference_facts(run, SweepQuestion(policy=policy()), None)

    assert (base.name, base.first, base.last, base.drop) == ("base_model", 991, 851, 140)
    assert (chaos.name, chaos.last, chaos.drop) == ("chaos_bot", 901, None)


def test_secrets_are_not_shown_and_numbers_are_none() -> None:
    one: dict[str, Scalar] = {"api_key": "a1", "max_tokens": 1, "note": "sk-12345678901234567890abcd", "token": 3}
    other: dict[str, Scalar] = {"api_key": "b2", "max_tokens": 2, "note": "x", "token": 4}

    found = compare_configs([one, other])

    assert [one.key for one in found.shown] == ["max_tokens", "token"]
    assert found.hidden == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Qwen2.5-Coder-32B-Instruct-GPTQ-Int4", True),
        ("meta-llama/Llama-3.1-8B-Instruct", True),
        ("deepseek_r1_distill_qwen_7b_v2_long", True),
        ("cosine_with_restarts", True),
        ("xaat-550e8400-e29b-41d4-a716-446655440000", False),
        ("hf_short1", False),
        ("0123456789abcdef0123456789abcdef01234567", False),
        ("postgres://user:word@host/db", False),
    ],
)
def test_names_of_models_are_shown_and_what_may_be_a_secret_is_not(value: str, shown: bool) -> None:
    found = compare_configs([{"model": value}, {"model": "other"}])

    assert (len(found.shown), found.hidden) == ((1, 0) if shown else (0, 1))


def test_noise_is_told_apart_and_long_values_are_cut() -> None:
    one: dict[str, Scalar] = {
        "seed": 1, "output_dir": "/a", "run_name": "x", "started_at": "1", "data": "/x/y", "when": "2026-01-02 10:00",
        "prompt": "long words " * 20, "lora_rank": 8, "learning_rate": float("nan"), "same": 1, "flag": True,
    }  # fmt: skip
    other: dict[str, Scalar] = {
        "seed": 2, "output_dir": "/b", "run_name": "y", "started_at": "2", "data": "/z", "when": "2026-01-03 10:00",
        "prompt": "other", "lora_rank": 16, "learning_rate": 0.1, "same": 1.0, "flag": False,
    }  # fmt: skip

    found = compare_configs([one, {}, other])

    assert [one.key for one in found.shown] == ["flag", "learning_rate", "lora_rank", "prompt"]
    assert found.noise == ("data", "output_dir", "run_name", "seed", "started_at", "when")
    assert found.without == (1,)
    assert all(one.values[1] is None for one in found.shown)
    cut = found.shown[-1].values[0]
    assert isinstance(cut, str)
    assert len(cut) == 60
    assert np.isnan(float(str(found.shown[1].values[0])))


def test_many_ties_and_many_unstable_runs_are_counted() -> None:
    bad = run_of("x", {"kl": [0.5, 0.6]})
    runs = [strong(f"r{n}", 100 + n, 100 - n, run=bad) for n in range(9)]

    told = " ".join(sentences(compared(runs)))

    assert "2 more runs may be as strong as r8." in told
    assert "Signs of instability: r8 (KL reaches 0.6), r7" in told
    assert "and 3 more." in told
    assert "not surely before r7, r6, r5, r4, r3, r2 and 2 more." in told


def test_last_ratings_of_one_run_alone_advise_nothing_but_to_log_games_of_the_other() -> None:
    known = run_of("a", {"elo/base_model": [1000], "elo/adapter_v1": [1010]})

    told = sentences(compared([entry("a", run=known), entry("b")]))

    assert not any("would settle it" in sentence for sentence in told)
    assert any("Nothing is known of b: log games, or leave it out" in sentence for sentence in told)


def test_runs_of_one_step_that_all_lack_a_rating_advise_games_in_general() -> None:
    known = run_of("a", {"elo/base_model": [1000], "elo/adapter_v1": [1010]})
    games = strong("b", 150, 50)

    told = sentences(compared([entry("a", run=known), games, strong("c", 100, 100)]))

    assert any("same is known of all" in sentence for sentence in told)


def test_a_winner_whose_training_was_unstable_is_told_so() -> None:
    bad = run_of("x", {"kl": [0.5, 0.6]})

    told = headline(compared([strong("x", 170, 30, run=bad), strong("y", 60, 140)]))

    assert told.endswith("Elo for sure, but its training was unstable.")
