"""`verdict.json`: the same bytes for the same verdict, and back again."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings

from action.errors import InputError
from action.report.document import json_text, table_document, verdict_document, verdict_json
from action.report.reading import parse_verdict
from checks.result import Decision, Verdict
from checks.run import Note, NoteKind
from tests.verdicts import check, failing, hostile, verdict, verdicts, waiver


@settings(deadline=None)
@given(judged=verdicts())
def test_what_is_written_is_read_back(judged: Verdict) -> None:
    assert parse_verdict(verdict_json(judged)) == judged


def test_a_verdict_with_everything_is_read_back() -> None:
    assert parse_verdict(verdict_json(failing())) == failing()


def test_a_hostile_verdict_is_read_back_and_its_text_attacks_no_terminal() -> None:
    text = verdict_json(hostile())
    assert parse_verdict(text) == hostile()
    assert text.isascii()
    assert all(char == "\n" or char.isprintable() for char in text)


def test_a_delete_character_is_written_out() -> None:
    text = verdict_json(verdict(headline="a\x7fb\\\x7f"))
    assert "\x7f" not in text
    assert parse_verdict(text).headline == "a\x7fb\\\x7f"


def test_the_text_ends_with_one_newline_and_is_indented_by_two() -> None:
    text = verdict_json(verdict())
    assert text.startswith('{\n  "version": 1,\n  "verdict": "pass",\n')
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, None])
def test_a_value_that_is_not_finite_is_null(value: float | None) -> None:
    document: Any = verdict_document(verdict(check(observed=value, low=value, high=value)))
    assert (document["checks"][0]["observed"], document["checks"][0]["low"]) == (None, None)


def test_numbers_have_nine_significant_digits() -> None:
    document: Any = verdict_document(verdict(check(observed=0.1 + 0.2, low=1 / 3)))
    assert (document["checks"][0]["observed"], document["checks"][0]["low"]) == (0.3, 0.333333333)


def test_rows_have_the_columns_as_fields_and_numbers_are_finite() -> None:
    notes = [Note(kind=NoteKind.LOST, text="a row")]
    document = table_document(("metric", "n", "mean"), [("kl", 3, math.nan), ("x", 0, 1 / 3)], notes)
    assert document == {
        "version": 1,
        "rows": [{"metric": "kl", "n": 3, "mean": None}, {"metric": "x", "n": 0, "mean": 0.333333333}],
        "notes": [{"kind": "lost", "text": "a row"}],
    }
    assert json.loads(json_text(document)) == document


@pytest.mark.parametrize("columns", [("a", "a"), ("a",), ("a", "b", "c")])
def test_rows_that_do_not_fit_their_columns_are_a_fault_of_the_program(columns: tuple[str, ...]) -> None:
    with pytest.raises(ValueError):
        table_document(columns, [(1, 2)])


def changed(path: str, value: Any) -> str:
    document: Any = verdict_document(failing())
    *parents, last = [int(key) if key.isdigit() else key for key in path.split(".")]
    place = document
    for key in parents:
        place = place[key]
    if value is None and last == "gone":
        del place["name"]
    else:
        place[last] = value
    return json.dumps(document)


FAULTS = {
    "version": (2, "version: expected 1, got 2"),
    "verdict": ("neutral", 'verdict: expected one of pass, fail, inconclusive, error, got "neutral"'),
    "exit_code": (0, "exit_code: expected 10, the exit code of verdict `fail`, got 0"),
    "headline": (None, "headline: expected text, got null"),
    "run": ([], "run: expected an object, got a list"),
    "run.gone": (None, "run.name: expected a value, got no such field"),
    "run.last_step": (1.5, "run.last_step: expected a whole number, got 1.5"),
    "run.state": (["x"], "run.state: expected one of finished,"),
    "policy.trial": (0, "policy.trial: expected true or false, got 0"),
    "policy.profiles": ("grpo", 'policy.profiles: expected a list, got "grpo"'),
    "checks.1.observed": ("NaN", 'checks[1].observed: expected a number, got "NaN"'),
    "checks.1.n": (True, "checks[1].n: expected a whole number, got true"),
    "checks.1.low": (True, "checks[1].low: expected a number, got true"),
    "checks.1.high": (10**400, "checks[1].high: expected a finite number or null"),
    "checks.1.outcome": ("skipped", "checks[1].outcome: expected one of pass,"),
    "checks.1.where": ({"file": "x"}, "checks[1].where.line: expected a value, got no such field"),
    "notes.0": ("text", 'notes[0]: expected an object, got "text"'),
}


@pytest.mark.parametrize("path", FAULTS)
def test_a_fault_is_named_with_its_path_and_a_remedy(path: str) -> None:
    value, expected = FAULTS[path]
    with pytest.raises(InputError) as error:
        parse_verdict(changed(path, value), name="v.json")
    assert str(error.value).startswith(f"v.json: {expected}")
    assert ";" in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "1",
        "null",
        '"pass"',
        "{}",
        "\ufeff{}",
        "[" * 100_000,
        "9" * 5_000,
        '{"version": NaN}',
        '{"a": 1, "a": 2}',
    ],
    ids=lambda text: text[:12],
)
def test_what_is_no_verdict_is_one_clear_message(text: str) -> None:
    with pytest.raises(InputError) as error:
        parse_verdict(text)
    assert str(error.value).startswith("verdict.json: ")
    assert "expected" in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_second_verdict_in_the_same_object_is_refused() -> None:
    text = verdict_json(failing()).replace('"exit_code"', '"verdict": "pass",\n  "exit_code"', 1)
    with pytest.raises(InputError, match="repeated key 'verdict'"):
        parse_verdict(text)


@pytest.mark.parametrize("decision", Decision)
def test_an_exit_code_of_another_verdict_is_refused(decision: Decision) -> None:
    judged = verdict(decision=decision, exit_code=1)
    with pytest.raises(InputError, match="exit_code"):
        parse_verdict(verdict_json(judged))


def test_fields_of_later_versions_are_left_alone() -> None:
    document = verdict_document(verdict())
    assert parse_verdict(json.dumps(document | {"later": 1})) == verdict()


def test_json_holds_no_command_of_a_runner() -> None:
    """`##[name]` is one wherever in a line it stands; JSON reads back the same."""
    text = json_text({"name": "##[stop-commands]x"})

    assert "##[" not in text
    assert json.loads(text) == {"name": "##[stop-commands]x"}


def test_a_verdict_from_before_approvals_reads_as_one_of_which_nobody_is_known() -> None:
    judged = verdict(waivers=(waiver(approved_by=("alice",), pull_request=12),))
    document = json.loads(verdict_json(judged))
    assert (document["waivers"][0]["approved_by"], document["waivers"][0]["pull_request"]) == (["alice"], 12)
    for name in ("approved_by", "pull_request"):
        del document["waivers"][0][name]

    assert parse_verdict(json.dumps(document)).waivers == (waiver(),)


@pytest.mark.parametrize(("name", "value"), [("approved_by", "alice"), ("approved_by", [1]), ("pull_request", "12")])
def test_approvals_of_another_shape_are_refused(name: str, value: object) -> None:
    document = json.loads(verdict_json(verdict(waivers=(waiver(),))))
    document["waivers"][0][name] = value

    with pytest.raises(InputError, match=rf"waivers\[0\].{name}"):
        parse_verdict(json.dumps(document))
