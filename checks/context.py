"""What others did that a judgement tells of: who approved a waiver, who held an alias. No rule may enter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who approved a waiver of the policy. The waiver is told whole: changed in anything, it is another one."""

    check: str
    scope: str
    """As `Waiver.scope` names it."""
    reason: str
    expires: str
    """ISO date."""
    pull_request: int | None
    """That brought it into the policy; None: it was pushed without one."""
    approved_by: tuple[str, ...]
    """Logins, sorted; empty: nobody."""


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who held an alias when evidence was collected: what `last-promoted` stood for."""

    alias: str
    registry: str
    """As the policy names it, else the collection of the checkpoint."""
    checkpoint: str
    """Its name in the registry."""
    digest: str | None
    run: str | None
    """The id of its run; None: the registry does not tell."""
