"""The commands together, and the one place that catches errors and gives exit codes.

Imports nothing heavy: `gatekeeper --help` has to answer at once.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated, NoReturn

import typer

from action.cli import check, explain, logs, metrics, policy
from action.cli.streams import open_streams
from action.errors import GatekeeperError

app = typer.Typer(
    name="gatekeeper",
    help="Judge a finished training run, and guard the promotion of its checkpoint.",
    epilog="Exit codes: 0 pass, 10 fail, 11 inconclusive, 2 wrong input or policy, 3 a service, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check")(check.check)
app.command("metrics")(metrics.metrics)
app.command("logs")(logs.logs)
app.command("explain")(explain.explain)
app.add_typer(policy.app, name="policy")


class Stopped(BaseException):
    """A signal asked the program to end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.exit_code = 128 + number


def _version(asked: bool) -> None:
    if asked:
        from action.version import tool_version  # noqa: PLC0415 - reading metadata takes 20 ms

        typer.echo(f"gatekeeper {tool_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version


def main() -> NoReturn:
    """Run the command line and end the process with its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    sys.stdout, sys.stderr = open_streams(sys.stdout, sys.stderr)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except Stopped as stopped:
        word = "interrupted" if stopped.exit_code == 130 else "terminated"
        print(f"gatekeeper: {word}; no verdict was given", file=sys.stderr)  # noqa: T201 - the front door's own line
        sys.exit(stopped.exit_code)
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
        print(f"gatekeeper: {printable(line, sys.stderr.encoding or 'ascii')}", file=sys.stderr)  # noqa: T201 - as above
    return exit_code
