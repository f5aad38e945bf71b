"""The nouns that sources hand to checks: what a run recorded, in one shape whatever recorded it.

No rule, statistic or format of a source may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from checks.approval import Approval
from checks.counts import Counts

Steps: TypeAlias = NDArray[np.int64]
Values: TypeAlias = NDArray[np.float64]
Scalar: TypeAlias = str | int | float | bool | None


def _no_series() -> Mapping[str, Series]:
    return MappingProxyType({})


def _no_counts() -> Mapping[str, int]:
    return MappingProxyType({})


def _no_config() -> Mapping[str, Scalar]:
    return MappingProxyType({})


class RunState(StrEnum):
    """How a run ended, as far as its source records it."""

    FINISHED = "finished"
    FAILED = "failed"
    """Ended by itself with an exit code other than 0."""
    INTERRUPTED = "interrupted"
    """Ended by a person or a signal that the trainer could still record (W&B exit code 255)."""
    KILLED = "killed"
    """The source records ends, and this run has none."""
    RUNNING = "running"
    UNKNOWN = "unknown"
    """The source does not record how a run ends."""


class NoteKind(StrEnum):
    """What a note means for the trust in the data."""

    ODD = "odd"
    """Strange, but nothing is lost."""
    LOST = "lost"
    """A part of the record could not be read: the data are not complete."""
    OVERLAP = "overlap"
    """Two fragments of one run hold the same steps."""


@dataclass(frozen=True, kw_only=True)
class Note:
    """Something odd or lost while reading, in a sentence that reaches the report."""

    kind: NoteKind
    text: str
    """Says where, what was expected, what was got. May hold hostile text: escaped where it is shown."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One metric over steps, in the order it was recorded."""

    name: str
    steps: Steps
    """Shape (n,). Not necessarily sorted or unique: that is for the integrity check to see."""
    values: Values
    """Shape (n,). NaN and ±inf stay what they are, however the source spells them."""

    def __post_init__(self) -> None:
        if self.steps.shape != self.values.shape or self.steps.ndim != 1:
            raise ValueError(f"series {self.name!r}: steps {self.steps.shape} and values {self.values.shape} differ")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Every logged row of a run, without its values: at which step, and which metrics it held."""

    steps: Steps
    """Shape (r,), in recorded order."""
    kinds: NDArray[np.int32]
    """Shape (r,). Index into `names`: which set of metrics the row held."""
    names: tuple[frozenset[str], ...]
    """The distinct sets of metrics that rows held (bookkeeping such as `_step` left out). Past 4,096 distinct
    sets a source puts the rest into one last set that is their union."""

    def __post_init__(self) -> None:
        if self.steps.shape != self.kinds.shape or self.steps.ndim != 1:
            raise ValueError(f"rows: steps {self.steps.shape} and kinds {self.kinds.shape} differ")


NO_ROWS = Rows(steps=np.zeros(0, np.int64), kinds=np.zeros(0, np.int32), names=())


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which series a reader must keep; all else is only counted, so that memory follows the choice, not the file."""

    names: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    """Series whose names begin so are kept too."""
    everything: bool = False

    def wants(self, name: str) -> bool:
        """Tell whether the series of this name is kept."""
        return self.everything or name in self.names or (bool(self.prefixes) and name.startswith(self.prefixes))


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Which run this is. None wherever the source does not record it."""

    id: str | None = None
    name: str
    """The display name; never empty (a file's stem where the source records no name)."""
    url: str | None = None
    commit: str | None = None
    """Git commit the run was trained on, hexadecimal."""
    started_at: str | None = None
    """RFC 3339 in UTC, whole seconds, as `2026-11-22T12:00:00Z`."""
    finished_at: str | None = None


@dataclass(frozen=True, kw_only=True)
class LogTable:
    """The answer to one log question: one row a group, or a single row without grouping."""

    question: str
    by: str | None
    """The field grouped by."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Scalar, ...], ...]
    """Cells in the order of `columns`; None: nothing was measured."""
    events: int
    """How many events the answer rests on."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One question that was put to a service, so that anybody can ask it again. Holds no secret."""

    service: str
    """`Axiom` or `W&B`."""
    what: str
    """What was asked, in words."""
    text: str
    """The query itself."""
    since: str | None = None
    """RFC 3339 in UTC; None: the question has no time range."""
    until: str | None = None
    rows: int
    """How many rows the answer has."""
    client: str
    """What asked, with its version."""


@dataclass(frozen=True, kw_only=True)
class GameRecord:
    """Games, reduced to what ratings are made of."""

    counts: Counts
    source: str
    """Where they came from, in words: the names of files."""
    cluster: str
    """What one observation is, in words: `rollout`, `game`, or the field that was named."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Words:
    """What people wrote of a run, and how it was started. May hold hostile text, and secrets in its command."""

    notes: str | None = None
    command: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunData:
    """One training run, as every source gives it."""

    ref: str
    """How the user named it."""
    source: str
    """What was read, in words: `W&B file`, `trainer log`, …"""
    identity: Identity
    state: RunState = RunState.UNKNOWN
    exit_code: int | None = None
    planned_steps: int | None = None
    """How many steps the run was to take, where the source itself says so."""
    config: Mapping[str, Scalar] = field(default_factory=_no_config)
    """The run's configuration, flattened with dots (`trainer.total_steps`). May hold secrets: never written out."""
    words: Words = Words()
    """As its source records them; never written out as they are."""
    counts_calls: bool = False
    """Steps are the source's count of `log` calls (W&B), not necessarily those of the trainer."""
    rows: Rows = NO_ROWS
    series: Mapping[str, Series] = field(default_factory=_no_series)
    """The selected series, by name."""
    catalog: Mapping[str, int] = field(default_factory=_no_counts)
    """Every metric of the run, selected or not → how many values it has."""
    notes: tuple[Note, ...] = ()

    @property
    def last_step(self) -> int | None:
        """The highest step any row was logged at; None without rows."""
        return int(self.rows.steps.max()) if self.rows.steps.size else None

    @property
    def first_step(self) -> int | None:
        """The lowest step any row was logged at; None without rows."""
        return int(self.rows.steps.min()) if self.rows.steps.size else None


def _no_logs() -> Mapping[str, LogTable]:
    return MappingProxyType({})


def _no_baselines() -> Mapping[str, RunData | str]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The version of the trained model that a verdict is bound to."""

    name: str
    step: int | None = None
    artifact: str | None = None
    """Its name in a registry, where it is in one."""
    digest: str | None = None
    """`sha256:…` of its bytes; None: the verdict can report, never promote."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where on GitHub a run was judged, and for what."""

    repository: str
    """`owner/name`."""
    sha: str | None
    """The commit that the verdict is for; None: for none."""
    attempt: int
    """Of the job, from 1."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A setting that differs from the baseline's."""

    key: str
    before: Scalar
    """None: the baseline has no such key."""
    after: Scalar


@dataclass(frozen=True, kw_only=True)
class Story:
    """What is kept of a run beside what it measured, for the experiment tracker; secrets are left out."""

    hypothesis: str | None = None
    """The run's notes."""
    command: str | None = None
    against: str | None = None
    """The baseline that it is compared with; None: there is none whose configuration is known."""
    changes: tuple[Change, ...] = ()
    hidden: int = 0
    """How many settings differ and may be secret."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that one judgement rests on."""

    run: RunData
    logs: Mapping[str, LogTable] = field(default_factory=_no_logs)
    """Log question, or query of the policy's own in APL → its answer. Empty where there are no logs."""
    log_source: str | None = None
    """Where the log events came from, in words; None: there are none, which is not the same as none that match."""
    games: str | None = None
    """Where games of the run lie, in words; None: there are none."""
    game_record: GameRecord | None = None
    """The games, reduced; None: there are none, or no check asks of them."""
    baselines: Mapping[str, RunData | str] = field(default_factory=_no_baselines)
    """Baseline run as the policy names it → its data, or a sentence that says why there are none."""
    asked: tuple[Asked, ...] = ()
    """What was asked of services, in an order that does not depend on when they answered."""
    notes: tuple[Note, ...] = ()
    """What was odd or lost outside the run itself."""
    checkpoint: Checkpoint | None = None
    origin: Origin | None = None
    """None: it was not judged by a job of GitHub Actions."""
    story: Story | None = None
    """None: nothing of the kind is known."""
    approvals: tuple[Approval, ...] = ()
    """Of the waivers that are for this run, as far as who approved them is known."""
    judged_at: str
    """RFC 3339 in UTC, whole seconds."""
