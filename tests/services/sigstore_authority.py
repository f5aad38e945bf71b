"""An authority that certifies workflows as Sigstore's does, with its log of certificates. No statement may enter.

Formats are those of RFC 5280, RFC 6962 and https://github.com/sigstore/fulcio/blob/main/docs/oid-info.md. Keys and
times are fixed, so that the same claims give the same bytes each time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

REPOSITORY = "https://github.com/team/league"
WORKFLOW = f"{REPOSITORY}/.github/workflows/gatekeeper.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
WHEN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""When certificates are given."""
VALID = timedelta(minutes=10)
START = datetime(2020, 1, 1, tzinfo=UTC)
"""Of the authority."""

_PROMISES = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_CLAIM = "1.3.6.1.4.1.57264.1."


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a certificate says of who signs."""

    workflow: str = WORKFLOW
    repository: str | None = REPOSITORY
    """None: nothing."""
    issuer: str = ISSUER


class Authority:
    """A root, an authority under it, and the log that has to have seen a certificate."""

    def __init__(self, number: int) -> None:
        root, self._key, self.log = (key_of(f"{what} {number}") for what in ("root", "authority", "certificate log"))
        self._name, above = _named(f"authority {number}"), _named(f"root {number}")
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(root.public_key())
        drafts = (
            _authority(self._name, above, self._key).add_extension(issuer, critical=False),
            _authority(above, above, root),
        )
        self.chain = tuple(one.sign(root, SHA256(), ecdsa_deterministic=True) for one in drafts)
        """The authority and its root."""

    def certify(self, claims: Claims, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        """Give the certificate of a workflow's key, with the log's promise in it."""
        draft = self._draft(claims, key)
        # What the log signs is the certificate without what the log signs (RFC 6962, section 3.2).
        promises = _sized(_sized(self._promise(self._sign(draft).tbs_certificate_bytes)))
        extension = x509.UnrecognizedExtension(_PROMISES, asn1.encode_der(promises))
        return self._sign(draft.add_extension(extension, critical=False))

    def _sign(self, draft: x509.CertificateBuilder) -> x509.Certificate:
        return draft.sign(self._key, SHA256(), ecdsa_deterministic=True)

    def _promise(self, unsigned: bytes) -> bytes:
        time = int(WHEN.timestamp() * 1_000).to_bytes(8, "big")
        entry = b"\x00\x01" + key_id(self._key) + len(unsigned).to_bytes(3, "big") + unsigned
        signature = signed(self.log, b"\x00\x00" + time + entry + b"\x00\x00")
        return b"\x00" + key_id(self.log) + time + b"\x00\x00\x04\x03" + _sized(signature)

    def _draft(self, claims: Claims, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        workflow = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(claims.workflow)])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        draft = (
            _draft(x509.Name([]), self._name, key)
            .not_valid_before(WHEN)
            .not_valid_after(WHEN + VALID)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(issuer, critical=False)
            .add_extension(workflow, critical=True)
        )
        claimed = {1: claims.issuer.encode(), 8: asn1.encode_der(claims.issuer), 9: asn1.encode_der(claims.workflow)}
        if claims.repository is not None:
            claimed[12] = asn1.encode_der(claims.repository)
        for number, value in claimed.items():
            extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"{_CLAIM}{number}"), value)
            draft = draft.add_extension(extension, critical=False)
        return draft


def key_of(name: str) -> ec.EllipticCurvePrivateKey:
    """Give the key that belongs to a name, the same each time."""
    return ec.derive_private_key(int.from_bytes(hashlib.sha256(name.encode()).digest()[1:], "big"), ec.SECP256R1())


def key_id(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give what logs know a key by."""
    return hashlib.sha256(public_bytes(key)).digest()


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Give the public key."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    """Give a signature, the same each time."""
    return key.sign(data, ec.ECDSA(SHA256(), deterministic_signing=True))


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _authority(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    return (
        _draft(name, issuer, key)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=3_650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(authority=True), critical=True)
    )


def _draft(name: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    public = key.public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(7)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
