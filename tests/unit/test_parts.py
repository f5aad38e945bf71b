"""Parts of a run, read apart and joined, are the run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from action.fault import Faults
from action.parts import MOST_KINDS, join_parts
from action.recording import Recording
from checks.run import Identity, Rows, RunData, Selection

Row = tuple[int, dict[str, float]]
NAMES = st.sampled_from(["kl", "reward", "elo/a", "x.y"])
ROWS = st.lists(st.dictionaries(NAMES, st.floats(), max_size=4), max_size=20)


def read(rows: Sequence[Row]) -> RunData:
    """Read rows as every source does."""
    recording = Recording(Selection(everything=True))
    for place, (step, cells) in enumerate(rows, 1):
        recording.add(step, cells, place)
    found = recording.finish(Faults())
    return RunData(
        ref="r",
        source="s",
        identity=Identity(name="r"),
        rows=found.rows,
        series=found.series,
        catalog=found.catalog,
    )


def told(rows: Rows) -> list[tuple[int, frozenset[str]]]:
    return [(step, rows.names[kind]) for step, kind in zip(rows.steps.tolist(), rows.kinds.tolist(), strict=True)]


def split(rows: Sequence[Row], cuts: Sequence[int]) -> list[Sequence[Row]]:
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    return [rows[start:end] for start, end in pairwise(bounds)]


@given(cells=ROWS, cuts=st.lists(st.integers(0, 20), max_size=4), order=st.randoms(use_true_random=False))
def test_the_parts_of_a_run_join_to_the_whole_wherever_it_is_cut(
    cells: list[dict[str, float]], cuts: list[int], order: object
) -> None:
    rows = [(3 * step, one) for step, one in enumerate(cells)]
    whole = read(rows)
    parts = [read(part) for part in split(rows, cuts) if part]
    order.shuffle(parts)  # type: ignore[attr-defined]  # files come in any order

    joined = join_parts(parts)

    assert told(whole.rows) == told(joined.rows)
    assert dict(whole.catalog) == dict(joined.catalog)
    assert whole.series.keys() == joined.series.keys()
    for name, series in whole.series.items():
        assert series.steps.tolist() == joined.series[name].steps.tolist()
        assert list(map(repr, series.values.tolist())) == list(map(repr, joined.series[name].values.tolist()))
    assert joined.rows.kinds.dtype == np.int32
    assert len(set(joined.rows.names)) == len(joined.rows.names)


def test_parts_that_hold_the_same_steps_keep_their_order() -> None:
    first, again = read([(0, {"kl": 1.0}), (1, {"kl": 2.0})]), read([(0, {"kl": 3.0})])

    joined = join_parts([first, again])

    assert joined.rows.steps.tolist() == [0, 1, 0]
    assert joined.series["kl"].values.tolist() == [1.0, 2.0, 3.0]


def test_a_part_without_rows_adds_nothing() -> None:
    joined = join_parts([read([]), read([(5, {"kl": math.nan})]), read([])])

    assert joined.rows.steps.tolist() == [5]
    assert told(joined.rows) == [(5, frozenset({"kl"}))]


def test_rows_that_hold_nothing_stay_rows() -> None:
    joined = join_parts([read([(0, {})]), read([(1, {"kl": 1.0})])])

    assert told(joined.rows) == [(0, frozenset()), (1, frozenset({"kl"}))]


def test_no_parts_are_no_rows() -> None:
    joined = join_parts([])

    assert (joined.rows.steps.size, dict(joined.series), dict(joined.catalog)) == (0, {}, {})


def test_more_kinds_of_rows_than_are_kept_apart_end_in_one_that_holds_all_of_the_rest() -> None:
    half = MOST_KINDS - 96
    first = read([(step, {f"a{step}": 1.0}) for step in range(half)])
    second = read([(half + step, {f"b{step}": 1.0}) for step in range(half)])

    joined = join_parts([first, second])

    assert len(joined.rows.names) == MOST_KINDS
    assert told(joined.rows)[:half] == told(first.rows)
    rows = told(joined.rows)
    assert all(f"b{step}" in rows[half + step][1] for step in range(half))
    assert joined.rows.steps.size == 2 * half
