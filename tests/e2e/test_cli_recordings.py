"""Every recipe of the example league, judged as a user judges it: the verdict, and the check that decides it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from action.report.document import verdict_json
from tests.runs import RECORDINGS, command, judge_path

BOTH = "version: 1\nextends: [grpo, pipeline]\n"
TABLE = {
    "healthy": ("pass", ()),
    "kl-explosion": ("fail", ("kl-spike", "kl-p95")),
    "nan-gradient": ("fail", ("integrity/non-finite",)),
    "no-learning": ("fail", ("zero-variance",)),
    "regression": ("fail", ("reward-end",)),
    "slow-rollouts": ("fail", ("rollout-p95",)),
    "extraction-bug": ("fail", ("extraction-rate",)),
    "killed": ("inconclusive", ("integrity/run-state",)),
    "short": ("inconclusive", ("integrity/planned-steps",)),
    "double-logging": ("inconclusive", ("integrity/log-calls",)),
}
EXIT_CODES = {"pass": 0, "fail": 10, "inconclusive": 11}


def test_every_recording_is_in_the_table() -> None:
    assert sorted(TABLE) == sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir())


@pytest.mark.parametrize("recipe", TABLE)
def test_a_recipe_is_judged_by_what_was_done_to_it(recipe: str) -> None:
    verdict = judge_path(RECORDINGS / recipe, BOTH).verdict

    expected, deciders = TABLE[recipe]
    deciding = {check.id for check in verdict.checks if check.outcome.value == expected and check.severity == "block"}
    assert verdict.decision.value == expected
    assert set(deciders) <= deciding
    assert verdict.exit_code == EXIT_CODES[expected]


@pytest.mark.parametrize("recipe", [recipe for recipe, (expected, _) in TABLE.items() if expected != "pass"])
def test_what_is_missed_has_a_reason_and_a_failure_has_a_remedy(recipe: str) -> None:
    checks = judge_path(RECORDINGS / recipe, BOTH).verdict.checks

    open_checks = [check for check in checks if check.outcome.value in ("fail", "inconclusive")]
    assert open_checks
    assert all(len(check.reason) > 20 for check in open_checks)
    assert all(check.remedy for check in open_checks)


@pytest.mark.parametrize("recipe", ["kl-explosion", "no-learning", "regression"])
def test_what_is_wrong_with_the_model_does_not_fail_the_pipeline_and_the_other_way_round(recipe: str) -> None:
    assert judge_path(RECORDINGS / recipe, "version: 1\nextends: pipeline\n").verdict.exit_code == 0
    assert judge_path(RECORDINGS / "slow-rollouts", "version: 1\nextends: grpo\n").verdict.exit_code == 0


def test_the_way_of_a_user_check_then_bundle_then_explain(tmp_path: Path) -> None:
    run = shutil.copytree(RECORDINGS / "regression", tmp_path / "run")
    words = ("--profile", "grpo", "--profile", "pipeline")

    first = command("check", "run", *words, "--out", "out", cwd=tmp_path)
    shutil.rmtree(run)
    again = command("check", "out", "--format", "json", cwd=tmp_path, env={"TZ": "Asia/Kathmandu", "LC_ALL": "C"})
    printed = command("check", "out/evidence", "--format", "markdown", cwd=tmp_path)
    explained = command("explain", "out", "reward-end", cwd=tmp_path)

    assert (first.returncode, again.returncode, explained.returncode) == (10, 10, 0)
    assert (first.stderr, again.stderr, explained.stderr) == ("", "", "")
    assert "FAIL  league-regression-s0" in first.stdout
    assert again.stdout == (tmp_path / "out" / "verdict.json").read_text("utf-8")
    assert printed.stdout == (tmp_path / "out" / "verdict.md").read_text("utf-8")
    assert "The evidence gives this verdict again, to the same bytes." in explained.stdout
    assert json.loads(again.stdout)["run"]["ref"] == "run"


def test_no_parts_of_files_stay_in_the_output_folder(tmp_path: Path) -> None:
    command("check", RECORDINGS / "healthy", "--profile", "grpo", "--out", "out", cwd=tmp_path)

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["evidence", "verdict.json", "verdict.md"]
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_changed_bound_flips_the_verdict(tmp_path: Path) -> None:
    (tmp_path / "p.yml").write_text('version: 1\nextends: grpo\nchecks: {reward-end: {fail: "> 0.95"}}\n')

    assert command("check", RECORDINGS / "regression", "--policy", "p.yml", cwd=tmp_path).returncode == 0


def test_the_same_recording_in_another_folder_is_the_same_but_for_its_reference(tmp_path: Path) -> None:
    copied = shutil.copytree(RECORDINGS / "healthy", tmp_path / "elsewhere")

    here, there = judge_path(RECORDINGS / "healthy", BOTH), judge_path(copied, BOTH)

    lines = [set(verdict_json(judged.verdict).splitlines()) for judged in (here, there)]
    changed = lines[0] ^ lines[1]
    assert all('"ref"' in line or '"sha256"' in line for line in changed), changed
    assert len(changed) == 4
