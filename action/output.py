"""Files of ours on disk: each whole or not at all. What is in them may not enter."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from action.errors import OutputError
from action.files import show_name


def write_files(folder: Path, files: Mapping[str, bytes], *, option: str = "--out") -> None:
    """Write files below a folder, which is made if needed; each is replaced in one step, the last one last.

    `option`: what names the folder on the command line.

    Raises:
        OutputError: the folder cannot be made or written, or the disk is full. What was there before stays whole.
    """
    for name, content in files.items():
        target = folder / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, content)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OutputError(
                f"{show_name(target)}: expected a folder that can be written to, got: {reason}; "
                f"free some space or name another folder with {option}"
            ) from error


def _replace(target: Path, content: bytes) -> None:
    # Not tempfile: its names could collide with a reader's glob, and its mode (0600) would stick to the result.
    beside = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    finally:
        # Also after Ctrl-C in the middle of it; where all went well there is nothing left to remove.
        beside.unlink(missing_ok=True)
