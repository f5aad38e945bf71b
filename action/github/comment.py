"""Comments of pull requests, read and written. Which is ours, and what it says, is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from github.IssueComment import IssueComment

from action.forge import Comment
from action.github.asking import ask, given, seek, send
from action.github.client import Client, Listed
from action.github.failure import Target

_PERMISSION = "pull-requests: write"
_GHOST = "ghost"
"""The login that GitHub shows where an account was deleted."""


def comments(client: Client, number: int) -> Sequence[Comment]:
    """Give all comments of a pull request, oldest first.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the comments of the pull request {number}", permission=_PERMISSION)
    return ask(target, lambda: tuple(_read(client, number)))


def create_comment(client: Client, number: int, body: str, after: int) -> Comment:
    """Write a comment, once: after a try without an answer it is looked for among those with a higher id than `after`.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"a comment of the pull request {number} to be written", permission=_PERMISSION, write=True)

    def create() -> Comment:
        headers, data = client.requestJsonAndCheck(
            "POST", f"{client.root}/issues/{number}/comments", input={"body": body}
        )
        return _value(client.thing(IssueComment, data, headers))

    def find() -> Comment | None:
        same = [one for one in comments(client, number) if one.id > after and _plain(one.body) == _plain(body)]
        return same[-1] if same else None

    return send(target, client.patience, create, find)


def update_comment(client: Client, comment: int, body: str) -> Comment | None:
    """Change a comment; None: it was deleted meanwhile.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """

    def change() -> Comment:
        path = f"{client.root}/issues/comments/{comment}"
        headers, data = client.requestJsonAndCheck("PATCH", path, input={"body": body})
        return _value(client.thing(IssueComment, data, headers))

    return seek(_written(comment), change)


def delete_comment(client: Client, comment: int) -> None:
    """Delete a comment; one that is gone is no error.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    seek(
        _written(comment),
        lambda: client.requestJsonAndCheck("DELETE", f"{client.root}/issues/comments/{comment}"),
    )


def _written(comment: int) -> Target:
    return Target(what=f"the comment {comment} to be written", permission=_PERMISSION, write=True)


def _read(client: Client, number: int) -> Iterator[Comment]:
    for one in client.pages(Listed(path=f"/issues/{number}/comments"), IssueComment):
        yield _value(one)


def _value(one: IssueComment) -> Comment:
    author = one.user
    return Comment(
        id=given(one.id),
        author=_GHOST if author is None else given(author.login),
        bot=author is not None and author.type == "Bot",
        body=one.body or "",
        url=given(one.html_url),
    )


def _plain(body: str) -> str:
    return body.replace("\r\n", "\n").strip()
