"""`verify --commit`: the verdict of a commit, from an artifact that our workflow on the default branch made, or from
nowhere. Real client, a server that plays GitHub, every exchange as GitHub describes it.
"""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from action.publish.ledger import Standing, policy_slot
from checks.run import Origin
from tests.promotions import BEFORE, JOB, MAIN, NOW, POLICY_PATH, SIDE, TIME, Stage, judged, key_of, publish, staged
from tests.runs import POLICY, command
from tests.services.github import REPOSITORY, SHA
from tests.services.github_api import faults


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        yield made
        assert [fault for one in made.github.exchanges for fault in faults(one)] == []


@pytest.fixture
def posted(stage: Stage) -> Stage:
    publish(stage)
    return stage


def test_the_verdict_of_a_commit_is_taken_from_the_artifact_of_our_workflow(posted: Stage) -> None:
    done = posted.verify(run=command)

    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    assert (told["verified"], told["refusals"]) == (True, [])
    assert (told["verdict"]["trust"], told["verdict"]["sha"]) == ("workflow", SHA)
    assert posted.github.token not in done.stdout + done.stderr
    assert len(posted.github.requests) < 10


def test_a_forged_status_alone_promotes_nothing(stage: Stage) -> None:
    stage.post()

    done = stage.verify(run=command)

    assert [one["reason"] for one in json.loads(done.stdout)["refusals"]] == ["untrusted"]


def test_without_a_status_there_is_no_verdict(stage: Stage) -> None:
    assert stage.reasons() == ["no-verdict"]


@pytest.mark.parametrize(("policy", "base"), [("other.yml", "main"), (POLICY_PATH, "release"), (POLICY_PATH, None)])
def test_a_pass_in_the_slot_of_another_policy_or_branch_alone_is_no_verdict(
    stage: Stage, policy: str, base: str | None
) -> None:
    publish(stage, policy=policy_slot(policy, base))

    assert stage.reasons() == ["no-verdict"]


NOT_OURS: dict[str, dict[str, Any]] = {
    "another workflow file": {"path": ".github/workflows/mine.yml"},
    "a pull request": {"event": "pull_request", "head_branch": "topic", "head_sha": SIDE},
    "a pull request from a branch that is called main": {"event": "pull_request", "head_sha": SIDE},
    "a pull request's target, which runs the base but says the head": {"event": "pull_request_target"},
    "a merge group": {"event": "merge_group", "head_branch": "gh-readonly-queue/main/pr-7"},
    "another branch": {"head_branch": "topic"},
    "a tag that is called main": {"head_sha": SIDE},
    "a commit that is not there": {"head_sha": "d4" * 20},
    "a fork": {"head_repository": "stranger/league"},
    "no branch": {"head_branch": None},
}


@pytest.mark.parametrize("told", NOT_OURS)
def test_an_artifact_that_others_made_is_believed_by_nobody(stage: Stage, told: str) -> None:
    stage.post()
    stage.github.add_workflow_run(JOB, MAIN, **NOT_OURS[told])
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive())

    assert stage.reasons() == ["untrusted"]


def _replayed(stage: Stage, **settings: Any) -> None:
    """Let our workflow have judged something else, and a status of this commit point there."""
    other = judged(stage.folder, **settings)
    stage.github.memory.artifacts.clear()
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive(other))


def _later() -> str:
    return (NOW + timedelta(minutes=1)).strftime(TIME)


def _emptied(stage: Stage) -> None:
    (stage.out / "verdict.json").unlink()
    stage.github.memory.artifacts.clear()
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive())


def _expired(stage: Stage) -> None:
    for one in stage.github.memory.artifacts.values():
        one["expired"] = True


REPLAYS: dict[str, tuple[Callable[[Stage], object], str]] = {
    "a verdict of another repository": (
        lambda stage: _replayed(stage, origin=Origin(repository="team/other", sha=SHA, attempt=1)),
        "other-repository",
    ),
    "a verdict for another commit": (
        lambda stage: _replayed(stage, origin=Origin(repository=REPOSITORY, sha=MAIN, attempt=1)),
        "other-commit",
    ),
    "an older verdict": (lambda stage: _replayed(stage, at=NOW - timedelta(hours=1)), "no-verdict"),
    "an artifact without a verdict": (_emptied, "no-verdict"),
    "an artifact that has expired": (_expired, "no-verdict"),
    "a later verdict that fails": (lambda stage: stage.post(Standing.FAIL, judged_at=_later()), "no-verdict"),
    "a run that is being judged again": (
        lambda stage: stage.post(Standing.WAITING, judged_at=_later()),
        "superseded",
    ),
    "another policy in force": (
        lambda stage: stage.github.files.update({("main", POLICY_PATH): POLICY.replace("0.1", "0.2")}),
        "other-policy",
    ),
    "a checkpoint that was replaced": (
        lambda stage: (stage.folder / "adapter.bin").write_text("others"),
        "other-checkpoint",
    ),
}


@pytest.mark.parametrize("what", REPLAYS)
def test_what_is_replayed_is_refused_by_name(posted: Stage, what: str) -> None:
    act, reason = REPLAYS[what]
    act(posted)

    assert posted.reasons() == [reason]


def test_of_several_runs_of_a_commit_the_one_that_names_the_bytes_is_meant(posted: Stage) -> None:
    (posted.folder / "other.bin").write_text("other weights")
    other = judged(posted.folder, "other", checkpoint=str(posted.folder / "other.bin"))
    posted.github.memory.artifacts.clear()
    posted.github.add_artifact(JOB, f"gatekeeper-{JOB}", posted.archive(posted.out, other))
    posted.post(run=key_of(other))

    done = posted.verify()

    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["verdict"]["run"]["name"] == "grpo-7"
    assert posted.reasons("--run", "other") == ["other-checkpoint"]
    assert posted.reasons("--run", "nobody") == ["no-verdict"]


def test_two_runs_with_the_same_bytes_have_to_be_told_apart(posted: Stage) -> None:
    other = judged(posted.folder, "other")
    posted.github.memory.artifacts.clear()
    posted.github.add_artifact(JOB, f"gatekeeper-{JOB}", posted.archive(posted.out, other))
    posted.post(run=key_of(other))

    assert posted.reasons() == ["several-verdicts"]
    assert posted.verify("--run", "grpo-7").returncode == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"no archive", b"PK\x05\x06" + b"\0" * 18],
)
def test_an_artifact_that_is_none_is_told_in_one_line(posted: Stage, content: bytes) -> None:
    posted.github.memory.artifacts.clear()
    posted.github.add_artifact(JOB, f"gatekeeper-{JOB}", content)

    done = posted.verify()

    assert done.returncode in (2, 10)
    assert (done.stderr + done.stdout).count("Traceback") == 0


def test_a_policy_that_is_named_and_not_in_the_repository_is_told(posted: Stage) -> None:
    done = posted.verify("--policy", "other.yml")

    assert done.returncode == 2
    assert "other.yml: expected the policy on the default branch of team/league, found none there" in done.stderr


@pytest.mark.parametrize("permission", ["statuses: read", "contents: read", "actions: read"])
def test_a_token_that_may_not_look_is_told_what_it_lacks(posted: Stage, permission: str) -> None:
    posted.github.missing = {permission}

    done = posted.verify(run=command)

    assert done.returncode == 3
    assert done.stderr.startswith("gatekeeper: GitHub: expected the permission to access ")
    assert f"`{permission.replace('statuses: read', 'statuses: write')}`" in done.stderr


def test_a_commit_without_a_token_or_a_repository_is_told(stage: Stage) -> None:
    words = ("verify", "--commit", SHA, "--path", "adapter.bin")

    without_token = command(*words, "--repository", REPOSITORY, cwd=stage.folder)
    without_repository = command(*words, cwd=stage.folder, env={"GITHUB_TOKEN": "x"})

    assert "GITHUB_TOKEN: expected a token that may read statuses" in without_token.stderr
    assert "--repository: expected OWNER/NAME, got none" in without_repository.stderr


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_an_hour_off_githubs_is_told(posted: Stage, hours: int) -> None:
    posted.github.set_ahead(hours * 3_600)

    assert posted.reasons() == ["clock"]


def test_without_githubs_time_nothing_is_verified(posted: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.cli.repository.server_time", lambda _: None)

    done = posted.verify()

    assert (done.returncode, done.stdout) == (3, "")
    assert "GitHub: expected its time from http://127.0.0.1:" in done.stderr


# Ways that were tried by somebody who may post statuses, push tags and start workflows.


def test_a_mark_of_a_run_that_was_never_judged_brings_no_older_verdict_back(posted: Stage) -> None:
    posted.post(Standing.WAITING, judged_at=_later())
    assert posted.reasons() == ["superseded"]

    posted.post(Standing.FAIL, run="zzz")

    assert sorted(posted.reasons()) == ["no-verdict", "superseded"]


@pytest.mark.parametrize("event", ["workflow_dispatch", "push"])
def test_a_tag_on_a_commit_of_the_branch_that_had_another_workflow_is_not_the_branch(posted: Stage, event: str) -> None:
    posted.github.files[BEFORE, ".github/workflows/gatekeeper.yml"] = "on: push  # writes any verdict\n"
    posted.github.files["main", ".github/workflows/gatekeeper.yml"] = "on: push\n"
    posted.github.add_workflow_run(JOB, BEFORE, event=event)
    assert posted.reasons() == ["untrusted"]

    posted.github.files[BEFORE, ".github/workflows/gatekeeper.yml"] = "on: push\n"

    assert posted.verify().returncode == 0


@pytest.mark.parametrize("event", ["workflow_run", "schedule", "repository_dispatch"])
def test_an_old_job_that_was_started_again_runs_no_workflow_of_the_past(posted: Stage, event: str) -> None:
    posted.github.files[BEFORE, ".github/workflows/gatekeeper.yml"] = "on: push  # writes any verdict\n"
    posted.github.files["main", ".github/workflows/gatekeeper.yml"] = "on: push\n"
    posted.github.add_workflow_run(JOB, BEFORE, event=event)
    assert posted.verify().returncode == 0  # as the branch had it when it was begun

    posted.github.add_workflow_run(JOB, BEFORE, event=event, run_attempt=2)

    assert posted.reasons() == ["untrusted"]


def test_marks_of_others_do_not_hide_the_run_that_is_named(posted: Stage) -> None:
    for number in range(25):
        posted.post(job=JOB + 1, run=f"other{number}", judged_at=_later())

    assert posted.verify("--run", "grpo-7").returncode == 0
    assert len([one for one in posted.github.requests if one.path.endswith(f"/actions/runs/{JOB + 1}")]) <= 1


def test_an_artifact_that_is_none_does_not_stop_the_verdict_of_another_run(posted: Stage) -> None:
    posted.post(job=JOB + 1, run="other")
    posted.github.add_workflow_run(JOB + 1, BEFORE)
    posted.github.add_artifact(JOB + 1, f"gatekeeper-{JOB + 1}", b"no archive")

    assert posted.verify().returncode == 0


def test_a_swept_run_with_odd_letters_in_its_id_is_found(posted: Stage) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(posted.out.rglob("*")):
            if path.is_file():
                archive.write(path, f"-grpo~0%2E5b/{path.relative_to(posted.out).as_posix()}")
    posted.github.memory.artifacts.clear()
    posted.github.add_artifact(JOB, f"gatekeeper-{JOB}", content.getvalue())

    assert posted.verify().returncode == 0
