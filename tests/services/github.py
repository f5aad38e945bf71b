"""GitHub on loopback: one repository with memory, as its REST API answers for it, and faults that are switched on.

It keeps GitHub's limits and refuses what it does not know (https://docs.github.com/en/rest). What it is asked and
what it answers is held against GitHub's own description by the tests. No client may enter.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.services.github_bodies import BOT, REPOSITORY, Bodies
from tests.services.github_memory import Memory, RefusalError
from tests.services.github_pulls import PullRequest
from tests.services.github_routes import Answer, Asked, message, route
from tests.services.loopback import Behave, Exchange, Loopback, Request

__all__ = ["BOT", "REPOSITORY", "SHA", "Fault", "GitHub", "PullRequest"]

SHA = "c0ffee" + "0" * 34
"""A commit that is there from the beginning."""


@dataclass(kw_only=True)
class Fault:
    """What is done instead of answering a request."""

    behave: Behave
    method: str = ".*"
    path: str = ".*"
    """A pattern for all of the path."""
    after: int = 0
    """So many requests are answered first."""
    times: int | None = 1
    """How often; None: for ever."""
    stored: bool = False
    """What was asked is done all the same."""

    def strikes(self, request: Request) -> bool:
        """Tell whether it is this one's turn."""
        if not (re.fullmatch(self.method, request.method) and re.fullmatch(self.path, request.path)):
            return False
        if self.after:
            self.after -= 1
            return False
        if self.times is None:
            return True
        self.times -= 1
        return self.times >= 0


class GitHub:
    """The service, while it is used as a context."""

    def __init__(
        self,
        files: Mapping[tuple[str, str], str | None] | None = None,
        *,
        fault: Behave | None = None,
        faults: Sequence[Fault] = (),
        me: str = BOT,
        prefix: str = "",
    ) -> None:
        self.files = dict(files or {})
        """(Branch, path) → text."""
        self.token = f"ghs_canary{secrets.token_hex(12)}"
        """A canary: it must be sent, and be seen nowhere else."""
        self.signature = f"sig-canary{secrets.token_hex(12)}"
        """Another, in the addresses of archives."""
        self.faults = [*faults]
        if fault is not None:
            self.faults.append(Fault(behave=fault, times=None))
        self.memory = Memory(me=me, commits={SHA: ()})
        self.missing: set[str] = set()
        """Permissions that the token lacks, as a workflow writes them."""
        self.blind = False
        """The token may not even see the repository."""
        self.exchanges: list[Exchange] = []
        """Every request, with what was answered."""
        self.struck: list[Exchange] = []
        """Those of them that a fault was in the place of."""
        self.prefix = prefix
        self._loopback = Loopback(self._behave)
        self.storage = Loopback(self._store)
        """Where archives lie: another server."""

    @property
    def url(self) -> str:
        """Where it listens; a GitHub Enterprise Server does below a path."""
        return self._loopback.url + self.prefix

    @property
    def requests(self) -> tuple[Request, ...]:
        """What came in, in its order."""
        return self._loopback.requests

    def set_ahead(self, seconds: float) -> None:
        """Let its clock be so far ahead of ours."""
        self._loopback.set_ahead(seconds)

    def add_pull(self, number: int = 7, sha: str = SHA, **fields: Any) -> PullRequest:
        """Open a pull request."""
        self.memory.commits.setdefault(sha, ())
        self.memory.pulls[number] = PullRequest(number=number, sha=sha, **fields)
        return self.memory.pulls[number]

    def commit(self, sha: str, path: str, text: str | None, *parents: str, branch: str = "main") -> None:
        """Commit a file to a branch, or take it away: after the branch's last commit, or after others."""
        before = parents or tuple(one for one in (self.memory.heads.get(branch),) if one is not None)
        self.memory.commits[sha] = before
        self.memory.heads[branch] = sha
        for place in (sha, branch):
            self.files[place, path] = text

    def add_artifact(self, run: int, name: str, content: bytes, *, expired: bool = False) -> int:
        """Let a workflow run have uploaded an archive."""
        made = self.memory.next()
        self.memory.artifacts[made] = {"id": made, "run": run, "name": name, "content": content, "expired": expired}
        return made

    def add_workflow_run(self, number: int, sha: str, **changes: Any) -> None:
        """Let a workflow have run: by default our own, on the default branch."""
        ours = {
            "id": number,
            "path": ".github/workflows/gatekeeper.yml",
            "event": "workflow_run",
            "head_branch": "main",
            "head_sha": sha,
            "head_repository": REPOSITORY,
            "status": "completed",
            "run_attempt": 1,
        }
        self.memory.workflow_runs[number] = ours | changes

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        self.storage.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)
        self.storage.__exit__(kind, error, trace)

    def _behave(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        fault = next((one for one in self.faults if one.strikes(exchange.request)), None)
        if fault is None or fault.stored:
            answer = self._answer(exchange.request)
        if fault is None:
            left = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "999", "X-RateLimit-Reset": "4000000000"}
            exchange.reply(answer.status, answer.body, headers={**left, **answer.headers})
        else:
            self.struck.append(exchange)
            fault.behave(exchange)

    def _answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") not in (f"token {self.token}", f"Bearer {self.token}"):
            return Answer(status=401, body=message("Bad credentials"))
        found = route(request.method, request.path.removeprefix(self.prefix))
        if found is None or self.blind or not request.path.startswith(self.prefix):
            return Answer(status=404, body=message("Not Found"))
        permission, handler, places = found
        if permission in self.missing:
            return Answer(status=403, body=message("Resource not accessible by integration"))
        try:
            return handler(
                Asked(
                    request=request,
                    memory=self.memory,
                    bodies=Bodies(self.url),
                    files=self.files,
                    storage=f"{self.storage.url}/{self.signature}",
                    path=places,
                )
            )
        except RefusalError as error:
            return Answer(status=error.status, body=message(error.message))

    def _store(self, exchange: Exchange) -> None:
        """Answer as a storage does, which refuses credentials beside its own signature."""
        _, signature, name = exchange.request.path.split("/")
        if "authorization" in exchange.request.headers or signature != self.signature:
            exchange.reply(403, b"<Error/>", headers={"Content-Type": "application/xml"})
        else:
            content = self.memory.artifacts[int(name)]["content"]
            exchange.reply(200, content, headers={"Content-Type": "application/zip"})
