"""How a run was started, from the file that W&B's client writes beside its record. No history may enter."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from action.files import look

_MOST = 1_000_000


def command_of(run_file: Path) -> str | None:
    """Give the command line of a run; None where `files/wandb-metadata.json` beside it does not hold one.

    Whatever is wrong with that file costs the command alone: no number rests on it.
    """
    content = look(run_file.parent / "files" / "wandb-metadata.json", _MOST)
    try:
        found = json.loads(content)
    except ValueError:  # also where it is no UTF-8, or was cut off
        return None
    if not isinstance(found, dict):
        return None
    program, words = found.get("program") or found.get("codePath"), found.get("args")
    if not isinstance(program, str):
        return None
    return shlex.join(["python", program, *(map(str, words) if isinstance(words, list) else ())])
