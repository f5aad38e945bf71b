"""A recording proxy before a server that plays GitHub, so that real parts can be tested against each other.

It records every request with its answer, injects faults, and passes the rest on to whoever answers. What a server
lacks, and GitHub's limits, are added by the module that knows the server. No client of ours may enter.
"""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import requests

from tests.services.github import Fault
from tests.services.github_memory import RefusalError
from tests.services.github_routes import Answer, message
from tests.services.loopback import Exchange, Loopback, Request

SECONDS = 20.0
"""In which a server has to be ready, and to answer."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """A server on loopback, and who asks it."""

    url: str
    token: str

    def ask(self, method: str, path: str, body: Any = None, query: Mapping[str, Sequence[str]] | None = None) -> Answer:
        """Ask it; what is no JSON is given as bytes."""
        done = requests.request(
            method,
            f"{self.url}{path}",
            params=urlencode(query or {}, doseq=True),
            json=body,
            headers={"Authorization": f"Bearer {self.token}", "Accept": "application/vnd.github+json"},
            timeout=SECONDS,
            allow_redirects=False,
        )
        link = {"Link": done.headers["Link"]} if "Link" in done.headers else {}
        is_json = done.content and "json" in done.headers.get("Content-Type", "")
        return Answer(status=done.status_code, body=done.json() if is_json else done.content, headers=link)

    def give(self, method: str, path: str, body: object = None) -> Any:
        """Ask it for what it has to do.

        Raises:
            RuntimeError: it did not.
        """
        answer = self.ask(method, path, body)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: expected success, got {answer.status}: {answer.body!r}")
        return answer.body


class Proxy:
    """The proxy, while it is used as a context."""

    def __init__(self, serve: Callable[[Request], Answer], faults: Sequence[Fault] = ()) -> None:
        self.token = f"ghs_canary{secrets.token_hex(12)}"
        """A canary: it must be sent, and be seen nowhere else."""
        self.faults = list(faults)
        self.exchanges: list[Exchange] = []
        """Every request, with what was answered."""
        self.struck: list[Exchange] = []
        """Those of them that a fault was in the place of."""
        self._serve = serve
        self._loopback = Loopback(self._behave)

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._loopback.url

    def __enter__(self) -> Self:
        self._loopback.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loopback.__exit__(kind, error, trace)

    def _behave(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)
        fault = next((one for one in self.faults if one.strikes(exchange.request)), None)
        answer = None if fault is not None and not fault.stored else self._answer(exchange.request)
        if fault is not None:
            self.struck.append(exchange)
            fault.behave(exchange)
        elif answer is not None:
            exchange.reply(answer.status, answer.body, headers=answer.headers)

    def _answer(self, request: Request) -> Answer:
        if request.headers.get("authorization") not in (f"token {self.token}", f"Bearer {self.token}"):
            return Answer(status=401, body=message("Bad credentials"))
        try:
            return self._serve(request)
        except RefusalError as error:
            return Answer(status=error.status, body=message(error.message))


class Process:
    """A server of somebody else's, while it is used as a context; it is ended by its own number."""

    def __init__(self, words: Sequence[str | Path], folder: Path, ready: Callable[[], bool]) -> None:
        self._words, self._folder, self._ready = words, folder, ready

    def __enter__(self) -> Self:
        log = self._folder / "server.log"
        environ = {"HOME": str(self._folder), "PATH": str(Path(sys.prefix) / "bin")}
        with log.open("w") as stream:
            self._process = subprocess.Popen(
                list(map(str, self._words)), cwd=self._folder, env=environ, stdout=stream, stderr=stream
            )
        end = time.monotonic() + SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"{self._words[0]}: expected a server, got {log.read_text()[-2000:]}")
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _is_ready(self) -> bool:
        try:
            return self._ready()
        except requests.ConnectionError:
            return False


def free_port() -> int:
    """Give a port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
