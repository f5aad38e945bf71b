"""Which files a record is made of: patterns become files, and no file counts twice.

Looks at files from outside. What stands in them may not enter.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from action.errors import InputError
from action.files import open_input, show_name
from checks.run import Note, NoteKind

_WILD = frozenset("*?[")


def find_files(paths: Sequence[Path]) -> tuple[list[Path], list[Note]]:
    """Give the files in the order they are read, and a note for each that is named twice or is a copy of another.

    Raises:
        InputError: there is none, a pattern fits none, or one cannot be opened or is empty.
    """
    files = [file for path in paths for file in _expand(path)]
    if not files:
        raise InputError("games: expected at least one file, got none; name a file of games")
    found: dict[object, Path] = {}
    sizes: dict[int, list[Path]] = {}
    notes: list[Note] = []
    for path in files:
        with open_input(path) as stream:
            about = os.fstat(stream.fileno())
        first = found.setdefault((about.st_dev, about.st_ino), path)
        copies = [other for other in sizes.get(about.st_size, []) if _digest(other) == _digest(path)]
        if first is not path:
            notes.append(Note(kind=NoteKind.ODD, text=f"{show_name(path.name)}: this file is named twice, read once"))
        elif copies:
            text = f"{show_name(path.name)}: a copy of {show_name(copies[0])}, byte for byte, not read"
            notes.append(Note(kind=NoteKind.ODD, text=text))
            del found[about.st_dev, about.st_ino]
        else:
            sizes.setdefault(about.st_size, []).append(path)
    return [path for same in sizes.values() for path in same], notes


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


def _digest(path: Path) -> str:
    with open_input(path) as stream:
        digest = hashlib.sha256()
        while block := stream.read(2**20):
            digest.update(block)
        return digest.hexdigest()
