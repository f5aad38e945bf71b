"""The evidence bundle's schema that ships describes what is written."""

import importlib.resources
import json
from typing import Any

import numpy as np
from jsonschema import Draft202012Validator

from action.evidence.bundle import Bundle, bundle_files
from checks.approval import Approval
from checks.run import (
    Change,
    Checkpoint,
    Evidence,
    Identity,
    LogTable,
    Note,
    NoteKind,
    Origin,
    Rows,
    RunData,
    RunState,
    Series,
    Story,
)

SCHEMA: dict[str, Any] = json.loads(
    importlib.resources.files("action").joinpath("schemas", "evidence.schema.json").read_text("utf-8")
)


def run(name: str) -> RunData:
    values = np.array([1.0, np.nan, np.inf, -np.inf])
    return RunData(
        ref=f"{name}.jsonl",
        source="JSON Lines file",
        identity=Identity(name=name),
        state=RunState.UNKNOWN,
        rows=Rows(steps=np.arange(4), kinds=np.zeros(4, np.int32), names=(frozenset({"kl"}),)),
        series={"kl": Series(name="kl", steps=np.arange(4), values=values)},
        catalog={"kl": 4},
        notes=(Note(kind=NoteKind.ODD, text="one odd thing"),),
    )


def full_bundle() -> Bundle:
    table = LogTable(question="errors", by=None, columns=("rate", "first"), rows=((0.5, None),), events=2)
    evidence = Evidence(
        run=run("candidate"),
        logs={"errors": table},
        log_source="events.jsonl",
        games="games.jsonl",
        baselines={"old": run("old"), "gone": "found nothing there."},
        notes=(Note(kind=NoteKind.LOST, text="a line"),),
        checkpoint=Checkpoint(name="adapter_v3", step=3, digest="sha256:" + "0" * 64),
        story=Story(
            hypothesis="h",
            command="c",
            against="b",
            changes=(Change(key="lr", before=float("inf"), after=None), Change(key="x", before="a", after=True)),
            hidden=1,
        ),
        approvals=(
            Approval(
                check="a", scope="x", reason="r", expires="2099-12-31", pull_request=12, approved_by=("alice", "bob")
            ),
            Approval(check="b", scope="x", reason="r", expires="2099-12-31", pull_request=None, approved_by=()),
        ),
        origin=Origin(repository="team/league", sha="c0ffee", attempt=2),
        judged_at="2026-01-05T08:00:00Z",
    )
    return Bundle(evidence=evidence, policy_text="version: 1\n", policy_source="p.yml", collected_by="0.1.0")


def validator(definition: str | None = None) -> Draft202012Validator:
    """A validator of the manifest, or of one of the schema's definitions."""
    if definition is None:
        return Draft202012Validator(SCHEMA)
    return Draft202012Validator({"$defs": SCHEMA["$defs"], "$ref": f"#/$defs/{definition}"})


def strict(text: bytes) -> Any:
    """Parse as the JSON standard has it: NaN is none of its words."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_manifest_of_a_full_bundle_is_valid() -> None:
    """Every part is there: a baseline, one that is missing, a checkpoint, notes, logs."""
    files = bundle_files(full_bundle()).files

    validator().validate(strict(files["manifest.json"]))


def test_the_other_files_are_valid_line_by_line() -> None:
    files = bundle_files(full_bundle()).files

    validator("logs").validate(strict(files["logs.json"]))
    for folder in ("run", "baselines/1"):
        for name, definition in (("rows", "rowsLine"), ("series", "seriesLine")):
            for line in files[f"{folder}/{name}.jsonl"].splitlines():
                validator(definition).validate(strict(line))


def test_the_schema_names_every_file_and_key_of_the_manifest() -> None:
    """No key is written that the schema does not describe."""
    manifest = strict(bundle_files(full_bundle()).files["manifest.json"])

    assert set(SCHEMA["properties"]) == set(manifest)
    assert set(SCHEMA["$defs"]["run"]["properties"]) == set(manifest["run"])


def test_a_manifest_without_a_digest_is_refused() -> None:
    manifest = strict(bundle_files(full_bundle()).files["manifest.json"])
    del manifest["files"]["policy.yml"]

    assert not validator().is_valid(manifest)
