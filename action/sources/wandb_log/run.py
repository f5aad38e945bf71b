"""One `.wandb` file, read from its first byte to its last: what the run is, how it ended, what its history holds.

Other files of the same run, and how runs are found, may not enter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from action.errors import InputError
from action.files import show_name
from action.sources.wandb_log.framing import Losses, payloads, read_header
from action.sources.wandb_log.naming import label
from action.sources.wandb_log.record import ConfigChange, Environment, Exit, RunHead, parse_record
from action.sources.wandb_log.table import Table
from action.sources.wandb_log.wire import WireError
from checks.run import Note, NoteKind, Rows, Scalar, Selection, Series

_START = re.compile(rb"(?:\x08[\x80-\xff]{0,9}[\x00-\x7f])?(?:\x12|(\x1a))", re.DOTALL)
"""A record's number, then the tag of a history record or, in a group, of a summary record."""
_HEAD_WITHIN = 64
"""The run record is the second of a file; a listing looks no further than this many records."""


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """What one file holds of a run."""

    path: Path
    head: RunHead
    """Its id is the file name's where the file holds no run record."""
    config: dict[str, Scalar]
    exit: Exit | None
    rows: Rows
    series: dict[str, Series]
    counts: dict[str, int]
    notes: tuple[Note, ...]


def read_file(path: Path, selection: Selection) -> Fragment:
    """Read one file to its end, or as far as it can be read.

    Raises:
        InputError: The file cannot be opened, is empty, or does not begin as a W&B run file.
    """
    losses, table, facts = Losses(), Table(selection), _Facts()
    with _opened(path) as stream:
        for payload in payloads(stream, losses):
            start = _START.match(payload)
            if start is None:
                facts.take(payload)
            elif start.lastindex is None:  # else a summary, as two thirds of the records are: history says it all
                table.add(payload, start.end())
    rows = table.take_rows()
    head = facts.head
    if head.id is None and path.stem.startswith("run-"):
        head = replace(head, id=id_of_name(path))
    return Fragment(
        path=path,
        head=head,
        config=facts.config,
        exit=facts.exit,
        rows=rows,
        series=table.take_series(),
        counts=table.counts,
        notes=(*losses.notes(label(path)), *_notes(label(path), facts, table, rows.steps.size)),
    )


def read_head(path: Path) -> RunHead:
    """Read only which run the file belongs to.

    Raises:
        InputError: As for `read_file`.
    """
    facts = _Facts()
    with _opened(path) as stream:
        for _, payload in zip(range(_HEAD_WITHIN), payloads(stream, Losses()), strict=False):
            facts.take(payload)
            if facts.head.id:
                return facts.head
    return replace(facts.head, id=id_of_name(path))


def id_of_name(path: Path) -> str:
    """Read the run's id from the name that the SDK gives its file: `run-ID.wandb`."""
    return path.stem.removeprefix("run-")


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            read_header(stream, path)
            yield stream
    except OSError as error:
        raise InputError(f"{show_name(path)}: expected a readable W&B run file, got: {error.strerror}") from error


class _Facts:
    """What the records other than history say, the later over the earlier."""

    def __init__(self) -> None:
        self.head = RunHead()
        self.config: dict[str, Scalar] = {}
        self.exit: Exit | None = None
        self.malformed = 0
        self.other_ids: list[str] = []

    def take(self, payload: bytes) -> None:
        """Read one record and remember what it says."""
        try:
            record = parse_record(payload)
        except WireError:
            self.malformed += 1
            return
        if isinstance(record, RunHead):
            self._take_head(record)
        elif isinstance(record, ConfigChange):
            self._change(record)
        elif isinstance(record, Environment):
            self.head = replace(self.head, commit=self.head.commit or record.commit)
        elif isinstance(record, Exit):
            self.exit = record

    def _take_head(self, new: RunHead) -> None:
        old = self.head
        if old.id and new.id and new.id != old.id:
            self.other_ids.append(new.id)
            return
        self.head = RunHead(
            id=new.id or old.id,
            name=new.name or old.name,
            project=new.project or old.project,
            commit=new.commit or old.commit,
            started=new.started if old.started is None else old.started,
            fork=new.fork or old.fork,
            notes=new.notes or old.notes,
        )
        self._change(new.config)

    def _change(self, change: ConfigChange) -> None:
        for name in change.remove:
            for known in [known for known in self.config if known == name or known.startswith(f"{name}.")]:
                del self.config[known]
        self.config.update((name, value) for name, value in change.update if not name.startswith("_wandb."))


def _notes(name: str, facts: _Facts, table: Table, rows: int) -> Iterator[Note]:
    malformed = facts.malformed + table.malformed
    lost = [
        (malformed, "records are no valid messages and were skipped"),
        (table.faults, "values of the history are no valid JSON and were skipped"),
    ]
    for count, what in lost:
        if count:
            text = f"{name}: {count:,} {what}, so the data are incomplete"
            yield Note(kind=NoteKind.LOST, text=text)
    if facts.other_ids:
        text = f"{name}: names a second run ({facts.other_ids[0]}) beside {facts.head.id}; whose rows are whose is lost"
        yield Note(kind=NoteKind.LOST, text=text)
    for what in _oddities(facts, table, rows):
        yield Note(kind=NoteKind.ODD, text=f"{name}: {what}")


def _oddities(facts: _Facts, table: Table, rows: int) -> Iterator[str]:
    head = facts.head
    if table.stepless:
        yield f"{table.stepless:,} history rows do not say their step; each was given the step after the row before it"
    if not rows:
        yield "the file holds no history rows: the run logged nothing, or nothing that was saved"
    if head.id is None:
        yield "the file holds no run record, so the run's name, configuration and start are unknown"
    if head.fork:
        yield f"the run is a fork of {head.fork}; the history of its parent is not in the file"
    if facts.exit is not None and facts.exit.goes_on:
        yield f"this process ended with exit code {facts.exit.code}, but says that the run goes on elsewhere"
