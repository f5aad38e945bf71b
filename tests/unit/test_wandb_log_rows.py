"""History rows: what counts as a metric, and that the fast way and the exact way are the same."""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.sources.wandb_log import columns, table, wire
from action.sources.wandb_log.columns import Columns
from action.sources.wandb_log.history import Row, parse_row
from action.sources.wandb_log.record import HistoryBody, parse_record
from action.sources.wandb_log.run import _START
from action.sources.wandb_log.table import Kinds, Table
from bench import wandb_writer as writer
from checks.run import Selection

WANTED = Selection(names=frozenset({"train/kl", "reward", "d.mean", "ünï"}))


def row(items: Any, **more: Any) -> Row:
    record = parse_record(writer.history(items, **more))
    assert isinstance(record, HistoryBody)
    return parse_row(record.body, lambda _: True)


# What a row means


def test_numbers_in_every_spelling_are_metrics() -> None:
    found = row(
        {"a": "1.5", "b": "NaN", "c": "Infinity", "d": "-Infinity", "e": '"NaN"', "f": "null", "g": "true", "h": "-3"},
        step=7,
    )

    assert found.step == 7
    nan = {name for name, value in found.values.items() if math.isnan(value)}
    assert {"b", "e", "f"} == nan
    rest = {name: value for name, value in found.values.items() if name not in nan}
    assert {"a": 1.5, "c": math.inf, "d": -math.inf, "g": 1.0, "h": -3.0} == rest


def test_text_lists_and_the_sdks_own_keys_are_no_metrics() -> None:
    found = row(
        {"text": '"hello"', "list": "[1,2]", "_timestamp": "1.5", "_runtime": "2", ("_wandb", "x"): "1"}, step=0
    )

    assert set() == found.names
    assert found.values == {}


def test_names_of_nested_dicts_are_joined_with_dots_as_wandb_shows_them() -> None:
    found = row({("train/reward", "mean"): "1", ("d", "deep", "x"): "2", "a.b": "3", "elo/adapter_v10": "4"}, step=0)

    assert found.values == {"train/reward.mean": 1.0, "d.deep.x": 2.0, "a.b": 3.0, "elo/adapter_v10": 4.0}


def test_a_dict_within_an_item_as_older_sdks_wrote_gives_its_leaves() -> None:
    found = row({"d": '{"max": 2, "deep": {"x": 1.5, "t": "text"}}'}, step=0, old=True)

    assert found.values == {"d.max": 2.0, "d.deep.x": 1.5}


@pytest.mark.parametrize(
    "items",
    [
        {"img": '{"_type": "image-file", "width": 4, "size": 100}'},
        {("img", "_type"): '"image-file"', ("img", "width"): "4", ("img", "more", "size"): "100"},
        {("img", "width"): "4", ("img", "_type"): '"image-file"'},
    ],
)
def test_numbers_within_media_and_histograms_are_no_metrics(items: Any) -> None:
    assert {"loss"} == row({**items, "loss": "1"}, step=0).names


def test_a_metric_that_is_called_type_but_is_a_number_makes_no_media_of_its_neighbours() -> None:
    assert {"d._type", "d.mean"} == row({("d", "_type"): "1", ("d", "mean"): "2"}, step=0).names
    assert {"d._type", "d.mean"} == row({"d": '{"_type": 1, "mean": 2}'}, step=0).names


def test_a_name_that_stands_twice_has_its_last_value() -> None:
    found = row([writer.item("a", "1"), writer.item("a", "2"), writer.item("_step", "4")])

    assert found.values == {"a": 2.0}
    assert found.step == 4


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"\x18\x00", math.nan),  # none
        (b"\x20\x01", 1.0),  # boolean
        (b"\x28\x05", -3.0),  # integer, zigzag
        (b"\x31" + struct.pack("<d", 2.5), 2.5),  # number
        (b"\x3a\x03NaN", math.nan),  # text
    ],
)
def test_typed_values_that_newer_sdks_can_write_are_read(field: Any, expected: Any) -> None:
    found = row([writer.text(2, "a") + field], step=3)

    assert str(expected) == str(found.values["a"])
    assert found.step == 3


@pytest.mark.parametrize(
    ("items", "more", "expected"),
    [
        ({"a": "1"}, {"step": 5}, 5),
        ([writer.item("_step", "6")], {}, 6),
        ([writer.item("_step", "7.0")], {}, 7),
        ([writer.item("a", "1")], {"step": 8}, 8),
        ([writer.item("a", "1")], {"step": 0}, 0),
        ([writer.item("a", "1")], {}, None),
        ([writer.item("_step", '"x"')], {"step": 9}, 9),
        ([writer.item("_step", "1e300")], {}, None),
    ],
)
def test_the_step_is_the_item_else_the_field_else_unknown(items: Any, more: Any, expected: Any) -> None:
    assert expected == row(items, **more).step


def test_integers_beyond_a_float_are_infinite_and_absurd_json_is_a_fault() -> None:
    found = row({"big": "1" + "0" * 400, "deep": '{"a":' * 100_000, "no": "1_000", "cut": "1."}, step=0)

    assert {"big": math.inf} == found.values
    assert found.faults == 3


# The wire format


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a",  # no length
        b"\x0a\x05abc",  # a length beyond the end
        b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f",  # an absurd length
        b"\x08" + b"\xff" * 11,  # a varint without end
        b"\x00\x01",  # field number 0
        b"\x0b\x0c",  # a group
        b"\x09\x01\x02",  # 8 bytes that are 2
    ],
)
def test_bytes_that_are_no_message_are_refused(message: Any) -> None:
    with pytest.raises(wire.WireError):
        list(wire.fields(message))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_and_nothing_else(raw: bytes) -> None:
    try:
        record = parse_record(raw)
        if isinstance(record, HistoryBody):
            parse_row(record.body, lambda _: True)
    except wire.WireError:
        pass


# Fast and exact


def exactly(payloads: list[bytes], wants: Callable[[str], bool]) -> tuple[Any, ...]:
    """What `Table` must hold, row by row, through the exact reader alone."""
    steps: list[int] = []
    sets: list[frozenset[str]] = []
    counts: dict[str, int] = {}
    series: dict[str, list[tuple[int, bytes]]] = {}
    malformed = faults = 0
    for payload in payloads:
        try:
            record = parse_record(payload)
            found = parse_row(record.body, wants) if isinstance(record, HistoryBody) else None
        except wire.WireError:
            malformed += 1
            continue
        if found is None:
            continue
        faults += found.faults
        last = min(steps[-1] if steps else -1, 2**63 - 2)
        steps.append(last + 1 if found.step is None else found.step)
        sets.append(frozenset(found.names))
        for name in found.names:
            counts[name] = counts.get(name, 0) + 1
        for name, value in found.values.items():
            series.setdefault(name, []).append((steps[-1], struct.pack("<d", value)))
    return steps, sets, counts, series, malformed, faults


def head(payload: bytes) -> int:
    start = _START.match(payload)
    assert start
    return start.end()


def added(found: Table, payloads: list[bytes]) -> Table:
    for payload in payloads:
        found.add(payload, head(payload))
    return found


def through_table(payloads: list[bytes], selection: Selection) -> tuple[Any, ...]:
    found = added(Table(selection), payloads)
    rows = found.take_rows()
    series = {
        name: [(int(step), struct.pack("<d", value)) for step, value in zip(one.steps, one.values, strict=True)]
        for name, one in found.take_series().items()
    }
    return (
        rows.steps.tolist(),
        [rows.names[kind] for kind in rows.kinds],
        found.counts,
        series,
        found.malformed,
        found.faults,
    )


NAMES = st.one_of(
    st.sampled_from(["train/kl", "reward", "d.mean", "ünï", "loss", "a", "_runtime", "x" * 90, "x" * 130]),
    st.text(max_size=12),
    st.sampled_from([("d", "mean"), ("d", "_type"), ("d", "x", "y"), ("_wandb", "runtime"), ("", "")]),
)
VALUES = st.one_of(
    st.floats().map(lambda value: {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}.get(repr(value), repr(value))),
    st.integers().map(str),
    st.sampled_from(["null", "true", '"NaN"', '"text"', "[1]", '{"mean": 1}', "1,2", "1,[2", "3]", '1,"a', "-", "1_0"]),
    st.sampled_from(['" nan"', '"-inf"', '"\\u004eaN"', '"', '"x', '""', "[1", "tru", "nul", "Nope", "007", "-0"]),
    st.integers(100, 20_000).map(lambda size: f'"{"x" * size}"'),
)
STEPS = st.one_of(st.integers(0, 10**6), st.integers(-(2**63), 2**63 - 1))


@st.composite
def records(draw: st.DrawFn) -> bytes:
    items = draw(st.lists(st.builds(writer.item, NAMES, VALUES, old=st.booleans()), max_size=6))
    items += [writer.item("_step", str(draw(STEPS)))] * draw(st.sampled_from([1, 1, 1, 1, 0, 2]))
    draw(st.randoms(use_true_random=False)).shuffle(items)
    payload = writer.history(items, step=draw(st.none() | STEPS), num=draw(st.integers(0, 2**40)))
    if draw(st.integers(0, 3)) == 0 and payload:
        at = draw(st.integers(0, len(payload) - 1))
        payload = payload[:at] + draw(st.binary(max_size=2)) + payload[at + draw(st.integers(0, 2)) :]
    return payload


@given(st.lists(records(), min_size=1, max_size=5), st.booleans())
@settings(max_examples=250, deadline=None)
def test_the_fast_way_reads_any_rows_as_the_exact_way_does(some: list[bytes], everything: bool) -> None:
    selection = Selection(everything=True) if everything else WANTED
    payloads = [payload for _ in range(30) for payload in some if _START.match(payload)]

    assert exactly(payloads, selection.wants) == through_table(payloads, selection)


def common(count: int, names: Sequence[str] = ("train/kl", "reward", "loss", "ünï", "x" * 100)) -> Iterator[bytes]:
    rng = random.Random(1)  # noqa: S311 - test data, no secret
    for step in range(count):
        items = [writer.item(name, repr(rng.gauss(0, 1))) for name in names]
        items += [writer.item(("d", "mean"), "NaN"), writer.item("_step", str(step)), writer.item("_runtime", "0.5")]
        rng.shuffle(items)
        yield writer.history(items, step=step, num=3 * step + 5)


def test_common_rows_go_the_fast_way() -> None:
    more = [writer.item("text", f'"{"long" * 60}"'), writer.item("list", str([0.5] * 60)), writer.item("ok", "true")]
    rows = [[writer.item("train/kl", "null"), writer.item("_step", str(step)), *more] for step in range(300, 400)]
    payloads = [*common(300), *(writer.history(row, step=300 + number) for number, row in enumerate(rows))]

    batch = Columns(WANTED.wants, Kinds().index).read(payloads, [head(one) for one in payloads])

    assert batch.done.all()
    assert batch.steps.tolist() == list(range(400))
    assert exactly(payloads, WANTED.wants) == through_table(payloads, WANTED)


def test_many_batches_are_one_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_BATCH_ROWS", 37)
    payloads = list(common(200))

    assert exactly(payloads, WANTED.wants) == through_table(payloads, WANTED)


def test_rows_of_both_ways_stay_in_their_order() -> None:
    payloads = list(common(200))
    payloads[::3] = [writer.history({"reward": str(n), "note": '"text"'}, step=n) for n in range(0, 200, 3)]

    found = through_table(payloads, WANTED)

    assert list(range(200)) == found[0]
    assert list(range(200)) == [step for step, _ in found[3]["reward"]]
    assert exactly(payloads, WANTED.wants) == found


def test_rows_of_more_names_than_the_fast_way_learns_are_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("action.sources.wandb_log.keys.MOST_KEYS", 10)
    monkeypatch.setattr(columns, "_MOST_ITEMS", 20)
    payloads = list(common(60, names=[f"m{number}" for number in range(30)])) + list(common(60))

    assert exactly(payloads, WANTED.wants) == through_table(payloads, WANTED)


def test_distinct_sets_of_metrics_past_the_limit_share_one_union(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_KINDS", 3)
    payloads = [writer.history({f"m{step}": "1", "a": "2"}, step=step) for step in range(6)]

    rows = added(Table(Selection()), payloads).take_rows()

    assert rows.kinds.tolist() == [0, 1, 2, 3, 3, 3]
    assert frozenset({"a", "m3", "m4", "m5"}) == rows.names[3]
    assert np.int32 == rows.kinds.dtype
