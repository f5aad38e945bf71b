"""Where checkpoints have aliases, as values and a Protocol. No client may enter, and no decision about a promotion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A version of a checkpoint as a registry has it."""

    name: str
    """Its whole name there: `team/league/adapter:v7` on W&B; in a local registry the name of the file or folder."""
    digest: str | None
    """`wandb:…` or `sha256:…`, as a verdict names it; None: the registry tells none."""
    run: str | None = None
    """The id of the run that it came from; None: the registry does not tell."""
    key: str = ""
    """What the registry itself knows it by."""
    refers: bool = False
    """It refers to files elsewhere: its digest says nothing of another version's bytes."""

    @property
    def logged_by(self) -> str | None:
        """The run, whole: `entity/project/id` on W&B, where runs of two projects may share an id.

        >>> Stored(name="team/league/adapter:v7", digest=None, run="abc").logged_by
        'team/league/abc'
        """
        home = self.name.rpartition("/")[0]
        return self.run if self.run is None or "/" in self.run or home.count("/") != 1 else f"{home}/{self.run}"

    def is_same(self, other: Stored | None) -> bool:
        """Tell whether it is that version: the same for the registry, with the same bytes.

        >>> one = Stored(name="a:v1", digest="wandb:0", key="k")
        >>> one.is_same(one), one.is_same(Stored(name="a:v1", digest="wandb:1", key="k")), one.is_same(None)
        (True, False, False)
        """
        return other is not None and (self.key, self.digest) == (other.key, other.digest)


@dataclass(frozen=True, kw_only=True)
class Record:
    """Who promotes what, by which verdict, and why: kept where the registry can."""

    by: str
    """The login, or the user of the machine."""
    why: str
    """Empty: nobody said."""
    at: str
    """RFC 3339 in UTC, whole seconds."""
    run: str
    """The id of the run, else its name."""
    repository: str | None
    commit: str | None
    verdict_sha256: str
    """Of `verdict.json`."""
    evidence_sha256: str
    policy_sha256: str
    judged_at: str
    tool_version: str
    waived: tuple[str, ...] = ()
    """The checks, by their ids, that did not block because of a waiver."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An alias that is to be moved."""

    alias: str
    to: Stored
    expected: Stored | None
    """Who held it when the promotion began; None: nobody did. Another holder: somebody else was faster."""
    record: Record
    proof: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """`verdict.json` and its evidence, by their paths, for a registry that can keep them."""


class Change(StrEnum):
    """What became of an order."""

    MOVED = "moved"
    ALREADY = "already"
    """The version held the alias before, so there was nothing to move."""


@dataclass(frozen=True, kw_only=True)
class Moved:
    """An alias after it was moved and read back."""

    change: Change
    before: Stored | None
    """Who held it; None: nobody did."""
    notes: tuple[str, ...] = ()
    """What could not be recorded, one sentence each."""
    place: str = ""
    """Where the alias leads people on this machine; empty: nowhere here."""


class Happened(StrEnum):
    """What a registry remembers."""

    PROMOTED = "promoted"
    AGAIN = "promoted-again"
    """What had held the alias before: a rollback, mostly."""
    REFUSED = "refused"
    """A verdict that did not pass."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that a registry remembers."""

    happened: Happened

    number: int
    """From 1, oldest first."""
    at: str
    """RFC 3339 in UTC, whole seconds."""
    by: str
    why: str
    """Empty: nobody said."""
    alias: str | None
    checkpoint: Stored
    verdict_sha256: str
    """Of `verdict.json`."""
    reasons: tuple[str, ...] = ()
    """Why it was refused, by their codes."""
    waived: tuple[str, ...] = ()
    """The checks, by their ids, that did not block because of a waiver."""
    holds: bool = False
    """The alias is where this put it."""


class Registry(Protocol):
    """A place where checkpoints have aliases.

    Every call may raise InputError (what is named cannot be meant) or ServiceError (a service could not be reached, or
    refused).
    """

    @property
    def title(self) -> str:
        """What messages call it."""
        ...

    def find(self, artifact: str, /) -> Stored:
        """Find a version by its name, a path, or one of its aliases; InputError (MissingError) where there is none."""
        ...

    def holder(self, alias: str, artifact: Stored, /) -> Stored | None:
        """Give who holds an alias where a version would get it; None: nobody does."""
        ...

    def move(self, order: Order, /) -> Moved:
        """Move an alias, read it back, and keep the record.

        Raises:
            RefusalError: somebody else moved the alias, the version is gone or has other bytes, or the alias does not
                read back as it was written. The alias is then where it was, or the message says where it is.
        """
        ...
