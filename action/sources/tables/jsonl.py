"""JSON Lines: one object a line, one row a step.

Knows nothing of the other tables.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from action.deadline import Deadline
from action.errors import InputError
from action.fault import Faults
from action.files import run_name, show_name
from action.lines import Lines
from action.recording import Recording
from action.row import BOOKKEEPING, HISTORY_STEP, STEP_NAMES, flatten, place_row, read_cells
from checks.run import Identity, NoteKind, RunData, Selection

_NO_OBJECT = "no JSON object, left out"


def read_jsonl(path: Path, selection: Selection, *, history: bool = False, deadline: Deadline | None = None) -> RunData:
    """Read a JSON Lines file; `history`: a part of W&B's own, whose step is `_step` and whose rows may be bare.

    The step stands under the first of `STEP_NAMES` that the first row with any of them holds; without one it is the
    row's number, from 1, and a note says so. Nested objects are flattened with dots.

    Raises:
        InputError: the file cannot be opened, or no line of it is a row.
        ServiceError: the deadline is over.
    """
    step_name = HISTORY_STEP if history else _find_step_name(path)
    faults = Faults()
    recording = Recording(selection, bookkeeping=BOOKKEEPING | ({step_name} if step_name else set()))
    lines = 0
    for lines, row in _objects(path, faults):
        if deadline is not None and not deadline.left:
            raise deadline.missed("W&B")
        step = len(recording) + 1 if step_name is None else _place(row.get(step_name), lines, faults)
        if step is None:
            continue
        cells = read_cells(_logged(row) if history else _unwrap(row, step_name), step_name, lines, faults)
        if history:  # what is no number is no metric there, also where the same name holds one elsewhere
            cells = {name: value for name, value in cells.items() if value is not None}
        recording.add(step, cells, lines)
    if not len(recording):
        raise InputError(
            f"{show_name(path)}: expected one JSON object a line with a whole-number step, got "
            f'{"none" if lines == 0 else "no usable step"}; write rows as {{"step": 1, "kl": 0.02}}'
        )
    if step_name is None:
        faults.add(NoteKind.ODD, f"no step ({', '.join(STEP_NAMES)}), rows are numbered from 1", 1, len(recording))
    recorded = recording.finish(faults)
    if not recorded.catalog and not history:
        raise InputError(f"{show_name(path)}: expected rows with numbers, got none; is it a table of a run?")
    return RunData(
        ref=str(path),
        source="JSONL table",
        identity=Identity(name=run_name(path)),
        rows=recorded.rows,
        series=recorded.series,
        catalog=recorded.catalog,
        notes=faults.notes(show_name(path.name), "line"),
    )


def _objects(path: Path, faults: Faults) -> Iterator[tuple[int, Mapping[str, object]]]:
    for number, text in Lines(path, faults):
        if not text or text.isspace():
            continue
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):  # also an integer of more than 4,300 digits, and thousands of brackets
            row = None
        if isinstance(row, dict):
            yield number, row
        else:
            faults.add(NoteKind.LOST, _NO_OBJECT, number)


def _find_step_name(path: Path) -> str | None:
    """Look for the step in a pass of its own, which ends with the first row that has one: nearly always the first."""
    for _number, row in _objects(path, Faults()):
        for name in STEP_NAMES:
            if name in row:
                return name
    return None


def _place(raw: object, line: int, faults: Faults) -> int | None:
    if isinstance(raw, str):
        faults.add(NoteKind.ODD, "the step is text", line)
    return place_row(raw, line, faults)


def _unwrap(row: Mapping[str, object], step_name: str | None) -> Mapping[str, object]:
    """Take the metrics out of `{"step": 3, "data": {…}}`, the form of verl's file logger."""
    data = row.get("data")
    if step_name is not None and len(row) == 2 and isinstance(data, dict):
        return data
    return row


def _logged(row: Mapping[str, object]) -> Mapping[str, object]:
    """Leave out what W&B adds to a row, and media and tables (objects with a `_type`): their numbers are no metrics."""
    flat = dict(flatten(row))
    media = tuple(
        name.removesuffix("_type") for name, value in flat.items() if name.endswith("._type") and isinstance(value, str)
    )
    return {
        name: value
        for name, value in flat.items()
        if name.partition(".")[0] not in BOOKKEEPING and not name.startswith(media)
    }
