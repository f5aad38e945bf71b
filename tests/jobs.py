"""A job of GitHub Actions as `action.yml` starts it, for tests and benches. No expectation may enter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from action.forge import CONTEXT
from action.publish.ledger import Entry, Standing, join, policy_slot
from tests.runs import clean_environment, command
from tests.services.github import REPOSITORY, SHA


class Server(Protocol):
    """A server that plays GitHub."""

    token: str

    @property
    def url(self) -> str:
        """Where it listens."""
        ...


POLICY_PATH = ".github/gatekeeper.yml"
OLD = "2026-01-05T06:00:00Z"


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a job ended, and what it told the runner."""

    code: int
    stdout: str
    stderr: str
    outputs: Mapping[str, str]
    summary: str

    @property
    def log(self) -> list[str]:
        """Its lines."""
        return self.stdout.splitlines()


def pull_event(base: str = "main", fork: bool = False, sha: str = SHA) -> dict[str, Any]:
    """Return the payload of a pull request."""
    origin = "stranger/league" if fork else REPOSITORY
    return {
        "pull_request": {
            "number": 7,
            "head": {"sha": sha, "ref": "topic", "repo": {"full_name": origin}},
            "base": {"ref": base, "repo": {"full_name": REPOSITORY}},
        }
    }


def run_job(folder: Path, github: Server, event: str, payload: Any, **env: str) -> Done:
    """Do a job in a folder, as the second step of `action.yml` does."""
    given = _prepare(folder, github, event, payload, env)
    done = command("action", cwd=folder, env=given, timeout=180)
    return _done(folder, done.returncode, done.stdout, done.stderr)


def start_job(folder: Path, github: Server, event: str, payload: Any, **env: str) -> subprocess.Popen[str]:
    """Start a job likewise, to be waited for by `end_job`."""
    return subprocess.Popen(
        [sys.executable, "-I", "-m", "action", "action"],
        cwd=folder,
        env=clean_environment() | _prepare(folder, github, event, payload, env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        start_new_session=os.name == "posix",
    )


def _prepare(folder: Path, github: Server, event: str, payload: Any, env: Mapping[str, str]) -> dict[str, str]:
    """Write the event down, and give the job's environment."""
    (folder / "event.json").write_text(json.dumps(payload), encoding="utf-8")
    for name in ("outputs", "summary.md"):
        (folder / name).unlink(missing_ok=True)
    return {
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SHA": SHA,
        "GITHUB_RUN_ID": "42",
        "GITHUB_API_URL": github.url,
        "GITHUB_TOKEN": github.token,
        "GITHUB_OUTPUT": str(folder / "outputs"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        "HOME": str(folder),
        **env,
    }


def end_job(folder: Path, process: subprocess.Popen[str], seconds: float = 180) -> Done:
    """Wait for a job."""
    stdout, stderr = process.communicate(timeout=seconds)
    return _done(folder, process.returncode, stdout, stderr)


def _done(folder: Path, code: int, stdout: str, stderr: str) -> Done:
    summary = folder / "summary.md"
    return Done(
        code=code,
        stdout=stdout,
        stderr=stderr,
        outputs=read_outputs(folder / "outputs"),
        summary=summary.read_text("utf-8") if summary.exists() else "",
    )


def read_outputs(path: Path) -> dict[str, str]:
    """Read what a step set as its outputs; of one that was set twice the last counts."""
    found: dict[str, str] = {}
    lines = iter(path.read_text("utf-8").splitlines() if path.exists() else [])
    for line in lines:
        name, mark = line.split("<<")
        value = []
        for inner in lines:
            if inner == mark:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def mark(standing: Standing, run: str = "r", base: str | None = "main", judged_at: str = OLD) -> dict[str, Any]:
    """Return the status that a job leaves behind: how a run stands by the policy of a branch."""
    entry = Entry(run=run, policy=policy_slot(POLICY_PATH, base), standing=standing, judged_at=judged_at)
    return {
        "state": join([entry]).state.value,
        "context": CONTEXT,
        "description": f"{run} stands so",
        "target_url": f"https://github.com/{REPOSITORY}/actions/runs/1{entry.mark}",
    }
