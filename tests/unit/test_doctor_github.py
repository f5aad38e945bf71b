"""Findings about what GitHub holds: from what was seen alone, each with the setting to change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from action.doctor import Finding, Status
from action.doctor_github import NEEDED, github_findings
from action.guard import Guard, Reported, Reports, Required, Sight, Unseen
from action.workflow import GateJob, read_workflow, suffices

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
LATE = Unseen(why="GitHub: expected an answer within the deadline of 5 seconds, got none")
HIDDEN = Unseen(why="the token may not see it", permission="administration: read")
PERMISSIONS = "".join(f"      {one}\n" for one in NEEDED)
STEPS = "steps: [{uses: me/experiment-gatekeeper@v1}]"
FLOW = f"on: [merge_group]\njobs:\n  gate:\n    permissions:\n{PERMISSIONS}    {STEPS}\n"


def guard(context: str = "experiment-gatekeeper", app: int | None = 1, **fields: Any) -> Guard:
    return Guard(**{"place": "ruleset x", "required": (Required(context=context, app=app),), "bypass": (), **fields})


def sight(**changed: Any) -> Sight:
    status = Reported(sha="a" * 40, state="success", at=NOW)
    whole = Sight(
        branch="main",
        rulesets=(guard(),),
        queue=True,
        protection=None,
        workflows={"w.yml": FLOW},
        reports=Reports(commits=3, statuses=(status,)),
    )
    return replace(whole, **changed)


def findings(**changed: Any) -> dict[str, Finding]:
    return {one.what: one for one in github_findings(sight(**changed), NOW)}


def test_a_gate_that_is_held_has_nothing_to_do() -> None:
    found = findings()

    assert {one.status for one in found.values()} == {Status.GOOD}
    assert not any(one.advice for one in found.values())


@pytest.mark.parametrize("part", ["rulesets", "protection", "queue", "workflows", "reports"])
@pytest.mark.parametrize("unseen", [LATE, HIDDEN])
def test_what_could_not_be_seen_is_never_good(part: str, unseen: Unseen) -> None:
    names = {
        "protection": "branch protection",
        "queue": "merge queue",
        "workflows": "workflow",
        "reports": "last report",
    }
    changed: dict[str, Any] = {part: unseen}
    if part == "protection":
        changed["rulesets"] = ()

    found = findings(**changed)[names.get(part, part)]

    assert found.status is Status.LEFT_OUT
    assert unseen.why in found.found
    assert ("administration: read" in found.advice) == (unseen is HIDDEN)


def test_what_the_token_lacks_is_told_once_each() -> None:
    assert findings(reports=HIDDEN, workflows=HIDDEN)["token of GitHub"].found == "lacks `administration: read`"


def test_one_guard_that_nobody_passes_by_is_enough() -> None:
    loose = guard(place="branch protection", bypass=("repository admins",))

    assert findings(protection=loose)["bypass"].status is Status.GOOD
    assert findings(rulesets=(guard(bypass=HIDDEN),), protection=loose)["bypass"].status is Status.LEFT_OUT
    assert findings(rulesets=(guard(bypass=("team 4",)),), protection=loose)["bypass"].status is Status.ODD


def test_one_pinned_source_is_enough_and_none_is_odd() -> None:
    assert findings(protection=guard(app=None))["source of the status"].status is Status.GOOD
    assert findings(rulesets=(guard(app=None),))["source of the status"].status is Status.ODD


def test_a_job_of_ours_that_is_required_in_place_of_the_status_is_told() -> None:
    found = findings(rulesets=(guard("gate"),))

    assert found["required on main"].status is Status.FAULT
    assert found["required `gate`"].status is Status.ODD


@pytest.mark.parametrize(
    ("age", "state", "status"),
    [
        (timedelta(days=7), "failure", Status.GOOD),
        (timedelta(days=7, seconds=1), "success", Status.ODD),
        (timedelta(hours=1), "pending", Status.GOOD),
        (timedelta(hours=3), "pending", Status.ODD),
    ],
)
def test_a_report_is_recent_and_finished(age: timedelta, state: str, status: Status) -> None:
    reported = Reported(sha="a" * 40, state=state, at=NOW - age)

    assert findings(reports=Reports(commits=1, statuses=(reported,)))["last report"].status is status


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("", Status.ODD),
        ("permissions: write-all\n", Status.GOOD),
        ("permissions: read-all\n", Status.FAULT),
        ("permissions: {}\n", Status.FAULT),
    ],
)
def test_permissions_are_those_of_the_job_else_of_the_workflow_else_unknown(said: str, status: Status) -> None:
    text = f"{said}on: merge_group\njobs: {{gate: {{steps: [{{uses: me/experiment-gatekeeper@v1}}]}}}}"

    assert findings(workflows={"w.yml": text})["permissions of gate"].status is status


@pytest.mark.parametrize(
    ("inputs", "writes"),
    [
        ("{tracker: pull-request}", True),
        ("{tracker: commit}", True),
        ("{tracker: '${{ inputs.tracker }}'}", True),
        ("{tracker: none}", False),
        ("{tracker: ''}", False),
        ("{tracker: pull-request, tracker-token: '${{ steps.app.outputs.token }}'}", False),
        ("{Tracker: commit}", True),
        ("{tracker: commit, tracker-token: '${{ github.token }}'}", True),
        ("{tracker: commit, tracker-token: '${{secrets.GITHUB_TOKEN}}'}", True),
        ("{tracker: false}", False),
        ("{tracker: [a]}", False),
        ("{tracker: {a: 1}}", False),
        ("[a]", False),
    ],
)
def test_a_job_that_keeps_the_tracker_has_to_write_contents(inputs: str, writes: bool) -> None:
    text = FLOW.replace("@v1}", f"@v1, with: {inputs}}}")
    wider = text.replace("contents: read", "contents: write")

    found, whole = (findings(workflows={"w.yml": one})["permissions of gate"] for one in (text, wider))

    assert found.status is (Status.FAULT if writes else Status.GOOD)
    assert ("`contents: write`, which keeps the tracker" in found.found) == writes
    assert ("{contents: write, statuses: write," in found.advice) == writes
    assert whole.status is Status.GOOD
    assert whole.found.endswith("and to keep the tracker" if writes else "suffice to publish")


def test_a_queue_without_any_workflow_waits_in_vain() -> None:
    found = findings(workflows={})

    assert (found["merge queue"].status, found["workflow"].status) == (Status.FAULT, Status.FAULT)
    assert findings(workflows=LATE)["merge queue"].status is Status.LEFT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "jobs: [a]",
        "jobs: {a: 1, b: {steps: 3}, c: {steps: [x, {uses: 7}]}}",
        "a: [",
        "jobs: {a: {steps: [{uses: me/experiment-gatekeeper-fork@v1}]}}",
        "[" * 5_000,
        "a: !!python/object/apply:os.getcwd []",
        "a: !!timestamp abc",
        "a: !!bool 7",
        "a: !!int ''",
    ],
)
def test_what_is_no_workflow_of_ours_is_passed_over(text: str) -> None:
    assert read_workflow("w.yml", text) is None


def test_a_workflow_that_calls_ours_counts_and_is_known_by_the_name_of_its_job() -> None:
    uses = "me/experiment-gatekeeper/.github/workflows/x.yml@v1"
    text = f"on: {{push: {{}}, merge_group: }}\njobs: {{a: {{name: Gate, uses: {uses}}}}}"

    found = read_workflow("w.yml", text)

    assert found is not None
    assert found.events == {"push", "merge_group"}
    assert found.jobs == (GateJob(id="a", name="Gate", permissions=None, writes=False),)


@pytest.mark.parametrize(
    ("given", "needed", "enough"),
    [("write", "read", True), ("read", "read", True), ("read", "write", False), ("none", "read", False)],
)
def test_to_write_is_to_read(given: str, needed: str, enough: bool) -> None:
    assert suffices({"checks": given}, f"checks: {needed}") is enough
