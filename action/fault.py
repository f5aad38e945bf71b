"""Faults: what was odd or lost while reading, counted by reason, so that a report gets one note a reason.

No format, no source and no rule may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.run import Note, NoteKind


@dataclass(slots=True)
class _Fault:
    kind: NoteKind
    first: int
    count: int = 0


class Faults:
    """What was odd or lost, counted by reason: one note a reason, however many places."""

    def __init__(self) -> None:
        self._faults: dict[str, _Fault] = {}

    def add(self, kind: NoteKind, what: str, place: int, count: int = 1) -> None:
        """Count a fault at a line or row, 1-based; `what` names the reason and what became of it."""
        fault = self._faults.setdefault(what, _Fault(kind, place))
        fault.count += count

    def notes(self, where: str, unit: str) -> tuple[Note, ...]:
        """Say each reason once, in the order they were met, with how often and where first.

        >>> faults = Faults()
        >>> faults.add(NoteKind.LOST, "no JSON object, left out", 7)
        >>> faults.add(NoteKind.LOST, "no JSON object, left out", 9)
        >>> [note.text for note in faults.notes("a.jsonl", "line")]
        ['a.jsonl: no JSON object, left out: 2 lines, the first is line 7']
        """
        return tuple(
            Note(
                kind=fault.kind,
                text=f"{where}: {what}: "
                + (
                    f"{unit} {fault.first}"
                    if fault.count == 1
                    else f"{fault.count} {unit}s, the first is {unit} {fault.first}"
                ),
            )
            for what, fault in self._faults.items()
        )
