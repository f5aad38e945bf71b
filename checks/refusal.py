"""Why a checkpoint is not promoted: one code and one sentence each. Nothing is decided here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Codes that programs may read: some are added, none is renamed."""

    NOT_A_PASS = "not-a-pass"  # noqa: S105 - a verdict, no password
    TRIAL = "trial"
    NO_CHECKPOINT = "no-checkpoint"
    NO_DIGEST = "no-digest"
    NO_BYTES = "no-bytes"
    OTHER_CHECKPOINT = "other-checkpoint"
    OTHER_RUN = "other-run"
    OTHER_REPOSITORY = "other-repository"
    OTHER_COMMIT = "other-commit"
    OTHER_POLICY = "other-policy"
    OTHER_VERSION = "other-version"
    TOO_OLD = "too-old"
    CLOCK = "clock"
    SUPERSEDED = "superseded"
    WAIVER = "waiver-expired"
    NO_EVIDENCE = "no-evidence"
    EVIDENCE_ALTERED = "evidence-altered"
    OTHER_EVIDENCE = "other-evidence"
    NOT_REPRODUCED = "not-reproduced"
    UNTRUSTED = "untrusted"
    TRUST_LOCAL = "trust-local"
    NO_ATTESTATION = "no-attestation"
    ATTESTATION = "attestation"
    NO_VERDICT = "no-verdict"
    SEVERAL_VERDICTS = "several-verdicts"
    ALIAS_MOVED = "alias-moved"
    ARTIFACT_GONE = "artifact-gone"
    NOT_READ_BACK = "not-read-back"


@dataclass(frozen=True, kw_only=True, order=True)
class Refusal:
    """One reason against a promotion."""

    reason: Reason
    text: str
    """A sentence: what was expected, what was got; what to do."""
