"""A repository on GitHub, or on a GitHub Enterprise Server, as what the publisher needs of one.

Each call is one request, or one for every hundred that are listed. Nothing is decided here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from action.forge import CheckRun, Comment, Commit, Pull, Report, Review, Status
from action.github import artifact, check_run, comment, content, pull, review, status
from action.github.access import Access
from action.github.asking import given, seek
from action.github.client import SECONDS, Client
from action.github.failure import Target
from action.github.patience import Patience


class GitHub:
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
        self._newest: dict[int, int] = {}
        """Pull request → the highest id of its comments when they were last read."""
        self._viewer: list[str | None] = []

    def _me(self) -> str | None:
        if not self._viewer:
            self._viewer.append(self.viewer())
        return self._viewer[0]

    def read_file(self, path: str, branch: str | None, /) -> str | None:
        """Read a text file of a branch (None: the default one); None: there is no such file. InputError: no text."""
        return content.read_file(self._client, path, branch)

    def statuses(self, sha: str, /) -> Sequence[Status]:
        """Give the statuses of a commit under our context, newest first."""
        return status.statuses(self._client, sha, self._me)

    def post_status(self, sha: str, what: Status, /) -> None:
        """Post a status; the newest of a context counts."""
        status.post_status(self._client, sha, what)

    def check_runs(self, sha: str, /) -> Sequence[CheckRun]:
        """Give all check runs of our name at a commit, whatever suite they are in."""
        return check_run.check_runs(self._client, sha)

    def create_check_run(self, sha: str, report: Report, /) -> CheckRun:
        """Create a check run: a request for every 50 remarks, the conclusion with the last."""
        return check_run.create_check_run(self._client, sha, report)

    def update_check_run(self, number: int, report: Report, /) -> CheckRun:
        """Update a check run likewise, and confirm that GitHub has it so; remarks are added to those that it has."""
        return check_run.update_check_run(self._client, number, report)

    def pull(self, number: int, /) -> Pull | None:
        """Give a pull request; None: there is none."""
        return pull.pull(self._client, number)

    def pulls_of_commit(self, sha: str, /) -> Sequence[Pull] | None:
        """Give the pull requests that a commit is in; None: the repository has no such commit."""
        return pull.pulls_of_commit(self._client, sha)

    def pulls_of_head(self, owner: str, branch: str, /) -> Sequence[Pull]:
        """Give the open pull requests from a branch."""
        return pull.pulls_of_head(self._client, owner, branch)

    def commits(self, base_sha: str, head_sha: str, /) -> Sequence[Commit]:
        """Give the commits after one up to another."""
        return pull.commits(self._client, base_sha, head_sha)

    def versions(self, path: str, ref: str | None, /) -> Sequence[Commit]:
        """Give the newest commits that changed a file, up to a branch (None: the default one) or a commit."""
        return pull.versions(self._client, path, ref)

    def reviews(self, number: int, /) -> Sequence[Review]:
        """Give all reviews of a pull request, oldest first."""
        return review.reviews(self._client, number)

    def comments(self, number: int, /) -> Sequence[Comment]:
        """Give all comments of a pull request, oldest first."""
        found = comment.comments(self._client, number)
        self._newest[number] = max((one.id for one in found), default=0)
        return found

    def create_comment(self, number: int, body: str, /) -> Comment:
        """Write a comment."""
        return comment.create_comment(self._client, number, body, self._newest.get(number, 0))

    def update_comment(self, number: int, body: str, /) -> Comment | None:
        """Change a comment; None: it was deleted meanwhile."""
        return comment.update_comment(self._client, number, body)

    def delete_comment(self, number: int, /) -> None:
        """Delete a comment; one that is gone is no error."""
        comment.delete_comment(self._client, number)

    def viewer(self) -> str | None:
        """Give the login that the token belongs to; None: it is an app's, which may not ask."""
        client = self._client

        def read() -> str:
            _, data = client.requestJsonAndCheck("GET", "/user")
            login = data.get("login")
            return given(login if isinstance(login, str) else None)

        return seek(Target(what="the token's login", permission="metadata: read"), read, (401, 403, 404))

    def artifact(self, workflow_run: int, name: str, /) -> bytes | None:
        """Give the first file of an artifact of a workflow run, at most 64 kB; None: it has no such artifact."""
        return artifact.artifact(self._client, workflow_run, name)
