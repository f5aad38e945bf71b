"""A verdict by which a checkpoint may be promoted, and why it is believed: nouns. Nothing is read or decided here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from checks.check import Policy
from checks.result import Verdict
from checks.run import Evidence


class Trust(StrEnum):
    """Why a verdict is believed to be ours."""

    NOBODY = "nobody"
    """It is not: anybody could have written it, with evidence to match."""
    LOCAL = "local"
    """The user of this machine says so, for a registry of this machine."""
    WORKFLOW = "workflow"
    """An artifact of a job that our workflow file on the default branch started."""
    ATTESTATION = "attestation"
    """A signature of that workflow."""


@dataclass(frozen=True, kw_only=True)
class Presented:
    """A verdict as it was presented."""

    name: str
    """What messages call it."""
    content: bytes
    """Of `verdict.json`."""
    evidence: Path | None
    """Where its bundle may lie; None: nobody knows of one."""
    attestation: Path | None = None
    """Where its attestation may lie; None: nobody knows of one."""
    trust: Trust

    @property
    def sha256(self) -> str:
        """Of `verdict.json`."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Verified:
    """A verdict by which a checkpoint may be promoted."""

    verdict: Verdict
    sha256: str
    trust: Trust
    policy: Policy = field(repr=False)
    evidence: Evidence = field(repr=False)
    files: Mapping[str, bytes] = field(repr=False)
    """The verdict and its evidence, by their paths."""
