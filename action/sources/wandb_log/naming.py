"""How names look: metric names as W&B has them, and foreign names as our notes and errors show them.

No format and no file may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

BOOKKEEPING = frozenset({"_step", "_timestamp", "_runtime", "_wandb"})
"""What the SDK itself adds to every row: no metrics."""


def metric_name(path: Sequence[str]) -> str:
    """Join the path of a nested dict as W&B does: with dots, whatever slashes the parts hold.

    `run.log({"train/reward": {"mean": 1}})` is the column `train/reward.mean` on W&B; only slashes within a part make
    sections of its pages (the comment on RunHistory in wandb's `core/internal/runhistory/runhistory.go`).

    >>> metric_name(["train/reward", "mean"])
    'train/reward.mean'
    """
    return ".".join(path)


def is_bookkeeping(path: Sequence[str]) -> bool:
    """Tell whether a row's item is the SDK's own (`_step`, `_wandb.runtime`)."""
    return path[0] in BOOKKEEPING


def label(path: Path) -> str:
    """Name a file in a note: with its folder where that tells parts of one run apart, and never with more of the path.

    >>> label(Path("/home/me/wandb/offline-run-20260101_120000-abc/run-abc.wandb"))
    'offline-run-20260101_120000-abc/run-abc.wandb'
    """
    folder = path.parent.name
    return f"{folder}/{path.name}" if folder.startswith(("offline-run-", "run-")) else path.name
