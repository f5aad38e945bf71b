"""The verdicts of a commit: where each run's newest status points, looked up, and held against who may be believed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from action.errors import InputError, RefusalError
from action.files import show_name
from action.forge import Status
from action.github.origin import WorkflowRun
from action.provenance.archive import unpack
from action.provenance.trust import Home, distrust
from action.publish.ledger import Entry, Standing, read_entry, read_ledger, run_key
from action.report.reading import parse_verdict
from checks.refusal import Reason, Refusal
from checks.result import Verdict

MOST_RUNS = 20
"""Runs of one commit that are looked up."""
_LARGEST = 50_000_000
"""Bytes of a verdict."""
_JOB = re.compile(r"/actions/runs/([0-9]{1,18})(?:[/#?]|\Z)")


class Records(Protocol):
    """What a repository tells of its jobs."""

    def statuses(self, sha: str, /) -> Sequence[Status]:
        """Give the statuses of a commit under our context, newest first."""
        ...

    def workflow_run(self, number: int, /) -> WorkflowRun | None:
        """Give a run of a workflow; None: there is none."""
        ...

    def on_branch(self, sha: str, branch: str, /) -> bool:
        """Tell whether a commit is on a branch."""
        ...

    def archive(self, number: int, name: str, /) -> bytes | None:
        """Give an artifact of a workflow run as a zip; None: there is none any more."""
        ...


@dataclass(frozen=True, kw_only=True)
class Sought:
    """Which verdict is looked for."""

    sha: str
    slot: str
    """Names the policy and its branch, see `policy_slot`."""
    run: str | None
    """The name or id of the run; None: whichever the commit has."""
    home: Home


@dataclass(frozen=True, kw_only=True)
class Source:
    """A verdict of a commit that our workflow wrote."""

    verdict: Verdict
    content: bytes
    """Of `verdict.json`."""
    folder: Path
    """That holds its evidence."""
    later: str
    """When the newest verdict on the same run and policy was begun, RFC 3339 in UTC."""
    job: int


def find_sources(records: Records, sought: Sought, folder: Path, *, every: bool = False) -> tuple[Source, ...]:
    """Find the verdicts of a commit that may be believed, one a run; at least one.

    `folder`: an empty one, where artifacts are unpacked. `every`: one that may not be believed is refused, whatever the
    others are.

    Raises:
        RefusalError: there is none, with the reason for each run.
        ServiceError: GitHub could not be reached, or refused.
    """
    statuses = records.statuses(sought.sha)
    ledger = [one for one in read_ledger(statuses).values() if one.policy == sought.slot]
    if not ledger:
        raise RefusalError(Refusal(reason=Reason.NO_VERDICT, text=_none(sought, statuses)))
    jobs = _jobs(statuses)
    found: list[Source] = []
    refused: list[Refusal] = []
    for number, entry in enumerate(ledger[:MOST_RUNS]):
        looked = _look(records, sought, (entry, jobs.get(entry)), folder / str(number))
        if isinstance(looked, Refusal):
            refused.append(looked)
        elif sought.run in (None, looked.verdict.run.id, looked.verdict.run.name):
            found.append(looked)
    if not found or (every and (refused or len(ledger) > MOST_RUNS)):
        named = Refusal(
            reason=Reason.NO_VERDICT,
            text=f"expected a verdict on the run {show_name(sought.run)} for {sought.sha[:12]}, found none; judge it.",
        )
        raise RefusalError(*(refused or [named]))
    return tuple(found)


def _none(sought: Sought, statuses: Sequence[Status]) -> str:
    there = "statuses that belong to no verdict by this policy" if statuses else "no status of ours"
    return (
        f"expected a verdict for the commit {sought.sha[:12]} by the policy in force, found {there}; judge its run, by "
        "the policy of the branch that --base names."
    )


def _jobs(statuses: Sequence[Status]) -> Mapping[Entry, int]:
    """Give the job that each entry's status points to."""
    found: dict[Entry, int] = {}
    for status in statuses:
        entry, job = read_entry(status), _JOB.search((status.target or "").partition("#")[0])
        if entry is not None and job is not None:
            found.setdefault(entry, int(job[1]))
    return found


def _look(records: Records, sought: Sought, told: tuple[Entry, int | None], folder: Path) -> Source | Refusal:
    entry, number = told
    run = show_name(entry.run)
    if entry.standing is Standing.WAITING:
        text = f"expected a verdict on the run {run}, but its newest is not given yet, or its job was ended; judge it."
        return Refusal(reason=Reason.SUPERSEDED, text=text)
    job = None if number is None else records.workflow_run(number)
    if number is None or job is None:
        text = f"expected the job that judged the run {run}, but its status points to none that is there; judge it."
        return Refusal(reason=Reason.UNTRUSTED, text=text)
    why = distrust(job, sought.home, records.on_branch)
    if why is not None:
        return Refusal(
            reason=Reason.UNTRUSTED,
            text=f"the run {run}: {why}; run the workflow on the default branch, or name its file with --workflow.",
        )
    content = records.archive(number, f"gatekeeper-{number}")
    if content is None:
        text = (
            f"expected the artifact gatekeeper-{number} with the verdict on the run {run}, found none: it has expired, "
            "or the workflow does not upload it; judge the run again."
        )
        return Refusal(reason=Reason.NO_VERDICT, text=text)
    source = next(_fitting(content, folder, (entry, number)), None)
    if source is None:
        text = (
            f"expected the verdict of {entry.judged_at} on the run {run} in the artifact gatekeeper-{number}, found "
            "none: the status and the artifact do not belong together; judge the run again."
        )
        return Refusal(reason=Reason.NO_VERDICT, text=text)
    return source


def _fitting(content: bytes, folder: Path, told: tuple[Entry, int]) -> Iterator[Source]:
    """Give the verdict that a status is about; a swept-up job packs several."""
    entry, number = told
    places = unpack(content, folder, f"the artifact gatekeeper-{number}")
    for place in places:
        with place.open("rb") as stream:
            text = stream.read(_LARGEST + 1)
        try:
            verdict = parse_verdict(text.decode("utf-8", "replace"))
        except InputError:
            continue
        # A run of files is told by the path that a link led to, which the verdict does not name.
        is_it = len(places) == 1 or entry.run in {run_key(one) for one in (verdict.run.id, verdict.run.ref) if one}
        if is_it and verdict.judged_at >= entry.judged_at:
            yield Source(verdict=verdict, content=text, folder=place.parent, later=entry.judged_at, job=number)
