"""One job of GitHub Actions: what its event asks for, and how it ends.

Whatever happens, the outputs say how it ended: a job that says nothing could be taken for a pass.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from action.cli.job.inputs import Job, read_payload, require_own
from action.cli.job.judging import OPEN, judge_subject
from action.cli.job.policies import policy_in_force
from action.cli.job.scene import Scene, open_scene
from action.cli.job.subject import Nothing, find_subject
from action.cli.job.sweep import sweep
from action.cli.job.voice import tell_error, tell_nothing
from action.cli.records import HostedRecords
from action.deadline import Deadline
from action.errors import GatekeeperError, ServiceError
from action.event import Errand, read_event
from action.forge import Forge, State, Status
from action.github.origin import Origins
from action.provenance import WORKFLOW, Home, Sought, doubt
from action.publish.ledger import Entry, Standing, describe, join, read_ledger, run_key, shorten
from action.publish.queue import judge_group
from action.runner import Annotation, Level, Runner
from checks.policy import PolicyError

_SECRETS = ("WANDB_API_KEY", "AXIOM_TOKEN", "GITHUB_TOKEN", "GATEKEEPER_TRACKER_TOKEN")
_ENDS = {
    State.SUCCESS: ("pass", 0),
    State.FAILURE: ("fail", 10),
    State.ERROR: ("error", 3),
    State.PENDING: ("inconclusive", OPEN),
}


def do_job(job: Job) -> int:
    """Do the job and give the exit code: that of the verdict, 2 for a wrong set-up, 3 where a service failed."""
    runner = Runner(os.environ, sys.stdout)
    runner.mask(os.environ.get(name, "") for name in _SECRETS)
    try:
        return _do(job, runner)
    except (GatekeeperError, PolicyError) as error:
        code, reason = code_of(error)
        tell_error(runner, code, reason, str(error))
        return code


def code_of(error: GatekeeperError | PolicyError) -> tuple[int, str]:
    """Give the exit code and the reason's code of an error."""
    if isinstance(error, PolicyError):
        return 2, "policy"
    return error.exit_code, "service" if error.exit_code == 3 else "input"


def _do(job: Job, runner: Runner) -> int:
    runner.begin("Event")
    job.require_text()
    require_own(job.out, os.environ)
    job.tracker.require()
    payload = read_payload(os.environ.get("GITHUB_EVENT_PATH", ""))
    trigger = read_event(os.environ.get("GITHUB_EVENT_NAME", ""), payload, os.environ, job.run or None)
    scene = open_scene(job, runner, trigger)
    if trigger.errand is Errand.QUEUE:
        return _queue(scene)
    if trigger.errand is Errand.SWEEP:
        return sweep(scene)
    try:
        subject = find_subject(job, trigger, scene.forge)
    except (GatekeeperError, PolicyError) as error:
        _close(scene, str(error).splitlines()[0])
        raise
    runner.line(f"{trigger.event}: {subject.text if isinstance(subject, Nothing) else subject.ref}")
    runner.end()
    if isinstance(subject, Nothing):
        return _nothing(scene, subject)
    return judge_subject(scene, subject, job.out).code


def _close(scene: Scene, text: str) -> None:
    """Say on the commit that nothing could be judged, as far as it is known: GitHub would wait without a word."""
    sha, forge = scene.trigger.sha, scene.forge
    if sha is not None and forge is not None and "status" in scene.wanted:
        with suppress(ServiceError):  # the first error is what is told
            status = Status(state=State.ERROR, description=shorten(f"Nothing was judged: {text}"), target=scene.address)
            forge.post_status(sha, status)


def _nothing(scene: Scene, found: Nothing) -> int:
    """Say that no run is judged: the gate waits for one, or for somebody who names one of several."""
    sha, forge = scene.trigger.sha, scene.forge
    if sha is not None and forge is not None and "status" in scene.wanted:
        ledger = read_ledger(forge.statuses(sha)).values()
        mine = {one.run for one in ledger if one.policy == scene.slot and one.standing is not Standing.WAITING}
        wanted = {run_key(one.id) for one in found.runs}
        if wanted and wanted <= mine:
            together = join(_settled(scene, forge, sha).values())
            decision, code = _ENDS[together.state]
            text = (
                f"All {len(found.runs)} runs of the commit have a verdict: {together.passing} of {together.runs} pass."
            )
            if together.state is not State.SUCCESS:
                text += f" {together.deciding.run} decides; name a run to judge it again."
            tell_nothing(scene.runner, decision, code, ("judged-before", "Nothing new was judged.", text))
            return code
        if wanted or not mine:  # a status that no run stands behind must not hide one of a run
            state = State.FAILURE if found.runs else State.PENDING
            forge.post_status(sha, Status(state=state, description=shorten(found.text), target=scene.address))
            if not wanted:
                _settled(scene, forge, sha)
    scene.runner.annotate([Annotation(level=Level.ERROR, title="No run to judge", text=found.text)])
    tell_nothing(scene.runner, "inconclusive", OPEN, (found.reason, "No run was judged.", found.text))
    return OPEN


def _settled(scene: Scene, forge: Forge, sha: str) -> dict[tuple[str, str], Entry]:
    """Post again what the verdicts of a commit are together, where the newest status says something else."""
    statuses = forge.statuses(sha)
    ledger = read_ledger(statuses)
    if ledger and (together := join(ledger.values())).state is not statuses[0].state:
        target = f"{scene.address}{together.deciding.mark}"
        text = describe(together, together.deciding, "")
        forge.post_status(sha, Status(state=together.state, description=text, target=target))
    return ledger


def _queue(scene: Scene) -> int:
    """Report for a merge group."""
    group, forge = scene.trigger.group, scene.forge
    scene.runner.end()
    if group is None or forge is None or scene.trigger.base is None:
        text = "The pull requests of a merge group could not be looked up: give the input `token`."
        tell_nothing(scene.runner, "inconclusive", OPEN, ("no-token", "No verdict was given.", text))
        return OPEN
    heads = _heads(scene, forge) if scene.job.verify_heads else None
    found = judge_group(forge, group, scene.trigger.base, scene.slot, heads)
    for one in found.members:
        if one.doubt is not None:
            scene.runner.line(f"#{one.pull.number}: {one.doubt}")
    if "status" in scene.wanted:
        status = Status(state=found.state, description=found.description, target=scene.address)
        forge.post_status(group.head_sha, status)
    decision, code = _ENDS[found.state]
    headline = "The merge group passes." if code == 0 else "The merge group does not pass."
    tell_nothing(scene.runner, decision, code, ("merge-group", headline, found.description))
    scene.runner.line(found.description)
    return code


def _heads(scene: Scene, forge: Forge) -> Callable[[str], str | None]:
    """Look behind the status of a head: at the artifact of the job that judged it, and the policy in force."""
    policy = policy_in_force(scene.job, scene.trigger, forge)
    sha256 = hashlib.sha256(policy.text.encode()).hexdigest()
    origins = Origins(scene.access(), Deadline(seconds=scene.job.deadline))
    home = Home(
        repository=scene.trigger.repository,
        workflow=scene.job.workflow or WORKFLOW,
        branch=scene.trigger.default or origins.default_branch(),
    )
    records = HostedRecords(forge, origins)
    today = datetime.now(UTC).date()
    return lambda sha: doubt(records, Sought(sha=sha, slot=scene.slot, run=None, home=home), sha256, today)
