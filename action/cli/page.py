"""Lines, headings and tables on a terminal of any width. What they say comes from `terminal.py`.

Nothing that comes from data is obeyed: every text is one line of visible characters, and rich reads no markup in it.
rich is imported where it is used: `gatekeeper --help` does without.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from action.escape import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_GAP = 2
"""Blank columns between those of a table."""
_READABLE = 100
"""Sentences are not set wider than this: long lines are hard to read."""
_NARROWEST = 12
_TIE = "\ue000"
"""Stands for a blank at which no line may break; a no-break space would not do, rich breaks at any white space."""
_TIED = re.compile(r"(?<=\d) (?=%)|(?<=[<>=]) (?=[-\d])")


def open_console(stream: TextIO | None = None, *, width: int | None = None) -> Console:
    """Return a console that writes plain text to anything but a terminal, and obeys NO_COLOR, TERM and COLUMNS.

    `stream` None: the standard output. `width` in columns; None: that of the terminal, 80 without one.
    """
    from rich.console import Console  # noqa: PLC0415 - see the docstring of the module

    console = Console(file=stream, width=width, markup=False, highlight=False, emoji=False, legacy_windows=False)
    console.width = max(console.width, _NARROWEST)  # COLUMNS=0 would show nothing at all
    return console


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a table: its head and the text of each row."""

    head: str
    cells: tuple[str, ...]
    right: bool = False
    least: int | None = None
    """To how many columns of the terminal it may be squeezed, its texts wrapped; None: never wrapped."""
    styles: tuple[str, ...] = ()
    """One a cell; empty: none."""
    keep: bool = False
    """The cells are drawings of our own: blanks in them have a meaning."""


class Page:
    """A console that takes texts of any origin."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def line(self, *parts: tuple[str, str], indent: int = 0, hang: int = 0, gap: str = "  ") -> None:
        """Write parts (text, style) as one paragraph; the lines after the first stand `hang` columns further in.

        A style that holds `reverse` makes a badge: its text gets a blank on either side where there is colour.
        """
        from rich.text import Text  # noqa: PLC0415 - see the docstring of the module

        text = Text()
        for part, style in parts:
            shown = self._clean(part)
            if "reverse" in style and self._console.color_system and not self._console.no_color:
                shown = f" {shown} "
            text.append(gap if text else "").append(shown, style)
        width = max(min(self._console.width, _READABLE) - indent - hang, _NARROWEST)
        text.plain = _TIED.sub(_TIE, text.plain)
        for index, row in enumerate(text.wrap(self._console, width)):
            row.plain = row.plain.replace(_TIE, " ")
            self._write(Text(" " * (indent + (hang if index else 0))).append_text(row))

    def verbatim(self, text: str) -> None:
        """Write lines as they are, from the first column on and never broken: for what people copy."""
        from rich.text import Text  # noqa: PLC0415 - see the docstring of the module

        for line in text.splitlines():
            self._write(Text(" ".join(self._clean(word) for word in line.split(" "))))

    def pairs(self, pairs: Sequence[tuple[str, str]], *, indent: int) -> None:
        """Write pairs of name and text side by side, as many as fit a line; a pair is only parted if it has to be."""
        from rich.cells import cell_len  # noqa: PLC0415 - see the docstring of the module

        room = min(self._console.width, _READABLE) - indent
        parts: list[tuple[str, str]] = []
        used = 0
        for index, (name, text) in enumerate(pairs):
            ended = text + (";" if index + 1 < len(pairs) else "")
            needed = cell_len(self._clean(name)) + cell_len(self._clean(ended)) + 2
            if parts and used + needed - 1 > room:
                self.line(*parts, indent=indent, gap=" ")
                parts, used = [], 0
            parts += [(name, "dim"), (ended, "")]
            used += needed
        self.line(*parts, indent=indent, gap=" ")

    def blank(self) -> None:
        """Write an empty line."""
        self._console.print()

    def heading(self, text: str) -> None:
        """Write a heading after an empty line."""
        self.blank()
        self.line((text, "bold"))

    def fits(self, columns: Sequence[Column], *, squeezed: bool) -> bool:
        """Tell whether a table fits the width: as wide as its texts, or with its texts wrapped."""
        widths = self._widths(columns, self._cells(columns), squeezed=squeezed)
        return sum(widths) + _GAP * (len(widths) - 1) <= self._console.width

    def table(self, columns: Sequence[Column]) -> None:
        """Write a table, its texts wrapped if they have to be; ask `fits` first."""
        cells = self._cells(columns)
        widths = self._widths(columns, cells, squeezed=True)
        for index in range(len(columns[0].cells) + 1):
            styles = [_style(column, index) for column in columns]
            texts = [self._wrapped(cells[at][index], styles[at], width) for at, width in enumerate(widths)]
            for number in range(max(len(lines) for lines in texts)):
                self._write(_joined([lines[number : number + 1] for lines in texts], columns, widths))

    def _cells(self, columns: Sequence[Column]) -> list[list[str]]:
        return [
            [text if column.keep else self._clean(text) for text in (column.head, *column.cells)] for column in columns
        ]

    def _widths(self, columns: Sequence[Column], cells: Sequence[Sequence[str]], *, squeezed: bool) -> list[int]:
        """Return the width of each column; `squeezed`: the widest give way, until all fit or none can any more."""
        from rich.cells import cell_len  # noqa: PLC0415 - see the docstring of the module

        widths = [max(cell_len(text) for text in column) for column in cells]
        over = sum(widths) + _GAP * (len(widths) - 1) - self._console.width
        while squeezed and over > 0:
            slack = [
                (width, at)
                for at, (column, width) in enumerate(zip(columns, widths, strict=True))
                if column.least is not None and width > column.least
            ]
            if not slack:
                break
            widths[max(slack)[1]] -= 1
            over -= 1
        return widths

    def _wrapped(self, text: str, style: str, width: int) -> list[Text]:
        from rich.text import Text  # noqa: PLC0415 - see the docstring of the module

        return list(Text(text, style).wrap(self._console, width))

    def _write(self, text: Text) -> None:
        text.rstrip()
        self._console.print(text, soft_wrap=True)

    def _clean(self, text: str) -> str:
        return printable(text, self._console.encoding)


def _style(column: Column, index: int) -> str:
    if index == 0:
        return "dim"
    return column.styles[index - 1] if column.styles else ""


def _joined(lines: Sequence[Sequence[Text]], columns: Sequence[Column], widths: Sequence[int]) -> Text:
    from rich.text import Text  # noqa: PLC0415 - see the docstring of the module

    whole = Text()
    for at, (found, column, width) in enumerate(zip(lines, columns, widths, strict=True)):
        text = found[0] if found else Text()
        text.rstrip()
        blank = " " * (width - text.cell_len)
        whole.append(" " * _GAP if at else "").append(blank if column.right else "")
        whole.append_text(text).append("" if column.right else blank)
    return whole
