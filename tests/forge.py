"""A repository on GitHub in memory, with what GitHub would do: for tests of what is written, and in which order.

The real client against a server stands elsewhere. No rule of ours may enter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from action.errors import ServiceError
from action.forge import CheckRun, Comment, Commit, Pull, Report, Review, Status
from tests.history import versions

SHA = "c0ffee" + "0" * 34
BOT, PERSON = "github-actions[bot]", "mallory"


def pull(number: int = 7, **changes: object) -> Pull:
    """Return an open pull request at the commit."""
    default = Pull(
        number=number, head_sha=SHA, base="main", open=True, merged=False, draft=False, locked=False, fork=False
    )
    return replace(default, **changes)  # type: ignore[arg-type]


class MemoryForge:
    """One repository. `before` is called with the name of every call before it happens, and may raise."""

    def __init__(self, *, me: str = BOT, before: Callable[[str], None] = lambda _: None) -> None:
        self.me = me
        self.before = before
        self.calls: list[str] = []
        self.posted: list[tuple[str, Status]] = []
        self.reports: dict[int, tuple[str, Report]] = {}
        self.notes: dict[int, list[Comment]] = {}
        self.pulls: dict[int, Pull] = {}
        self.files: dict[tuple[str | None, str], str] = {}
        self.compared: Sequence[Commit] = ()
        self.found: dict[str, tuple[int, ...]] = {}
        """Commit → pull requests that it is in."""
        self.artifacts: dict[tuple[int, str], bytes] = {}
        self.heads: dict[str | None, str] = {}
        """Branch → its commit."""
        self.parents: dict[str, tuple[str, ...]] = {}
        """Commit → those before it."""
        self.reviewed: dict[int, Sequence[Review]] = {}
        self._last = 0

    def _called(self, name: str) -> None:
        self.calls.append(name)
        self.before(name)

    def _next(self) -> int:
        self._last += 1
        return self._last

    def state(self, sha: str = SHA) -> str | None:
        """Give what GitHub shows: the newest status."""
        return next((str(one.state) for at, one in reversed(self.posted) if at == sha), None)

    def write_as(self, author: str, number: int, body: str, *, bot: bool = False) -> Comment:
        """Write a comment as somebody else."""
        made = Comment(id=self._next(), author=author, bot=bot, body=body, url=f"https://x/{number}#{self._last}")
        self.notes.setdefault(number, []).append(made)
        return made

    def read_file(self, path: str, branch: str | None, /) -> str | None:
        self._called("read_file")
        return self.files.get((branch, path))

    def statuses(self, sha: str, /) -> Sequence[Status]:
        self._called("statuses")
        return [one for at, one in reversed(self.posted) if at == sha]

    def post_status(self, sha: str, status: Status, /) -> None:
        self._called("post_status")
        if len(status.description) > 140:
            raise ServiceError("GitHub: 422, description is too long")
        self.posted.append((sha, status))

    def check_runs(self, sha: str, /) -> Sequence[CheckRun]:
        self._called("check_runs")
        return [_check_run(key, report) for key, (at, report) in self.reports.items() if at == sha]

    def create_check_run(self, sha: str, report: Report, /) -> CheckRun:
        self._called("create_check_run")
        key = self._next()
        self.reports[key] = (sha, report)
        return _check_run(key, report)

    def update_check_run(self, check_run: int, report: Report, /) -> CheckRun:
        self._called("update_check_run")
        sha, _ = self.reports[check_run]
        self.reports[check_run] = (sha, report)
        return _check_run(check_run, report)

    def pull(self, number: int, /) -> Pull | None:
        self._called("pull")
        return self.pulls.get(number)

    def pulls_of_commit(self, sha: str, /) -> Sequence[Pull] | None:
        self._called("pulls_of_commit")
        if sha in self.found:
            return [self.pulls[number] for number in self.found[sha]]
        return [one for one in self.pulls.values() if one.head_sha == sha] or None

    def pulls_of_head(self, owner: str, branch: str, /) -> Sequence[Pull]:
        self._called("pulls_of_head")
        return list(self.pulls.values())

    def commits(self, base_sha: str, head_sha: str, /) -> Sequence[Commit]:
        self._called("commits")
        return self.compared

    def versions(self, path: str, ref: str | None, /) -> Sequence[Commit]:
        self._called("versions")
        start = self.heads.get(ref, ref)
        found = () if start is None else versions(self.parents, lambda sha: self.files.get((sha, path)), start)
        return [Commit(sha=sha, parents=self.parents.get(sha, ())) for sha in found]

    def reviews(self, number: int, /) -> Sequence[Review]:
        self._called("reviews")
        return self.reviewed.get(number, ())

    def comments(self, number: int, /) -> Sequence[Comment]:
        self._called("comments")
        return list(self.notes.get(number, ()))

    def create_comment(self, number: int, body: str, /) -> Comment:
        self._called("create_comment")
        return self.write_as(self.me, number, body, bot=self.me.endswith("[bot]"))

    def update_comment(self, comment: int, body: str, /) -> Comment | None:
        self._called("update_comment")
        for listed in self.notes.values():
            for place, one in enumerate(listed):
                if one.id == comment:
                    listed[place] = replace(one, body=body)
                    return listed[place]
        return None

    def delete_comment(self, comment: int, /) -> None:
        self._called("delete_comment")
        for listed in self.notes.values():
            listed[:] = [one for one in listed if one.id != comment]

    def viewer(self) -> str | None:
        self._called("viewer")
        return None if self.me.endswith("[bot]") else self.me

    def artifact(self, workflow_run: int, name: str, /) -> bytes | None:
        self._called("artifact")
        return self.artifacts.get((workflow_run, name))


def _check_run(key: int, report: Report) -> CheckRun:
    return CheckRun(
        id=key,
        external_id=report.external_id,
        completed=report.conclusion is not None,
        conclusion=None if report.conclusion is None else report.conclusion.value,
        text=report.text,
        started_at=report.started_at,
        url=f"https://x/runs/{key}",
    )
