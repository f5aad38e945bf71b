"""A verdict as a statement: what is signed, in which files, and how another verdict's is told."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from action.attestation import (
    MOST,
    PREDICATE,
    PREDICATE_FILE,
    STATEMENT,
    SUBJECTS_FILE,
    attestation_files,
    mismatch,
    refusal,
    statement,
)
from action.errors import InputError
from action.report.document import verdict_json
from checks.refusal import Reason
from checks.result import Verdict
from checks.run import Checkpoint
from tests.verdicts import HOSTILE, failing, hostile, verdict, verdicts

DIGEST = "ab" * 32


def written(judged: Verdict) -> bytes:
    return verdict_json(judged).encode()


def of(name: str, digest: str | None) -> bytes:
    return written(verdict(checkpoint=Checkpoint(name=name, digest=digest)))


def signed(judged: bytes, **changes: Any) -> bytes:
    """Write the statement about a verdict as `JSON.stringify` does, with some of its fields changed."""
    text = json.dumps(statement(judged) | changes, ensure_ascii=False, separators=(",", ":"))
    return re.sub("[\ud800-\udfff]", lambda lone: f"\\u{ord(lone[0]):04x}", text).encode()  # well-formed since 2019


GOOD = of("adapter_v40", f"sha256:{DIGEST}")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_statement_says_the_whole_verdict_of_its_file_and_of_the_checkpoint() -> None:
    assert statement(GOOD) == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "verdict.json", "digest": {"sha256": sha256(GOOD)}},
            {"name": "adapter_v40", "digest": {"sha256": DIGEST}},
        ],
        "predicateType": "urn:experiment-gatekeeper:verdict:1",
        "predicate": json.loads(GOOD),
    }


@pytest.mark.parametrize("digest", [None, "wandb:d41d8cd98f00b204e9800998ecf8427e", "sha256:abc", f"sha256:{DIGEST}\n"])
def test_a_checkpoint_without_a_sha256_is_named_by_the_predicate_alone(digest: str | None) -> None:
    judged = of("adapter_v40", digest)

    [subject] = json.loads(signed(judged))["subject"]
    assert subject["name"] == "verdict.json"
    assert json.loads(signed(judged))["predicate"]["checkpoint"]["digest"] == digest


def test_the_files_are_a_list_of_checksums_and_the_bytes_of_the_verdict() -> None:
    files = attestation_files(GOOD)

    assert dict(files) == {
        SUBJECTS_FILE: f"{sha256(GOOD)}  verdict.json\n{DIGEST}  adapter_v40\n".encode(),
        PREDICATE_FILE: GOOD,
    }


def test_sha256sum_takes_the_list_of_checksums(tmp_path: Path) -> None:
    (tmp_path / "verdict.json").write_bytes(GOOD)
    (tmp_path / "sums").write_bytes(attestation_files(GOOD)[SUBJECTS_FILE])

    done = subprocess.run(
        [shutil.which("sha256sum") or "sha256sum", "--check", "--ignore-missing", "sums"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, b"verdict.json: OK\n")


@pytest.mark.parametrize("name", [HOSTILE, "a\nb  c", "\r", "", " \t", "\x85a\u2028b", "\ud800", "verdict.json"])
def test_the_name_of_a_checkpoint_cannot_add_a_line_or_leave_one_out(name: str) -> None:
    lines = attestation_files(of(name, f"sha256:{DIGEST}"))[SUBJECTS_FILE].decode().splitlines()

    assert [line[:66] for line in lines] == [f"{sha256(of(name, f'sha256:{DIGEST}'))}  ", f"{DIGEST}  "]
    assert all(line[66:].isprintable() and line[66:].strip() for line in lines)


def test_a_verdict_beyond_what_the_signing_action_takes_is_not_prepared() -> None:
    with pytest.raises(InputError, match=r"^verdict\.json: expected at most 16777216 bytes, .* got 16777217; "):
        attestation_files(b" " * (MOST + 1))


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[]", b'{"version": 2}', b'{"version": 1, "version": 1}'])
def test_what_is_no_verdict_becomes_no_statement(content: bytes) -> None:
    with pytest.raises(InputError, match=r"^verdict\.json: .*expected"):
        statement(content)
    with pytest.raises(InputError):
        attestation_files(content)
    with pytest.raises(InputError):
        mismatch(signed(GOOD), content)


@pytest.mark.parametrize("judged", [verdict(), failing(), hostile("a|b")], ids=["passing", "failing", "hostile"])
def test_a_statement_is_about_the_verdict_that_it_was_made_of(judged: Verdict) -> None:
    assert mismatch(signed(written(judged)), written(judged)) is None


@given(judged=verdicts())
def test_any_verdict_is_known_again_as_javascript_writes_it(judged: Verdict) -> None:
    content = written(judged)
    said = json.loads(signed(content), parse_float=as_javascript)

    assert mismatch(json.dumps(said).encode(), content) is None


def as_javascript(text: str) -> float | int:
    """Read a number as `JSON.parse` and `JSON.stringify` give it back: whole ones lose their point."""
    value = float(text)
    return int(value) if value.is_integer() else value


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, f"`_type` to be {STATEMENT}, got "),
        ({"_type": None}, f"`_type` to be {STATEMENT}, got null"),
        ({"predicateType": "https://slsa.dev/provenance/v1"}, f"`predicateType` to be {PREDICATE}, got "),
        ({"predicateType": [PREDICATE]}, f"`predicateType` to be {PREDICATE}, got "),
        ({"subject": []}, "expected verdict.json with sha256 "),
        ({"subject": None}, "expected verdict.json with sha256 "),
        ({"subject": [{"name": "verdict.json"}, 1, {"digest": 1}]}, "expected verdict.json with sha256 "),
        ({"subject": [{"name": "verdict.json", "digest": {"sha512": sha256(GOOD)}}]}, "expected verdict.json with "),
        ({"subject": [{"name": "verdict.json", "digest": {"sha256": sha256(GOOD)}}]}, "expected adapter_v40 with "),
        ({"predicate": None}, "got no object"),
        ({"predicate": {}}, "differs in `attempt`"),
        ({"predicate": json.loads(GOOD) | {"verdict": "fail"}}, "differs in `verdict`"),
        ({"predicate": json.loads(GOOD) | {"exit_code": False}}, "differs in `exit_code`"),
        ({"predicate": json.loads(GOOD) | {"exit_code": "0"}}, "differs in `exit_code`"),
        ({"predicate": json.loads(GOOD) | {"a": None}}, "differs in `a`"),
        ({"predicate": json.loads(GOOD) | {"\x1b[2J": 1}}, "differs in `\\x1b[2J`"),
    ],
)
def test_a_statement_that_says_something_else_is_told_by_what(changes: dict[str, Any], why: str) -> None:
    found = mismatch(signed(GOOD, **changes), GOOD)

    assert found is not None
    assert why in found
    assert found.startswith("expected ")
    assert found.isprintable()


def test_a_verdict_that_lost_a_byte_after_it_was_signed_is_another() -> None:
    found = mismatch(signed(GOOD), GOOD.rstrip(b"\n"))

    assert found is not None
    assert "got none with it; sign the very verdict.json that is to be verified" in found


def test_a_verdict_for_another_checkpoint_is_another() -> None:
    other = of("adapter_v40", f"sha256:{'cd' * 32}")
    subjects = [{"name": "verdict.json", "digest": {"sha256": sha256(other)}}, statement(GOOD)["subject"]]

    found = mismatch(signed(other, subject=subjects), other)

    assert found is not None
    assert f"expected adapter_v40 with sha256 {'cd' * 32}" in found


def test_further_subjects_do_no_harm() -> None:
    more = [*json.loads(signed(GOOD))["subject"], {"name": "evidence", "digest": {"sha256": "0" * 64}}]

    assert mismatch(signed(GOOD, subject=more), GOOD) is None


@pytest.mark.parametrize(
    "payload", [b"", b"x", b"\xff", b"[]", b"1", b"[" * 100_000, b'{"_type": 1, "_type": 1}', b'{"predicate": NaN}']
)
def test_a_signed_text_that_is_no_statement_is_told(payload: bytes) -> None:
    expected = "expected an in-toto statement, got a signed text that is none; "

    assert (mismatch(payload, GOOD) or "").startswith(expected)


def test_one_statement_of_several_is_enough() -> None:
    others = [b"x", signed(of("other", None))]

    assert refusal([*others, signed(GOOD)], GOOD) is None
    assert refusal([signed(GOOD), *others], GOOD) is None


def test_without_a_statement_about_the_verdict_there_is_a_reason() -> None:
    none, other = refusal([], GOOD), refusal([b"x", signed(of("other", None))], GOOD)

    assert none is not None
    assert other is not None
    assert (none.reason, other.reason) == (Reason.ATTESTATION, Reason.ATTESTATION)
    assert none.text.startswith("expected a signed statement, got none; ")
    assert other.text.startswith("expected verdict.json with sha256 ")
