"""Trainer logs: the JSON of Hugging Face trainers (TRL, Unsloth, swift), with every logged row in `log_history`.

Also a bare list of such rows. The file records no end, so the state of such a run is unknown.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from action.elements import DamageError, Document
from action.errors import InputError
from action.fault import Faults
from action.files import has_suffix, look, open_input, read_error, run_name, show_name
from action.recording import Recording
from action.row import BOOKKEEPING, place_row, read_cells
from checks.run import Identity, Note, NoteKind, RunData, Scalar, Selection

_FILE = "trainer_state.json"
_CHECKPOINT = re.compile(r"checkpoint-(\d{1,18})")
_OWN = -1
_LOOK = 2**16
_HISTORY = "log_history"
_EVERY_ROW = frozenset({"epoch", "num_input_tokens_seen"})
"""What the trainer adds to training and evaluation rows alike: it does not make two rows of one step duplicates."""


def recognises(path: Path) -> bool:
    """Tell whether this looks like a trainer log, or a directory that holds one. Never raises."""
    if has_suffix(path, ".json"):
        start = look(path, _LOOK).removeprefix(b"\xef\xbb\xbf").lstrip()
        if start.startswith(b"["):
            return start[1:].lstrip().startswith(b"{")
        return start.startswith(b"{") and f'"{_HISTORY}"'.encode() in start
    try:
        return path.is_dir() and bool(_runs(path))
    except (OSError, ValueError):
        return False


def read(path: Path, selection: Selection) -> RunData:
    """Read a trainer log, or the newest one of an output directory.

    Rows keep the order of the file; training and evaluation rows of one step stay rows of their own. `null` is NaN.

    Raises:
        InputError: nothing readable, no `log_history`, no row with a step, or a directory with logs of several runs.
    """
    notes: tuple[Note, ...] = ()
    file = path
    try:
        if path.is_dir():
            file, notes = _choose(path)
    except OSError as error:
        raise read_error(path, error) from error
    faults = Faults()
    recording = Recording(selection, bookkeeping=BOOKKEEPING | {"step"}, uncounted=_EVERY_ROW)
    top = _read_file(file, recording, faults)
    rows = len(recording)
    recorded = recording.finish(faults)
    if not rows:
        raise InputError(
            f"{show_name(file)}: expected `{_HISTORY}` or a list with rows that have a step, got none; "
            "was anything logged before the trainer saved its state?"
        )
    planned = top.get("max_steps")
    return RunData(
        ref=str(path),
        source="trainer log",
        identity=Identity(name=run_name(file)),
        planned_steps=planned if type(planned) is int and planned > 0 else None,
        config=top,
        rows=recorded.rows,
        series=recorded.series,
        catalog=recorded.catalog,
        notes=notes + faults.notes(show_name(file.name), "row"),
    )


def _read_file(file: Path, recording: Recording, faults: Faults) -> dict[str, Scalar]:
    """Record the rows of one file; give the scalars that stand beside them."""
    top: dict[str, Scalar] = {}
    row = 0
    try:
        with open_input(file) as stream:
            document = Document(stream)
            for row, logged in enumerate(_rows(document, top), start=1):
                if not isinstance(logged, dict):
                    faults.add(NoteKind.LOST, "no JSON object, left out", row)
                    continue
                step = place_row(logged.get("step"), row, faults)
                if step is not None:
                    recording.add(step, read_cells(logged, "step", row, faults), row)
    except OSError as error:
        raise read_error(file, error) from error
    except DamageError as error:
        if not len(recording):
            raise InputError(
                f"{show_name(file)}: expected a trainer log in JSON, got something else or a damaged file; "
                "name the trainer_state.json of the last checkpoint"
            ) from error
        faults.add(NoteKind.LOST, "the JSON is damaged or cut off, all that follows is lost", row + 1)
    return top


def _rows(document: Document, top: dict[str, Scalar]) -> Iterator[object]:
    if document.peek() == "[":
        yield from document.elements()
    else:
        for key in document.members():
            if key == _HISTORY and document.peek() == "[":
                yield from document.elements()
                continue
            value = document.value()
            if value is None or isinstance(value, str | int | float):
                top[key] = value
    document.end()


def _choose(directory: Path) -> tuple[Path, tuple[Note, ...]]:
    """Choose the log of a directory's one run: every checkpoint repeats the whole history, so the newest holds all."""
    runs = _runs(directory)
    if len(runs) > 1:
        names = ", ".join(show_name(run.name) for run in runs)
        raise InputError(
            f"{show_name(directory)}: expected the trainer log of one run, got {len(runs)}: {names}; name one"
        )
    if not runs:
        raise InputError(f"{show_name(directory)}: expected a {_FILE}, found none; name the trainer's output directory")
    [logs] = runs.values()
    chosen, notes = _newest(logs)
    _hold_together(directory, chosen, [file for file in logs.values() if file != chosen])
    return chosen, notes


def _newest(logs: dict[int, Path]) -> tuple[Path, tuple[Note, ...]]:
    own, checkpoints = logs.get(_OWN), [step for step in logs if step != _OWN]
    newest = max(checkpoints, default=_OWN)
    if own is None or (checkpoints and _last_step(own) < newest):
        text = f"{_FILE} of the output directory is older than checkpoint-{newest}, whose log is read"
        return logs[newest], () if own is None else (Note(kind=NoteKind.ODD, text=text),)
    return own, ()


def _hold_together(directory: Path, chosen: Path, others: list[Path]) -> None:
    """Refuse logs of several runs: the highest number may be what an older run left behind.

    Each log of a run begins as the others do, and only ends earlier.
    """
    whole = _history(chosen) if others else []
    for other in others:
        part = _history(other)
        if part != whole[: len(part)]:
            pair = f"{show_name(other.relative_to(directory))} and {show_name(chosen.relative_to(directory))}"
            raise InputError(
                f"{show_name(directory)}: expected checkpoints of one run, got {pair}, whose histories differ; "
                "name one of the files"
            )


def _history(file: Path) -> list[int]:
    """Give a number for each row of a log, equal for equal rows; of a damaged log, for the rows before the damage."""
    rows: list[int] = []
    try:
        with open_input(file) as stream:
            rows.extend(zlib.crc32(json.dumps(row, sort_keys=True).encode()) for row in _rows(Document(stream), {}))
    except OSError as error:
        raise read_error(file, error) from error
    except DamageError:
        pass  # told where the log itself is read
    return rows


def _runs(directory: Path) -> dict[Path, dict[int, Path]]:
    """Find the logs of this output directory; where it has none, those of the directories in it."""
    if logs := _logs(directory):
        return {directory: logs}
    folders = sorted(child for child in directory.iterdir() if child.is_dir())
    return {folder: logs for folder in folders if (logs := _logs(folder))}


def _logs(directory: Path) -> dict[int, Path]:
    """Find the logs of one output directory: step of the checkpoint → file, the directory's own under `_OWN`."""
    logs = {_OWN: directory / _FILE} if (directory / _FILE).is_file() else {}
    for file in directory.glob(f"checkpoint-*/{_FILE}"):
        if step := _CHECKPOINT.fullmatch(file.parent.name):
            logs[int(step[1])] = file
    return logs


def _last_step(file: Path) -> int:
    recording = Recording(Selection(), bookkeeping=BOOKKEEPING | {"step"})
    _read_file(file, recording, faults := Faults())
    steps = recording.finish(faults).rows.steps
    return int(steps.max()) if steps.size else -1
