"""A rehearsal: everything is read, nothing is written, and what would be written is told.

No decision may enter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from action.forge import CheckRun, Comment, Commit, Forge, Pull, Report, Review, Status


class Rehearsal:
    """A repository that writes nothing, and shows what would have been written where it is read back."""

    def __init__(self, forge: Forge, tell: Callable[[str, str], None]) -> None:
        """Take the repository, and what is called with each thing that would be written: a line, and its text."""
        self._forge = forge
        self._tell = tell
        self._posted: list[tuple[str, Status]] = []
        self._comments: dict[int, Comment] = {}

    def read_file(self, path: str, branch: str | None, /) -> str | None:
        """Read it."""
        return self._forge.read_file(path, branch)

    def statuses(self, sha: str, /) -> Sequence[Status]:
        """Read them, those that would have been posted first."""
        mine = [status for at, status in reversed(self._posted) if at == sha]
        return [*mine, *self._forge.statuses(sha)]

    def post_status(self, sha: str, status: Status, /) -> None:
        """Tell it."""
        self._posted.append((sha, status))
        self._tell(f"status {status.context} of {sha[:12]}: {status.state}", status.description)

    def check_runs(self, sha: str, /) -> Sequence[CheckRun]:
        """Read them."""
        return self._forge.check_runs(sha)

    def create_check_run(self, sha: str, report: Report, /) -> CheckRun:
        """Tell it."""
        return self._report(0, f"check run of {sha[:12]}, created", report)

    def update_check_run(self, check_run: int, report: Report, /) -> CheckRun:
        """Tell it."""
        return self._report(check_run, f"check run {check_run}, updated" if check_run else "check run, updated", report)

    def _report(self, number: int, line: str, report: Report) -> CheckRun:
        state = "in progress" if report.conclusion is None else report.conclusion.value
        self._tell(f"{line}: {state}, {len(report.remarks)} annotations", report.title)
        return CheckRun(
            id=number,
            external_id=report.external_id,
            completed=report.conclusion is not None,
            conclusion=None if report.conclusion is None else report.conclusion.value,
            text=report.text,
            started_at=report.started_at,
            url=None,
        )

    def pull(self, number: int, /) -> Pull | None:
        """Read it."""
        return self._forge.pull(number)

    def pulls_of_commit(self, sha: str, /) -> Sequence[Pull] | None:
        """Read them."""
        return self._forge.pulls_of_commit(sha)

    def pulls_of_head(self, owner: str, branch: str, /) -> Sequence[Pull]:
        """Read them."""
        return self._forge.pulls_of_head(owner, branch)

    def commits(self, base_sha: str, head_sha: str, /) -> Sequence[Commit]:
        """Read them."""
        return self._forge.commits(base_sha, head_sha)

    def versions(self, path: str, ref: str | None, /) -> Sequence[Commit]:
        """Read them."""
        return self._forge.versions(path, ref)

    def reviews(self, number: int, /) -> Sequence[Review]:
        """Read them."""
        return self._forge.reviews(number)

    def comments(self, number: int, /) -> Sequence[Comment]:
        """Read them, with the one that would have been written."""
        listed = [self._comments.get(one.id, one) for one in self._forge.comments(number)]
        return [*listed, *([self._comments[0]] if 0 in self._comments else [])]

    def create_comment(self, number: int, body: str, /) -> Comment:
        """Tell it."""
        self._tell(f"comment on #{number}, created: {len(body)} characters", body)
        self._comments[0] = Comment(id=0, author="", bot=True, body=body, url="")
        return self._comments[0]

    def update_comment(self, comment: int, body: str, /) -> Comment | None:
        """Tell it."""
        self._tell(f"comment {comment}, updated: {len(body)} characters", body)
        there = self._comments.get(comment, Comment(id=comment, author="", bot=True, body=body, url=""))
        self._comments[comment] = replace(there, body=body)
        return self._comments[comment]

    def delete_comment(self, comment: int, /) -> None:
        """Tell it."""
        self._tell(f"comment {comment}, deleted", "")

    def viewer(self) -> str | None:
        """Read it."""
        return self._forge.viewer()

    def artifact(self, workflow_run: int, name: str, /) -> bytes | None:
        """Read it."""
        return self._forge.artifact(workflow_run, name)
