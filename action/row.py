"""A row as a trainer logged it: where its step stands, and which of its values are metrics.

No file, no format and no rule may enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from action.fault import Faults
from checks.number import parse_number
from checks.run import NoteKind

STEP_NAMES = ("step", "_step", "Step", "global_step", "train/global_step")
"""Where a row says its step, best first: W&B exports `_step`, its tables and TensorBoard's write `Step`; Hugging Face
trainers without `step` log `global_step`."""

HISTORY_STEP = "_step"
"""Where a row of W&B's own history says it."""
BOOKKEEPING = frozenset({"_step", "_runtime", "_timestamp", "_wandb"})
"""What W&B adds to every row: no metrics."""

_MAX_STEP = 2**63 - 1


_MAX_DEPTH, _MAX_NAME = 20, 1_000
"""No trainer nests metrics deeper or names them longer; all the prefixes of what does could fill the memory."""


def flatten(row: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Give a nested row's values under dotted names, as W&B does: `{"train": {"kl": 1}}` is `train.kl`.

    >>> dict(flatten({"step": 1, "train": {"kl": 0.5, "by": {"a": 2}}}))
    {'step': 1, 'train.kl': 0.5, 'train.by.a': 2}
    """
    pending = [iter(row.items())]
    prefixes = [""]
    while pending:
        for name, value in pending[-1]:
            whole = prefixes[-1] + name
            if isinstance(value, dict) and len(prefixes) <= _MAX_DEPTH and len(whole) <= _MAX_NAME:
                pending.append(iter(value.items()))
                prefixes.append(f"{whole}.")
                break
            yield whole, value
        else:
            pending.pop()
            prefixes.pop()


def parse_step(value: object) -> int | None:
    """Read a step: a whole number that fits 64 bits, as a number or in text; None for all else.

    >>> [parse_step(v) for v in (3, 3.0, "3", " 3.0 ", -1, 3.5, "3.5", float("nan"), True, None, 2**63, "1_0")]
    [3, 3, 3, 3, -1, None, None, None, None, None, None, None]
    """
    if isinstance(value, str):
        if "_" in value:
            return None
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -_MAX_STEP - 1 <= value <= _MAX_STEP else None


def place_row(raw: object, place: int, faults: Faults) -> int | None:
    """Read a row's step; None, counted as lost, where it has none that a value could be placed at."""
    step = parse_step(raw)
    if step is None:
        what = "no step, left out" if raw is None else "the step is not a whole number of 64 bits, left out"
        faults.add(NoteKind.LOST, what, place)
    elif step < 0:
        faults.add(NoteKind.ODD, "the step is negative", place)
    return step


def read_cells(row: Mapping[str, object], step_name: str | None, place: int, faults: Faults) -> dict[str, float | None]:
    """Give a row's metrics by flattened name, without its step; None where a value is no number."""
    cells: dict[str, float | None] = {}
    for name, value in flatten(row):
        if name == step_name:
            continue
        if name in cells:
            faults.add(NoteKind.LOST, "two values under one name, the later is kept", place)
        cells[name] = value if type(value) is float else parse_number(value)
    return cells
