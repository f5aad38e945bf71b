"""Files of games as rows, one after the other; those of JSON Lines and of a JSON list.

Gives rows as they are written, and asks them nothing. Streaming: one row is held.
"""

from __future__ import annotations

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from action.elements import DamageError, Document
from action.fault import Faults
from action.files import look, open_input, read_error
from action.lines import Lines
from checks.run import NoteKind

LOOK = 2**16
GZIP = b"\x1f\x8b"
_PEEKED = 100
"""Objects whose keys together stand for the columns of a JSON file."""
NO_OBJECT = "no JSON object, left out"

Advance = Callable[[int], None]
"""Called with the number of characters read since the last call."""


class Table(Protocol):
    """A file of rows."""

    path: Path

    @property
    def unit(self) -> str:
        """What its places count: line, row, element."""
        ...

    @property
    def comma(self) -> bool:
        """Whether numbers may have a decimal comma."""
        ...

    def names(self) -> list[str]:
        """Give the names of the columns, as far as a look at the start tells."""
        ...

    def rows(self, faults: Faults, advance: Advance, /) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Give the rows with their places, from 1."""
        ...


def first_text(path: Path) -> str:
    """Give the start of a text file without a mark and white space; empty where it cannot be read. Never raises."""
    start = look(path, LOOK)
    if start.startswith(GZIP):
        try:
            start = zlib.decompressobj(wbits=31).decompress(start, LOOK)
        except zlib.error:
            return ""
    return start.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").lstrip()


def load(text: str) -> dict[str, object] | None:
    """Read a JSON object; None where the text is none."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):  # also an integer of more than 4,300 digits, and thousands of brackets
        return None
    return row if isinstance(row, dict) else None


def union(rows: Iterator[tuple[int, Mapping[str, object]]]) -> list[str]:
    """Give the keys of the first rows, in the order they come."""
    return list(dict.fromkeys(itertools.chain.from_iterable(row for _place, row in itertools.islice(rows, _PEEKED))))


class JsonLines:
    """One object a line."""

    unit, comma = "line", True

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Give the keys of the first objects."""
        return union(self.rows(Faults(), lambda _size: None))

    def rows(self, faults: Faults, advance: Advance, /) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Give the objects; lines that are none are lost, and counted."""
        for number, text in Lines(self.path, faults):
            advance(len(text) + 1)
            if not text or text.isspace():
                continue
            row = load(text)
            if row is not None:
                yield number, row
            else:
                faults.add(NoteKind.LOST, NO_OBJECT, number)


class JsonList:
    """One list of objects."""

    unit, comma = "element", True

    def __init__(self, path: Path) -> None:
        self.path = path

    def names(self) -> list[str]:
        """Give the keys of the first objects."""
        return union(self.rows(Faults(), lambda _size: None))

    def rows(self, faults: Faults, advance: Advance, /) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Give the objects; elements that are none are lost, and counted, and so is all that follows damage."""
        number = 0
        try:
            with open_input(self.path) as raw:
                packed = raw.read(2) == GZIP
                raw.seek(0)
                document = Document(cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if packed else raw)
                read = 0
                for number, row in enumerate(document.elements(), start=1):
                    advance(raw.tell() - read)
                    read = raw.tell()
                    if isinstance(row, dict):
                        yield number, row
                    else:
                        faults.add(NoteKind.LOST, NO_OBJECT, number)
                document.end()
        except (DamageError, EOFError, zlib.error, gzip.BadGzipFile):
            faults.add(NoteKind.LOST, "the JSON is damaged or cut off, all that follows is lost", number + 1)
        except OSError as error:
            raise read_error(self.path, error) from error
