"""`gatekeeper doctor --github` against GitHub on loopback: what it finds, what it says to do, what it may not see."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from action.cli.ports import profile_texts
from action.scaffold import WORKFLOW, Facts, build_scaffold
from tests.runs import command
from tests.services.github_branch import HEAD, OURS, PULL, TOKEN, Branch, protected, requires, rule, status
from tests.services.loopback import Loopback, closed_port

STARTER = build_scaffold(Facts(), profile_texts()).files[WORKFLOW]
NOW = datetime.now(UTC)


def moment(days: float) -> str:
    return (NOW - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(name="branch")
def _branch() -> Branch:
    """Make a branch on which all is as it should be."""
    return Branch(
        rules=[requires(OURS), rule("merge_queue", merge_method="SQUASH")],
        rulesets={7: {"id": 7, "name": "main", "source": "team/league", "enforcement": "active", "bypass_actors": []}},
        files={WORKFLOW: STARTER, ".github/workflows/other.yml": "on: push\njobs: {x: {steps: [{run: ls}]}}\n"},
        statuses={PULL: [status(moment(1), context="other"), status(moment(1))], HEAD: [status(moment(9), "failure")]},
    )


@pytest.fixture(name="service")
def _service(branch: Branch) -> Iterator[Loopback]:
    with Loopback(branch.behave) as service:
        yield service


def doctor(service: Loopback | str, folder: Path, *words: str, token: str = TOKEN) -> subprocess.CompletedProcess[str]:
    url = service if isinstance(service, str) else service.url
    env = {"GITHUB_TOKEN": token, "GITHUB_API_URL": url}
    done = command("doctor", "--profile", "grpo", "--github", "team/league", *words, cwd=folder, env=env)
    assert token not in done.stdout + done.stderr
    assert done.stderr == ""
    return done


def rows(service: Loopback | str, folder: Path, *words: str, token: str = TOKEN) -> dict[str, Any]:
    shown = doctor(service, folder, *words, "--format", "json", token=token)
    return {row["what"]: row for row in json.loads(shown.stdout)["rows"]}


def test_a_branch_that_holds_the_gate_has_no_fault(service: Loopback, tmp_path: Path) -> None:
    done = doctor(service, tmp_path)

    assert done.returncode == 0, done.stdout
    for told in (
        "required on main: `experiment-gatekeeper`, by ruleset main",
        "source of the status: pinned to app 15368",
        "bypass: nobody passes ruleset main by, admins neither",
        "permissions of judge: suffice to publish",
        f"merge queue: {WORKFLOW} is started by merge_group",
        f"last report: success on {PULL[:12]} at",
        "token of GitHub: may see all that was asked",
    ):
        assert told in " ".join(done.stdout.split())


def test_few_requests_are_made(service: Loopback, branch: Branch, tmp_path: Path) -> None:
    doctor(service, tmp_path)

    assert len(branch.asked) == 12


def test_a_status_that_nothing_requires_is_a_fault_with_the_setting_to_change(
    service: Loopback, branch: Branch, tmp_path: Path
) -> None:
    branch.rules = [requires("Experiment report", "Judge the run")]

    found = rows(service, tmp_path)

    assert doctor(service, tmp_path).returncode == 10
    assert found["required on main"]["status"] == "fault"
    assert "Add checks: experiment-gatekeeper" in found["required on main"]["to_do"]
    for name in ("Experiment report", "Judge the run"):
        assert found[f"required `{name}`"]["status"] == "odd"


def test_protection_requires_it_as_well_as_a_ruleset(service: Loopback, branch: Branch, tmp_path: Path) -> None:
    branch.rules, branch.protection = [], protected(OURS, admins=False, app=None)

    found = rows(service, tmp_path)

    assert found["required on main"]["found"] == "`experiment-gatekeeper`, by branch protection"
    assert found["source of the status"]["status"] == "odd"
    assert found["bypass"]["found"] == "repository admins can merge without the status"
    assert "Do not allow bypassing the above settings" in found["bypass"]["to_do"]
    assert found["merge queue"]["status"] == "left out"


def test_who_can_pass_a_ruleset_by_is_named(service: Loopback, branch: Branch, tmp_path: Path) -> None:
    branch.rulesets[7]["bypass_actors"] = [
        {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"},
        {"actor_id": None, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request"},
        {"actor_id": 44, "actor_type": "Team", "bypass_mode": "always"},
        {"actor_id": 9, "actor_type": "RepositoryRole", "bypass_mode": "always"},
    ]

    found = rows(service, tmp_path)["bypass"]["found"]

    assert found.startswith("repository admins, organisation admins (through pull requests), team 44, role 9 can merge")


def test_what_only_admins_see_is_left_out_with_the_permission_to_give(
    service: Loopback, branch: Branch, tmp_path: Path
) -> None:
    del branch.rulesets[7]["bypass_actors"]
    branch.refused["/protection"] = (403, "Resource not accessible by personal access token")

    found = rows(service, tmp_path)

    assert (found["required on main"]["status"], found["bypass"]["status"]) == ("good", "left out")
    assert "administration: write" in found["bypass"]["to_do"]


def test_without_the_right_to_protection_the_branch_itself_tells(
    service: Loopback, branch: Branch, tmp_path: Path
) -> None:
    branch.rules = []
    branch.refused["/protection"] = (404, "Not Found")
    checks = {"enforcement_level": "non_admins", "contexts": [OURS], "checks": [{"context": OURS, "app_id": None}]}
    branch.summary = {"enabled": True, "required_status_checks": checks}

    found = rows(service, tmp_path)

    assert found["required on main"]["found"] == "`experiment-gatekeeper`, by branch protection"
    assert found["bypass"]["found"] == "repository admins can merge without the status"


def test_what_nobody_could_see_is_no_fault_but_odd(service: Loopback, branch: Branch, tmp_path: Path) -> None:
    branch.refused["/rules/branches/main"] = (403, "Resource not accessible by integration")

    found = rows(service, tmp_path)

    assert doctor(service, tmp_path).returncode == 0
    assert found["rulesets"]["status"] == "left out"
    assert found["required on main"]["status"] == "odd"
    assert found["required on main"]["found"].endswith("that could be seen")
    assert found["merge queue"]["status"] == "left out"
    assert "metadata: read" in found["token of GitHub"]["found"]


@pytest.mark.parametrize(
    ("old", "new", "what", "status", "told"),
    [
        (
            "  merge_group:\n    types: [checks_requested]\n",
            "",
            "merge queue",
            "fault",
            "merge_group: {types: [checks_",
        ),
        ("      statuses: write", "      statuses: read", "permissions of judge", "fault", "statuses: write"),
        ("OWNER/experiment-gatekeeper", "OWNER/other", "workflow", "fault", "gatekeeper init"),
    ],
)
def test_what_the_workflow_lacks_is_told(  # noqa: PLR0917 - a table
    service: Loopback, branch: Branch, tmp_path: Path, old: str, new: str, what: str, status: str, told: str
) -> None:
    assert old in STARTER
    branch.files[WORKFLOW] = STARTER.replace(old, new)

    found = rows(service, tmp_path)[what]

    assert found["status"] == status
    assert told in found["to_do"]


def test_a_repository_without_workflows_is_told_to_write_one(service: Loopback, branch: Branch, tmp_path: Path) -> None:
    branch.files.clear()

    assert rows(service, tmp_path)["workflow"]["status"] == "fault"


def test_a_gate_that_never_reported_is_a_fault_and_an_old_report_is_odd(
    service: Loopback, branch: Branch, tmp_path: Path
) -> None:
    branch.statuses = {}
    never = rows(service, tmp_path)["last report"]
    branch.statuses = {HEAD: [status(moment(8))]}
    old = rows(service, tmp_path)["last report"]

    assert (never["status"], old["status"]) == ("fault", "odd")
    assert "no status `experiment-gatekeeper` on the 2 commits" in never["found"]
    assert "more than 7 days ago" in old["found"]


def test_without_the_pull_requests_the_commits_of_the_branch_still_tell(
    service: Loopback, branch: Branch, tmp_path: Path
) -> None:
    branch.refused["/pulls"] = (403, "Resource not accessible by integration")

    assert rows(service, tmp_path)["last report"]["found"].startswith(f"failure on {HEAD[:12]}")


def test_another_branch_can_be_named_and_has_to_be_there(service: Loopback, branch: Branch, tmp_path: Path) -> None:
    branch.name = "release/1.x"

    assert "required on release/1.x" in rows(service, tmp_path, "--branch", "release/1.x")
    assert (
        "expected a branch of the repository, got nope"
        in rows(service, tmp_path, "--branch", "nope")["GitHub"]["found"]
    )


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_token_that_opens_nothing_is_one_fault(service: Loopback, tmp_path: Path, token: str) -> None:
    env = {"GITHUB_TOKEN": token, "GITHUB_API_URL": service.url}
    done = command("doctor", "--profile", "grpo", "--github", "team/league", cwd=tmp_path, env=env)

    assert done.returncode == 10
    assert done.stdout.count("GitHub:") == 1


def test_a_server_that_does_not_answer_is_a_finding_and_no_end(tmp_path: Path) -> None:
    done = doctor(closed_port(), tmp_path, "--deadline", "5")

    assert done.returncode == 10
    assert "policy: profile grpo" in done.stdout
    assert "GitHub: expected the repository, got no connection" in done.stdout


@pytest.mark.parametrize(
    "body", [[], {}, {"default_branch": 7}, "x", {"default_branch": "main", "commit": None}], ids=str
)
def test_an_answer_of_another_shape_is_a_finding_and_no_crash(body: object, tmp_path: Path) -> None:
    with Loopback(lambda exchange: exchange.reply(200, body)) as service:
        done = doctor(service, tmp_path)

    assert done.returncode in (0, 10)
    assert "policy: profile grpo" in done.stdout


def test_a_branch_needs_a_repository(tmp_path: Path) -> None:
    done = command("doctor", "--branch", "main", cwd=tmp_path)

    assert done.returncode == 2
    assert "--branch: expected --github OWNER/NAME" in done.stderr


def test_a_repository_is_named_by_its_owner_too(service: Loopback, tmp_path: Path) -> None:
    env = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": service.url}
    done = command("doctor", "--profile", "grpo", "--github", "league", cwd=tmp_path, env=env)

    assert done.returncode == 10
    assert "expected owner/name, got league" in done.stdout
