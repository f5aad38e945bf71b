"""Publishing one verdict, in an order in which a crash at any step leaves the gate closed.

    begin: status pending, check run in progress
    look:  the heads of the pull requests again, and the ledger: a later verdict is not overwritten
    gate:  the status, AND over the commit's runs, read back and put right
    explain: the check run     tell: the comment

Only a status that could not be written is fatal. What fails after it is collected, and turns no verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from action.errors import ServiceError
from action.forge import CheckRun, Forge, Pull, RefusedError, Report, State, Status
from action.publish.explanation import external_id, in_progress, unsaid
from action.publish.ledger import Entry, Standing, Together, describe, join, read_ledger, shorten, superseded, waiting
from action.publish.sticky import Operation, Posted, Sticky

_TRIES = 4
"""Of a status: each but the last may find that another job has posted meanwhile."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a verdict goes."""

    sha: str
    """The commit that the run was trained on."""
    pulls: tuple[int, ...] | None = None
    """Pull requests that the event names; None: those that the commit is in."""
    address: str
    """Of the job, to look at."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A step that failed."""

    step: str
    text: str
    permission: str | None = None
    """What the token lacks, as a workflow writes it."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen before anything final is written."""

    statuses: tuple[Status, ...]
    """Of the commit, newest first."""
    later: Entry | None
    """A later verdict on the same run: nothing is written."""
    pulls: tuple[Pull, ...]
    """Open pull requests whose head is the commit."""
    moved: tuple[Pull, ...]
    """Those whose head has moved on: they get nothing."""
    looked: bool = True
    """They could be looked at."""


class Publication:
    """One verdict on its way to GitHub."""

    def __init__(  # noqa: PLR0913 - a place, a verdict, and how much of it is told
        self,
        forge: Forge,
        place: Place,
        mine: Entry,
        name: str,
        *,
        reports: bool = True,
        siblings: Sequence[str] = (),
    ) -> None:
        """Take the repository, where the verdict goes, whose it is, and whether a check run explains it.

        `siblings`: other runs that are known to be of the commit: it does not pass before they have a verdict.
        """
        self._forge = forge
        self._place = place
        self._mine = mine
        self._name = name
        self._reports = reports
        self._siblings = siblings
        self._check_run: CheckRun | None = None
        self._made = False
        self.failures: list[Failure] = []
        """Steps that failed, in their order."""

    def begin(self) -> None:
        """Close the gate until there is a verdict: an earlier pass on this commit is not one of this run.

        Raises:
            ServiceError: the status could not be written.
        """
        waiting = replace(self._mine, standing=Standing.WAITING)
        text = shorten(f"{self._name} is being judged")
        self._post(waiting, State.PENDING, text)
        if not self._reports:
            return
        with self._collected("check run"):
            self._check_run = self._write(in_progress(self._mine, self._name, self._place.address))

    def look(self) -> Sight:
        """Look again before anything final is written.

        Raises:
            ServiceError: the statuses could not be read: nobody would know what else the commit's runs say.
        """
        statuses = self._forge.statuses(self._place.sha)
        later = superseded(read_ledger(statuses), self._mine)
        heads: list[Pull] = []
        looked = False
        with self._collected("pull requests"):
            heads = [one for one in self._pulls() if one.open]
            looked = True
        here = tuple(one for one in heads if one.head_sha == self._place.sha)
        moved = tuple(one for one in heads if one not in here)
        return Sight(statuses=tuple(statuses), later=later, pulls=here, moved=moved, looked=looked)

    def gate(self, verdict: Entry, headline: str, sight: Sight) -> Together:
        """Post the status: the AND over the commit's runs, in which a later verdict on this run counts before this one.

        What is read after posting holds whatever others posted meanwhile, so the last of several jobs puts right what
        an earlier one could not know.

        Raises:
            ServiceError: the status could not be written or read back.
        """
        statuses: Sequence[Status] = sight.statuses
        for _ in range(_TRIES):
            ledger = read_ledger(statuses)
            counts = superseded(ledger, verdict) or verdict
            known = {**ledger, counts.key: counts}
            together = join({**known, **waiting(self._siblings, counts, known)}.values())
            if statuses is not sight.statuses and statuses and statuses[0].state is together.state:
                return together
            told = describe(together, counts, headline if counts is verdict else "")
            self._post(verdict, together.state, told)  # of the other nothing is said: it may stand otherwise by now
            statuses = self._forge.statuses(self._place.sha)
        raise ServiceError(
            "GitHub: expected the status that was posted, read another three times; other jobs write it too: run again"
        )

    def explain(self, report: Report) -> str | None:
        """Complete the check run; its address."""
        with self._collected("check run"):
            self._check_run = self._write(report)
        return None if self._check_run is None else self._check_run.url

    def give_way(self, report: Report) -> None:
        """Complete a check run of this job's own where a later job has another: it would be in progress for ever."""
        if self._made and self._check_run is not None and not self._check_run.completed:
            self.explain(report)

    def tell(self, pulls: Sequence[Pull], marker: str, compose: Callable[[str | None], str | None]) -> Posted:
        """Write the comment of each pull request; the first one's is told."""
        posted: list[Posted] = []
        for one in pulls:
            with self._collected(f"comment on #{one.number}"):
                posted.append(Sticky(self._forge, one.number, marker).write(compose))
        return posted[0] if posted else Posted(operation=Operation.NONE)

    def _pulls(self) -> Iterator[Pull]:
        if self._place.pulls is None:
            yield from self._forge.pulls_of_commit(self._place.sha) or ()
            return
        for number in self._place.pulls:
            found = self._forge.pull(number)
            if found is not None:
                yield found

    def _write(self, report: Report) -> CheckRun:
        """Write the one check run of this run and policy, wherever it stands."""
        if self._check_run is None:
            wanted = external_id(self._mine)
            found = [one for one in self._forge.check_runs(self._place.sha) if one.external_id == wanted]
            self._check_run = max(found, key=lambda one: one.id, default=None)
        there = self._check_run
        if there is None:
            self._made = True
            return self._forge.create_check_run(self._place.sha, report)
        if (there.started_at or "") > self._mine.judged_at:  # of a later verdict
            return there
        if report.conclusion is None:
            report = replace(report, text=there.text)  # it tells which remarks the check run has
        return self._forge.update_check_run(there.id, unsaid(report, there.text))

    def _post(self, entry: Entry, state: State, description: str) -> None:
        target = f"{self._place.address}{entry.mark}"
        self._forge.post_status(self._place.sha, Status(state=state, description=description, target=target))

    @contextmanager
    def _collected(self, step: str) -> Iterator[None]:
        try:
            yield
        except RefusedError as error:
            self.failures.append(Failure(step=step, text=str(error), permission=error.permission))
        except ServiceError as error:
            self.failures.append(Failure(step=step, text=str(error)))
