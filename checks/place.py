"""Where something is written down. Nothing else may enter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Where:
    """Where a check is written down."""

    file: str
    """The policy's path as the user gave it, or `profile NAME` for a check of a profile."""
    line: int
    """1-based."""
