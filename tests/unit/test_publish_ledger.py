"""What the runs of a commit are together, and how that is kept in the statuses of the commit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.forge import State, Status
from action.publish.ledger import (
    Entry,
    Standing,
    describe,
    join,
    read_entry,
    read_ledger,
    run_key,
    shorten,
    standing_of,
    superseded,
)
from action.report.state import policy_key
from checks.result import Decision

JOB = "https://github.com/team/league/actions/runs/1"
POLICY = policy_key(".github/gatekeeper.yml")
TIMES = st.integers(0, 59).map(lambda minute: f"2026-01-05T06:{minute:02}:00Z")
ENTRIES = st.builds(
    Entry,
    run=st.text(min_size=1, max_size=90).map(run_key),
    policy=st.sampled_from([POLICY, "0" * 12]),
    standing=st.sampled_from(Standing),
    judged_at=TIMES,
    attempt=st.integers(1, 9),
)


def entry(run: str = "a", standing: Standing = Standing.PASS, minute: int = 0, **changes: object) -> Entry:
    made = Entry(run=run, policy=POLICY, standing=standing, judged_at=f"2026-01-05T06:{minute:02}:00Z")
    return replace(made, **changes)  # type: ignore[arg-type]


def posted(*entries: Entry) -> list[Status]:
    """Return statuses as GitHub gives them, the last posted first."""
    return [Status(state=State.PENDING, description="", target=f"{JOB}{one.mark}") for one in reversed(entries)]


@given(ENTRIES)
def test_what_is_posted_is_read_back(one: Entry) -> None:
    assert read_entry(posted(one)[0]) == one
    assert one.mark.isascii()
    assert len(one.mark) < 700


@given(st.one_of(st.none(), st.text()))
def test_an_address_that_somebody_else_wrote_is_no_entry_and_no_crash(target: str | None) -> None:
    assert read_entry(Status(state=State.SUCCESS, description="", target=target)) is None


@given(st.text(), st.text())
def test_two_runs_never_share_a_key(one: str, other: str) -> None:
    assert (run_key(one) == run_key(other)) == (one == other)
    assert 0 < len(run_key(one)) <= 64


@pytest.mark.parametrize("length", [64, 65, 400])
def test_long_ids_that_begin_alike_stay_apart(length: int) -> None:
    assert run_key("x" * length) != run_key("x" * (length - 1) + "y")


def test_the_later_judged_counts_whatever_was_posted_last() -> None:
    new, old = entry(standing=Standing.FAIL, minute=5), entry(standing=Standing.PASS, minute=1)

    assert read_ledger(posted(new, old)) == {new.key: new}
    assert superseded(read_ledger(posted(new)), old) == new
    assert superseded(read_ledger(posted(old)), new) is None


def test_an_attempt_replaces_the_one_before() -> None:
    first, second = entry(attempt=1), entry(standing=Standing.FAIL, attempt=2)

    assert read_ledger(posted(second, first)) == {first.key: second}


def test_of_what_was_judged_once_the_last_posted_counts() -> None:
    waiting, done = entry(standing=Standing.WAITING), entry(standing=Standing.PASS)

    assert read_ledger(posted(waiting, done)) == {done.key: done}
    assert read_ledger(posted(done, waiting)) == {done.key: waiting}


def test_another_policy_is_another_verdict() -> None:
    one, other = entry(), entry(standing=Standing.FAIL, policy="0" * 12)

    assert join(read_ledger(posted(other, one)).values()).state is State.FAILURE


@pytest.mark.parametrize("standings", list(itertools.product(Standing, repeat=3)))
def test_only_if_every_run_passes_is_the_commit_a_success(standings: tuple[Standing, ...]) -> None:
    together = join(entry(name, standing) for name, standing in zip("abc", standings, strict=True))

    assert (together.state is State.SUCCESS) == (set(standings) == {Standing.PASS})
    assert together.passing == standings.count(Standing.PASS)
    if Standing.FAIL in standings or Standing.INCONCLUSIVE in standings:
        assert together.state is State.FAILURE
    elif Standing.ERROR in standings:
        assert together.state is State.ERROR


@given(st.lists(ENTRIES, min_size=1, unique_by=lambda one: one.key))
def test_their_order_changes_nothing(entries: list[Entry]) -> None:
    assert join(entries) == join(reversed(entries))


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (Decision.PASS, State.SUCCESS),
        (Decision.FAIL, State.FAILURE),
        (Decision.INCONCLUSIVE, State.FAILURE),
        (Decision.ERROR, State.ERROR),
    ],
)
def test_a_verdict_alone_is_the_state_of_the_design(decision: Decision, state: State) -> None:
    assert join([entry(standing=standing_of(decision))]).state is state


def test_one_run_is_described_by_its_headline() -> None:
    assert describe(join([entry()]), entry(), "grpo 7 passes all 12 checks.") == "grpo 7 passes all 12 checks."


def test_several_are_counted_and_the_one_that_decides_is_named() -> None:
    mine, other = entry("a"), entry("b", Standing.FAIL)

    assert describe(join([mine, other]), mine, "a passes.") == "1 of 2 runs pass: b fails"
    assert describe(join([mine, other]), other, "b fails: kl.") == "1 of 2 runs pass: b fails: kl."
    waiting = entry("c", Standing.WAITING)
    assert describe(join([mine, waiting]), mine, "a passes.") == "1 of 2 runs pass: c has no verdict yet"


@pytest.mark.parametrize("char", ["x", "é", "漢", "🎉", "e\u0301"])
@pytest.mark.parametrize("length", [139, 140, 141, 500])
def test_no_description_is_too_long_however_it_is_counted(char: str, length: int) -> None:
    short = shorten(char * length)

    assert len(short) <= 140
    assert len(short.encode("utf-16-le")) <= 280
    if len(char.encode("utf-16-le")) * length <= 280:
        assert short == char * length


@given(st.text())
def test_a_description_is_one_line_that_can_be_printed(text: str) -> None:
    assert shorten(text).isprintable()
