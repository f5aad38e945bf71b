"""A query of the policy's own: names go in as literals, one row comes out."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import pytest

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.sources.axiom import AxiomLogs
from action.sources.axiom.own import fill_query, read_own
from checks.run import NoteKind
from tests.services.axiom import Axiom, answer, table
from tests.services.faults import partial, reply
from tests.services.league_log import Event
from tests.services.ordeal import EVENTS, access

NAMES: Mapping[str, str | None] = {"run.name": "run-a", "run.id": None}
QUERY = "['league-events'] | where run_name == {run.name} | summarize value = percentile(depth, 95), n = count()"


def depth(value: float, run: str = "run-a") -> Event:
    return {"_time": "2026-01-05T08:00:00Z", "event": "queue", "run_name": run, "depth": value}


def test_it_is_answered_for_the_run_alone() -> None:
    with Axiom([depth(1.5), depth(2.5), depth(9.0, "run-b")]) as axiom:
        found = AxiomLogs(access(axiom)).query(QUERY, EVENTS, NAMES, Deadline(seconds=10))
    [one] = found.tables
    assert (one.question, one.by, one.columns) == (QUERY, None, ("value", "n"))
    assert one.rows == ((2.5, 2),)
    assert one.events == 2
    assert found.notes == ()


def test_what_was_asked_is_told_as_it_was_sent() -> None:
    with Axiom([depth(1.5)]) as axiom:
        [asked] = AxiomLogs(access(axiom)).query(QUERY, EVENTS, NAMES, Deadline(seconds=10)).asked
    assert [asked.text] == list(axiom.queries)
    assert 'run_name == "run-a"' in asked.text
    assert (asked.service, asked.what, asked.rows) == ("Axiom", QUERY, 1)
    assert re.fullmatch(r"axiom-py \d+\.\d+\.\d+", asked.client)


def test_a_query_that_axiom_does_not_accept_is_an_input_error() -> None:
    with Axiom([depth(1.5)]) as axiom, pytest.raises(InputError, match="expected a query that it accepts, got 400"):
        AxiomLogs(access(axiom)).query("['league-events'] | nonsense", EVENTS, NAMES, Deadline(seconds=10))


def test_a_partial_answer_is_a_loss() -> None:
    with Axiom(fault=partial) as axiom, pytest.raises(InputError, match="got no `value`"):
        AxiomLogs(access(axiom)).query(QUERY, EVENTS, NAMES, Deadline(seconds=10))
    cut = answer(table([("value", "float"), ("n", "integer")], [(1.5, 3)]), isPartial=True)
    with Axiom(fault=reply(200, cut)) as axiom:
        [note] = AxiomLogs(access(axiom)).query(QUERY, EVENTS, NAMES, Deadline(seconds=10)).notes
    assert note.kind is NoteKind.LOST
    assert note.text == "own query: Axiom gave a partial answer (without a reason)"


def test_a_service_that_is_down_is_a_service_error() -> None:
    with Axiom(fault=reply(403)) as axiom, pytest.raises(ServiceError):
        AxiomLogs(access(axiom)).query(QUERY, EVENTS, NAMES, Deadline(seconds=10))


@pytest.mark.parametrize("text", ['a == "{run.name}"', "a == '{run.name}'", "a == @{run.name}", 'a == "x {run.name}'])
def test_a_name_inside_of_quotes_would_be_obeyed_and_is_refused(text: str) -> None:
    """`" or true //` within quotes of the policy's own ends them, and the rest of the name is APL."""
    with pytest.raises(InputError) as caught:
        fill_query(f"['x'] | where {text}", {"run.name": " or true //"})
    expected = (
        "axiom query: expected {run.name} alone, got it in quotes or behind other characters; it brings its own "
        "quotes: write == {run.name}"
    )
    assert str(caught.value) == expected


def test_a_name_that_the_run_has_not_is_an_input_error() -> None:
    with pytest.raises(InputError) as caught:
        fill_query("x == {run.id}", NAMES)
    expected = "axiom query: expected the run to have {run.id}, got none from its source; use {run.name}"
    assert str(caught.value) == expected


def test_a_name_that_cannot_be_written_is_an_input_error() -> None:
    with pytest.raises(InputError, match=r"got U\+0000; rename the run"):
        fill_query("x == {run.name}", {"run.name": "a\0"})


@pytest.mark.parametrize(
    ("row", "cells", "events"),
    [
        ({"value": 1.5, "n": 3}, (1.5, 3), 3),
        ({"n": 3.0, "value": 2.0, "more": "x"}, (2, 3), 3),
        ({"value": None, "n": 0}, (None, 0), 0),
        ({"value": math.nan, "n": math.inf}, (None, None), 0),
        ({"value": -math.inf, "n": None}, (None, None), 0),
        ({"value": "12", "n": "3"}, ("12", "3"), 0),
        ({"value": True, "n": True}, ("true", "true"), 0),
        ({"value": [1], "n": {"a": 1}}, ("[1]", "{'a': 1}"), 0),
        ({"value": 1, "n": -4}, (1, -4), 0),
        ({"value": 1, "n": 2.5}, (1, 2.5), 0),
    ],
    ids=["plain", "whole floats", "nothing", "NaN", "infinite", "texts", "booleans", "objects", "negative", "half"],
)
def test_what_is_no_finite_number_measures_nothing(
    row: Mapping[str, object], cells: tuple[object, ...], events: int
) -> None:
    found = read_own("q", [row])
    assert found.rows == (cells,)
    assert found.events == events
    assert [type(cell) for cell in found.rows[0]] == [type(cell) for cell in cells]


def test_no_row_measures_nothing() -> None:
    assert (read_own("q", []).rows, read_own("q", []).events) == ((), 0)


def test_several_rows_are_an_input_error() -> None:
    with pytest.raises(InputError, match=r"expected one row, got 1,200; end the query with `\| summarize value = …"):
        read_own("q", [{"value": 1, "n": 1}] * 1200)


@pytest.mark.parametrize("name", ["value", "n"])
def test_a_column_that_is_missing_is_an_input_error(name: str) -> None:
    row = {"value": 1, "n": 1, "N": 2}
    del row[name]
    with pytest.raises(InputError, match=f"expected the columns `value` and `n`, got no `{name}`; end the query"):
        read_own("q", [row])
