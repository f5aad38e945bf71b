"""The shell's errors, each one sentence a tired user can act on.

    GatekeeperError            exit code
    ├── UsageError             2   wrong arguments
    ├── InputError             2   a file, directory or run that cannot be read as what it should be
    ├── OutputError            2   a folder or file that cannot be written
    └── ServiceError           3   a service that could not be reached or refused

Grammar of a message: *where: what was expected, what was got; what to do.*
Policy faults are `checks.policy.PolicyError`.
"""

from __future__ import annotations


class GatekeeperError(Exception):
    """Something the user can repair; shown as one line, without a traceback."""

    exit_code = 2


class UsageError(GatekeeperError):
    """The command was called with arguments that do not fit together."""


class InputError(GatekeeperError):
    """What was to be read cannot be read as what it should be."""


class OutputError(GatekeeperError):
    """What was to be written cannot be written."""


class ServiceError(GatekeeperError):
    """A service could not be reached, or refused."""

    exit_code = 3
