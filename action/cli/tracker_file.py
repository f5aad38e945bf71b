"""The tracker as a file: read and written whole, whatever bytes people put there. No entry may enter."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from action.errors import InputError
from action.files import read_error, show_name

MOST_BYTES = 20_000_000


def read_tracker(path: Path) -> str:
    """Read a tracker; empty where there is none. Bytes that are no UTF-8 are kept as they are.

    Raises:
        InputError: it is no regular file, may not be read, is too large, or is UTF-16.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{show_name(path)}: expected a Markdown file, got something else; name a file")
        content = path.read_bytes()
    except FileNotFoundError:
        return ""
    except ValueError as error:
        raise InputError(f"{show_name(path)}: expected a path, got one with a NUL in it; check the path") from error
    except OSError as error:
        raise read_error(path, error) from error
    if len(content) > MOST_BYTES:
        raise InputError(
            f"{show_name(path)}: expected a tracker of at most {MOST_BYTES // 10**6} MB, got more; begin a new one"
        )
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content:
        raise InputError(f"{show_name(path)}: expected Markdown in UTF-8, got UTF-16 or no text; save it as UTF-8")
    return content.decode("utf-8", "surrogateescape")


def write_tracker(path: Path, text: str) -> None:
    """Write a tracker in one step: a reader sees the old or the new one.

    Raises:
        InputError: it cannot be written there.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    scratch = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=".tracker-")
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8", "surrogateescape"))
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
        Path(scratch).chmod(mode)
        Path(scratch).replace(target)
    except OSError as error:
        if scratch is not None:
            Path(scratch).unlink(missing_ok=True)
        reason = error.strerror or type(error).__name__
        raise InputError(f"{show_name(path)}: expected a place to write to, got: {reason}; name another") from error
