"""Tables as runs: JSON Lines, CSV and Parquet, one row a step.

Chooses the reader; each format has a room of its own. No rule may enter.
"""

from __future__ import annotations

import json
from pathlib import Path

from action.deadline import Deadline
from action.files import has_suffix, look
from action.sources.tables.delimited import read_csv
from action.sources.tables.jsonl import read_jsonl
from action.sources.tables.parquet import MAX_ROWS, count_rows, read_parquet
from checks.run import RunData, Selection

__all__ = ["MAX_ROWS", "count_rows", "read", "read_history", "recognises"]

_CSV = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
_JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")
_PARQUET = (".parquet", ".pq")
_PARQUET_MAGIC = b"PAR1"
_LOOK = 2**16


def recognises(path: Path) -> bool:
    """Tell whether this looks like a table of one row a step. Never raises.

    A `.json` file counts if its first line is an object by itself and a second follows: some trainers name it so.
    """
    if has_suffix(path, *_CSV, *_JSONL, *_PARQUET):
        return True
    start = look(path, _LOOK)
    return start.startswith(_PARQUET_MAGIC) or (has_suffix(path, ".json") and _is_lines(start))


def read(path: Path, selection: Selection) -> RunData:
    """Read a table as a run.

    Raises:
        InputError: what stands there cannot be read as a table.
    """
    if look(path, 4) == _PARQUET_MAGIC or has_suffix(path, *_PARQUET):
        return read_parquet(path, selection)
    if has_suffix(path, *_CSV):
        return read_csv(path, selection)
    return read_jsonl(path, selection)


def read_history(path: Path, selection: Selection, deadline: Deadline) -> RunData:
    """Read a part of a history as W&B exports it: Parquet, else JSON Lines, with the step in `_step`.

    Raises:
        InputError: it cannot be read.
        ServiceError: the deadline is over.
    """
    read_part = read_parquet if has_suffix(path, *_PARQUET) else read_jsonl
    return read_part(path, selection, history=True, deadline=deadline)


def _is_lines(start: bytes) -> bool:
    first, _end, rest = start.partition(b"\n")
    try:
        row = json.loads(first)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and "log_history" not in row and rest.lstrip().startswith(b"{")
