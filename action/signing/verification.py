"""The only room that knows sigstore: whether a workflow signed an attestation. Nothing is asked of a network."""

from __future__ import annotations

import importlib.resources
import json
import logging
from urllib.parse import quote

from cryptography.hazmat import asn1
from cryptography.x509 import (
    Certificate,
    ExtensionNotFound,
    ObjectIdentifier,
    SubjectAlternativeName,
    UniformResourceIdentifier,
)
from sigstore.errors import CertValidationError
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier
from sigstore.verify.policy import Identity, OIDCIssuerV2, OIDCSourceRepositoryURI, VerificationPolicy
from sigstore_models.trustroot.v1 import TrustedRoot as RootDocument

from action.escape import one_line
from action.report.elo_document import Object
from action.signing.form import parse_attestations, parse_root
from action.signing.sentence import (
    NO_BUNDLE,
    NO_LOG,
    OTHER_PAYLOAD,
    OTHER_ROOT,
    OTHER_TIME,
    ROOT,
    refused,
    sentence_for,
)
from action.signing.signer import Signer

_PAYLOAD = "application/vnd.in-toto+json"
_PUBLIC = ("_store", quote("https://tuf-repo-cdn.sigstore.dev", safe=""), "trusted_root.json")
"""Where sigstore ships the public-good root. Its own way to it reads a cache in the user's folder first, which any step
of a job could have written."""

_SHOWN = 300
"""Characters of who signed."""


class _FaultError(Exception):
    """Why an attestation does not hold: a sentence of ours."""


def verify_attestation(content: bytes, signer: Signer, trusted_root: bytes | None = None) -> tuple[bytes, ...]:
    """Return the statements in a file of attestations that the signer signed: those that hold, at least one.

    `trusted_root` is the content of a `trusted_root.json`; None: the public-good root, as sigstore ships it.

    Raises RefusalError where none holds.
    """
    logging.getLogger("sigstore").setLevel(logging.CRITICAL)  # what it warns of may be hostile, and is refused or fine
    attestations = parse_attestations(content)
    verifier = _verifier(trusted_root)
    payloads, faults = [], []
    for one in attestations:
        try:
            payloads.append(_payload(verifier, one, signer))
        except _FaultError as fault:
            faults.append(fault)
    if payloads:
        return tuple(payloads)
    several = "" if len(faults) == 1 else f"none of {len(faults)} attestations holds; of the first: "
    raise refused(f"{several}{faults[0]}") from faults[0]


def _verifier(trusted_root: bytes | None) -> Verifier:
    if trusted_root is None:
        trusted_root = importlib.resources.files("sigstore").joinpath(*_PUBLIC).read_bytes()
    text = json.dumps(parse_root(trusted_root))
    try:
        return Verifier(trusted_root=TrustedRoot(RootDocument.from_json(text)))
    except Exception as error:
        raise refused(f"trusted root: expected a document of Sigstore, got one that is none; {ROOT}") from error


def _payload(verifier: Verifier, attestation: Object, signer: Signer) -> bytes:
    bundle = _bundle(attestation)
    try:
        kind, payload = verifier.verify_dsse(bundle, _Asked(signer))
    except _FaultError:
        raise
    except CertValidationError as error:
        raise _FaultError(OTHER_ROOT if _was_valid(bundle) else OTHER_TIME) from error
    except Exception as error:  # a hostile certificate makes the library raise what it likes
        raise _FaultError(sentence_for(str(error))) from error
    if kind != _PAYLOAD:
        raise _FaultError(OTHER_PAYLOAD)
    return payload


def _bundle(attestation: Object) -> Bundle:
    try:
        return Bundle.from_json(json.dumps(attestation))
    except Exception as error:
        material = attestation.get("verificationMaterial")
        unlogged = isinstance(material, dict) and material.get("certificate") and not material.get("tlogEntries")
        raise _FaultError(NO_LOG if unlogged else NO_BUNDLE) from error


def _was_valid(bundle: Bundle) -> bool:
    """Tell whether the certificate was valid when the log took the entry; true where the log tells no time."""
    at = bundle.log_entry._inner.integrated_time  # it chooses between two sentences, nothing else
    cert = bundle.signing_certificate
    return at is None or cert.not_valid_before_utc.timestamp() <= at <= cert.not_valid_after_utc.timestamp()


class _Asked:
    """The signer as a policy of the library, which decides; what was expected and got is said here."""

    def __init__(self, signer: Signer) -> None:
        self._asked: tuple[tuple[str, str, VerificationPolicy, ObjectIdentifier], ...] = (
            ("workflow", signer.identity, Identity(identity=signer.identity), SubjectAlternativeName.oid),
            ("repository", signer.repository, OIDCSourceRepositoryURI(signer.repository), OIDCSourceRepositoryURI.oid),
            ("issuer", signer.issuer, OIDCIssuerV2(signer.issuer), OIDCIssuerV2.oid),
        )

    def verify(self, cert: Certificate) -> None:
        """Raise a fault for a certificate that names another signer."""
        for what, expected, asked, oid in self._asked:
            try:
                asked.verify(cert)
            except Exception as error:  # also a certificate that does not say it, or not readably
                wanted, got = (one_line(text, limit=_SHOWN, whole_words=True) for text in (expected, _told(cert, oid)))
                raise _FaultError(
                    f"expected a certificate of the {what} {wanted}, got one of {got or 'none that can be read'}; "
                    "sign it there, or say who is to sign: --signer IDENTITY"
                ) from error


def _told(cert: Certificate, oid: ObjectIdentifier) -> str:
    """Return what a certificate says, for a message; empty where it says nothing that can be read."""
    try:
        value = cert.extensions.get_extension_for_oid(oid).value
        if isinstance(value, SubjectAlternativeName):
            return " ".join(value.get_values_for_type(UniformResourceIdentifier))
        return asn1.decode_der(str, value.public_bytes())
    except (ExtensionNotFound, ValueError):
        return ""
