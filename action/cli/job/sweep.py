"""The sweep-up: every run that has ended and has no verdict yet is judged, once.

W&B tells nobody of runs that were killed, and a dispatch may get lost. Composition alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from action.cli.job.judging import Ended, judge_subject
from action.cli.job.scene import Scene
from action.cli.job.subject import Subject, find_runs
from action.errors import GatekeeperError, InputError, UsageError
from action.escape import markdown
from action.forge import Forge
from action.publish.explanation import external_id
from action.publish.ledger import Standing, policy_slot, read_ledger, run_key
from action.sources.wandb_api.filters import ended_since
from checks.policy import PolicyError
from checks.result import Decision

if TYPE_CHECKING:
    from action.sources.wandb_api.runs import Listed

MOST = 20
"""Runs that one sweep judges; the next takes what is left."""
_OPEN = (Standing.WAITING, Standing.ERROR)


def sweep(scene: Scene) -> int:
    """Judge what has no verdict yet; 0: every run was judged, whatever its verdict; 3: one could not be.

    Raises:
        UsageError: it may not write, or no project is named.
        ServiceError: W&B or GitHub could not be reached, or refused.
    """
    runner, forge = scene.runner, scene.forge
    if forge is None or not {"status", "check-run"} <= scene.wanted:
        runner.end()
        raise UsageError(
            "schedule: expected that statuses and check runs may be written, since a sweep-up knows by them what was "
            "judged, got less; give the inputs `token` and `publish`, or the input `run`"
        )
    since, listed = _ended(scene)
    unjudged = list(_unjudged(scene, forge, sorted(listed, key=lambda one: one.created_at or "")))
    runner.line(f"{len(listed)} runs have ended since {since:%Y-%m-%d}, {len(unjudged)} of them have no verdict")
    runner.end()
    ended: dict[str, Ended | str] = {}
    for one in unjudged[:MOST]:
        key = f"{scene.job.project}/{one.id}"
        subject = Subject(ref=f"wandb://{key}", key=one.id, name=one.name, sha=one.commit, named=False)
        try:
            ended[key] = judge_subject(
                _alone(scene), subject, scene.job.out / quote(one.id, safe="").replace(".", "%2E")
            )
        except (GatekeeperError, PolicyError) as error:
            ended[key] = str(error).splitlines()[0]
            runner.line(f"{key}: {ended[key]}")
    return _tell(scene, ended, len(unjudged))


def _ended(scene: Scene) -> tuple[datetime, Sequence[Listed]]:
    """Find what has ended, as far back as can be listed."""
    days = float(scene.job.sweep_days)
    while True:
        since = datetime.now(UTC) - timedelta(days=days)
        try:
            return since, find_runs(scene.job, ended_since(since))
        except InputError:
            days /= 2
            if days < 1 / 24:
                raise


def _alone(scene: Scene) -> Scene:
    """Give each run a summary of its own line only: twenty reports would be too long for one job."""
    return replace(scene, runner=scene.runner.quiet())


def _unjudged(scene: Scene, forge: Forge, runs: list[Listed]) -> Iterator[Listed]:
    """Find runs without a verdict by the policy of the branch that their commit goes into.

    A run that was left in the middle, or that could not be judged, has none.
    """
    slots: dict[str, frozenset[str] | None] = {}
    judged: dict[str, frozenset[tuple[str, str]]] = {}
    for one in runs:
        sha = one.commit
        if sha is None:
            continue
        if sha not in slots:
            slots[sha] = _slots(scene, forge, sha)
        wanted = slots[sha]
        if wanted is None:  # a commit of another repository
            continue
        if sha not in judged:
            ledger = read_ledger(forge.statuses(sha)).values()
            told = {found.external_id for found in forge.check_runs(sha) if found.completed}
            closed = (entry for entry in ledger if entry.standing not in _OPEN)
            judged[sha] = frozenset(entry.key for entry in closed if external_id(entry) in told)
        if not any((run_key(one.id), slot) in judged[sha] for slot in wanted):
            yield one


def _slots(scene: Scene, forge: Forge, sha: str) -> frozenset[str] | None:
    """Name the policies that a commit may be judged by; None: the repository has no such commit."""
    pulls = forge.pulls_of_commit(sha)
    if pulls is None:
        return None
    bases: set[str | None] = {one.base for one in pulls if one.open and one.head_sha == sha}
    return frozenset(policy_slot(scene.job.asked_policy, base) for base in bases or {scene.base})


def _tell(scene: Scene, ended: dict[str, Ended | str], found: int) -> int:
    rows = [
        f"| {markdown(key)} | {markdown(one if isinstance(one, str) else f'{one.decision.value}: {one.headline}')} |\n"
        for key, one in ended.items()
    ]
    left = f"\n{found - len(ended)} more are left for the next sweep-up.\n" if found > len(ended) else ""
    table = (
        f"| run | verdict |\n| :-- | :-- |\n{''.join(rows)}" if rows else "Every run that has ended has a verdict.\n"
    )
    scene.runner.summary(f"## Experiment Gatekeeper: sweep-up\n\n{table}{left}")
    broken = any(isinstance(one, str) for one in ended.values())
    passed = all(not isinstance(one, str) and one.decision is Decision.PASS for one in ended.values())
    verdict = "error" if broken else "pass" if passed and ended else "fail" if ended else "inconclusive"
    code = 3 if broken else 0
    scene.runner.outputs({"verdict": verdict, "exit-code": str(code), "reason-code": "sweep"})
    return code
