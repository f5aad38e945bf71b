"""The schema of the statement that ships describes what is signed, and refers to that of the verdict."""

from __future__ import annotations

import importlib.resources
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from action.attestation import PREDICATE, STATEMENT, statement
from action.report.document import verdict_json
from checks.result import Verdict
from checks.run import Checkpoint
from tests.verdicts import failing, verdict


def schema(name: str) -> dict[str, Any]:
    text = importlib.resources.files("action").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


SCHEMA, VERDICT = schema("attestation"), schema("verdict")
VALIDATOR = Draft202012Validator(SCHEMA, registry=Registry().with_resource(PREDICATE, Resource.from_contents(VERDICT)))
SIGNED = verdict(checkpoint=Checkpoint(name="adapter_v40", digest="sha256:" + "ab" * 32))


def of(judged: Verdict) -> dict[str, Any]:
    document: dict[str, Any] = statement(verdict_json(judged).encode())
    return document


def faults(document: object) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


@pytest.mark.parametrize("judged", [verdict(), failing(), SIGNED], ids=["bare", "failing", "with a checkpoint"])
def test_a_statement_is_valid(judged: Verdict) -> None:
    assert faults(of(judged)) == []


def test_the_schema_is_valid_and_names_the_types_of_the_code() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$id"] == "urn:experiment-gatekeeper:attestation:1"
    assert SCHEMA["properties"]["_type"]["const"] == STATEMENT
    assert SCHEMA["properties"]["predicateType"]["const"] == PREDICATE == VERDICT["$id"]
    assert list(SCHEMA["properties"]) == SCHEMA["required"] == list(of(SIGNED))


@pytest.mark.parametrize("field", ["_type", "subject", "predicateType", "predicate"])
def test_a_statement_without_one_of_its_fields_is_refused(field: str) -> None:
    document = of(SIGNED)
    del document[field]

    assert faults(document) != []


@pytest.mark.parametrize(
    "changes",
    [
        {"_type": "https://in-toto.io/Statement/v0.1"},
        {"predicateType": "https://slsa.dev/provenance/v1"},
        {"predicate": {}},
        {"predicate": {**json.loads(verdict_json(SIGNED)), "verdict": "neutral"}},
        {"subject": []},
        {"subject": [{"name": "other.json", "digest": {"sha256": "0" * 64}}]},
        {"subject": [{"name": "verdict.json", "digest": {"sha256": "0"}}]},
        {"subject": [{"name": "verdict.json", "digest": {}}]},
    ],
)
def test_another_statement_is_refused(changes: dict[str, Any]) -> None:
    assert faults(of(SIGNED) | changes) != []


def test_fields_and_subjects_of_later_releases_are_allowed() -> None:
    document = of(SIGNED)
    more = [*document["subject"], {"name": "evidence", "digest": {"sha256": "0" * 64, "sha512": "0"}}]

    assert faults(document | {"subject": more, "later": 1}) == []
