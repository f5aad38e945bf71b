"""What guards a branch on GitHub, and what reported on it, as values. No client and no judgement may enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Unseen:
    """Something that could not be looked at."""

    why: str
    permission: str | None = None
    """The one that the token lacks, as `administration: read`; None: that is not why."""


@dataclass(frozen=True, kw_only=True)
class Required:
    """A status or check that a branch asks for."""

    context: str
    app: int | None
    """The one app that may report it; None: anybody who may write."""


@dataclass(frozen=True, kw_only=True)
class Guard:
    """A ruleset, or branch protection."""

    place: str
    """What it is called: `branch protection`, `ruleset main`."""
    required: tuple[Required, ...]
    bypass: tuple[str, ...] | Unseen
    """Who may merge without it, in words."""


@dataclass(frozen=True, kw_only=True)
class Reported:
    """A status under our context."""

    sha: str
    state: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Reports:
    """What was reported lately."""

    commits: int
    """How many commits were looked at: the branch's newest, and heads of pull requests."""
    statuses: tuple[Reported, ...]


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An environment of jobs, which may hold secrets."""

    reviewed: bool
    """Somebody has to let each job in."""
    branches: bool
    """Only some branches may use it."""


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What was seen of a branch."""

    branch: str
    rulesets: tuple[Guard, ...] | Unseen
    queue: bool | Unseen
    """A merge queue is asked for."""
    protection: Guard | Unseen | None
    """None: there is none."""
    workflows: Mapping[str, str] | Unseen
    """Path → text, of every workflow on the branch."""
    reports: Reports | Unseen
    environments: Mapping[str, Environment | Unseen | None] = field(default_factory=dict)
    """Of jobs that promote, by name; None: there is none of that name."""
