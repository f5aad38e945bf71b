"""Writes `.wandb` files without wandb: the LevelDB log framing and the few protobuf messages that a run consists of.

Used by `bench/wandb_log.py` and by the tests of the reader, which must not depend on the SDK to make their files. The
reader may not enter: what writes and what reads share no line, so that they cannot be wrong together.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import BinaryIO, TypeAlias

HEADER = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
BLOCK = 32_768
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4


Name: TypeAlias = str | tuple[str, ...]
"""A metric or setting; a tuple is the path of a nested dict."""
Named: TypeAlias = Mapping[str, str] | Mapping[tuple[str, ...], str] | Mapping[Name, str]


class LogWriter:
    """Frames payloads into blocks of 32 KiB; a context manager around an open binary stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._stream.write(HEADER)
        self._room = BLOCK - len(HEADER)

    def __enter__(self) -> LogWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.flush()

    def write(self, payload: bytes) -> None:
        """Append one record, cut into chunks where a block ends."""
        start, first = 0, True
        while True:
            if self._room < 7:
                self._stream.write(b"\0" * self._room)
                self._room = BLOCK
            piece = payload[start : start + self._room - 7]
            start += len(piece)
            last = start == len(payload)
            kind = (_FULL if last else _FIRST) if first else (_LAST if last else _MIDDLE)
            self._stream.write(
                struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes((kind,)))), len(piece), kind) + piece
            )
            self._room -= 7 + len(piece)
            if last:
                return
            first = False


def varint(number: int) -> bytes:
    """Encode an integer as protobuf does; negative ones as 64-bit two's complement."""
    number &= 0xFFFF_FFFF_FFFF_FFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def whole(field: int, number: int) -> bytes:
    """Encode one varint field."""
    return varint(field << 3) + varint(number)


def text(field: int, value: bytes | str) -> bytes:
    """Encode one field of bytes: a string or a message."""
    raw = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def item(key: Name, value_json: str, *, old: bool = False) -> bytes:
    """Encode a HistoryItem (ConfigItem and SummaryItem have the same fields); `old` writes `key`, as SDKs did."""
    path = (key,) if isinstance(key, str) else key
    names = text(1, path[0]) if old else b"".join(text(2, part) for part in path)
    return names + text(16, value_json)


def history(
    items: Named | Iterable[bytes],
    *,
    step: int | None = None,
    num: int = 1,
    old: bool = False,
) -> bytes:
    """Encode a Record with a HistoryRecord; `items` maps names to JSON, or gives encoded items in order."""
    if isinstance(items, Mapping):
        encoded = [item(key, value, old=old) for key, value in items.items()]
        if step is not None:
            encoded.append(item("_step", str(step), old=old))
    else:
        encoded = list(items)
    body = b"".join(text(1, one) for one in encoded)
    if step is not None and not old:
        body += text(2, whole(1, step) if step else b"")  # the SDK leaves a zero out, as proto3 does
    return whole(1, num) + text(2, body)


def summary(items: Mapping[str, str], *, num: int = 1) -> bytes:
    """Encode a Record with a SummaryRecord."""
    return whole(1, num) + text(3, b"".join(text(1, item(key, value)) for key, value in items.items()))


def config(items: Named, *, remove: Iterable[str] = ()) -> bytes:
    """Encode a Record with a ConfigRecord."""
    return whole(1, 1) + text(5, _config(items) + b"".join(text(2, text(1, key)) for key in remove))


def _config(items: Named) -> bytes:
    return b"".join(text(1, item(key, value, old=isinstance(key, str))) for key, value in items.items())


def run(  # noqa: PLR0913 - one argument a field of the message
    run_id: str = "abc123",
    *,
    name: str = "sunny-run-1",
    started: float = 1_700_000_000.0,
    settings: Named | None = None,
    commit: str | None = None,
    fork_of: tuple[str, float] | None = None,
    notes: str = "",
) -> bytes:
    """Encode a Record with a RunRecord."""
    body = text(1, run_id) + text(3, "project") + text(4, _config(settings or {})) + text(8, name)
    body += text(9, notes) if notes else b""
    seconds = int(started)
    body += text(17, whole(1, seconds) + whole(2, int((started - seconds) * 1e9)))
    if commit is not None:
        body += text(21, text(2, commit))
    if fork_of is not None:
        moment = text(1, fork_of[0]) + varint(2 << 3 | 1) + struct.pack("<d", fork_of[1]) + text(3, "_step")
        body += text(23, moment)
    return whole(1, 2) + text(17, body)


def ended(code: int, *, runtime: int = 0) -> bytes:
    """Encode a Record with a RunExitRecord; zeros are left out, as proto3 does."""
    return whole(1, 9) + text(18, (whole(1, code) if code else b"") + (whole(2, runtime) if runtime else b""))
