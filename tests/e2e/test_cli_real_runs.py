"""Runs of other people, where the folder of them is named by GATEKEEPER_REAL_RUNS."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from checks.result import Decision, Outcome
from tests.runs import command, judge_path

PPO = """\
version: 1
roles:
  reward: Rewards/mean_episodes
  entropy: Loss/entropy
checks:
  reward-trend: {metric: reward, stat: trend, pass: "> 0.1"}
  reward-end: {metric: reward, stat: end-below-peak, fail: "> 0.3"}
  reward-last: {metric: reward, stat: mean, window: last 10%, pass: "> 40", min-samples: 50}
  entropy: {metric: entropy, stat: min, pass: "> 1"}
  entropy-falls: {metric: entropy, stat: trend, pass: "< 0"}
  value-loss: {metric: Loss/v, stat: p95, pass: "< 1"}
"""


@pytest.fixture(name="folder")
def _folder() -> Path:
    named = os.environ.get("GATEKEEPER_REAL_RUNS")
    if not named:
        pytest.skip("GATEKEEPER_REAL_RUNS names no folder of real runs")
    return Path(named)


def test_the_healthy_grpo_run_of_trl_passes(folder: Path, tmp_path: Path) -> None:
    done = command("check", folder / "trl-grpo-gemma3-healthy", "--profile", "grpo", "--format", "json", cwd=tmp_path)

    verdict = json.loads(done.stdout)
    assert (done.returncode, verdict["verdict"], done.stderr) == (0, "pass", "")
    assert verdict["run"]["name"] == "trl-grpo-gemma3-healthy"
    measured = {check["id"] for check in verdict["checks"] if check["outcome"] == "pass"}
    assert {"kl-p95", "kl-spike", "reward-trend", "reward-end", "grad-norm"} <= measured


def test_the_ppo_run_cannot_be_judged_by_the_profile_grpo_which_says_what_is_near(folder: Path) -> None:
    verdict = judge_path(folder / "wandb-ppo-conceptppo", "version: 1\nextends: grpo\n").verdict

    reasons = {check.id: check.reason for check in verdict.checks}
    assert verdict.decision is Decision.INCONCLUSIVE
    assert "Rewards/mean_episodes" in reasons["reward-trend"]
    assert "when beta is 0" in reasons["kl-p95"]


def test_the_ppo_run_passes_a_policy_of_its_own(folder: Path) -> None:
    verdict = judge_path(folder / "wandb-ppo-conceptppo", PPO).verdict

    assert verdict.decision is Decision.PASS
    assert {check.outcome for check in verdict.checks if check.where} == {Outcome.PASS}
    assert all((check.n or 0) >= 50 for check in verdict.checks if check.where)


def test_its_wandb_file_and_its_event_file_are_judged_by_the_same_numbers(folder: Path) -> None:
    (wandb,) = (folder / "wandb-ppo-conceptppo").glob("*.wandb")
    (events,) = (folder / "wandb-ppo-conceptppo").glob("events.out.*")

    first, second = (judge_path(path, PPO).verdict for path in (wandb, events))

    numbers = [
        {check.id: (check.n, check.observed) for check in verdict.checks if check.where} for verdict in (first, second)
    ]
    assert numbers[0].keys() == numbers[1].keys()
    for name, (n, observed) in numbers[0].items():
        assert observed is not None
        # The event file holds 32-bit floats.
        assert numbers[1][name][0] == n
        assert numbers[1][name][1] == pytest.approx(observed, rel=1e-6), name


def test_checkpoints_that_always_moved_first_are_inconclusive_however_often_they_won(
    folder: Path, tmp_path: Path
) -> None:
    """Black, the newest checkpoint, won 188 of 219 games of gomoku: the first move or progress, nobody can tell."""
    table = folder / "elo-alphazero-gomoku13x13" / "evaluation.csv"
    columns = "a=adapter_v{training_steps},b=adapter_v{previous:training_steps},score=game_result,first=a"

    done = command("elo", table, "--columns", columns, "--reference", "adapter_v1000", "--format", "json", cwd=tmp_path)

    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (11, "")
    assert found["games"] == 218
    assert found["decision"]["outcome"] == "undecided"
    assert [doubt for doubt in found["doubts"] if "Moving first cannot be told from strength" in doubt]
