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
import sys
import time
import traceback
from typing import Any, NoReturn

_LEFT_OUT = (
    "action.__main__",
    "action.bootstrap",
    "action.sources.wandb_api.child",
    "action.sources.wandb_api.service",
)
"""Programs, and W&B's client, which only ever lives in a process of its own."""


def main() -> None:
    """Import everything, say so, and do what is asked."""
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


def _become(asked: dict[str, Any]) -> NoReturn:
    """Become the command: its folder, environment, streams and words."""
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    for number, path, flags in (
        (0, os.devnull, os.O_RDONLY),
        (1, asked["stdout"], os.O_WRONLY | os.O_APPEND),
        (2, asked["stderr"], os.O_WRONLY | os.O_APPEND),
    ):
        descriptor = os.open(path, flags)
        os.dup2(descriptor, number)
        os.close(descriptor)
    sys.argv = ["action", *asked["words"]]
    code = 1
    try:
        from action.cli.main import main as command  # noqa: PLC0415 - after everything is as it will be

        command()
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
