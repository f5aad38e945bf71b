"""Games read row by row: a table, understood, goes into the tally, and the first row that cannot be is named.

Small files are read so, and all that no database takes as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from action.errors import InputError
from action.fault import Faults
from action.files import show_name
from action.sources.games.cell import RowError
from action.sources.games.delimited import Delimited
from action.sources.games.forms import RowReader
from action.sources.games.layout import Layout, LayoutError, Request, find_layout, show_columns
from action.sources.games.table import Advance, Table
from action.sources.games.tally import Tally
from checks.run import Note, NoteKind


def understand(table: Table, request: Request) -> Layout:
    """Find out what the rows of a table are.

    Raises:
        InputError: no games are in it, or a column that the user names is not.
    """
    names = table.names()
    try:
        layout = find_layout(names, request, comma=table.comma)
    except LayoutError as error:
        raise InputError(f"{show_name(table.path)}: {error}") from error
    if layout is None:
        raise InputError(
            f"{show_name(table.path)}: expected games with a, b and score, with agents and scores, or with game, agent "
            f"and score, got {show_columns(names)}; say which column is which: --columns a=black,b=white,score=result"
        )
    return layout


def tell(path: Path, unit: str, place: int, what: object) -> InputError:
    """Make an error of what is wrong with one row, with its place in the file."""
    where = f":{place}" if unit == "line" else f": {unit} {place}"
    return InputError(f"{show_name(path)}{where}: {what}")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What reading one file came to, besides its games."""

    clustered: bool
    """Whether any row names its cluster."""
    notes: tuple[Note, ...]
    """What was odd or lost."""


def read_table(table: Table, request: Request, tally: Tally, advance: Advance) -> Reading:
    """Read the rows of a table into the tally.

    Raises:
        InputError: the table cannot be understood, or one of its rows.
    """
    faults = Faults()
    reader = RowReader(understand(table, request), tally, faults)
    read = reader.read
    place = 0
    try:
        for place, row in table.rows(faults, advance):
            read(place, row)
    except RowError as error:
        raise tell(table.path, table.unit, place, error) from error
    except RecursionError as error:  # showing a value that is nested as deep as can be parsed
        what = "expected names and numbers, got lists within lists within lists; write one value a field"
        raise tell(table.path, table.unit, place, what) from error
    reader.finish(request.cluster or "rollout")
    return tell_reading(table, faults, clustered=reader.clustered)


def tell_reading(table: Table, faults: Faults, *, clustered: bool) -> Reading:
    """Sum up what was odd or lost in a table."""
    name = show_name(table.path.name)
    notes = faults.notes(name, table.unit)
    if isinstance(table, Delimited) and not table.whole:
        text = f"{name}: the last line has no end, perhaps it was cut off"
        notes = (*notes, Note(kind=NoteKind.ODD, text=text))
    return Reading(clustered=clustered, notes=notes)
