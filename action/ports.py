"""What the pipeline needs of the outside world, as Protocols and values. No adapter and no judgement may enter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from action.approval import Found
from action.deadline import Deadline
from checks.context import Holder
from checks.questions.reader import Fields
from checks.questions.tally import Ask
from checks.run import Asked, Checkpoint, GameRecord, Identity, LogTable, Note, RunData, Selection
from checks.waiver import Waiver


class RunSource(Protocol):
    """Reads runs of one format."""

    def recognises(self, path: Path, /) -> bool:
        """Tell by a cheap look whether a path is of this format; never raises."""
        ...

    def read(self, path: Path, selection: Selection, /) -> RunData:
        """Read a run; InputError for what cannot be read at all."""
        ...


class EventFiles(Protocol):
    """Events of log files; `notes` is complete after an iteration."""

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was odd or lost."""
        ...

    def __iter__(self) -> Iterator[Mapping[str, object]]:
        """Give the events one after the other."""
        ...


@dataclass(frozen=True, kw_only=True)
class GamesReading:
    """How games are to be read."""

    columns: str | None = None
    """Which column is which, as `a=black,b=white`; None: they are called as ours."""
    cluster: str | None = None
    """The field that makes one observation; None: the rollout, else the game."""


@dataclass(frozen=True, kw_only=True)
class LogRequest:
    """What is asked of a service that holds log events."""

    asks: tuple[Ask, ...]
    queries: tuple[str, ...]
    """Queries of the policy's own, in APL."""
    since: datetime
    until: datetime
    runs: tuple[str, ...] | None
    """Names of the run; None: whatever the run."""
    names: Mapping[str, str | None]
    """Placeholder of a query → what stands for it."""
    fields: Fields


@dataclass(frozen=True, kw_only=True)
class LogReply:
    """What it answered."""

    tables: tuple[LogTable, ...]
    """Those of the asks in their order, then those of the queries."""
    notes: tuple[Note, ...]
    asked: tuple[Asked, ...]
    source: str
    """Who answered, in words."""


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """Which run of a service is wanted, and what of it."""

    ref: str
    selection: Selection
    games: Path | None = None
    """A folder for the tables of games that the run logged; None: they are not wanted."""
    checkpoint: str | None = None
    """Its artifact to be promoted: a name, or `newest`; None: none is wanted."""
    namesakes: bool = False
    """Which other runs bear its name is wanted too: log events know a run by its name."""


@dataclass(frozen=True, kw_only=True)
class FetchedRun:
    """A run as a service gave it."""

    run: RunData
    asked: tuple[Asked, ...]
    games: tuple[Path, ...] = ()
    """Files of games that it logged."""
    checkpoint: Checkpoint | None = None
    namesakes: tuple[Identity, ...] = ()
    """Other runs whose name or id is the name or id of this one."""


@dataclass(frozen=True, kw_only=True)
class Held:
    """The run whose checkpoint holds an alias."""

    ref: str
    """Where it can be read."""
    holder: Holder


@dataclass(frozen=True, kw_only=True)
class Ports:
    """What the outside world does for the pipeline."""

    sources: Sequence[RunSource]
    """Asked in this order."""
    open_events: Callable[[Sequence[Path]], EventFiles]
    read_games: Callable[[Sequence[Path], GamesReading], GameRecord]
    """Reads and reduces games; InputError for what is none."""
    profiles: Mapping[str, str]
    tool_version: str
    ask_logs: Callable[[LogRequest, Deadline], LogReply] | None = None
    """Asks a service about log events; None: there is none. ServiceError where it fails."""
    fetch_run: Callable[[RunRequest, Deadline], FetchedRun] | None = None
    """Fetches a run from a service; None: there is none. ServiceError where it fails."""
    find_holder: Callable[[str, str, Deadline], Held | None] | None = None
    """Finds who holds an alias (the second) in a registry (the first); None of it: nobody does. None: there are no
    registries. InputError and ServiceError where it fails."""
    find_approval: Callable[[Waiver], Found] | None = None
    """Finds out who approved a waiver; None: nobody can be asked. ServiceError where it fails."""
