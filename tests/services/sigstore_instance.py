"""A Sigstore of our own: statements signed as `actions/attest` has them signed, and the root by which they hold.

Formats are those of https://github.com/sigstore/protobuf-specs and of Rekor's first version. The same statement gives
the same bytes each time. Nothing listens, and no library of Sigstore may enter.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from tests.services.sigstore_authority import (
    START,
    WHEN,
    Authority,
    Claims,
    key_id,
    key_of,
    public_bytes,
    signed,
)

PAYLOAD = "application/vnd.in-toto+json"


class Sigstore:
    """An authority and a log. Another number is another one, of which this one knows nothing."""

    def __init__(self, number: int = 1) -> None:
        self.authority = Authority(number)
        self.log, self._key = key_of(f"log {number}"), key_of(f"workflow {number}")

    def trusted_root(self) -> bytes:
        """Give its `trusted_root.json`."""
        chain = [{"rawBytes": _base64(_der(one))} for one in self.authority.chain]
        authority = {
            "subject": {"organization": "tests", "commonName": "tests"},
            "uri": "https://authority.invalid",
            "certChain": {"certificates": chain},
            "validFor": {"start": f"{START:%FT%TZ}"},
        }
        root = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [_log(self.log)],
            "certificateAuthorities": [authority],
            "ctlogs": [_log(self.authority.log)],
        }
        return json.dumps(root).encode()

    def sign(
        self, payload: bytes, claims: Claims | None = None, *, kind: str = PAYLOAD, at: datetime | None = None
    ) -> dict[str, Any]:
        """Give the bundle of a payload that a workflow signs; `at`: when the log takes it."""
        certificate = self.authority.certify(claims or Claims(), self._key)
        text = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
        signature = _base64(signed(self._key, text))
        entry = self.enter(_body(payload, signature, certificate), at or WHEN + timedelta(minutes=1))
        return {
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {
                "certificate": {"rawBytes": _base64(_der(certificate))},
                "tlogEntries": [entry],
                "timestampVerificationData": {},
            },
            "dsseEnvelope": {
                "payload": _base64(payload),
                "payloadType": kind,
                "signatures": [{"sig": signature}],
            },
        }

    def enter(self, body: bytes, at: datetime) -> dict[str, Any]:
        """Give the log's second entry: a body, the promise to log it, and the proof that it is logged."""
        log, time = key_id(self.log), int(at.timestamp())
        promise = {"body": _base64(body), "integratedTime": time, "logID": log.hex(), "logIndex": 1}
        first = hashlib.sha256(b"\x00the first entry").digest()
        root = hashlib.sha256(b"\x01" + first + hashlib.sha256(b"\x00" + body).digest()).digest()
        note = f"log.invalid\n2\n{_base64(root)}\n"
        signature = _base64(log[:4] + signed(self.log, note.encode()))
        return {
            "logIndex": "1",
            "logId": {"keyId": _base64(log)},
            "kindVersion": {"kind": "dsse", "version": "0.0.1"},
            "integratedTime": str(time),
            "inclusionPromise": {"signedEntryTimestamp": _base64(signed(self.log, _canonical(promise)))},
            "inclusionProof": {
                "logIndex": "1",
                "rootHash": _base64(root),
                "treeSize": "2",
                "hashes": [_base64(first)],
                "checkpoint": {"envelope": f"{note}\n\u2014 log.invalid {signature}\n"},
            },
            "canonicalizedBody": _base64(body),
        }


def _body(payload: bytes, signature: str, certificate: x509.Certificate) -> bytes:
    pem = _base64(certificate.public_bytes(Encoding.PEM))
    digest = {"algorithm": "sha256", "value": hashlib.sha256(payload).hexdigest()}
    spec = {
        "envelopeHash": {"algorithm": "sha256", "value": "0" * 64},
        "payloadHash": digest,
        "signatures": [{"signature": signature, "verifier": pem}],
    }
    return _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})


def _log(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    public = {
        "rawBytes": _base64(public_bytes(key)),
        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
        "validFor": {"start": f"{START:%FT%TZ}"},
    }
    return {
        "baseUrl": "https://log.invalid",
        "hashAlgorithm": "SHA2_256",
        "publicKey": public,
        "logId": {"keyId": _base64(key_id(key))},
    }


def _canonical(value: Mapping[str, Any]) -> bytes:
    """Write ASCII as RFC 8785 has it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
