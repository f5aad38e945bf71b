"""A run counts once, however it was named; a label is used only where it is clear whose it is."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from checks.backtest.labels import Label, match_labels, parse_labels
from checks.backtest.past import PastCheck, PastRun, PastVerdict
from checks.backtest.record import Record
from checks.backtest.summary import Trial, backtest
from checks.backtest.twins import count_once
from checks.result import CheckKind, Decision, Outcome, Severity
from tests.builders import asking

RECORD = Record(
    place="p", id="id1", name="run", started_at="2026-01-01T00:00:00Z", length=9, rows="r", series={"kl": "d"}
)


def at(place: str, **changed: Any) -> Record:
    return replace(RECORD, place=place, **changed)


def said(value: float | None = 0.05, decision: Decision = Decision.PASS) -> PastVerdict:
    check = PastCheck(
        id="a",
        kind=CheckKind.THRESHOLD,
        outcome=Outcome.PASS,
        severity=Severity.BLOCK,
        value=value,
        low=None,
        high=None,
    )
    return PastVerdict(decision=decision, checks=(check,))


def ran(ref: str, value: float | None = 0.05, **changed: Any) -> PastRun:
    kept: dict[str, Any] = {
        "ref": ref,
        "paths": (f"/w/{ref}",),
        "called": ("run",),
        "short": (ref.rsplit("/", 1)[-1],),
        "name": "run",
        "record": at(ref),
        "verdict": said(value),
    }
    return PastRun(**(kept | changed))


def label(run: str, *, good: bool = True, line: int = 2) -> Label:
    return Label(run=run, good=good, line=line)


def test_a_run_by_another_path_or_as_its_own_bundle_counts_once_and_is_told() -> None:
    counted = count_once([ran("x/run.jsonl"), ran("out/evidence"), ran("other", record=at("o", id="id2"))])

    assert counted.notes == ("out/evidence is the same run as x/run.jsonl, counted once.",)
    assert [run.verdict is None for run in counted.runs] == [False, True, False]
    assert (counted.runs[1].fault, counted.runs[1].same_as) == (
        "the same run as x/run.jsonl, counted once",
        "x/run.jsonl",
    )
    assert counted.runs[0].paths == ("/w/x/run.jsonl", "out/evidence", "/w/out/evidence")
    assert counted.runs[0].short == ("run.jsonl", "evidence")


def test_three_readings_of_one_run_are_told_of_the_first() -> None:
    counted = count_once([ran("a"), ran("b"), ran("c")])

    assert [note.split(" is ")[1] for note in counted.notes] == ["the same run as a, counted once."] * 2


def test_the_fullest_reading_counts_wherever_it_was_named() -> None:
    lost = ran("lost", verdict=None, record=Record(place="same", name="", series={}))
    early, empty, full = ran("early", record=at("e", length=5, rows="s")), ran("empty", None), ran("full")
    full = replace(full, record=at("same"))

    for order in (list(one) for one in itertools.permutations([lost, early, empty, full])):
        counted = count_once(order)
        assert {run.same_as for run in counted.runs} == {None, "full"}
        assert counted.runs[order.index(full)].same_as is None


def test_bundles_that_share_no_series_meet_in_the_run_they_are_of() -> None:
    whole = {"id": None, "series": {"kl": "d", "reward": "e"}, "telling": frozenset({"kl", "reward"})}
    parts = [
        ran(name, record=at(name, id=None, series={name: digest}, telling=frozenset({name})))
        for name, digest in (("kl", "d"), ("reward", "e"))
    ]
    full = ran("full", verdict=replace(said(), checks=(*said().checks, *said().checks)), record=at("f", **whole))

    assert count_once(parts).notes == ()
    assert len(count_once([*parts, full]).notes) == 2


def test_a_part_that_fits_two_runs_does_not_make_them_one() -> None:
    telling = {"id": None, "telling": frozenset({"kl"})}
    one, other = (
        ran(name, record=at(name, series={"kl": "d", "reward": name}, **telling)) for name in ("one", "other")
    )
    part = ran("part", None, record=at("part", **telling))

    counted = count_once([part, one, other])

    assert [run.same_as for run in counted.runs] == ["one", None, None]


def test_runs_that_cannot_be_recognised_are_each_their_own() -> None:
    assert count_once([ran("a", record=None), ran("b", record=None)]).notes == ()
    lost = [ran(name, verdict=None, record=Record(place=name, name="", series={})) for name in "ab"]
    assert count_once(lost).notes == ()


def test_one_place_that_could_not_be_read_is_one_that_could_not_be_read() -> None:
    lost = [ran(name, verdict=None, fault="x", record=Record(place="p", name="", series={})) for name in "ab"]

    assert [run.fault for run in count_once(lost).runs] == ["x", "the same run as a, counted once"]


def test_a_reading_that_is_judged_otherwise_is_told() -> None:
    other = ran("b", verdict=said(decision=Decision.FAIL))

    assert count_once([ran("a"), other]).notes == (
        "b is the same run as a, counted once as pass; by itself it is judged fail.",
    )


def test_a_twin_counts_for_nothing_and_its_names_label_the_run() -> None:
    asked = Trial(
        policy=asking('metric: kl, stat: p95, pass: "< 0.1"'),
        against=asking('metric: kl, stat: p95, pass: "< 0.2"'),
        labels=(label("out/evidence"),),
    )

    found = backtest(asked, [ran("x/run.jsonl", other=said()), ran("out/evidence", other=said())])

    for confusion in (found.confusion, found.confusion_against):
        assert confusion is not None
        assert (confusion.false_block.hits, confusion.false_block.of) == (0, 1)
        assert (confusion.unlabelled, confusion.unreadable) == (0, 0)
    assert found.notes == ("out/evidence is the same run as x/run.jsonl, counted once.",)
    assert found.labels[1] is None


# --- labels ---------------------------------------------------------------------------------------------------------


def place(ref: str, *called: str, **changed: Any) -> PastRun:
    return ran(ref, called=called, record=None, **changed)


@pytest.mark.parametrize(
    ("name", "runs", "told"),
    [
        # What one run is called and another one ends in; what is the path of one and the name of another.
        ("other", [place("bt/h1", "other"), place("bt/other")], "./bt/h1 or ./bt/other"),
        ("other", [place("h1", "other"), place("other")], "./h1 or ./other"),
        ("x", [place("a", "x"), place("b", "x")], "./a or ./b"),
        ("x", [place("a", "x"), place("b", "i", "x")], "./a or ./b"),
        ("x", [place("a/x"), place("/b/x")], "./a/x or /b/x"),
        # A path from where you are that from the file of labels on is another one.
        ("./x", [place("x", paths=("x", "/w/x")), place("d/x", paths=("x", "/w/d/x"))], "/w/x or ./d/x"),
        ("x", [place(f"{i}/x") for i in range(6)], "./0/x or ./1/x or ./2/x or ./3/x or one of 2 more"),
        # Nothing leads to one alone.
        ("x", [place("x", paths=()), place("x", paths=())], "x or x"),
    ],
)
def test_a_label_that_fits_several_runs_is_used_for_none_and_told(name: str, runs: list[PastRun], told: str) -> None:
    found = match_labels([label(name)], runs)

    assert found.labels == (None,) * len(runs)
    assert found.notes == (f"The label of {name} (line 2) was not used: it fits {len(runs)} runs; write {told}.",)


@pytest.mark.parametrize("name", ["./other", "././other", "/w/other", "../u/other"])
def test_what_is_told_to_write_labels_one_run(name: str) -> None:
    runs = [place("bt/h1", "other"), place("other", paths=("/w/other", "../u/other"))]

    found = match_labels([label(name)], runs)

    assert [one is not None for one in found.labels] == [False, True]
    assert found.notes == ()


def test_a_name_that_one_run_has_in_every_way_labels_it() -> None:
    runs = [place("a/x", "x", "x"), place("b/y")]

    assert [one is not None for one in match_labels([label("x"), label("y/")], runs).labels] == [True, True]


@pytest.mark.parametrize(
    ("first", "second", "used"),
    [("h1", "bt/h1", "bt/h1"), ("bt/h1", "h1", "bt/h1"), ("bt/h1", "/w/bt/h1", "bt/h1"), ("own", "h1", "own")],
)
def test_two_labels_of_one_run_that_contradict_each_other_are_told(first: str, second: str, used: str) -> None:
    given = [label(first), label(second, good=False, line=3)]
    other = next(one for one in given if one.run != used)
    kept = next(one for one in given if one.run == used)

    found = match_labels(given, [place("bt/h1", "own")])

    assert found.labels == (kept,)
    assert found.notes == (
        f"The label of {other.run} (line {other.line}) was not used: {used} (line {kept.line}) names the same run and "
        f"calls it {kept.word}; keep one.",
    )
    assert match_labels([label(first), label(second, line=3)], [place("bt/h1", "own")]).notes == ()


def test_every_label_of_one_line_is_told() -> None:
    assert len(match_labels([label("a"), label("b")], [place("c")]).notes) == 2


def test_a_path_is_not_lost_to_a_name_that_is_spelled_like_it() -> None:
    labels = parse_labels("run,label\nother,good\n./other,good\n", file="f", comma=",")

    found = match_labels(labels, [place("h1", "other"), place("other")])

    assert [one is not None for one in found.labels] == [False, True]
