"""A repository on GitHub and a project on W&B with a checkpoint that was judged; no expectation may enter."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import DEVNULL, CompletedProcess, Popen
from typing import Any

from action.forge import CONTEXT
from action.publish.ledger import Entry, Standing, join, policy_slot, run_key
from tests.jobs import Done, run_job
from tests.runs import POLICY, clean_environment, command, kl
from tests.services.github import REPOSITORY, SHA, GitHub
from tests.services.github_api import faults
from tests.services.wandb import Wandb
from tests.services.wandb_run import Artifact, Run

MAIN, JOB = "a1" * 20, "42"
POLICY_PATH = ".github/gatekeeper.yml"
ROWS = [{"_step": step, "kl": kl(step)} for step in range(40)]
ABOUT = ("--commit", SHA, "--format", "json")
NEW, OLD = "team/league/adapter:v2", "team/league/adapter:v1"


@dataclass
class Stage:
    """A repository, and a project on W&B with a checkpoint that was judged."""

    folder: Path
    github: GitHub
    wandb: Wandb

    def job(self, event: str = "workflow_dispatch", payload: Any = None, **inputs: str) -> Done:
        """Run the action."""
        env = {f"GATEKEEPER_{name}": text for name, text in inputs.items()} | self.wandb.environment()
        return run_job(self.folder, self.github, event, payload or {"ref": "refs/heads/main"}, **env)

    def judge(self) -> bytes:
        """Judge the run, and pack what came of it, as the workflow does."""
        payload = {"inputs": {}, "repository": {"default_branch": "main"}, "ref": "refs/heads/main"}
        done = self.job(payload=payload, RUN="wandb://team/league/abc123", CHECKPOINT=NEW)
        assert done.outputs["verdict"] == "pass", done.log
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted((self.folder / "gatekeeper-out").rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(self.folder / "gatekeeper-out").as_posix())
        return packed.getvalue()

    def promote(self, *more: str, artifact: str = NEW) -> CompletedProcess[str]:
        """Promote on a command line."""
        return self._command("promote", artifact, "--alias", "production", *more)

    def verify(self, *more: str) -> CompletedProcess[str]:
        """Verify on a command line."""
        return self._command("verify", *more)

    def start(self, *words: str) -> Popen[bytes]:
        """Start a command line in a process of its own, which may be killed."""
        program, env = (sys.executable, "-I", "-m", "action"), {**clean_environment(), **self.environment()}
        return Popen([*program, *words, *ABOUT], cwd=self.folder, env=env, stdout=DEVNULL, stderr=DEVNULL)

    def _command(self, *words: str) -> CompletedProcess[str]:
        return command(*words, *ABOUT, cwd=self.folder, env=self.environment())

    def environment(self) -> dict[str, str]:
        """Give what makes the command line ask here."""
        github = {"GITHUB_TOKEN": self.github.token, "GITHUB_API_URL": self.github.url}
        return {**github, "GITHUB_REPOSITORY": REPOSITORY, **self.wandb.environment()}

    def tell(self, run: str, standing: Standing, minutes: int = 0) -> None:
        """Post a status of a run, as a job does; `minutes` after the verdict that there is."""
        told = json.loads((self.folder / "gatekeeper-out" / "verdict.json").read_text("utf-8"))
        at = f"{datetime.fromisoformat(told['judged_at']) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"
        slot = policy_slot(POLICY_PATH, "main")
        entry = Entry(run=run_key(run), policy=slot, standing=standing, judged_at=at)
        status = {"state": join([entry]).state.value, "context": CONTEXT, "description": "told", "created_at": at}
        target = f"https://github.com/{REPOSITORY}/actions/runs/{JOB}{entry.mark}"
        self.github.memory.post_status(SHA, {**status, "target_url": target})

    def holder(self) -> str | None:
        """Name who holds the alias."""
        return self.wandb.shelf.holder("production")

    def records(self) -> list[dict[str, Any]]:
        """List what the metadata of the version that was judged keep of promotions."""
        version = next(one for one in self.wandb.shelf.versions.values() if one.name == NEW)
        kept: list[dict[str, Any]] = json.loads(str(version.metadata)).get("gatekeeper_promotions", [])
        return kept


def reasons(done: CompletedProcess[str]) -> list[str]:
    """Give why it was refused."""
    assert done.returncode == 10, done.stdout + done.stderr
    return [one["reason"] for one in json.loads(done.stdout)["refusals"]]


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Set it up; nothing is judged yet."""
    now = datetime.now(UTC)
    recent: dict[str, Any] = {
        "created_at": f"{now - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}",
        "heartbeat_at": f"{now:%Y-%m-%dT%H:%M:%S}",
    }
    made = [Artifact(version=1, digest="d1", aliases=["production"]), Artifact(version=2, digest="d2")]
    run = Run(rows=ROWS, commit=SHA, artifacts=made, **recent)
    files = {("main", POLICY_PATH): POLICY, ("main", ".github/workflows/gatekeeper.yml"): "on: workflow_dispatch\n"}
    with GitHub(files) as github, Wandb(run) as wandb:
        github.add_pull(7)
        github.memory.commits[MAIN] = ()
        github.memory.branches["main"] = MAIN
        yield Stage(folder=folder, github=github, wandb=wandb)
        assert [fault for one in github.exchanges for fault in faults(one)] == []


@dataclass(frozen=True)
class Published:
    """What a job that judged leaves behind."""

    archive: bytes
    statuses: list[tuple[str, dict[str, Any]]]


def judge_once(folder: Path) -> Published:
    """Judge, for all stages."""
    with staged(folder) as stage:
        return Published(stage.judge(), list(stage.github.memory.statuses))


def publish(stage: Stage, published: Published) -> None:
    """Let the job have run on this stage."""
    stage.github.memory.statuses += published.statuses
    stage.github.add_workflow_run(int(JOB), MAIN, event="workflow_dispatch")
    stage.github.add_artifact(int(JOB), f"gatekeeper-{JOB}", published.archive)
    with zipfile.ZipFile(io.BytesIO(published.archive)) as archive:
        archive.extractall(stage.folder / "gatekeeper-out")
