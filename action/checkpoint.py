"""The checkpoint that a verdict is bound to: its name, and a digest of its bytes where they are at hand.

No registry and no verdict may enter.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import BinaryIO

from action.errors import InputError
from action.files import open_input, read_error, show_name
from checks.run import Checkpoint
from checks.subject import named_step

_WEIGHTS = re.compile(r"\.(bin|ckpt|gguf|gz|h5|json|np[yz]|onnx|pkl|pth?|safetensors|tar|tgz|zip|zst)\Z", re.IGNORECASE)
"""How files of checkpoints end. Any other dot may belong to a name, as in `qwen2.5-7b-v3`."""

_LISTED = re.compile(rb"[0-9a-f]{64}  [^\n]+\n")
_LONGEST = 10_000
"""Bytes of a line: no path is as long."""


def read_checkpoint(name: str) -> Checkpoint:
    """Name the checkpoint that is to be promoted, with the digest of its bytes where it is a file or folder.

    A folder's digest is the sha256 over one line a file, `sha256  path`, sorted by the bytes of the path, as
    `sha256sum` writes them.

    Raises:
        InputError: a path where nothing is, or a folder whose bytes such a digest would not wholly tell.
    """
    path = Path(name)
    try:
        # An empty name names no checkpoint, though the path it makes is the current folder.
        kind = "" if not name else "file" if path.is_file() else "folder" if path.is_dir() else ""
        step = named_step(path.stem if kind == "file" else path.name.split(":")[0])
        if kind:
            shown = Path(os.path.abspath(path)).name or "/"  # noqa: PTH100 - resolve() would name what a link leads to
            digest = _digest_file(path) if kind == "file" else _digest_folder(path)
            return Checkpoint(name=shown, step=step, digest=f"sha256:{digest}")
    except OSError as error:
        raise read_error(path, error) from error
    beside = "/" in name and ":" not in name and path.parent.is_dir()  # a slip in the name of what lies there
    if not name or name.startswith((".", "/", "~")) or beside or _WEIGHTS.search(name):
        told = show_name(name) or "--checkpoint"
        raise InputError(f"{told}: expected a checkpoint, found nothing there; check the path")
    return Checkpoint(name=name, step=step, artifact=name if ":" in name else None)


def _digest_file(path: Path) -> str:
    open_input(path).close()  # says what is wrong with a file that is empty
    with path.open("rb") as stream:
        if _is_listing(stream):
            raise InputError(
                f"{show_name(path)}: expected a checkpoint, got a list of digests as `sha256sum` writes it, whose own "
                "digest is that of the folder that it lists; name the folder"
            )
        stream.seek(0)
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_listing(stream: BinaryIO) -> bool:
    """Tell whether a file could pass for a folder, whose digest is that of such a list."""
    while line := stream.readline(_LONGEST):
        if not _LISTED.fullmatch(line):
            return False
    return True


def _digest_folder(folder: Path) -> str:
    lines = []
    for child in folder.rglob("*"):
        name = os.fsencode(child.relative_to(folder).as_posix())
        if b"\n" in name or b"\\" in name or not (child.is_file() or (child.is_dir() and not child.is_symlink())):
            raise InputError(
                f"{show_name(child)}: expected only files and folders in a checkpoint, with plain names, got what a "
                "digest would not tell (a pipe, a link to a folder or to nothing, a line break in the name); "
                "copy the checkpoint into a folder of its own"
            )
        if child.is_file():
            with child.open("rb") as stream:
                lines.append((name, hashlib.file_digest(stream, "sha256").hexdigest()))
    if not lines:
        raise InputError(f"{show_name(folder)}: expected a checkpoint, got a folder without files; was it written?")
    listed = b"".join(digest.encode() + b"  " + name + b"\n" for name, digest in sorted(lines))
    return hashlib.sha256(listed).hexdigest()
