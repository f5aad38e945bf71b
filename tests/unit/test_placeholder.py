"""Placeholders in a query of one's own: known or not, alone or where what is put in would end a text."""

from __future__ import annotations

import pytest

from checks.placeholder import PLACEHOLDERS, fill, quoted, unknown


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_the_placeholders_there_are_are_known(name: str) -> None:
    assert unknown(f"a == {{{name}}}") == ()


def test_each_unknown_placeholder_is_told_once_in_its_order() -> None:
    assert unknown("{run.user} {run.name} {run.} {run.user} {run.Name}") == ("run.user", "run.", "run.Name")


@pytest.mark.parametrize(
    ("text", "name"), [("{ run.name }", " run.name "), ("{Run.name}", "Run.name"), ("{run .id}", "run .id")]
)
def test_what_was_meant_as_a_placeholder_and_is_none_is_told(text: str, name: str) -> None:
    assert unknown(text) == (name,)


@pytest.mark.parametrize("text", ["{}", "{run}", "{rerun.name}", "dynamic({'run.name': 1})", "{runs.name}", ""])
def test_other_braces_are_no_placeholders(text: str) -> None:
    assert text == fill(text, lambda name: "!")
    assert unknown(text) == quoted(text) == ()


def test_each_placeholder_is_filled_with_what_is_written_for_it() -> None:
    assert fill("{run.name}, {run.id}, {run.x}", lambda name: f"<{name}>") == "<run.name>, <run.id>, <run.x>"


def test_what_is_put_in_is_not_read_again() -> None:
    assert fill("{run.name}{run.id}", {"run.name": "{run.id}", "run.id": "\\1"}.__getitem__) == "{run.id}\\1"


@pytest.mark.parametrize(
    "text",
    [
        "a == {run.name}",
        "a == {run.name} or b == {run.id}",
        "{run.name}",
        "a in ({run.name},{run.id})",
        "a == 'x' and b == {run.name} and c == 'y'",
        "a == 'it\\'s' and b == {run.name}",
        'a == "\\\\" and b == {run.name}',
        "['field'] == {run.name}",
        "// it's a comment\n| where a == {run.name}",
        'a == "http://x" and b == {run.name}',
        "a == @'\\' and b == {run.name}",
        "a == ```it's``` and b == {run.name}",
        'a == ~~~"~~~ and b == {run.name}',
        "// {run.name}",
    ],
)
def test_a_placeholder_that_stands_alone_is_fine(text: str) -> None:
    assert quoted(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        'a == "{run.name}"',
        "a == '{run.name}'",
        "a == 'x{run.name}y'",
        "['{run.name}'] == 1",
        "a == @{run.name}",
        "a == h{run.name}",
        "a == 'x'{run.name}",
        "a == @'{run.name}'",
        'a == @"\\" and b == "{run.name}"',
        'a == @"say ""no"" {run.name}"',
        "a == ```{run.name}```",
        "a == ~~~{run.name}~~~",
        "a == ```{run.name}",
        'a == "never ends {run.name}',
        "a == 'never ends\n| where b == {run.name}",
        'a == "http://{run.name}"',
        "a == 'it\\'{run.name}'",
        'a == "\\\\" and b == "\\"{run.name}"',
        '"{run.name}\\',
        "a == 'x\n| where b == {run.name}",
        "a == 'x\n' or b == {run.name}",
        'a == "x\\\n" or b == {run.name}',
        "a == @'x\n' or b == {run.name}",
    ],
)
def test_a_placeholder_in_quotes_or_behind_them_is_told(text: str) -> None:
    assert quoted(text) == ("run.name",)
