"""A run counts once, however it was named; a label is used only where it is clear whose it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from checks.backtest.labels import Label, match_labels
from checks.backtest.past import PastCheck, PastRun, PastVerdict
from checks.backtest.summary import Trial, backtest
from checks.backtest.twins import count_once
from checks.result import CheckKind, Decision, Outcome, Severity
from tests.builders import asking

RECORD = ("run", "id1", None, "d1")


def ran(ref: str, value: float | None = 0.05, **changed: Any) -> PastRun:
    check = PastCheck(
        id="a",
        kind=CheckKind.THRESHOLD,
        outcome=Outcome.PASS,
        severity=Severity.BLOCK,
        value=value,
        low=None,
        high=None,
    )
    kept: dict[str, Any] = {
        "ref": ref,
        "names": (ref, "run"),
        "called": ("run",),
        "short": (ref.rsplit("/", 1)[-1],),
        "name": "run",
        "record": RECORD,
        "verdict": PastVerdict(decision=Decision.PASS, checks=(check, replace(check, id="integrity/gaps", value=0.0))),
    }
    return PastRun(**(kept | changed))


def label(run: str, *, good: bool = True, line: int = 2) -> Label:
    return Label(run=run, good=good, line=line)


def test_a_run_by_another_path_or_as_its_own_bundle_counts_once_and_is_told() -> None:
    counted = count_once([ran("x/run.jsonl"), ran("out/evidence"), ran("other", record=("run", "id2", None, "d1"))])

    assert counted.notes == ("out/evidence is the same run as x/run.jsonl, counted once.",)
    assert [run.verdict is None for run in counted.runs] == [False, True, False]
    assert counted.runs[1].fault == "the same run as x/run.jsonl, counted once"
    assert "out/evidence" in counted.runs[0].names
    assert counted.runs[0].short == ("run.jsonl", "evidence")


def test_three_readings_of_one_run_are_told_of_the_first() -> None:
    counted = count_once([ran("a"), ran("b"), ran("c")])

    assert [note.split(" is ")[1] for note in counted.notes] == ["the same run as a, counted once."] * 2


def test_runs_of_one_name_whose_values_differ_are_two() -> None:
    for other in (ran("b", 0.06), ran("b", None), ran("b", record=None), ran("b", verdict=None)):
        assert count_once([ran("a"), other]).notes == ()


def test_a_twin_counts_for_no_share_and_takes_the_label_of_its_run() -> None:
    asked = Trial(policy=asking('metric: kl, stat: p95, pass: "< 0.1"'), labels=(label("out/evidence"),))

    found = backtest(asked, [ran("x/run.jsonl"), ran("out/evidence")])

    assert found.confusion is not None
    assert (found.confusion.false_block.hits, found.confusion.false_block.of) == (0, 1)
    assert found.notes == ("out/evidence is the same run as x/run.jsonl, counted once.",)


def test_a_label_that_one_run_is_called_and_another_ends_in_is_used_for_neither() -> None:
    runs = [ran("bt/h1", called=("other", "o1"), names=("bt/h1", "other", "o1")), ran("bt/other", record=None)]

    found = match_labels([label("other")], runs)

    assert found.labels == (None, None)
    assert found.notes == (
        "The label of other (line 2) was not used: 2 runs are called so or end so (bt/h1, bt/other); write the path.",
    )
    assert match_labels([label("bt/other")], runs).labels[1] is not None


def test_two_labels_of_one_run_that_contradict_each_other_are_told() -> None:
    found = match_labels([label("h1"), label("bt/h1", good=False, line=3)], [ran("bt/h1")])

    assert [one.good for one in found.labels if one is not None] == [False]
    assert found.notes == (
        "The label of h1 (line 2) was not used: bt/h1 (line 3) names the same run and calls it bad; keep one.",
    )
    assert match_labels([label("h1"), label("bt/h1", line=3)], [ran("bt/h1")]).notes == ()
