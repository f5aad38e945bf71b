"""Axiom's answer as aggregates: what a service may get wrong is told, and nothing is made of nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.sources.axiom import AxiomLogs
from action.sources.axiom.reading import cell, key_of, number, read_answer, whole
from action.sources.axiom.seats import Scores, read_seats
from checks.questions.catalog import QUESTIONS
from checks.questions.tally import MOST_GROUPS, Ask
from tests.services.axiom import Axiom, answer, table
from tests.services.faults import reply
from tests.services.ordeal import EVENTS, access

EXTRACTION = Ask(question=QUESTIONS["extraction"])
BY_POWER = Ask(question=QUESTIONS["extraction"], by="power")
INFERENCE = Ask(question=QUESTIONS["inference"])
ERRORS = Ask(question=QUESTIONS["errors"], by="message")
SEATS = (Scores(power="A", columns=("final_scores.A",)), Scores(power="B", columns=("final_scores.B",)))


def counts(**more: object) -> Mapping[str, object]:
    return {"n": 3, "unnamed": 0, "c0": 2, "c1": 1, "c2": 0, **more}


@pytest.mark.parametrize("value", [0, 3, 3.0, 10**15])
def test_a_count_is_a_whole_number(value: float) -> None:
    assert whole({"n": value}, "n") == value
    assert type(whole({"n": value}, "n")) is int


def test_null_counts_nothing() -> None:
    assert whole({"n": None}, "n") == 0


@pytest.mark.parametrize("value", [-1, 2.5, math.nan, math.inf, "3", "", True, [3], {"n": 3}])
def test_what_is_no_count_is_told(value: object) -> None:
    with pytest.raises(ServiceError, match=r"Axiom: expected a count in the column n of its answer, got .*; check AX"):
        whole({"n": value}, "n")


def test_hostile_text_where_a_count_should_be_is_shown_on_one_short_line() -> None:
    with pytest.raises(ServiceError) as caught:
        whole({"n": "\x1b[31m\n::error::" + "x" * 1_000}, "n")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), (2, 2.0), (-0.5, -0.5), (math.nan, None), (math.inf, None)]
)
def test_a_number_is_finite_or_none(value: float | None, expected: float | None) -> None:
    assert number({"s": value}, "s") == expected


@pytest.mark.parametrize("value", ["1.5", False, [], "NaN"])
def test_what_is_no_number_is_told(value: object) -> None:
    with pytest.raises(ServiceError, match="expected a number in the column s of its answer"):
        number({"s": value}, "s")


@pytest.mark.parametrize(("value", "expected"), [("a", "a"), ("", None), (None, None)])
def test_a_group_is_a_text_or_none(value: str | None, expected: str | None) -> None:
    assert key_of({"g_key": value}) == expected


@pytest.mark.parametrize("value", [7, True, ["a"]])
def test_a_group_that_is_no_text_is_told(value: object) -> None:
    with pytest.raises(ServiceError, match="expected a text in the column g_key"):
        key_of({"g_key": value})


@pytest.mark.parametrize("read", [whole, number, cell])
def test_a_column_that_is_missing_is_told(read: object) -> None:
    assert callable(read)
    with pytest.raises(ServiceError, match="Axiom: expected a column c9 in its answer, got none; check AXIOM_URL"):
        read({"c1": 1}, "c9")


@pytest.mark.parametrize("missing", ["unnamed", "c0", "c1", "c2"])
def test_an_answer_without_one_of_its_columns_is_told(missing: str) -> None:
    row = dict(counts())
    del row[missing]
    with pytest.raises(ServiceError, match=f"expected a column {missing}"):
        read_answer(EXTRACTION, [row])


def test_a_grouped_answer_without_its_groups_is_told() -> None:
    """Else all of them would be read as the events without a group."""
    with pytest.raises(ServiceError, match="expected a column g_key"):
        read_answer(BY_POWER, [counts(), counts()])


def test_an_answer_without_the_names_of_the_records_is_told() -> None:
    """Else nothing would have been counted."""
    row = {"n": 1, "unnamed": 0, **{f"{letter}{place}": 1 for letter in "ns" for place in range(6)}, "p0_95": 1.0}
    with pytest.raises(ServiceError, match="expected a column g_event"):
        read_answer(INFERENCE, [row])


TIMING = Ask(question=QUESTIONS["rollout-timing"])


def timing(**more: object) -> Mapping[str, object]:
    """Give a row of a whole answer: one event of 2 s."""
    sums = {f"{name}{place}": 1 for name in ("n", "s", "lo", "hi") for place in range(8)}
    return {"n": 1, "unnamed": 0, "c0": 1, "c1": 0, **sums, "p0_50": 2.0, "p0_95": 2.0, **more}


def test_an_answer_that_a_log_could_give_is_read() -> None:
    assert read_answer(TIMING, [timing()]).events == 1


@pytest.mark.parametrize("column", ["unnamed", "n0"])
def test_more_usable_values_than_events_are_told(column: str) -> None:
    with pytest.raises(ServiceError, match=f"expected a count of at most 1 in the column {column} of its answer, got"):
        read_answer(TIMING, [timing(**{column: 2})])


@pytest.mark.parametrize("column", ["s0", "hi0", "p0_50", "p0_95"])
def test_a_number_below_zero_is_told_for_the_query_leaves_them_out(column: str) -> None:
    with pytest.raises(ServiceError, match=f"expected a number of at least 0 in the column {column} of its answer"):
        read_answer(TIMING, [timing(**{column: -0.5})])


def test_the_text_of_a_cell_is_not_repeated() -> None:
    with pytest.raises(ServiceError, match="got a text; check") as caught:
        whole({"n": "xaat-token"}, "n")
    assert "xaat" not in str(caught.value)


@pytest.mark.parametrize("ask", [EXTRACTION, BY_POWER, INFERENCE, ERRORS])
def test_no_row_is_no_event(ask: Ask) -> None:
    found = read_answer(ask, [])
    assert (found.events, found.unnamed, found.losses) == (0, 0, ())
    assert [(one.key, one.events, one.cells) for one in found.groups] == [(None, 0, {})]


def test_groups_without_an_event_of_the_question_make_no_row() -> None:
    rows = [counts(g_key="A"), {**counts(g_key="B"), "c0": 0, "c1": 0}]
    assert [one.key for one in read_answer(BY_POWER, rows).groups] == ["A"]


def test_the_first_record_that_occurs_is_used_and_the_others_are_told() -> None:
    values = {f"n{place}": 0 for place in range(6)}
    rows = [
        {"g_event": "inference_response", "n": 5, "unnamed": 2, **values},
        {"g_event": "inference_timing_breakdown", "n": 3, "unnamed": 1, **values},
    ]
    found = read_answer(INFERENCE, rows)
    assert found.rivals == (("inference_timing_breakdown", 3), ("inference_response", 5))
    assert (found.events, found.unnamed) == (3, 3)
    assert read_answer(INFERENCE, rows[:1]).events == 5


@pytest.mark.parametrize("ask", [BY_POWER, ERRORS])
def test_more_groups_than_may_be_are_an_error(ask: Ask) -> None:
    row = counts(g_key="A", n0=1, n1=1, lo0=1, hi0=1)
    read_answer(ask, [row] * MOST_GROUPS)
    with pytest.raises(ValueError, match=f"{ask.title}: more than 10,000 groups; group by a field with fewer values"):
        read_answer(ask, [row] * (MOST_GROUPS + 1))
    by_type = Ask(question=QUESTIONS["outcomes"], by="horizon_type")
    with pytest.raises(ValueError, match="more than 10,000 groups"):
        read_seats(by_type, [{}] * (MOST_GROUPS + 1), SEATS)


def test_too_many_groups_are_an_input_error_of_the_source() -> None:
    names = ("g_key", "n", "unnamed", "c0", "c1", "c2")
    rows = [(f"p{place}", 1, 0, 1, 0, 0) for place in range(MOST_GROUPS + 1)]
    body = answer(table([(name, "x") for name in names], rows, groups=["g_key"]))
    with Axiom(fault=reply(200, body)) as axiom, pytest.raises(InputError, match="more than 10,000 groups"):
        AxiomLogs(access(axiom)).answer([BY_POWER], EVENTS, Deadline(seconds=10))


class TestSeats:
    def row(self, **more: object) -> Mapping[str, object]:
        return {"n": 2, "unnamed": 0, "n0": 2, "s0": 3.0, "w0": 1.5, "n1": 1, "s1": 1.0, "w1": 0.5, **more}

    def test_powers_are_folded_out_of_the_wide_row(self) -> None:
        by_power = Ask(question=QUESTIONS["outcomes"], by="power")
        found = read_seats(by_power, [self.row()], SEATS)
        assert [(one.key, one.events, one.cells["avg_score"]) for one in found.groups] == [("A", 2, 1.5), ("B", 1, 1.0)]
        assert found.events == 2

    def test_without_grouping_the_powers_are_added(self) -> None:
        found = read_seats(Ask(question=QUESTIONS["outcomes"]), [self.row()], SEATS)
        [one] = found.groups
        assert one.cells == {"games": 2, "avg_score": 4 / 3, "wins": 2.0, "win_share": 2 / 3, "spread": 0.5}

    def test_a_power_that_never_played_is_none(self) -> None:
        [one] = read_seats(Ask(question=QUESTIONS["outcomes"]), [self.row(n1=0, s1=None, w1=None)], SEATS).groups
        assert one.cells["spread"] is None

    @pytest.mark.parametrize("rows", [[], [{"n": 0, "unnamed": 0, "n0": 0, "n1": 0}]], ids=["no row", "no game"])
    def test_no_game_is_one_empty_group(self, rows: list[Mapping[str, object]]) -> None:
        for by in (None, "power", "horizon_type"):
            found = read_seats(Ask(question=QUESTIONS["outcomes"], by=by), rows, SEATS)
            assert [(one.key, one.events) for one in found.groups] == [(None, 0)]

    @pytest.mark.parametrize("change", [{"n0": -1}, {"n0": "2"}, {"s0": "3"}, {"w1": []}])
    def test_what_is_no_number_is_told(self, change: Mapping[str, object]) -> None:
        with pytest.raises(ServiceError, match=r"Axiom: expected a (count|number) in the column"):
            read_seats(Ask(question=QUESTIONS["outcomes"]), [self.row(**change)], SEATS)

    def test_a_grouped_answer_without_its_groups_is_told(self) -> None:
        with pytest.raises(ServiceError, match="expected a column g_key"):
            read_seats(Ask(question=QUESTIONS["outcomes"], by="horizon_type"), [self.row()], SEATS)
