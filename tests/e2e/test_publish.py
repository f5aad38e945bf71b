"""`gatekeeper publish`: a verdict that was given elsewhere is told to GitHub, from its evidence alone."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.jobs import end_job, pull_event, start_job
from tests.runs import POLICY, command, rows, write_run
from tests.services.github import REPOSITORY, SHA, GitHub

PATH = ".github/gatekeeper.yml"
BAD = rows(kl={step: 0.5 + step / 1_000 for step in range(40)})


def judge(folder: Path, records: Any = None) -> Path:
    folder.mkdir(exist_ok=True)
    write_run(folder, records)
    (folder / "policy.yml").write_text(POLICY)
    command("check", "run.jsonl", "--policy", "policy.yml", "--out", "out", cwd=folder)
    return folder


def publish(folder: Path, github: GitHub, *words: str, **env: str) -> Any:
    told = {"GITHUB_TOKEN": github.token, "GITHUB_API_URL": github.url, **env}
    return command("publish", "out", "--github", REPOSITORY, *words, cwd=folder, env=told)


@pytest.mark.parametrize(("records", "state"), [(None, "success"), (BAD, "failure")])
def test_status_check_run_and_comment_say_what_the_evidence_says(tmp_path: Path, records: Any, state: str) -> None:
    with GitHub() as github:
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
    with GitHub() as github:
        publish(tmp_path, github, "--sha", SHA)

    assert [said["state"] for _, said in github.memory.statuses] == ["failure"]


def test_what_the_action_judged_takes_its_own_place_and_an_older_verdict_none(tmp_path: Path) -> None:
    with GitHub({("main", PATH): POLICY}) as github:
        github.add_pull(7)
        for name, records in (("older", BAD), ("newer", None)):
            folder = tmp_path / name
            folder.mkdir()
            write_run(folder, records)
            job = end_job(folder, start_job(folder, github, "pull_request", pull_event(), GATEKEEPER_RUN="run.jsonl"))
            (folder / "gatekeeper-out").rename(folder / "out")
            assert job.code == (10 if records else 0)
        document = json.loads((tmp_path / "older" / "out" / "verdict.json").read_text())
        done = publish(tmp_path / "older", github)
        again = publish(tmp_path / "newer", github)

    assert document["sha"] == SHA  # known without --sha
    assert "A later verdict on this run" in done.stdout
    assert (done.returncode, again.returncode) == (0, 0)
    assert github.memory.statuses[-1][1]["state"] == "success"
    assert len(github.memory.check_runs) == len(github.memory.comments) == 1


def test_a_rehearsal_and_a_trial_set_no_status(tmp_path: Path) -> None:
    with GitHub() as github:
        github.add_pull(7)
        rehearsed = publish(judge(tmp_path), github, "--sha", SHA, "--dry-run")
        assert not any(request.method != "GET" for request in github.requests)
        (tmp_path / "policy.yml").write_text(f"trial: true\n{POLICY}")
        command("check", "run.jsonl", "--policy", "policy.yml", "--out", "out", cwd=tmp_path)
        publish(tmp_path, github, "--sha", SHA)

    assert "would write: status experiment-gatekeeper" in rehearsed.stdout
    assert (github.memory.statuses, len(github.memory.comments)) == ([], 1)


def test_what_could_not_be_written_is_told_with_its_permission(tmp_path: Path) -> None:
    with GitHub() as github:
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
    with GitHub() as github:
        done = publish(judge(tmp_path), github, *words, **env)

    assert done.returncode == 2
    assert done.stderr.startswith(f"gatekeeper: {told}")
    assert len(done.stderr.splitlines()) == 1
    assert github.requests == ()


def test_without_evidence_nothing_is_published(tmp_path: Path) -> None:
    with GitHub() as github:
        folder = judge(tmp_path)
        shutil.rmtree(folder / "out" / "evidence")
        done = publish(folder, github, "--sha", SHA)

    assert done.returncode == 2
    assert "without its evidence is not published" in done.stderr
    assert github.requests == ()
