"""`gatekeeper publish`: a verdict that was given elsewhere is told to GitHub, from its evidence alone."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import pull_event, run_job
from tests.runs import POLICY, command, rows, write_run
from tests.services.github import REPOSITORY, SHA, GitHub

PATH = ".github/gatekeeper.yml"
BAD = rows(kl={step: 0.5 + step / 1_000 for step in range(40)})


def judge(folder: Path, records: Any = None, policy: str = POLICY) -> Path:
    folder.mkdir(exist_ok=True)
    write_run(folder, records)
    (folder / PATH).parent.mkdir(exist_ok=True)
    (folder / PATH).write_text(policy)
    command("check", "run.jsonl", "--out", "out", cwd=folder)
    return folder


def repository(policy: str = POLICY) -> GitHub:
    return GitHub({("main", PATH): policy})


def wait_for_another_second() -> None:
    """Let what is judged next be later than what was: a verdict is dated to the second."""
    time.sleep(1.01 - time.time() % 1)


def publish(folder: Path, github: GitHub, *words: str, **env: str) -> Any:
    told = {"GITHUB_TOKEN": github.token, "GITHUB_API_URL": github.url, **env}
    return command("publish", "out", "--github", REPOSITORY, *words, cwd=folder, env=told)


@pytest.mark.parametrize(("records", "state"), [(None, "success"), (BAD, "failure")])
def test_status_check_run_and_comment_say_what_the_evidence_says(tmp_path: Path, records: Any, state: str) -> None:
    with repository() as github:
        github.add_pull(7)
        done = publish(judge(tmp_path, records), github, "--sha", SHA)

    assert (done.returncode, done.stderr) == (0, "")
    assert [(at, said["state"]) for at, said in github.memory.statuses] == [(SHA, state)]
    [report] = github.memory.check_runs.values()
    assert report["conclusion"] == state
    [(_, comment)] = github.memory.comments.values()
    assert ("✅" in comment["body"]) is (state == "success")
    assert github.token not in done.stdout


def test_a_verdict_that_was_edited_is_given_again(tmp_path: Path) -> None:
    path = judge(tmp_path, BAD) / "out" / "verdict.json"
    path.write_text(path.read_text().replace('"fail"', '"pass"'))
    with repository() as github:
        publish(tmp_path, github, "--sha", SHA)

    assert [said["state"] for _, said in github.memory.statuses] == ["failure"]


def test_what_the_action_judged_takes_its_own_place_and_an_older_verdict_none(tmp_path: Path) -> None:
    with repository() as github:
        github.add_pull(7)
        for name, records in (("older", BAD), ("newer", None)):
            folder = tmp_path / name
            folder.mkdir()
            wait_for_another_second()
            write_run(folder, records)
            job = run_job(folder, github, "pull_request", pull_event(), GATEKEEPER_RUN="run.jsonl")
            assert job.code == (10 if records else 0), job.stdout + job.stderr
            (folder / "gatekeeper-out").rename(folder / "out")
        document = json.loads((tmp_path / "older" / "out" / "verdict.json").read_text())
        done = publish(tmp_path / "older", github)
        again = publish(tmp_path / "newer", github)

    assert document["sha"] == SHA  # known without --sha
    assert "A later verdict on this run" in done.stdout
    assert (done.returncode, again.returncode) == (0, 0)
    assert github.memory.statuses[-1][1]["state"] == "success"
    assert len(github.memory.check_runs) == len(github.memory.comments) == 1


def test_a_rehearsal_and_a_trial_set_no_status(tmp_path: Path) -> None:
    with repository() as github:
        github.add_pull(7)
        rehearsed = publish(judge(tmp_path), github, "--sha", SHA, "--dry-run")
        assert not any(request.method != "GET" for request in github.requests)
        trial = f"{POLICY}trial: true\n"
        github.files["main", PATH] = trial
        publish(judge(tmp_path, policy=trial), github, "--sha", SHA)

    assert "would write: status experiment-gatekeeper" in rehearsed.stdout
    assert (github.memory.statuses, len(github.memory.comments)) == ([], 1)


def test_what_could_not_be_written_is_told_with_its_permission(tmp_path: Path) -> None:
    with repository() as github:
        github.add_pull(7)
        github.missing.add("checks: write")
        done = publish(judge(tmp_path), github, "--sha", SHA)

    assert done.returncode == 3
    assert "checks: write" in done.stderr
    assert [said["state"] for _, said in github.memory.statuses] == ["success"]


@pytest.mark.parametrize(
    ("words", "env", "told"),
    [
        (["--sha", "c0ffee"], {}, "--sha: expected a whole commit"),
        ([], {}, "--sha: expected a whole commit of 40 hexadecimal digits, got none"),
        (["--sha", SHA], {"GITHUB_TOKEN": ""}, "GITHUB_TOKEN: expected a token"),
        (["--sha", SHA, "--publish", "everything"], {}, "publish: expected status, check-run, comment or none"),
        (["--sha", SHA, "--github", "nobody"], {}, "--github: expected OWNER/NAME"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(tmp_path: Path, words: list[str], env: dict[str, str], told: str) -> None:
    with repository() as github:
        done = publish(judge(tmp_path), github, *words, **env)

    assert done.returncode == 2
    assert done.stderr.startswith(f"gatekeeper: {told}")
    assert len(done.stderr.splitlines()) == 1
    assert github.requests == ()


@pytest.mark.parametrize("policy", [POLICY.replace("0.15", "9.5"), None])
def test_a_verdict_by_another_policy_than_the_one_in_force_is_not_published(tmp_path: Path, policy: str | None) -> None:
    with GitHub({} if policy is None else {("main", PATH): policy}) as github:
        github.add_pull(7)
        done = publish(judge(tmp_path), github, "--sha", SHA)

    assert done.returncode == 2
    assert "expected the policy that is in force on the branch main" in done.stderr
    assert github.memory.statuses == []


def test_without_evidence_nothing_is_published(tmp_path: Path) -> None:
    with repository() as github:
        folder = judge(tmp_path)
        shutil.rmtree(folder / "out" / "evidence")
        done = publish(folder, github, "--sha", SHA)

    assert done.returncode == 2
    assert "without its evidence is not published" in done.stderr
    assert github.requests == ()
