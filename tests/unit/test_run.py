"""The nouns refuse what no source may hand over, and say where a run begins and ends."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from checks.run import NO_ROWS, Evidence, Identity, Rows, RunData, RunState, Selection, Series
from tests.builders import rows, run, series


@pytest.mark.parametrize("shape", [(3,), (2, 1), ()])
def test_a_series_has_as_many_steps_as_values(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="series 'kl'"):
        Series(name="kl", steps=np.zeros(2, np.int64), values=np.zeros(shape))


def test_rows_have_as_many_kinds_as_steps() -> None:
    with pytest.raises(ValueError, match="rows"):
        Rows(steps=np.zeros(2, np.int64), kinds=np.zeros(3, np.int32), names=())


def test_a_run_spans_its_rows_in_any_order() -> None:
    found = run(rows=rows([7, 3, 9]))

    assert (found.first_step, found.last_step) == (3, 9)


def test_a_run_without_rows_has_no_span() -> None:
    empty = RunData(ref="x", source="table", identity=Identity(name="x"))

    assert (empty.first_step, empty.last_step) == (None, None)
    assert (empty.rows, empty.state) == (NO_ROWS, RunState.UNKNOWN)
    assert not (empty.series)
    assert not (empty.catalog)
    assert not (empty.config)
    assert not Evidence(run=empty, judged_at="2026-11-22T12:00:00Z").logs
    assert not Evidence(run=empty, judged_at="2026-11-22T12:00:00Z").baselines


def test_a_selection_wants_its_names_or_everything() -> None:
    assert Selection(names=frozenset({"kl"})).wants("kl")
    assert not Selection(names=frozenset({"kl"})).wants("reward")
    assert Selection(everything=True).wants("reward")


def test_what_is_handed_over_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        series([1.0]).name = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        RunData(ref="x", source="t", identity=Identity(name="x")).config["a"] = 1  # type: ignore[index]
