"""`gatekeeper init` as a user starts it: what is written, what never overwritten, and what it is good for."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.runs import RECORDINGS, command, write_run

POLICY, WORKFLOW = Path(".github/gatekeeper.yml"), Path(".github/workflows/gatekeeper.yml")
PROMOTION = ".github/workflows/promote.yml"


def test_both_files_are_written_and_what_is_left_to_do_is_said(tmp_path: Path) -> None:
    done = command("init", cwd=tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"wrote {POLICY}\nwrote {WORKFLOW}\n\nNext:\n1. ")
    assert sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*") if p.is_file()) == [POLICY, WORKFLOW]


@pytest.mark.parametrize("recording", sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir()))
def test_the_policy_of_a_run_has_no_fault_and_judges_that_run(recording: str, tmp_path: Path) -> None:
    run = RECORDINGS / recording
    assert command("init", run, cwd=tmp_path).returncode == 0

    assert yaml.safe_load((tmp_path / POLICY).read_text())["extends"] == ["grpo", "league", "pipeline"]
    assert command("policy", "lint", cwd=tmp_path).returncode == 0
    assert command("check", run, cwd=tmp_path).returncode in (0, 10, 11)


def test_a_metric_of_an_unknown_trainer_is_mapped_and_judged(tmp_path: Path) -> None:
    rows = [
        {"step": n, "mine/ref_kl": 0.04 + n % 3 / 100, "mine/return": n / 9, "mine/grad_norm": 1.5 + n % 7 / 9}
        for n in range(60)
    ]
    run = write_run(tmp_path, rows)
    assert command("init", run.name, cwd=tmp_path).returncode == 0

    roles = yaml.safe_load((tmp_path / POLICY).read_text())["roles"]
    judged = command("check", run.name, cwd=tmp_path)

    assert roles == {"kl": ["mine/ref_kl"], "reward": ["mine/return"], "grad-norm": ["mine/grad_norm"]}
    assert judged.returncode in (0, 10), judged.stdout


def test_a_bundle_tells_as_much_as_the_run_it_was_made_of(tmp_path: Path) -> None:
    run = RECORDINGS / "healthy"
    assert (
        command("check", run, "--profile", "league", "--profile", "pipeline", "--out", "out", cwd=tmp_path).returncode
        == 0
    )

    shown = command("init", "out", "--dry-run", cwd=tmp_path).stdout

    assert "extends: [grpo, league, pipeline]" in shown


def test_a_dry_run_prints_both_files_as_yaml_and_writes_nothing(tmp_path: Path) -> None:
    done = command("init", "--dry-run", "--workflow", "Train", "--project", "team/league", cwd=tmp_path)

    policy, workflow = yaml.safe_load_all(done.stdout)
    assert policy["version"] == 1
    assert workflow[True]["workflow_run"]["workflows"] == ["Train"]
    assert f"# {POLICY}\n" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_and_one_message_names_all_of_it(tmp_path: Path) -> None:
    assert command("init", cwd=tmp_path).returncode == 0
    (tmp_path / POLICY).write_text("mine")
    (tmp_path / WORKFLOW).write_text("mine too")

    done = command("init", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1
    for told in (str(POLICY), str(WORKFLOW), "got both", "--force"):
        assert told in done.stderr
    assert (tmp_path / POLICY).read_text() == "mine"


def test_one_file_that_is_there_keeps_the_other_from_being_written(tmp_path: Path) -> None:
    (tmp_path / POLICY).parent.mkdir()
    (tmp_path / POLICY).symlink_to(tmp_path / "nowhere")

    done = command("init", cwd=tmp_path)

    assert done.returncode == 2
    assert str(WORKFLOW) not in done.stderr
    assert not (tmp_path / WORKFLOW).exists()


def test_force_replaces_whole_files_and_leaves_no_parts(tmp_path: Path) -> None:
    assert command("init", cwd=tmp_path).returncode == 0
    (tmp_path / POLICY).write_text("mine")

    assert command("init", "--force", cwd=tmp_path).returncode == 0

    assert "extends: [grpo]" in (tmp_path / POLICY).read_text()
    assert sorted(path.name for path in (tmp_path / ".github").iterdir()) == ["gatekeeper.yml", "workflows"]


def test_the_promotion_is_written_beside_what_is_there_and_what_to_add_is_told(tmp_path: Path) -> None:
    command("init", "--project", "team/league", "--workflow", "train", cwd=tmp_path)
    before = [(tmp_path / name).read_text() + "# tuned\n" for name in (POLICY, WORKFLOW)]
    for name, text in zip((POLICY, WORKFLOW), before, strict=True):
        (tmp_path / name).write_text(text)

    done = command("init", "--promotion", "--alias", "live", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"wrote {PROMOTION}\nkept {POLICY}\nkept {WORKFLOW}\n\nNext:\n1. Add to the inputs")
    assert "`checkpoint: newest` and `verify-heads: true`" in done.stdout
    assert "WANDB_PROJECT" not in done.stdout
    assert [(tmp_path / name).read_text() for name in (POLICY, WORKFLOW)] == before
    assert "alias: live" in (tmp_path / PROMOTION).read_text()
    again = command("init", "--promotion", cwd=tmp_path)
    assert (again.returncode, again.stdout) == (2, "")
    assert "got all three; --force replaces" in again.stderr


@pytest.mark.parametrize("words", [("--alias", "live"), ("--to", "a/b/c"), ("--signed",)])
def test_what_is_about_a_promotion_alone_is_refused_without_one(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = command("init", *words, cwd=tmp_path)

    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr == f"gatekeeper: {words[0]}: expected --promotion beside it, got none; give both\n"


def test_another_folder_can_be_named_and_has_to_be_there(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()

    there = command("init", "--dir", "repo", cwd=tmp_path)
    missing = command("init", "--dir", "reop", cwd=tmp_path)

    assert (there.returncode, (tmp_path / "repo" / POLICY).is_file()) == (0, True)
    assert missing.returncode == 2
    assert "reop: expected the folder of a repository" in missing.stderr
    assert not (tmp_path / "reop").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--profile", "gpro"), "--profile: expected one of grpo, league, pipeline, got gpro"),
        (("--profile", "base"), "--profile: expected one of"),
        (("--project", "league"), "--project: expected entity/project, got league"),
        (("--workflow", ""), "--workflow: expected the name of a workflow, got none"),
        (("--workflow", "a\nb"), "--workflow: expected the name of a workflow"),
        (("nowhere.jsonl",), "nowhere.jsonl: expected a run, found nothing there"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_written(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    done = command("init", *words, cwd=tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_by_its_option(tmp_path: Path) -> None:
    (tmp_path / ".github").write_text("a file")

    done = command("init", cwd=tmp_path)

    assert done.returncode == 2
    assert "--dir" in done.stderr


def test_axiom_in_the_environment_proposes_the_profile_of_logs(tmp_path: Path) -> None:
    done = command("init", "--dry-run", cwd=tmp_path, env={"AXIOM_TOKEN": "xaat-1"})

    assert "extends: [grpo, pipeline]" in done.stdout
    assert "xaat-1" not in done.stdout
