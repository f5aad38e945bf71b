"""One verdict on its way to GitHub: the gate, the check run and the comment, as far as they are wanted and allowed.

Composition alone: the order is the publication's, the texts are the report's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from action.cli.job.subject import Subject
from action.escape import one_line
from action.forge import Conclusion, Forge, Report
from action.publish.aftermath import notes_of
from action.publish.explanation import external_id, finished
from action.publish.ledger import Entry, Standing, run_key, standing_of
from action.publish.publication import Failure, Place, Publication, Sight
from action.publish.sticky import Posted
from action.report.state import policy_key

if TYPE_CHECKING:
    from action.pipeline import Judged

_REPORT = 60_000


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a job publishes, and what."""

    forge: Forge
    place: Place
    wanted: frozenset[str]
    repository: str
    """Address of its page."""
    attempt: int
    judged_at: str
    source: str
    """The policy that was asked for: which comment it is."""
    slot: str
    """Names the policy and its branch, see `policy_slot`."""
    siblings: tuple[str, ...] = ()
    """Other runs of the commit, by `run_key`: without a verdict of theirs it does not pass."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What became of it."""

    posted: Posted | None = None
    check_url: str | None = None
    failures: tuple[Failure, ...] = ()
    notes: tuple[str, ...] = ()
    elsewhere: str | None = None
    """Why the verdict does not count for this commit; None: it does."""
    trial: bool = False
    """No status was posted: the policy is being tried out."""
    superseded: bool = False
    """A later verdict on the same run is kept."""


@dataclass
class Publishing:
    """One verdict, from *it is being judged* to the comment."""

    desk: Desk
    subject: Subject
    publication: Publication = field(init=False)
    mine: Entry = field(init=False)
    trial: bool = field(init=False, default=False)
    weakenings: Callable[[], tuple[str, ...]] = field(init=False, default=tuple)

    def __post_init__(self) -> None:
        self.mine = Entry(
            run=run_key(self.subject.key),
            policy=self.desk.slot,
            standing=Standing.WAITING,
            judged_at=self.desk.judged_at,
            attempt=self.desk.attempt,
        )
        self.publication = Publication(
            self.desk.forge,
            self.desk.place,
            self.mine,
            self.subject.name,
            reports=self._wants("check-run"),
            siblings=self.desk.siblings,
        )

    def _wants(self, what: str) -> bool:
        """Tell whether something is to be written; a policy that is tried out sets no status."""
        return what in self.desk.wanted and (what == "comment" or not self.trial)

    def begin(self, *, trial: bool, weakenings: Callable[[], tuple[str, ...]]) -> None:
        """Close the gate until there is a verdict.

        Args:
            trial: the policy is being tried out.
            weakenings: gives what the pull request's own policy asks less, one sentence each; asked for only where
                a comment is written, since it may take a request.

        Raises:
            ServiceError: the status could not be written.
        """
        self.trial, self.weakenings = trial, weakenings
        if self._wants("status"):
            self.publication.begin()

    def finish(self, judged: Judged, before_status: Callable[[str | None], None]) -> Published:
        """Write everything, in its order; `before_status` writes the job's summary and first outputs, and is told why
        the verdict does not count for this commit, if it does not.

        Raises:
            ServiceError: the status could not be written or read back.
        """
        verdict = judged.verdict
        sight = self.publication.look()
        elsewhere = self._elsewhere(verdict.run.commit)
        before_status(elsewhere)
        standing = standing_of(verdict.decision) if elsewhere is None else Standing.INCONCLUSIVE
        final = replace(self.mine, standing=standing)
        if self._wants("status"):
            self.publication.gate(final, elsewhere or verdict.headline, sight)
        check_url, posted = None, None
        if sight.later is None:
            if self._wants("check-run"):
                check_url = self.publication.explain(self._report(judged, final, elsewhere))
            if self._wants("comment") and elsewhere is None:
                posted = self._comment(judged, sight, check_url)
        elif self._wants("check-run"):
            self.publication.give_way(self._superseded(final))
        return Published(
            posted=posted,
            check_url=check_url,
            failures=tuple(self.publication.failures),
            notes=notes_of(sight, self.desk.place),
            elsewhere=elsewhere,
            trial=not self._wants("status"),
            superseded=sight.later is not None,
        )

    def broke(self, text: str) -> None:
        """Say that there is no verdict: the gate stays closed, and says why.

        Raises:
            ServiceError: the status could not be written or read back.
        """
        if not self._wants("status"):
            return
        final = replace(self.mine, standing=Standing.ERROR)
        self.publication.gate(final, f"{self.subject.name} could not be judged: {text}", self.publication.look())
        if self._wants("check-run"):
            report = Report(
                external_id=external_id(final),
                conclusion=Conclusion.FAILURE,
                title=one_line(f"{self.subject.name} could not be judged")[:250],
                summary="No verdict was given. The log of the job says what to do.",
                started_at=final.judged_at,
                details=self.desk.place.address,
            )
            self.publication.explain(report)

    def _elsewhere(self, commit: str | None) -> str | None:
        """Say why a run does not count for this commit: it was trained on another one of this repository."""
        sha = self.desk.place.sha
        if commit is None or sha.startswith(commit):
            return None
        if self.subject.named and self.desk.forge.pulls_of_commit(commit) is None:
            return None  # training code lives in a repository of its own: the person who named the run knows
        return f"{self.subject.name} was trained on {commit[:12]}, not on this commit"

    def _report(self, judged: Judged, final: Entry, elsewhere: str | None) -> Report:
        from action.report.document import verdict_json  # noqa: PLC0415 - start-up time
        from action.report.markdown import verdict_markdown  # noqa: PLC0415

        digest = hashlib.sha256(verdict_json(judged.verdict).encode()).hexdigest()
        report = finished(
            final, judged.verdict, (verdict_markdown(judged.verdict, budget=_REPORT), digest), self.desk.place.address
        )
        if elsewhere is None:
            return report
        return replace(report, conclusion=Conclusion.ACTION_REQUIRED, title=one_line(elsewhere)[:250], remarks=())

    def _superseded(self, final: Entry) -> Report:
        return Report(
            external_id=external_id(final),
            conclusion=Conclusion.ACTION_REQUIRED,
            title=one_line(f"{self.subject.name}: a later job judges it")[:250],
            summary="A later verdict on this run counts, or a later job is still judging it: see its check run.",
            started_at=final.judged_at,
            details=self.desk.place.address,
        )

    def _comment(self, judged: Judged, sight: Sight, check_url: str | None) -> Posted:
        from action.report.chart import lines_of  # noqa: PLC0415 - start-up time
        from action.report.comment import comment_body, is_newer, same  # noqa: PLC0415
        from action.report.section import Links, Section, merge  # noqa: PLC0415
        from action.report.state import marker, read_state, section_key, state_of  # noqa: PLC0415

        verdict, place = judged.verdict, self.desk.place
        mine = state_of(verdict, digest=_said(judged), sha=place.sha, attempt=self.desk.attempt, url=check_url)
        mine = replace(mine, run=section_key(self.subject.key))
        links = Links(head=place.sha, repository=self.desk.repository, job=place.address)

        def compose(old: str | None) -> str | None:
            state = None if old is None else read_state(old)
            known = None if state is None else state.of(mine.run)
            if not is_newer(known, verdict.judged_at, self.desk.attempt):
                return None
            if known is not None and (known.digest, known.sha) == (mine.digest, place.sha):
                return None
            now = Section(
                state=mine,
                verdict=verdict,
                lines=lines_of(judged.policy, judged.bundle.evidence),
                weakenings=self.weakenings(),
            )
            body = comment_body(merge(state, now), links=links)
            return None if old is not None and same(old, body) else body

        return self.publication.tell(sight.pulls, marker(policy_key(self.desk.source)), compose)


def _said(judged: Judged) -> str:
    """Digest what a verdict says, whenever it was judged: the same again needs no new comment."""
    from action.report.document import verdict_json  # noqa: PLC0415 - start-up time

    document: Mapping[str, object] = json.loads(verdict_json(judged.verdict))
    kept = {name: value for name, value in document.items() if name not in {"judged_at", "evidence", "attempt"}}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()
