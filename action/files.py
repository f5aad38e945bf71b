"""Local files as inputs: opened with one clear message where they cannot be, named in messages, naming runs.

Every source of local files shares it. No format may enter.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import BinaryIO

from action.errors import InputError

_SHOWN = 200
"""Names of other people's files and metrics are cut here, so that a message stays a message."""

_GENERIC = frozenset({"trainer_state", "metrics", "history"})
"""Stems that say nothing about the run: trainers give every run the same."""

_FORMATS = frozenset({".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".parquet", ".pq"})
_CHECKPOINT = re.compile(r"checkpoint-\d+")


def show_name(name: object) -> str:
    r"""Write a foreign name for a message: control, bidi and other invisible characters escaped, cut at 200.

    >>> print(show_name("a\x1b[31m\u202eb"))
    a\x1b[31m\u202eb
    """
    text = repr(str(name))[1:-1]
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def read_error(path: Path, error: OSError) -> InputError:
    """Turn what the operating system says about a file into one message of ours; raise it from the cause."""
    if isinstance(error, FileNotFoundError):
        return InputError(f"{show_name(path)}: expected a file, found nothing there; check the path")
    if isinstance(error, PermissionError):
        return InputError(f"{show_name(path)}: expected a file that may be read, got permission denied; check its mode")
    reason = error.strerror or type(error).__name__
    return InputError(f"{show_name(path)}: expected a readable file, got: {reason}; check the path and the disk")


def open_input(path: Path) -> BinaryIO:
    """Open a regular file that is not empty, to be read as bytes.

    Raises:
        InputError: nothing there, a directory, a pipe or device (which could block for ever), no permission, 0 bytes.
    """
    try:
        about = path.stat()
        if stat.S_ISREG(about.st_mode) and about.st_size:
            return path.open("rb")
    except ValueError as error:
        raise InputError(f"{show_name(path)}: expected a path, got one with a NUL in it; check the path") from error
    except OSError as error:
        raise read_error(path, error) from error
    if stat.S_ISDIR(about.st_mode):
        raise InputError(f"{show_name(path)}: expected a file, got a directory; name a file in it")
    if stat.S_ISREG(about.st_mode):
        raise InputError(f"{show_name(path)}: expected a record, got an empty file (0 bytes); was it written at all?")
    raise InputError(f"{show_name(path)}: expected a regular file, got a pipe or device; write it to a file first")


def look(path: Path, size: int) -> bytes:
    """Read the first bytes of a regular file; nothing where that is not possible. Never raises."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as stream:
            return stream.read(size)
    except (OSError, ValueError):
        return b""


def has_suffix(path: Path, *suffixes: str) -> bool:
    """Tell whether a regular file's name ends so, in whatever case. Never raises."""
    try:
        return path.name.lower().endswith(suffixes) and path.is_file()
    except (OSError, ValueError):
        return False


def run_name(path: Path) -> str:
    """Name a run after the file or directory that records it; never empty.

    A file gives its stem; a stem that says nothing gives its folder's name, and a Hugging Face `checkpoint-250` folder
    its parent's, since that is where the run wrote.

    >>> run_name(Path("grpo-7.jsonl.gz")), run_name(Path("/runs/ppo-3/checkpoint-250/trainer_state.json"))
    ('grpo-7', 'ppo-3')
    """
    whole = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links and name their targets
    name = whole.name
    if name.lower().endswith(".gz"):
        name = name[:-3]
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - the name of a path that need not exist any more
    if suffix.lower() in _FORMATS:
        name = stem
        if stem.lower() in _GENERIC:
            whole = whole.parent
            name = whole.name or stem
    if _CHECKPOINT.fullmatch(name):
        name = whole.parent.name or name
    # A name of bytes that are no UTF-8 reaches Python as lone surrogates, which no report could be written with.
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace") or "run"
