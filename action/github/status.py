"""Commit statuses under our context, read and posted. What they say is decided elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from github.CommitStatus import CommitStatus

from action.files import show_name
from action.forge import CONTEXT, State, Status
from action.github.asking import ask, given, send
from action.github.client import Client, Listed
from action.github.failure import OddError, Target

_PERMISSION = "statuses: write"
_PAGES = 10
"""GitHub takes 1,000 statuses of a context on a commit."""


def statuses(client: Client, sha: str, viewer: Callable[[], str | None]) -> Sequence[Status]:
    """Give the statuses of a commit under our context, newest first; `viewer` is asked only where a person posted one.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the statuses of {show_name(sha)}", permission=_PERMISSION, commit=sha)
    found = ask(target, lambda: tuple(_read(client, sha, CONTEXT, _PAGES)))
    persons = {author for _, author in found if author is not None}
    me = viewer() if persons else None
    return tuple(replace(one, ours=author is None or author == me) for one, author in found)


def post_status(client: Client, sha: str, status: Status) -> None:
    """Post a status, once: after a try without an answer the newest one is looked at.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    what = f"the status {show_name(status.context)} of {show_name(sha)} to be written"
    target = Target(what=what, permission=_PERMISSION, write=True, commit=sha)
    body = {"state": status.state.value, "description": status.description, "context": status.context}
    if status.target is not None:
        body["target_url"] = status.target

    def create() -> Status:
        headers, data = client.requestJsonAndCheck("POST", f"{client.root}/statuses/{quote(sha, safe='')}", input=body)
        written = _value(client.thing(CommitStatus, data, headers))
        if written.state is not status.state:
            raise OddError
        return written

    def find() -> Status | None:
        look = replace(target, what=f"the statuses of {show_name(sha)}", write=False)
        newest = ask(look, lambda: next(_read(client, sha, status.context, 1), None))
        return newest[0] if newest is not None and newest[0] == status else None

    send(target, client.patience, create, find)


def _read(client: Client, sha: str, context: str, pages: int) -> Iterator[tuple[Status, str | None]]:
    """Give each status with the login of the person who posted it; None: an app did."""
    listed = Listed(path=f"/commits/{quote(sha, safe='')}/statuses", most=pages)
    for one in client.pages(listed, CommitStatus, cut=pages < _PAGES):
        if given(one.context) == context:
            author = one.creator
            yield _value(one), None if author is not None and author.type == "Bot" else str(author and author.login)


def _value(one: CommitStatus) -> Status:
    return Status(
        context=given(one.context),
        state=State(given(one.state)),
        description=one.description or "",
        target=one.target_url,
        created_at=None if one.created_at is None else f"{one.created_at:%Y-%m-%dT%H:%M:%SZ}",
    )
