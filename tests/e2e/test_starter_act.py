"""The workflow that `init` writes, under a real runner (nektos/act): its expressions hold, and the gate reports."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from action.publish.ledger import Standing
from tests.act import Runner, commit_all, ship, warm_python
from tests.jobs import mark
from tests.runs import command
from tests.services.github import REPOSITORY, SHA, GitHub

WORKFLOW = Path(".github/workflows/gatekeeper.yml")
GROUP = "f" * 40
STAND_IN = """\
name: a stand-in for an action that is not on this machine
inputs: {name: {default: ""}, path: {default: ""}, ref: {default: ""}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", FOLDER: "${{ inputs.path }}", REF: "${{ inputs.ref }}"}
      run: echo "$REF$NAME $FOLDER" >> "$RESULTS"
"""


@pytest.fixture(name="repository")
def _repository(tmp_path: Path) -> Path:
    """Make a repository that `init` was used in."""
    folder = tmp_path / "repository"
    folder.mkdir()
    assert command("init", "--project", "team/league", cwd=folder).returncode == 0
    commit_all(folder)
    return folder


def act(repository: Path, github: GitHub, event: str, payload: Any) -> subprocess.CompletedProcess[str]:
    """Let an event start the workflow on this machine; what other actions were asked is in the file `asked`."""
    beside = repository.parent
    (beside / "stand-in").mkdir()
    (beside / "stand-in" / "action.yml").write_text(STAND_IN)
    others = re.findall(r"uses: (actions/[\w-]+@\w+)", (repository / WORKFLOW).read_text())
    actions = {"OWNER/experiment-gatekeeper@v1": ship(beside / "shipped")}
    actions |= dict.fromkeys(others, beside / "stand-in")
    runner = Runner(repository=repository, beside=beside, path=[warm_python(beside / "python")], actions=actions)
    env = {"GITHUB_API_URL": github.url, "RESULTS": str(beside / "asked")}
    return runner.run(event, payload, env, {"GITHUB_TOKEN": github.token})


def test_a_merge_group_gets_its_status_and_the_verdict_is_kept(repository: Path) -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-7-{'b' * 40}"
    group = {"head_sha": GROUP, "head_ref": ref, "base_sha": "b" * 40, "base_ref": "refs/heads/main"}
    payload = {"merge_group": group, "repository": {"default_branch": "main", "full_name": REPOSITORY}}
    with GitHub() as github:
        github.add_pull(7, SHA)
        github.memory.commits |= {"b" * 40: (), SHA: ("b" * 40,), GROUP: ("b" * 40, SHA)}
        github.memory.post_status(SHA, mark(Standing.PASS))
        done = act(repository, github, "merge_group", payload)
        posted = [one for one in github.requests if one.method == "POST" and one.path.endswith(f"/statuses/{GROUP}")]

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert [one.json["state"] for one in posted] == ["success"]
    assert re.fullmatch(r"main \ngatekeeper-\d+ \S+/gatekeeper-out\n", (repository.parent / "asked").read_text())
    assert github.token not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("pull_request", {"action": "labeled", "label": {"name": "bug"}, "pull_request": {"head": {"sha": SHA}}}),
        ("workflow_run", {"action": "completed", "workflow_run": {"id": 1, "conclusion": "skipped"}}),
    ],
)
def test_what_is_no_reason_to_judge_starts_no_step(repository: Path, event: str, payload: dict[str, Any]) -> None:
    with GitHub() as github:
        done = act(repository, github, event, payload)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert github.requests == ()
    assert not (repository.parent / "asked").exists()
