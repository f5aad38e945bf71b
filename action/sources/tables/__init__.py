"""Tables as runs: JSON Lines, CSV and Parquet, one row a step.

Chooses the reader; each format has a room of its own. No rule may enter.
"""

from __future__ import annotations

from pathlib import Path

from action.files import has_suffix
from action.sources.tables.jsonl import read_jsonl
from checks.run import RunData, Selection

_JSONL = (".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz")


def recognises(path: Path) -> bool:
    """Tell whether this looks like a table of one row a step. Never raises."""
    return has_suffix(path, *_JSONL)


def read(path: Path, selection: Selection) -> RunData:
    """Read a table as a run.

    Raises:
        InputError: what stands there cannot be read as a table.
    """
    return read_jsonl(path, selection)
