"""A repository on GitHub whose branches are written, as what a proposal needs of one. Nothing is decided here."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from action.branches import Branch, Change, Divergence, File, Proposal, Words
from action.github import branch, proposal
from action.github.access import Access
from action.github.client import SECONDS, Client
from action.github.patience import Patience


class Workshop:
    """A repository; to open it costs no request. Not to be shared between threads.

    Every call may raise ServiceError: GitHub could not be reached, or refused (RefusedError names the permission).
    """

    def __init__(
        self,
        access: Access,
        *,
        seconds: float = SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = Client(access, Patience(sleep=sleep, clock=clock), seconds)
        self._objects = branch.Objects(self._client)

    def default_branch(self) -> str:
        """Give the name of the default branch."""
        return branch.default_branch(self._client)

    def branches(self, prefix: str, /) -> Sequence[Branch]:
        """Give the branches whose names begin so."""
        return branch.branches(self._client, prefix)

    def file(self, sha: str, path: str, /) -> File:
        """Read a file of a commit; `NO_FILE` where there is none. InputError: it is no regular file, or too large."""
        return self._objects.file(sha, path)

    def commit(self, change: Change, /) -> str:
        """Make a commit that no branch has yet; its SHA."""
        return self._objects.commit(change)

    def create(self, one: Branch, /) -> bool:
        """Make a branch; False: it was not made, since there is one of that name, or rules forbid it."""
        return branch.create(self._client, one)

    def move(self, one: Branch, /) -> bool:
        """Move a branch on to a commit after its own; False: it stands elsewhere, or rules forbid it."""
        return branch.move(self._client, one)

    def divergence(self, base_sha: str, sha: str, /) -> Divergence:
        """Say how a commit has gone away from another."""
        return branch.divergence(self._client, base_sha, sha)

    def proposals(self, name: str, /) -> Sequence[Proposal]:
        """Give the pull requests from a branch, open, merged and closed, the newest first."""
        return proposal.proposals(self._client, name)

    def propose(self, name: str, base: str, words: Words, /) -> Proposal | None:
        """Open a pull request; None: there is one already, or nothing between the two."""
        return proposal.propose(self._client, name, base, words)

    def reword(self, number: int, words: Words, /) -> Proposal:
        """Change title and body of a pull request."""
        return proposal.reword(self._client, number, words)

    def label(self, number: int, labels: Sequence[str], /) -> None:
        """Add labels to a pull request."""
        proposal.label(self._client, number, labels)

    def ask_for_review(self, number: int, people: Sequence[str], /) -> None:
        """Ask people (`login`) and teams (`owner/team`) for a review."""
        proposal.ask_for_review(self._client, number, people)
