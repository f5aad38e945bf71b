"""CSV and its kin as rows of games: a header, then one row a line, parted by comma, semicolon or tab.

Gives cells as text, and asks them nothing.
"""

from __future__ import annotations

import csv
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from action.errors import InputError
from action.fault import Faults
from action.files import has_suffix, open_input, show_name
from action.lines import Lines
from action.sources.games.table import GZIP, Advance, JsonLines, JsonList, Table, first_text
from checks.run import NoteKind

_DELIMITERS = ",;\t"
_NO_ROW: list[str] = []
_JSONL = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")


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


class Delimited:
    """A header, then one row a line, parted by comma, semicolon or tab."""

    unit = "line"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.delimiter = ","
        self._line = self._read = 0
        self.header = self._start(Faults())[0]
        self.header_line = self._line
        self.whole = _ends(path)
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


def _ends(path: Path) -> bool:
    """Tell whether the last line of a file has its end, as far as a look at its last byte tells."""
    with open_input(path) as stream:
        packed = stream.read(2) == GZIP
        stream.seek(-1, os.SEEK_END)
        return packed or stream.read(1) == b"\n"


def _columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0
