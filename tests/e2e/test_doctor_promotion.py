"""`gatekeeper doctor --github` on what promotes: who can get at the key that moves the alias."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.cli.ports import profile_texts
from action.scaffold import POLICY, PROMOTION, Facts, build_scaffold
from tests.runs import command
from tests.services.github_branch import HEAD, OURS, TOKEN, Branch, requires, rule, status
from tests.services.loopback import Loopback

FILES = {
    name: text
    for name, text in build_scaffold(Facts(promotion=True, signed=True), profile_texts()).files.items()
    if name != POLICY
}
REVIEWED = {"id": 1, "node_id": "x", "type": "required_reviewers", "reviewers": [{"type": "User", "reviewer": {}}]}
CHOSEN = {"protected_branches": False, "custom_branch_policies": True}


def found(folder: Path, files: dict[str, str] | None = None, **about: Any) -> dict[str, Any]:
    branch = Branch(
        rules=[requires(OURS), rule("merge_queue", merge_method="MERGE")],
        rulesets={7: {"id": 7, "name": "main", "source": "team/league", "enforcement": "active", "bypass_actors": []}},
        files=FILES if files is None else files,
        statuses={HEAD: [status("2026-01-05T06:00:00Z")]},
        **about,
    )
    with Loopback(branch.behave) as service:
        env = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": service.url}
        words = ("doctor", "--profile", "grpo", "--github", "team/league", "--format", "json")
        done = command(*words, cwd=folder, env=env)
    return {row["what"]: row for row in json.loads(done.stdout)["rows"]}


def test_what_init_writes_has_no_fault_once_the_environment_is_protected(tmp_path: Path) -> None:
    environment = {"name": "promotion", "protection_rules": [REVIEWED], "deployment_branch_policy": CHOSEN}

    rows = found(tmp_path, environments={"promotion": environment})

    assert rows["environment promotion"]["status"] == "good"
    assert rows["permissions of promote"]["found"] == "suffice to verify and promote"
    assert not [row for row in rows.values() if row["status"] == "fault"]


@pytest.mark.parametrize(
    ("environment", "status", "told"),
    [
        (None, "fault", "GitHub makes it without protection"),
        ({"protection_rules": [REVIEWED], "deployment_branch_policy": None}, "fault", "any branch may use it"),
        ({"deployment_branch_policy": CHOSEN}, "odd", "nobody has to let a promotion in"),
        (
            {"protection_rules": [{**REVIEWED, "reviewers": []}], "deployment_branch_policy": CHOSEN},
            "odd",
            "nobody has to let a promotion in",
        ),
    ],
)
def test_an_environment_that_protects_nothing_is_told(
    tmp_path: Path, environment: dict[str, Any] | None, status: str, told: str
) -> None:
    row = found(tmp_path, environments={} if environment is None else {"promotion": environment})[
        "environment promotion"
    ]

    assert row["status"] == status
    assert told in row["found"]
    assert row["to_do"].startswith("Settings > Environments")


def test_an_environment_that_may_not_be_seen_is_left_out(tmp_path: Path) -> None:
    refused = {"/environments/promotion": (403, "Resource not accessible by integration")}

    row = found(tmp_path, refused=refused)["environment promotion"]

    assert row["status"] == "left out"
    assert "`actions: read`" in row["to_do"]


def test_a_promotion_outside_of_every_environment_is_a_fault(tmp_path: Path) -> None:
    lines = [line for line in FILES[PROMOTION].splitlines() if not line.strip().startswith("environment:")]

    rows = found(tmp_path, files={**FILES, PROMOTION: "\n".join(lines)})

    assert rows["environment of promote"]["status"] == "fault"


def test_a_promotion_without_a_job_that_judges_is_a_fault(tmp_path: Path) -> None:
    rows = found(tmp_path, files={PROMOTION: FILES[PROMOTION]})

    assert rows["workflow"]["found"] == "none of main judges"
