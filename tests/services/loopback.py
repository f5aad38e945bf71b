"""A server on 127.0.0.1 that records every request and answers as it is told, faults on the wire too.

No service may enter: what is answered is handed in.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, TypeAlias
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, Sequence[str]]
    headers: Mapping[str, str]
    """By names in small letters."""
    body: bytes
    at: float
    """Seconds of the monotonic clock."""

    @property
    def json(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)


class Exchange:
    """One request and the connection to answer on."""

    def __init__(self, request: Request, handler: BaseHTTPRequestHandler, stopped: threading.Event) -> None:
        self.request = request
        self.replied: tuple[int, object] | None = None
        """Status and body of the answer, once there is one."""
        self._handler = handler
        self._stopped = stopped

    def reply(
        self,
        status: int,
        body: object = b"",
        *,
        headers: Mapping[str, str] | None = None,
        length: int | None = None,
    ) -> None:
        """Answer: bytes as they are, all else as JSON; `length` says another length than it has."""
        self.replied = (status, body)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        said = {"Content-Type": "application/json", "Content-Length": str(len(sent) if length is None else length)}
        self._handler.send_response(status)
        for name, value in {**said, **(headers or {})}.items():
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self.write(sent)

    def write(self, data: bytes) -> None:
        """Put bytes on the wire, whatever they mean."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def drip(self, data: bytes, seconds: float) -> None:
        """Put bytes on the wire one by one, so many seconds apart."""
        for byte in data:
            self.write(bytes([byte]))
            if self.wait(seconds):
                return

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait, at most until the server ends; tell whether it did."""
        return self._stopped.wait(seconds)

    def cut(self) -> None:
        """End the connection without another word."""
        self._handler.close_connection = True
        self._handler.connection.shutdown(socket.SHUT_RDWR)


Behave: TypeAlias = Callable[[Exchange], None]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the library
        """Say nothing: tests read what was recorded."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Write the server's clock."""
        return super().date_time_string((time.time() if timestamp is None else timestamp) + self.server.ahead)

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        url = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=url.path,
            query=parse_qs(url.query),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            at=time.monotonic(),
        )
        self.server.requests.append(request)
        self.server.behave(Exchange(request, self, self.server.stopped))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the names of the library


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, behave: Behave) -> None:
        self.behave = behave
        self.ahead = 0.0
        self.requests: list[Request] = []
        self.stopped = threading.Event()
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that give up in the middle are what is tested."""

    def stop(self) -> None:
        """End it, with every connection that waits for another request."""
        self.stopped.set()
        self.shutdown()
        for one in tuple(self._open):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:  # it ended by itself
                continue
        self.server_close()


class Loopback:
    """The server, while it is used as a context."""

    def __init__(self, behave: Behave) -> None:
        self._server = _Server(behave)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def set_ahead(self, seconds: float) -> None:
        """Let its clock be so far ahead of ours."""
        self._server.ahead = seconds

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def requests(self) -> tuple[Request, ...]:
        """What came in, in its order."""
        return tuple(self._server.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        self._thread.join()


def closed_port() -> str:
    """Give an address where nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"
