"""What is read of a repository on GitHub and written to it, as values and a Protocol.

No client may enter, and no decision about what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from action.errors import ServiceError

CONTEXT = "experiment-gatekeeper"
"""Of the commit status, which is the gate."""
REPORT = "Experiment report"
"""The name of our check run, which explains. It differs from the context: either may be required by its name."""


class RefusedError(ServiceError):
    """GitHub refused what the token has no permission for."""

    def __init__(self, text: str, permission: str) -> None:
        super().__init__(text)
        self.permission = permission
        """As a workflow writes it: `statuses: write`."""


class State(StrEnum):
    """Of a commit status."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class Conclusion(StrEnum):
    """Of a check run of ours. GitHub counts `neutral` and `skipped` as passed, so they are never sent."""

    SUCCESS = "success"
    FAILURE = "failure"
    ACTION_REQUIRED = "action_required"


class Weight(StrEnum):
    """How a remark is shown."""

    FAILURE = "failure"
    WARNING = "warning"
    NOTICE = "notice"


@dataclass(frozen=True, kw_only=True)
class Status:
    """A commit status."""

    context: str = CONTEXT
    state: State
    description: str
    """At most 140 characters."""
    target: str | None = None
    """An address to look at."""
    ours: bool = field(default=True, compare=False)
    """As read: an app posted it, or the user whose token this is. Whoever may write can post another."""
    created_at: str | None = field(default=None, compare=False)
    """As read: when GitHub got it, RFC 3339 in UTC."""


@dataclass(frozen=True, kw_only=True)
class Remark:
    """An annotation: a remark at a line of a file of the repository."""

    path: str
    line: int
    weight: Weight
    title: str
    """At most 255 characters."""
    text: str
    """At most 64 kB."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a check run says."""

    external_id: str
    """Whose it is: one check run for each, on each commit."""
    conclusion: Conclusion | None
    """None: it is in progress."""
    title: str
    summary: str
    """At most 65,535 characters."""
    text: str = ""
    remarks: tuple[Remark, ...] = ()
    started_at: str | None = None
    """RFC 3339 in UTC."""
    details: str | None = None
    """An address to look at."""


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """A check run as GitHub has it."""

    id: int
    external_id: str
    completed: bool
    conclusion: str | None
    """In GitHub's words, which are more than ours."""
    text: str
    started_at: str | None
    url: str | None


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment of a pull request."""

    id: int
    author: str
    """The login."""
    bot: bool
    """The author is an app; else a person, or a token of one."""
    body: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Pull:
    """A pull request."""

    number: int
    head_sha: str
    base: str
    """The branch that it goes into."""
    open: bool
    merged: bool
    draft: bool
    locked: bool
    fork: bool
    """Its head lies in another repository."""
    author: str | None = field(default=None, compare=False)
    """As read: the login; None: the account is gone."""
    merged_at: str | None = field(default=None, compare=False)
    """As read: RFC 3339 in UTC; None: it is not merged."""


class Opinion(StrEnum):
    """What a review says of a pull request, in GitHub's words."""

    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    DISMISSED = "DISMISSED"
    """It said something else, which somebody took back."""
    COMMENTED = "COMMENTED"
    """It says nothing for or against, as one that is not sent yet."""


@dataclass(frozen=True, kw_only=True)
class Review:
    """A review of a pull request."""

    author: str
    """The login."""
    person: bool
    """The author is no app."""
    opinion: Opinion
    sha: str | None
    """The commit that was looked at; None: it is gone."""


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit, by what it comes after."""

    sha: str
    parents: tuple[str, ...] = field(default=())


class Forge(Protocol):
    """A repository. Every call may raise ServiceError: GitHub could not be reached, or refused (RefusedError)."""

    def read_file(self, path: str, branch: str | None, /) -> str | None:
        """Read a text file of a branch (None: the default one); None: there is no such file. InputError: no text."""
        ...

    def statuses(self, sha: str, /) -> Sequence[Status]:
        """Give the statuses of a commit under our context, newest first."""
        ...

    def post_status(self, sha: str, status: Status, /) -> None:
        """Post a status; the newest of a context counts."""
        ...

    def check_runs(self, sha: str, /) -> Sequence[CheckRun]:
        """Give all check runs of our name at a commit, whatever suite they are in."""
        ...

    def create_check_run(self, sha: str, report: Report, /) -> CheckRun:
        """Create a check run. GitHub takes 50 remarks at a time: more are added one request after the other."""
        ...

    def update_check_run(self, check_run: int, report: Report, /) -> CheckRun:
        """Update a check run, and confirm that GitHub has it so."""
        ...

    def pull(self, number: int, /) -> Pull | None:
        """Give a pull request; None: there is none."""
        ...

    def pulls_of_commit(self, sha: str, /) -> Sequence[Pull] | None:
        """Give the pull requests that a commit is in; None: the repository has no such commit."""
        ...

    def pulls_of_head(self, owner: str, branch: str, /) -> Sequence[Pull]:
        """Give the open pull requests from a branch."""
        ...

    def commits(self, base_sha: str, head_sha: str, /) -> Sequence[Commit]:
        """Give the commits after one up to another."""
        ...

    def versions(self, path: str, ref: str | None, /) -> Sequence[Commit]:
        """Give the newest commits that changed a file, up to a branch (None: the default one) or a commit.

        The newest comes first; where there are many, the older ones are left out.
        """
        ...

    def reviews(self, number: int, /) -> Sequence[Review]:
        """Give all reviews of a pull request, oldest first."""
        ...

    def comments(self, number: int, /) -> Sequence[Comment]:
        """Give all comments of a pull request, oldest first."""
        ...

    def create_comment(self, number: int, body: str, /) -> Comment:
        """Write a comment."""
        ...

    def update_comment(self, comment: int, body: str, /) -> Comment | None:
        """Change a comment; None: it was deleted meanwhile."""
        ...

    def delete_comment(self, comment: int, /) -> None:
        """Delete a comment; one that is gone is no error."""
        ...

    def viewer(self) -> str | None:
        """Give the login that the token belongs to; None: it is an app's, which may not ask."""
        ...

    def artifact(self, workflow_run: int, name: str, /) -> bytes | None:
        """Give the first file of an artifact of a workflow run, at most 64 kB; None: it has no such artifact."""
        ...
