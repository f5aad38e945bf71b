"""A run is left out of a sweep by any name that the tables show of it; one that fits several is told."""

from __future__ import annotations

import dataclasses

import pytest

from action.cli.sweep_names import Named, find_left_out
from action.errors import UsageError
from tests.sweeps import run_of

LEAGUE = ("healthy", "short", "killed")


def league(*more: Named) -> list[Named]:
    return [Named(run=run_of(f"league-{name}-s0"), ref=f"runs/2026/{name}.jsonl") for name in LEAGUE] + list(more)


@pytest.mark.parametrize("name", ["healthy", "league-healthy-s0", "id-league-healthy-s0", "healthy.jsonl"])
def test_a_run_is_left_out_by_its_label_its_id_its_short_name_and_the_end_of_its_path(name: str) -> None:
    assert find_left_out(league(), [name]) == {0}


def test_the_end_of_a_path_is_a_name_where_the_run_calls_itself_otherwise() -> None:
    runs = [Named(run=run_of(name), ref=f"past/{name}7") for name in ("x", "y")]

    assert find_left_out(runs, ["x7"]) == {0}


def test_short_names_are_those_of_the_tables_with_and_without_what_is_left_out_already() -> None:
    other = Named(run=run_of("ablation"), ref="elsewhere/run")

    assert find_left_out(league(other), ["ablation", "short"]) == {3, 1}
    assert find_left_out(league(), ["healthy", "healthy"]) == {0}
    hidden = dataclasses.replace(other, shown=False)
    assert find_left_out(league(hidden), ["killed", "ablation"]) == {2, 3}
    assert find_left_out([hidden], ["ablation"]) == {0}


def test_a_name_of_several_runs_is_told_with_the_names_that_tell_them_apart() -> None:
    twins = [
        Named(run=dataclasses.replace(run_of("b"), identity=dataclasses.replace(run_of("b").identity, id=f"id{n}")),
              ref=f"{n}/b")
        for n in range(10)
    ]  # fmt: skip

    with pytest.raises(UsageError) as told:
        find_left_out(twins, ["b"])

    assert str(told.value) == (
        "--without b: expected the name of one run, got that of 10: b (id0), b (id1), b (id2), b (id3), b (id4), "
        "b (id5), b (id6), b (id7) and 2 more; write one of these"
    )
    assert find_left_out(twins, ["b (id3)", "id4"]) == {3, 4}


def test_a_name_of_no_run_is_told_with_the_runs_there_are() -> None:
    many = [Named(run=run_of(f"r{n}"), ref=f"r{n}") for n in range(11)]

    with pytest.raises(UsageError, match=r"--without x: .*; the runs are r0, r1, r10, r2, r3, r4, r5, r6 and 3 more"):
        find_left_out(many, ["x"])
