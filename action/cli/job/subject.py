"""Which run an event is about, and which commit it was trained on, as far as that is known before it is read.

What a payload or an artifact says is a hint: it is held against the allowed project, and against the commit that the
run itself tells. Nothing is judged or written here.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from action.cli.job.inputs import Job
from action.cli.online import open_wandb
from action.deadline import Deadline
from action.errors import InputError, UsageError
from action.event import Trigger
from action.evidence.store import find_bundle
from action.files import show_name
from action.forge import Forge
from action.runs import exists, is_online
from action.services import read_services
from action.sources.wandb_api.filters import Filter, of_commit, of_name
from action.sources.wandb_api.runs import parse_run

if TYPE_CHECKING:
    from action.sources.wandb_api.runs import Listed

RUN_FILE = "gatekeeper-run.json"
"""The artifact of a training workflow that names the run it trained."""
_LISTED = 10


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A run that is to be judged."""

    ref: str
    """As the pipeline takes it."""
    key: str
    """What its verdicts are told from those of other runs by: its id on W&B, else its name here."""
    name: str
    sha: str | None
    """The commit that a verdict goes to; None: none is known."""
    named: bool
    """A person named it: it counts for the commit of the event even where it was trained in another repository."""
    siblings: tuple[str, ...] = ()
    """Ids of other runs that were trained on the commit, as far as they are known."""


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """There is no run to judge."""

    reason: str
    text: str
    runs: Sequence[Listed] = ()
    """Several candidates."""


List = Callable[[Filter], "Sequence[Listed]"]


def find_subject(job: Job, trigger: Trigger, forge: Forge | None) -> Subject | Nothing:
    """Find the run: the one that is named, else the commit's only one, else the one that the finished workflow tells.

    Raises:
        UsageError: a run that may not be judged here, or a name that may mean two things.
        InputError: there is no such run.
        ServiceError: W&B or GitHub could not be reached, or refused.
    """
    if trigger.run is not None:
        if trigger.hinted:
            # Whatever the workspace holds, a hint is a run on W&B.
            hint = _require_allowed(job, trigger.run, "client_payload.run")
            return _looked_up(job, f"wandb://{hint}", None)
        return _with_siblings(job, _named(job, trigger, trigger.run))
    if not job.project or trigger.sha is None:
        text = "The event names no run: give the input `run`, or `project` to look for the commit's runs on W&B."
        return Nothing(reason="no-run", text=text)
    found = _of_commit(job, trigger.sha)
    if isinstance(found, Subject):
        return found
    told = _told(trigger, forge)
    if told is None:
        return found
    _require_allowed(job, told, f"the artifact {RUN_FILE}")
    subject = _looked_up(job, f"wandb://{told}", None)
    if subject.sha != trigger.sha:
        raise UsageError(
            f"the artifact {RUN_FILE}: expected a run that was trained on {trigger.sha[:12]}, got one of "
            f"{str(subject.sha)[:12]}; write the id of the run that this workflow trained"
        )
    return replace(subject, siblings=_ids(found.runs, subject))


def _with_siblings(job: Job, subject: Subject) -> Subject:
    """Look for the commit's other runs where one of them was named: the good one alone is not the commit."""
    if subject.sha is None or not job.project or not subject.ref.startswith("wandb://"):
        return subject
    return replace(subject, siblings=_ids(find_runs(job, of_commit(subject.sha)), subject))


def _ids(listed: Sequence[Listed], subject: Subject) -> tuple[str, ...]:
    return tuple(one.id for one in listed if one.id != subject.key)


def find_runs(job: Job, wanted: Filter) -> Sequence[Listed]:
    """List runs of the allowed project.

    Raises:
        UsageError: no project is named.
        InputError: there is no such project, or too many runs fit.
        ServiceError: W&B could not be reached, or refused.
    """
    entity, project = job.where()
    return _find(entity, project, wanted, job.deadline)


def _find(entity: str, project: str, wanted: Filter, seconds: float) -> Sequence[Listed]:
    with tempfile.TemporaryDirectory(prefix="gatekeeper-find-") as folder:
        runs = open_wandb(read_services(os.environ))
        return runs.find(entity, project, wanted, Deadline(seconds=seconds), Path(folder))


def _named(job: Job, trigger: Trigger, run: str) -> Subject:
    if not is_online(run):
        # A link such as `latest-run` is another run tomorrow.
        key = Path(os.path.relpath(Path(run).resolve())).as_posix()
        if exists(Path(run)) and find_bundle(Path(run)) is not None:
            raise UsageError(
                f"run: expected a run, got {show_name(run)}, an evidence bundle, whose time, checkpoint and numbers "
                "anybody can have written; name the run, or tell its verdict with `gatekeeper publish`"
            )
        # The verdict names the path that statuses know the run by, which a link would not.
        ref = run if key.startswith(("../", "/")) else f"./{key}"
        return Subject(ref=ref, key=key, name=Path(run).name or run, sha=trigger.sha, named=True)
    if not re.match(r"wandb://|https?://", run) and exists(Path(run)):
        # A pull request could put the files there.
        raise UsageError(
            f"run: expected a run, got {show_name(run)}, which may be files of the workspace or a run on W&B; write "
            f"./{show_name(run)} or wandb://{show_name(run)}"
        )
    name = parse_run(run)
    if job.project and f"{name.entity}/{name.project}" != job.project:
        # Whoever may start the workflow could name a run of their own: same id, same bytes, other metrics.
        raise UsageError(
            f"run: expected a run of {show_name(job.project)}, the input `project`, got {show_name(name.path)}; name "
            "one of that project, or judge it by a workflow without `project`"
        )
    return _looked_up(job, run, trigger.sha)


def _ref(run: str) -> str:
    return run if re.match(r"wandb://|https?://", run) else f"wandb://{run}"


def _looked_up(job: Job, run: str, sha: str | None) -> Subject:
    """Look a run up: its id, and the commit that it was trained on."""
    name = parse_run(run)
    listed = _find(name.entity, name.project, of_name([name.run]), job.deadline)
    found = [one for one in listed if one.id == name.run] or [one for one in listed if one.name == name.run]
    if len(found) != 1:
        ids = ", ".join(show_name(one.id) for one in found[:_LISTED])
        got = f"{len(found)}: {ids}; name its id" if found else "none of that id or name; check it in the project"
        raise InputError(f"{show_name(name.path)}: expected one run on W&B, found {got}")
    one = found[0]
    ref = _ref(run) if name.host is not None else f"wandb://{name.entity}/{name.project}/{one.id}"
    return Subject(ref=ref, key=one.id, name=one.name, sha=sha or one.commit, named=sha is not None)


def _told(trigger: Trigger, forge: Forge | None) -> str | None:
    """Read which run the finished workflow says it trained; None: it says nothing."""
    if trigger.finished_workflow is None or forge is None:
        return None
    content = forge.artifact(trigger.finished_workflow, RUN_FILE)
    if content is None:
        return None
    try:
        told = json.loads(content)
        run = told["run"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise InputError(
            f'the artifact {RUN_FILE}: expected {{"run": "entity/project/id"}}, got something else '
            f"({type(error).__name__}); correct the training workflow"
        ) from error
    return parse_run(run if isinstance(run, str) else "").path


def _require_allowed(job: Job, run: str, where: str) -> str:
    """Hold a hint against the allowed project: anybody who may send the event could name any run else; its path."""
    name = parse_run(run)
    if not job.project or f"{name.entity}/{name.project}" != job.project:
        raise UsageError(
            f"{where}: expected a run of {show_name(job.project) or 'the input `project` (not set)'}, got "
            f"{show_name(run)}; set the input `project` to entity/project if that is meant"
        )
    return name.path


def _of_commit(job: Job, sha: str) -> Subject | Nothing:
    listed = find_runs(job, of_commit(sha))
    if not listed:
        text = (
            f"No run of {job.project} was trained on {sha[:12]}: train it (on `pull_request` check out the head, not "
            "the merge commit that GitHub makes), or give the input `run`."
        )
        return Nothing(reason="no-run", text=text)
    if len(listed) > 1:
        names = ", ".join(f"{one.name} ({one.id}, {one.state.value})" for one in listed[:_LISTED])
        more = f" and {len(listed) - _LISTED} more" if len(listed) > _LISTED else ""
        text = f"{len(listed)} runs of {job.project} were trained on {sha[:12]}: {names}{more}. Name one as `run`."
        return Nothing(reason="several-runs", text=text, runs=listed)
    [one] = listed
    return Subject(ref=f"wandb://{job.project}/{one.id}", key=one.id, name=one.name, sha=sha, named=False)
