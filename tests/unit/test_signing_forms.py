"""The forms in which people have attestations and trusted roots, and what is in none of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from action.signing.form import MOST, MOST_BYTES
from action.signing.verification import verify_attestation
from tests.signatures import (
    DOWNLOAD,
    GOOD,
    OTHER,
    OURS,
    PAYLOAD,
    SIGNER,
    dumped,
    forbid_network,
    refusal,
    rooted,
)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    forbid_network(monkeypatch)


@pytest.mark.parametrize(
    "content",
    [
        dumped(GOOD),
        dumped(GOOD) + b"\n",
        b"\xef\xbb\xbf" + dumped(GOOD),
        json.dumps(GOOD, indent=2).encode(),
        dumped(OTHER.sign(PAYLOAD), GOOD),
        dumped(GOOD, OTHER.sign(PAYLOAD), {"mediaType": "?"}) + b"\r\n\n",
        json.dumps({"attestations": [{"bundle": GOOD, "repository_id": 1, "bundle_url": "https://a.b"}]}).encode(),
        json.dumps({"attestations": [{"bundle": None}, 1, {"bundle": GOOD}]}, indent=1).encode(),
        dumped(*[GOOD] * MOST),
    ],
    ids=["one", "a line", "with a mark", "indented", "of two", "of three", "GitHub", "with addresses", "many"],
)  # fmt: skip
def test_every_form_in_which_people_have_attestations_is_read(content: bytes) -> None:
    payloads = verify_attestation(content, SIGNER, OURS.trusted_root())

    assert {PAYLOAD} == set(payloads)


def test_all_statements_that_hold_are_given_since_the_verdicts_may_be_any_of_them() -> None:
    content = dumped(OURS.sign(b"a build's"), OTHER.sign(b"nobody's"), GOOD)

    assert verify_attestation(content, SIGNER, OURS.trusted_root()) == (b"a build's", PAYLOAD)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "attestations: expected 1 to 33554432 bytes, got 0"),
        (b" " * (MOST_BYTES + 1), "attestations: expected 1 to 33554432 bytes, got 33554433"),
        (b"\x00", "attestations: expected JSON, or JSON Lines, got a text that is neither"),
        (b"\xff", "attestations: expected JSON, or JSON Lines, got a text that is neither"),
        (b"[" * 100_000, "attestations: expected JSON, or JSON Lines, got a text that is neither"),
        (dumped(GOOD) + b"\n{", "attestations: expected JSON, or JSON Lines, got a text that is neither"),
        (b"9" * 5_000, "attestations: expected JSON, or JSON Lines, got a text that is neither"),
        (b" \n", "attestations: expected 1 to 30 JSON objects, got something else"),
        (b"[]", "attestations: expected 1 to 30 JSON objects, got something else"),
        (b"{}\n1", "attestations: expected 1 to 30 JSON objects, got something else"),
        (b"{}\n" * (MOST + 1), "attestations: expected 1 to 30 JSON objects, got something else"),
        (b"{}", "expected 1 to 30 bundles in a file, got 0"),
        (b'{"attestations": []}', "expected 1 to 30 bundles in a file, got 0"),
        (b'{"attestations": [{"bundle": null}, 1, {}]}', "expected 1 to 30 bundles in a file, got 0"),
        (json.dumps({"attestations": [{"bundle": GOOD}] * 31}).encode(), "expected 1 to 30 bundles in a file, got 31"),
    ],
)
def test_a_file_that_holds_no_attestation_or_too_much_is_refused(content: bytes, expected: str) -> None:
    assert refusal(content) == expected + DOWNLOAD


ROOT = "; name a trusted_root.json: gh attestation trusted-root > FILE"
THEIRS = json.loads(OTHER.trusted_root())
TWO = "trusted root: expected one with a transparency log, got 2; name a file with one"
NO_ROOT = f"trusted root: expected a document of Sigstore, got one that is none{ROOT}"
NOT_RECORDED = f"expected a certificate that a log of the trusted root has recorded, got another{ROOT}"
NO_LOG = (
    "trusted root: expected one with a transparency log, got none, as GitHub's own Sigstore for private repositories "
    "has none; go by what GitHub says of the commit: gatekeeper verify --commit SHA"
)


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (b"", f"trusted root: expected 1 to 33554432 bytes, got 0{ROOT}"),
        (b"x", f"trusted root: expected JSON, or JSON Lines, got a text that is neither{ROOT}"),
        (b"{}", NO_LOG),
        (rooted(tlogs=[]), NO_LOG),
        (rooted() + b"\n" + rooted(), TWO),
        (rooted(mediaType="x"), NO_ROOT),
        (rooted(certificateAuthorities=[]), NO_ROOT),
        (rooted(tlogs="x"), NO_ROOT),
        (rooted(ctlogs=[]), f"expected an attestation that holds, got one that sigstore refuses{DOWNLOAD}"),
        (rooted(ctlogs=THEIRS["ctlogs"]), NOT_RECORDED),
        (
            rooted(tlogs=THEIRS["tlogs"]),
            f"expected an entry that the log's own signatures hold for, got another{DOWNLOAD}",
        ),
    ],
)
def test_a_root_that_cannot_be_gone_by_is_refused(root: bytes, expected: str) -> None:
    assert refusal(dumped(GOOD), root) == expected


def test_of_two_roots_the_one_with_a_log_counts_as_gh_writes_them() -> None:
    root = OURS.trusted_root() + b"\n" + rooted(tlogs=[]) + b"\n"

    assert verify_attestation(dumped(GOOD), SIGNER, root) == (PAYLOAD,)


def test_without_a_root_the_public_one_that_is_shipped_counts_and_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path))
    planted = tmp_path / "sigstore-python" / "tuf" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev" / "trusted_root.json"
    planted.parent.mkdir(parents=True)
    planted.write_bytes(OURS.trusted_root())

    assert refusal(dumped(GOOD), None).startswith("expected a certificate of the trusted root, got one of another ")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [planted]
