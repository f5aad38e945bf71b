"""The only room that knows PyGithub: what is read of a repository, and what is written to it.

Bounded in time and tries, and its errors become ours. What is written is decided elsewhere.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from action.errors import InputError, ServiceError
from action.files import show_name
from action.secret import Secret

if TYPE_CHECKING:
    from github.Repository import Repository

Found = TypeVar("Found")
API = "https://api.github.com"
_SECONDS, _TRIES = 20, 2
_MOST = 1_000_000
"""Bytes of a file: GitHub's contents API gives no content beyond."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """One repository, and what opens it."""

    repository: str
    """`owner/name`."""
    token: Secret
    url: str = API


class Forge:
    """A repository on GitHub, or on a GitHub Enterprise Server."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._repository: Repository | None = None

    def default_branch(self) -> str:
        """Give the branch that events without another are judged by.

        Raises:
            ServiceError: GitHub could not be reached, or refused.
        """
        return _called("the repository", lambda: self._open().default_branch)

    def read_file(self, path: str, branch: str) -> str | None:
        """Read a text file of a branch; None: it has no such file.

        Raises:
            InputError: it is no text file, or too large.
            ServiceError: GitHub could not be reached, or refused.
        """
        from github import UnknownObjectException  # noqa: PLC0415 - half a second

        def read() -> str | None:
            try:
                found = self._open().get_contents(path, ref=branch)
            except UnknownObjectException:
                return None
            where = f"{show_name(path)} of the branch {show_name(branch)}"
            if isinstance(found, list) or found.encoding != "base64" or found.size > _MOST:
                raise InputError(f"{where}: expected a file of at most 1 MB, got something else; correct the path")
            try:
                return base64.b64decode(found.content or "").decode("utf-8-sig").replace("\r\n", "\n")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise InputError(f"{where}: expected text in UTF-8, got other bytes; save it as UTF-8") from error

        return _called(f"{show_name(path)} of the branch {show_name(branch)}", read)

    def _open(self) -> Repository:
        from github import Auth, Github  # noqa: PLC0415 - half a second

        if self._repository is None:
            client = Github(
                auth=Auth.Token(self._access.token.reveal()),
                base_url=self._access.url,
                timeout=_SECONDS,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
                lazy=False,
            )
            self._repository = client.get_repo(self._access.repository)
        return self._repository


def _called(what: str, call: Callable[[], Found]) -> Found:
    """Call GitHub, once more where it failed by itself: what is read can be read again."""
    import requests  # noqa: PLC0415 - heavy, and PyGithub brings it
    from github import BadCredentialsException, GithubException  # noqa: PLC0415

    tries = _TRIES
    while True:
        tries -= 1
        try:
            return call()
        except BadCredentialsException:
            raise ServiceError(
                f"GitHub: expected access to {what}, got 401; check the input `token`: it has expired, or is of "
                "another server"
            ) from None
        except GithubException as error:
            if error.status < 500 or not tries:
                raise _refused(what, error.status) from None
        except (requests.RequestException, AssertionError, TypeError, ValueError):
            # PyGithub asserts what an answer looks like, and decodes it without looking.
            if not tries:
                raise ServiceError(
                    f"GitHub: expected {what}, got no answer, or not one of its API; check GITHUB_API_URL, run again"
                ) from None


def _refused(what: str, status: int) -> ServiceError:
    if status in (403, 429):
        return ServiceError(
            f"GitHub: expected access to {what}, got {status}; the token lacks a permission (`contents: read`), or too "
            "many requests were made: see the workflow's `permissions`"
        )
    if status == 404:
        return ServiceError(f"GitHub: expected {what}, got 404; may the token read this repository?")
    return ServiceError(f"GitHub: expected {what}, got {status}; run again later")
