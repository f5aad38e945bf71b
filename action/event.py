"""What GitHub says happened → what is to be judged, for which commit, and what may be written. A pure decision table.

An event comes in as its name, its payload and the variables of the job; a trigger comes out. Nothing is asked of
GitHub here, and nothing in a payload is obeyed beyond what stands in the table: branches, titles and texts of pull
requests are other people's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeAlias

from action.errors import InputError, UsageError
from action.files import show_name

Payload: TypeAlias = Mapping[str, Any]
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_QUEUE = re.compile(r"/pr-([1-9][0-9]{0,9})-[0-9a-f]{40,64}\Z")
_LONGEST = 500


class Errand(StrEnum):
    """What is to be done."""

    JUDGE = "judge"
    """Judge the run that belongs to the event."""
    SWEEP = "sweep"
    """Judge every run that has ended and has no verdict yet, once each."""
    QUEUE = "queue"
    """Report for a merge group: the AND over the heads that are in it."""


@dataclass(frozen=True, kw_only=True)
class Head:
    """A branch that pull requests come from, to look them up by."""

    owner: str
    branch: str


@dataclass(frozen=True, kw_only=True)
class Group:
    """A merge group: the commits after `base_sha` up to `head_sha`."""

    base_sha: str
    head_sha: str
    last: int | None
    """The pull request that GitHub names in the group's branch: the one of its last commit."""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What an event asks for."""

    event: str
    errand: Errand
    repository: str
    """`owner/name`."""
    sha: str | None
    """The commit that a status would belong to: a head, never a merge commit. None: the run tells its own."""
    pulls: tuple[int, ...] = ()
    """Pull requests that the payload itself names; others are looked up by `head` and `sha`."""
    head: Head | None = None
    read_only: bool = False
    """The event comes from a fork: nothing may be written, the summary alone; the exit code follows the verdict."""
    run: str | None = None
    """The run that is meant; None: found by an artifact, or by the commit."""
    hinted: bool = False
    """`run` stands in a payload that others can send: it is held against the allowed entities and projects."""
    finished_workflow: int | None = None
    """The workflow run that ended, whose artifact may name the run."""
    base: str | None = None
    """The branch whose policy counts; None: the default branch."""
    default: str | None = None
    """The name of the default branch, where the payload tells it."""
    group: Group | None = None


def read_event(name: str, payload: Payload, environ: Mapping[str, str], run: str | None) -> Trigger:
    """Say what an event asks for; `run`: the one named by the input of that name.

    Raises:
        UsageError: an event that nothing is judged for.
        InputError: a payload that is not what GitHub documents for the event.
    """
    read = _TABLE.get(name)
    if read is None:
        raise UsageError(
            f"event {show_name(name)}: expected one of {', '.join(sorted(_TABLE))}, got another; start the workflow by "
            "one of them"
        )
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not _REPOSITORY.fullmatch(repository):
        raise InputError("GITHUB_REPOSITORY: expected owner/name, got another; is this a job of GitHub Actions?")
    try:
        default = (payload.get("repository") or {}).get("default_branch")
        trigger = read(name, _Facts(payload, environ, repository, run or None))
        return trigger if default is None else replace(trigger, default=_text(default))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"event {name}: expected the payload that GitHub documents for it, got another ({type(error).__name__}: "
            f"{show_name(error)}); is GITHUB_EVENT_PATH the event's own file?"
        ) from error


@dataclass(frozen=True)
class _Facts:
    payload: Payload
    environ: Mapping[str, str]
    repository: str
    run: str | None

    @property
    def sha(self) -> str | None:
        """The commit of the job; of `pull_request` it is the merge commit, which nothing is posted to."""
        found = self.environ.get("GITHUB_SHA", "")
        return found if _SHA.fullmatch(found) else None


def _sha(value: Any) -> str:
    if not isinstance(value, str) or not _SHA.fullmatch(value):
        raise ValueError("no commit")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or len(value) > _LONGEST:
        raise ValueError("no text")
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("no number")
    return value


def _workflow_run(name: str, facts: _Facts) -> Trigger:
    """A workflow has ended: its head is judged. For a fork GitHub lists no pull request, so they are looked up."""
    run = facts.payload["workflow_run"]
    head = run.get("head_repository") or {}
    owner = (head.get("owner") or {}).get("login")
    here = (facts.payload.get("repository") or {}).get("id")
    own = [
        one
        for one in run.get("pull_requests") or []
        if (one.get("head") or {}).get("sha") == run["head_sha"]
        and here in (None, ((one.get("base") or {}).get("repo") or {}).get("id"))  # GitHub lists those of forks too
    ]
    bases = {_text(one["base"]["ref"]) for one in own}
    return Trigger(
        event=name,
        errand=Errand.JUDGE,
        repository=facts.repository,
        sha=_sha(run["head_sha"]),
        pulls=tuple(_number(one["number"]) for one in own),
        head=Head(owner=_text(owner), branch=_text(run["head_branch"])) if owner and run.get("head_branch") else None,
        run=facts.run,
        finished_workflow=_number(run["id"]),
        base=bases.pop() if len(bases) == 1 else None,
    )


def _pull_request(name: str, facts: _Facts) -> Trigger:
    """A pull request has changed. From a fork the token can write nothing."""
    pull = facts.payload["pull_request"]
    head, base = pull["head"], pull["base"]
    origin = (head.get("repo") or {}).get("full_name")
    return Trigger(
        event=name,
        errand=Errand.JUDGE,
        repository=facts.repository,
        sha=_sha(head["sha"]),
        pulls=(_number(pull["number"]),),
        read_only=origin != base["repo"]["full_name"],
        run=facts.run,
        base=_text(base["ref"]),
    )


def _merge_group(name: str, facts: _Facts) -> Trigger:
    """A merge queue asks: the commit in the name of its branch is the base's, so the payload's own are taken."""
    group = facts.payload["merge_group"]
    base = _text(group["base_ref"]).removeprefix("refs/heads/")
    return Trigger(
        event=name,
        errand=Errand.QUEUE,
        repository=facts.repository,
        sha=_sha(group["head_sha"]),
        group=Group(base_sha=_sha(group["base_sha"]), head_sha=_sha(group["head_sha"]), last=_last(group["head_ref"])),
        base=base,
    )


def _last(ref: Any) -> int | None:
    found = _QUEUE.search(_text(ref))
    return int(found[1]) if found else None


def _dispatch(name: str, facts: _Facts) -> Trigger:
    """A run of W&B has ended, says somebody who may send this event: a hint that the run itself has to bear out.

    W&B's webhooks have no variable for the run: without one, whatever has ended is looked for.
    """
    payload = facts.payload.get("client_payload") or {}
    told = payload.get("run")
    run = facts.run or (_text(told) if told is not None else None)
    return Trigger(
        event=name,
        errand=Errand.SWEEP if run is None else Errand.JUDGE,
        repository=facts.repository,
        sha=None,
        run=run,
        hinted=facts.run is None and told is not None,
    )


def _by_hand(name: str, facts: _Facts) -> Trigger:
    """A person started it, on a branch, perhaps for a run: the run's own commit counts before the branch's."""
    inputs = facts.payload.get("inputs") or {}
    told = inputs.get("run")
    run = facts.run or (_text(told) if told else None)
    return Trigger(
        event=name,
        errand=Errand.JUDGE,
        repository=facts.repository,
        sha=None if run is not None else facts.sha,
        run=run,
    )


def _schedule(name: str, facts: _Facts) -> Trigger:
    """It is time: W&B tells nobody of killed runs, so whatever has ended and has no verdict is looked for."""
    judged = facts.run is not None
    return Trigger(
        event=name,
        errand=Errand.JUDGE if judged else Errand.SWEEP,
        repository=facts.repository,
        sha=None,
        run=facts.run,
    )


def _push(name: str, facts: _Facts) -> Trigger:
    """Commits were pushed; a branch that was deleted has none."""
    after = _sha(facts.payload["after"])
    if set(after) == {"0"}:
        raise UsageError("event push: expected a commit, got a branch that was deleted; leave `delete` out")
    ref = _text(facts.payload["ref"])
    branch = ref.removeprefix("refs/heads/")
    owner = facts.repository.partition("/")[0]
    return Trigger(
        event=name,
        errand=Errand.JUDGE,
        repository=facts.repository,
        sha=after,
        head=Head(owner=owner, branch=branch) if branch != ref else None,
        run=facts.run,
    )


_TABLE: Mapping[str, Callable[[str, _Facts], Trigger]] = {
    "workflow_run": _workflow_run,
    "pull_request": _pull_request,
    "merge_group": _merge_group,
    "repository_dispatch": _dispatch,
    "workflow_dispatch": _by_hand,
    "schedule": _schedule,
    "push": _push,
}
"""A workflow that is called (`workflow_call`) runs under the event of the one that called it."""
