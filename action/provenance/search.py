"""The verdicts of a commit: where each run's newest status points, looked up, and held against who may be believed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from action.errors import InputError, RefusalError
from action.files import show_name
from action.forge import Status
from action.github.origin import WorkflowRun
from action.provenance.archive import unpack
from action.provenance.trust import Home, distrust
from action.publish.ledger import Entry, Standing, read_entry, read_ledger, run_key, standing_of
from action.report.reading import LARGEST, parse_verdict
from checks.refusal import Reason, Refusal
from checks.result import Verdict

MOST_RUNS = 100
"""Runs of one commit that are looked up."""
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

    def same_file(self, path: str, sha: str, branch: str, /) -> bool:
        """Tell whether a file is the same at a commit and on a branch."""
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
    later: str | None
    """When the newest other verdict on the same run and policy was begun, RFC 3339 in UTC; None: none is known."""
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
    named = None if sought.run is None else run_key(sought.run)
    newest = sorted(ledger, key=lambda one: (one.run == named, one.age), reverse=True)
    search = _Search(records, sought, _jobs(statuses), ledger, folder)
    looked = [search.look(entry) for entry in newest[:MOST_RUNS]]
    found = [one for one in looked if isinstance(one, Source) and sought.run in (None, *_called(one.verdict))]
    refused = [one for one in looked if isinstance(one, Refusal)]
    if not found or (every and (refused or len(newest) > MOST_RUNS)):
        text = f"expected a verdict on the run {show_name(sought.run)} for {sought.sha[:12]}, found none; judge it."
        raise RefusalError(*(refused or [Refusal(reason=Reason.NO_VERDICT, text=text)]))
    return tuple({one.content: one for one in found}.values())  # a run may have entries under two of its names


def _called(verdict: Verdict) -> tuple[str | None, str]:
    return verdict.run.id, verdict.run.name


def keys_of(verdict: Verdict) -> frozenset[str]:
    """Give by what statuses may know the run of a verdict: its id on W&B, else its path."""
    known = (verdict.run.id, verdict.run.ref, posixpath.normpath(verdict.run.ref))
    return frozenset(run_key(one) for one in known if one)


def later_than(verdict: Verdict, ledger: Iterable[Entry]) -> str | None:
    """Give when the newest other verdict on its run was begun; None: no other is known."""
    keys, own = keys_of(verdict), (verdict.judged_at, standing_of(verdict.decision))
    others = (one.judged_at for one in ledger if one.run in keys and (one.judged_at, one.standing) != own)
    return max(others, default=None)


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


class _Search:
    """Looks behind entries, at each job and artifact once."""

    def __init__(
        self, records: Records, sought: Sought, jobs: Mapping[Entry, int], ledger: Sequence[Entry], folder: Path
    ) -> None:
        self._records, self._sought, self._jobs, self._ledger, self._folder = records, sought, jobs, ledger, folder
        self._unpacked: dict[int, tuple[Path, ...] | Refusal] = {}

    def look(self, entry: Entry) -> Source | Refusal:
        """Find the verdict that an entry is about, or say why there is none to believe."""
        run, number = show_name(entry.run), self._jobs.get(entry)
        if entry.standing is Standing.WAITING:
            text = (
                f"expected a verdict on the run {run}, but its newest is not given yet, or its job was ended; judge it."
            )
            return Refusal(reason=Reason.SUPERSEDED, text=text)
        if number is None:
            text = f"expected the job that judged the run {run}, but its status points to none; judge it."
            return Refusal(reason=Reason.UNTRUSTED, text=text)
        places = self._places(number, run)
        if isinstance(places, Refusal):
            return places
        source = next(self._fitting(entry, number, places), None)
        if source is None:
            text = (
                f"expected the verdict of {entry.judged_at} on the run {run} in the artifact gatekeeper-{number}, "
                "found none: the status and the artifact do not belong together; judge the run again."
            )
            return Refusal(reason=Reason.NO_VERDICT, text=text)
        return source

    def _places(self, number: int, run: str) -> tuple[Path, ...] | Refusal:
        if number not in self._unpacked:
            try:
                self._unpacked[number] = self._unpack(number, run)
            except InputError as error:
                self._unpacked[number] = Refusal(reason=Reason.NO_VERDICT, text=f"the run {run}: {error}.")
        return self._unpacked[number]

    def _unpack(self, number: int, run: str) -> tuple[Path, ...] | Refusal:
        job = self._records.workflow_run(number)
        if job is None:
            text = f"expected the job that judged the run {run}, but there is no job {number} any more; judge it."
            return Refusal(reason=Reason.UNTRUSTED, text=text)
        why = distrust(job, self._sought.home, self._records)
        if why is not None:
            text = f"the run {run}: {why}; run the workflow on the default branch, or name its file with --workflow."
            return Refusal(reason=Reason.UNTRUSTED, text=text)
        content = self._records.archive(number, f"gatekeeper-{number}")
        if content is None:
            text = (
                f"expected the artifact gatekeeper-{number} with the verdict on the run {run}, found none: it has "
                "expired, or the workflow does not upload it; judge the run again."
            )
            return Refusal(reason=Reason.NO_VERDICT, text=text)
        return unpack(content, self._folder / str(number), f"the artifact gatekeeper-{number}")

    def _fitting(self, entry: Entry, number: int, places: Sequence[Path]) -> Iterator[Source]:
        """Give the verdict that a status is about; a swept-up job packs several."""
        for place in places:
            with place.open("rb") as stream:
                text = stream.read(LARGEST + 1)
            try:
                verdict = parse_verdict(text.decode("utf-8", "replace"))
            except InputError:
                continue
            if entry.run in keys_of(verdict) and verdict.judged_at >= entry.judged_at:
                later = later_than(verdict, self._ledger)
                yield Source(verdict=verdict, content=text, folder=place.parent, later=later, job=number)
