"""How a run was started, from the file that W&B's client writes beside its record. No history may enter."""

from __future__ import annotations

import json
from pathlib import Path

from action.command import command_of
from action.files import look

_MOST = 1_000_000


def started(run_file: Path) -> str | None:
    """Give the command line of a run; None where `files/wandb-metadata.json` beside it does not hold one.

    Whatever is wrong with that file costs the command alone: no number rests on it.
    """
    content = look(run_file.parent / "files" / "wandb-metadata.json", _MOST)
    try:
        found = json.loads(content)
    except ValueError:  # also where it is no UTF-8, or was cut off
        return None
    return command_of(found) if isinstance(found, dict) else None
