"""The shell's errors, each one sentence a tired user can act on.

    GatekeeperError            exit code
    ├── UsageError             2   wrong arguments
    ├── InputError             2   a file, directory or run that cannot be read as what it should be
    │   └── MissingError       2   a version that its registry does not have: mistyped, or gone
    ├── OutputError            2   a folder or file that cannot be written
    ├── ServiceError           3   a service that could not be reached or refused
    └── RefusalError           10  a checkpoint that is not promoted, with every reason

Grammar of a message: *where: what was expected, what was got; what to do.*
Policy faults are `checks.policy.PolicyError`.
"""

from __future__ import annotations

from checks.refusal import Refusal


class GatekeeperError(Exception):
    """Something the user can repair; shown as one line, without a traceback."""

    exit_code = 2


class UsageError(GatekeeperError):
    """The command was called with arguments that do not fit together."""


class InputError(GatekeeperError):
    """What was to be read cannot be read as what it should be."""


class MissingError(InputError):
    """A registry does not have a version; `artifact`: its whole name. Whether it ever had it is not known here."""

    def __init__(self, message: str, artifact: str) -> None:
        super().__init__(message)
        self.artifact = artifact


class OutputError(GatekeeperError):
    """What was to be written cannot be written."""


class ServiceError(GatekeeperError):
    """A service could not be reached, or refused."""

    exit_code = 3


class RefusalError(GatekeeperError):
    """A checkpoint is not promoted; one line a reason, each with its code."""

    exit_code = 10

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("\n".join(f"refused ({one.reason}): {one.text}" for one in refusals))
        self.refusals = refusals
