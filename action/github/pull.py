"""Pull requests and commits, read: those between two, those of a file. Which of them is meant is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from github.Commit import Commit as TheirCommit
from github.PullRequest import PullRequest

from action.files import show_name
from action.forge import Commit, Pull
from action.github.asking import ask, given, seek
from action.github.client import Client, Listed
from action.github.failure import Target

_PULLS, _CONTENTS = "pull-requests: write", "contents: read"
_ABSENT = (404, 422)
"""What is said of a commit that is not there."""


def pull(client: Client, number: int) -> Pull | None:
    """Give a pull request; None: there is none.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """

    def read() -> Pull:
        headers, data = client.requestJsonAndCheck("GET", f"{client.root}/pulls/{number}")
        return _value(client.thing(PullRequest, data, headers))

    return seek(Target(what=f"the pull request {number}", permission=_PULLS), read)


def pulls_of_commit(client: Client, sha: str) -> Sequence[Pull] | None:
    """Give the pull requests that a commit is in; None: the repository has no such commit.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    listed = Listed(path=f"/commits/{quote(sha, safe='')}/pulls")
    target = Target(what=f"the pull requests of {show_name(sha)}", permission=_PULLS)
    return seek(target, lambda: tuple(map(_value, client.pages(listed, PullRequest))), _ABSENT)


def pulls_of_head(client: Client, owner: str, branch: str) -> Sequence[Pull]:
    """Give the open pull requests from a branch.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    head = f"{owner}:{branch}"
    target = Target(what=f"the pull requests from {show_name(head)}", permission=_PULLS)
    asked = {"state": "open", "head": head}
    return ask(target, lambda: tuple(map(_value, client.pages(Listed(path="/pulls"), PullRequest, asked))))


def commits(client: Client, base_sha: str, head_sha: str) -> Sequence[Commit]:
    """Give the commits after one up to another.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    between = f"{quote(base_sha, safe='')}...{quote(head_sha, safe='')}"
    listed = Listed(path=f"/compare/{between}", within="commits")
    target = Target(what=f"the commits of {show_name(between)}", permission=_CONTENTS)
    return ask(target, lambda: tuple(map(_commit, client.pages(listed, TheirCommit))))


def versions(client: Client, path: str, ref: str | None) -> Sequence[Commit]:
    """Give the newest commits that changed a file, at most one page of them.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the versions of {show_name(path)}", permission=_CONTENTS)
    asked = {"path": path} | ({} if ref is None else {"sha": ref})
    listed = Listed(path="/commits", most=1)
    return ask(target, lambda: tuple(map(_commit, client.pages(listed, TheirCommit, asked, cut=True))))


def _value(one: PullRequest) -> Pull:
    head, base = given(one.head), given(one.base)
    return Pull(
        number=given(one.number),
        head_sha=given(head.sha),
        base=given(base.ref),
        open=given(one.state) == "open",
        merged=one.merged_at is not None,  # lists lack the field `merged`
        draft=bool(one.draft),
        locked=bool(one.locked),
        # The repository of a head may be deleted; what is left is a fork's at best.
        fork=head.repo is None or given(head.repo.id) != given(given(base.repo).id),
        author=None if one.user is None else given(one.user.login),
        merged_at=None if one.merged_at is None else one.merged_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _commit(one: TheirCommit) -> Commit:
    return Commit(sha=given(one.sha), parents=tuple(given(parent.sha) for parent in given(one.parents)))
