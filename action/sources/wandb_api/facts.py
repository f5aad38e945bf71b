"""What W&B says of a run → our nouns: who it is, how it ended, its configuration, its checkpoint.

Every doubt about a field of W&B is settled here. No connection and no file may enter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from action.command import command_of, environment_of
from action.errors import InputError
from action.files import show_name
from action.row import BOOKKEEPING, flatten, parse_step
from action.sources.wandb_api.reference import RunName
from action.wandb_service.asking import load
from action.wandb_service.request import Json
from checks.run import Checkpoint, Identity, RunState, Scalar
from checks.subject import named_step

_STATES = {
    "finished": RunState.FINISHED,
    "failed": RunState.FAILED,
    "crashed": RunState.KILLED,  # its heartbeats stopped
    "killed": RunState.INTERRUPTED,  # by a person, or a sweep that stopped it
    "running": RunState.RUNNING,
    "pending": RunState.RUNNING,
    "preempting": RunState.RUNNING,
    "preempted": RunState.KILLED,
}
_STEPS = ("step", "global_step", "training_step")
"""In the metadata of one."""
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
MODEL = "model"
NEWEST = "newest"


def identity_of(run: Mapping[str, Json], name: RunName, page: str) -> Identity:
    """Say which run it is; `page`: where W&B shows its pages."""
    known = str(run["name"])
    return Identity(
        id=known,
        name=str(run.get("displayName") or known),
        url=f"{page}/{name.entity}/{name.project}/runs/{known}",
        commit=_commit(run.get("commit")),
        started_at=time_of(run.get("createdAt")),
        finished_at=time_of(run.get("heartbeatAt")),
    )


def lines_of(run: Mapping[str, Json]) -> int | None:
    """Say how many rows W&B counts; None: it tells no count.

    >>> [lines_of({"historyLineCount": told}) for told in (200, 0, True, -1, "200", 200.0, None)]
    [200, 0, None, None, None, None, None]
    """
    told = run.get("historyLineCount")
    return told if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else None


def step_of(row: Json, key: str = "_step") -> int | None:
    """Give the step that a row tells; None: it tells none that is a whole number of 64 bits."""
    told = row.get(key) if isinstance(row, dict) else None
    return None if isinstance(told, str) else parse_step(told)


def commit_of(run: Mapping[str, Json]) -> str | None:
    """Give the whole commit, in small letters: GitHub takes names of branches and short forms in its place."""
    found = _commit(run.get("commit"))
    return found if found is not None and len(found) in (40, 64) else None


def _commit(value: Json) -> str | None:
    return value.lower() if isinstance(value, str) and re.fullmatch(r"[0-9a-fA-F]{7,64}", value) else None


def time_of(value: Json) -> str | None:
    """Read a time of W&B, which is UTC with or without saying so.

    >>> time_of("2026-01-02T03:04:05"), time_of("2026-01-02T03:04:05.678Z"), time_of("soon")
    ('2026-01-02T03:04:05Z', '2026-01-02T03:04:05Z', None)
    """
    try:
        found = datetime.fromisoformat(str(value))
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):  # no time, or one before the first year in UTC
        return None
    if not _FIRST <= found < _LAST:  # no run was then: a time that the questions of logs could not reckon with
        return None
    return found.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def state_of(run: Mapping[str, Json]) -> RunState:
    """Say how it ended; a state that nobody knows is none that a run finishes in."""
    return _STATES.get(str(run.get("state")), RunState.KILLED)


def config_of(run: Mapping[str, Json]) -> dict[str, Scalar]:
    """Give the configuration, flattened with dots, without what the client adds.

    >>> config_of({"config": '{"lr": {"value": 1e-5}, "trainer": {"value": {"steps": 9}}, "_wandb": {"value": 1}}'})
    {'lr': 1e-05, 'trainer.steps': 9}
    """
    stored = load(run.get("config"))
    plain = {key: _plain(one) for key, one in stored.items() if key != "_wandb"}
    return {key: value for key, value in flatten(plain) if value is None or isinstance(value, str | int | float)}


def _plain(entry: Json) -> Json:
    """Give a value of a configuration as it was set."""
    return entry.get("value") if isinstance(entry, dict) and "value" in entry else entry


@dataclass(frozen=True, kw_only=True)
class About:
    """What people wrote of a run, and how it was started. May hold hostile text, and secrets in its command."""

    notes: str
    tags: tuple[str, ...]
    group: str | None
    sweep: str | None
    """Its id."""
    summary: Mapping[str, Scalar]
    """The last values, as the client sums a run up, flattened with dots: shown, never judged."""
    command: str | None
    """The command line; None: not recorded."""


def about(run: Mapping[str, Json]) -> About:
    """Say what people wrote of a run, and how it was started.

    >>> config = '{"_wandb": {"value": {"e": {"w": {"program": "train.py", "args": ["--lr", "1e-5"]}}}}}'
    >>> about({"notes": " try beta ", "tags": ["a"], "config": config}).command
    'python train.py --lr 1e-5'
    """
    summary = {key: value for key, value in load(run.get("summaryMetrics")).items() if key not in BOOKKEEPING}
    return About(
        notes=str(run.get("notes") or "").strip(),
        tags=tuple(map(str, _list(run.get("tags")))),
        group=run.get("group") or None,
        sweep=run.get("sweepName") or None,
        summary={
            key: value for key, value in flatten(summary) if value is None or isinstance(value, str | int | float)
        },
        command=command_of(environment_of(_plain(load(run.get("config")).get("_wandb")))),
    )


def _list(value: Json) -> list[Json]:
    if value is not None and not isinstance(value, list):
        raise TypeError(type(value).__name__)
    return value or []


def checkpoint_of(artifacts: Sequence[Mapping[str, Json]], asked: str, run: str) -> Checkpoint | None:
    """Give the checkpoint among the artifacts that a run logged: the newest model, or the one that is asked for.

    None for a plain name that no artifact has: it may be that of a checkpoint which was never logged as one; and for
    `newest` where the run logged none: there is a verdict all the same, which can promote nothing.

    Raises:
        InputError: the run logged no such artifact: one of another run is never the checkpoint of this one.
    """
    models = sorted(
        (one for one in artifacts if _text(one, "artifactType", "name") == MODEL and one.get("state") == "COMMITTED"),
        key=lambda one: (str(one.get("createdAt")), int(one.get("versionIndex") or 0)),
    )
    fitting = models if asked == NEWEST else [one for one in models if asked in set(_names(one))]
    known = any(asked in set(_names(one)) for one in artifacts)
    if not fitting and (asked == NEWEST or (not known and not re.search(r"[:/]", asked))):
        return None
    if not fitting:
        listed = ", ".join(show_name(next(iter(_names(one)))) for one in models[-5:]) or "none"
        raise InputError(
            f"{show_name(asked)}: expected a model artifact that the run {show_name(run)} logged, got another; its "
            f"newest are: {listed}"
        )
    return _checkpoint(fitting[-1])


def _checkpoint(one: Mapping[str, Json]) -> Checkpoint:
    digest = one.get("digest")
    return Checkpoint(
        name=_text(one, "artifactSequence", "name"),
        step=_trained(one),
        artifact=next(iter(_names(one))),
        digest=f"wandb:{digest}" if isinstance(digest, str) and digest else None,
    )


def _trained(one: Mapping[str, Json]) -> int | None:
    """Give the training step of an artifact: its metadata tell it, else its name."""
    named, metadata = named_step(_text(one, "artifactSequence", "name")), load(one.get("metadata"))
    told = [step for key in _STEPS if (step := parse_step(metadata.get(key))) is not None and step >= 0]
    if not told:
        return named
    if named is not None and named != told[0]:
        raise InputError(
            f"{show_name(next(iter(_names(one))))}: expected one training step, got {named:,} in its name and "
            f"{told[0]:,} in its metadata; log it again with the right one, or name another"
        )
    return told[0]


def _names(one: Mapping[str, Json]) -> Iterator[str]:
    """Give every name of an artifact, the whole one first."""
    sequence = one.get("artifactSequence") or {}
    name = str(sequence.get("name"))
    project = sequence.get("project") or {}
    before = f"{_text(project, 'entity', 'name')}/{project.get('name')}/"
    versions = [f"v{one.get('versionIndex')}", *(str(alias.get("alias")) for alias in one.get("aliases") or [])]
    for version in versions:
        yield f"{before}{name}:{version}"
    for version in versions:
        yield f"{name}:{version}"
    yield name


def _text(value: Any, *path: str) -> str:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return str(value)
