"""Which files a record is made of: patterns become files, and no file counts twice.

Looks at files from outside. What stands in them may not enter.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from action.errors import InputError
from action.files import open_input, show_name
from checks.run import Note, NoteKind

_WILD = frozenset("*?[")
_BLOCK = 2**20


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Note]]:
    """Give the files in the order they are read, and a note for each that is named twice or is a copy of another.

    Raises:
        InputError: there is none, a pattern fits none, or one cannot be opened or is empty.
    """
    files = [file for path in paths for file in _expand(path)]
    if not files:
        raise InputError("games: expected at least one file, got none; name a file of games")
    seen: set[tuple[int, int]] = set()
    distinct: list[Path] = []
    sizes: dict[int, list[Path]] = {}
    notes: list[Note] = []
    for path in files:
        with open_input(path) as stream:
            about = os.fstat(stream.fileno())
        key = (about.st_dev, about.st_ino)
        copies = [] if key in seen else [other for other in sizes.get(about.st_size, []) if _same(other, path)]
        if key in seen:
            notes.append(Note(kind=NoteKind.ODD, text=f"{show_name(path.name)}: this file is named twice, read once"))
        elif copies:
            text = f"{show_name(path.name)}: a copy of {show_name(copies[0])}, byte for byte, not read"
            notes.append(Note(kind=NoteKind.ODD, text=text))
        else:
            sizes.setdefault(about.st_size, []).append(path)
            distinct.append(path)
        seen.add(key)
    return distinct, notes


def _expand(path: Path) -> list[Path]:
    if not _WILD.intersection(str(path)) or os.path.lexists(path):
        return [path]
    anchor = Path(path.anchor)
    try:
        files = sorted(anchor.glob(str(path.relative_to(anchor))))
    except (ValueError, OSError, NotImplementedError):
        files = []
    if not files:
        raise InputError(f"{show_name(path)}: expected files that fit this pattern, found none; check the path")
    return files


def _same(one: Path, other: Path) -> bool:
    """Tell whether two files of one size hold the same bytes; most that do not differ in the first block."""
    with open_input(one) as left, open_input(other) as right:
        while block := left.read(_BLOCK):
            if block != right.read(_BLOCK):
                return False
    return True
