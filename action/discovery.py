"""Which runs lie under the paths that a user names: runs and bundles themselves, and folders that hold many.

Nothing is read of them but what tells a run. No judgement may enter.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from action.collection import BESIDE
from action.errors import InputError
from action.evidence.store import find_bundle
from action.ports import Ports, RunSource
from checks.run import Selection

_OURS = frozenset({"verdict.json", "verdict.md", "recording.json"})
_RUNS = (".wandb", ".jsonl", ".csv", ".parquet", ".tar.gz", ".tgz")
"""What ends so was meant to be a run, even where nothing of it can be recognised."""


def find_runs(refs: Sequence[str], ports: Ports) -> tuple[str, ...]:
    """Give every run under some paths once, in the order named, within a folder by name.

    What is named and is no folder is given as it is: whether it can be read is told when it is.
    """
    return tuple(dict.fromkeys(found for ref in refs for found in _under(ref, ports)))


def _under(ref: str, ports: Ports) -> Iterator[str]:
    path = Path(ref)
    if not _is_folder(path):
        yield ref
        return
    found = list(_inside(path, ports))
    # A folder that holds no run is a row that says so.
    yield from [ref] if not found or found == [str(path)] else found


def _inside(folder: Path, ports: Ports) -> Iterator[str]:
    try:
        children = sorted(Path(one.path) for one in os.scandir(folder) if one.name not in BESIDE | _OURS)
    except OSError:
        yield str(folder)  # why it cannot be looked into is told where it is read
        return
    if find_bundle(folder) is not None or any(_one_run(folder, children, source, ports) for source in ports.sources):
        yield str(folder)
        return
    for child in children:
        if _is_folder(child):
            if not child.is_symlink():  # a link may lead back up
                yield from _inside(child, ports)
        elif _is_run_file(child, ports) or child.name.lower().endswith(_RUNS):
            yield str(child)


def _one_run(folder: Path, children: Sequence[Path], source: RunSource, ports: Ports) -> bool:
    """Tell whether a folder is one run to a source: its one file, or several that it reads as parts of one."""
    if not source.recognises(folder):
        return False
    runs = [child for child in children if _is_run_file(child, ports)]
    if not all(source.recognises(run) for run in runs):
        return False
    if len(runs) == 1 and not any(source.recognises(child) for child in children if _is_folder(child)):
        return True
    try:
        source.read(folder, Selection())
    except InputError:
        return False  # several runs, or one that is damaged: each file tells for itself
    return True


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file system can hold
        return False


def _is_run_file(path: Path, ports: Ports) -> bool:
    if _is_folder(path):
        return False
    return find_bundle(path) is not None or any(source.recognises(path) for source in ports.sources)
