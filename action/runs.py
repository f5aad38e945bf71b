"""Runs by the names that users give them: files, folders, bundles, and runs of a service.

No policy and no judgement may enter.
"""

from __future__ import annotations

import re
from pathlib import Path

from action.deadline import Deadline
from action.errors import InputError
from action.evidence.store import find_bundle, read_bundle
from action.files import read_error, show_name
from action.ports import Ports, RunRequest
from checks.run import RunData, Selection

_ONLINE = re.compile(r"(?:wandb://|https?://)|^\w[\w.-]*/\w[\w.-]*/[^/]+$")


def read_run(ref: str, selection: Selection, ports: Ports) -> RunData:
    """Read a run from files by whichever source knows it, or out of a bundle.

    Raises:
        InputError: nothing is there, or nothing that can be read.
    """
    path = Path(ref)
    if not ref or not exists(path):
        online = "; set WANDB_API_KEY to read runs on W&B" if is_online(ref) else ""
        name = show_name(ref) or "an empty name"
        raise InputError(f"{name}: expected a run, found nothing there; check the path{online}")
    place = named_bundle(ref, ports)
    if place is not None:
        return read_bundle(place).evidence.run
    for source in ports.sources:
        if source.recognises(path):
            return source.read(path, selection)
    if path.is_file() and path.stat().st_size == 0:
        raise InputError(f"{show_name(ref)}: expected a run, got an empty file (0 bytes); was it written at all?")
    raise InputError(f"{show_name(ref)}: expected a run, got {_contents(path)}; {_KNOWN}")


def find_run(ref: str, selection: Selection, ports: Ports, deadline: Deadline) -> RunData:
    """Read a run, from files or from a service.

    Raises:
        InputError: nothing is there, or nothing that can be read.
        ServiceError: the service could not be reached, refused, or was not done by the deadline.
    """
    if ports.fetch_run is not None and fetches(ref, ports):
        return ports.fetch_run(RunRequest(ref=ref, selection=selection), deadline).run
    return read_run(ref, selection, ports)


def is_online(ref: str) -> bool:
    """Tell whether a name is that of a run on W&B.

    >>> [is_online(ref) for ref in ("team/league/run7", "https://wandb.ai/team/league/runs/x", "runs/a.jsonl")]
    [True, True, False]
    """
    return _ONLINE.search(ref) is not None


def fetches(ref: str, ports: Ports) -> bool:
    """Tell whether a service is asked for this run: what lies on this machine under its name comes first."""
    return ports.fetch_run is not None and is_online(ref) and not exists(Path(ref))


def named_bundle(ref: str, ports: Ports) -> Path | None:
    """Find the bundle that a reference names; InputError where it names a run as well.

    `check RUN --out RUN` puts evidence into the run's own folder: judging that again instead of the run, which may have
    gone on since, must not happen unseen.
    """
    path = Path(ref)
    place = find_bundle(path) if ref and exists(path) else None
    if place is not None and place != path and _holds_run(path, ports):
        raise InputError(
            f"{show_name(ref)}: expected a run or a bundle, got a folder with both; name {show_name(place)} or the "
            "file of the run, and write verdicts to another folder"
        )
    return place


def _holds_run(folder: Path, ports: Ports) -> bool:
    inside = [child for child in folder.iterdir() if child.is_file() and child.name != "verdict.json"]
    return any(source.recognises(one) for source in ports.sources for one in (folder, *inside))


_KNOWN = (
    "known are W&B files and folders, TensorBoard event files, trainer_state.json, .jsonl, .csv, .parquet "
    "and evidence bundles"
)


def exists(path: Path) -> bool:
    """Tell whether something lies at a path; no name breaks it."""
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or with a NUL
        return False


def _contents(path: Path) -> str:
    try:
        if not path.is_dir():
            return "a file of no format that is known"
        names = sorted(child.name + ("/" if child.is_dir() else "") for child in path.iterdir())
    except OSError as error:
        raise read_error(path, error) from error
    if not names:
        return "an empty folder"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return "a folder with " + ", ".join(map(show_name, names[:8])) + more + "; name the run's own file or folder in it"
