"""When two readings are of one run: rather two that are one than one that is two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from checks.backtest.record import Record, contradict, keys_of, record_of, same_run
from checks.run import Identity, Rows, RunData, Series

NOISE = (0.3, 0.1, 0.2, 0.5)


def logged(values: dict[str, Sequence[float]], **identity: Any) -> RunData:
    count = len(next(iter(values.values())))
    steps = np.arange(count, dtype=np.int64)
    return RunData(
        ref="x",
        source="test",
        identity=Identity(**({"name": "run"} | identity)),
        rows=Rows(steps=steps, kinds=np.zeros(count, np.int32), names=(frozenset(values),)),
        series={name: Series(name=name, steps=steps, values=np.array(one, float)) for name, one in values.items()},
        catalog=dict.fromkeys(values, count),
    )


def read(place: str, values: Sequence[float] = NOISE, content: str | None = None, **identity: Any) -> Record:
    return record_of(logged({"kl": values}, **identity), place=place, content=content)


def same(one: Record, other: Record) -> bool:
    """Ask both ways: the answer may not depend on which was named first."""
    assert same_run(one, other) == same_run(other, one)
    assert contradict(one, other) == contradict(other, one)
    if same_run(one, other):
        assert {*keys_of(one)} & {*keys_of(other)}, "they would never be held against each other"
    return same_run(one, other)


def test_one_place_is_one_run_whatever_it_is_called_or_holds() -> None:
    assert same(read("p", name="a"), read("p", (1.0, 1.0), name="b"))


def test_one_address_on_a_service_is_one_run_at_any_time_of_it_and_two_are_two() -> None:
    assert same(read("p", url="u"), read("q", (9.0, 8.0, 7.0), url="u"))
    assert not same(read("p", url="u"), read("q", url="v"))
    assert contradict(read("p", url="u"), read("q", url="v"))


def test_one_id_that_began_at_one_time_is_one_run_though_one_reading_is_of_earlier() -> None:
    began: dict[str, Any] = {"id": "i", "started_at": "2026-01-01T00:00:00Z"}

    assert same(read("p", **began), read("q", NOISE[:2], **began))
    assert not same(read("p", **began), read("q", NOISE[:2], **(began | {"started_at": "2026-01-02T00:00:00Z"})))
    assert not same(read("p", id="i"), read("q", NOISE[:2], id="i"))


def test_one_id_given_to_two_runs_makes_no_one_of_them() -> None:
    began: dict[str, Any] = {"id": "i", "started_at": "2026-01-01T00:00:00Z"}

    assert not same(read("p", **began), read("q", NOISE[::-1], **began))


def test_ids_that_differ_are_two_runs_though_they_logged_the_same() -> None:
    assert not same(read("p", id="i"), read("q", id="j"))


def test_what_logged_the_same_under_one_id_is_one_run_by_any_name() -> None:
    assert same(read("p", id="i", name="a"), read("q", id="i", name="b", url="u"))


def test_what_logged_the_same_under_one_name_is_one_run_where_no_id_is_recorded() -> None:
    assert same(read("p"), read("q"))
    assert same(read("p", id="i"), read("q"))
    assert not same(read("p"), read("q", name="b"))
    assert not same(read("p", started_at="2026-01-01T00:00:00Z"), read("q", started_at="2026-01-02T00:00:00Z"))
    assert same(read("p", started_at="2026-01-01T00:00:00Z"), read("q"))


def test_two_seeds_of_one_name_are_two_runs() -> None:
    assert not same(read("p"), read("q", (0.3, 0.1, 0.2, 0.4)))
    assert not same(read("p"), read("q", (*NOISE, 0.6)))


def test_files_that_differ_are_two_runs_though_what_is_asked_of_them_is_alike() -> None:
    assert not same(read("p", content="a"), read("q", content="b"))
    assert same(read("p", content="a"), read("q", content="a"))
    assert same(read("p", content="a"), read("q"))


@pytest.mark.parametrize("values", [(0.0,) * 4, (0.0, 1.0, 0.0, 1.0), (1.0, 2.0, 3.0, 4.0), (float("nan"),) * 4])
def test_what_any_run_may_log_does_not_make_two_runs_one(values: Sequence[float]) -> None:
    assert not same(read("p", values), read("q", values))


@pytest.mark.parametrize("name", ["train/learning_rate", "lr", "epoch", "train/global_step"])
def test_what_follows_from_the_configuration_does_not_make_two_runs_one(name: str) -> None:
    one, other = (record_of(logged({name: NOISE}), place=place, content=None) for place in "pq")

    assert not same(one, other)


def test_readings_that_hold_other_series_are_told_by_those_that_both_hold() -> None:
    both = record_of(logged({"kl": NOISE, "reward": NOISE}), place="p", content=None)
    part = logged({"kl": NOISE, "reward": NOISE})
    kl, reward = (
        record_of(RunData(**{**vars(part), "series": {name: part.series[name]}}), place=name, content=None)
        for name in ("kl", "reward")
    )

    assert same(both, kl)
    assert same(both, reward)
    assert not same(kl, reward)


def test_a_zero_and_a_nan_are_what_they_are_however_they_are_spelled() -> None:
    odd = np.frombuffer(np.array([0x7FF8000000000001], np.uint64).tobytes(), np.float64)[0]

    assert same(read("p", (*NOISE, 0.0, float("nan"))), read("q", (*NOISE, -0.0, float(odd))))


def test_what_was_not_read_is_looked_for_by_its_place_alone() -> None:
    assert list(keys_of(Record(place="p", name="", series={}))) == [("place", "p")]
    assert not same(Record(place="p", name="", series={}), Record(place="q", name="", series={}))
