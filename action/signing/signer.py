"""Who has to have signed an attestation. No library may enter."""

from __future__ import annotations

from dataclasses import dataclass

ISSUER = "https://token.actions.githubusercontent.com"
"""Who vouches for workflows of github.com."""


@dataclass(frozen=True, kw_only=True)
class Signer:
    """A workflow, as the certificate of a signature names it."""

    identity: str
    """File and ref: `https://github.com/OWNER/REPO/.github/workflows/gatekeeper.yml@refs/heads/main`."""
    repository: str
    """The one that the workflow ran for: `https://github.com/OWNER/REPO`."""
    issuer: str = ISSUER
