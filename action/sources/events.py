"""Log events from files: what a service such as Axiom would hold, as JSON Lines or a JSON list.

Gives events one after the other and asks them nothing; the log questions stand in `checks/`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from action.elements import DamageError, Document
from action.errors import InputError
from action.fault import Faults
from action.files import look, open_input, read_error, show_name
from action.lines import Lines
from checks.run import Note, NoteKind

_LOOK = 4096
_NO_OBJECT = "no JSON object, left out"


class EventFiles:
    """The events of several files, in the order of the files and of their lines; may be iterated again.

    `notes` is complete after an iteration, and starts anew with the next. A file named twice is read once.

    Raises while iterating, before the first event where it can be known by then:
        InputError: a file cannot be opened, is empty, or holds no event at all.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self._notes: list[Note] = []

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was odd or lost in the iteration so far."""
        return tuple(self._notes)

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        self._notes = []
        for path in self._distinct():
            faults = Faults()
            read = _read_list if _is_list(path) else _read_lines
            empty = True
            for event in read(path, faults):
                empty = False
                yield event
            unit = "event" if read is _read_list else "line"
            if empty:
                raise InputError(
                    f"{show_name(path)}: expected events, one JSON object a line or a JSON list of objects, got none; "
                    'write lines as {"event": "rollout_complete", "duration_s": 41.5}'
                )
            self._notes.extend(faults.notes(show_name(path.name), unit))

    def _distinct(self) -> list[Path]:
        seen: dict[tuple[int, int], Path] = {}
        for path in self._paths:
            with open_input(path) as stream:
                about = os.fstat(stream.fileno())
            key = (about.st_dev, about.st_ino)
            if key in seen:
                text = f"{show_name(path.name)}: this file of events is named twice, read once"
                self._notes.append(Note(kind=NoteKind.ODD, text=text))
            seen.setdefault(key, path)
        return list(seen.values())


def _is_list(path: Path) -> bool:
    """Tell a JSON list from lines by its first character: the file's name does not bind anybody."""
    return look(path, _LOOK).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _read_lines(path: Path, faults: Faults) -> Iterator[Mapping[str, object]]:
    for number, text in Lines(path, faults):
        if not text or text.isspace():
            continue
        try:
            event = json.loads(text)
        except (ValueError, RecursionError):  # also an integer of more than 4,300 digits, and thousands of brackets
            event = None
        if isinstance(event, dict):
            yield event
        else:
            faults.add(NoteKind.LOST, _NO_OBJECT, number)


def _read_list(path: Path, faults: Faults) -> Iterator[Mapping[str, object]]:
    number = 0
    try:
        with open_input(path) as stream:
            document = Document(stream)
            for number, event in enumerate(document.elements(), start=1):
                if isinstance(event, dict):
                    yield event
                else:
                    faults.add(NoteKind.LOST, _NO_OBJECT, number)
            document.end()
    except OSError as error:
        raise read_error(path, error) from error
    except DamageError:
        faults.add(NoteKind.LOST, "the JSON is damaged or cut off, all that follows is lost", number + 1)
