"""GitHub with a protected branch, as others play it (PyPI `myworld`): what is required really holds merges up.

It knows branches, commits, pull requests and the newest status of each context, and decides who may merge. Its
bodies are short, so they are written out in full; what it lacks (earlier statuses, check runs, comments) is
remembered here.
"""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import requests

from action.forge import CONTEXT
from tests.services.github_bodies import REPOSITORY, Bodies
from tests.services.github_memory import Memory
from tests.services.github_proxy import SECONDS, Process, Proxy, Upstream, free_port
from tests.services.github_pulls import PullRequest
from tests.services.github_routes import Answer, recall
from tests.services.loopback import Request

_ROOT = f"/repos/{REPOSITORY}"
_HEAD, _BASE, NUMBER = "topic", "main", 1


class World:
    """The server, while it is used as a context; it holds as many repositories as are asked for."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self._url = f"http://127.0.0.1:{port}"
        words = (sys.executable, "-I", "-m", "myworld.cli", "serve", "--host", "127.0.0.1", "--port", str(port))
        self._process = Process(words, folder, self._ready)

    def __enter__(self) -> Self:
        self._process.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.__exit__(kind, error, trace)

    def new(self, path: str, policy: str) -> Upstream:
        """Make a repository with a policy, a pull request, and our status required on its base."""
        repository = {
            "name": REPOSITORY,
            "files": {path: policy},
            "branches": {_HEAD: {"files": {f"{_HEAD}.txt": _HEAD}}},
            "protected": {_BASE: {"required_checks": [CONTEXT]}},
            "pulls": [{"title": "Train", "head": _HEAD, "base": _BASE}],
        }
        seed = {"viewer": "ada", "users": [{"login": "ada"}], "repos": [repository]}
        spec = {"name": "gate", "task": "merge", "servers": {"github": {"seed": seed}}}
        made = Upstream(url=self._url, token="").give("POST", "/envs", {"spec": spec})
        token = made["credentials"]["agent"]["github_token"]
        return Upstream(url=f"{self._url}/gw/api.github.com", token=token)

    def _ready(self) -> bool:
        return requests.get(f"{self._url}/healthz", timeout=SECONDS).ok


class Gate:
    """One repository whose gate is our status, while it is used as a context."""

    def __init__(self, upstream: Upstream) -> None:
        self.memory = Memory()
        self.proxy = Proxy(self._serve)
        self.before: Callable[[Request], None] = lambda _: None
        """Is called before each request of a job."""
        self._upstream = upstream

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.proxy.__exit__(kind, error, trace)

    @property
    def head(self) -> str:
        """The commit of the pull request."""
        found: str = self._pull()["head"]["sha"]
        return found

    def push(self) -> str:
        """Push another commit to the pull request."""
        content = base64.b64encode(b"more").decode()
        sent = {"message": "Train longer", "content": content, "branch": _HEAD}
        self._upstream.give("PUT", f"{_ROOT}/contents/more.txt", sent)
        return self.head

    def merge(self) -> tuple[int, str]:
        """Try to merge the pull request, as a person does: the code of the answer and its message."""
        person = Upstream(url=self.proxy.url, token=self.proxy.token)
        answer = person.ask("PUT", f"{_ROOT}/pulls/{NUMBER}/merge", {})
        assert isinstance(answer.body, dict)
        return answer.status, answer.body["message"]

    @property
    def states(self) -> list[str]:
        """What our statuses of the head said, one after the other."""
        return [said["state"] for at, said in self.memory.statuses if at == self.head]

    def _pull(self) -> dict[str, Any]:
        found: dict[str, Any] = self._upstream.give("GET", f"{_ROOT}/pulls/{NUMBER}")
        return found

    def _serve(self, request: Request) -> Answer:
        path = request.path.removeprefix(_ROOT)
        if path.endswith("/merge"):
            return self._asked(request)
        self.before(request)
        if path.startswith("/contents/"):
            return self._content(request, path.removeprefix("/contents/"))
        self._learn()
        if re.fullmatch(r"/statuses/\w+", path):
            answer = self._asked(request)
            if answer.status != 201:
                return answer
        return recall(request, self.memory, self.proxy.url)

    def _learn(self) -> None:
        """Know what the server does: its pull request, as it is now."""
        told = self._pull()
        sha = told["head"]["sha"]
        self.memory.commits.setdefault(sha, ())
        self.memory.pulls[NUMBER] = PullRequest(
            number=NUMBER, sha=sha, branch=_HEAD, base=_BASE, state=told["state"], merged=told["merged"]
        )

    def _content(self, request: Request, path: str) -> Answer:
        answer = self._asked(request)
        if not isinstance(answer.body, dict) or "content" not in answer.body:
            return answer
        return Answer(body=Bodies(self.proxy.url).content(path, base64.b64decode(answer.body["content"])))

    def _asked(self, request: Request) -> Answer:
        """Let the server answer; a field of its refusals is not in GitHub's description."""
        sent = request.json if request.body else None
        answer = self._upstream.ask(request.method, request.path, sent, request.query)
        if answer.status < 400 or not isinstance(answer.body, dict):
            return answer
        body = {name: value for name, value in answer.body.items() if name != "status"}
        return Answer(status=answer.status, body=body)
