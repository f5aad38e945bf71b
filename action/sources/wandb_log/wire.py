"""A parser of protobuf's wire format: fields in, numbers and bytes out.

What a field means may not enter. The format is described at protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TypeAlias

Value: TypeAlias = int | bytes
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZE = {_FIXED64: 8, _FIXED32: 4}


class WireError(Exception):
    """The bytes are no protobuf message."""


def fields(message: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of every field: an int for a varint, else the bytes.

    Raises:
        WireError: A field is cut off, too long, or of a kind that no message of W&B has (groups).
    """
    position, size = 0, len(message)
    while position < size:
        tag = message[position]
        if tag < 0x80:  # one byte is the rule, for tags and lengths alike, and calls are dear
            position += 1
        else:
            tag, position = _varint(message, position)
        kind = tag & 7
        if not 8 <= tag < 2**32:
            raise WireError(f"field number {tag >> 3}")
        if kind == _VARINT:
            value, position = _varint(message, position)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            length = message[position] if position < size else 0x80
            if length < 0x80:
                position += 1
            else:
                length, position = _varint(message, position)
        elif kind in _FIXED_SIZE:
            length = _FIXED_SIZE[kind]
        else:
            raise WireError(f"wire type {kind}")
        end = position + length
        if end > size:
            raise WireError(f"a field of {length} bytes where {size - position} are left")
        yield tag >> 3, message[position:end]
        position = end


def _varint(message: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    for byte in message[position : position + 10]:
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, position
        shift += 7
    raise WireError("a varint without its end")


def text(value: Value) -> str:
    """Read a string field; raises WireError if it is none or not UTF-8, which protobuf demands."""
    try:
        return message(value).decode()
    except UnicodeDecodeError:
        raise WireError("text that is not UTF-8") from None


def message(value: Value) -> bytes:
    """Read a field of bytes; raises WireError if it is a number."""
    if isinstance(value, int):
        raise WireError("a number where bytes belong")
    return value


def signed(value: Value) -> int:
    """Read an int32 or int64 field (two's complement of 64 bits); raises WireError if it is no number.

    >>> signed(2**64 - 1)
    -1
    """
    if not isinstance(value, int):
        raise WireError("bytes where a number belongs")
    return value - 2**64 if value >= 2**63 else value


def zigzag(value: Value) -> int:
    """Read a sint64 field; raises WireError if it is no number.

    >>> [zigzag(n) for n in (0, 1, 2, 3)]
    [0, -1, 1, -2]
    """
    number = signed(value) & 0xFFFF_FFFF_FFFF_FFFF
    return number >> 1 ^ -(number & 1)


def double(value: Value) -> float:
    """Read a double field; raises WireError if it is none."""
    raw = message(value)
    if len(raw) != 8:
        raise WireError("a double of the wrong size")
    number: float = struct.unpack("<d", raw)[0]
    return number
