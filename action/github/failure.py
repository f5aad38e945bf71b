"""Why a request came to nothing, in one line of ours: no text of GitHub's is ever quoted.

No request is made here.
"""

from __future__ import annotations

from dataclasses import dataclass

import requests
from urllib3.exceptions import NewConnectionError

from action.errors import ServiceError
from action.forge import RefusedError
from action.github.wire import TooLargeError

REDIRECT = "a redirect (was the repository renamed?)"
SETTING = "Settings → Actions → General → Allow GitHub Actions to create and approve pull requests"


class UnansweredError(Exception):
    """There is no answer, or one that is none; the text says what was got instead."""


class LostError(UnansweredError):
    """The same of a request that must not be repeated unseen: it may have been obeyed."""


class LimitedError(Exception):
    """GitHub asks for a longer wait than is allowed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class OddError(Exception):
    """An answer has not the shape that GitHub's documentation gives it."""


class LongError(OddError):
    """A list is longer than is read: to stop there would be to overlook the rest."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a request is after, and what refusals of it mean."""

    what: str
    permission: str
    """That GitHub asks for, as a workflow writes it."""
    write: bool = False
    """It is written: where a token may not even see, GitHub says 404."""
    commit: str | None = None
    """The commit that it hangs on."""

    def refused(self, status: int, said: str) -> ServiceError:
        """Make the error of a status of 400 and above; `said` is looked at, not shown."""
        if status == 401:
            return ServiceError(
                f"GitHub: expected access to {self.what}, got 401; check the input `token`: it has expired, or is of "
                "another server"
            )
        if status == 403 and "not permitted to create" in said.lower():
            return RefusedError(
                f"GitHub: expected {self.what}, got 403: no token of Actions may open one here; let an owner switch on "
                f"{SETTING} (an organisation may forbid it), or give the token of a GitHub App",
                self.permission,
            )
        if status == 403 or (status == 404 and self.write):
            locked = " (or the conversation is locked)" if "locked" in said.lower() else ""
            return RefusedError(
                f"GitHub: expected the permission to access {self.what}, got {status}{locked}; give the token "
                f"`{self.permission}` in the workflow's `permissions`",
                self.permission,
            )
        if status == 404:
            return ServiceError(f"GitHub: expected {self.what}, got 404; may the token read this repository?")
        if status == 422 and self.commit is not None and "no commit found" in said.lower():
            return ServiceError(
                f"GitHub: expected {self.what}, got 422: the commit is not in the repository; was it pushed there?"
            )
        if status == 422 and "maximum number of statuses" in said.lower():
            return ServiceError(
                f"GitHub: expected {self.what}, got 422: the commit has 1,000 of them, the most that GitHub keeps; "
                "push another commit"
            )
        if status == 422:
            return ServiceError(
                f"GitHub: expected {self.what}, got 422: what was sent is more than GitHub takes; report this"
            )
        return ServiceError(f"GitHub: expected {self.what}, got {status}; run again later")

    def unanswered(self, error: UnansweredError) -> ServiceError:
        """Make the error of a request without an answer."""
        return ServiceError(f"GitHub: expected {self.what}, got {error}; check GITHUB_API_URL, run again later")

    def limited(self, error: LimitedError) -> ServiceError:
        """Make the error of too many requests."""
        return ServiceError(
            f"GitHub: expected {self.what}, got a refusal of too many requests, to be repeated in "
            f"{error.seconds:.0f} seconds, which is too long to wait; run again later"
        )

    def odd(self, error: Exception) -> ServiceError:
        """Make the error of an answer of another shape."""
        if isinstance(error, LongError):
            way = "push another commit" if self.commit is not None else "there is no way around it but fewer of them"
            return ServiceError(f"GitHub: expected at most {error.most:,} of {self.what}, got more; {way}")
        return ServiceError(
            f"GitHub: expected {self.what}, got an answer that is not one of its API ({type(error).__name__}); check "
            "GITHUB_API_URL, run again"
        )


def told(error: requests.RequestException) -> str:
    """Say what was got in place of an answer."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, TooLargeError):
        return "an answer that is too large"
    if isinstance(error, requests.exceptions.TooManyRedirects):
        return REDIRECT
    if isinstance(error, requests.exceptions.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "a certificate that is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return "no answer from the proxy"
    if isinstance(reason, NewConnectionError):
        return "no connection"
    if isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return "a connection that broke off"
    return f"a broken answer ({type(error).__name__})"
