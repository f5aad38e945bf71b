"""A promotion, step by step: what holds the alias, verify, move, read back. Imports no registry.

No verdict is judged here, and nothing is printed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from action.errors import UsageError
from action.files import show_name
from action.registry import Moved, Order, Record, Registry, Stored
from action.verified import Verified
from checks.result import Verdict

_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_TAKEN = re.compile(r"latest|v[0-9]+", re.IGNORECASE)
"""Aliases that a registry gives by itself."""


@dataclass(frozen=True, kw_only=True)
class Promotion:
    """What is to be promoted, to what, and by whom."""

    artifact: str
    alias: str
    by: str
    """The login, or the user of the machine."""
    why: str
    """Empty: nobody said."""
    at: str
    """RFC 3339 in UTC, whole seconds."""
    dry_run: bool = False


@dataclass(frozen=True, kw_only=True)
class Promoted:
    """What became of it."""

    order: Order
    moved: Moved | None
    """None: it was a rehearsal."""
    verified: Verified


def read_alias(text: str) -> str:
    """Read the name of an alias.

    >>> read_alias("production")
    'production'

    Raises:
        UsageError: it is none that a person may move.
    """
    if not _ALIAS.fullmatch(text) or _TAKEN.fullmatch(text):
        raise UsageError(
            f"--alias: expected a name such as production, of letters, digits, `.`, `_` and `-`, and neither latest "
            f"nor v7, which registries give by themselves, got {show_name(text)}; choose another"
        )
    return text


def promote(wanted: Promotion, registry: Registry, verify: Callable[[Stored], Verified]) -> Promoted:
    """Verify, move the alias, and read it back.

    Args:
        wanted: what is to be done.
        registry: where.
        verify: verifies that a verdict is about the bytes that the registry has; RefusalError where it is not.

    Raises:
        InputError: what is named cannot be meant.
        RefusalError: the verdict cannot promote these bytes, or somebody else was faster.
        ServiceError: a service could not be reached, or refused.
    """
    to = registry.find(wanted.artifact)
    # Who held it when the promotion began: whoever moves it while the verdict is verified is not overrun.
    before = registry.holder(wanted.alias, to)
    verified = verify(to)
    record = record_of(wanted, verified.verdict, verified.sha256)
    order = Order(alias=wanted.alias, to=to, expected=before, record=record, proof=dict(verified.files))
    moved = None if wanted.dry_run else registry.move(order)
    return Promoted(order=order, moved=moved, verified=verified)


def record_of(wanted: Promotion, verdict: Verdict, sha256: str) -> Record:
    """Write down who promotes what, by which verdict (and the sha256 of its file), and why."""
    origin = verdict.origin
    return Record(
        by=wanted.by,
        why=wanted.why,
        at=wanted.at,
        run=verdict.run.id or verdict.run.name,
        repository=None if origin is None else origin.repository,
        commit=None if origin is None else origin.sha,
        verdict_sha256=sha256,
        evidence_sha256=verdict.evidence_sha256,
        policy_sha256=verdict.policy.sha256,
        judged_at=verdict.judged_at,
        tool_version=verdict.tool_version,
        waived=tuple(sorted(verdict.waived)),
    )
