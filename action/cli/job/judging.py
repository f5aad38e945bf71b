"""One run of a job: collected, judged, published, told. Composition alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from action.approval import Approvals
from action.cli.check import write_judged
from action.cli.job.policies import parsed, policy_in_force, policy_path, weakenings
from action.cli.job.publishing import Desk, Published, Publishing
from action.cli.job.scene import Scene
from action.cli.job.subject import Subject
from action.cli.job.tracking import Tracked, track_run
from action.cli.job.voice import tell_verdict
from action.cli.online import service_ports
from action.errors import GatekeeperError, InputError, ServiceError
from action.pipeline import check_run
from action.ports import Ports
from action.publish.aftermath import aftermath
from action.publish.ledger import run_key
from action.settings import TIME, CheckSettings, PolicyText
from checks.policy import PolicyError
from checks.result import Decision
from checks.run import Origin

if TYPE_CHECKING:
    from action.pipeline import Judged

OPEN = 11
_Changes: TypeAlias = Callable[[], tuple[str, ...]]
"""What the pull request's own policy asks less, one sentence each."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a run of the job ended."""

    decision: Decision
    code: int
    headline: str


def judge_subject(scene: Scene, subject: Subject, out: Path) -> Ended:
    """Judge a run and publish the verdict.

    Raises:
        GatekeeperError, PolicyError: there is no verdict, or its status could not be written. The status says so
            where it can.
    """
    scene, place = scene.place_of(subject)
    judged_at = datetime.now(UTC).strftime(TIME)
    publishing = None
    if place is not None and scene.forge is not None and scene.wanted:
        desk = Desk(
            forge=scene.forge,
            place=place,
            wanted=scene.wanted,
            repository=scene.page,
            attempt=scene.attempt,
            judged_at=judged_at,
            source=scene.job.asked_policy,
            slot=scene.slot,
            siblings=tuple(map(run_key, subject.siblings)),
        )
        publishing = Publishing(desk, subject)
    try:
        policy = policy_in_force(scene.job, scene.trigger, scene.forge, scene.others)
        if policy.source != scene.job.asked_policy:
            scene.runner.line(
                f"no {scene.job.asked_policy} on {scene.base or 'the default branch'}: {policy.source} judges"
            )
        changes = _weakenings(scene, subject, policy)
        trial = parsed(policy).trial
        if publishing is not None:
            publishing.begin(trial=trial, weakenings=changes)
        origin = Origin(
            repository=scene.trigger.repository, sha=None if place is None else place.sha, attempt=scene.attempt
        )
        judged = _judge(scene, subject, policy, (judged_at, origin))
        write_judged(judged, out)
        scene.runner.outputs({"subjects": _write_statement(scene, judged, out)})
    except (GatekeeperError, PolicyError) as error:
        if publishing is not None:
            with contextlib.suppress(ServiceError):  # the first error is what is told
                publishing.broke(str(error).splitlines()[0])
        raise
    return _publish(scene, subject, publishing, (judged, out, changes))


def _write_statement(scene: Scene, judged: Judged, out: Path) -> str:
    """Write what `actions/attest` makes a statement of, where the verdict names bytes that could be promoted; where."""
    from action.attestation import SUBJECTS_FILE, attestation_files  # noqa: PLC0415 - start-up time
    from action.output import write_files  # noqa: PLC0415
    from action.report.document import verdict_json  # noqa: PLC0415

    checkpoint = judged.verdict.checkpoint
    if checkpoint is None or checkpoint.digest is None:
        return ""
    try:
        files = attestation_files(verdict_json(judged.verdict).encode())
    except InputError as error:  # too large to be signed: it is judged all the same
        scene.runner.line(str(error))
        return ""
    write_files(out, files, option="out")
    return str(out / SUBJECTS_FILE)


def _weakenings(scene: Scene, subject: Subject, policy: PolicyText) -> _Changes:
    """Tell on demand, and once, what the pull request's own policy asks less."""
    return cache(lambda: weakenings(scene.job, scene.trigger, policy, (scene.forge, subject.sha or "")))


def _judge(scene: Scene, subject: Subject, policy: PolicyText, here: tuple[str, Origin]) -> Judged:
    job, runner = scene.job, scene.runner
    judged_at, origin = here
    runner.begin("Collect and judge")
    settings = CheckSettings(
        ref=subject.ref,
        policy=policy,
        fallback_policy=policy,
        events=tuple(map(Path, job.events)),
        games=tuple(map(Path, job.games)),
        checkpoint=job.checkpoint or None,
        now=judged_at,
        origin=origin,
        deadline=job.deadline,
    )
    judged = check_run(settings, _ports(scene, policy))
    runner.line(judged.verdict.headline)
    runner.end()
    return judged


def _ports(scene: Scene, policy: PolicyText) -> Ports:
    """Give the ports of a job: where the policy is one of the repository, its history tells who approved waivers."""
    ports, path = service_ports(), policy_path(scene.job)
    if scene.forge is None or scene.job.profiles or policy.source != path:
        return ports
    return replace(ports, find_approval=Approvals(scene.forge, path, scene.trigger.base, scene.base).find)


def _publish(
    scene: Scene, subject: Subject, publishing: Publishing | None, found: tuple[Judged, Path, _Changes]
) -> Ended:
    judged, out, changes = found
    verdict, runner = judged.verdict, scene.runner
    if publishing is None:
        why = [scene.silent or "The run names no commit of this repository: nothing was written to GitHub."]
        if scene.trigger.read_only:
            why += changes()
        tracked = track_run(scene, judged, counts=True)
        runner.summary(aftermath(tracked.failures, [*why, *tracked.notes], _stands(written=False)))
        tell_verdict(runner, judged, out)
        runner.outputs({"operation": "none"} | ({} if tracked.url is None else {"tracker-pr": tracked.url}))
        for line in why:
            runner.line(line)
        return Ended(decision=verdict.decision, code=verdict.exit_code, headline=verdict.headline)
    runner.begin("Publish")

    def tell(elsewhere: str | None) -> None:
        if elsewhere is not None:
            runner.summary(aftermath([], [f"{elsewhere}: the verdict does not count for it."]))
        tell_verdict(runner, judged, out)

    published = publishing.finish(judged, tell)
    runner.end()
    counts = published.elsewhere is None and not published.superseded
    tracked = track_run(scene, judged, counts=counts)
    _tell_rest(scene, published, tracked)
    if published.elsewhere is not None:
        told = {"verdict": Decision.INCONCLUSIVE.value, "exit-code": str(OPEN), "reason-code": "other-commit"}
        runner.outputs(told)
        return Ended(decision=Decision.INCONCLUSIVE, code=OPEN, headline=published.elsewhere)
    runner.line(f"{subject.name}: {verdict.decision.value}")
    return Ended(decision=verdict.decision, code=verdict.exit_code, headline=verdict.headline)


def _tell_rest(scene: Scene, published: Published, tracked: Tracked) -> None:
    """Tell what is known after publishing."""
    posted = published.posted
    scene.runner.outputs(
        {
            "comment-url": (posted.url if posted is not None else None) or "",
            "check-url": published.check_url or "",
            "operation": posted.operation.value if posted is not None else "none",
            "tracker-pr": tracked.url or "",
        }
    )
    failures = (*published.failures, *tracked.failures)
    for one in failures:
        scene.runner.line(f"{one.step}: {one.text}")
    more = aftermath(failures, (*published.notes, *tracked.notes), _stands(written=not published.trial))
    if more:
        scene.runner.summary(more)


def _stands(*, written: bool) -> str:
    return "The verdict and the commit status stand." if written else "The verdict stands."
