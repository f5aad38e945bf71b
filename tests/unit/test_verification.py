"""A verdict against its evidence: only the bytes that judging again gives are believed."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from action.cli.ports import local_ports
from action.errors import InputError, RefusalError
from action.report.document import json_text
from action.verification import verify
from action.verified import Presented, Trust
from action.version import tool_version
from checks.promotion import Claim
from tests.runs import POLICY, judge_path, rows, write_output, write_run

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "adapter.bin").write_bytes(b"weights")
    judged = judge_path(write_run(folder), checkpoint=str(folder / "adapter.bin"))
    return write_output(judged, folder / "out")


def claim_of(content: bytes) -> Claim:
    told = json.loads(content)
    return Claim(
        digest=told["checkpoint"]["digest"],
        repository=None,
        policy_sha256=told["policy"]["sha256"],
        policy_source="policy.yml",
        version=tool_version(),
        now=NOW,
    )


def presented(content: bytes, evidence: Path | None, trust: Trust = Trust.LOCAL) -> Presented:
    return Presented(name="verdict.json", content=content, evidence=evidence, trust=trust)


def refused(content: bytes, evidence: Path | None, claim: Claim, trust: Trust = Trust.LOCAL) -> list[str]:
    with pytest.raises(RefusalError) as caught:
        verify(presented(content, evidence, trust), claim, local_ports())
    return [one.reason.value for one in caught.value.refusals]


def test_a_verdict_that_its_evidence_gives_again_is_verified_with_all_that_it_rests_on(out: Path) -> None:
    content = (out / "verdict.json").read_bytes()

    found = verify(presented(content, out), claim_of(content), local_ports())

    assert found.verdict.exit_code == 0
    assert found.files["verdict.json"] == content
    assert found.files["evidence/manifest.json"] == (out / "evidence/manifest.json").read_bytes()


def test_a_verdict_that_nobody_answers_for_is_refused_whatever_its_evidence(out: Path) -> None:
    content = (out / "verdict.json").read_bytes()

    assert refused(content, out, claim_of(content), Trust.NOBODY) == ["untrusted"]


def test_a_verdict_without_evidence_is_refused(out: Path, tmp_path: Path) -> None:
    content = (out / "verdict.json").read_bytes()

    assert refused(content, None, claim_of(content)) == ["no-evidence"]
    assert refused(content, tmp_path, claim_of(content)) == ["no-evidence"]


def test_the_evidence_of_another_run_is_refused(out: Path, tmp_path: Path) -> None:
    content = (out / "verdict.json").read_bytes()
    other = write_output(judge_path(write_run(tmp_path, rows(60))), tmp_path / "out")

    assert refused(content, other, claim_of(content)) == ["other-evidence"]


@pytest.mark.parametrize("name", ["policy.yml", "run/rows.jsonl", "run/series.jsonl", "logs.json", "manifest.json"])
def test_evidence_that_was_edited_by_hand_is_refused(out: Path, tmp_path: Path, name: str) -> None:
    content = (out / "verdict.json").read_bytes()
    for path in (out / "evidence").rglob("*"):
        if path.is_file():
            place = tmp_path / path.relative_to(out)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    edited = tmp_path / "evidence" / name
    text = edited.read_text("utf-8")
    later = text.replace("2026-01-05T08", "2026-01-05T07")
    edited.write_text(later if name == "manifest.json" else f"{text} ", "utf-8")

    [reason] = refused(content, tmp_path, claim_of(content))

    assert reason == ("other-evidence" if name == "manifest.json" else "evidence-altered")


def test_a_verdict_of_another_version_is_not_judged_again(out: Path) -> None:
    content = (out / "verdict.json").read_bytes()
    claim = Claim(**{**vars(claim_of(content)), "version": "9.9"})

    assert refused(content, out, claim) == ["other-version"]


def test_a_text_that_is_no_verdict_is_an_input_that_cannot_be_read(out: Path) -> None:
    claim = claim_of((out / "verdict.json").read_bytes())

    with pytest.raises(InputError, match=r"verdict\.json"):
        verify(presented(b"{}", out), claim, local_ports())


def changes(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give every field of a document with another value of its kind, and with none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from changes(inner, (*place, key))
    elif isinstance(value, list):
        yield place, [*value, "one more"]
        if value:
            yield place, value[1:]
        for number, inner in enumerate(value):
            yield from changes(inner, (*place, number))
    else:
        yield place, None if value is not None else "something"
        if isinstance(value, bool):
            yield place, not value
        elif isinstance(value, int | float):
            yield place, value + 1
            yield place, value * (1 + 1e-8) if value else 1e-9
        elif isinstance(value, str):
            yield place, f"{value} "
            yield place, value.swapcase()


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(document)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return made


def test_no_single_change_of_a_verdict_still_verifies_against_its_evidence(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (out / "verdict.json").read_bytes()
    document = json.loads(content)
    assert json_text(document).encode() == content
    again = judge_path(out, policy=None)  # always the same: judged once
    monkeypatch.setattr("action.verification.check_run", lambda _settings, _ports: again)
    tried = 0
    for place, value in changes(document):
        edited = changed(document, place, value)
        if edited == document and json_text(edited).encode() == content:
            continue
        tried += 1
        made = json_text(edited).encode()
        # What is claimed is what the edited verdict says: only its evidence can tell.
        told = {"digest": (edited.get("checkpoint") or {}).get("digest"), "version": edited["tool"]["version"]}
        policy_sha256 = str((edited.get("policy") or {}).get("sha256"))
        claim = Claim(**{**vars(claim_of(content)), **told, "policy_sha256": policy_sha256, "now": NOW})
        with pytest.raises((RefusalError, InputError)):
            verify(presented(made, out), claim, local_ports())
    assert tried > 200


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: text + "\n",
        lambda text: text.rstrip("\n"),
        lambda text: json.dumps(json.loads(text)),
        lambda text: text.replace('"version": 1,', '"version": 1,\n  "more": 1,', 1),
        lambda text: text.replace("pass", "\\u0070ass", 1),
        lambda text: text.replace('"version": 1,\n', '"version": 1, \n', 1),
    ],
)
def test_the_same_verdict_in_other_bytes_is_another(out: Path, edit: Any) -> None:
    text = (out / "verdict.json").read_text("utf-8")

    assert refused(edit(text).encode(), out, claim_of(text.encode())) == ["not-reproduced"]


def test_the_policy_of_the_tests_passes_the_run_of_the_tests(out: Path) -> None:
    """Else every verdict above would be refused for its decision."""
    assert POLICY
    assert json.loads((out / "verdict.json").read_text("utf-8"))["verdict"] == "pass"
