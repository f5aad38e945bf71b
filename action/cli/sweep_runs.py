"""What the user chose for `gatekeeper sweep`, and which runs that names. What they hold may not enter."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.cli.online import open_wandb
from action.deadline import Deadline
from action.errors import InputError, UsageError
from action.files import read_error, show_name
from action.ports import Ports
from action.runs import exists, named_bundle
from action.services import read_services
from action.sources.wandb_api.filters import Filter, of_group, of_prefix, of_sweep


@dataclass(frozen=True, kw_only=True)
class SweepChoice:
    """The command line of `gatekeeper sweep`, as values."""

    runs: tuple[str, ...]
    prefix: str | None
    group: str | None
    wandb_sweep: str | None
    project: str | None
    without: tuple[str, ...]
    games: tuple[Path, ...]
    reference: str | None
    candidate: str
    confidence: float
    series: bool
    rule: Mapping[str, float | int | str | None]
    """How online ratings are made; None: as the policy says."""
    policy: Path | None
    deadline: float = 120.0


def require_fitting(choice: SweepChoice) -> None:
    """Refuse options that do not fit together."""
    filters = {"--sweep": choice.prefix, "--group": choice.group, "--wandb-sweep": choice.wandb_sweep}
    given = [name for name, value in filters.items() if value is not None]
    for name in given:
        if not filters[name] or not str(filters[name]).isprintable():
            raise UsageError(f"{name}: expected a name, got none that can be read; name something")
    if len(given) > 1:
        raise UsageError(f"{', '.join(given)}: expected one of them, got {len(given)}; leave the others out")
    online = [name for name in given if name != "--sweep" or not choice.runs]
    if online and choice.project is None:
        advice = "; or name the folder that holds the runs" if online == ["--sweep"] else ""
        raise UsageError(
            f"{online[0]}: expected --project ENTITY/PROJECT to look runs up on W&B, got none; name it{advice}"
        )
    if choice.project is not None and not online:
        raise UsageError(
            "--project: expected --sweep, --group or --wandb-sweep to look runs up by, got none; write runs of W&B as "
            "entity/project/run, or give one of them"
        )
    if choice.project is not None and not re.fullmatch(r"\w[\w .-]*/\w[\w .-]*", choice.project):
        raise UsageError(
            f"--project {show_name(choice.project)}: expected ENTITY/PROJECT, got another; copy it from the address of "
            "the project's page"
        )
    if not choice.runs and not given:
        raise UsageError("sweep: expected runs, a folder of runs, or --sweep, --group or --wandb-sweep, got none")
    if not 0.5 <= choice.confidence < 1:
        raise UsageError(f"--confidence: expected at least 0.5 and below 1, got {choice.confidence:g}; change it")


@dataclass(frozen=True, kw_only=True)
class Online:
    """A run that was found on W&B."""

    ref: str
    id: str
    name: str


def listed_runs(choice: SweepChoice, deadline: Deadline, folder: Path) -> Sequence[Online]:
    """Look up the runs of a project on W&B; none without a project."""
    if choice.project is None:
        return ()
    entity, project = choice.project.split("/")
    asked, wanted = _filter(choice)
    runs = open_wandb(read_services(os.environ)).find(entity, project, wanted, deadline, folder)
    if not runs:
        raise InputError(f"{asked}: expected runs of {show_name(choice.project)} on W&B, found none; check the name")
    return [Online(ref=f"wandb://{entity}/{project}/{one.id}", id=one.id, name=one.name or one.id) for one in runs]


def _filter(choice: SweepChoice) -> tuple[str, Filter]:
    """Give the option that says which runs are meant, as it was written, and what it means to W&B."""
    if choice.group is not None:
        return f"--group {show_name(choice.group)}", of_group(choice.group)
    if choice.wandb_sweep is not None:
        return f"--wandb-sweep {show_name(choice.wandb_sweep)}", of_sweep(choice.wandb_sweep)
    return f"--sweep {show_name(choice.prefix or '')}", of_prefix(choice.prefix or "")


def local_runs(choice: SweepChoice, ports: Ports) -> Iterator[str]:
    """Give the runs that were named, folders of runs as the runs in them."""
    for ref in choice.runs:
        yield from _inside(ref, ports)


def _inside(ref: str, ports: Ports) -> Sequence[str]:
    """Give the runs in a folder that is none itself; else the run that was named."""
    path = Path(ref)
    if not ref or not exists(path) or not path.is_dir() or _is_run(path, ports):
        return (ref,)
    try:
        children = sorted(path.iterdir())
    except OSError as error:
        raise read_error(path, error) from error
    # What W&B links as its latest run lies there once more.
    runs = [str(child) for child in children if not child.is_symlink() and _is_run(child, ports)]
    return runs or (ref,)  # which then says what the folder holds


def _is_run(path: Path, ports: Ports) -> bool:
    if path.name in _BESIDE:
        return False
    return any(source.recognises(path) for source in ports.sources) or named_bundle(str(path), ports) is not None


_BESIDE = frozenset(
    f"{stem}{suffix}"
    for stem in ("games", "events")
    for suffix in (".jsonl", ".jsonl.gz", ".csv", ".csv.gz", ".parquet")
)
"""Files that lie beside runs and are none."""
