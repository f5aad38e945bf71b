"""The workflow of the README in a repository of its own, under a real runner. No expectation may enter.

A finished training workflow starts it; the run is a recording, on a server that plays W&B; what it writes goes to a
server that plays GitHub. The picture of the README is drawn from what it wrote.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

from examples.league.record import RECORDINGS
from tests.act import Runner, commit_all, ship, warm_python
from tests.runs import ROOT
from tests.services.github import REPOSITORY, SHA, GitHub
from tests.services.wandb import Wandb
from tests.services.wandb_run import Run, Table, recorded

PATH = ".github/gatekeeper.yml"
POLICY = "version: 1\nextends: [grpo, league]\n"
PULL = 7
KEEP = """\
name: a stand-in for an action that is not on this machine
inputs: {name: {default: ""}, path: {default: ""}}
runs:
  using: composite
  steps:
    - shell: bash
      env: {NAME: "${{ inputs.name }}", FOLDER: "${{ inputs.path }}"}
      run: mkdir -p "$RESULTS/$NAME" && cp -R "$FOLDER/." "$RESULTS/$NAME"
"""


def workflow() -> str:
    """Return the workflow that the README tells people to paste."""
    blocks = re.findall(r"^```yaml\n(.*?)^```$", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    [found] = [one for one in blocks if one.startswith("name: experiment-gatekeeper\n")]
    text: str = found
    return text


def on_wandb(recipe: str) -> Run:
    """Return a recording as a run on W&B that was trained on the pull request's head, with its games as a table."""
    with gzip.open(RECORDINGS / recipe / "games.jsonl.gz", "rt", encoding="utf-8") as lines:
        games = [json.loads(line) for line in lines]
    columns = list(games[0])
    table = Table(columns=columns, data=[[game[name] for name in columns] for game in games])
    return replace(recorded(recipe, commit=SHA), tables={"games": table})


def finished() -> dict[str, Any]:
    """Return the payload of a training workflow that has ended."""
    owner = REPOSITORY.partition("/")[0]
    pull = {"number": PULL, "head": {"sha": SHA, "ref": "topic"}, "base": {"ref": "main"}}
    run = {
        "id": 99,
        "name": "train",
        "conclusion": "success",
        "head_sha": SHA,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": owner}, "full_name": REPOSITORY},
        "pull_requests": [pull],
    }
    return {"action": "completed", "workflow_run": run, "repository": {"full_name": REPOSITORY}}


def paste(folder: Path, url: str) -> Runner:
    """Paste the workflow into a repository; what it uploads will be in `results`.

    Nothing in it is changed, but that W&B is a server on this machine, at this address.
    """
    repository, results, upload = folder / "repository", folder / "results", folder / "upload"
    file = repository / ".github" / "workflows" / "gatekeeper.yml"
    for one in (file.parent, results, upload):
        one.mkdir(parents=True)
    key = "          wandb-api-key:"
    file.write_text(workflow().replace(key, f"          wandb-base-url: {url}\n{key}"), "utf-8")
    (upload / "action.yml").write_text(KEEP, "utf-8")
    commit_all(repository)
    actions = {"OWNER/experiment-gatekeeper@v1": ship(folder / "shipped")}
    actions |= dict.fromkeys(re.findall(r"uses: (actions/[\w-]+@\w+)", workflow()), upload)
    return Runner(
        repository=repository, beside=folder / "machine", path=[warm_python(folder / "python")], actions=actions
    )


def end_training(machine: Runner, github: GitHub, wandb: Wandb) -> subprocess.CompletedProcess[str]:
    """Let the training of a run end, which starts the workflow."""
    return machine.run(
        "workflow_run",
        finished(),
        {"GITHUB_API_URL": github.url, "RESULTS": str(machine.beside.parent / "results")},
        {"GITHUB_TOKEN": github.token, "WANDB_API_KEY": wandb.environment()["WANDB_API_KEY"]},
    )


def judged(folder: Path, github: GitHub, run: Run) -> subprocess.CompletedProcess[str]:
    """Paste the workflow, and let the training of a run end."""
    with Wandb(run) as wandb:
        return end_training(paste(folder, wandb.environment()["WANDB_BASE_URL"]), github, wandb)
