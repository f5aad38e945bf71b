"""How a run was started, as W&B's client records it, in words that can be typed again.

No file and no service may enter.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping

_MODULE = "-m "
_NO_FILE = "<"
"""How a program begins that is none: `<python with no main file>`."""


def command_of(record: Mapping[str, object]) -> str | None:
    """Give the command line; None: it is not recorded.

    The path within the repository comes before one of the machine, which says nothing elsewhere. Fields are those of
    `wandb-metadata.json` (wandb 0.31), which a run's configuration has under `_wandb.e` too.

    >>> command_of({"program": "/home/me/train.py", "codePath": "train.py", "args": ["--lr", "1e-5", "a b"]})
    "python train.py --lr 1e-5 'a b'"
    >>> command_of({"program": "-m pkg.train", "codePath": "pkg/train.py"})
    'python -m pkg.train'
    """
    program, path, words = (record.get(name) for name in ("program", "codePath", "args"))
    args = [*map(str, words)] if isinstance(words, list) else []
    if isinstance(program, str) and program.startswith(_MODULE):
        return shlex.join(["python", "-m", program.removeprefix(_MODULE).strip(), *args])
    told = next((one for one in (path, program) if isinstance(one, str) and one), _NO_FILE)
    return None if told.startswith(_NO_FILE) else shlex.join(["python", told, *args])


def environment_of(stored: object) -> Mapping[str, object]:
    """Give the record of whoever wrote to a run last, out of `_wandb` of its configuration; empty: there is none.

    >>> environment_of({"e": {"b": {"startedAt": "2026-01-01"}, "a": {"startedAt": "2026-01-02", "args": []}}})
    {'startedAt': '2026-01-02', 'args': []}
    """
    kept = stored.get("e") if isinstance(stored, Mapping) else None
    records = [one for one in (kept.values() if isinstance(kept, Mapping) else ()) if isinstance(one, Mapping)]
    return max(records, key=lambda one: str(one.get("startedAt") or ""), default={})
