"""PyGithub's requester, with tries, waits and bounds of ours: its own retry repeats POST and never PATCH.

What could be done twice is never repeated here; whoever sent it looks first. No path of the API may enter.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

import requests
from github import Auth
from github.GithubObject import CompletableGithubObject, GithubObject
from github.Requester import Requester

from action.github.access import Access
from action.github.failure import REDIRECT, LimitedError, LongError, LostError, OddError, UnansweredError, told
from action.github.patience import Patience
from action.github.wire import Connection

TRIES = 3
PAGE = 100
SECONDS = 10.0
"""For one answer, from the connection to its last byte."""

Answer: TypeAlias = tuple[int, dict[str, Any], str]
Thing = TypeVar("Thing", bound=GithubObject)


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A list of the API."""

    path: str
    """Below the repository's."""
    within: str | None = None
    """The field that holds the list; None: the answer is the list."""
    most: int = 30
    """Pages."""


class Client(Requester):
    """One connection. Not to be shared between threads."""

    def __init__(self, access: Access, patience: Patience, seconds: float = SECONDS) -> None:
        access.check()
        for name in ("github", "urllib3.connectionpool"):  # they log bodies, and addresses that hold signatures
            logging.getLogger(name).setLevel(logging.WARNING)
        super().__init__(
            auth=Auth.Token(access.token.reveal()),
            base_url=access.url.rstrip("/"),
            timeout=int(seconds) or 1,
            user_agent="experiment-gatekeeper",
            per_page=PAGE,
            verify=True,
            retry=0,
            pool_size=None,
            lazy=True,
        )
        self.patience = patience
        self.seconds = seconds
        self.root = f"/repos/{quote(access.repository)}"
        """The path of the repository."""
        self._connection = Connection(access.url, seconds)

    def requestJson(  # noqa: N802, PLR0913, PLR0917 - the library's method, through which all its requests go
        self,
        verb: str,
        url: str,
        parameters: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        input: Any | None = None,  # noqa: A002
        cnx: Any = None,  # noqa: ARG002 - one connection for all
        follow_302_redirect: bool = False,  # noqa: ARG002 - none is followed to elsewhere
    ) -> Answer:
        """Send a request, again where that is harmless.

        Raises:
            LimitedError: there were too many.
            LostError: there is no answer to what must not be repeated unseen.
            UnansweredError: there is none to any try.
        """
        waited, tries = 0.0, 0
        while True:
            tries += 1
            if verb != "GET":
                self.patience.pace()
            self._connection.renew()
            answer, got = self._try(verb, url, parameters, dict(headers or {}), input)
            if answer is not None and _is_limit(answer):
                seconds = self.patience.asked(answer[1])
                if tries == TRIES or not self.patience.wait(seconds, waited):
                    raise LimitedError(seconds)
                waited += seconds
            elif answer is not None and not got:
                return answer
            elif _adds(verb, input):
                raise LostError(got)
            elif tries == TRIES:
                raise UnansweredError(got)
            else:
                self.patience.rest(tries)

    def pages(
        self, listed: Listed, kind: type[Thing], parameters: Mapping[str, str] | None = None, *, cut: bool = False
    ) -> Iterator[Thing]:
        """Give what a list holds, page by page; no address of an answer is followed.

        Raises:
            OddError: it is no list, or has more pages than may be, unless it may be cut there.
        """
        for page in range(1, listed.most + 1):
            numbered = {**(parameters or {}), "per_page": str(PAGE), **({"page": str(page)} if page > 1 else {})}
            headers, data = self.requestJsonAndCheck("GET", f"{self.root}{listed.path}", parameters=numbered)
            rows = data if listed.within is None else data.get(listed.within)
            if not isinstance(rows, list):
                raise OddError
            for row in rows:
                yield self.thing(kind, row, headers)
            if 'rel="next"' not in str(headers.get("link", "")):
                return
        if not cut:
            raise LongError(listed.most * PAGE)

    def thing(self, kind: type[Thing], data: object, headers: Mapping[str, Any] | None = None) -> Thing:
        """Make an object of PyGithub's that asks for nothing more: what the answer lacks is None.

        Raises:
            OddError: the answer is no object.
        """
        if not isinstance(data, dict):
            raise OddError
        if issubclass(kind, CompletableGithubObject):
            return kind(self, dict(headers or {}), data, completed=True)
        return kind(self, dict(headers or {}), data)

    def _try(
        self, verb: str, url: str, parameters: dict[str, Any] | None, headers: dict[str, Any], sent: Any
    ) -> tuple[Answer | None, str]:
        """Send a request once; the text says what was got, where that is no answer."""
        try:
            status, said, body = super().requestJson(verb, url, parameters, headers, sent, self._connection)
        except requests.RequestException as error:
            return None, told(error)
        if status >= 500:
            return (status, said, ""), str(status)
        if 300 <= status < 400 and (verb, status) != ("GET", 302):
            return None, REDIRECT
        if status >= 400:
            # A page of a proxy, or of a server that is no GitHub, is a refusal without a word: the client reads one.
            return (status, said, body if _is_refusal(body) else "{}"), ""
        return ((status, said, body), "") if _is_json(body) else (None, "an answer that is not JSON")


def _adds(verb: str, sent: Any) -> bool:
    """Tell whether it would add something a second time: GitHub appends annotations even where it updates."""
    return verb == "POST" or bool(isinstance(sent, dict) and sent.get("output", {}).get("annotations"))


def _is_json(body: str) -> bool:
    if not body:
        return True
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _is_refusal(body: str) -> bool:
    said = json.loads(body) if body and _is_json(body) else None
    return isinstance(said, dict) and isinstance(said.get("message", ""), str)


def _is_limit(answer: Answer) -> bool:
    status, headers, body = answer
    if status not in (403, 429):
        return False
    if status == 429 or "retry-after" in headers or str(headers.get("x-ratelimit-remaining")) == "0":
        return True
    said = json.loads(body)
    return isinstance(said, dict) and Requester.isRateLimitError(str(said.get("message") or ""))
