"""The process that talks to W&B: one errand in as JSON, lines of JSON out; ended from outside at its deadline.

python -I -m action.sources.wandb_api.child < request
"""

from __future__ import annotations

import json
import sys

from action.errors import GatekeeperError, InputError
from action.sources.wandb_api.errand import run_errand
from action.sources.wandb_api.failure import MISREAD, failure_of
from action.sources.wandb_api.wanted import Request


def main() -> int:
    """Do the errand; the last line is what was found, or the error."""
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


if __name__ == "__main__":
    sys.exit(main())
