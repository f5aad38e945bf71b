"""What is read and written of a repository's branches and of the pull requests from them, as values and a Protocol.

No client may enter, and no decision about what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Branch:
    """Where a branch stands."""

    name: str
    sha: str


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of a commit."""

    text: str
    """In UTF-8; bytes that are none are kept as surrogates."""
    sha: str
    """Of its blob: the same for the same bytes."""


NO_FILE = File(text="", sha="")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A commit that changes one file."""

    path: str
    text: str
    message: str
    parents: tuple[str, ...]
    like: str
    """The commit whose other files it has."""


@dataclass(frozen=True, kw_only=True)
class Divergence:
    """How a branch has gone away from another."""

    merge_base: str
    paths: tuple[str, ...]
    """Files that differ between the merge base and the branch, at most 300."""


class Stage(StrEnum):
    """Of a pull request."""

    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"
    """By a person, without being merged."""


@dataclass(frozen=True, kw_only=True)
class Words:
    """Title and body of a pull request."""

    title: str
    """At most 256 characters."""
    body: str
    """At most 65,536 characters."""


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """A pull request from a branch of the same repository."""

    number: int
    url: str
    author: str
    """The login."""
    head_sha: str
    base: str
    stage: Stage
    words: Words


class Branches(Protocol):
    """A repository whose branches are written. Every call may raise ServiceError, or RefusedError."""

    def default_branch(self) -> str:
        """Give the name of the default branch."""
        ...

    def branches(self, prefix: str, /) -> Sequence[Branch]:
        """Give the branches whose names begin so."""
        ...

    def file(self, sha: str, path: str, /) -> File:
        """Read a file of a commit; `NO_FILE` where there is none. InputError: it is no regular file, or too large."""
        ...

    def commit(self, change: Change, /) -> str:
        """Make a commit that no branch has yet; its SHA."""
        ...

    def create(self, branch: Branch, /) -> bool:
        """Make a branch; False: it was not made, since there is one of that name, or rules forbid it."""
        ...

    def move(self, branch: Branch, /) -> bool:
        """Move a branch on to a commit after its own; False: it stands elsewhere, or rules forbid it."""
        ...

    def divergence(self, base_sha: str, sha: str, /) -> Divergence:
        """Say how a commit has gone away from another."""
        ...

    def proposals(self, branch: str, /) -> Sequence[Proposal]:
        """Give the pull requests from a branch, open, merged and closed, the newest first."""
        ...

    def propose(self, branch: str, base: str, words: Words, /) -> Proposal | None:
        """Open a pull request; None: there is one already, or nothing between the two."""
        ...

    def reword(self, number: int, words: Words, /) -> Proposal:
        """Change title and body of a pull request."""
        ...

    def label(self, number: int, labels: Sequence[str], /) -> None:
        """Add labels to a pull request."""
        ...

    def ask_for_review(self, number: int, people: Sequence[str], /) -> None:
        """Ask people (`login`) and teams (`owner/team`) for a review."""
        ...
