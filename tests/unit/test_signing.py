"""Who signed an attestation: held by a root, without a network, and every fault refused with a reason of its own."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from action.attestation import mismatch
from action.signing.signer import ISSUER
from action.signing.verification import verify_attestation
from tests.runs import ROOT as FOLDER
from tests.services.sigstore_authority import REPOSITORY, VALID, WHEN, WORKFLOW, Claims
from tests.services.sigstore_instance import Sigstore
from tests.signatures import (
    DOWNLOAD,
    GOOD,
    OTHER,
    OURS,
    PAYLOAD,
    SIGNER,
    VERDICT,
    dumped,
    edited,
    entry,
    forbid_network,
    refusal,
    rooted,
)
from tests.verdicts import HOSTILE


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_network(monkeypatch)


def test_what_the_workflow_signed_holds_and_is_about_the_verdict() -> None:
    [payload] = verify_attestation(dumped(GOOD), SIGNER, OURS.trusted_root())

    assert payload == PAYLOAD
    assert mismatch(payload, VERDICT) is None


def test_an_instance_signs_the_same_bytes_each_time() -> None:
    assert Sigstore(1).sign(PAYLOAD) == GOOD
    assert OTHER.sign(PAYLOAD) != GOOD


def stamp(bundle: Any, response: str) -> None:
    stamps = {"rfc3161Timestamps": [{"signedTimestamp": response}]}
    bundle["verificationMaterial"]["timestampVerificationData"] = stamps


NO_BUNDLE = "expected a Sigstore bundle with a certificate and one log entry, got a document that is none"
OTHER_BYTES = "expected the signature of this statement, got one of other bytes or keys"
OTHER_ENTRY = "expected the log's entry for this statement, got the entry of another"
NOT_LOGGED = "expected an entry that the log's own signatures hold for, got another"
NO_TIME = "expected a time that a log or an authority tells, got none"
UNKNOWN = "expected an attestation that holds, got one that sigstore refuses"
LATE = OURS.sign(PAYLOAD, at=WHEN + timedelta(minutes=2))
ELSE = OURS.sign(b"another statement")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda one: one.pop("mediaType"), NO_BUNDLE),
        (lambda one: one.update(mediaType="application/json"), NO_BUNDLE),
        (lambda one: one.update(more=1), NO_BUNDLE),
        (lambda one: one.update(verificationMaterial=[]), NO_BUNDLE),
        (lambda one: one["verificationMaterial"].pop("certificate"), NO_BUNDLE),
        (lambda one: one["verificationMaterial"]["certificate"].update(rawBytes="AAAA"), NO_BUNDLE),
        (lambda one: one["verificationMaterial"]["tlogEntries"].append(entry(GOOD)), NO_BUNDLE),
        (lambda one: entry(one).update(logIndex="-1"), NO_BUNDLE),
        (lambda one: entry(one)["inclusionProof"].pop("checkpoint"), NO_BUNDLE),
        (lambda one: entry(one).pop("inclusionPromise"), NO_BUNDLE),
        (lambda one: entry(one).update(integratedTime="0"), NO_TIME),
        (lambda one: entry(one).update(integratedTime=str(2**64 - 1)), UNKNOWN),
        (lambda one: stamp(one, "AAAA"), UNKNOWN),
        (lambda one: one["dsseEnvelope"].update(payload=ELSE["dsseEnvelope"]["payload"]), OTHER_BYTES),
        (lambda one: one["dsseEnvelope"].update(payloadType="text/plain"), OTHER_BYTES),
        (lambda one: one["dsseEnvelope"]["signatures"][0].update(sig="AAAA"), OTHER_BYTES),
        (lambda one: one["dsseEnvelope"].update(signatures=ELSE["dsseEnvelope"]["signatures"]), OTHER_BYTES),
        (lambda one: entry(one).update(canonicalizedBody=entry(ELSE)["canonicalizedBody"]), NOT_LOGGED),
        (lambda one: entry(one)["inclusionPromise"].update(entry(LATE)["inclusionPromise"]), NOT_LOGGED),
        (lambda one: entry(one)["inclusionProof"].update(hashes=[]), NOT_LOGGED),
        (lambda one: entry(one)["inclusionProof"].update(entry(ELSE)["inclusionProof"]), NOT_LOGGED),
        (lambda one: one["verificationMaterial"].update(tlogEntries=[entry(ELSE)]), OTHER_ENTRY),
        (lambda one: one["verificationMaterial"].update(tlogEntries=[entry(OTHER.sign(PAYLOAD))]), NOT_LOGGED),
    ],
)
def test_a_bundle_that_was_tampered_with_is_refused(change: Callable[[Any], object], expected: str) -> None:
    assert refusal(edited(change)) == expected + DOWNLOAD


def test_what_is_signed_and_no_statement_is_refused() -> None:
    def sign_a_file(one: Any) -> None:
        del one["dsseEnvelope"]
        one["messageSignature"] = {"signature": "AAAA"}

    expected = "expected a signed in-toto statement, got something else that is signed; name a verdict's attestation"

    assert refusal(dumped(OURS.sign(PAYLOAD, kind="application/json"))) == expected
    assert refusal(edited(sign_a_file)) == expected


PULL = WORKFLOW.replace("refs/heads/main", "refs/pull/7/merge")
THERE = "; sign it there, or say who is to sign: --signer IDENTITY"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (Claims(workflow=PULL), f"of the workflow {WORKFLOW}, got one of {PULL}"),
        (Claims(workflow=f"{WORKFLOW}x"), f"of the workflow {WORKFLOW}, got one of {WORKFLOW}x"),
        (Claims(workflow=WORKFLOW[:-1]), f"of the workflow {WORKFLOW}, got one of {WORKFLOW[:-1]}"),
        (Claims(workflow=WORKFLOW.upper()), f"of the workflow {WORKFLOW}, got one of {WORKFLOW.upper()}"),
        (Claims(repository=f"{REPOSITORY}-2"), f"of the repository {REPOSITORY}, got one of {REPOSITORY}-2"),
        (Claims(repository=None), f"of the repository {REPOSITORY}, got one of none that can be read"),
        (Claims(issuer="https://issuer.invalid"), f"of the issuer {ISSUER}, got one of https://issuer.invalid"),
    ],
)
def test_a_signature_of_somebody_else_is_refused_with_who_it_was(claims: Claims, expected: str) -> None:
    assert refusal(dumped(OURS.sign(PAYLOAD, claims))) == f"expected a certificate {expected}{THERE}"


def test_who_signed_is_told_without_what_a_name_could_do_to_a_terminal() -> None:
    workflow = "https://a/" + HOSTILE.replace("\u202e", "").replace("\ud800", "")

    text = refusal(dumped(OURS.sign(PAYLOAD, Claims(workflow=workflow))))

    assert "\\x1b[2J" in text
    assert len(text) < 800


def test_a_certificate_of_another_root_is_refused() -> None:
    expected = (
        "expected a certificate of the trusted root, got one of another authority; "
        "name the root of the Sigstore that signed it: --trusted-root FILE"
    )

    assert refusal(dumped(OTHER.sign(PAYLOAD))) == expected
    assert refusal(dumped(GOOD), OTHER.trusted_root()) == expected


@pytest.mark.parametrize("at", [WHEN - timedelta(seconds=1), WHEN + VALID + timedelta(seconds=1)])
def test_a_signature_outside_the_minutes_of_its_certificate_is_refused(at: Any) -> None:
    expected = (
        "expected a signature made while its certificate was valid, got one of another time; sign the verdict again"
    )

    assert refusal(dumped(OURS.sign(PAYLOAD, at=at))) == expected


@pytest.mark.parametrize("at", [WHEN, WHEN + VALID])
def test_the_first_and_the_last_moment_of_a_certificate_hold(at: Any) -> None:
    assert verify_attestation(dumped(OURS.sign(PAYLOAD, at=at)), SIGNER, OURS.trusted_root()) == (PAYLOAD,)


@pytest.mark.parametrize(("kind", "version"), [("intoto", "0.0.2"), ("hashedrekord", "0.0.1")])
def test_an_entry_of_a_kind_that_is_not_for_statements_is_refused(kind: str, version: str) -> None:
    expected = "expected a log entry of kind dsse, got another; sign the verdict with actions/attest"

    assert refusal(edited(lambda one: entry(one)["kindVersion"].update(kind=kind, version=version))) == expected


def test_a_signature_without_a_log_is_told_to_be_of_a_private_repository() -> None:
    def unlog(one: Any) -> None:
        one["verificationMaterial"].pop("tlogEntries")
        stamp(one, "AAAA")

    text = refusal(edited(unlog))

    assert text == (
        "expected an entry of a transparency log, got none, as GitHub's own Sigstore for private repositories "
        "has none; go by what GitHub says of the commit: gatekeeper verify --commit SHA"
    )


def test_a_timestamp_of_an_authority_that_the_root_does_not_know_is_refused() -> None:
    granted = "MAUwAwIBAA=="  # a response in DER that says "granted" and nothing else

    assert refusal(edited(lambda one: stamp(one, granted))) == (
        "expected a timestamp by an authority of the trusted root, got another's; "
        "name a trusted_root.json: gh attestation trusted-root > FILE"
    )


def test_of_several_that_do_not_hold_the_reason_of_the_first_is_told() -> None:
    text = refusal(
        dumped(
            OTHER.sign(PAYLOAD),
            json.loads(edited(lambda one: one["dsseEnvelope"].update(payload=""))),
            GOOD | {"mediaType": "?"},
        )
    )

    assert text.startswith("none of 3 attestations holds; of the first: expected a certificate of the trusted root, ")


def test_nothing_is_printed_or_logged(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    key = {"publicKey": {"keyDetails": "PKIX_ED25519"}}  # it is empty, which sigstore warns of
    root = rooted(ctlogs=[json.loads(OURS.trusted_root())["ctlogs"][0] | key])
    with caplog.at_level(logging.DEBUG):
        verify_attestation(dumped(GOOD), SIGNER, OURS.trusted_root())
        refusal(dumped(OTHER.sign(PAYLOAD)))
        refusal(dumped(GOOD), root)

    assert capfd.readouterr() == ("", "")
    assert caplog.text == ""


def test_the_library_is_loaded_by_the_room_that_knows_it_alone() -> None:
    program = (
        "import sys, action.attestation, action.signing.form, action.signing.signer\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'sigstore', 'cryptography', 'tuf'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=FOLDER, capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
