"""TensorBoard event files: the scalars of one run, which may have been restarted into several files.

Puts the events of one step into one row. Bytes are for `records.py` and `event.py`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from action.errors import InputError
from action.fault import Faults
from action.files import read_error, run_name, show_name
from action.recording import Recording
from action.sources.tensorboard.event import DamageError, Event, parse_event
from action.sources.tensorboard.records import checksum, read_records
from checks.run import Identity, Note, NoteKind, RunData, Selection

_MARK = ".tfevents."
_DEPTH = 2
"""How far below a directory event files are looked for: `logs/train`, `lightning_logs/version_0`."""
_DAMAGED = "the record is no event, left out"


def recognises(path: Path) -> bool:
    """Tell whether this is an event file, or a directory with some. Never raises."""
    try:
        return (_MARK in path.name and path.is_file()) or (path.is_dir() and bool(_folders(path)))
    except (OSError, ValueError):
        return False


def read(path: Path, selection: Selection) -> RunData:
    """Read one event file, or all of a directory as the fragments of one run, in the order of their time stamps.

    The values of one step stand in one row, unless a tag comes twice. Nothing is purged after a restart: steps that an
    earlier file holds too are noted as overlap. The files record no end, so the state is unknown.

    Raises:
        InputError: nothing readable, no scalar, or a directory whose sub-directories hold several runs.
    """
    try:
        files, notes = _choose(path)
    except OSError as error:
        raise read_error(path, error) from error
    fragments = _Fragments(selection)
    for file in files:
        notes.extend(fragments.read(file))
    faults = Faults()
    rows = len(fragments.recording)
    recorded = fragments.recording.finish(faults)
    if not rows:
        lost = "; ".join(note.text for note in notes)
        raise InputError(
            f"{show_name(path)}: expected TensorBoard event files with scalars, got none"
            f"{f' ({lost})' if lost else ''}; name the directory that the trainer's writer was given"
        )
    return RunData(
        ref=str(path),
        source="TensorBoard event files",
        identity=Identity(name=run_name(files[0].parent), started_at=fragments.started_at),
        rows=recorded.rows,
        series=recorded.series,
        catalog=recorded.catalog,
        notes=(*notes, *faults.notes(show_name(path.name), "row")),
    )


class _Fragments:
    """The event files of one run, one after the other."""

    def __init__(self, selection: Selection) -> None:
        self.recording = Recording(selection)
        self.started_at: str | None = None
        self._reached: dict[str, int] = {}

    def read(self, file: Path) -> tuple[Note, ...]:
        """Record one file; give what was odd or lost in it."""
        faults = Faults()
        row_of: dict[int, int] = {}
        reached: dict[str, int] = {}
        for number, step, cells in _blocks(self._events(file, faults)):
            row = row_of.get(step)
            if row is None or not self.recording.merge(row, cells, number):
                row_of[step] = len(self.recording)
                self.recording.add(step, cells, number)
            if step < 0:
                faults.add(NoteKind.ODD, "the step is negative", number)
            for tag in cells:
                reached[tag] = max(step, reached.get(tag, step))
                if step <= self._reached.get(tag, step - 1):
                    what = "an earlier event file of this run holds a value at or after this step"
                    faults.add(NoteKind.OVERLAP, what, number)
        for tag, step in reached.items():
            self._reached[tag] = max(step, self._reached.get(tag, step))
        return faults.notes(show_name(file.name), "record")

    def _events(self, file: Path, faults: Faults) -> Iterator[tuple[int, Event]]:
        for number, data, unverified in read_records(file, faults):
            try:
                event = parse_event(data)
            except DamageError:
                faults.add(NoteKind.LOST, _DAMAGED, number)
                continue
            if event.scalars and unverified is not None and checksum(data) != unverified:
                faults.add(NoteKind.LOST, _DAMAGED, number)
                continue
            self.started_at = self.started_at or _moment(event.wall_time)
            yield number, event


def _blocks(events: Iterator[tuple[int, Event]]) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Join neighbours of one step into (number of the first record, step, cells), until a tag comes again."""
    first = step = 0
    cells: dict[str, float] = {}
    for number, event in events:
        for tag, value in event.scalars:
            if cells and (event.step != step or tag in cells):
                yield first, step, cells
                cells = {}
            if not cells:
                first, step = number, event.step
            cells[tag] = value
    if cells:
        yield first, step, cells


def _moment(seconds: float) -> str | None:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if seconds > 0 else None
    except (OverflowError, OSError, ValueError):  # a time no calendar has
        return None


def _choose(path: Path) -> tuple[list[Path], list[Note]]:
    """Choose the files of one run, and note what lies beside them unread."""
    if not path.is_dir():
        others = len(_event_files(path.parent)) - 1 if path.exists() else 0
        text = f"{others} other event files in the directory of {show_name(path.name)} are not read"
        return [path], [Note(kind=NoteKind.ODD, text=text)] if others > 0 else []
    folders = _folders(path)
    if path not in folders and len(folders) > 1:
        names = ", ".join(show_name(folder.relative_to(path)) for folder in folders)
        raise InputError(
            f"{show_name(path)}: expected the event files of one run, got {len(folders)} directories: {names}; name one"
        )
    if not folders:
        raise InputError(f"{show_name(path)}: expected event files (*{_MARK}*), found none; name their directory")
    chosen = path if path in folders else next(iter(folders))
    beside = [show_name(folder.relative_to(path)) for folder in folders if folder != chosen]
    text = f"event files in directories below {show_name(path.name)} are not read: {', '.join(beside)}"
    notes = [Note(kind=NoteKind.ODD, text=text)] if beside else []
    written = [file for file in folders[chosen] if file.stat().st_size]
    if 0 < len(written) < len(folders[chosen]):  # a writer that is killed at once leaves such a file: nothing is in it
        notes.append(Note(kind=NoteKind.ODD, text=f"{len(folders[chosen]) - len(written)} event files of 0 bytes"))
    return written or folders[chosen], notes


def _folders(directory: Path, depth: int = _DEPTH) -> dict[Path, list[Path]]:
    """Find the directories, from this one down, that hold event files."""
    found = {directory: files} if (files := _event_files(directory)) else {}
    if depth:
        for child in sorted(entry.path for entry in os.scandir(directory) if entry.is_dir(follow_symlinks=False)):
            found |= _folders(Path(child), depth - 1)
    return found


def _event_files(directory: Path) -> list[Path]:
    """List event files by the second in their name, then by their other numbers: the order in which they were begun."""
    names = [entry.name for entry in os.scandir(directory) if _MARK in entry.name and entry.is_file()]
    return [directory / name for name in sorted(names, key=_order)]


def _order(name: str) -> tuple[Sequence[tuple[int, str]], str]:
    parts = re.findall(r"\d{1,18}|\D+", name.partition(_MARK)[2])
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name
