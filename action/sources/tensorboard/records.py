"""TFRecord files: framing and checksums, so that a damaged record is noticed and a cut one does not pass for the end.

A record is its length (64 bits), the length's checksum, the data, the data's checksum; a checksum is the masked CRC-32C
of https://www.tensorflow.org/tutorials/load_data/tfrecord. Knows bytes; events are for `event.py`.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from action.fault import Faults
from action.files import open_input, read_error
from checks.run import NoteKind

MAX_RECORD = 64 * 2**20
"""Bytes. A record of scalars has hundreds; videos come near this."""

_BATCH = 4096
_SHORT = 512
"""Bytes. Records up to this length, so nearly all that hold scalars, are checked together by NumPy at 200 MB/s; a
longer one alone in Python at 13 MB/s, and only if a scalar of it is used (measured on one core)."""

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_POLYNOMIAL = 0x82F63B78  # CRC-32C (Castagnoli), reflected


def _table() -> NDArray[np.uint32]:
    table = np.arange(256, dtype=np.uint32)
    for _bit in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(_POLYNOMIAL), table >> 1).astype(np.uint32)
    return table


_TABLE = _table()
_TABLE_LIST: list[int] = _TABLE.tolist()


def checksum(data: bytes) -> int:
    """Compute the masked CRC-32C of some bytes.

    >>> hex(checksum(b"123456789"))  # 0xe3069283 before the mask, the check value of CRC-32C
    '0xc78ab0e5'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE_LIST[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def checksums(records: Sequence[bytes]) -> NDArray[np.uint32]:
    """Compute the masked CRC-32C of many short byte strings, each of at least 4 bytes, together.

    Zeros in front change nothing for a CRC that starts at 0, so all are padded to one length; starting at all ones
    instead equals inverting the first four bytes.

    >>> hex(checksums([b"123456789"])[0])
    '0xc78ab0e5'
    """
    width = max(map(len, records))
    padded = bytearray(b"".join(record.rjust(width, b"\0") for record in records))
    matrix = np.frombuffer(padded, np.uint8).reshape(len(records), width)
    starts = width - np.fromiter(map(len, records), np.intp, len(records))
    rows = np.arange(len(records))
    for offset in range(4):
        matrix[rows, starts + offset] ^= 0xFF
    crc = np.zeros(len(records), np.uint32)
    for column in np.ascontiguousarray(matrix.T):
        crc = _TABLE[(crc ^ column) & 0xFF] ^ (crc >> 8)
    crc = ~crc
    return np.asarray((crc >> 15 | crc << 17) + np.uint32(0xA282EAD8), np.uint32)


@lru_cache(maxsize=4096)
def _length_checksum(length: int) -> int:
    return checksum(length.to_bytes(8, "little"))


def read_records(path: Path, faults: Faults) -> Iterator[tuple[int, bytes, int | None]]:
    """Give the records of a file as (number from 1, data, checksum); the checksum is None where it has been verified.

    Damaged records are left out; after a damaged length nothing more can be found. Both are counted as lost.

    Raises:
        InputError: the file cannot be opened, or is empty.
    """
    try:
        with open_input(path) as stream:
            batch: list[tuple[int, bytes, int]] = []
            for record in _frames(stream, faults):
                batch.append(record)
                if len(batch) == _BATCH or len(record[1]) > _SHORT:
                    yield from _verify(batch, faults)
                    batch = []
            yield from _verify(batch, faults)
    except OSError as error:
        raise read_error(path, error) from error


def _verify(batch: Sequence[tuple[int, bytes, int]], faults: Faults) -> Iterator[tuple[int, bytes, int | None]]:
    short = [record for record in batch if 4 <= len(record[1]) <= _SHORT]
    good = (
        checksums([data for _number, data, _checksum in short]) == [expected for *_, expected in short] if short else []
    )
    verdicts = dict(zip((number for number, *_ in short), good, strict=True))
    for number, data, expected in batch:
        if number not in verdicts:
            yield number, data, expected
        elif verdicts[number]:
            yield number, data, None
        else:
            faults.add(NoteKind.LOST, "the record's checksum does not fit its data, left out", number)


def _frames(stream: BinaryIO, faults: Faults) -> Iterator[tuple[int, bytes, int]]:
    left = os.fstat(stream.fileno()).st_size
    number = 0
    while left > 0:
        number += 1
        header = stream.read(_HEADER.size)
        if len(header) < _HEADER.size:
            break
        length, expected = _HEADER.unpack(header)
        if expected != _length_checksum(length):
            what = f"the record's length is damaged, all that follows ({left} bytes) is lost"
            faults.add(NoteKind.LOST, what, number)
            return
        left -= _HEADER.size + length + _CHECKSUM.size
        if left < 0:
            break
        if length > MAX_RECORD:
            faults.add(NoteKind.LOST, f"the record is longer than {MAX_RECORD // 2**20} MiB, left out", number)
            stream.seek(length + _CHECKSUM.size, os.SEEK_CUR)
            continue
        data = stream.read(length)
        tail = stream.read(_CHECKSUM.size)
        if len(data) < length or len(tail) < _CHECKSUM.size:
            break
        yield number, data, _CHECKSUM.unpack(tail)[0]
    else:
        return
    faults.add(NoteKind.LOST, "the file ends within a record, as of a writer that was killed", number)
