"""TensorBoard events: the few fields of the protobuf messages `Event`, `Summary` and `TensorProto` that scalars need.

Field numbers are those of tensorboard/compat/proto (event.proto, summary.proto, tensor.proto). Knows one record; files
and rows are for others.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

_TYPES = {
    1: ("<f", 5),
    2: ("<d", 6),
    3: ("<i", 7),
    4: ("<B", 7),
    5: ("<h", 7),
    6: ("<b", 7),
    9: ("<q", 10),
    10: ("<?", 11),
    14: ("<f", 13),  # bfloat16: the upper half of a float32
    17: ("<H", 7),
    19: ("<e", 13),
    22: ("<I", 16),
    23: ("<Q", 17),
}
"""Type of a tensor → how a value is packed in `tensor_content`, and the field that holds it otherwise."""
_BFLOAT16, _HALF_VALUES = 14, 13


class DamageError(Exception):
    """The bytes are not the message they should be."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event: when, at which step, and its scalars as (tag, value) in their order."""

    wall_time: float
    """Seconds since 1970."""
    step: int
    scalars: tuple[tuple[str, float], ...]


def parse_event(data: bytes) -> Event:
    """Read one record; float32 values become exactly the same float64.

    Tensors count if they are numbers without a dimension (as TensorFlow 2 writes scalars); all else is skipped.

    Raises:
        DamageError: the record is no event.
    """
    wall_time = 0.0
    step = 0
    scalars: list[tuple[str, float]] = []
    for number, value in _fields(data):
        if number == 1:
            wall_time = _unpack("<d", value)
        elif number == 2:
            step = _signed(value)
        elif number == 5:
            summaries = (_parse_value(inner) for field, inner in _fields(value) if field == 1)
            scalars.extend(scalar for scalar in summaries if scalar)
    return Event(wall_time=wall_time, step=step, scalars=tuple(scalars))


def _parse_value(data: int | bytes) -> tuple[str, float] | None:
    tag = b""
    scalar: float | None = None
    for number, value in _fields(data):
        if number == 1 and isinstance(value, bytes):
            tag = value
        elif number == 2:
            scalar = _unpack("<f", value)
        elif number == 8:
            scalar = _parse_tensor(value)
    return None if scalar is None else (tag.decode("utf-8", "replace"), scalar)


def _parse_tensor(data: int | bytes) -> float | None:
    fields = dict(_fields(data))
    type_ = fields.get(1)
    has_dimension = any(number == 2 for number, _value in _fields(fields.get(2, b"")))
    if has_dimension or not isinstance(type_, int) or type_ not in _TYPES:
        return None
    form, field = _TYPES[type_]
    content = fields.get(4)
    if not content:
        content = fields.get(field, b"")
        if form not in {"<f", "<d"} or field == _HALF_VALUES:
            number = content if isinstance(content, int) else _varint(content, 0)[0]
            if field != _HALF_VALUES:
                return float(_signed(number))
            content = (number & 0xFFFF).to_bytes(2, "little")
    if type_ == _BFLOAT16 and isinstance(content, bytes):
        content = b"\0\0" + content
    return _unpack(form, content)


def _unpack(form: str, data: int | bytes) -> float:
    if not isinstance(data, bytes) or len(data) != struct.calcsize(form):
        raise DamageError
    return float(struct.unpack(form, data)[0])


def _signed(number: int | bytes) -> int:
    """Take a varint for a 64-bit integer in two's complement."""
    if not isinstance(number, int):
        raise DamageError
    number &= 2**64 - 1
    return number - 2**64 if number >= 2**63 else number


def _fields(data: int | bytes) -> Iterator[tuple[int, int | bytes]]:
    """Give the fields of a message: integers for varints, bytes for all else."""
    if not isinstance(data, bytes):
        raise DamageError
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        wire = key & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield key >> 3, value
            continue
        if wire == _BYTES:
            size, at = _varint(data, at)
        elif wire in {_FIXED64, _FIXED32}:
            size = 8 if wire == _FIXED64 else 4
        else:
            raise DamageError
        if at + size > len(data):
            raise DamageError
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return number, at
        shift += 7
    raise DamageError
