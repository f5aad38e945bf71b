"""GitHub on loopback: one repository with files on branches, as its REST API answers for them.

Bodies hold what PyGithub needs (https://docs.github.com/en/rest/repos/contents). No client may enter.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from types import TracebackType
from typing import Self
from urllib.parse import unquote

from tests.services.loopback import Behave, Exchange, Loopback, Request

REPOSITORY = "team/league"


class GitHub:
    """The service, while it is used as a context."""

    def __init__(self, files: Mapping[tuple[str, str], str] | None = None, *, fault: Behave | None = None) -> None:
        self.files = dict(files or {})
        """(Branch, path) → text."""
        self.token = f"ghs_canary{secrets.token_hex(12)}"
        """A canary: it must be sent, and be seen nowhere else."""
        self.fault = fault
        self._loopback = Loopback(self._behave)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._loopback.url

    @property
    def requests(self) -> tuple[Request, ...]:
        """What came in, in its order."""
        return self._loopback.requests

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)

    def _behave(self, exchange: Exchange) -> None:
        request = exchange.request
        if self.fault is not None:
            self.fault(exchange)
        elif request.headers.get("authorization") not in (f"token {self.token}", f"Bearer {self.token}"):
            exchange.reply(401, {"message": "Bad credentials"})
        else:
            exchange.reply(*self._answer(request))

    def _answer(self, request: Request) -> tuple[int, object]:
        root = f"/repos/{REPOSITORY}"
        if request.path == root:
            return 200, {"full_name": REPOSITORY, "name": "league", "default_branch": "main", "url": self.url + root}
        if request.path.startswith(f"{root}/contents/"):
            path = unquote(request.path.removeprefix(f"{root}/contents/"))
            text = self.files.get((request.query.get("ref", ["main"])[0], path))
            if text is not None:
                content = base64.b64encode(text.encode()).decode()
                told = {"type": "file", "encoding": "base64", "size": len(text), "name": path, "path": path}
                return 200, {**told, "content": content, "sha": "a" * 40, "url": self.url + request.path}
        return 404, {"message": "Not Found"}
