"""Statements that a Sigstore of our own signed, and what becomes of them, for the tests of signatures."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from action.attestation import statement
from action.errors import RefusalError
from action.report.document import verdict_json
from action.signing.signer import Signer
from action.signing.verification import verify_attestation
from checks.refusal import Reason
from checks.run import Checkpoint
from tests.services.sigstore_authority import REPOSITORY, WORKFLOW
from tests.services.sigstore_instance import Sigstore
from tests.verdicts import verdict

OURS, OTHER = Sigstore(1), Sigstore(2)
SIGNER = Signer(identity=WORKFLOW, repository=REPOSITORY)
VERDICT = verdict_json(verdict(checkpoint=Checkpoint(name="adapter_v40", digest="sha256:" + "ab" * 32))).encode()
PAYLOAD = json.dumps(statement(VERDICT)).encode()
GOOD = OURS.sign(PAYLOAD)
DOWNLOAD = "; download it again: gh attestation download FILE --repo OWNER/REPO"


def forbid_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing reach for a network."""

    def refuse(*words: object, **named: object) -> None:
        raise AssertionError("a socket was asked for")

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname"):
        monkeypatch.setattr(socket, name, refuse)


def dumped(*bundles: Any) -> bytes:
    """Write objects, one a line."""
    return "\n".join(json.dumps(one) for one in bundles).encode()


def rooted(**changes: Any) -> bytes:
    """Write our root with some of its fields changed."""
    return dumped(json.loads(OURS.trusted_root()) | changes)


def entry(bundle: Any) -> Any:
    """Give the log's entry in a bundle."""
    return bundle["verificationMaterial"]["tlogEntries"][0]


def edited(change: Callable[[Any], object]) -> bytes:
    """Write the good bundle after a change."""
    bundle = copy.deepcopy(GOOD)
    change(bundle)
    return dumped(bundle)


def refusal(content: bytes, root: bytes | None = OURS.trusted_root()) -> str:
    """Give the one sentence why an attestation is refused: a line that says what to do."""
    with pytest.raises(RefusalError) as caught:
        verify_attestation(content, SIGNER, root)
    [one] = caught.value.refusals
    assert one.reason is Reason.ATTESTATION
    assert one.text.isprintable()
    assert "; " in one.text
    return one.text
