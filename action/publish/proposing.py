"""The tracker's pull request: one branch, one open request, kept up to date, whoever else writes meanwhile.

    look:    where base and branch stand, and which pull requests there were
    compose: the text that the branch shall have
    write:   a commit after the branch's own, then the branch: GitHub refuses where it stands elsewhere by now
    settle:  the pull request opened or reworded, and looked at again

No branch is ever forced: what others push between our read and our write is read, and written after.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from action.branches import Branch, Branches, Change, Proposal, Stage
from action.errors import ServiceError
from action.files import show_name
from action.forge import RefusedError
from action.publish.drafting import Draft, Drafting, Spot, Wish
from action.publish.publication import Failure
from action.report.proposal_page import Told, proposal_words
from action.tracker.changes import changed_entries
from action.tracker.edit import Edit

TRIES = 40
"""Of twenty jobs that write at once one comes through each time, so the last needs twenty."""
_LONGEST = 60.0
"""Seconds between two tries, at most: to write takes some seconds, and nineteen others may want to."""
_REFUSED = 3
"""Times that a branch takes no commit after the one where it stands: nobody else wrote, so its rules forbid it."""


class Became(StrEnum):
    """What became of an entry."""

    OPENED = "opened"
    UPDATED = "updated"
    COMMITTED = "committed"
    """Right on the base branch."""
    UNCHANGED = "unchanged"
    """It stands there already, on the base or in the open pull request."""
    CLOSED = "closed"
    """A person closed the pull request that said the same."""
    PUSHED = "pushed"
    """The branch has it, but no pull request could be opened."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where an entry went."""

    became: Became
    number: int
    """Of the entry."""
    url: str | None = None
    """Of the pull request."""
    base: str
    branch: str
    failures: tuple[Failure, ...] = ()


def longest(tries: int) -> float:
    """Give the longest wait after so many tries, in seconds.

    >>> [longest(tries) for tries in (1, 2, 3, 4, 40)]
    [8.0, 16.0, 32.0, 60.0, 60.0]
    """
    return min(_LONGEST, 4 * 2.0**tries)


def rest(tries: int) -> None:
    """Wait by chance, longer each time, so that jobs that met once do not meet again."""
    time.sleep(random.uniform(0, longest(tries)))  # noqa: S311 - no secret


class Proposing:
    """An entry on its way into a tracker on GitHub."""

    def __init__(
        self, shop: Branches, wish: Wish, edit: Callable[[str], Edit], pause: Callable[[int], None] = rest
    ) -> None:
        """Take the repository, where the entry goes, what puts it into a tracker's text, and what waits."""
        self._shop, self._wish, self._pause = shop, wish, pause
        self._drafting = Drafting(shop, wish, edit)
        self._failures: list[Failure] = []
        self._unopened = 0

    def put(self) -> Outcome:
        """Put the entry in.

        Raises:
            InputError: the tracker there is no text that an entry can be put into, or there is no such base.
            RefusedError: the token may not, or rules of the branch forbid it.
            ServiceError: GitHub could not be reached, or refused, or others wrote each time.
        """
        refused: list[tuple[str, str | None]] = []
        spot = self._drafting.look()
        for tries in range(1, TRIES + 1):
            draft = self._drafting.compose(spot)
            written = None if draft.change is None else self._write(spot, draft.change)
            if draft.change is None or written is not None:
                found = self._settle(spot, draft, written)
                if found is not None:
                    return replace(found, failures=tuple(self._failures))
                self._pause(tries)
                spot = self._drafting.look()
                continue
            refused.append((spot.branch, spot.tip))
            if refused.count(refused[-1]) == _REFUSED:
                raise self._forbidden(spot)
            self._pause(tries)
            spot = self._drafting.look_again(spot)
        raise ServiceError(
            f"GitHub: expected {show_name(self._wish.branch)} to take a commit, got {TRIES} times that others had "
            "written; run again later"
        )

    def _write(self, spot: Spot, change: Change) -> str | None:
        """Write a commit; its SHA, or None where the branch does not take it."""
        branch = Branch(name=spot.branch, sha=self._shop.commit(change))
        taken = self._shop.create(branch) if spot.tip is None else self._shop.move(branch)
        return branch.sha if taken else None

    def _settle(self, spot: Spot, draft: Draft, written: str | None) -> Outcome | None:
        """See to the pull request of a branch that has the entry; None: it was merged or closed meanwhile."""
        wrote = written is not None
        done = Outcome(
            became=Became.UPDATED if wrote else Became.UNCHANGED,
            number=draft.edit.number,
            url=spot.url,
            base=spot.base.name,
            branch=spot.branch if draft.there else spot.base.name,
        )
        if draft.closed is not None:
            return replace(done, became=Became.CLOSED, url=draft.closed.url)
        if self._wish.direct:
            return replace(done, became=Became.COMMITTED) if wrote else done
        if not draft.there and not wrote:
            return done
        opened = self._still_open(spot.branch) if wrote and spot.open is not None else spot.open
        if opened is None and spot.open is not None:  # merged just before the branch was written
            return None
        try:
            if opened is None:
                return self._open(spot, draft, done, written)
            return self._word(opened, draft, done, written)
        except RefusedError as error:
            self._failures.append(Failure(step="tracker", text=str(error), permission=error.permission))
            return done if spot.open is not None else replace(done, became=Became.PUSHED)

    def _open(self, spot: Spot, draft: Draft, done: Outcome, written: str | None) -> Outcome | None:
        opened = self._shop.propose(
            spot.branch, spot.base.name, proposal_words(self._told(draft, (done.base, draft.edit.text)))
        )
        if opened is None:
            opened = self._still_open(spot.branch)  # another job did
            if opened is not None:
                return self._word(opened, draft, done, written)
            self._unopened += 1
            if self._unopened < _REFUSED:
                return None
            text = "GitHub: expected a pull request to be opened, got 422 although there is none; open it by hand"
            self._failures.append(Failure(step="tracker", text=text))
            return replace(done, became=Became.PUSHED)
        self._decorate(opened)
        return self._word(opened, draft, replace(done, became=Became.OPENED), written)

    def _word(self, opened: Proposal, draft: Draft, done: Outcome, written: str | None) -> Outcome | None:
        """Let a pull request say what its branch holds, also where another job has written to it meanwhile.

        None: the entry is lost, since somebody else forced the branch.
        """
        done = replace(done, url=opened.url)
        text, known = draft.edit.text, written
        if done.became is Became.UPDATED:
            later = self._moved(done.branch, written)
            if later is not None:
                if not self._holds(later, done.branch):
                    return None
                mine, known, text = text, later, self._drafting.file(later).text
                if changed_entries(mine, text):  # another job, which tells of both; a person does not
                    return done
        for _ in range(TRIES):
            words = proposal_words(self._told(draft, (done.base, text), opened.author), opened.words)
            if words == opened.words:
                break
            opened = self._shop.reword(opened.number, words)
            later = self._moved(done.branch, known)
            if later is None:
                break
            if not self._holds(later, done.branch):
                return None
            known, text = later, self._drafting.file(later).text  # their words may have been there before ours
        return done

    def _holds(self, sha: str, branch: str) -> bool:
        text = self._drafting.file(sha).text
        return self._drafting.edited(text, branch).text == text

    def _moved(self, branch: str, known: str | None) -> str | None:
        """Give the commit of a branch that has moved on; None: it has not."""
        head = self._drafting.head(branch)
        return None if head is None or head.sha == known else head.sha

    def _told(self, draft: Draft, into: tuple[str, str], author: str = "") -> Told:
        base, text = into
        return Told(
            path=self._wish.path,
            base=base,
            entries=changed_entries(draft.base_text, text),
            conflict=draft.conflict,
            author=author,
        )

    def _still_open(self, branch: str) -> Proposal | None:
        return next((one for one in self._shop.proposals(branch) if one.stage is Stage.OPEN), None)

    def _decorate(self, opened: Proposal) -> None:
        """Set labels and reviewers, once: what people take away later stays away."""
        for step, names, add in (
            ("tracker-labels", self._wish.labels, self._shop.label),
            ("tracker-reviewers", self._wish.reviewers, self._shop.ask_for_review),
        ):
            try:
                if names:
                    add(opened.number, names)
            except RefusedError as error:
                self._failures.append(Failure(step=step, text=str(error), permission=error.permission))
            except ServiceError as error:
                self._failures.append(Failure(step=step, text=str(error)))

    def _forbidden(self, spot: Spot) -> RefusedError:
        way = (
            "propose it by a pull request instead"
            if self._wish.direct
            else "let the token's owner bypass them, or name a branch without"
        )
        return RefusedError(
            f"GitHub: expected {show_name(spot.branch)} to take a commit, got a refusal by the rules of the branch; "
            f"{way}",
            "contents: write",
        )
