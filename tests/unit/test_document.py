"""YAML as a policy may be written: what is read, and what is refused with its line and key path."""

from __future__ import annotations

import string
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.document import (
    MAX_CHARACTERS,
    MAX_DEPTH,
    MAX_NODES,
    Document,
    Value,
    did_you_mean,
    parse_document,
    quote,
    write_path,
)


def values(text: str) -> dict[str, Value]:
    document, found = parse_document(text, "p.yml")
    assert found == ()
    return dict(document.values)


def faults(text: str) -> list[str]:
    document, found = parse_document(text, "p.yml")
    assert isinstance(document, Document)
    return [str(fault) for fault in found]


def fault(text: str) -> str:
    found = faults(text)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-3", -3),
        ("1_000", 1000),
        ("010", 10),
        ("0x1F", 31),
        ("-0x10", -16),
        ("0b101", 5),
        ("1.5", 1.5),
        ("1_0.5", 10.5),
        ("1.0e-3", 0.001),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("2099-12-31", date(2099, 12, 31)),
        ("text", "text"),
        ("'1'", "1"),
        ("[1, [2]]", [1, [2]]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("|\n  two\n  lines", "two\nlines"),
        ('"\\t"', "\t"),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
    ],
)
def test_plain_values_mean_what_they_say(text: str, expected: Value) -> None:
    (found,) = values(f"a: {text}").values()

    assert expected == found
    assert type(expected) is type(found)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "Yes", "NO", "On", "OFF", "y", "n"])
def test_words_that_yaml_1_1_calls_truths_stay_text(word: str) -> None:
    assert {"a": word} == values(f"a: {word}")


@pytest.mark.parametrize(
    "text",
    ["1e-3", "1e5", "12:30", "1:30.5", "2099-13-01", "2099-12-31 10:00:00", "9" * 5000, "!!int abc", "!!bool maybe"],
)
def test_what_only_looks_like_a_number_truth_or_day_stays_text(text: str) -> None:
    assert {"a": text.removeprefix("!!int ").removeprefix("!!bool ")} == values(f"a: {text}")


@pytest.mark.parametrize("key", ["1", "1.5", "true", "null", "on", "2099-12-31", "~", "'1'"])
def test_keys_are_text_whatever_they_look_like(key: str) -> None:
    assert {key.strip("'"): 2} == values(f"{key}: 2")


@pytest.mark.parametrize("text", [".nan", ".NaN", ".inf", "-.inf", "+.INF", "1.0e+999", "!!float abc", "!!float ''"])
def test_a_number_that_is_not_finite_is_refused(text: str) -> None:
    found = fault(f"a:\n  b: {text}")

    assert found.startswith("p.yml:2: a.b: expected a finite number, got `")


def test_a_repeated_key_is_refused_and_the_first_one_named() -> None:
    found = fault("a:\n  b: 1\n  c: 2\n  b: 3\n")

    assert found == "p.yml:4: a.b: expected each key once, got it again (first in line 2); remove one"


def test_a_repeated_key_is_found_whatever_its_quotes() -> None:
    assert "a: expected each key once" in fault("a: 1\n'a': 2")


def test_every_fault_comes_at_once_in_the_order_of_the_text() -> None:
    found = faults("a: .nan\nb: [1, .inf]\nb: 2\nc: !x 1\n? [d]\n: 1\n<<: {e: 1}\n")

    assert [line.split(":")[1] for line in found] == ["1", "2", "3", "4", "5", "7"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("? [a]\n: 1", "expected a plain key, got a merge or a nested key"),
        ("<<: {a: 1}", "expected a plain key, got a merge or a nested key"),
        ("a: &x 1\nb: *x", "an alias (`*name`)"),
        ("a: !foo 1", "got the tag `!foo`"),
        ("a: !foo {b: 1}", "got the tag `!foo`"),
        ("a: !!set {b}", "got the tag `tag:yaml.org,2002:set`"),
        ("a: !!omap [b: 1]", "got the tag `tag:yaml.org,2002:omap`"),
        ("a: !!binary aGk=", "got the tag `tag:yaml.org,2002:binary`"),
        ("a: !!python/object/apply:os.system [ls]", "got the tag `tag:yaml.org,2002:python/object/apply:os.system`"),
        ("a: !!python/object:str b", "got the tag `tag:yaml.org,2002:python/object:str`"),
        ("a: !x:float b", "got the tag `!x:float`"),
        ("a: =", "got the tag `tag:yaml.org,2002:value`"),
        ("- 1", "expected a mapping that begins with `version: 1`, got a list"),
        ("text", "expected a mapping that begins with `version: 1`, got plain text"),
        ("1", "expected a mapping that begins with `version: 1`, got plain text"),
        ("", "got an empty file"),
        ("# nothing", "got an empty file"),
        ("a: [1", "expected YAML, but here is"),
        ("a: 1\n---\nb: 2", "expected YAML, but here is but found another document"),
        ("a:\n\tb: 1", "expected YAML, but here is found character '\\t'"),
        ('a: "\\U00110000"', "expected YAML, but here is chr() arg not in range"),
        ("%YAML 1." + "1" * 5000 + "\n---\na: 1", "expected YAML, but here is Exceeds the limit"),
        ("%YAML 2.0\n---\na: 1", "expected YAML, but here is found incompatible YAML document"),
        ('a: "\\0"', "a: expected text, got the character `\\x00`; remove it"),
        ('a: "\\ud800"', "a: expected text, got the character `\\ud800`; remove it"),
        ('"\\e[2J": 1', "expected text, got the character `\\x1b`; remove it"),
    ],
)
def test_what_a_policy_does_not_need_is_refused(text: str, expected: str) -> None:
    assert expected in fault(text)


def test_a_character_that_yaml_forbids_is_told_with_its_line() -> None:
    assert "p.yml:3: expected YAML, but here is unacceptable character #x0000" in fault("a: 1\nb: 2\nc: \0\n")


def test_a_byte_order_mark_and_windows_line_ends_change_nothing() -> None:
    plain = "a: 1\nb:\n  c: 2\n"
    marked, found = parse_document("\ufeff" + plain.replace("\n", "\r\n"), "p.yml")
    expected, _ = parse_document(plain, "p.yml")

    assert found == ()
    assert (expected.values, expected.places) == (marked.values, marked.places)


def test_nesting_is_limited_without_recursion() -> None:
    allowed = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)

    assert values(allowed)
    assert "in 30 nested levels, got more" in fault("a: [" + "[" * 400_000)
    assert "in 30 nested levels, got more" in fault("a: " + "{a: " * 50)
    assert "in 30 nested levels, got more" in fault("- " * 50)


def test_the_number_of_values_is_limited() -> None:
    at_most = "a: [" + "1," * (MAX_NODES - 3) + "]"

    assert values(at_most)
    assert "p.yml:1: expected at most 20,000 keys and values" in fault("a: [" + "1," * (MAX_NODES - 2) + "]")


def test_a_text_of_more_than_a_million_characters_is_refused_unread() -> None:
    assert fault("#" * (MAX_CHARACTERS + 1)) == (
        "p.yml:1: expected at most 1,000,000 characters, got 1,000,001; shorten it"
    )


def test_a_path_that_is_not_known_is_placed_at_its_deepest_known_part() -> None:
    document, _ = parse_document("a:\n  b: [1,\n    2]\n", "p.yml")

    assert document.place(("a", "b", 1)).line == 3
    assert document.place(("a", "b", 7)).line == 2
    assert document.place(("a", "x", "y")).line == 1
    assert str(document.fault(("a", "b", 1), "expected …")) == "p.yml:3: a.b[1]: expected …"
    assert str(document.fault(("z",), "expected …")) == "p.yml:1: z: expected …"


def test_paths_are_written_as_people_read_them() -> None:
    assert write_path(("waivers", 0, "expires")) == "waivers[0].expires"
    assert write_path(("checks", "a\nb")) == "checks.a\\nb"
    assert write_path(()) == ""
    assert len(write_path(("checks", "x" * 5_000))) < 100


@pytest.mark.parametrize("hostile", ["\x1b[2J", "\u202e", "\ud800", "\0", "a\nb", "\u2028"])
def test_quoted_text_is_printable_and_one_line(hostile: str) -> None:
    assert quote(hostile).isprintable()
    assert len(quote(hostile * 1_000)) <= 81


def test_a_name_is_answered_by_near_names_else_by_all() -> None:
    assert did_you_mean("sevrity", ["pass", "severity"]) == "did you mean `severity`?"
    assert did_you_mean("x" * 100_000, ["pass", "fail"]) == "allowed: fail, pass"


YAML_LIKE = st.text(alphabet=st.sampled_from(list(string.printable + "\0\x85\ufeff\u2028é𝄞")), max_size=60)
SNIPPETS = st.lists(
    st.sampled_from(["a", ": ", "\n", "  ", "- ", "? ", "[", "]", "{", "}", "&a ", "*a", "!", "!!", "!x:float ", "<<"])
    | st.sampled_from(["'", '"', "\\U00110000", "\\x", "|", ">", "%YAML 1.1", "---", "...", "#", "=", ".nan", "1e9"])
    | st.sampled_from(["!!float ", "!!int ", "!!timestamp ", "2099-12-31", "0x", "0b", "1:1", "_", "off", ",", "\t"]),
    max_size=30,
).map("".join)


@given(text=YAML_LIKE | SNIPPETS | st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    document, found = parse_document(text, "p.yml")

    assert document.values or found or "{" in text
    assert all(fault.line >= 1 and "\n" not in str(fault) for fault in found)
