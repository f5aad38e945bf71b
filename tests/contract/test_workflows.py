"""Workflows pass their linters: what `init` writes, our own, and the action itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from action.attestation import PREDICATE, PREDICATE_FILE, SUBJECTS_FILE
from action.cli.ports import profile_texts
from action.cli.presented import ATTESTATION
from action.fitting import Recorded
from action.forge import CONTEXT
from action.release import Release
from action.scaffold import POLICY, PROMOTION, WORKFLOW, Facts, build_scaffold
from tests.contract.test_action import ACTION, pages
from tests.runs import ROOT, clean_environment

OURS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
RUN = Recorded(name="x", metrics={"kl": 9, "elo/base_model": 9, "my/reward": 9}, events=True)
RELEASE = Release(repository="someone/experiment-gatekeeper", sha="0123456789abcdef" * 2 + "01234567", version="v1.0.0")
STARTERS = {
    "bare": Facts(),
    "of a run": Facts(run=RUN, project="team/league", workflow='Train: "nightly" # 1'),
    "of a release": Facts(release=RELEASE, workflow="on"),
    "with a tracker": Facts(release=RELEASE, tracker=True),
    "with a promotion": Facts(promotion=True),
    "with signatures": Facts(release=RELEASE, promotion=True, signed=True, tracker=True, project="team/league"),
}
PINNED = {
    "actions/attest": "1e69f48acb82d1966a394da916b4c1698aa569d6",
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1",
    "actions/github-script": "ed597411d8f924073f98dfc5c65a23a2325f34cd",
    "actions/upload-artifact": "bbbca2ddaa5d8feaa63e36b76fdaad77386f024f",
    "actions/attest-build-provenance": "977bb373ede98d70efdf65b84cb5f73e068dcc2a",
    "astral-sh/setup-uv": "20cfd1bf945f4377ade1205e4dbc17946fc9a30d",
}


def starter(facts: Facts) -> str:
    return build_scaffold(facts, profile_texts()).files[WORKFLOW]


def written_for(name: str) -> list[str]:
    """Return the workflows that `init` writes for one of the starters, or the one of ours that is called so."""
    if name not in STARTERS:
        return [(ROOT / ".github/workflows" / name).read_text("utf-8")]
    files = build_scaffold(STARTERS[name], profile_texts()).files
    return [text for path, text in files.items() if path != POLICY]


@pytest.fixture(name="written", params=STARTERS)
def _written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write what `init` writes, where linters look for it."""
    for name, text in build_scaffold(STARTERS[request.param], profile_texts()).files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def workflows(written: Path) -> list[Path]:
    return [path for path in (written / WORKFLOW, written / PROMOTION) if path.exists()]


def lint(program: str, *words: str | Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / program), *map(str, words)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_init_writes_passes_zizmor(written: Path) -> None:
    lint("zizmor", "--offline", "--no-progress", "--persona", "pedantic", "--strict-collection", written)


def test_what_init_writes_passes_actionlint(written: Path) -> None:
    lint("actionlint", "-shellcheck=", "-pyflakes=", *workflows(written))


def test_what_init_writes_is_valid_by_the_schema_of_workflows(written: Path) -> None:
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows(written))


@pytest.mark.parametrize("path", OURS, ids=[path.name for path in OURS])
def test_our_own_workflows_pass_every_linter(path: Path) -> None:
    lint("zizmor", "--offline", "--no-progress", "--persona", "pedantic", "--strict-collection", path)
    lint("actionlint", "-shellcheck=", "-pyflakes=", path)
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)


def test_the_action_passes_zizmor_and_is_valid_by_the_schema_of_actions() -> None:
    lint("zizmor", "--offline", "--no-progress", "--strict-collection", ROOT / "action.yml")
    lint("check-jsonschema", "--builtin-schema", "vendor.github-actions", ROOT / "action.yml")


def test_linters_are_silenced_for_two_reasons_alone_and_each_is_said() -> None:
    silenced = {
        (name, rule, bool(why.strip()))
        for name in STARTERS
        for text in written_for(name)
        for rule, why in re.findall(r"zizmor: ignore\[([^\]]*)\](.*)", text)
    }

    assert silenced == {
        ("bare", "dangerous-triggers", True),
        ("bare", "unpinned-uses", True),
        ("of a run", "dangerous-triggers", True),
        ("of a run", "unpinned-uses", True),
        ("of a release", "dangerous-triggers", True),
        ("with a tracker", "dangerous-triggers", True),
        ("with a promotion", "dangerous-triggers", True),
        ("with a promotion", "unpinned-uses", True),
        ("with signatures", "dangerous-triggers", True),
    }
    for path in OURS:
        assert "zizmor: ignore" not in path.read_text("utf-8"), path.name


@pytest.mark.parametrize("page", pages())
def test_a_workflow_of_a_page_passes_every_linter(page: str, tmp_path: Path) -> None:
    path = tmp_path / WORKFLOW
    path.parent.mkdir(parents=True)
    text = pages()[page].replace("@SHA", f"@{RELEASE.sha}")
    path.write_text(text, "utf-8")

    lint("zizmor", "--offline", "--no-progress", "--strict-collection", tmp_path)
    lint("actionlint", "-shellcheck=", "-pyflakes=", path)
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)
    for uses, sha in re.findall(r"uses: (\S+?)@(\S+)", text):
        assert uses == "OWNER/experiment-gatekeeper" or PINNED.get(uses) == sha


def test_the_workflow_that_signs_passes_every_linter_and_signs_what_is_written(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "attestation.md").read_text("utf-8")
    [text] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    path = tmp_path / WORKFLOW
    path.parent.mkdir(parents=True)
    path.write_text(text.replace("@SHA", f"@{RELEASE.sha}"), "utf-8")

    lint("zizmor", "--offline", "--no-progress", "--strict-collection", tmp_path)
    lint("actionlint", "-shellcheck=", "-pyflakes=", path)
    lint("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path)
    [sign] = [step for step in steps(yaml.safe_load(text)) if step.get("id") == "sign"]
    assert sign["uses"] == f"actions/attest@{PINNED['actions/attest']}"
    assert sign["with"] == {
        "subject-checksums": f"gatekeeper-out/{SUBJECTS_FILE}",
        "predicate-type": PREDICATE,
        "predicate-path": f"gatekeeper-out/{PREDICATE_FILE}",
    }


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job.get("steps", ())]


@pytest.mark.parametrize("name", [*STARTERS, *(path.name for path in OURS)])
def test_actions_of_others_are_pinned_to_commits_that_were_looked_at(name: str) -> None:
    for text in written_for(name):
        for uses, sha in re.findall(r"uses: (\S+?)@(\S+)", text):
            if not uses.endswith("/experiment-gatekeeper"):
                assert PINNED.get(uses) == sha, uses
        for step in steps(yaml.safe_load(text)):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", STARTERS)
def test_every_event_that_the_gate_needs_starts_the_workflow(name: str) -> None:
    started = yaml.safe_load(starter(STARTERS[name]))[True]

    assert set(started) == {
        "workflow_run", "repository_dispatch", "schedule", "merge_group", "workflow_dispatch", "pull_request"
    }  # fmt: skip
    assert started["workflow_run"]["types"] == ["completed"]
    assert started["repository_dispatch"]["types"] == ["wandb-run-finished"]
    assert started["pull_request"]["types"] == ["labeled", "edited"]
    assert "run" in started["workflow_dispatch"]["inputs"]


@pytest.mark.parametrize("tracker", [False, True])
def test_permissions_are_those_of_publishing_and_no_more(tracker: bool) -> None:
    workflow = yaml.safe_load(starter(Facts(tracker=tracker)))

    assert workflow["permissions"] == {}
    assert {name: job["permissions"] for name, job in workflow["jobs"].items()} == {
        "judge": {
            "contents": "write" if tracker else "read",
            "statuses": "write",
            "checks": "write",
            "pull-requests": "write",
            "actions": "read",
        }
    }


def test_jobs_wait_for_one_another_by_run_and_never_by_pull_request() -> None:
    concurrency = yaml.safe_load(starter(Facts()))["concurrency"]

    assert concurrency["cancel-in-progress"] is False
    assert "pull_request.number" not in concurrency["group"]
    assert "github.event.workflow_run.id || inputs.run" in concurrency["group"]


def test_the_privileged_phase_never_touches_a_pull_requests_code() -> None:
    workflow = yaml.safe_load(starter(Facts()))

    [checkout] = [step for step in steps(workflow) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"]["ref"] == "${{ github.event.repository.default_branch }}"
    assert not any("run" in step for step in steps(workflow))


def test_secrets_are_given_to_the_one_step_that_needs_them() -> None:
    text = starter(Facts())

    assert sorted(re.findall(r"secrets\.(\w+)", text)) == ["AXIOM_TOKEN", "WANDB_API_KEY"]
    [ours] = [step for step in steps(yaml.safe_load(text)) if step.get("id") == "gate"]
    assert {value for value in ours["with"].values() if "secrets." in value} == {
        "${{ secrets.AXIOM_TOKEN }}",
        "${{ secrets.WANDB_API_KEY }}",
    }


@pytest.mark.parametrize("name", STARTERS)
def test_the_workflow_uses_inputs_and_outputs_that_the_action_has(name: str) -> None:
    text = starter(STARTERS[name])
    [ours] = [step for step in steps(yaml.safe_load(text)) if step.get("id") == "gate"]

    assert set(ours["with"]) <= set(ACTION["inputs"])
    assert set(re.findall(r"steps\.gate\.outputs\.([\w-]+)", text)) <= set(ACTION["outputs"])


def test_the_verdict_is_kept_whatever_it_is() -> None:
    [upload] = [step for step in steps(yaml.safe_load(starter(Facts()))) if "upload-artifact" in step.get("uses", "")]

    assert upload["if"] == "always() && steps.gate.outputs.verdict != ''"
    assert upload["with"]["name"].startswith("gatekeeper-$")
    assert upload["with"]["retention-days"] >= 30


def test_the_payload_for_wandb_is_json_of_documented_variables_and_names_our_event() -> None:
    text = starter(Facts())
    [block] = re.findall(r"  #   \{\n(?:  #.*\n)+?  #   \}\n", text)
    payload = yaml.safe_load(block.replace("#", " "))

    assert payload["event_type"] == "wandb-run-finished"
    # https://docs.wandb.ai/models/automations/create-automations/webhook/#payload-variables names none for the run.
    assert set(payload["client_payload"].values()) == {
        "${entity_name}", "${project_name}", "${event_type}", "${event_author}"
    }  # fmt: skip
    assert "only a hint" in text


def test_the_status_that_is_to_be_required_is_the_one_that_is_posted() -> None:
    scaffold = build_scaffold(Facts(), profile_texts())

    assert f"the commit status `{CONTEXT}`" in scaffold.files[WORKFLOW]
    assert any(f"Require the status `{CONTEXT}`" in step for step in scaffold.steps)
    assert set(scaffold.files) == {POLICY, WORKFLOW}


@pytest.fixture(name="promotion", params=[False, True], ids=["unsigned", "signed"])
def _promotion(request: pytest.FixtureRequest) -> dict[str, Any]:
    facts = Facts(promotion=True, signed=request.param)
    read: dict[str, Any] = yaml.safe_load(build_scaffold(facts, profile_texts()).files[PROMOTION])
    return read | {"signed": request.param}


def test_the_promotion_job_verifies_first_in_a_protected_environment_and_only_on_the_default_branch(
    promotion: dict[str, Any],
) -> None:
    before, job = promotion["jobs"].values()
    triggers: Any = {str(key): value for key, value in promotion.items()}

    assert [step["with"]["command"] for step in job["steps"]] == ["verify", "promote"]
    assert [step["with"]["command"] for step in before["steps"]] == ["verify"]  # what reviewers see
    assert (job["needs"], "environment" in before) == ("verify", False)
    assert "${{ inputs.artifact }} (${{ inputs.commit }})" in promotion["run-name"]
    assert job["environment"] == "promotion"
    assert before["if"] == job["if"] == "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)"
    assert set(triggers["True"]) == {"workflow_dispatch"}
    assert promotion["concurrency"] == {"group": "promote-checkpoint", "cancel-in-progress": False}
    assert promotion["permissions"] == {}


def test_the_promotion_jobs_may_write_nothing_on_github(promotion: dict[str, Any]) -> None:
    wanted = {"contents", "statuses", "actions"} | ({"attestations"} if promotion["signed"] else set())
    for job in promotion["jobs"].values():
        assert job["permissions"] == dict.fromkeys(sorted(wanted), "read")


def test_the_key_that_moves_the_alias_is_given_to_the_promoting_step_alone(promotion: dict[str, Any]) -> None:
    before, job = promotion["jobs"].values()
    verify, promote = job["steps"]

    assert before["steps"] == [verify]
    assert verify["with"]["wandb-api-key"] == "${{ secrets.WANDB_API_KEY }}"
    assert promote["with"]["wandb-api-key"] == "${{ secrets.WANDB_PROMOTION_KEY }}"
    assert not any("WANDB_PROMOTION_KEY" in starter(facts) for facts in STARTERS.values())


def test_both_steps_of_a_promotion_ask_for_the_same_with_inputs_that_the_action_has(promotion: dict[str, Any]) -> None:
    verify, promote = (step["with"] for step in promotion["jobs"]["promote"]["steps"])
    own = {"command", "wandb-api-key", "alias", "why"}

    assert set(verify) | set(promote) <= set(ACTION["inputs"])
    assert {k: v for k, v in verify.items() if k not in own} == {k: v for k, v in promote.items() if k not in own}
    assert verify.get("signed") is (True if promotion["signed"] else None)
    triggers: Any = {str(key): value for key, value in promotion.items()}
    typed = set(triggers["True"]["workflow_dispatch"]["inputs"])
    assert typed == {name for value in promote.values() for name in re.findall(r"inputs\.([\w-]+)", str(value))}


@pytest.mark.parametrize("signed", [False, True])
def test_a_verdict_that_can_promote_names_its_checkpoint_and_a_signed_one_is_signed(signed: bool) -> None:
    workflow = yaml.safe_load(starter(Facts(promotion=True, signed=signed)))
    [ours] = [step for step in steps(workflow) if step.get("id") == "gate"]
    signing = [step for step in steps(workflow) if step.get("id") == "sign"]
    permissions = workflow["jobs"]["judge"]["permissions"]

    assert (ours["with"]["checkpoint"], ours["with"]["verify-heads"]) == ("newest", True)
    assert len(signing) == signed
    assert [permissions.get(name) for name in ("id-token", "attestations")] == ["write" if signed else None] * 2
    if signed:
        out = ours["with"]["out"]
        assert signing[0]["with"] == {
            "subject-checksums": "${{ steps.gate.outputs.subjects }}",
            "predicate-type": PREDICATE,
            "predicate-path": f"{out}/{PREDICATE_FILE}",
        }
        assert f"{out.rpartition('/')[2]}/{ATTESTATION}" in starter(Facts(promotion=True, signed=True))


def test_the_verdict_is_written_where_the_repository_has_no_files() -> None:
    workflow = yaml.safe_load(starter(Facts()))
    [ours] = [step for step in steps(workflow) if step.get("id") == "gate"]
    [upload] = [step for step in steps(workflow) if "upload-artifact" in step.get("uses", "")]

    assert ours["with"]["out"] == upload["with"]["path"] == "${{ runner.temp }}/gatekeeper-out"
