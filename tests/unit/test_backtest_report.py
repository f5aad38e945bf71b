"""A back-test as people and programs see it: whole in any width, harmless, documents within their budget."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from action.cli.backtest_page import print_backtest
from action.cli.page import open_console
from action.report.backtest_document import backtest_document
from action.report.backtest_markdown import backtest_markdown
from action.report.backtest_view import backtest_sentences, backtest_tables, paste_text, run_tables
from action.report.document import json_text
from checks.backtest.halves import Halves
from checks.backtest.labels import Label
from checks.backtest.past import PastCheck, PastRun, PastVerdict
from checks.backtest.record import Record
from checks.backtest.summary import Backtest, Trial, backtest
from checks.result import CheckKind, Decision, Outcome, Severity
from tests.builders import policy
from tests.contract.test_schemas import faults

POLICY = policy(
    'checks:\n  a: {metric: kl, stat: p95, pass: "< 0.1"}\n  b: {metric: kl, stat: max, fail: "> 1", severity: warn}\n'
)
HOSTILE = "x\x1b[31m|<img>\n::error::`@team`"


def past(ref: str, value: float, name: str | None = None, **changed: Any) -> PastRun:
    ok = value < 0.1
    checks = tuple(
        PastCheck(
            id=one, kind=CheckKind.THRESHOLD, outcome=Outcome.PASS if ok else Outcome.FAIL, severity=severity,
            value=value, low=None, high=None,
        )
        for one, severity in (("a", Severity.BLOCK), ("b", Severity.WARN))
    )  # fmt: skip
    verdict = PastVerdict(decision=Decision.PASS if ok else Decision.FAIL, checks=checks)
    kept: dict[str, Any] = {"ref": ref, "name": name, "verdict": verdict}
    return PastRun(**(kept | changed))


def whole(count: int = 40) -> Backtest:
    """A back-test with every part."""
    halves = Halves(agent=HOSTILE, clusters=(50, 51), value=9.0, low=1.0, high=17.0)
    runs = [past(f"runs/{i}", 0.01 + i / 10_000, halves=halves if i == 1 else None) for i in range(count)]
    runs += [past("bad", 0.5, HOSTILE, other=PastVerdict(decision=Decision.PASS, checks=()))]
    runs += [past("missed", 0.02), past("unknown", 0.03), PastRun(ref="lost", fault=HOSTILE)]
    runs += [past("few", 0.01, halves=Halves(agent="x", clusters=(1, 2), value=None, low=None, high=None))]
    good = [Label(run=f"runs/{i}", good=True, line=i) for i in range(count)]
    bad = [Label(run=name, good=False, wrong=HOSTILE, line=99) for name in ("bad", "missed", "lost", HOSTILE)]
    return backtest(Trial(policy=POLICY, against=POLICY, labels=(*good, *bad)), runs)


def text(found: Backtest, width: int = 120) -> str:
    stream = io.StringIO()
    print_backtest(found, open_console(stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize("found", [whole(), whole(5), backtest(Trial(policy=POLICY), [past("r", 0.01)])])
def test_the_json_is_valid(found: Backtest) -> None:
    assert faults("backtest", json.loads(json_text(backtest_document(found)))) == []


def test_every_part_is_told() -> None:
    told = " ".join(backtest_sentences(whole()))
    titles = [table.title for table in (*backtest_tables(whole()), *run_tables(whole()))]

    assert told.startswith("45 runs by policy.yml: 43 pass, 1 fail, 0 inconclusive, 0 error; 1 could not be judged.")
    assert "0 of 40 (0.0 to 8.8 %) good runs blocked" in told
    assert "1 of 2 (1.3 to 98.7 %) bad runs passed" in told
    assert "1 verdict is another" in told
    assert titles == [
        "Verdicts and labels",
        "Runs whose verdict changes",
        "Verdicts against the label",
        "Runs that could not be judged",
        "What checks did, in how many runs (those that met no trouble are left out)",
        "Proposed bounds, each for 5 % false alarms",
        "Two halves of one agent's games, which must tie",
        "Runs without a label",
        "Runs that agree with their label, or are inconclusive",
    ]
    assert "a bound may stop more or fewer, most likely a share within the interval in its row." in told


def test_other_names_of_a_run_are_told_apart_from_what_could_not_be_judged() -> None:
    record = Record(place="p", name=HOSTILE, series={})
    found = backtest(Trial(policy=POLICY), [past("one", 0.01, record=record), past(HOSTILE, 0.01, record=record)])

    first, second, *_ = backtest_sentences(found)
    (table,) = (table for table in backtest_tables(found) if table.title.startswith("Other names"))

    assert first == "1 run by policy.yml: 1 pass, 0 fail, 0 inconclusive, 0 error."
    assert second == "1 name is of a run that has another one here: each run counts once."
    assert table.rows == ((HOSTILE, "the same run as one, counted once"),)
    assert "could not be judged" not in text(found) + backtest_markdown(found)
    assert "\x1b" not in text(found) + backtest_markdown(found)
    assert [row["same_as"] for row in json.loads(json_text(backtest_document(found)))["rows"]] == [None, "one"]


def test_without_labels_it_says_where_bounds_come_from() -> None:
    told = list(backtest_sentences(backtest(Trial(policy=POLICY), [past("r", 0.01)])))

    assert told[-1] == "Bounds are proposed from runs that are labelled good: name them by --labels."


def test_from_few_runs_nothing_is_promised_and_nothing_is_to_be_pasted() -> None:
    found = whole(5)

    assert "5 % cannot be promised from so few runs for a, b: 19 good runs with a value are needed." in " ".join(
        backtest_sentences(found)
    )
    assert "To paste" not in text(found)
    assert "```yaml" not in backtest_markdown(found)


@pytest.mark.parametrize("width", [12, 40, 80, 200])
def test_a_terminal_of_any_width_shows_no_hostile_character(width: int) -> None:
    shown = text(whole(), width)

    assert "\x1b" not in shown
    assert not any(line.strip().startswith("::") for line in shown.splitlines())
    assert 'pass: "<= 0.0138"' in " ".join(shown.split())


@pytest.mark.parametrize("width", [12, 40, 80, 200])
def test_what_is_to_be_pasted_stands_flush_left_and_unbroken_in_a_terminal_of_any_width(width: int) -> None:
    paste = paste_text(whole())

    assert paste is not None
    assert f"\n{paste}\n" in text(whole(), width)


@pytest.mark.parametrize("shown", [text(whole()), backtest_markdown(whole())], ids=["text", "markdown"])
def test_runs_that_agree_are_listed_behind_what_is_to_be_pasted(shown: str) -> None:
    assert shown.index("checks:\n") < shown.index("Bounds: ") < shown.index("Runs that agree with their label")


def test_markdown_is_within_its_budget_and_escapes_all_but_the_yaml() -> None:
    found = whole(3_000)

    shown = backtest_markdown(found)

    assert len(shown) <= 60_000
    assert "<img>" not in shown
    assert '    pass: "<= 0.' in shown
    assert "more in <code>the output of --format json</code>" in shown
    with pytest.raises(ValueError, match="a budget of 100 characters"):
        backtest_markdown(found, budget=100)
