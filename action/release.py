"""Which release of the action this build is: `release/stamp.py` writes it into a build. Nothing else may enter."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Release:
    """A commit of the action that was released."""

    repository: str
    """`owner/name`."""
    sha: str
    version: str
    """As `v1.2.3`."""


RELEASE: Release | None = None
"""None: this build is no release, and knows no commit to pin."""
