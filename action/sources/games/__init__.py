"""Games as ratings need them: our own files and other people's tables, reduced to counts.

Small files are read row by row; large ones and Parquet by a database, with the same result. No rating may enter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.errors import InputError
from action.files import look, show_name
from action.sources.games.collection import find_files
from action.sources.games.columns import GameColumns, parse_columns
from action.sources.games.database import Database, QueryError
from action.sources.games.delimited import open_table
from action.sources.games.layout import Request, find_layout
from action.sources.games.progress import Progress
from action.sources.games.record import Reading, read_table
from action.sources.games.source import QueriedRows
from action.sources.games.store import READING, Store, needs_database
from action.sources.games.table import GZIP
from action.sources.games.tally import Tally
from checks.elo.gather import Gathered, count_games
from checks.run import GameRecord, Note, NoteKind

__all__ = ["GameColumns", "parse_columns", "read_games", "recognises"]

LARGE = 8 * 2**20
"""Bytes of all files; from there on a database reads and counts them, which is then faster."""
MAX_UNSCORED = 0.01
"""Share of seats without a score that is told, but does not shake the answer."""
_PACKED = 8
"""How much larger a compressed file is when unpacked, about."""
_NAMED = 3


def recognises(path: Path) -> bool:
    """Tell whether this looks like a file of games rather than the table of a run. Never raises."""
    request = Request(columns=GameColumns(), cluster=None)
    try:
        if not needs_database(path):
            return find_layout(open_table(path).names(), request) is not None
        with Database([path], Progress()) as database:
            return find_layout(QueriedRows(database, path).names(), request) is not None
    except (InputError, QueryError, OSError, ValueError):
        return False


def read_games(
    paths: Sequence[Path],
    *,
    columns: GameColumns | None = None,
    cluster: str | None = None,
    progress: Callable[[float], None] | None = None,
) -> GameRecord:
    """Read files of games as one record, in the order given.

    A path with `*`, `?` or `[` that is no file stands for the files it fits, by name. Ids of games belong to one file;
    the same id of a rollout (or other cluster) in two files is the same cluster, since shards of one run may part it.

    Args:
        paths: the files.
        columns: which column is which; None: they are called as ours.
        cluster: the field or column that makes one observation; None: the rollout where there is one, else the game.
        progress: called now and then with the share done, 0 to 1, perhaps by another thread.

    Raises:
        InputError: a file cannot be read, one of its rows makes no game, or no game has two different agents.
    """
    files, notes = find_files(paths)
    request = Request(columns=columns or GameColumns(), cluster=cluster)
    tracker = Progress(progress)
    found = _read(files, request, tracker)
    clustered = any(reading.clustered for reading in found.readings)
    where = _source(files)
    if cluster not in (None, "game") and not clustered:
        raise InputError(
            f"{where}: expected the field {show_name(cluster)} in some row, got none; name a column with --cluster, or "
            "leave it out"
        )
    counts, alone, unscored = found.gathered.counts, found.gathered.alone, found.gathered.unscored
    if not counts.games:
        raise InputError(
            f"{where}: expected at least one game of two different agents, got none ({_count(unscored, 'seat')} "
            f"without a score, {_count(alone, 'game')} of one agent alone); is it the right file?"
        )
    notes += [note for reading in found.readings for note in reading.notes]
    seats = float(counts.units.seats.sum()) + unscored
    if unscored > MAX_UNSCORED * seats:
        text = f"{where}: {unscored / seats:.1%} of the seats have no score; what is missing may be what matters"
        notes.append(Note(kind=NoteKind.LOST, text=text))
    if alone:
        text = f"{where}: fewer than two different agents with a score, ignored: {_count(alone, 'game')}"
        notes.append(Note(kind=NoteKind.ODD, text=text))
    if found.shared:
        text = (
            f"{where}: ids of games in several files, taken for different games: {_count(found.shared, 'id')}; "
            "if they are the same games, name one of the files"
        )
        notes.append(Note(kind=NoteKind.OVERLAP, text=text))
    tracker.finish()
    word = cluster or ("rollout" if clustered else "game")
    return GameRecord(counts=counts, source=where, cluster=word, notes=tuple(notes))


@dataclass(frozen=True, kw_only=True)
class _Found:
    gathered: Gathered
    readings: list[Reading]
    shared: int
    """Ids of games that stand in several files."""


def _read(files: Sequence[Path], request: Request, progress: Progress) -> _Found:
    sizes = [path.stat().st_size * (_PACKED if look(path, 2) == GZIP else 1) for path in files]
    total = max(sum(sizes), 1)
    readings: list[Reading] = []

    def stage(number: int, share: float) -> None:
        before = sum(sizes[:number])
        progress.stage(share * before / total, share * (before + sizes[number]) / total, sizes[number])

    if total < LARGE and not any(map(needs_database, files)):
        tally = Tally()
        for number, path in enumerate(files):
            stage(number, 1.0)
            table = open_table(path)
            tally.begin(number, table.unit)
            readings.append(read_table(table, request, tally, progress.advance))
        return _Found(gathered=count_games(tally.rows()), readings=readings, shared=tally.shared)
    with Database(files, progress) as database:
        store = Store(database, request, progress)
        for number, path in enumerate(files):
            stage(number, READING)
            readings.append(store.read(path, number))
        progress.stage(READING, 1.0)
        return _Found(gathered=store.count(), readings=readings, shared=store.shared())


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _source(files: Sequence[Path]) -> str:
    named = ", ".join(show_name(path.name) for path in files[:_NAMED])
    return named if len(files) <= _NAMED else f"{named} and {_count(len(files) - _NAMED, 'more file')}"
