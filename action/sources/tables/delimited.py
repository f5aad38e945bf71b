"""CSV and its kin: a header, then one row a step, parted by comma, semicolon or tab.

Everything in such a file is text, so text that spells a number is one here. Knows nothing of the other tables.
"""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from action.errors import InputError
from action.fault import Faults
from action.files import run_name, show_name
from action.lines import Lines
from action.recording import Recording
from action.row import BOOKKEEPING, STEP_NAMES, place_row
from checks.number import parse_number
from checks.run import Identity, NoteKind, RunData, Selection

_DELIMITERS = ",;\t"
_MISSING = frozenset({"none", "null", "na", "n/a", "<na>", "#n/a"})
"""What writers put where there is a cell but no value; NaN, as `null` is. An empty cell was not measured."""
_NO_ROW: list[str] = []
_TRUTH = {"true": 1.0, "false": 0.0}


def read_csv(path: Path, selection: Selection) -> RunData:
    """Read a delimited file; the delimiter is the one that parts the header into most columns.

    Numbers may have a decimal comma where the delimiter is not the comma. An empty cell is absent. A row with another
    number of cells than the header is left out whole, since nobody knows which cells moved. Columns without a name are
    left out. The step stands in the first of `STEP_NAMES` that is a column; without one it is the row's number, from 1.

    Raises:
        InputError: the file cannot be opened, has no header or one with a name twice, or no usable row.
    """
    faults = Faults()
    lines = Lines(path, faults)
    table = _Table(path, lines, faults)
    step_name = next((name for name in STEP_NAMES if name in table.header), None)
    recording = Recording(selection, bookkeeping=BOOKKEEPING | ({step_name} if step_name else set()))
    for line, row in table:
        step = len(recording) + 1 if step_name is None else place_row(row.pop(step_name, None), line, faults)
        if step is not None:
            recording.add(step, {name: table.number(cell, line) for name, cell in row.items()}, line)
    if not len(recording):
        raise InputError(
            f"{show_name(path)}: expected a header and rows with a whole-number step, got no usable row; "
            "write a table as `step,kl` with one row a step"
        )
    if step_name is None:
        faults.add(NoteKind.ODD, f"no step ({', '.join(STEP_NAMES)}), rows are numbered from 1", 2, len(recording))
    if not lines.whole:
        faults.add(NoteKind.ODD, "the last line has no end, perhaps it was cut off", table.line)
    recorded = recording.finish(faults)
    if not recorded.catalog:
        raise InputError(
            f"{show_name(path)}: expected at least one column of numbers, got text; is it a table of a run?"
        )
    return RunData(
        ref=str(path),
        source="CSV table",
        identity=Identity(name=run_name(path)),
        rows=recorded.rows,
        series=recorded.series,
        catalog=recorded.catalog,
        notes=faults.notes(show_name(path.name), "line"),
    )


class _Table:
    """The rows of a delimited file, as (line where the row ends, name → cell), empty cells left out."""

    def __init__(self, path: Path, lines: Lines, faults: Faults) -> None:
        self._faults = faults
        self.line = 0
        texts = self._count(lines)
        first = next((text for text in texts if text.strip()), "")
        delimiter = max(_DELIMITERS, key=lambda candidate: _columns(first, candidate))
        self._comma = delimiter != ","
        self._reader = csv.reader(itertools.chain([first], texts), delimiter=delimiter, strict=True)
        try:
            self.header = [name.strip() for name in next(self._reader, [])]
        except csv.Error:
            self.header = []
        self._check(path)

    def _count(self, lines: Lines) -> Iterator[str]:
        for self.line, text in lines:
            yield f"{text}\n"

    def _check(self, path: Path) -> None:
        named = [name for name in self.header if name]
        if not named or all(parse_cell(name, comma=self._comma) is not None for name in named):
            raise InputError(
                f"{show_name(path)}:1: expected a header with the names of the columns, got "
                f"{'numbers' if named else 'none'}; write a first line as `step,kl,reward`"
            )
        twice = [name for name, count in Counter(named).items() if count > 1]
        if twice:
            raise InputError(
                f"{show_name(path)}:1: expected every column once, got {show_name(twice[0])} several times; rename one"
            )
        if len(named) < len(self.header):
            self._faults.add(NoteKind.ODD, "a column without a name, left out", 1)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        width = len(self.header)
        while True:
            before = self.line
            try:
                cells = next(self._reader, None)
            except csv.Error:  # an open quotation mark, which swallows lines, or a field of over 131,072 characters
                cells = _NO_ROW
            if cells is None:
                return
            if cells is not _NO_ROW and not any(map(str.strip, cells)):
                continue
            if not self._fits(cells, width):
                what = "the row does not fit the header, left out"
                self._faults.add(NoteKind.LOST, what, before + 1, self.line - before)
                continue
            row = zip(self.header, cells, strict=False)  # what is longer than the header is empty
            yield self.line, {name: cell for name, cell in row if name and cell.strip()}

    def _fits(self, cells: Sequence[str], width: int) -> bool:
        """Tell whether each cell has its column; some writers end every row with a delimiter."""
        return len(cells) == width or (len(cells) > width and not any(cells[width:]))

    def number(self, cell: str, line: int) -> float | None:
        """Read a cell; None where it spells no number."""
        value = parse_cell(cell, comma=False)
        if value is None and self._comma:
            value = parse_cell(cell, comma=True)
            if value is not None:
                self._faults.add(NoteKind.ODD, "a number with a decimal comma", line)
        return value


def _columns(line: str, delimiter: str) -> int:
    try:
        return len(next(csv.reader([line], delimiter=delimiter), []))
    except csv.Error:
        return 0


def parse_cell(cell: str, *, comma: bool) -> float | None:
    """Read a cell as a number; None where it spells none.

    >>> [parse_cell(c, comma=False) for c in ("0.5", " 1e-3 ", "inf", "None", "True", "1,5", "1_0", "5 %")]
    [0.5, 0.001, inf, nan, 1.0, None, None, None]
    >>> parse_cell("1,5", comma=True), parse_cell("1.000,5", comma=True)
    (1.5, None)
    """
    if comma and cell.count(",") == 1 and "." not in cell:
        cell = cell.replace(",", ".")
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        word = cell.strip().lower()
        return parse_number(None) if word in _MISSING else _TRUTH.get(word)
