"""The outer layer of a `.wandb` file: a header, then LevelDB's log format; gives payloads and counts what is lost.

What a payload means may not enter.

A file is a row of blocks of 32 KiB, the header counted into the first. A chunk has a header of 7 bytes (CRC-32 over
type and data, length, type) and never crosses a block. The format is LevelDB's (its `doc/log_format.md`), except that
W&B uses the IEEE polynomial.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from action.errors import InputError
from action.files import show_name
from checks.run import Note, NoteKind

HEADER_SIZE = 7
MAGIC = b":W&B"
_IDENT = MAGIC + struct.pack("<H", 0xBEE1)
_VERSION = 0
_BLOCK = 32_768
_CHUNK = struct.Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
_CRC_OF_TYPE = tuple(zlib.crc32(bytes((kind,))) for kind in range(_LAST + 1))
_LARGEST_RECORD = 64 * 2**20
"""Records of real runs are far smaller; a larger one is dropped and reported, so that no file can fill the memory."""


class Losses:
    """What could not be read of one file."""

    def __init__(self) -> None:
        self.places = 0
        self.size = 0
        self.first: tuple[int, str] | None = None
        self.cut_at: int | None = None

    def add(self, offset: int, size: int, why: str) -> None:
        """Count `size` lost bytes at `offset` of the file."""
        if self.first is None:
            self.first = (offset, why)
        self.places += 1
        self.size += size

    def cut(self, offset: int, size: int) -> None:
        """Remember that the file ends within a record that begins at `offset`, `size` bytes before the end."""
        self.cut_at = offset
        self.size += size

    def notes(self, name: str) -> tuple[Note, ...]:
        """Say what was lost of the file `name`; empty if nothing was."""
        parts = []
        if self.first is not None:
            offset, why = self.first
            places = "one place" if self.places == 1 else f"{self.places:,} places"
            parts.append(f"damaged in {places}, first at byte {offset:,} ({why})")
        if self.cut_at is not None:
            parts.append(f"cut off in mid-record at byte {self.cut_at:,}")
        if not parts:
            return ()
        text = f"{name}: {' and '.join(parts)}; {self.size:,} bytes are lost, so the data are incomplete"
        return (Note(kind=NoteKind.LOST, text=text),)


def read_header(stream: BinaryIO, path: Path) -> None:
    """Take the header from the stream.

    Raises:
        InputError: The file is empty, too short, no W&B file, or of a version that is not known.
    """
    head = stream.read(HEADER_SIZE)
    if not head:
        raise InputError(
            f"{show_name(path)}: expected a W&B run file, got an empty one; nothing was written, or it was not copied"
        )
    if len(head) < HEADER_SIZE and (_IDENT + bytes((_VERSION,))).startswith(head):
        raise InputError(
            f"{show_name(path)}: expected a W&B run file, got only {len(head)} of the 7 bytes of its header; copy again"
        )
    if not head.startswith(_IDENT):
        raise InputError(
            f"{show_name(path)}: expected a W&B run file, which begins with {MAGIC!r}, got {head!r}; "
            "name the .wandb file or the directory of the run"
        )
    if head[6] != _VERSION:
        raise InputError(f"{show_name(path)}: expected version {_VERSION} of W&B's file format, got {head[6]}")


def payloads(stream: BinaryIO, losses: Losses) -> Iterator[bytes]:
    """Yield the payload of every whole record that follows the header; what is lost is added to `losses`.

    After a fault the rest of its block is lost and reading goes on at the next block, as in every LevelDB reader.
    """
    unpack, crc32, full_seed = _CHUNK.unpack_from, zlib.crc32, _CRC_OF_TYPE[_FULL]  # locals: this loop is the hot one
    pending = _Pending()
    base, block = 0, bytes(HEADER_SIZE) + stream.read(_BLOCK - HEADER_SIZE)
    position = HEADER_SIZE
    after_fault = False
    while True:
        size = len(block)
        while position + 7 <= size:
            crc, length, kind = unpack(block, position)
            end = position + 7 + length
            data = block[position + 7 : end]
            if kind == _FULL and crc32(data, full_seed) == crc and end <= size and not pending.parts:
                after_fault = False
                position = end
                yield data
                continue
            known = _FULL <= kind <= _LAST
            if known and size < end <= _BLOCK and size < _BLOCK:
                break  # the file ends within this chunk
            if not known or end > size or crc32(data, _CRC_OF_TYPE[kind]) != crc:
                losses.add(base + position, size - position + pending.drop(), _fault(block[position:], end > size))
                position, after_fault = size, True
                break
            whole = pending.take(kind, data, base + position, losses, quiet=after_fault)
            after_fault = after_fault and kind in (_MIDDLE, _LAST)
            position = end
            if whole is not None:
                yield whole
        if size < _BLOCK:
            break
        base, block, position = base + _BLOCK, stream.read(_BLOCK), 0
    if pending.parts or position < min(size, _BLOCK - 6):  # the last 6 bytes of a block hold no chunk
        start = pending.start if pending.parts else base + position
        losses.cut(start, size - position + pending.drop())


class _Pending:
    """The chunks of a record whose end has not come yet."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.start = 0
        self._size = 0
        self._too_large = False

    def drop(self) -> int:
        """Forget the record; returns how many of its bytes had been seen."""
        size, self._size = self._size, 0
        self.parts = []
        self._too_large = False
        return size

    def take(self, kind: int, data: bytes, offset: int, losses: Losses, *, quiet: bool) -> bytes | None:
        """Add a chunk; returns the payload if this completes it. `quiet`: a missing beginning is reported already."""
        if kind in (_FULL, _FIRST):
            if self.parts:
                losses.add(self.start, self.drop(), "a record without its end")
            if kind == _FULL:
                return data
            self.start = offset
        elif not self.parts:
            if quiet:
                losses.size += len(data)
            else:
                losses.add(offset, len(data), "a record without its beginning")
            return None
        self._size += len(data)
        if self._size > _LARGEST_RECORD:
            self._too_large, self.parts = True, [b""]
        else:
            self.parts.append(data)
        if kind != _LAST:
            return None
        if self._too_large:
            losses.add(self.start, self.drop(), f"a record of more than {_LARGEST_RECORD:,} bytes")
            return None
        whole = b"".join(self.parts)
        self.drop()
        return whole


def _fault(rest: bytes, overflows: bool) -> str:
    if not any(rest):
        return "only zero bytes"
    return "a length beyond its block" if overflows else "a checksum does not match"
