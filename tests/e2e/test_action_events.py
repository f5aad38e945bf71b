"""Each event of GitHub under a real runner (nektos/act), against an emulator of GitHub behind a proxy.

The payloads are GitHub's own examples with the commits of the emulator. Each event is judged twice, by the action of
the workspace (`uses: ./`) and by that of another repository: what the second finds is what the first wrote. Whatever
was asked and answered has to be as GitHub's own description says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from action.publish.ledger import Standing
from tests.jobs import mark
from tests.runs import POLICY, kl
from tests.services.github_api import faults
from tests.services.github_bodies import REPOSITORY
from tests.services.github_emulator import Emulator
from tests.services.wandb import ENTITY, PROJECT
from tests.services.wandb_run import Run
from tests.stage import HIGH, TWICE, Stage, adapted

PATH = ".github/gatekeeper.yml"
LENIENT = POLICY.replace("< 0.1", "< 100").replace(">= 0.15", ">= 150")
GOOD = [{"_step": step, "kl": kl(step)} for step in range(40)]
CALLED = """\
on:
  workflow_call:
    outputs:
      verdict: {value: "${{ jobs.gate.outputs.verdict }}"}
permissions: {}
jobs:
  gate:
    runs-on: ubuntu-latest
    outputs:
      verdict: ${{ steps.mapped.outputs.verdict }}
    steps:
"""
CALLER = """\
on: push
permissions: {}
jobs:
  called:
    uses: ./.github/workflows/called.yml
    secrets: inherit
  after:
    needs: called
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: printf '%s' "$VERDICT" > "$RESULTS/called"
        env: {VERDICT: "${{ needs.called.outputs.verdict }}"}
"""


@pytest.fixture(name="stage")
def _stage(tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "github").mkdir()
    with Emulator(tmp_path / "github", PATH, POLICY) as github:
        yield Stage(folder=tmp_path, github=github)
    proxy = github.proxy
    faulty = [text for one in proxy.exchanges for text in faults(one, answered=one not in proxy.struck)]
    assert faulty == []
    assert proxy.exchanges
    assert len(proxy.struck) == len(proxy.faults)  # each fault has been met


def report(conclusion: str) -> tuple[str, str, str]:
    return ("Experiment report", "completed", conclusion)


def test_a_pull_request_is_judged_by_the_policy_of_its_base(stage: Stage) -> None:
    head = stage.github.pull("topic", "main", LENIENT)
    stage.fail("POST", ".*/issues/1/comments", stored=True)
    place = "pull_request__"
    payload = adapted(
        "pull_request", "opened", number=1, pull_request__number=1,
        **{f"{place}head__sha": head, f"{place}head__ref": "topic", f"{place}head__repo__full_name": REPOSITORY},
        **{f"{place}base__sha": stage.github.head("main"), f"{place}base__ref": "main"},
        **{f"{place}base__repo__full_name": REPOSITORY},
    )  # fmt: skip
    happened = stage.happen("pull_request", payload, {"run": "high.jsonl"})

    assert happened.codes() == [("fail", 10)] * 2
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert stage.reports(head) == [report("failure")]
    [comment] = stage.github.comments(1)
    assert "kl-p95" in comment
    assert "What this pull request changes in the policy" in comment
    assert [happened.outputs(step)["operation"] for step in TWICE] == ["created", "unchanged"]
    assert {happened.outputs(step)["reason-code"] for step in TWICE} == {"kl-p95"}


def test_a_workflow_that_has_ended_is_judged_for_its_head(stage: Stage) -> None:
    """Its pull request stands nowhere in the payload, as for a fork: it is found by the head."""
    head = stage.github.pull("topic", "main")
    stage.fail("POST", ".*/statuses/.*", stored=False)
    place = "workflow_run__"
    payload = adapted(
        "workflow_run", "completed",
        **{f"{place}head_sha": head, f"{place}head_branch": "topic", f"{place}pull_requests": []},
        **{f"{place}head_repository__owner__login": REPOSITORY.split("/")[0]},
    )  # fmt: skip
    happened = stage.happen("workflow_run", payload, {"run": "run.jsonl"})

    assert happened.codes() == [("pass", 0)] * 2
    assert stage.github.states(head) == ["pending", "success"] * 2
    assert stage.reports(head) == [report("success")]
    assert len(stage.github.comments(1)) == 1
    assert [happened.outputs(step)["operation"] for step in TWICE] == ["created", "unchanged"]


def test_a_dispatch_names_a_run_whose_own_commit_gets_the_verdict(stage: Stage) -> None:
    head = stage.github.pull("topic", "main")
    stage.fail("PATCH", ".*/check-runs/.*", stored=True)
    payload = adapted("repository_dispatch", None, client_payload={"run": f"{ENTITY}/{PROJECT}/abc123"})
    happened = stage.judge_online("repository_dispatch", payload, Run(rows=HIGH, commit=head))

    assert happened.codes() == [("fail", 10)] * 2
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert stage.reports(head) == [report("failure")]
    assert [(one["path"], one["start_line"]) for one in stage.github.annotations(1)] == [(PATH, 3)]
    assert len(stage.github.comments(1)) == 1


def test_a_run_that_a_person_names_by_hand_may_be_inconclusive(stage: Stage) -> None:
    head = stage.github.pull("topic", "main")
    payload = adapted("workflow_dispatch", None, inputs={"run": f"{ENTITY}/{PROJECT}/abc123"})
    happened = stage.judge_online("workflow_dispatch", payload, Run(rows=GOOD[:4], commit=head))

    assert happened.codes() == [("inconclusive", 11)] * 2
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert stage.reports(head) == [report("action_required")]
    assert len(stage.github.comments(1)) == 1


def test_a_sweep_up_judges_what_has_ended_once(stage: Stage) -> None:
    good, dead = stage.github.pull("good", "main"), stage.github.pull("dead", "main")
    payload = {"schedule": "17 * * * *", "repository": adapted("push", None)["repository"]}
    when = f"{datetime.now(UTC) - timedelta(hours=3):%Y-%m-%dT%H:%M:%S}"
    of_today: dict[str, Any] = {"rows": GOOD, "created_at": when, "heartbeat_at": when}
    runs = (
        Run(name="good", commit=good, **of_today),
        Run(name="dead", commit=dead, state="killed", **of_today),
        Run(name="elsewhere", commit="d" * 40, **of_today),
    )
    happened = stage.judge_online("schedule", payload, *runs)

    assert happened.codes() == [("fail", 0), ("inconclusive", 0)]
    assert {happened.outputs(step)["reason-code"] for step in TWICE} == {"sweep"}
    assert stage.github.states(good) == ["pending", "success"]
    assert stage.github.states(dead) == ["pending", "failure"]
    assert (stage.reports(good), stage.reports(dead)) == ([report("success")], [report("action_required")])
    assert [len(stage.github.comments(number)) for number in (1, 2)] == [1, 1]


def test_a_merge_group_passes_when_all_of_it_does(stage: Stage) -> None:
    base = stage.github.head("main")
    heads = [stage.github.pull(branch, "main") for branch in ("one", "two")]
    for head in heads:
        stage.github.post(head, mark(Standing.PASS))
    first = stage.github.merge(base, heads[0])
    group = stage.github.merge(first, heads[1])
    place = "merge_group__"
    payload = adapted(
        "merge_group", "checks_requested",
        **{f"{place}head_sha": group, f"{place}head_ref": f"refs/heads/gh-readonly-queue/main/pr-2-{base}"},
        **{f"{place}base_sha": base, f"{place}base_ref": "refs/heads/main"},
    )  # fmt: skip
    happened = stage.happen("merge_group", payload, {})

    assert happened.codes() == [("pass", 0)] * 2
    assert stage.github.states(group) == ["success"] * 2
    assert (stage.reports(group), stage.github.comments(1), stage.github.comments(2)) == ([], [], [])
    assert "all of the merge group pass: #1, #2" in happened.log


def test_a_push_is_told_in_the_pull_request_of_its_branch_with_all_runs_of_the_commit(stage: Stage) -> None:
    head = stage.github.pull("topic", "main")
    stage.fail("POST", ".*/check-runs", stored=True)
    payload = adapted("push", None, ref="refs/heads/topic", after=head)
    happened = stage.happen("push", payload, {"run": "high.jsonl"}, then="run.jsonl")

    assert happened.codes() == [("fail", 10), ("pass", 0)]
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert sorted(stage.reports(head)) == [report("failure"), report("success")]
    [comment] = stage.github.comments(1)
    assert "high" in comment
    assert [happened.outputs(step)["operation"] for step in TWICE] == ["created", "updated"]


def test_a_workflow_that_is_called_judges_for_the_event_of_its_caller(stage: Stage) -> None:
    head = stage.github.pull("topic", "main")
    payload = adapted("push", None, ref="refs/heads/topic", after=head)
    workflows = {"called": CALLED + "{steps}", "caller": CALLER}
    happened = stage.happen("push", payload, {"run": "high.jsonl"}, workflows=workflows)

    assert happened.codes() == [("fail", 10)] * 2
    assert (happened.results / "called").read_text("utf-8") == "fail"
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert stage.reports(head) == [report("failure")]
    assert len(stage.github.comments(1)) == 1
