"""The standard streams, so that what they are cannot change what is answered. No text may enter.

A reader that has seen enough (`gatekeeper check … | head -1`) closes the pipe: the rest goes nowhere and the exit code
stays that of the answer. A full disk is an error in one sentence. A closed stream (`>&-`) swallows.
"""

from __future__ import annotations

import io
import os
from typing import TextIO, cast

from action.errors import OutputError


def open_streams(stdout: TextIO | None, stderr: TextIO | None) -> tuple[TextIO, TextIO]:
    """Give the streams to use instead; a character that a stream has no code for is written out, as `\\u2705`."""
    return _open(stdout, _Answer), _open(stderr, _Quiet)


def _open(stream: TextIO | None, kind: type[_Quiet]) -> TextIO:
    if stream is None:
        # Whoever opens a file next would be given the number of the standard stream, and be written into.
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - a device; open to the end
    binary = getattr(stream, "buffer", None)
    raw = getattr(binary, "raw", binary)
    if not isinstance(raw, io.RawIOBase):
        return stream
    line_buffering = getattr(stream, "line_buffering", False)
    buffer = io.BufferedWriter(cast(io.RawIOBase, kind(raw)))
    return io.TextIOWrapper(
        buffer, encoding=stream.encoding, errors="backslashreplace", line_buffering=line_buffering, newline=None
    )


class _Quiet(io.RawIOBase):
    """A stream that takes what it is given, whether or not anybody reads it."""

    def __init__(self, raw: io.RawIOBase) -> None:
        self._raw = raw
        self._ended = False

    def write(self, data: object) -> int:
        size = len(cast(bytes, data))
        if self._ended:
            return size
        try:
            return self._raw.write(cast(bytes, data)) or 0
        except OSError as error:
            self._ended = True
            self._refuse(error)
            return size

    def _refuse(self, error: OSError) -> None:
        """Do nothing: there is nobody left to tell."""

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()


class _Answer(_Quiet):
    """A stream whose loss is an error, unless its reader left of his own will."""

    def _refuse(self, error: OSError) -> None:
        if not isinstance(error, BrokenPipeError):
            raise OutputError(
                f"the standard output: expected a place that can be written to, got: {error.strerror}; free some space"
            ) from error
