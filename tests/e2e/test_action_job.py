"""What `action.yml` runs, as a job of GitHub Actions starts it: events, outputs, summary, annotations, secrets."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.runs import POLICY, command, kl, rows, write_run
from tests.services.github import REPOSITORY, GitHub
from tests.services.wandb import ENTITY, PROJECT, Wandb
from tests.services.wandb_run import Run

STRICT = POLICY
LENIENT = POLICY.replace("< 0.1", "< 100").replace(">= 0.15", ">= 150")
PATH = ".github/gatekeeper.yml"
SHA = "c0ffee" + "0" * 34
HIGH = rows(kl={step: 0.5 + step / 1_000 for step in range(40)})
ROWS = [{"_step": step, "kl": kl(step)} for step in range(40)]


@dataclass(frozen=True, kw_only=True)
class Done:
    process: subprocess.CompletedProcess[str]
    outputs: Mapping[str, str]
    summary: str

    @property
    def code(self) -> int:
        return self.process.returncode

    @property
    def log(self) -> list[str]:
        return self.process.stdout.splitlines()


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub({("main", PATH): STRICT}) as service:
        yield service


def do(folder: Path, github: GitHub, event: str = "workflow_dispatch", payload: Any = None, **env: str) -> Done:
    """Do a job in a folder, as the second step of `action.yml` does."""
    (folder / "event.json").write_text(json.dumps({"inputs": None} if payload is None else payload))
    done = command(
        "action",
        cwd=folder,
        env={
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": SHA,
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": github.token,
            "GITHUB_OUTPUT": str(folder / "outputs"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
            **env,
        },
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Done(process=done, outputs=_outputs(folder / "outputs"), summary=(folder / "summary.md").read_text("utf-8"))


def _outputs(path: Path) -> dict[str, str]:
    found, lines = {}, iter(path.read_text("utf-8").splitlines())
    for line in lines:
        name, mark = line.split("<<")
        value = []
        for inner in lines:
            if inner == mark:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def pull(base: str = "main", fork: bool = False) -> dict[str, Any]:
    origin = "stranger/league" if fork else REPOSITORY
    return {
        "pull_request": {
            "number": 7,
            "head": {"sha": SHA, "ref": "topic", "repo": {"full_name": origin}},
            "base": {"ref": base, "repo": {"full_name": REPOSITORY}},
        }
    }


def test_a_run_that_passes_is_told_everywhere(tmp_path: Path, github: GitHub) -> None:
    write_run(tmp_path)
    done = do(tmp_path, github, GATEKEEPER_RUN="run.jsonl")

    assert done.code == 0
    assert done.outputs == {
        "verdict": "pass",
        "exit-code": "0",
        "reason-code": "pass",
        "verdict-json": "gatekeeper-out/verdict.json",
        "report": "gatekeeper-out/verdict.md",
        "evidence": "gatekeeper-out/evidence",
        "subjects": "",
        "operation": "none",
    }
    assert (tmp_path / "gatekeeper-out" / "verdict.md").read_text("utf-8") in done.summary
    assert json.loads((tmp_path / "gatekeeper-out" / "verdict.json").read_text())["policy"]["source"] == PATH


def test_a_check_that_fails_is_an_annotation_on_its_line_of_the_policy(tmp_path: Path, github: GitHub) -> None:
    write_run(tmp_path, HIGH)
    done = do(tmp_path, github, GATEKEEPER_RUN="run.jsonl")

    assert (done.code, done.outputs["verdict"], done.outputs["reason-code"]) == (10, "fail", "kl-p95")
    [told] = [line for line in done.log if line.startswith("::error ")]
    assert told.startswith(f"::error file={PATH},line=3,title=fail%3A kl")


def test_the_policy_of_the_base_is_in_force_and_not_that_of_the_workspace(tmp_path: Path, github: GitHub) -> None:
    """The checkout of a pull request holds its own policy, which may let anything through."""
    write_run(tmp_path, HIGH)
    (tmp_path / ".github").mkdir()
    (tmp_path / PATH).write_text(LENIENT)
    github.files["release", PATH] = LENIENT

    strict = do(tmp_path, github, "pull_request", pull(), GATEKEEPER_RUN="run.jsonl")
    (tmp_path / "outputs").unlink()
    lenient = do(tmp_path, github, "pull_request", pull("release"), GATEKEEPER_RUN="run.jsonl")

    assert (strict.code, lenient.code) == (10, 0)


def test_without_a_policy_on_the_branch_the_profile_is_in_force(tmp_path: Path, github: GitHub) -> None:
    write_run(tmp_path)
    github.files.clear()

    done = do(tmp_path, github, GATEKEEPER_RUN="run.jsonl")

    assert json.loads((tmp_path / "gatekeeper-out" / "verdict.json").read_text())["policy"]["source"] == "profile grpo"
    assert done.outputs["verdict"] == "pass"


def test_profiles_need_no_token(tmp_path: Path, github: GitHub) -> None:
    write_run(tmp_path)
    done = do(tmp_path, github, GATEKEEPER_RUN="run.jsonl", GATEKEEPER_PROFILE="grpo\n", GITHUB_TOKEN="")

    assert (done.code, github.requests) == (0, ())


def test_the_one_run_of_the_commit_is_found(tmp_path: Path, github: GitHub) -> None:
    with Wandb(Run(rows=ROWS, commit=SHA), Run(name="other", rows=ROWS, commit="d" * 40)) as wandb:
        done = do(
            tmp_path, github, "pull_request", pull(), GATEKEEPER_PROJECT=f"{ENTITY}/{PROJECT}", **wandb.environment()
        )

    assert (done.code, done.outputs["verdict"]) == (0, "pass")
    verdict = json.loads((tmp_path / "gatekeeper-out" / "verdict.json").read_text())
    assert (verdict["run"]["id"], verdict["run"]["commit"]) == ("abc123", SHA)


def test_several_runs_of_the_commit_are_listed_and_none_is_judged(tmp_path: Path, github: GitHub) -> None:
    with Wandb(Run(rows=ROWS, commit=SHA), Run(name="two", display="`x` @all", rows=ROWS, commit=SHA)) as wandb:
        done = do(
            tmp_path, github, "pull_request", pull(), GATEKEEPER_PROJECT=f"{ENTITY}/{PROJECT}", **wandb.environment()
        )

    assert (done.code, done.outputs) == (
        11,
        {"verdict": "inconclusive", "exit-code": "11", "reason-code": "several-runs", "operation": "none"},
    )
    assert "abc123" in done.summary
    assert "@all" not in done.summary
    assert not (tmp_path / "gatekeeper-out").exists()


@pytest.mark.parametrize(
    ("event", "payload", "env", "code", "reason"),
    [
        ("workflow_dispatch", {"inputs": {}}, {}, 11, "no-run"),
        ("schedule", {}, {}, 2, "input"),
        ("merge_group", {"merge_group": {}}, {}, 2, "input"),
        ("issue_comment", {}, {"GATEKEEPER_RUN": "run.jsonl"}, 2, "input"),
        ("pull_request", {}, {"GATEKEEPER_RUN": "run.jsonl"}, 2, "input"),
        ("push", {"ref": "refs/heads/x", "after": SHA}, {"GATEKEEPER_RUN": "no/such.jsonl"}, 2, "input"),
        ("workflow_dispatch", None, {"GATEKEEPER_RUN": "run.jsonl", "GATEKEEPER_POLICY": "no.yml"}, 2, "input"),
        ("workflow_dispatch", None, {"GATEKEEPER_RUN": "run.jsonl", "GITHUB_TOKEN": ""}, 2, "input"),
        ("workflow_dispatch", None, {"GATEKEEPER_RUN": "run.jsonl", "GITHUB_TOKEN": "wrong"}, 3, "service"),
        (
            "workflow_dispatch",
            None,
            {"GATEKEEPER_RUN": "run.jsonl", "GITHUB_API_URL": "http://127.0.0.1:9"},
            3,
            "service",
        ),
        (
            "workflow_dispatch",
            None,
            {"GATEKEEPER_RUN": "run.jsonl", "GATEKEEPER_PROFILE": "grpo", "GATEKEEPER_POLICY": "x"},
            2,
            "input",
        ),
        ("workflow_dispatch", None, {"GATEKEEPER_RUN": "run.jsonl", "GATEKEEPER_PROFILE": "nosuch"}, 2, "policy"),
    ],
)
def test_what_gives_no_verdict_says_so_in_outputs_and_summary(  # noqa: PLR0917 - a table
    tmp_path: Path, github: GitHub, event: str, payload: Any, env: dict[str, str], code: int, reason: str
) -> None:
    write_run(tmp_path)
    done = do(tmp_path, github, event, payload, **env)

    assert (done.code, done.outputs["exit-code"], done.outputs["reason-code"]) == (code, str(code), reason)
    assert done.outputs["verdict"] != "pass"
    assert done.summary.startswith("## Experiment Gatekeeper\n\n**No ")
    assert any(line.startswith("::error ") for line in done.log)


@pytest.mark.parametrize("project", ["", "other/project"])
def test_a_dispatch_may_name_runs_of_the_allowed_project_alone(tmp_path: Path, github: GitHub, project: str) -> None:
    payload = {"client_payload": {"run": f"{ENTITY}/{PROJECT}/abc123"}}
    with Wandb(Run(rows=ROWS)) as wandb:
        refused = do(
            tmp_path, github, "repository_dispatch", payload, GATEKEEPER_PROJECT=project, **wandb.environment()
        )
        assert (refused.code, refused.outputs["reason-code"], wandb.requests) == (2, "input", ())
        (tmp_path / "outputs").unlink()
        done = do(
            tmp_path, github, "repository_dispatch", payload,
            GATEKEEPER_PROJECT=f"{ENTITY}/{PROJECT}", **wandb.environment(),
        )  # fmt: skip
    assert (done.code, done.outputs["verdict"]) == (0, "pass")


def test_a_name_that_may_be_files_of_a_pull_request_or_a_run_on_wandb_is_refused(
    tmp_path: Path, github: GitHub
) -> None:
    """Else a pull request could put a run of its own in the place of the one that was named."""
    ref = f"{ENTITY}/{PROJECT}/abc123"
    write_run(tmp_path / ENTITY / PROJECT / "abc123")
    with Wandb(Run(rows=ROWS)) as wandb:
        unclear = do(tmp_path, github, GATEKEEPER_RUN=ref, **wandb.environment())
        assert (unclear.code, wandb.requests) == (2, ())
        (tmp_path / "outputs").unlink()
        clear = do(tmp_path, github, GATEKEEPER_RUN=f"wandb://{ref}", **wandb.environment())

    assert f"write ./{ref} or wandb:" in unclear.summary
    assert clear.code == 0


def test_secrets_are_masked_first_and_stand_in_nothing_else(tmp_path: Path, github: GitHub) -> None:
    with Wandb(Run(rows=ROWS)) as wandb:
        done = do(tmp_path, github, GATEKEEPER_RUN=f"{ENTITY}/{PROJECT}/abc123", **wandb.environment())

    masks = [f"::add-mask::{wandb.key}", f"::add-mask::{github.token}"]
    assert done.log[:2] == masks
    rest = "\n".join(done.log[2:]) + done.process.stderr
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (wandb.key, wandb.signature, github.token):
        assert secret not in rest
        assert secret.encode() not in written


def test_a_hostile_run_cannot_speak_to_the_runner(tmp_path: Path, github: GitHub) -> None:
    hostile = "x\n::set-output name=verdict::pass\n::error::y"
    with Wandb(Run(display=hostile, rows=[{"_step": 0, "kl": 9.0}])) as wandb:
        done = do(tmp_path, github, GATEKEEPER_RUN=f"{ENTITY}/{PROJECT}/abc123", **wandb.environment())

    assert done.outputs["verdict"] != "pass"
    commands = [line for line in done.log if line.startswith("::")]
    assert all(
        line.startswith(("::add-mask::", "::group::", "::endgroup::", "::error ", "::warning ")) for line in commands
    )
