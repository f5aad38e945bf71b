"""Services meet the ports of the pipeline here: a run of W&B as a run, questions to Axiom as answers.

Composition alone: no format, no query and no judgement may enter.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from action.cli.ports import local_ports
from action.cli.progress import progress_bar
from action.cli.registries import find_holder
from action.deadline import Deadline
from action.errors import InputError, ServiceError, UsageError
from action.files import show_name
from action.parts import join_parts
from action.ports import FetchedRun, GamesReading, LogReply, LogRequest, Ports, RunRequest
from action.services import AxiomService, Services, read_services
from action.sources import tables
from action.sources.wandb_api.runs import WandbRun, WandbRuns, parse_run
from action.wandb_service.access import Access as WandbAccess
from checks.run import GameRecord, Note, NoteKind, Rows, RunData, RunState, Selection, Words

if TYPE_CHECKING:
    from action.sources.axiom import AxiomLogs


def service_ports() -> Ports:
    """Give the ports of this machine and of the services that its environment opens."""
    # What is wrong with a service is told when it is asked: files are judged without any.
    ask = _ask if os.environ.get("AXIOM_TOKEN", "").strip() else None
    local = local_ports()
    named: dict[Path, str] = {}

    def fetch(request: RunRequest, deadline: Deadline) -> FetchedRun:
        return _fetch(request, deadline, named)

    def read_games(paths: Sequence[Path], reading: GamesReading) -> GameRecord:
        try:
            return local.read_games(paths, reading)
        except InputError as error:
            raise InputError(_renamed(str(error), named)) from error

    return replace(local, fetch_run=fetch, read_games=read_games, ask_logs=ask, find_holder=find_holder)


def _renamed(text: str, named: Mapping[Path, str]) -> str:
    """Call a file that was fetched what it is on the service: where it lies here, it lies no longer."""
    for path, name in named.items():
        text = text.replace(show_name(path), name)
    return text


def open_axiom(service: AxiomService | None) -> AxiomLogs:
    """Open Axiom.

    Raises:
        UsageError: it is not set up, or not wholly.
    """
    if service is None:
        raise UsageError(
            "AXIOM_TOKEN: expected a token to ask Axiom, got none; set it and AXIOM_DATASET, or name files by --events"
        )
    if service.dataset is None:
        raise UsageError("AXIOM_DATASET: expected the name of the dataset that holds the log events, got none; set it")
    from action.sources.axiom import Access, AxiomLogs  # noqa: PLC0415 - half a second, and seldom wanted

    access = Access(token=service.token, url=service.url, org=service.org, dataset=service.dataset)
    return AxiomLogs(access)


def open_wandb(services: Services) -> WandbRuns:
    """Open W&B; that there is no key is told when something is asked."""
    return WandbRuns(WandbAccess(key=services.wandb_key, url=services.wandb_url))


def _ask(request: LogRequest, deadline: Deadline) -> LogReply:
    from action.sources.axiom import Events  # noqa: PLC0415 - as above

    logs = open_axiom(read_services(os.environ).axiom)
    events = Events(since=request.since, until=request.until, runs=request.runs, fields=request.fields)
    found = [logs.answer(request.asks, events, deadline)] if request.asks else []
    found += [logs.query(apl, events, request.names, deadline) for apl in request.queries]
    return LogReply(
        tables=tuple(table for one in found for table in one.tables),
        notes=tuple(dict.fromkeys(note for one in found for note in one.notes)),
        asked=tuple(asked for one in found for asked in one.asked),
        source=logs.source,
    )


def _fetch(request: RunRequest, deadline: Deadline, named: dict[Path, str]) -> FetchedRun:
    name, services = parse_run(request.ref), read_services(os.environ)
    access = WandbAccess(key=services.wandb_key, url=services.wandb_url)
    with tempfile.TemporaryDirectory(prefix="gatekeeper-run-") as scratch, progress_bar("reading W&B") as tell:
        folder = Path(scratch)
        found = WandbRuns(access, tell).fetch(
            name,
            folder,
            deadline,
            games=request.games is not None,
            checkpoint=request.checkpoint,
            namesakes=request.namesakes,
        )
        run = _read(found, request, deadline)
        games = _moved(found.games, request.games)
        named.update({path: f"{show_name(request.ref)}: the table {show_name(found.table or '')}" for path in games})
    return FetchedRun(
        run=run, asked=(found.asked,), games=games, checkpoint=found.checkpoint, namesakes=found.namesakes
    )


def _moved(file: Path | None, folder: Path | None) -> tuple[Path, ...]:
    """Move the games to where they outlive the history."""
    if file is None or folder is None:
        return ()
    place = folder / file.name
    place.write_bytes(file.read_bytes())
    return (place,)


def _read(found: WandbRun, request: RunRequest, deadline: Deadline) -> RunData:
    """Read the files of a history as one run."""
    _require_bounds(found, deadline)
    files = [*found.history, *([found.tail] if found.tail is not None and found.tail.stat().st_size else [])]
    parts = [_part(path, request.selection, deadline) for path in files]
    odd = tuple(note for part in parts for note in part.notes)
    joined = join_parts(parts)
    return RunData(
        ref=request.ref,
        source="W&B run",
        identity=found.identity,
        state=found.state,
        config=found.config,
        words=Words(notes=found.about.notes or None, command=found.about.command),
        counts_calls=True,
        rows=joined.rows,
        series=joined.series,
        catalog=joined.catalog,
        notes=(*odd, *_missing(found, joined.rows)),
    )


def _require_bounds(found: WandbRun, deadline: Deadline) -> None:
    """Refuse what no history is, before a value of it is read: a kilobyte may hold a billion rows."""
    rows = 0
    for path in found.history:
        with _told(path, deadline):
            rows += tables.count_rows(path, deadline)
    # A run that still goes on may have grown since it was counted.
    counted = None if found.state is RunState.RUNNING else found.lines
    if rows > (tables.MAX_ROWS if counted is None else min(counted, tables.MAX_ROWS)):
        wanted = f"{counted:,} rows, as it counts" if counted is not None and rows > counted else f"{tables.MAX_ROWS:,}"
        raise ServiceError(
            f"W&B: expected an exported history of at most {wanted}, got {rows:,}; run again, or judge the run's local "
            "files"
        )


def _part(path: Path, selection: Selection, deadline: Deadline) -> RunData:
    with _told(path, deadline):
        return tables.read_history(path, selection, deadline)


@contextmanager
def _told(path: Path, deadline: Deadline) -> Iterator[None]:
    """Tell what is wrong with a file of a history as W&B's fault: it is no file that a user could look at."""
    if not deadline.left:
        raise deadline.missed("W&B")
    try:
        yield
    except InputError as error:
        told = str(error).replace(f"{path.parent}/", "").rpartition(";")[0]
        raise ServiceError(f"W&B: {told}; run again, or judge local files of the run") from error


def _missing(found: WandbRun, rows: Rows) -> Iterator[Note]:
    """Tell where the history that came is not the one that W&B counts: a gap nobody would see otherwise."""
    count, distinct = rows.steps.size, int(np.unique(rows.steps).size)
    text, last = "", int(rows.steps.max(initial=-1))
    if found.lines is None:
        text = "W&B: how many rows the history has is not said, so nobody knows whether it is complete"
    elif count < found.lines:
        text = f"W&B: the history has {found.lines:,} rows, but {count:,} came, so the data are incomplete"
    elif distinct < found.lines:
        text = (
            f"W&B: the history has {found.lines:,} rows, but only {distinct:,} steps came, {count - distinct:,} rows "
            "among them repeat one, so the data may be incomplete"
        )
    elif found.last_step is not None and count and last < found.last_step:
        text = f"W&B: the history ends at step {found.last_step:,}, but what came at {last:,}: the data are incomplete"
    if text:
        yield Note(kind=NoteKind.LOST, text=text)
