"""The front door: signals, streams, and the one place that catches errors and gives exit codes.

Only light modules of the standard library may be imported at the top: whatever takes time is imported once Ctrl-C ends
in one line.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

from action.cli.streams import open_streams
from action.errors import GatekeeperError


class Stopped(BaseException):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    sys.stdout, sys.stderr = open_streams(sys.stdout, sys.stderr)
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            # Who starts a program in the background may have asked that Ctrl-C leaves it alone.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _stop)
        try:
            from action.cli.commands import app  # noqa: PLC0415 - see the docstring of the module

            app()
        finally:
            sys.stdout.flush()
    except (Stopped, KeyboardInterrupt) as stopped:
        exit_code = stopped.exit_code if isinstance(stopped, Stopped) else 130
        word = "interrupted" if exit_code == 130 else "terminated"
        sys.exit(_tell(f"{word}; no verdict was given", exit_code))
    except GatekeeperError as error:
        sys.exit(_tell(error, error.exit_code))
    except MemoryError:
        sys.exit(_tell("not enough memory for this input; judge fewer series or a shorter run", 2))
    except Exception as error:
        from checks.policy import PolicyError  # noqa: PLC0415 - heavy, and loaded already if there is such a fault

        if not isinstance(error, PolicyError):
            raise
        sys.exit(_tell(error, 2))
    sys.exit(0)


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    del frame
    # A second signal must end the process even while this one is being handled.
    signal.signal(number, signal.SIG_DFL)
    raise Stopped(number)


def _tell(problem: object, exit_code: int) -> int:
    from action.escape import printable  # noqa: PLC0415 - only where something is wrong

    for line in str(problem).splitlines():
        told = printable(line, sys.stderr.encoding or "ascii", whole_words=True)
        print(f"gatekeeper: {told}", file=sys.stderr)  # noqa: T201 - the front door's own line
    return exit_code
