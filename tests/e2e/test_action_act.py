"""The action under a real runner (nektos/act): installed from its lock, as a workflow of another repository uses it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runs import POLICY, ROOT, write_run
from tests.services.github import REPOSITORY, GitHub

SHIPPED = ("action.yml", "requirements.lock", "pyproject.toml", "README.md", "LICENSE")
PACKAGES = ("action", "checks", "templates")
GIT = shutil.which("git") or "git"
WORKFLOW = """\
on: [workflow_dispatch]
permissions:
  contents: read
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - uses: owner/gatekeeper@v1
        id: good
        with:
          run: good.jsonl
          out: good
      - uses: owner/gatekeeper@v1
        id: bad
        continue-on-error: true
        with:
          run: bad.jsonl
          out: bad
      - env:
          GOOD: ${{ toJSON(steps.good.outputs) }}
          BAD: ${{ toJSON(steps.bad.outputs) }}
        run: |
          printf '%s' "$GOOD" > "$RESULTS/good.json"
          printf '%s' "$BAD" > "$RESULTS/bad.json"
"""


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what users get of the repository."""
    folder = tmp_path_factory.mktemp("shipped")
    for name in SHIPPED:
        shutil.copy(ROOT / name, folder)
    for name in PACKAGES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Make a repository that uses the action, with packages of our names that must not be imported."""
    folder = tmp_path / "repository"
    write_run(folder, name="good.jsonl")
    write_run(folder, [{"step": step, "kl": 0.5 + step / 1000} for step in range(40)], name="bad.jsonl")
    for name in PACKAGES:
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('the code of the pull request ran')\n")
    (folder / "sitecustomize.py").write_text("raise SystemExit('the code of the pull request ran')\n")
    (folder / ".github" / "workflows").mkdir(parents=True)
    (folder / ".github" / "workflows" / "gate.yml").write_text(WORKFLOW)
    for words in (
        ("init", "--quiet", "--initial-branch", "main"),
        ("remote", "add", "origin", f"https://github.com/{REPOSITORY}.git"),
        ("add", "--all"),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "--quiet", "--message", "x"),
    ):
        subprocess.run([GIT, *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub({("main", ".github/gatekeeper.yml"): POLICY}) as service:
        yield service


def act(workspace: Path, shipped: Path, github: GitHub, results: Path) -> subprocess.CompletedProcess[str]:
    """Run the workflow on this machine."""
    home = workspace.parent / "home"
    home.mkdir()
    (workspace.parent / "event.json").write_text(json.dumps({"inputs": {}}))
    words = [
        Path(sys.prefix) / "bin" / "act",
        "workflow_dispatch",
        *("-e", workspace.parent / "event.json"),
        *("-P", "ubuntu-latest=-self-hosted"),
        *("--action-offline-mode", "--no-cache-server", "--rm"),
        *("--local-repository", f"owner/gatekeeper@v1={shipped}"),
        *("--env", f"GITHUB_API_URL={github.url}", "--env", f"RESULTS={results}"),
        *("-s", f"GITHUB_TOKEN={github.token}"),
    ]
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))}
    path = f"{Path(sys.base_prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        list(map(str, words)),
        cwd=workspace,
        env={**kept, "HOME": str(home), "PATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )


def told(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def test_a_workflow_that_uses_the_action_gets_its_verdicts(
    tmp_path: Path, workspace: Path, shipped: Path, github: GitHub
) -> None:
    results = tmp_path / "results"
    results.mkdir()
    done = act(workspace, shipped, github, results)

    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    good, bad = told(results / "good.json"), told(results / "bad.json")
    assert (good["verdict"], good["exit-code"], good["report"]) == ("pass", "0", "good/verdict.md")
    assert (bad["verdict"], bad["exit-code"], bad["reason-code"]) == ("fail", "10", "kl-p95")
    assert "the code of the pull request ran" not in done.stdout + done.stderr
    assert github.token not in done.stdout + done.stderr
    assert next(one.path for one in github.requests if "contents" in one.path).endswith(".github/gatekeeper.yml")
