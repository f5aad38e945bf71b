"""A stage for events: an emulator of GitHub behind a proxy, and a real runner that judges each event twice.

First by the action of the workspace (`uses: ./`), then by that of another repository: what the second finds is what
the first wrote. Payloads are GitHub's own examples. No test may enter.
"""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from tests.act import ACTION, Runner, commit_all, ship, warm_python
from tests.runs import write_run
from tests.services.faults import reply
from tests.services.github import Fault
from tests.services.github_bodies import REPOSITORY
from tests.services.github_emulator import Emulator
from tests.services.wandb import ENTITY, PROJECT, Wandb
from tests.services.wandb_run import Run

HIGH = [{"_step": step, "kl": 0.5 + step / 1_000} for step in range(40)]
"""Rows that fail."""
TWICE = ("local", "mapped")
STEPS = """\
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1
      - {{id: local, uses: ./, continue-on-error: true, with: {inputs}}}
      - {{id: mapped, uses: {action}, continue-on-error: true, with: {others}}}
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
        """Give the outputs of one of the two."""
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

    def happen(
        self, event: str, payload: Any, inputs: Mapping[str, str], *, then: str = "",
        workflows: Mapping[str, str] | None = None,
    ) -> Happened:  # fmt: skip
        """Let an event happen, for workflows that judge with these inputs; by default one that the event starts.

        `then`: a run that the second use of the action judges in the place of the first one's.
        """
        repository, results = ship(self.folder / "repository"), self.folder / "results"
        results.mkdir()
        write_run(repository)
        write_run(repository, HIGH, name="high.jsonl")
        others = {**inputs, "run": then} if then else inputs
        steps = STEPS.format(action=ACTION, inputs=json.dumps(inputs), others=json.dumps(others))
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
            return self.happen(event, payload, where | {"wandb-api-key": "${{ secrets.WANDB_API_KEY }}"})

    def fail(self, method: str, path: str, *, stored: bool) -> None:
        """Let the next such request be answered with 502, whether or not it was done."""
        self.github.proxy.faults.append(Fault(behave=reply(502), method=method, path=path, stored=stored))

    def reports(self, sha: str) -> list[tuple[str, str, str]]:
        """What the check runs of a commit say."""
        return [(one["name"], one["status"], one["conclusion"]) for one in self.github.check_runs(sha)]
