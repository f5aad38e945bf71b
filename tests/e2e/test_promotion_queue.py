"""A merge queue that believes no status: a head passes only if an artifact of our workflow stands behind it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from action.publish.ledger import Standing, policy_slot
from tests.jobs import Done, run_job
from tests.promotions import BEFORE, JOB, NOW, POLICY_PATH, SIDE, TIME, Stage, judged, publish, staged
from tests.runs import POLICY
from tests.services.github import SHA

GROUP = "f" * 40
HEADS = {"GATEKEEPER_VERIFY_HEADS": "true"}


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with staged(tmp_path) as made:
        made.github.add_pull(7)
        made.github.memory.commits |= {SHA: (BEFORE,), GROUP: (BEFORE, SHA)}
        yield made


def queue(stage: Stage, **env: str) -> Done:
    group = {"head_sha": GROUP, "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{BEFORE}", "base_sha": BEFORE}
    payload: dict[str, Any] = {"merge_group": group | {"base_ref": "refs/heads/main"}}
    payload["repository"] = {"default_branch": "main"}
    return run_job(stage.folder, stage.github, "merge_group", payload, **env)


def status(stage: Stage) -> dict[str, Any]:
    [told] = [one for at, one in stage.github.memory.statuses if at == GROUP]
    return told


def test_a_head_with_a_verdict_of_our_workflow_behind_it_passes(stage: Stage) -> None:
    publish(stage)

    assert queue(stage, **HEADS).code == 0
    assert status(stage)["state"] == "success"


def test_a_forged_status_passes_no_merge_group(stage: Stage) -> None:
    stage.post()

    done = queue(stage, **HEADS)

    assert (done.code, status(stage)["state"]) == (10, "failure")
    assert status(stage)["description"] == (
        "of the merge group #7 has a status that no verdict of our workflow stands behind"
    )
    assert any("#7: refused (untrusted): " in line for line in done.log)


@pytest.mark.parametrize(
    "change",
    [
        {"path": ".github/workflows/mine.yml"},
        {"event": "pull_request", "head_sha": SIDE},
    ],
)
def test_what_others_packed_passes_no_merge_group(stage: Stage, change: dict[str, str]) -> None:
    publish(stage)
    stage.github.add_workflow_run(JOB, BEFORE, **change)

    assert queue(stage, **HEADS).code == 10


def test_a_verdict_by_an_older_policy_passes_no_merge_group(stage: Stage) -> None:
    publish(stage)
    stage.github.files["main", POLICY_PATH] = POLICY.replace("0.1", "0.05")

    done = queue(stage, **HEADS)

    assert done.code == 10
    assert any("is by another policy than the one in force" in line for line in done.log)


def test_a_verdict_for_another_commit_passes_no_merge_group(stage: Stage) -> None:
    publish(stage)
    other = judged(stage.folder, origin=None)
    stage.github.memory.artifacts.clear()
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive(other))

    assert any("is for another commit" in line for line in queue(stage, **HEADS).log)


def test_every_run_of_a_head_has_to_have_its_verdict(stage: Stage) -> None:
    publish(stage)
    stage.post(job=JOB + 1, run="another")

    assert queue(stage, **HEADS).code == 10


def other(stage: Stage, standing: Standing, seconds: int, job: int) -> None:
    """Tell of a verdict by another policy."""
    at = (NOW + timedelta(seconds=seconds - 60)).strftime(TIME)
    stage.post(standing, job, policy=policy_slot("other.yml", "main"), judged_at=at)


def test_a_forged_pass_by_another_policy_takes_no_failure_away(stage: Stage) -> None:
    publish(stage)
    other(stage, Standing.FAIL, 0, JOB + 1)
    assert queue(stage, **HEADS).code == 10
    other(stage, Standing.PASS, 1, 999)

    done = queue(stage, **HEADS)

    assert done.code == 10
    assert any("#7: by another policy, refused (untrusted): " in line for line in done.log)


def test_a_failure_by_another_policy_is_made_good_by_a_verdict_of_our_workflow(stage: Stage) -> None:
    publish(stage)
    other(stage, Standing.FAIL, 0, JOB + 1)
    other(stage, Standing.PASS, 1, JOB)

    assert queue(stage, **HEADS).code == 0


def test_a_pass_by_another_policy_is_asked_for_nothing(stage: Stage) -> None:
    publish(stage)
    other(stage, Standing.PASS, 1, 999)

    assert queue(stage, **HEADS).code == 0


def test_who_does_not_ask_for_it_gets_the_statuses_as_they_are(stage: Stage) -> None:
    stage.post()

    assert queue(stage).code == 0
