"""Commands without the time that their imports take: forked from a process that has imported everything.

A command that is started so is its own process, with its own folder, environment, streams and exit code; that it says
the same as one that is started cold is a test. What Python or a library reads as it starts is not: such an
environment is started cold, and so is everything where there is no `fork`, or where GATEKEEPER_TESTS_COLD is set.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PROGRAM = Path(__file__).with_name("warm_program.py")
_READ_EARLY = ("FORCE_COLOR", "GITHUB_ACTIONS", "LANG", "LANGUAGE", "PY_COLORS", "TERMINAL_WIDTH")
_READ_EARLY_BEGIN = ("LC_", "PYTHON", "_TYPER")


class Warm:
    """The process, started when it is first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._come = b""
        self._busy = threading.Lock()

    def run(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str] | None:
        """Run a command; None: it is to be started cold."""
        if not hasattr(os, "fork") or "GATEKEEPER_TESTS_COLD" in os.environ or not self._busy.acquire(blocking=False):
            return None
        try:
            return self._run(words, cwd, env, timeout)
        finally:
            self._busy.release()

    def _run(
        self, words: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        process = self._started(env)
        with tempfile.TemporaryDirectory(prefix="gatekeeper-warm-") as folder:
            paths = {name: Path(folder) / name for name in ("stdout", "stderr")}
            for path in paths.values():
                path.touch()
            asked = {"words": list(words), "cwd": str(cwd), "env": dict(env), **{k: str(v) for k, v in paths.items()}}
            assert process.stdin is not None
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            pid = int(self._line(process, timeout))
            try:
                code = int(self._line(process, timeout))
            except TimeoutError:
                os.kill(pid, signal.SIGKILL)
                self._line(process, timeout)
                raise subprocess.TimeoutExpired(list(words), timeout) from None
            told = {name: path.read_bytes().decode("utf-8", "backslashreplace") for name, path in paths.items()}
        return subprocess.CompletedProcess(["action", *words], code, told["stdout"], told["stderr"])

    def _started(self, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-I", str(_PROGRAM)],
                env={name: env[name] for name in ("PATH", "HOME", "LANG") if name in env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            self._line(self._process, 60)
        return self._process

    def _line(self, process: subprocess.Popen[bytes], timeout: float) -> str:
        """Read a line; what else has come is kept."""
        assert process.stdout is not None
        end = time.monotonic() + timeout
        while b"\n" not in self._come:
            if not select.select([process.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError
            read = os.read(process.stdout.fileno(), 4_096)
            if not read:
                raise RuntimeError("the process that commands are forked from has ended")
            self._come += read
        line, _, self._come = self._come.partition(b"\n")
        return line.decode()

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                if stream is not None:
                    with contextlib.suppress(OSError):
                        stream.close()
            self._process.wait(10)
            self._process = None


warm = Warm()


def reads_early(env: Mapping[str, str]) -> bool:
    """Tell whether an environment changes what is read as a process starts."""
    return any(name in _READ_EARLY or name.startswith(_READ_EARLY_BEGIN) for name in env)
