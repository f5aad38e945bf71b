"""A verdict as an in-toto statement: what a workflow signs, and whether a signed one is about a verdict.

A statement says its predicate, the object of `verdict.json`, of its subjects: that file, and the checkpoint if the
sha256 of its bytes is known. No signature, no library and no file may enter.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

from action.errors import InputError
from action.escape import one_line
from action.report.elo_document import Json, Object
from action.report.field import parse_json
from action.report.reading import parse_verdict
from checks.refusal import Reason, Refusal

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:experiment-gatekeeper:verdict:1"
"""The type of the predicate: `verdict.json`, version 1, by the name of its schema."""
VERDICT = "verdict.json"
SUBJECTS_FILE, PREDICATE_FILE = "attestation/subjects.sha256", "attestation/predicate.json"
MOST = 16 * 1024 * 1024
"""Bytes of a predicate that `actions/attest` takes."""

_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")
_NAME = 200
"""Characters of a checkpoint's name."""
_SIGN = "sign the very verdict.json that is to be verified"


def statement(verdict: bytes) -> Object:
    """Return the statement about a `verdict.json`; InputError for bytes that are none."""
    text = _decode(verdict)
    subjects: list[Json] = [{"name": name, "digest": {"sha256": digest}} for name, digest in _subjects(verdict, text)]
    return {
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": parse_json(text, VERDICT),
    }


def attestation_files(verdict: bytes) -> Mapping[str, bytes]:
    """Return path → bytes of the two files of which `actions/attest` makes the statement.

    Raises InputError for bytes that are no verdict, and for more than it takes.
    """
    if len(verdict) > MOST:
        raise InputError(
            f"{VERDICT}: expected at most {MOST} bytes, which is what actions/attest takes, got {len(verdict)}; "
            "judge with fewer checks, or leave the verdict unsigned"
        )
    lines = "".join(f"{digest}  {name}\n" for name, digest in _subjects(verdict, _decode(verdict)))
    return {SUBJECTS_FILE: lines.encode(), PREDICATE_FILE: verdict}


def refusal(payloads: Iterable[bytes], verdict: bytes) -> Refusal | None:
    """Tell why none of the signed statements is about a verdict; None: one of them is."""
    why = f"expected a signed statement, got none; {_SIGN}"
    for payload in payloads:
        found = mismatch(payload, verdict)
        if found is None:
            return None
        why = found
    return Refusal(reason=Reason.ATTESTATION, text=why)


def mismatch(payload: bytes, verdict: bytes) -> str | None:
    """Tell why a signed statement is not about a verdict; None: it is. It may have further subjects.

    Raises InputError for a verdict that is none.
    """
    expected = statement(verdict)
    try:
        found = parse_json(payload.decode(), "the statement")
        if isinstance(found, dict):
            return _other_type(found) or _other_subjects(found, expected) or _other_predicate(found, expected)
    except (InputError, UnicodeDecodeError, RecursionError):
        pass  # it is said below
    return f"expected an in-toto statement, got a signed text that is none; {_SIGN}"


def _other_type(found: Object) -> str | None:
    for field, expected in (("_type", STATEMENT), ("predicateType", PREDICATE)):
        if found.get(field) != expected:
            got = one_line(json.dumps(found.get(field)), limit=200)
            return f"expected `{field}` to be {expected}, got {got}; name the attestation of a verdict"
    return None


def _other_subjects(found: Object, expected: Object) -> str | None:
    known = {digest for _, digest in _digests(found)}
    for name, digest in _digests(expected):
        if digest not in known:
            return f"expected {name} with sha256 {digest} among its subjects, got none with it; {_SIGN}"
    return None


def _other_predicate(found: Object, expected: Object) -> str | None:
    said, wanted = found.get("predicate"), expected["predicate"]
    if _as_signed(said) == _as_signed(wanted):
        return None
    if isinstance(said, dict) and isinstance(wanted, dict):
        both = said.keys() & wanted.keys()
        other = [key for key in said | wanted if key not in both or _as_signed(said[key]) != _as_signed(wanted[key])]
        field = one_line(min(other), limit=80)
        return f"expected the verdict as its predicate, got one that differs in `{field}`; {_SIGN}"
    return f"expected the verdict as its predicate, got no object; {_SIGN}"


def _digests(found: Object) -> list[tuple[str, str]]:
    """Return names and sha256 of the subjects that have one."""
    subjects = found.get("subject")
    digests = []
    for one in subjects if isinstance(subjects, list) else ():
        digest = one.get("digest") if isinstance(one, dict) else None
        sha256 = digest.get("sha256") if isinstance(digest, dict) else None
        if isinstance(one, dict) and isinstance(sha256, str):
            digests.append((str(one.get("name")), sha256))
    return digests


def _as_signed(value: Json) -> str:
    """Write a value so that equal ones are the same text, whatever wrote them.

    `actions/attest` writes the predicate anew by JavaScript, which has no numbers but doubles and no negative zero.
    """
    return json.dumps(json.loads(json.dumps(value), parse_int=_double, parse_float=_double), sort_keys=True)


def _double(text: str) -> float:
    return float(text) + 0.0


def _subjects(verdict: bytes, text: str) -> list[tuple[str, str]]:
    """Return names and sha256. A name is one line without control characters, as a list of checksums needs it."""
    checkpoint = parse_verdict(text).checkpoint
    subjects = [(VERDICT, hashlib.sha256(verdict).hexdigest())]
    if checkpoint is not None and (digest := _SHA256.fullmatch(checkpoint.digest or "")):
        subjects.append((one_line(checkpoint.name, limit=_NAME) or "checkpoint", digest[1]))
    return subjects


def _decode(verdict: bytes) -> str:
    try:
        return verdict.decode()
    except UnicodeDecodeError as error:
        raise InputError(f"{VERDICT}: expected UTF-8, got other bytes; write it anew: gatekeeper check RUN") from error
