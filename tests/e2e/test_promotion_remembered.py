"""What a local registry remembers of verdicts that promoted nothing: sound ones that did not pass, no others."""

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.local_registry import NOW, edit, holder, judged, promote, verify
from tests.promotions import TIME
from tests.runs import POLICY, judge_path, write_output


def reasons(done: CompletedProcess[str]) -> list[str]:
    assert done.returncode == 10, done.stdout + done.stderr
    return [one["reason"] for one in json.loads(done.stdout)["refusals"]]


def files(registry: Path) -> dict[str, bytes]:
    """Return path → bytes of all that a registry has."""
    return {path.relative_to(registry).as_posix(): path.read_bytes() for path in registry.rglob("*") if path.is_file()}


def kept(folder: Path) -> Path:
    """Return the folder of a pass that was promoted two hours ago, out of the way of later verdicts on its run."""
    out = judged(folder, at=NOW - timedelta(hours=2))
    shutil.copytree(out.parent, folder / "kept")
    assert promote(folder, folder / "kept" / "out").returncode == 0
    return folder / "kept" / "out"


def test_a_run_that_failed_is_refused_and_an_older_pass_of_it_counts_no_more(tmp_path: Path) -> None:
    before = judged(tmp_path, at=NOW - timedelta(hours=2))
    shutil.copytree(before, tmp_path / "kept")
    failed = judged(tmp_path, more=0.5)
    assert "not-a-pass: " in promote(tmp_path, failed).stdout

    done = promote(tmp_path, tmp_path / "kept", path=tmp_path / "grpo-7" / "adapter.bin")

    assert done.returncode == 10
    assert "superseded: " in done.stdout


def test_verify_knows_what_a_registry_refused_where_it_is_named(tmp_path: Path) -> None:
    before = judged(tmp_path, at=NOW - timedelta(hours=2))
    shutil.copytree(before, tmp_path / "kept")
    promote(tmp_path, judged(tmp_path, more=0.5))
    words = ("--path", tmp_path / "grpo-7/adapter.bin")

    assert verify(tmp_path, tmp_path / "kept", *words).returncode == 0
    assert reasons(verify(tmp_path, tmp_path / "kept", *words, "--registry", "registry")) == ["superseded"]


def test_of_two_checkpoints_of_one_run_that_both_pass_the_first_can_be_promoted_again(tmp_path: Path) -> None:
    first = judged(tmp_path, at=NOW - timedelta(hours=2))
    shutil.copytree(tmp_path / "grpo-7", tmp_path / "v1")
    assert promote(tmp_path, first).returncode == 0
    (tmp_path / "grpo-7" / "adapter.bin").write_text("later weights")
    path = tmp_path / "grpo-7" / "grpo-7.jsonl"
    later = judge_path(path, POLICY, checkpoint=str(tmp_path / "grpo-7/adapter.bin"), now=NOW.strftime(TIME))
    assert promote(tmp_path, write_output(later, tmp_path / "grpo-7/out")).returncode == 0
    assert holder(tmp_path) == "later weights"

    back = promote(tmp_path, tmp_path / "v1/out")

    assert back.returncode == 0, back.stdout
    assert holder(tmp_path) == "weights of grpo-7"


def _swap(out: Path) -> None:
    other = judged(out.parent.parent, "other")
    shutil.rmtree(out / "evidence")
    shutil.copytree(other / "evidence", out / "evidence")


UNSOUND: dict[str, tuple[Callable[[Path], object], str]] = {
    "the verdict was edited": (lambda out: edit(out / "verdict.json", "kl-p95", "kl-p96"), "not-reproduced"),
    "evidence was edited": (lambda out: edit(out / "evidence/run/series.jsonl", "0.5", "0.6"), "evidence-altered"),
    "evidence is of another run": (_swap, "other-evidence"),
    "evidence is gone": (lambda out: shutil.rmtree(out / "evidence"), "no-evidence"),
    "the policy in force is another": (
        lambda out: edit(out.parent.parent / "policy.yml", "0.1", "0.2"),
        "other-policy",
    ),
}


@pytest.mark.parametrize("what", UNSOUND)
def test_a_failing_verdict_that_is_not_sound_leaves_no_trace(tmp_path: Path, what: str) -> None:
    kept(tmp_path)
    before = files(tmp_path / "registry")
    failed = judged(tmp_path, more=0.5)
    act, reason = UNSOUND[what]
    act(failed)

    assert reasons(promote(tmp_path, failed, "--format", "json")) == ["not-a-pass", reason]
    assert files(tmp_path / "registry") == before


def test_a_failing_verdict_that_nobody_answers_for_takes_no_pass_away(tmp_path: Path) -> None:
    passed = kept(tmp_path)
    before = files(tmp_path / "registry")

    refused = promote(tmp_path, judged(tmp_path, more=0.5), "--format", "json", trust=())

    assert reasons(refused) == ["not-a-pass", "untrusted"]
    assert files(tmp_path / "registry") == before
    assert promote(tmp_path, passed).returncode == 0


def test_a_rehearsal_with_a_failing_verdict_takes_no_pass_away(tmp_path: Path) -> None:
    passed = kept(tmp_path)
    before = files(tmp_path / "registry")
    failed = judged(tmp_path, more=0.5)

    assert reasons(promote(tmp_path, failed, "--dry-run", "--format", "json")) == ["not-a-pass"]
    assert files(tmp_path / "registry") == before
    assert promote(tmp_path, passed).returncode == 0
    promote(tmp_path, failed)
    assert files(tmp_path / "registry") != before
    assert reasons(promote(tmp_path, passed, "--format", "json")) == ["superseded"]


def test_a_pass_that_is_refused_for_its_age_leaves_no_trace(tmp_path: Path) -> None:
    kept(tmp_path)
    before = files(tmp_path / "registry")

    old = judged(tmp_path, at=NOW - timedelta(days=10))

    assert reasons(promote(tmp_path, old, "--format", "json")) == ["too-old"]
    assert files(tmp_path / "registry") == before
