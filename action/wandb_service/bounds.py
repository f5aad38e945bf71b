"""What a process that is watched holds: bytes in folders, and bytes in memory. No answer of W&B may enter."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

LARGEST = 2 * 10**9
"""Bytes that the process that talks to W&B may write in all."""
MOST_MEMORY = 2 * 10**9
"""Bytes that it may hold, with what it starts."""
_PROCESSES = Path("/proc")


def size_of(folder: Path) -> int:
    """Sum up what lies in a folder that is written into: what is gone by the time that it is looked at is left out."""
    total = 0
    for place, _folders, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_blocks * 512
            except OSError:
                continue
    return total


def memory_of(process: int) -> int:
    """Sum up the memory of a process and of those that it started; 0 where the system does not tell (all but Linux)."""
    total = 0
    for one in _family(process):
        try:
            total += int((_PROCESSES / str(one) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (OSError, ValueError, IndexError):  # it has just ended
            continue
    return total


def _family(process: int) -> Iterator[int]:
    yield process
    for listed in (_PROCESSES / str(process) / "task").glob("*/children"):
        try:
            children = listed.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from _family(int(child))
