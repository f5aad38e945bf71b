"""What an event asks for: the whole table, on payloads that GitHub sends and on ones that it does not."""

from __future__ import annotations

import copy
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.errors import InputError, UsageError
from action.event import Errand, Group, Head, Trigger, read_event

SHA, MERGE = "a" * 40, "b" * 40
ENVIRON = {"GITHUB_REPOSITORY": "team/league", "GITHUB_SHA": MERGE}
EVENTS = ("merge_group", "pull_request", "push", "repository_dispatch", "schedule", "workflow_dispatch", "workflow_run")


@cache
def examples(name: str) -> tuple[dict[str, Any], ...]:
    """Return the payloads of an event that npm `@octokit/webhooks-examples` holds: real ones."""
    path = Path(sys.prefix) / "node/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
    known = {one["name"]: one["examples"] for one in json.loads(path.read_text("utf-8"))}
    return tuple(known.get(name, ()))


def trigger(name: str, payload: Any, run: str | None = None, **environ: str) -> Trigger:
    return read_event(name, payload, {**ENVIRON, **environ}, run)


def pull(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "number": 7,
        "head": {"sha": SHA, "ref": "topic", "repo": {"full_name": "team/league"}},
        "base": {"ref": "main", "repo": {"full_name": "team/league"}},
    }
    return {"pull_request": made | changes}


def finished(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": 99,
        "head_sha": SHA,
        "head_branch": "topic",
        "head_repository": {"owner": {"login": "stranger"}, "full_name": "stranger/league"},
        "pull_requests": [],
    }
    return {"workflow_run": made | changes}


@pytest.mark.parametrize("name", [name for name in EVENTS if name != "schedule"])
def test_every_payload_that_github_shows_as_an_example_is_read(name: str) -> None:
    assert examples(name)
    for payload in examples(name):
        if payload.get("deleted"):
            continue
        found = trigger(name, payload)
        assert (found.event, found.repository) == (name, "team/league")
        assert found.sha is None or len(found.sha) == 40


def test_a_pull_request_is_judged_by_its_head_and_the_policy_of_its_base() -> None:
    found = trigger("pull_request", pull())

    assert found == Trigger(
        event="pull_request", errand=Errand.JUDGE, repository="team/league", sha=SHA, pulls=(7,), base="main"
    )


@pytest.mark.parametrize("repo", [{"full_name": "stranger/league"}, None, {}])
def test_a_pull_request_from_a_fork_or_from_a_repository_that_is_gone_can_write_nothing(repo: Any) -> None:
    assert trigger("pull_request", pull(head={"sha": SHA, "ref": "topic", "repo": repo})).read_only


def test_a_workflow_that_ended_leads_to_its_head_and_its_artifacts() -> None:
    found = trigger("workflow_run", finished())

    assert (found.sha, found.finished_workflow, found.pulls) == (SHA, 99, ())
    assert found.head == Head(owner="stranger", branch="topic")
    assert not found.read_only  # it runs on the default branch, with its own token
    assert found.base is None


def test_pull_requests_of_another_head_are_not_those_of_the_run() -> None:
    listed = [
        {"number": 3, "head": {"sha": SHA}, "base": {"ref": "main"}},
        {"number": 4, "head": {"sha": MERGE}, "base": {"ref": "old"}},
    ]
    found = trigger("workflow_run", finished(pull_requests=listed))

    assert (found.pulls, found.base) == ((3,), "main")


def test_pull_requests_with_several_bases_leave_the_policy_to_the_default_branch() -> None:
    listed = [{"number": n, "head": {"sha": SHA}, "base": {"ref": f"b{n}"}} for n in (3, 4)]

    assert trigger("workflow_run", finished(pull_requests=listed)).base is None


def test_a_merge_group_is_reported_for_its_own_head() -> None:
    ref = f"refs/heads/gh-readonly-queue/main/pr-7-{MERGE}"
    payload = {"merge_group": {"head_sha": SHA, "head_ref": ref, "base_sha": MERGE, "base_ref": "refs/heads/release/1"}}
    found = trigger("merge_group", payload)

    assert (found.errand, found.sha, found.base) == (Errand.QUEUE, SHA, "release/1")
    assert found.group == Group(base_sha=MERGE, head_sha=SHA, last=7)


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/q/main/pr-0-" + "a" * 40, "refs/heads/q/main/pr-7-x"])
def test_a_group_whose_branch_names_no_pull_request_has_none_of_its_own(ref: str) -> None:
    payload = {"merge_group": {"head_sha": SHA, "head_ref": ref, "base_sha": MERGE, "base_ref": "refs/heads/main"}}
    group = trigger("merge_group", payload).group

    assert group is not None
    assert group.last is None


def test_a_dispatch_is_a_hint_whose_commit_nobody_believes() -> None:
    payload = {"client_payload": {"run": "team/league/run7", "sha": SHA, "pr": 5}}
    found = trigger("repository_dispatch", payload)

    assert (found.run, found.hinted, found.sha, found.pulls) == ("team/league/run7", True, None, ())


def test_the_input_comes_before_the_hint() -> None:
    found = trigger("repository_dispatch", {"client_payload": {"run": "x/y/z"}}, run="team/league/run8")

    assert (found.run, found.hinted) == ("team/league/run8", False)


@pytest.mark.parametrize("payload", [{}, {"client_payload": None}, {"client_payload": {}}])
def test_a_dispatch_without_a_run_is_a_reason_to_look_for_what_has_ended(payload: Any) -> None:
    found = trigger("repository_dispatch", payload)

    assert (found.errand, found.run, found.hinted) == (Errand.SWEEP, None, False)


def test_by_hand_a_run_tells_its_own_commit_and_a_branch_its() -> None:
    assert trigger("workflow_dispatch", {"inputs": {"run": "a/b/c"}}).sha is None
    assert trigger("workflow_dispatch", {"inputs": None}).sha == MERGE
    assert trigger("workflow_dispatch", {"inputs": {"run": ""}}, GITHUB_SHA="odd").sha is None


def test_a_schedule_looks_for_what_has_no_verdict_unless_a_run_is_named() -> None:
    assert trigger("schedule", {"schedule": "0 * * * *"}).errand is Errand.SWEEP
    assert trigger("schedule", {}, run="a/b/c").errand is Errand.JUDGE


def test_a_push_is_judged_by_its_last_commit() -> None:
    found = trigger("push", {"ref": "refs/heads/topic/x", "after": SHA})

    assert (found.sha, found.head) == (SHA, Head(owner="team", branch="topic/x"))
    assert trigger("push", {"ref": "refs/tags/v1", "after": SHA}).head is None


def test_a_branch_that_was_deleted_is_nothing_to_judge() -> None:
    with pytest.raises(UsageError, match="got a branch that was deleted"):
        trigger("push", {"ref": "refs/heads/topic", "after": "0" * 40})


@pytest.mark.parametrize("name", ["issue_comment", "pull_request_target", "", "workflow_call"])
def test_an_event_that_nothing_is_judged_for_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match="expected one of merge_group, pull_request, push"):
        trigger(name, {})


@pytest.mark.parametrize("repository", ["", "league", "a/b/c", "a/b\n", "../x/y"])
def test_a_job_without_a_repository_is_none(repository: str) -> None:
    with pytest.raises(InputError, match="GITHUB_REPOSITORY: expected owner/name"):
        trigger("push", {}, GITHUB_REPOSITORY=repository)


@pytest.mark.parametrize("name", [name for name in EVENTS if name not in ("schedule", "repository_dispatch")])
@pytest.mark.parametrize(
    "payload", [{"pull_request": 1, "workflow_run": [], "merge_group": "x", "inputs": 3}, [], None]
)
def test_a_payload_that_is_another_is_one_clear_error(name: str, payload: Any) -> None:
    with pytest.raises(InputError, match=f"event {name}: expected the payload that GitHub documents"):
        trigger(name, payload)


ODD: st.SearchStrategy[Any] = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just([]) | st.just({}) | st.just("main")
)


@given(st.data())
def test_no_payload_breaks_the_table(data: st.DataObject) -> None:
    """A real payload with something else in some place is read, or refused by one of our own errors."""
    name = data.draw(st.sampled_from([one for one in EVENTS if one != "schedule"]))
    payload = copy.deepcopy(data.draw(st.sampled_from(examples(name))))
    top = data.draw(st.sampled_from(["pull_request", "workflow_run", "merge_group", "after", "ref", "client_payload"]))
    inner = payload.get(top)
    if isinstance(inner, dict) and inner:
        inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(ODD)
    else:
        payload[top] = data.draw(ODD)
    try:
        found = trigger(name, payload)
    except (InputError, UsageError):
        return
    assert found.sha is None or set(found.sha) <= set("0123456789abcdef")
    assert all(number > 0 for number in found.pulls)
