"""The JSON Schemas that ship: every document is valid, and the names and order of its fields are the promised ones."""

import importlib.resources
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from action.cli.sweep import Candidate
from action.report.document import table_document, verdict_document, verdict_json
from action.report.sweep_document import sweep_document
from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.elo.facts import facts_of
from checks.elo.learning import Signal
from checks.elo.sequential import SequentialOutcome
from checks.result import CheckKind, Decision, Outcome, Severity, Verdict
from checks.run import Note, NoteKind, RunState
from checks.sweep.answer import Basis
from checks.sweep.entry import CANDIDATES
from checks.sweep.instability import RULES
from tests.games import asked, seats
from tests.sweeps import compared, published, run_of, strong
from tests.verdicts import failing, hostile, verdict, verdicts

NAMES = ("backtest", "elo", "logs", "metrics", "sweep", "verdict")

# Version 1 of the verdict as the design promises it; `checks[]` and the like stand for the fields of one entry.
PROMISED = {
    "": "version verdict headline exit_code judged_at tool repository sha attempt run checkpoint policy checks elo "
    "diagnosis progress waivers notes not_asked evidence",
    "diagnosis[]": "pattern title evidence cause remedy",
    "progress": "reference points",
    "progress.points[]": "by expected checkpoint at elo low high pace",
    "tool": "name version",
    "run": "ref id name url state commit started_at finished_at last_step planned_steps",
    "checkpoint": "name step artifact digest",
    "policy": "source sha256 profiles trial",
    "checks[]": "id kind title outcome severity observed bound unit step n low high reason remedy where",
    "checks[].where": "file line",
    "waivers[]": "check scope reason expires used approved_by pull_request",
    "notes[]": "kind text",
    "evidence": "sha256",
    "elo": "mode confidence method cluster clusters games references ratings gap decision learning head_to_head seats "
    "answer exit_code doubts sentences",
    "elo.ratings[]": "agent kind step elo low high se games flags",
    "elo.gap": "candidate reference elo low high p_superior chosen_from",
    "elo.decision": "outcome elo0 elo1 alpha beta llr lower upper games games_needed",
    "elo.learning": "signal reference_decline exploitation bots older_checkpoints latest slope_per_100_steps",
    "elo.learning.exploitation": "elo low high",
    "elo.learning.bots[]": "bot elo low high",
    "elo.head_to_head[]": "reference meetings points expected",
    "elo.seats[]": "seat elo low high",
}
# Bots, two checkpoints and three named seats: every part of an analysis.
LEAGUE = seats(["base_model@A>x_bot@B>adapter_v1@C", "adapter_v2@A>base_model@B=x_bot@C", "x_bot@C>adapter_v2@B"] * 9)
METRIC = "metric role n non_finite first last min max mean p50 p95 slope"


def schema(name: str) -> dict[str, Any]:
    text = importlib.resources.files("action").joinpath("schemas", f"{name}.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


VALIDATORS = {name: Draft202012Validator(schema(name)) for name in NAMES}


def faults(name: str, document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATORS[name].iter_errors(document)]


def resolve(name: str, path: str) -> dict[str, Any]:
    """Return the part of a schema that describes the field of a path."""
    whole = schema(name)
    part = whole
    for key in path.replace("[]", ".[]").split("."):
        if key:
            part = part["items"] if key == "[]" else part["properties"][key]
        # What may be null is one of two.
        part = next((one for one in part.get("anyOf", ()) if "$ref" in one), part)
        if "$ref" in part:
            part = whole["$defs"][part["$ref"].rsplit("/", 1)[1]]
    return part


def at(document: Any, path: str) -> Any:
    for key in path.replace("[]", ".[]").split("."):
        if key:
            document = document[1 if path.startswith("checks") else 0] if key == "[]" else document[key]
    return document


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_names_no_host(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"] == f"urn:experiment-gatekeeper:{name}:1"


def test_the_folder_holds_no_other_schema() -> None:
    files = importlib.resources.files("action").joinpath("schemas").iterdir()
    # which tests of their own hold
    others = ("attestation", "evidence", "promotion", "promotions", "registry", "verification")
    assert sorted(path.name for path in files) == [f"{name}.schema.json" for name in sorted((*others, *NAMES))]


@pytest.mark.parametrize("path", PROMISED)
def test_document_and_schema_have_the_promised_fields_in_order(path: str) -> None:
    document = verdict_document(replace(failing(), elo=facts_of(asked(LEAGUE))))
    part = resolve("verdict", path)
    expected = PROMISED[path].split()
    assert list(at(document, path)) == expected
    assert list(part["properties"]) == expected
    assert part["required"] == expected


def test_an_analysis_alone_has_the_fields_of_one_in_a_verdict_and_notes() -> None:
    alone, within = schema("elo")["properties"], resolve("verdict", "elo")["properties"]
    assert list(alone) == [*within, "notes"]
    assert {name: part for name, part in alone.items() if name != "notes"} == within


@pytest.mark.parametrize("decision", Decision)
def test_every_kind_of_verdict_is_valid(decision: Decision) -> None:
    assert faults("verdict", json.loads(verdict_json(verdict(decision=decision)))) == []


@pytest.mark.parametrize("judged", [failing(), hostile("a|b")], ids=["failing", "hostile"])
def test_a_verdict_with_every_part_is_valid(judged: Verdict) -> None:
    found = faults("verdict", json.loads(verdict_json(judged)))
    assert [fault for fault in found if "expires" not in fault] == []


@settings(deadline=None, max_examples=40)
@given(judged=verdicts())
def test_any_verdict_is_valid(judged: Verdict) -> None:
    assert faults("verdict", json.loads(verdict_json(judged))) == []


def test_fields_of_later_versions_are_allowed() -> None:
    assert faults("verdict", verdict_document(verdict()) | {"later": {"x": 1}}) == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("verdict", Decision),
        ("checks[].outcome", Outcome),
        ("checks[].severity", Severity),
        ("checks[].kind", CheckKind),
        ("run.state", RunState),
        ("notes[].kind", NoteKind),
        ("elo.mode", Mode),
        ("elo.ratings[].kind", AgentKind),
        ("elo.decision.outcome", SequentialOutcome),
        ("elo.learning.signal", Signal),
    ],
)
def test_the_words_of_a_field_are_those_of_the_code(path: str, kind: Any) -> None:
    assert resolve("verdict", path)["enum"] == [word.value for word in kind]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("verdict", "neutral"),
        ("exit_code", 1),
        ("judged_at", "2026-11-22 12:00"),
        ("headline", None),
        ("checks", {}),
        ("checks", [{"id": "kl"}]),
        ("evidence", {"sha256": "abc"}),
        ("policy", None),
    ],
)
def test_a_wrong_document_is_refused(field: str, value: object) -> None:
    assert faults("verdict", verdict_document(failing()) | {field: value}) != []


@pytest.mark.parametrize("field", PROMISED[""].split())
def test_a_document_without_one_of_its_fields_is_refused(field: str) -> None:
    document = verdict_document(failing())
    del document[field]
    assert faults("verdict", document) != []


def test_the_rows_of_metrics_are_valid() -> None:
    full = ("kl/mean", "kl", 200, 1, 0.1, 0.2, 0.0, 0.3, 0.15, 0.14, 0.29, -0.001)
    empty = ("x", None, 0, 0, *(float("nan"),) * 8)
    document = table_document(METRIC.split(), [full, empty], [Note(kind=NoteKind.ODD, text="x")])
    assert faults("metrics", document) == []
    assert list(resolve("metrics", "rows[]")["properties"]) == METRIC.split()
    assert faults("metrics", table_document(("metric", "n"), [("kl", 1)])) != []


def test_the_rows_of_logs_are_valid() -> None:
    document = table_document(("lora", "n", "p95_s"), [("v1", 20, 81.5), (None, 0, None)])
    assert faults("logs", document) == []
    assert faults("logs", {"version": 1, "rows": [{}], "notes": []}) != []
    assert faults("logs", {"version": 1, "rows": [{"x": [1]}], "notes": []}) != []


SWEEP = {
    "": "version verdict winner reference candidate confidence sentences rows comparisons rankings config config_noise "
    "notes",
    "rows[]": "run ref id name url state steps basis gap best references drop games kl_mean kl_max grad_norm reward "
    "win_rate placement_rate flags reasons diagnosis",
    "rows[].diagnosis[]": PROMISED["diagnosis[]"],
    "rows[].gap": "checkpoint step elo low high",
    "rows[].references[]": "reference elo low high first last drop",
    "comparisons[]": "run other elo low high sure games_needed",
    "rankings": "gap reference_elo drop",
    "config[]": "key values",
}


@pytest.mark.parametrize("path", SWEEP)
def test_a_sweep_and_its_schema_have_the_promised_fields_in_order(path: str) -> None:
    flat = run_of("a", {"elo/base_model": [1000, 990], "reward_std": [0.0] * 30}, config={"lr": 1}, steps=None)
    runs = [strong("a", 150, 50, run=flat), strong("b", 100, 100, run=run_of("b", config={"lr": float("nan")}))]
    document = sweep_document(compared(runs), [Note(kind=NoteKind.ODD, text="x")])
    part = resolve("sweep", path)

    assert faults("sweep", document) == []
    assert list(at(document, path)) == SWEEP[path].split()
    assert list(part["properties"]) == SWEEP[path].split()
    assert part["required"] == SWEEP[path].split()


def test_the_words_of_a_sweep_are_those_of_the_code() -> None:
    assert resolve("sweep", "rows[].basis")["enum"] == [basis.value for basis in Basis]
    assert resolve("sweep", "rows[].state")["enum"] == [state.value for state in RunState]
    assert resolve("sweep", "rows[].flags[].flag")["enum"] == list(RULES)
    assert resolve("sweep", "candidate")["enum"] == list(CANDIDATES) == [word.value for word in Candidate]


def test_published_last_values_are_a_valid_sweep() -> None:
    document = sweep_document(compared(published()), [])

    assert faults("sweep", document) == []
    assert (document["verdict"], document["winner"]) == ("inconclusive", None)
