"""How names, texts, numbers and seats are written in APL."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from action.errors import InputError
from action.sources.axiom.expression import number, stream, text
from action.sources.axiom.query import moment
from action.sources.axiom.seats import Scores, find_scores
from action.sources.axiom.spelling import bracketed, field_or, literal, members
from checks.questions.catalog import DEFAULT_FIELDS


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", '""'),
        ("run-a", '"run-a"'),
        ('" or 1 == 1 //', '"\\" or 1 == 1 //"'),
        ("it's", '"it\'s"'),
        ("\\", '"\\\\"'),
        ('\\"', '"\\\\\\""'),
        ("a\nb\rc\td", '"a\\nb\\rc\\td"'),
        ("é🟦\u202e", '"é🟦\u202e"'),
    ],
)
def test_a_text_is_a_literal_between_double_quotes(text: str, written: str) -> None:
    assert literal(text) == written


@pytest.mark.parametrize(
    ("char", "code"),
    [("\0", "0000"), ("\x1b", "001B"), ("\x85", "0085"), ("\u2028", "2028"), ("\ud800", "D800"), ("\ufeff", "FEFF")],
)
def test_a_text_with_a_control_character_is_refused(char: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        literal(f"a{char}b")
    expected = f"expected a name without control characters to ask Axiom for, got U+{code}; rename the run or the field"
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["run", "final_scores.FRANCE", "two words", "a-b", "_time", "0", "a" * 200])
def test_a_field_stands_in_brackets(name: str) -> None:
    assert bracketed(name) == f"['{name}']"
    assert field_or(name, '""') == f'column_ifexists("{name}", "")'


@pytest.mark.parametrize(
    "name", ["", " ", " a", "a ", "a  b", "a'b", 'a"b', "a]b", "a\\b", "a\n", "é", "a/b", "a" * 201, "a\u00a0b"]
)
def test_a_field_of_other_characters_is_refused(name: str) -> None:
    for write in (bracketed, lambda one: field_or(one, '""')):
        with pytest.raises(InputError, match=r"expected the name of an Axiom dataset or field .*, got another; rename"):
            write(name)


def test_texts_are_the_members_of_a_list() -> None:
    assert members(["a", 'b"']) == '("a", "b\\"")'


def test_of_several_names_the_first_that_holds_a_text_wins() -> None:
    first, second = 'tostring(column_ifexists("a", ""))', 'tostring(column_ifexists("b", ""))'
    expected = f'substring(case(isnotempty({first}), {first}, isnotempty({second}), {second}, ""), 0, 500)'
    assert text(["a", "b"]) == expected


@pytest.mark.parametrize(
    ("name", "scale"),
    [("x / 1000", " / 1000.0"), ("x/60", " / 60.0"), ("x * 60", " * 60.0"), ("x*0.001", " * 0.001"), ("x", "")],
)
def test_a_number_is_scaled_as_its_name_says(name: str, scale: str) -> None:
    value = 'todouble(column_ifexists("x", real(null)))'
    kept = f"iff({value} >= 0, {value}, real(null))"
    assert number([name]) == (f"({kept}{scale})" if scale else kept)


def test_several_numbers_are_tried_in_their_order() -> None:
    assert number(["a", "b"]).startswith('coalesce(iff(todouble(column_ifexists("a"')


def test_derived_fields_are_made_of_the_time() -> None:
    assert "_time" in stream("time", DEFAULT_FIELDS)
    assert stream("begin", DEFAULT_FIELDS).startswith(f"({stream('time', DEFAULT_FIELDS)}) - coalesce(")
    assert stream("timed_trajectories", DEFAULT_FIELDS) == stream("trajectories", DEFAULT_FIELDS)


def test_a_time_is_written_in_utc() -> None:
    elsewhere = datetime(2026, 11, 25, 14, 0, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert moment(elsewhere) == "2026-11-25T12:00:00.000005Z"


def test_powers_are_found_in_the_schema_sorted_with_their_columns() -> None:
    columns = ["event", "power_scores.B", "final_scores.A", "final_scores.B", "final_scores", "final_scores.", "x.A"]
    expected = (
        Scores(power="A", columns=("final_scores.A", None)),
        Scores(power="B", columns=("final_scores.B", "power_scores.B")),
    )
    assert find_scores(columns, ["final_scores", "power_scores"]) == expected


def test_a_schema_without_scores_has_no_powers() -> None:
    assert find_scores(["event", "final_scoresA"], ["final_scores"]) == ()
