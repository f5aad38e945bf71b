"""Starts the process that talks to W&B, and ends it at the deadline, or where it fills the disk.

No answer of W&B is looked at here.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.wandb_service.access import Access
from action.wandb_service.bounds import LARGEST, MOST_MEMORY, memory_of, size_of
from action.wandb_service.request import Errand, Json, Request

PROGRAM = "action.errands"
"""What the process runs: it stands above this room, since it knows what can be wanted of W&B."""
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "SYSTEMROOT", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
_PATIENCE = 2.0
"""Seconds for the client's own process to end."""
_GLANCE = 0.2
"""Seconds between two looks at what the process has written."""
Tell = Callable[[float], None]


class Client:
    """The process: it imports W&B's client while nothing is asked yet, and does one errand after another."""

    def __init__(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="gatekeeper-wandb-")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where its libraries may print signed addresses
            cwd=self._scratch.name,
            env=_environment(os.environ, self._scratch.name),
            start_new_session=True,
            text=True,
            encoding="utf-8",
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._listener = threading.Thread(target=_listen, args=(self._process, self._lines), daemon=True)
        self._listener.start()

    @property
    def lives(self) -> bool:
        """Tell whether it can be asked."""
        return self._process.poll() is None

    def ask(self, request: Request, deadline: Deadline, tell: Tell) -> dict[str, Json]:
        """Give it an errand, and wait for what it found."""
        _hand_over(self._process, request)
        folders = (Path(self._scratch.name), Path(request.folder))
        heard = _Heard(lines=self._lines, key=request.key, folders=folders, process=self._process.pid)
        return _talk(heard, deadline, tell)

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.wait()
        # The client's own process ends when it sees that ours has, and holds the same stream until then: what it
        # still writes would stand in the way of removing the folder.
        self._listener.join(_PATIENCE)
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._scratch.cleanup()


_kept: list[Client] = []


@contextmanager
def warm_client() -> Iterator[None]:
    """Start the process now, and keep it for all errands inside: to import the client takes it most of a second.

    One that failed is not kept: the next errand has a process of its own.
    """
    client = Client()
    _kept.append(client)
    try:
        yield
    finally:
        _kept.clear()
        client.end()


def send(errand: Errand, access: Access, folder: Path, deadline: Deadline, tell: Tell) -> dict[str, Json]:
    """Do an errand in another process; files are put into the folder.

    Raises:
        InputError: what is wanted cannot be meant.
        ServiceError: W&B could not be reached, refused, or was not done by the deadline.
    """
    request = Request(
        errand=errand,
        key=access.key.reveal(),
        url=access.url,
        folder=str(folder),
        seconds=max(deadline.left - 0.5, 0.1),
    )
    keep = bool(_kept) and _kept[-1].lives
    client = _kept.pop() if keep else Client()
    try:
        found = client.ask(request, deadline, tell)
    except BaseException:
        keep = False
        raise
    finally:
        if keep:
            _kept.append(client)
        else:
            client.end()
    return found


def _environment(environ: Mapping[str, str], scratch: str) -> dict[str, str]:
    """Give the process what it needs, and nothing that would change where the client writes or what it logs."""
    names = (*_KEPT, *_PROXIES, *(name.lower() for name in _PROXIES))
    return {
        **{name: environ[name] for name in names if name in environ},
        "TMPDIR": scratch,
        "WANDB_DIR": scratch,
        "WANDB_CACHE_DIR": str(Path(scratch) / "cache"),
        "WANDB_CONFIG_DIR": str(Path(scratch) / "config"),
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
        "PYTHONUTF8": "1",
    }


def _listen(process: subprocess.Popen[str], lines: queue.Queue[str | None]) -> None:
    with process.stdout or nullcontext() as stream:
        for line in stream or ():
            lines.put(line)
    lines.put(None)


@dataclass(frozen=True, kw_only=True)
class _Heard:
    """What comes from the process, and what it writes."""

    lines: queue.Queue[str | None]
    key: str
    folders: tuple[Path, ...]
    process: int

    def next(self, deadline: Deadline) -> str | None:
        """Wait for a line, without the key: a service may send it back as whatever it likes."""
        while True:
            self._require_small()
            try:
                line = self.lines.get(timeout=max(min(deadline.left, _GLANCE), 0.01))
            except queue.Empty:
                if deadline.left:
                    continue
                raise deadline.missed("W&B") from None
            return line and _without(line, self.key)

    def _require_small(self) -> None:
        if sum(map(size_of, self.folders)) > LARGEST:
            raise ServiceError(
                f"W&B: expected files of at most {LARGEST:,} bytes in all, got more; judge the run's local files"
            )
        if memory_of(self.process) > MOST_MEMORY:
            raise ServiceError(
                f"W&B: expected answers that fit into {MOST_MEMORY:,} bytes of memory, got more; check WANDB_BASE_URL, "
                "or judge the run's local files"
            )


def _without(line: str, key: str) -> str:
    """Take the key out of a line, as it is and as it is sent."""
    sent = (base64.b64encode(text.encode()).decode().rstrip("=") for text in (f"api:{key}", key))
    for form in (key, *sent):
        line = line.replace(json.dumps(form)[1:-1], "…")
    return line


def _talk(heard: _Heard, deadline: Deadline, tell: Tell) -> dict[str, Json]:
    while True:
        line = heard.next(deadline)
        if line is None:
            raise ServiceError("W&B: expected an answer, but its client ended without one; run again")
        said = _read(line)
        if "progress" in said:
            tell(float(said["progress"]))
        elif "error" in said:
            raise (InputError if said.get("input") else ServiceError)(said["error"])
        elif "found" in said:
            found: dict[str, Json] = said["found"]
            return found


def _read(line: str) -> dict[str, Any]:
    """Read a line of ours; empty for another: the client's own process may write into the same stream."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _hand_over(process: subprocess.Popen[str], request: Request) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):  # it has ended already, and its silence is told
            process.stdin.write(json.dumps(request.document()) + "\n")
            process.stdin.flush()
