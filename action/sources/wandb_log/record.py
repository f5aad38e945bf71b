"""The records of a `.wandb` file other than history rows: the run itself, its configuration, its end.

Field numbers are those of wandb's `wandb_internal.proto`; names of fields are given in comments. How rows are read may
not enter.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TypeAlias

from action.sources.wandb_log import wire
from checks.run import Scalar

HISTORY, SUMMARY, CONFIG, RUN, EXIT, ENVIRONMENT = 2, 3, 5, 17, 18, 26
_YEAR_10000 = 253_402_300_800


@dataclass(frozen=True, kw_only=True)
class ConfigChange:
    """Settings that go, with all below them, and those that come then; by dotted name."""

    remove: tuple[str, ...] = ()
    update: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunHead:
    """What a RunRecord says; None wherever it does not."""

    id: str | None = None
    name: str | None = None
    project: str | None = None
    commit: str | None = None
    started: int | None = None
    """Seconds since 1970 in UTC."""
    fork: str | None = None
    """The run and step that this one branched off, in words."""
    notes: str | None = None
    config: ConfigChange = field(default_factory=ConfigChange)


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What an EnvironmentRecord adds to the head of the run."""

    commit: str | None


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How the process of the run ended."""

    code: int = 0
    runtime: int = 0
    """Seconds; 0 where it is not recorded."""
    goes_on: bool = False
    """The record itself says that the run is not complete with this process."""


@dataclass(frozen=True, kw_only=True)
class HistoryBody:
    """A HistoryRecord as it came, for the reader of rows."""

    body: bytes


Record: TypeAlias = RunHead | ConfigChange | Environment | Exit | HistoryBody


def parse_record(payload: bytes) -> Record | None:
    """Read one Record; None for the kinds that a verdict has no use for.

    Raises:
        WireError: The payload is no protobuf message, or not the one that its number promises.
    """
    found: Record | None = None
    for number, value in wire.fields(payload):
        if number == HISTORY:
            found = HistoryBody(body=wire.message(value))
        elif number == RUN:
            found = _run(wire.message(value))
        elif number == CONFIG:
            found = _config(wire.message(value))
        elif number == EXIT:
            found = _exit(wire.message(value))
        elif number == ENVIRONMENT:
            found = Environment(commit=_commit_of_environment(wire.message(value)))
    return found


def _run(message: bytes) -> RunHead:
    texts: dict[int, str] = {}
    commit, started, fork, config = None, None, None, ConfigChange()
    for number, value in wire.fields(message):
        if number in (1, 3, 8, 9):  # run_id, project, display_name, notes
            texts[number] = wire.text(value)
        elif number == 4:  # config
            config = _config(wire.message(value))
        elif number == 17:  # start_time
            started = _seconds(wire.message(value))
        elif number == 21:  # git
            commit = _commit(wire.message(value))
        elif number == 23:  # branch_point
            fork = _branch_point(wire.message(value))
    return RunHead(
        id=texts.get(1) or None,
        name=texts.get(8) or None,
        project=texts.get(3) or None,
        notes=texts.get(9) or None,
        commit=commit,
        started=started,
        fork=fork,
        config=config,
    )


def _seconds(message: bytes) -> int | None:
    """Read a Timestamp; None for one that no calendar has."""
    seconds = 0
    for number, value in wire.fields(message):
        if number == 1:
            seconds = wire.signed(value)
    return seconds if 0 < seconds < _YEAR_10000 else None


def _commit(message: bytes) -> str | None:
    commit = ""
    for number, value in wire.fields(message):
        if number == 2:
            commit = wire.text(value)
    return commit or None


def _commit_of_environment(message: bytes) -> str | None:
    commit = None
    for number, value in wire.fields(message):
        if number == 9:  # git
            commit = _commit(wire.message(value))
    return commit


def _branch_point(message: bytes) -> str:
    parent, at, metric = "", 0.0, "_step"
    for number, value in wire.fields(message):
        if number == 1:
            parent = wire.text(value)
        elif number == 2:
            at = wire.double(value)
        elif number == 3:
            metric = wire.text(value)
    return f"{parent} at {metric} {at:g}"


def _exit(message: bytes) -> Exit:
    numbers = {1: 0, 2: 0, 3: 0}  # exit_code, runtime, not_complete
    for number, value in wire.fields(message):
        if number in numbers:
            numbers[number] = wire.signed(value)
    return Exit(code=numbers[1], runtime=numbers[2], goes_on=bool(numbers[3]))


def _config(message: bytes) -> ConfigChange:
    update: list[tuple[str, Scalar]] = []
    remove: list[str] = []
    for number, value in wire.fields(message):
        if number == 1:
            name, raw = _config_item(wire.message(value))
            remove.append(name)  # a new value replaces the whole of the old one
            update += _scalars(name, raw)
        elif number == 2:
            remove.append(_config_item(wire.message(value))[0])
    return ConfigChange(update=tuple(update), remove=tuple(remove))


def _config_item(message: bytes) -> tuple[str, str]:
    key, path, raw = "", [], "null"
    for number, value in wire.fields(message):
        if number == 1:
            key = wire.text(value)
        elif number == 2:
            path.append(wire.text(value))
        elif number == 16:
            raw = wire.text(value)
    return ".".join(path) or key, raw


def _scalars(name: str, raw: str) -> list[tuple[str, Scalar]]:
    """Flatten one setting with dots; lists, and what is no JSON, are no scalars and left out."""
    try:
        tree = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    found: list[tuple[str, Scalar]] = []
    rest = [(name, tree)]
    while rest:
        at, node = rest.pop()
        if isinstance(node, dict):
            rest += [(f"{at}.{key}", child) for key, child in reversed(node.items())]
        elif node is None or isinstance(node, str | int | float):
            found.append((at, node))
    return found
