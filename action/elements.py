"""JSON documents of any size, read value by value: one element of a list is held, never the list.

The standard library reads whole documents only. Knows JSON; what stands in it is for the sources.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import BinaryIO

from action.lines import MAX_LINE

_CHUNK = 2**18
_SPACE = " \t\n\r"
_AFTER = frozenset(_SPACE + ",:]}")


class DamageError(Exception):
    """The document does not go on as JSON, or one value of it is larger than a record may be."""


class Document:
    """A JSON document, consumed from the front.

    Every method raises `DamageError` where the text is not JSON (NaN and Infinity are taken, as Python's writer writes
    them), ends too early, or holds one value of more than `MAX_LINE` characters; what was given before remains good.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._decoder = json.JSONDecoder()
        self._text = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._buffer = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Give the next character that is no white space; empty at the end."""
        while True:
            while self._at < len(self._buffer):
                if self._buffer[self._at] not in _SPACE:
                    return self._buffer[self._at]
                self._at += 1
            if self._ended:
                return ""
            self._fill()

    def members(self) -> Iterator[str]:
        """Give the keys of the object that begins here; the caller consumes each value before the next key."""
        self._take("{")
        while self.peek() != "}":
            key = self.value()
            if not isinstance(key, str):
                raise DamageError
            self._take(":")
            yield key
            self._separate("}")
        self._take("}")

    def elements(self) -> Iterator[object]:
        """Give the elements of the list that begins here."""
        self._take("[")
        while self.peek() != "]":
            yield self.value()
            self._separate("]")
        self._take("]")

    def value(self) -> object:
        """Consume one value, whole."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError:
                pass  # perhaps the rest is not read yet
            except (ValueError, RecursionError) as error:  # an integer of thousands of digits; thousands of brackets
                raise DamageError from error
            else:
                # `12` at the end of what is read may go on as `123`, and `1e` is read as 1 with a rest.
                if self._ended or self._buffer[end : end + 1] in _AFTER:
                    self._at = end
                    return value
            if self._ended or len(self._buffer) - self._at > MAX_LINE:
                raise DamageError
            self._fill()

    def end(self) -> None:
        """Consume the end of the document: nothing may follow."""
        if self.peek():
            raise DamageError

    def _take(self, character: str) -> None:
        if self.peek() != character:
            raise DamageError
        self._at += 1

    def _separate(self, end: str) -> None:
        if self.peek() == ",":
            self._at += 1
            if self.peek() != end:
                return
        elif self.peek() == end:
            return
        raise DamageError

    def _fill(self) -> None:
        # Growing by what is unread keeps the work for one large value linear: it is parsed anew after each fill.
        rest = self._buffer[self._at :]
        data = self._stream.read(max(_CHUNK, len(rest)))
        self._ended = not data
        self._buffer = rest + self._text.decode(data, final=self._ended)
        self._at = 0
