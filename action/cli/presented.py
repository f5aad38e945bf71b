"""A verdict in a file, with what lies beside it. Composition alone."""

from __future__ import annotations

from pathlib import Path

from action.cli.asked import Asked
from action.errors import InputError
from action.files import open_input, show_name
from action.report.reading import LARGEST
from action.verified import Presented, Trust

ATTESTATION = "attestation.sigstore.json"
"""Beside a verdict."""


def presented_of(asked: Asked) -> Presented:
    """Read the verdict that is named by its file or folder; InputError where it cannot be read."""
    given = asked.verdict or Path()
    path = given / "verdict.json" if given.is_dir() else given
    with open_input(path) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise InputError(f"{show_name(path)}: expected a verdict of at most 50 MB, got more; was it written by us?")
    trust = Trust.LOCAL if asked.trust_local else Trust.NOBODY
    return Presented(
        name=show_name(path),
        content=content,
        evidence=asked.evidence or path.parent,
        attestation=path.parent / ATTESTATION,
        trust=trust,
    )
