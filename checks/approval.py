"""The noun of an approval: who let a waiver into the policy. How that is found out may not enter."""

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
