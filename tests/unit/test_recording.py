"""Rows become series, counts and kinds, in memory that follows the choice."""

import math
from collections.abc import Mapping

import numpy as np
import pytest

import action.recording
from action.fault import Faults
from action.recording import Recorded, Recording
from action.row import flatten, place_row, read_cells
from checks.run import NoteKind, Selection

ALL = Selection(everything=True)


def recorded(*rows: tuple[int, Mapping[str, float | None]], selection: Selection = ALL) -> tuple[Recorded, list[str]]:
    recording = Recording(selection, uncounted=frozenset({"epoch"}))
    for place, (step, cells) in enumerate(rows, start=1):
        recording.add(step, cells, place)
    faults = Faults()
    return recording.finish(faults), [note.text for note in faults.notes("a", "row")]


def kinds(found: Recorded) -> list[set[str]]:
    return [set(found.rows.names[kind]) for kind in found.rows.kinds]


def test_series_keep_the_recorded_order_and_repeated_steps() -> None:
    found, notes = recorded((3, {"kl": 0.1}), (1, {"kl": math.inf}), (1, {"kl": 0.3}))

    assert [3, 1, 1] == found.series["kl"].steps.tolist() == found.rows.steps.tolist()
    assert [0.1, math.inf, 0.3] == found.series["kl"].values.tolist()
    assert notes == []


def test_metrics_that_are_not_chosen_are_only_counted() -> None:
    found, _notes = recorded(
        (1, {"kl": 1.0, "loss": 2.0}), (2, {"loss": 2.0}), selection=Selection(names=frozenset({"kl"}))
    )

    assert {"kl"} == set(found.series)
    assert found.catalog == {"kl": 1, "loss": 2}
    assert [{"kl", "loss"}, {"loss"}] == kinds(found)


def test_the_order_of_names_makes_no_kind_of_its_own_and_bookkeeping_none() -> None:
    found, _notes = recorded(
        (1, {"a": 1.0, "b": 1.0}), (2, {"b": 1.0, "_timestamp": 9.0, "a": 1.0, "epoch": 0.5}), (3, {})
    )

    assert found.rows.kinds.tolist() == [0, 0, 1]
    assert [{"a", "b"}, {"a", "b"}, set()] == kinds(found)
    assert {"a", "b", "epoch"} == set(found.catalog)


def test_a_column_of_text_is_no_metric_and_text_among_numbers_counts_as_nan() -> None:
    found, notes = recorded(
        (1, {"kl": 0.1, "who": None, "mostly": None}),
        (2, {"kl": None, "who": None, "mostly": None}),
        (3, {"kl": 0.3, "who": None, "mostly": 1.0}),
    )

    assert found.catalog == {"kl": 3}
    assert [value for value in found.series["kl"].values.tolist() if value == value] == [0.1, 0.3]  # noqa: PLR0124 - not NaN
    assert [{"kl"}] * 3 == kinds(found)
    assert notes[:1] == ["a: no number in 'kl', counted as NaN: row 2"]
    assert notes[1:] == ["a: no number in 'mostly', taken for a column of text: 2 rows, the first is row 1"]


def test_text_in_metrics_that_are_not_chosen_is_no_news() -> None:
    found, notes = recorded((1, {"kl": 0.1}), (2, {"kl": None}), selection=Selection())

    assert (found.catalog, notes) == ({"kl": 2}, [])


def test_half_text_is_still_a_metric_so_that_it_cannot_vanish() -> None:
    found, _notes = recorded((1, {"kl": 0.1}), (2, {"kl": None}))

    assert np.isnan(found.series["kl"].values).tolist() == [False, True]


def test_a_name_that_no_report_could_write_is_repaired() -> None:
    found, _notes = recorded((1, {"kl\ud800": 1.0}))

    assert list(found.catalog) == ["kl?"]


def test_past_the_limit_of_kinds_the_rest_is_their_union(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action.recording, "_MAX_SETS", 2)
    found, _notes = recorded(*((step, {name: 1.0}) for step, name in enumerate("abcda")))

    assert [{"a"}, {"b"}, {"c", "d"}, {"c", "d"}, {"a"}] == kinds(found)
    assert found.catalog == {"a": 2, "b": 1, "c": 1, "d": 1}


def test_past_the_limit_of_names_only_chosen_ones_are_kept_and_the_loss_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(action.recording, "_MAX_NAMES", 2)
    chosen = Selection(names=frozenset({"kl"}))
    found, notes = recorded((1, {"a": 1.0, "b": 1.0, "c": 1.0, "kl": 0.1}), selection=chosen)

    assert {"a", "b", "kl"} == set(found.catalog)
    assert notes == ["a: more than 2 names of metrics, the further ones are left out: row 1"]


def test_an_earlier_row_takes_new_metrics_but_none_twice() -> None:
    recording = Recording(ALL)
    recording.add(1, {"a": 1.0}, 1)
    recording.add(2, {"a": 2.0}, 2)

    assert recording.merge(0, {"b": 5.0}, 3)
    assert not recording.merge(0, {"b": 6.0}, 4)
    found = recording.finish(Faults())
    assert [{"a", "b"}, {"a"}] == kinds(found)
    assert found.series["b"].steps.tolist() == [1]


def test_a_row_of_unknown_kind_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(action.recording, "_MAX_SETS", 0)
    recording = Recording(ALL)
    recording.add(1, {"a": 1.0}, 1)

    assert not recording.merge(0, {"b": 5.0}, 2)


def test_no_rows_are_no_rows() -> None:
    found, _notes = recorded()

    assert (found.rows.steps.size, found.rows.kinds.size, found.rows.names) == (0, 0, ())
    assert found.catalog == {}


def test_steps_are_placed_or_counted_as_lost() -> None:
    faults = Faults()
    steps = [place_row(raw, place, faults) for place, raw in enumerate([5, None, 2.5, -3, "7", 2**63], start=1)]

    assert steps == [5, None, None, -3, 7, None]
    assert [(note.kind, note.text) for note in faults.notes("a", "row")] == [
        (NoteKind.LOST, "a: no step, left out: row 2"),
        (NoteKind.LOST, "a: the step is not a whole number of 64 bits, left out: 2 rows, the first is row 3"),
        (NoteKind.ODD, "a: the step is negative: row 4"),
    ]


def test_nesting_deeper_than_any_trainers_is_no_metric() -> None:
    """Else the names of a few kilobytes of nested objects fill the memory."""
    row: dict[str, object] = {"x": 1}
    for _ in range(3000):
        row = {"d" * 900: row}

    [(name, value)] = flatten(row)

    assert len(name) < 3000
    assert isinstance(value, dict)


def test_two_values_under_one_flat_name_are_noted() -> None:
    faults = Faults()

    assert read_cells({"step": 1, "a.b": 1, "a": {"b": 2}, "t": "x"}, "step", 4, faults) == {"a.b": 2.0, "t": None}
    assert [n.text for n in faults.notes("r", "row")] == ["r: two values under one name, the later is kept: row 4"]


def test_a_chosen_column_of_text_alone_is_told() -> None:
    """A reward of `1.050,5` is no number: who asks for the reward must read why there is none."""
    recording = Recording(Selection(names=frozenset({"reward"})))
    faults = Faults()
    for line in (2, 3):
        recording.add(line, {"reward": None, "who": None}, line)

    found = recording.finish(faults)

    assert found.catalog == {}
    expected = "a: no number in 'reward', taken for a column of text: 2 lines, the first is line 2"
    assert [note.text for note in faults.notes("a", "line")] == [expected]
