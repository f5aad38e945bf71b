"""The process that talks to W&B: errands in, one a line of JSON, lines of JSON out; ended from outside at a deadline.

What an errand is about may not enter.
"""

from __future__ import annotations

import ctypes
import json
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from action.errors import GatekeeperError, InputError
from action.wandb_service.bounds import LARGEST
from action.wandb_service.failure import MISREAD, failure_of
from action.wandb_service.request import Json, Request

if TYPE_CHECKING:
    from action.wandb_service.service import Connection

_PARENT_ENDS = 1
"""PR_SET_PDEATHSIG."""
Tell: TypeAlias = Callable[[float], None]
Do: TypeAlias = "Callable[[Request, Connection, Tell], dict[str, Json]]"


def serve(kinds: Mapping[str, Do]) -> int:
    """Do errands until there are no more; the last line of each is what was found, or the error."""
    _bind()
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer

    def say(document: dict[str, object]) -> None:
        out.write(json.dumps(document) + "\n")
        out.flush()

    try:
        from action.wandb_service.service import Connection  # noqa: PLC0415 - most of a second, and it may fail
    except (GatekeeperError, *MISREAD) as error:
        _say_failure(say, error)
        return 0
    for line in sys.stdin:
        try:
            request = Request.read(json.loads(line))
            connection = Connection(request.key, request.url, request.seconds)
            found = kinds[request.errand.kind](request, connection, lambda share: say({"progress": share}))
        except (GatekeeperError, *MISREAD) as error:
            _say_failure(say, error)
        else:
            say({"found": found})
    return 0


def _say_failure(say: Callable[[dict[str, object]], None], error: Exception) -> None:
    failure = failure_of(error)
    say({"error": str(failure), "input": isinstance(failure, InputError)})


def _bind() -> None:
    """End with the process that started this one, and write no file beyond bounds; what it starts inherits the latter.

    The former is Linux's alone, and neither is needed: the other process looks after both while it lives.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(_PARENT_ENDS, signal.SIGKILL)
    with suppress(ImportError, OSError, ValueError):  # a lower bound is set already
        import resource  # noqa: PLC0415 - Windows has none

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST, LARGEST))
