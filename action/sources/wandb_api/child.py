"""The process that talks to W&B: one errand in as JSON, lines of JSON out; ended from outside at its deadline.

python -I -m action.sources.wandb_api.child < request
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from contextlib import suppress

from action.errors import GatekeeperError, InputError
from action.sources.wandb_api.bounds import LARGEST
from action.sources.wandb_api.errand import run_errand
from action.sources.wandb_api.failure import MISREAD, failure_of
from action.sources.wandb_api.wanted import Request

_PARENT_ENDS = 1
"""PR_SET_PDEATHSIG."""


def main() -> int:
    """Do the errand; the last line is what was found, or the error."""
    _bind()
    request = Request.read(json.load(sys.stdin))
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer

    def say(document: dict[str, object]) -> None:
        out.write(json.dumps(document) + "\n")
        out.flush()

    try:
        from action.sources.wandb_api.service import Connection  # noqa: PLC0415 - a second, and it may fail

        connection = Connection(request.key, request.url, request.seconds)
        found = run_errand(request, connection, lambda share: say({"progress": share}))
    except (GatekeeperError, *MISREAD) as error:
        failure = failure_of(error)
        say({"error": str(failure), "input": isinstance(failure, InputError)})
    else:
        say({"found": found})
    return 0


def _bind() -> None:
    """End with the process that started this one, and write no file beyond bounds; what it starts inherits the latter.

    The former is Linux's alone, and neither is needed: the other process looks after both while it lives.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(_PARENT_ENDS, signal.SIGKILL)
    with suppress(ImportError, OSError, ValueError):  # a lower bound is set already
        import resource  # noqa: PLC0415 - Windows has none

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))


if __name__ == "__main__":
    sys.exit(main())
