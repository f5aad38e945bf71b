"""A repository on GitHub with a run that was judged, and the artifact of its workflow; no expectation may enter."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from action.forge import CONTEXT
from action.publish.ledger import Entry, Standing, join, policy_slot, run_key
from checks.run import Origin
from tests.runs import POLICY, here, judge_path, kl, rows, write_output, write_run
from tests.services.github import REPOSITORY, SHA, GitHub

MAIN, SIDE, BEFORE = "a1" * 20, "b2" * 20, "c3" * 20
JOB = 4242
NOW = datetime.now(UTC)
TIME = "%Y-%m-%dT%H:%M:%SZ"
POLICY_PATH = ".github/gatekeeper.yml"


@dataclass
class Stage:
    """A repository with one run that was judged."""

    folder: Path
    github: GitHub
    out: Path
    judged_at: str
    run: str

    def archive(self, *folders: Path) -> bytes:
        """Pack folders as `actions/upload-artifact` does."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for folder in folders or (self.out,):
                before = folder if len(folders) < 2 else folder.parent.parent
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(before).as_posix())
        return packed.getvalue()

    def post(self, standing: Standing = Standing.PASS, job: int = JOB, **changes: Any) -> None:
        """Post a status, as a job does that judged the run."""
        about = {"run": self.run, "policy": policy_slot(POLICY_PATH, "main"), "judged_at": self.judged_at}
        entry = Entry(**{**about, "standing": standing, **changes})
        status = {"state": join([entry]).state.value, "context": CONTEXT, "description": "told"}
        target = f"https://github.com/{REPOSITORY}/actions/runs/{job}{entry.mark}"
        self.github.memory.post_status(SHA, {**status, "target_url": target})

    def verify(
        self,
        *more: str | Path,
        of: Sequence[str | Path] = ("--commit", SHA),
        run: Callable[..., CompletedProcess[str]] = here,
    ) -> CompletedProcess[str]:
        """Run the command: within this process, or as a user starts it; `of`: where the verdict comes from."""
        env = {"GITHUB_TOKEN": self.github.token, "GITHUB_API_URL": self.github.url, "GITHUB_REPOSITORY": REPOSITORY}
        words = ("--path", self.folder / "adapter.bin", "--format", "json")
        return run("verify", *of, *words, *more, cwd=self.folder, env=env)

    def reasons(self, *more: str | Path, of: Sequence[str | Path] = ("--commit", SHA)) -> list[str]:
        """Give why it is refused."""
        done = self.verify(*more, of=of)
        assert done.returncode == 10, done.stdout + done.stderr
        return [one["reason"] for one in json.loads(done.stdout)["refusals"]]


def judged(folder: Path, name: str = "grpo-7", at: datetime = NOW, **settings: Any) -> Path:
    """Judge a run of a name; the folder of its verdict."""
    path = write_run(folder / name, rows(kl={step: kl(step) for step in range(40)}), f"{name}.jsonl")
    origin = settings.pop("origin", Origin(repository=REPOSITORY, sha=SHA, attempt=1))
    policy = settings.pop("policy", POLICY)
    made = {"checkpoint": str(folder / "adapter.bin"), "now": at.strftime(TIME), "origin": origin, **settings}
    return write_output(judge_path(path, policy, **made), folder / name / "out")


def key_of(out: Path) -> str:
    """Return what statuses call the run of a verdict."""
    return run_key(json.loads((out / "verdict.json").read_text("utf-8"))["run"]["ref"])


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """Judge a run; nothing of it is on GitHub yet."""
    (folder / "adapter.bin").write_text("weights")
    out = judged(folder)
    with GitHub({("main", POLICY_PATH): POLICY}) as github:
        github.memory.commits |= {BEFORE: (), MAIN: (BEFORE,), SIDE: (BEFORE,)}
        github.memory.branches["main"] = MAIN
        yield Stage(folder=folder, github=github, out=out, judged_at=NOW.strftime(TIME), run=key_of(out))


def publish(stage: Stage, **changes: Any) -> None:
    """Let our workflow have judged the run: status, with what is another there, and artifact."""
    stage.post(**changes)
    stage.github.add_workflow_run(JOB, BEFORE)
    stage.github.add_artifact(JOB, f"gatekeeper-{JOB}", stage.archive())
