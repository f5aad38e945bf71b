"""The hidden state of a comment: read back whole, never pretended to, and harmless where it is damaged."""

import base64
import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.report.state import (
    HEADLINE,
    MOST_CHARACTERS,
    MOST_SECTIONS,
    SectionState,
    State,
    marker,
    policy_key,
    read_state,
    run_key,
    state_of,
    write_state,
)
from checks.result import Decision
from tests.verdicts import HOSTILE, hostile, run, verdict

KEY = policy_key(".github/gatekeeper.yml")
SHA = "ab" * 20


def section(**changes: object) -> SectionState:
    good = state_of(verdict(), digest="cd" * 32, sha=SHA, attempt=1, url="https://github.com/t/r/runs/1")
    return dataclasses.replace(good, **changes)  # type: ignore[arg-type]


def line(fields: object) -> str:
    text = json.dumps(fields)
    return f"<!-- run: {base64.urlsafe_b64encode(text.encode()).decode()} -->"


def body(*lines: str) -> str:
    return "\n".join([marker(KEY), *lines]) + "\n\n## Pass\n"


def fields(**changes: object) -> dict[str, object]:
    return {**dataclasses.asdict(section()), **changes}


def test_a_state_reads_back_as_it_was_written() -> None:
    state = State(key=KEY, sections=(section(), section(run="other", sha=None, url=None, decision=Decision.ERROR)))

    assert read_state(write_state(state) + "\n## Pass\n") == state
    assert state.of("other") == state.sections[1]
    assert state.of("nobody") is None


def test_a_state_of_hostile_texts_reads_back_and_shows_none_of_them() -> None:
    state = State(
        key=policy_key(HOSTILE), sections=(state_of(hostile(), digest="0" * 64, sha=HOSTILE, attempt=1, url=HOSTILE),)
    )
    written = write_state(state)

    assert read_state(written) == state
    assert (state.sections[0].sha, state.sections[0].url) == (None, None)
    assert [written.count(part) for part in ("<!--", "-->", "\n")] == [2, 2, 2]
    assert not set(written) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=<>!: \n")


@given(name=st.text(), headline=st.text(), ref=st.text())
def test_any_text_reads_back(name: str, headline: str, ref: str) -> None:
    judged = verdict(headline=headline, run=run(id=ref, name=name))
    state = State(key=KEY, sections=(state_of(judged, digest="0" * 64, sha=None, attempt=1, url=None),))

    assert read_state(write_state(state)) == state


def test_github_may_give_the_lines_back_with_carriage_returns() -> None:
    state = State(key=KEY, sections=(section(),))

    assert read_state(write_state(state).replace("\n", "\r\n")) == state


@pytest.mark.parametrize(
    "before",
    ["\n", " ", "Hello\n", "> ", "```\n", "\ufeff", "<!-- experiment-gatekeeper: xyz -->\n"],
)
def test_our_marker_counts_only_as_the_first_line(before: str) -> None:
    assert read_state(before + write_state(State(key=KEY, sections=(section(),)))) is None


@pytest.mark.parametrize("after", [" ", "x", " <!-- x -->"])
def test_the_first_line_is_our_marker_alone(after: str) -> None:
    assert read_state(f"{marker(KEY)}{after}\n") is None


def test_a_body_without_a_state_has_no_known_sections() -> None:
    assert read_state(marker(KEY)) == State(key=KEY)
    assert read_state("") is None


def test_a_state_further_down_is_never_read() -> None:
    real, forged = section(), section(run="forged")
    written = write_state(State(key=KEY, sections=(real,)))

    assert read_state(f"{written}\n{write_state(State(key=KEY, sections=(forged,)))}") == State(
        key=KEY, sections=(real,)
    )


@pytest.mark.parametrize(
    "damaged",
    [
        "<!-- run: !!! -->",
        "<!-- run: abc -->",
        "<!-- run: abc",
        "<!-- run: -->",
        "<!-- run: " + "A" * 7_000 + " -->",
        "<!-- run: " + base64.urlsafe_b64encode(b"\xff\xfe").decode() + " -->",
        "<!-- run: " + base64.urlsafe_b64encode(b"[" * 4_000).decode() + " -->",
        "<!-- run: " + base64.urlsafe_b64encode(b'{"attempt":' + b"9" * 4_400 + b"}").decode() + " -->",
        line([]),
        line("text"),
        line(None),
        line({}),
        *(line(fields(**{name: None})) for name in fields() if name not in ("sha", "url")),
        *(line(fields(**{name: 5})) for name in fields() if name != "attempt"),
        *(line(fields(**{name: ["x"]})) for name in fields()),
        *(line(fields(attempt=value)) for value in (0, -1, True, 1.5, "1", 10**9)),
        line(fields(decision="passed")),
        line(fields(judged_at="yesterday")),
        line(fields(digest="xyz")),
        line(fields(sha="HEAD")),
        line(fields(run="")),
        line(fields(run="a b")),
        line(fields(name="x" * 121)),
        line(fields(headline="x" * 201)),
        line(fields(url="javascript:alert(1)")),
        line(fields(url="http://github.com/x")),
    ],
)
def test_a_damaged_line_is_a_run_that_is_not_known_and_hides_no_other(damaged: str) -> None:
    assert read_state(body(damaged)) == State(key=KEY)
    good = section(run="good")
    assert read_state(body(damaged, write_state(State(key=KEY, sections=(good,))).split("\n")[1])) == State(
        key=KEY, sections=(good,)
    )


@given(st.text(max_size=300))
def test_no_text_below_the_marker_is_a_crash(text: str) -> None:
    found = read_state(f"{marker(KEY)}\n{text}")

    assert found is not None
    assert found.sections == ()


@given(st.binary(max_size=300))
def test_no_bytes_in_a_line_are_a_crash(held: bytes) -> None:
    assert read_state(body(f"<!-- run: {base64.urlsafe_b64encode(held).decode()} -->")) == State(key=KEY)


def test_a_field_of_a_later_release_changes_nothing() -> None:
    assert read_state(body(line(fields(mood="good")))) == State(key=KEY, sections=(section(),))


def test_of_a_run_that_comes_twice_the_first_counts() -> None:
    first, second = section(attempt=2), section(attempt=1)
    state = read_state(write_state(State(key=KEY, sections=(first, second))))

    assert state == State(key=KEY, sections=(first,))


def test_at_most_a_hundred_runs_are_read() -> None:
    lines = [line(fields(run=f"run-{at}", headline="")) for at in range(MOST_SECTIONS + 20)]
    found = read_state(body(*lines))

    assert found is not None
    assert len(found.sections) == MOST_SECTIONS


def test_no_more_than_a_bounded_part_of_a_body_is_read() -> None:
    lines = [line(fields(run=f"run-{at}", headline="x" * 200, name="n" * 120)) for at in range(MOST_SECTIONS)]
    found = read_state(body(*lines))

    assert len(body(*lines)) > MOST_CHARACTERS + 1_000
    assert found is not None
    assert 0 < len(found.sections) < MOST_SECTIONS


@pytest.mark.parametrize("most", [MOST_CHARACTERS, 20_000, 2_500])
def test_a_state_is_never_longer_than_it_may_be(most: int) -> None:
    sections = tuple(section(run=f"run-{at}", headline="語" * HEADLINE) for at in range(300))
    written = write_state(State(key=KEY, sections=sections), most=most)
    found = read_state(written)

    assert len(written) <= most
    assert found is not None
    assert 1 <= len(found.sections) <= MOST_SECTIONS
    assert [known.run for known in found.sections] == [f"run-{at}" for at in range(len(found.sections))]


def test_headlines_are_shortened_before_runs_are_forgotten() -> None:
    sections = tuple(section(run=f"run-{at}", headline="x" * HEADLINE) for at in range(10))
    whole = write_state(State(key=KEY, sections=sections))
    found = read_state(write_state(State(key=KEY, sections=sections), most=len(whole) - 1))

    assert found is not None
    assert [len(known.headline) for known in found.sections] == [80] * 10


def test_the_largest_section_fits_into_the_smallest_state() -> None:
    url = "https://github.com/" + "u" * 481
    largest = section(run="r" * 128, name="😀" * 120, headline="😀" * 200, sha="a" * 64, url=url, attempt=10**9 - 1)

    assert len(write_state(State(key=KEY, sections=(largest,)), most=2_500)) <= 2_500


def test_a_policy_is_told_from_another_without_its_name() -> None:
    assert policy_key("a.yml") != policy_key("b.yml")
    assert marker(policy_key("--> @team")) == f"<!-- experiment-gatekeeper: {policy_key('--> @team')} -->"
    assert len(policy_key("\ud800")) == 12


def test_a_run_is_told_from_another_by_its_id_else_its_name() -> None:
    assert run_key(run(id="a1b2", name="x")) == "a1b2"
    assert run_key(run(id=None, name="healthy")) == "healthy"
    odd = [run_key(run(id=text)) for text in ("a b", "--> x", "w" * 200, "w" * 201, "\ud800")]
    assert len(set(odd)) == len(odd)
    assert all(key.startswith("sha256:") for key in odd)


def test_a_headline_is_cut() -> None:
    told = state_of(verdict(headline="word " * 100), digest="0" * 64, sha=None, attempt=1, url=None)

    assert len(told.headline) <= HEADLINE
