"""Text files of games as rows, one after the other: JSON Lines, a JSON list, or CSV and its kin.

Gives rows as they are written, and asks them nothing. Streaming: one row is held.
"""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from action.elements import DamageError, Document
from action.errors import InputError
from action.fault import Faults
from action.files import has_suffix, look, open_input, read_error, show_name
from action.lines import Lines
from checks.run import NoteKind

LOOK = 2**16
GZIP = b"\x1f\x8b"
_PEEKED = 100
"""Objects whose keys together stand for the columns of a JSON file."""
_DELIMITERS = ",;\t"
NO_OBJECT = "no JSON object, left out"
_NO_ROW: list[str] = []
_JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

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


def open_table(path: Path) -> Table:
    """Choose how to read a text file: by its first character, since names do not bind anybody; in doubt by its name.

    Raises:
        InputError: the file cannot be opened, is empty or UTF-16, or has a column twice.
    """
    open_input(path).close()
    start = first_text(path)
    if start.startswith("["):
        return JsonList(path)
    return JsonLines(path) if start.startswith("{") or has_suffix(path, *_JSONL) else Delimited(path)


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


class Delimited:
    """A header, then one row a line, parted by comma, semicolon or tab."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.delimiter = ","
        self._line = self._read = 0
        self.header = self._start(Faults())[0]
        self.header_line = self._line
        named = [name for name in self.header if name]
        twice = [name for name, count in Counter(named).items() if count > 1]
        if twice:
            raise InputError(
                f"{show_name(path)}:{self.header_line}: expected every column once, got {show_name(twice[0])} several "
                "times; rename one"
            )

    @property
    def comma(self) -> bool:
        """Whether the comma is free to be a decimal one."""
        return self.delimiter != ","

    def names(self) -> list[str]:
        """Give the header."""
        return [name for name in self.header if name]

    def _start(self, faults: Faults) -> tuple[list[str], Iterator[list[str]]]:
        texts = self._texts(faults)
        first = next((text for text in texts if text.strip()), "")
        self.delimiter = max(_DELIMITERS, key=lambda candidate: _columns(first, candidate))
        reader = csv.reader(itertools.chain([first], texts), delimiter=self.delimiter, strict=True)
        try:
            return [name.strip() for name in next(reader, [])], reader
        except csv.Error:
            return [], reader

    def _texts(self, faults: Faults) -> Iterator[str]:
        lines = Lines(self.path, faults)
        for self._line, text in lines:
            self._read += len(text) + 1
            yield f"{text}\n"

    def rows(self, faults: Faults, advance: Advance, /) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Give the rows, placed where they begin; those that do not fit the header are lost, and counted."""
        header, reader = self._start(faults)
        width = len(header)
        while True:
            before = self._line
            self._read = 0
            try:
                cells = next(reader, None)
            except csv.Error:  # an open quotation mark, which swallows lines, or a field of over 131,072 characters
                cells = _NO_ROW
            if cells is None:
                return
            advance(self._read)
            if len(cells) == width or (len(cells) > width and not any(cells[width:])):
                if any(map(str.strip, cells)):
                    yield before + 1, dict(zip(header, cells, strict=False))
            elif cells is _NO_ROW or any(map(str.strip, cells)):
                what = "the row does not fit the header, left out"
                faults.add(NoteKind.LOST, what, before + 1, self._line - before)


def _columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0
