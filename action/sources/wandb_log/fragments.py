"""Directories of W&B, and runs that were resumed: which files make one run, and the run that they make.

Bytes may not enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from action.errors import InputError
from action.files import show_name
from action.sources.wandb_log.framing import MAGIC
from action.sources.wandb_log.naming import label
from action.sources.wandb_log.record import Exit, RunHead
from action.sources.wandb_log.run import Fragment, id_of_name, read_file, read_head
from action.sources.wandb_log.started import started
from checks.run import Identity, Note, NoteKind, Rows, RunData, RunState, Scalar, Selection, Series, Words

_PATTERNS = (
    "*.wandb",
    "offline-run-*/*.wandb",
    "run-*/*.wandb",
    "wandb/offline-run-*/*.wandb",
    "wandb/run-*/*.wandb",
)
"""A directory of one run, a `wandb` directory, a directory that holds one. `latest-run` is a link to one of them."""
_INTERRUPTED = 255
_MOST_LISTED = 20


def recognises(path: Path) -> bool:
    """Tell whether the path is a W&B run file or a directory that holds some; never raises."""
    try:
        if path.is_file():
            return path.suffix == ".wandb" or _begins_as_run_file(path)
        return path.is_dir() and next(_found(path), None) is not None
    except (OSError, ValueError):  # ValueError: a path that no file system can hold
        return False


def read(path: Path, selection: Selection) -> RunData:
    """Read the W&B run at this path: a `.wandb` file, or a directory that holds those of one run.

    Raises:
        InputError: There is no such file, it is no W&B run file or empty, or the directory holds several runs.
    """
    paths, notes = _of_one_run(path, _paths(path))
    fragments = [read_file(one, selection) for one in paths]
    fragments.sort(key=lambda one: (one.head.started or 0, one.path))
    return _merge(path, fragments, notes)


def _paths(path: Path) -> list[Path]:
    try:
        if path.is_file():
            return [path]
        if path.is_dir():
            paths, got = sorted(_found(path)), "none in this directory"
        else:
            paths, got = [], "nothing that can be read as a file"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"{show_name(path)}: expected a W&B run file or directory, got: {reason}") from error
    if not paths:
        raise InputError(
            f"{show_name(path)}: expected W&B run files (*.wandb), got {got}; name the run's file or directory"
        )
    return paths


def _begins_as_run_file(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(MAGIC)) == MAGIC


def _found(path: Path) -> Iterator[Path]:
    """Find the run files below a directory; the same file behind two names comes once, resolved."""
    seen: set[Path] = set()
    for pattern in _PATTERNS:
        for found in path.glob(pattern):
            real = found.resolve() if found.is_file() else None  # asked first: a link may lead in a circle
            if real is not None and real not in seen:
                seen.add(real)
                yield real


def _of_one_run(path: Path, paths: list[Path]) -> tuple[list[Path], tuple[Note, ...]]:
    """Leave out what cannot be read, with a note; refuse a directory of several runs, with a list."""
    if len(paths) == 1:
        return paths, ()
    heads: dict[Path, RunHead] = {}
    broken: dict[Path, InputError] = {}
    for one in paths:
        try:
            heads[one] = read_head(one)
        except InputError as error:
            broken[one] = error
    if not heads:
        raise broken[paths[0]]
    ids = {head.id for head in heads.values()} | {id_of_name(one) for one in broken}
    if len(ids) > 1:
        raise InputError(_several(path, heads, broken))
    notes = tuple(
        Note(kind=NoteKind.LOST, text=f"{label(one)}: a file of this run could not be read, so the data are incomplete")
        for one in broken
    )
    return list(heads), notes


def _several(path: Path, heads: dict[Path, RunHead], broken: dict[Path, InputError]) -> str:
    runs = [
        f"  {show_name(head.id)} {show_name(head.name or 'no name')}: {show_name(one)}" for one, head in heads.items()
    ]
    runs += [f"  {show_name(id_of_name(one))} (cannot be read): {show_name(one)}" for one in broken]
    more = [f"  and {len(runs) - _MOST_LISTED} more"] if len(runs) > _MOST_LISTED else []
    first = f"{show_name(path)}: expected the files of one W&B run, got several runs; name one of them:"
    return "\n".join([first, *runs[:_MOST_LISTED], *more])


def _merge(path: Path, fragments: list[Fragment], notes: tuple[Note, ...]) -> RunData:
    first, last = fragments[0], fragments[-1]
    config: dict[str, Scalar] = {}
    counts: dict[str, int] = {}
    for one in fragments:
        config.update(one.config)
        for name, count in one.counts.items():
            counts[name] = counts.get(name, 0) + count
    state, exit_code = _end(last.exit)
    return RunData(
        ref=str(path),
        counts_calls=True,
        source="W&B file" if len(fragments) == 1 else f"W&B files ({len(fragments)} fragments of one run)",
        identity=Identity(
            id=last.head.id,
            name=last.head.name or last.path.stem,
            commit=last.head.commit,
            started_at=_time(first.head.started),
            finished_at=_time(_finished(last)),
        ),
        state=state,
        exit_code=exit_code,
        config=config,
        words=Words(notes=last.head.notes, command=started(last.path)),
        rows=_rows(fragments),
        series=_series(fragments),
        catalog=counts,
        notes=(*notes, *(note for one in fragments for note in one.notes), *_fragment_notes(fragments)),
    )


def _end(end: Exit | None) -> tuple[RunState, int | None]:
    """Read how the run ended; without a record of it the process was killed, whatever else the file says."""
    if end is None:
        return RunState.KILLED, None
    if end.goes_on:
        return RunState.RUNNING, end.code
    if end.code == 0:
        return RunState.FINISHED, 0
    return (RunState.INTERRUPTED if end.code == _INTERRUPTED else RunState.FAILED), end.code


def _finished(last: Fragment) -> int | None:
    if last.exit is None or last.exit.runtime <= 0 or last.head.started is None:
        return None
    return last.head.started + last.exit.runtime


def _time(seconds: int | None) -> str | None:
    """Write seconds since 1970 as RFC 3339 in UTC; None for what no calendar has."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None


def _rows(fragments: list[Fragment]) -> Rows:
    if len(fragments) == 1:
        return fragments[0].rows
    index: dict[frozenset[str], int] = {}
    kinds = []
    for one in fragments:
        numbers = [index.setdefault(names, len(index)) for names in one.rows.names]
        kinds.append(np.array(numbers, np.int32)[one.rows.kinds])
    steps = np.concatenate([one.rows.steps for one in fragments])
    return Rows(steps=steps, kinds=np.concatenate(kinds), names=tuple(index))


def _series(fragments: list[Fragment]) -> dict[str, Series]:
    if len(fragments) == 1:
        return fragments[0].series
    merged = {}
    for name in dict.fromkeys(name for one in fragments for name in one.series):
        parts = [one.series.pop(name) for one in fragments if name in one.series]
        merged[name] = Series(
            name=name,
            steps=np.concatenate([part.steps for part in parts]),
            values=np.concatenate([part.values for part in parts]),
        )
    return merged


def _fragment_notes(fragments: list[Fragment]) -> Iterator[Note]:
    """Say where fragments hold the same steps, and where they say different things about the run."""
    reached: int | None = None
    for one in fragments:
        steps = one.rows.steps
        if not steps.size:
            continue
        low, high = int(steps.min()), int(steps.max())
        if reached is not None and low <= reached:
            text = (
                f"{label(one.path)}: a resumed part of the run logs steps {low:,} to {min(high, reached):,} again, "
                f"which earlier parts hold already; all points are kept, in the order of the parts' start"
            )
            yield Note(kind=NoteKind.OVERLAP, text=text)
        reached = high if reached is None else max(high, reached)
    commits = list(dict.fromkeys(one.head.commit for one in fragments if one.head.commit))
    if len(commits) > 1:
        text = f"the parts of the run were trained on different commits: {', '.join(commits)}; the last one counts"
        yield Note(kind=NoteKind.ODD, text=text)
