"""A process that has imported all of ours and forks a command for each line of JSON that it is sent.

Started by `tests.warm` with `python -I`, so that a command finds what it would find. Nothing of it is shipped.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

_LEFT_OUT = ("action.__main__", "action.bootstrap")
"""Programs."""
_CLIENT = [sys.executable, "-I", "-m", "action.errands"]
"""How a command starts W&B's client, which only ever lives in a process of its own."""


def main() -> None:
    """Import everything, say so, and do what is asked."""
    os.environ["WANDB_ERROR_REPORTING"] = "false"  # read as it is imported
    for name in ("action", "checks", "templates"):
        package = importlib.import_module(name)
        for found in pkgutil.walk_packages(package.__path__, f"{name}."):
            if found.name not in _LEFT_OUT:
                importlib.import_module(found.name)
    gc.freeze()
    _say("ready")
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(asked)
        _say(str(pid))
        _, status = os.waitpid(pid, 0)
        _say(str(os.waitstatus_to_exitcode(status)))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


class _Forked(subprocess.Popen[str]):
    """The process of W&B's client, forked from what has imported it, instead of started anew."""

    def _execute_child(self, args: Any, *rest: Any) -> None:
        (cwd, env), pipes = rest[4:6], rest[9:15]
        stdin, _, _, stdout, _, stderr = pipes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a command may have threads; the client needs none
            pid = os.fork()
        if pid == 0:
            os.setsid()
            for number, descriptor in enumerate((stdin, stdout, stderr)):
                os.dup2(descriptor, number)
            os.closerange(3, 1_024)
            os.chdir(cwd)
            _take(env)
            sys.stdin, sys.stdout, sys.stderr = (
                os.fdopen(number, mode, encoding="utf-8") for number, mode in enumerate(("r", "w", "w"))
            )
            _end(importlib.import_module(_CLIENT[-1]).main)
        self.pid = pid
        self._child_created = True
        for descriptor in {stdin, stdout, stderr}:
            os.close(descriptor)


def _start(words: Any, *rest: Any, **options: Any) -> Any:
    return (_Forked if words == _CLIENT else _POPEN)(words, *rest, **options)


_POPEN = subprocess.Popen


def _become(asked: dict[str, Any]) -> NoReturn:
    """Become the command: its folder, environment, streams and words."""
    os.chdir(asked["cwd"])
    _take(asked["env"])
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["stdout"], os.O_WRONLY | os.O_APPEND),
        (2, asked["stderr"], os.O_WRONLY | os.O_APPEND),
    ):
        descriptor = os.open(path, flags)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["action", *asked["words"]]
    subprocess.Popen = _start  # type: ignore[assignment, misc]
    from action.cli.main import main as command  # noqa: PLC0415 - after everything is as it will be

    _end(command)


def _take(env: Mapping[str, str]) -> None:
    """Take an environment for one's own."""
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    tempfile.tempdir = None  # as told by TMPDIR


def _end(program: Callable[[], object]) -> NoReturn:
    """Run a program and end as Python itself does."""
    code = 1
    try:
        ended = program()
        code = ended if isinstance(ended, int) else 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException:  # noqa: BLE001 - as Python itself ends
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
