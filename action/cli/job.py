"""One job of GitHub Actions: which run the event is about, its verdict, and what the runner is told of it.

Composition alone. Whatever happens, the outputs say how it ended: a job that says nothing could be taken for a pass.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from action.cli.check import write_judged
from action.cli.online import open_wandb, service_ports
from action.cli.ports import DEFAULT_POLICY
from action.deadline import Deadline
from action.errors import GatekeeperError, InputError, UsageError
from action.event import Errand, Trigger, read_event
from action.files import show_name
from action.github import API, Access, GitHub
from action.pipeline import check_run
from action.report.markdown import verdict_markdown
from action.runner import Annotation, Level, Runner
from action.runs import exists, is_online
from action.secret import Secret
from action.services import read_services
from action.settings import TIME, CheckSettings, PolicyText, profile_policy
from action.sources.wandb_api import parse_run
from action.sources.wandb_api.filters import of_commit
from checks.policy import PolicyError
from checks.result import CheckResult, Outcome, Severity

if TYPE_CHECKING:
    from action.pipeline import Judged

_PROJECT = re.compile(r"[\w][\w .-]*/[\w][\w .-]*")
_SECRETS = ("WANDB_API_KEY", "AXIOM_TOKEN", "GITHUB_TOKEN")
_OPEN = 11
_LISTED = 10
_LARGEST_EVENT = 30_000_000
"""Bytes: GitHub delivers payloads of at most 25 MB."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The inputs of the action. Empty: not given."""

    run: str
    games: tuple[str, ...]
    events: tuple[str, ...]
    policy: str
    profiles: tuple[str, ...]
    checkpoint: str
    project: str
    out: Path
    deadline: float


@dataclass(frozen=True, kw_only=True)
class _Found:
    """The run that the event is about, or why there is none."""

    run: str | None
    reason: str = ""
    text: str = ""


def do_job(job: Job) -> int:
    """Do the job and give the exit code: that of the verdict, 2 for a wrong set-up, 3 where a service failed."""
    runner = Runner(os.environ, sys.stdout)
    runner.mask(os.environ.get(name, "") for name in _SECRETS)
    try:
        return _do(job, runner)
    except (GatekeeperError, PolicyError) as error:
        code = error.exit_code if isinstance(error, GatekeeperError) else 2
        reason = {3: "service", 2: "policy" if isinstance(error, PolicyError) else "input"}.get(code, "input")
        for line in str(error).splitlines()[:20]:
            runner.annotate([Annotation(level=Level.ERROR, title="No verdict", text=line)])
        _tell_nothing(runner, "error", code, (reason, f"**No verdict was given.** {str(error).splitlines()[0]}"))
        return code


def _do(job: Job, runner: Runner) -> int:
    runner.begin("Event")
    trigger = read_event(os.environ.get("GITHUB_EVENT_NAME", ""), _payload(), os.environ, job.run or None)
    found = _find(job, trigger)
    runner.line(f"{trigger.event}: {found.run or found.text}")
    runner.end()
    if found.run is None:
        runner.annotate([Annotation(level=Level.ERROR, title="No run to judge", text=found.text)])
        _tell_nothing(runner, "inconclusive", _OPEN, (found.reason, f"**No run was judged.** {found.text}"))
        return _OPEN
    runner.begin("Collect and judge")
    judged = _judge(job, found.run, _policy(job, trigger))
    write_judged(judged, job.out)
    runner.line(judged.verdict.headline)
    runner.end()
    _tell(runner, judged, job.out)
    return judged.verdict.exit_code


def _payload() -> Mapping[str, Any]:
    path = os.environ.get("GITHUB_EVENT_PATH", "")
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_LARGEST_EVENT + 1)
        payload = json.loads(content) if len(content) <= _LARGEST_EVENT else None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"GITHUB_EVENT_PATH: expected the file of the event, got {type(error).__name__}; is this a job of GitHub "
            "Actions?"
        ) from error
    if not isinstance(payload, dict):
        raise InputError("GITHUB_EVENT_PATH: expected one JSON object of at most 30 MB, got something else")
    return payload


def _find(job: Job, trigger: Trigger) -> _Found:
    """Find the run: the one that is named, else the one run on W&B that was trained on the commit."""
    if trigger.run is not None:
        if trigger.hinted:
            _require_allowed(job, trigger.run)
        return _Found(run=_unmistakable(trigger.run))
    if trigger.errand is not Errand.JUDGE:
        what = "a merge group" if trigger.errand is Errand.QUEUE else "a schedule without a run"
        return _Found(run=None, reason="no-run", text=f"{what} names no run: give the input `run`.")
    if not job.project or trigger.sha is None:
        text = "The event names no run: give the input `run`, or `project` to look for the commit's runs on W&B."
        return _Found(run=None, reason="no-run", text=text)
    return _of_commit(job, trigger.sha)


def _unmistakable(run: str) -> str:
    """Refuse a name that may be files of the repository or a run on W&B: a pull request could put the files there."""
    if not is_online(run) or re.match(r"wandb://|https?://", run):
        return run
    if exists(Path(run)):
        raise UsageError(
            f"run: expected a run, got {show_name(run)}, which may be files of the workspace or a run on W&B; write "
            f"./{show_name(run)} or wandb://{show_name(run)}"
        )
    return f"wandb://{run}"


def _require_allowed(job: Job, run: str) -> None:
    """Hold a hint against the allowed project: anybody who may send the event could name any run else."""
    name = parse_run(run)
    if not job.project or f"{name.entity}/{name.project}" != job.project:
        raise UsageError(
            f"client_payload.run: expected a run of {show_name(job.project) or 'the input `project` (not set)'}, got "
            f"{show_name(run)}; set the input `project` to entity/project if that is meant"
        )


def _of_commit(job: Job, sha: str) -> _Found:
    if not _PROJECT.fullmatch(job.project):
        raise UsageError(f"project: expected entity/project, got {show_name(job.project)}; correct the input")
    entity, project = job.project.split("/")
    with tempfile.TemporaryDirectory(prefix="gatekeeper-find-") as folder:
        runs = open_wandb(read_services(os.environ))
        listed = runs.find(entity, project, of_commit(sha), Deadline(seconds=job.deadline), Path(folder))
    if not listed:
        text = f"No run of {job.project} was trained on {sha[:12]}: train it, or give the input `run`."
        return _Found(run=None, reason="no-run", text=text)
    if len(listed) > 1:
        names = ", ".join(f"{one.name} ({one.id}, {one.state.value})" for one in listed[:_LISTED])
        more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
        text = f"{len(listed)} runs of {job.project} were trained on {sha[:12]}: {names}{more}. Name one as `run`."
        return _Found(run=None, reason="several-runs", text=text)
    return _Found(run=f"wandb://{job.project}/{listed[0].id}")


def _policy(job: Job, trigger: Trigger) -> PolicyText:
    """Give the policy in force: that of the base branch, else of the default one, never that of an unmerged head."""
    if job.profiles:
        if job.policy:
            raise UsageError("policy, profile: expected one of the inputs, got both; put `extends` into the policy")
        return profile_policy(job.profiles)
    token = os.environ.get("GITHUB_TOKEN", "")
    if not token:
        raise UsageError(
            "token: expected a token that may read the repository, since the policy is read from the base branch, got "
            "none; leave the input at its default, or give `profile` in place of a policy"
        )
    access = Access(repository=trigger.repository, token=Secret(token), url=os.environ.get("GITHUB_API_URL", "") or API)
    forge = GitHub(access)
    path = job.policy or DEFAULT_POLICY.as_posix()
    text = forge.read_file(path, trigger.base)
    if text is None and job.policy:
        branch = "the default branch" if trigger.base is None else f"the branch {show_name(trigger.base)}"
        raise InputError(f"{show_name(path)}: expected the policy on {branch}, found none there")
    return profile_policy(("grpo",)) if text is None else PolicyText(text=text, source=path)


def _judge(job: Job, run: str, policy: PolicyText) -> Judged:
    settings = CheckSettings(
        ref=run,
        policy=policy,
        fallback_policy=policy,
        events=tuple(map(Path, job.events)),
        games=tuple(map(Path, job.games)),
        checkpoint=job.checkpoint or None,
        now=datetime.now(UTC).strftime(TIME),
        deadline=job.deadline,
    )
    return check_run(settings, service_ports())


def _tell(runner: Runner, judged: Judged, out: Path) -> None:
    verdict = judged.verdict
    runner.annotate(_annotations(verdict.checks))
    runner.summary(verdict_markdown(verdict))
    deciding = next((one.id for one in verdict.checks if one.outcome.value == verdict.decision.value != "pass"), "")
    runner.outputs(
        {
            "verdict": verdict.decision.value,
            "exit-code": str(verdict.exit_code),
            "reason-code": deciding or verdict.decision.value,
            "verdict-json": str(out / "verdict.json"),
            "report": str(out / "verdict.md"),
            "evidence": str(out / "evidence"),
        }
    )


def _annotations(results: Iterable[CheckResult]) -> Iterable[Annotation]:
    levels = {Outcome.FAIL: Level.ERROR, Outcome.ERROR: Level.ERROR, Outcome.INCONCLUSIVE: Level.ERROR}
    for one in results:
        level = levels.get(one.outcome, Level.WARNING if one.outcome is Outcome.WARN else None)
        if level is not None:
            level = level if one.severity is Severity.BLOCK else Level.WARNING
            place = (None, None) if one.where is None else (one.where.file, one.where.line)
            title = f"{one.outcome.value}: {one.title}"
            yield Annotation(level=level, title=title, text=one.reason, file=place[0], line=place[1])


def _tell_nothing(runner: Runner, verdict: str, code: int, told: tuple[str, str]) -> None:
    """Tell that there is no verdict's file, in words and in the outputs."""
    from action.escape import markdown  # noqa: PLC0415 - only here

    reason, text = told
    head, mark, rest = text.partition("** ")
    runner.summary(f"## Experiment Gatekeeper\n\n{head}{mark}{markdown(rest)}\n")
    runner.outputs({"verdict": verdict, "exit-code": str(code), "reason-code": reason})
