"""Text lines of local files, plain or compressed, whatever a killed process or another system left in them.

Knows lines; what stands in them is for the sources.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from action.errors import InputError
from action.fault import Faults
from action.files import open_input, read_error, show_name
from checks.run import NoteKind

MAX_LINE = 16 * 2**20
"""Bytes. Ten thousand metrics fill 1 MiB, an event with a whole conversation a few; a longer line is no record, and
parsing it would take ten times its size in memory."""

_GZIP = b"\x1f\x8b"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


class Lines:
    """The lines of one file as (number, text), numbered from 1, without their ends (`\\n`, `\\r\\n`).

    Streaming: at most one line is held. Compressed files are known by their first bytes. A line that is not UTF-8 is
    read as Latin-1, and counted. Damage in compressed data ends the lines, and is counted as lost.

    Raises while iterating:
        InputError: the file cannot be opened, is empty, is UTF-16, or has a line longer than `MAX_LINE`.
    """

    def __init__(self, path: Path, faults: Faults) -> None:
        self._path = path
        self._faults = faults
        self.whole = True
        """After the last line: whether it had its end. The last line of a killed process often has none."""

    def __iter__(self) -> Iterator[tuple[int, str]]:
        try:
            with open_input(self._path) as raw:
                start = raw.read(2)
                raw.seek(0)
                if start in _UTF16_MARKS:
                    raise InputError(f"{show_name(self._path)}: expected UTF-8 text, got UTF-16; save it as UTF-8")
                if start == _GZIP:
                    with gzip.GzipFile(fileobj=raw) as plain:
                        yield from self._read(cast(BinaryIO, plain))
                else:
                    yield from self._read(raw)
        except OSError as error:
            raise read_error(self._path, error) from error

    def _read(self, stream: BinaryIO) -> Iterator[tuple[int, str]]:
        number = 0
        while True:
            try:
                line = stream.readline(MAX_LINE + 2)
            except (EOFError, zlib.error, gzip.BadGzipFile):
                self._faults.add(
                    NoteKind.LOST, "the compressed data are damaged or cut off, all that follows is lost", number + 1
                )
                return
            if not line:
                return
            number += 1
            self.whole = line.endswith(b"\n")
            body = line[:-2] if line.endswith(b"\r\n") else line[:-1] if self.whole else line
            if len(body) > MAX_LINE:
                raise InputError(
                    f"{show_name(self._path)}:{number}: expected lines of at most {MAX_LINE // 2**20} MiB, "
                    "got a longer one; write one record a line"
                )
            if number == 1:
                body = body.removeprefix(_UTF8_MARK)
            yield number, self._decode(body, number)

    def _decode(self, body: bytes, number: int) -> str:
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            self._faults.add(NoteKind.ODD, "not UTF-8, read as Latin-1", number)
            return body.decode("latin-1")
