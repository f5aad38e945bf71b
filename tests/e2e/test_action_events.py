"""Each event of GitHub under a real runner (nektos/act), against an emulator of GitHub behind a proxy.

The payloads are GitHub's own examples with the commits of the emulator. Each event is judged twice, by the action of
the workspace (`uses: ./`) and by that of another repository: what the second finds is what the first wrote. Whatever
was asked and answered has to be as GitHub's own description says.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.act import ACTION, Runner, commit_all, ship, warm_python
from tests.runs import POLICY, kl, write_run
from tests.services.faults import reply
from tests.services.github import Fault
from tests.services.github_api import faults
from tests.services.github_bodies import REPOSITORY
from tests.services.github_emulator import Emulator
from tests.services.wandb import ENTITY, PROJECT, Wandb
from tests.services.wandb_run import Run

PATH = ".github/gatekeeper.yml"
LENIENT = POLICY.replace("< 0.1", "< 100").replace(">= 0.15", ">= 150")
GOOD = [{"_step": step, "kl": kl(step)} for step in range(40)]
HIGH = [{"_step": step, "kl": 0.5 + step / 1_000} for step in range(40)]
TWICE = ("local", "mapped")
STEPS = """\
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - {{id: local, uses: ./, continue-on-error: true, with: {inputs}}}
      - {{id: mapped, uses: {action}, continue-on-error: true, with: {inputs}}}
      - run: printf '%s' "$STEPS" > "$RESULTS/steps.json"
        env: {{STEPS: "${{{{ toJSON(steps) }}}}"}}
"""
WORKFLOW = """\
on: {event}
permissions: {{}}
jobs:
  gate:
    runs-on: ubuntu-latest
    steps:
"""
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


@cache
def examples(event: str) -> Sequence[dict[str, Any]]:
    """Return the payloads of an event that npm `@octokit/webhooks-examples` holds: real ones."""
    path = Path(sys.prefix) / "node/node_modules/@octokit/webhooks-examples/api.github.com/index.json"
    return next(one["examples"] for one in json.loads(path.read_text("utf-8")) if one["name"] == event)


def adapted(event: str, action: str | None, /, **changes: Any) -> dict[str, Any]:
    """Return GitHub's example with other values; `__` leads inside, and what is changed has to be there."""
    made = copy.deepcopy(next(one for one in examples(event) if action in (None, one.get("action"))))
    made["repository"]["full_name"] = REPOSITORY
    for place, value in changes.items():
        *outer, last = place.split("__")
        inner = made
        for name in outer:
            inner = inner[name]
        assert last in inner, place
        inner[last] = value
    return made


@dataclass(frozen=True, kw_only=True)
class Happened:
    """What an event came to."""

    results: Path
    log: str

    def outputs(self, step: str) -> dict[str, str]:
        found: dict[str, str] = self._step(step)["outputs"]
        return found

    def codes(self) -> list[tuple[str, int]]:
        """How each of the two ended: verdict and exit code, which is that of the step too."""
        found = []
        for step in TWICE:
            outputs = self.outputs(step)
            code = int(outputs["exit-code"])
            assert self._step(step)["outcome"] == ("failure" if code else "success")
            found.append((outputs["verdict"], code))
        ended = [f"exit status {code}" for _, code in found if code]
        assert [line.partition("] ")[2] for line in self.log.splitlines() if "] exit status" in line] == ended
        return found

    def _step(self, step: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.results / "steps.json").read_text("utf-8"))[step]
        return found


@dataclass(kw_only=True)
class Stage:
    """A repository on GitHub, and a machine that runs its workflows."""

    folder: Path
    github: Emulator
    secrets: dict[str, str] = field(default_factory=dict)

    def happen(self, event: str, payload: Any, workflows: Mapping[str, str] | None = None, **inputs: str) -> Happened:
        """Let an event happen, for workflows that judge with these inputs; by default one that the event starts."""
        repository, results = ship(self.folder / "repository"), self.folder / "results"
        results.mkdir()
        write_run(repository)
        write_run(repository, HIGH, name="high.jsonl")
        steps = STEPS.format(action=ACTION, inputs=json.dumps(inputs))
        for name, head in (workflows or {"gate": WORKFLOW.format(event=event) + "{steps}"}).items():
            file = repository / ".github" / "workflows" / f"{name}.yml"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(head.replace("{steps}", steps))
        commit_all(repository)
        runner = Runner(
            repository=repository,
            beside=self.folder / "beside",
            path=(warm_python(self.folder / "warm"),),
            actions={ACTION: ship(self.folder / "shipped")},
        )
        env = {"GITHUB_API_URL": self.github.proxy.url, "RESULTS": str(results)}
        self.secrets["GITHUB_TOKEN"] = self.github.proxy.token
        done = runner.run(event, payload, env, self.secrets)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        for secret in self.secrets.values():
            assert secret not in done.stdout + done.stderr
        return Happened(results=results, log=done.stdout)

    def judge_online(self, event: str, payload: Any, *runs: Run) -> Happened:
        """Let an event happen where the runs are on W&B."""
        with Wandb(*runs) as wandb:
            self.secrets["WANDB_API_KEY"] = wandb.key
            where = {"project": f"{ENTITY}/{PROJECT}", "wandb-base-url": wandb.url}
            return self.happen(event, payload, None, **where, **{"wandb-api-key": "${{ secrets.WANDB_API_KEY }}"})

    def fail(self, method: str, path: str, *, stored: bool) -> None:
        """Let the next such request be answered with 502, whether or not it was done."""
        self.github.proxy.faults.append(Fault(behave=reply(502), method=method, path=path, stored=stored))

    def reports(self, sha: str) -> list[tuple[str, str, str]]:
        """What the check runs of a commit say."""
        return [(one["name"], one["status"], one["conclusion"]) for one in self.github.check_runs(sha)]


@pytest.fixture(name="stage")
def _stage(tmp_path: Path) -> Iterator[Stage]:
    (tmp_path / "github").mkdir()
    with Emulator(tmp_path / "github", PATH, POLICY) as github:
        yield Stage(folder=tmp_path, github=github)
    proxy = github.proxy
    faulty = [text for one in proxy.exchanges for text in faults(one, answered=one not in proxy.struck)]
    assert faulty == []
    assert proxy.exchanges


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
    happened = stage.happen("pull_request", payload, run="high.jsonl")

    assert happened.codes() == [("fail", 10)] * 2
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert stage.reports(head) == [report("failure")]
    [comment] = stage.github.comments(1)
    assert "kl-p95" in comment
    assert "What this pull request changes in the policy" in comment
    assert [happened.outputs(step)["operation"] for step in TWICE] == ["created", "unchanged"]
    assert {happened.outputs(step)["reason-code"] for step in TWICE} == {"kl-p95"}


def test_a_workflow_that_has_ended_is_judged_by_the_run_of_its_head(stage: Stage) -> None:
    """Its pull request stands nowhere in the payload, as for a fork: it is found by the head."""
    head = stage.github.pull("topic", "main")
    stage.fail("POST", ".*/statuses/.*", stored=False)
    place = "workflow_run__"
    payload = adapted(
        "workflow_run", "completed",
        **{f"{place}head_sha": head, f"{place}head_branch": "topic", f"{place}pull_requests": []},
        **{f"{place}head_repository__owner__login": REPOSITORY.split("/")[0]},
    )  # fmt: skip
    happened = stage.judge_online("workflow_run", payload, Run(rows=GOOD, commit=head))

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
        stage.github.post(head, "success")
    first = stage.github.merge(base, heads[0])
    group = stage.github.merge(first, heads[1])
    place = "merge_group__"
    payload = adapted(
        "merge_group", "checks_requested",
        **{f"{place}head_sha": group, f"{place}head_ref": f"refs/heads/gh-readonly-queue/main/pr-2-{base}"},
        **{f"{place}base_sha": base, f"{place}base_ref": "refs/heads/main"},
    )  # fmt: skip
    happened = stage.happen("merge_group", payload)

    assert happened.codes() == [("pass", 0)] * 2
    assert stage.github.states(group) == ["success"] * 2
    assert (stage.reports(group), stage.github.comments(1), stage.github.comments(2)) == ([], [], [])
    assert "all of the merge group pass: #1, #2" in happened.log


def test_a_push_is_judged_and_told_in_the_pull_request_of_its_branch(stage: Stage) -> None:
    head = stage.github.pull("topic", "main")
    stage.fail("POST", ".*/check-runs", stored=True)
    payload = adapted("push", None, ref="refs/heads/topic", after=head)
    happened = stage.happen("push", payload, run="run.jsonl")

    assert happened.codes() == [("pass", 0)] * 2
    assert stage.github.states(head) == ["pending", "success"] * 2
    assert stage.reports(head) == [report("success")]
    assert len(stage.github.comments(1)) == 1


def test_a_workflow_that_is_called_judges_for_the_event_of_its_caller(stage: Stage) -> None:
    head = stage.github.pull("topic", "main")
    payload = adapted("push", None, ref="refs/heads/topic", after=head)
    workflows = {"called": CALLED + "{steps}", "caller": CALLER}
    happened = stage.happen("push", payload, workflows, run="high.jsonl")

    assert happened.codes() == [("fail", 10)] * 2
    assert (happened.results / "called").read_text("utf-8") == "fail"
    assert stage.github.states(head) == ["pending", "failure"] * 2
    assert stage.reports(head) == [report("failure")]
    assert len(stage.github.comments(1)) == 1
