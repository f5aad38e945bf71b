"""Back-tests: what past verdicts say of a policy, counted, and the bounds that healthy runs allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.backtest.confusion import changes, confuse, is_wrong
from checks.backtest.labels import Label, LabelError, match_labels, parse_labels
from checks.backtest.past import PastCheck, PastRun, PastVerdict, past_verdict
from checks.backtest.proposal import bounded, least_runs, propose, rank, reach, to_paste
from checks.backtest.share import share
from checks.backtest.summary import Trial, backtest
from checks.backtest.tally import Tally, remarks, tally
from checks.distribution import exact_interval
from checks.result import CheckKind, Decision, Outcome, Severity
from tests.builders import asking, policy, rule
from tests.verdicts import failing

PASS, FAIL, WARN, INCONCLUSIVE, ERROR = Outcome.PASS, Outcome.FAIL, Outcome.WARN, Outcome.INCONCLUSIVE, Outcome.ERROR
POLICY = asking('metric: kl, stat: p95, pass: "< 0.1"')


def found(outcome: Outcome = PASS, value: float | None = 0.05, **changed: Any) -> PastCheck:
    kept: dict[str, Any] = {
        "id": "a",
        "kind": CheckKind.THRESHOLD,
        "severity": Severity.BLOCK,
        "low": None,
        "high": None,
    }
    return PastCheck(outcome=outcome, value=value, **(kept | changed))


def said(*checks: PastCheck, decision: Decision = Decision.PASS) -> PastVerdict:
    return PastVerdict(decision=decision, checks=checks)


def ran(ref: str = "r", *checks: PastCheck, decision: Decision = Decision.PASS, **changed: Any) -> PastRun:
    kept: dict[str, Any] = {"ref": ref, "verdict": said(*checks, decision=decision)}
    return PastRun(**(kept | changed))


def label(good: bool = True, **changed: Any) -> Label:
    kept: dict[str, Any] = {"run": "r", "good": good, "line": 2}
    return Label(**(kept | changed))


def measured(values: Sequence[float]) -> list[PastRun]:
    return [
        ran(
            f"r{i}",
            found(PASS if value < 0.1 else FAIL, value),
            decision=Decision.PASS if value < 0.1 else Decision.FAIL,
        )
        for i, value in enumerate(values)
    ]


# --- a past run -----------------------------------------------------------------------------------------------------


def test_a_verdict_is_kept_by_what_decided_it() -> None:
    kept = past_verdict(failing())

    assert [(one.id, one.outcome) for one in kept.checks] == [(one.id, one.outcome) for one in failing().checks]
    assert kept.deciding
    assert all(kept.by_id[name].outcome is FAIL for name in kept.deciding)
    assert said(found(WARN)).deciding == ()


def test_a_check_that_only_warns_decides_nothing() -> None:
    checks = (found(FAIL), found(FAIL, id="b", severity=Severity.WARN), found(INCONCLUSIVE, id="c"))

    assert said(*checks, decision=Decision.FAIL).deciding == ("a",)
    assert said(*checks, decision=Decision.INCONCLUSIVE).deciding == ("c",)


def test_a_run_is_shown_by_its_name_and_its_place() -> None:
    assert ran("runs/a").shown == "runs/a"
    assert ran("runs/a", name="x\ny").shown == "x\\ny (runs/a)"


# --- shares ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hits", "of"), [(0, 10), (10, 10), (3, 7), (1, 1000), (499, 1000)])
def test_exact_intervals_are_those_of_scipy(hits: int, of: int) -> None:
    stats: Any = pytest.importorskip("scipy.stats")

    wanted = stats.binomtest(hits, of).proportion_ci(0.95, method="exact")

    assert exact_interval(hits, of, 0.95) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


def test_a_share_of_nothing_is_none_and_may_be_anything() -> None:
    assert (share(0, 0).value, share(0, 0).low, share(0, 0).high) == (None, 0.0, 1.0)


# --- labels ---------------------------------------------------------------------------------------------------------


def faults_of(text: str, comma: str | None = ",") -> list[str]:
    with pytest.raises(LabelError) as caught:
        parse_labels(text, file="f", comma=comma)
    return str(caught.value).splitlines()


def test_labels_are_read_from_tables_and_documents_alike() -> None:
    table = parse_labels("label, wrong ,run,more\n\nGood,,a,1\n bad ,KL too high,b,2\n", file="f", comma=",")
    document = parse_labels("a: good\nb: {label: bad, wrong: KL too high}\n", file="f", comma=None)

    json = parse_labels('{"a": "good", "b": {"label": "bad", "wrong": "KL too high"}}', file="f", comma=None)

    for labels in (table, document, json):
        assert [(one.run, one.word, one.wrong) for one in labels] == [("a", "good", None), ("b", "bad", "KL too high")]
    assert parse_labels("run\tlabel\na\tgood\n", file="f", comma="\t")[0].good
    assert parse_labels("a: {label: bad, wrong: 7}", file="f", comma=None)[0].wrong == "7"


@pytest.mark.parametrize(
    ("text", "comma", "fault"),
    [
        ("run;label\na;good\n", ",", "f:1: expected the columns run, label and perhaps wrong, got run;label"),
        ("run,label\na,fine\n", ",", "f:2: expected good or bad as the label of a, got fine"),
        ("run,label\na\n", ",", "f:2: expected good or bad as the label of a, got nothing"),
        ("run,label\n ,good\n", ",", "f:2: expected the name or path of a run, got none"),
        ('run,label\n"a,good\n', ",", "f:2: expected a table, but here is"),
        ("run,label\n", ",", "f:1: expected labels, got none"),
        ("", ",", "f:1: expected labels, got none"),
        ("a: {label: good, wrong: [x]}", None, "f:1: expected a text for what was wrong with a"),
        ("a: {label: good, why: x}", None, "f:1: expected label or wrong, got why"),
        ("a: {wrong: x}", None, "f:1: expected good or bad as the label of a, got nothing"),
        ("a: [good]", None, "f:1: expected good or bad as the label of a, got "),
        ("a: &x good\nb: *x\n", None, "f:2: expected YAML, but here is"),
        ("run,label\na,good\n./a/,bad\n", ",", "f:3: expected one label of ./a/, got bad here and good in line 2"),
    ],
)
def test_what_is_no_label_is_told_with_its_line(text: str, comma: str | None, fault: str) -> None:
    assert any(told.startswith(fault) for told in faults_of(text, comma)), faults_of(text, comma)


def test_every_fault_of_a_file_is_told_and_a_label_may_be_said_twice() -> None:
    assert len(faults_of("run,label\na,x\n,good\nb,y\n")) == 3
    assert len(parse_labels("run,label\na,good\na,good\n", file="f", comma=",")) == 1


# --- confusion ------------------------------------------------------------------------------------------------------


def test_an_error_blocks_and_an_inconclusive_verdict_is_counted_apart() -> None:
    runs = [ran(decision=decision) for decision in Decision for _ in range(2)]
    runs += [ran(), ran(verdict=None, fault="damaged")]
    labels = [label(good) for _ in Decision for good in (True, False)] + [None, label()]

    counted = confuse(runs, labels)

    assert counted.counts == (("good", (1, 1, 1, 1)), ("bad", (1, 1, 1, 1)))
    assert (counted.false_block.hits, counted.false_block.of) == (2, 4)
    assert (counted.false_pass.hits, counted.false_pass.of) == (1, 4)
    assert (counted.undecided_good.hits, counted.undecided_bad.hits) == (1, 1)
    assert (counted.unlabelled, counted.unreadable) == (1, 1)


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("good", [True, False])
def test_a_verdict_is_wrong_if_it_opens_for_bad_or_blocks_good(decision: Decision, good: bool) -> None:
    wanted = decision in (Decision.FAIL, Decision.ERROR) if good else decision is Decision.PASS
    assert is_wrong(decision, label(good)) is wanted


def test_changes_name_the_checks_that_make_them() -> None:
    both = found(FAIL, id="both")
    runs = [
        ran("same", found(FAIL), decision=Decision.FAIL, other=said(found(FAIL), decision=Decision.FAIL)),
        ran(
            "now", found(FAIL), both, decision=Decision.FAIL, other=said(found(), both, decision=Decision.INCONCLUSIVE)
        ),
        ran("alone"),
        ran("lost", verdict=None, fault="x"),
    ]

    (change,) = changes(runs, [None] * 4)

    assert (change.run.ref, change.before, change.after) == ("now", Decision.INCONCLUSIVE, Decision.FAIL)
    assert change.checks == ("a", "both")


# --- tallies --------------------------------------------------------------------------------------------------------


def test_checks_are_counted_by_what_they_did() -> None:
    by = policy('checks:\n  a: {metric: kl, stat: p95, pass: "< 1"}\n  b: {metric: kl, stat: max, fail: "> 1"}\n')
    runs = [
        ran("1", found(FAIL), found(id="b"), decision=Decision.FAIL),
        ran("2", found(FAIL), found(FAIL, id="b"), decision=Decision.FAIL),
        # A waiver made it a warning here.
        ran("3", found(FAIL, severity=Severity.WARN), found(id="b")),
        ran("4", verdict=None, fault="x"),
    ]

    rows = tally(by, runs, [label(), label(good=False), None, label()])

    assert [(row.id, row.severity, row.decided, row.alone, row.fired) for row in rows] == [
        ("a", Severity.BLOCK, 2, 1, 3),
        ("b", Severity.BLOCK, 1, 0, 1),
    ]
    assert [(row.on_good, row.on_bad) for row in rows] == [(1, 1), (0, 1)]
    assert list(remarks(rows, labelled=True)) == [
        "a decides most: 2 runs, 1 of them alone.",
        "Fired on good runs: a (1).",
    ]


def test_what_stands_out_is_said_and_nothing_is_said_of_nothing() -> None:
    rows = tally(POLICY, [ran("1", found()), ran("2", found(FAIL), decision=Decision.FAIL)], [None, None])

    assert list(remarks(rows, labelled=False)) == ["a decides most: 1 run, 1 of them alone."]
    assert list(remarks([], labelled=True)) == []
    quiet = tally(POLICY, [ran("1", found())], [label()])
    assert list(remarks(quiet, labelled=True)) == ["Never fired and never decided: a.", "Fired on good runs: none."]


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (2, "a (1 alone) and b (0 alone) decide most: 2 runs each."),
        (6, "a (1 alone), b (0 alone), c (0 alone), d (0 alone) and 2 more decide most: 2 runs each."),
    ],
)
def test_checks_that_tie_in_deciding_most_are_all_named_up_to_four(count: int, told: str) -> None:
    rows = [
        Tally(id=name, severity=Severity.BLOCK, outcomes=(0,) * len(Outcome), decided=2,
              alone=int(name == "a"), on_good=0, on_bad=0)
        for name in "abcdef"[:count]
    ]  # fmt: skip

    assert next(remarks(rows, labelled=False)) == told


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_too_few_runs_promise_nothing_and_one_more_does() -> None:
    for n, some in ((18, False), (19, True)):
        runs = measured([0.01 * (1 + i / 100) for i in range(n)])
        (row,) = propose(POLICY, runs, [label()] * n, 0.05).rows
        assert (row.rule is not None) is some
        assert (row.alarms is not None) is some
    assert least_runs(0.05) == 19
    assert row.alarms is not None
    assert row.alarms.rate == 0.05
    assert (row.n, row.left_out_alarms) == (19, 1)


def test_the_rate_of_a_bound_is_held_out_of_sample() -> None:
    """However values are distributed, the next one lies beyond the bound at the stated rate, on average."""
    rng, beyond, trials, n = np.random.default_rng(3), 0, 2_000, 40
    for _ in range(trials):
        values = rng.standard_cauchy(n + 1)
        beyond += values[-1] > np.sort(values[:-1])[rank(n, 0.1) - 1]
    wanted = (n + 1 - rank(n, 0.1)) / (n + 1)

    assert wanted <= 0.1
    assert abs(beyond / trials - wanted) < 4 * math.sqrt(wanted * (1 - wanted) / trials)


@settings(deadline=None)
@given(
    values=st.lists(st.floats(-1e6, 1e6, allow_subnormal=False), min_size=19, max_size=60),
    asked=st.sampled_from([0.05, 0.1, 0.3]),
    form=st.sampled_from(
        [("< 1", None), ("> 1", None), (None, "> 1"), (None, "< 1"), ("< 1", ">= 2"), ("> 2", "<= 1")]
    ),
)
def test_a_bound_stops_no_more_than_its_rate_and_is_itself_a_rule(
    values: list[float], asked: float, form: tuple[str | None, str | None]
) -> None:
    passes, fails = form
    now = rule(passes, fails)
    written = ", ".join(f'{key}: "{text}"' for key, text in (("pass", passes), ("fail", fails)) if text)
    by = asking(f"metric: kl, stat: p95, {written}")
    runs = [ran(f"r{i}", found(now.outcome(value), value)) for i, value in enumerate(values)]

    proposals = propose(by, runs, [label()] * len(runs), asked)

    (row,) = proposals.rows
    assert row.rule is not None
    assert row.rule.fault() is None
    stopped = sum(row.rule.outcome(value) is FAIL for value in values)
    assert stopped <= row.left_out_alarms <= asked * (len(values) + 1)
    assert row.alarms is not None
    assert row.alarms.low <= row.alarms.rate <= asked
    pasted = asking(
        "metric: kl, stat: p95, "
        + ", ".join(line.strip() for line in to_paste(proposals).splitlines() if line.startswith("    "))
    )
    assert pasted.checks[0].rule == row.rule


def test_a_bad_run_is_caught_if_it_lies_beyond_the_bound() -> None:
    runs = measured([0.01] * 20 + [0.05, 0.2, 0.009])

    (row,) = propose(POLICY, runs, [label()] * 20 + [label(good=False)] * 3, 0.05).rows

    assert str(row.rule) == "<= 0.01"
    assert (row.bad, row.caught_now, row.caught) == (3, 1, 2)
    assert row.left_out_alarms == 0


def test_what_was_not_measured_counts_for_no_bound_and_infinity_against_every_one() -> None:
    good = [
        *measured([0.01] * 19),
        ran("none", found(INCONCLUSIVE, None)),
        ran("other", found(id="b")),
        ran("infinite", found(FAIL, None), decision=Decision.FAIL),
    ]

    (row,) = propose(POLICY, good, [label()] * 22, 0.05).rows

    assert (row.n, row.unmeasured, row.stopped_now) == (20, 2, 1)
    assert row.rule is None or math.isfinite(row.alarms.rate if row.alarms else math.nan)
    many = [*measured([0.01] * 10), *(ran(f"i{i}", found(FAIL, None)) for i in range(10))]
    (row,) = propose(POLICY, many, [label()] * 20, 0.05).rows
    assert row.rule is None


@pytest.mark.parametrize(
    ("passes", "fails", "reached"),
    [("< 1", None, 0.9), (None, "> 1", 0.1), ("> 1", None, -0.1), (None, "< 1", -0.9), ("< 1", ">= 2", 0.9)],
)
def test_of_an_estimate_the_end_that_decides_counts(passes: str | None, fails: str | None, reached: float) -> None:
    assert reach(found(PASS, 0.5, low=0.1, high=0.9), rule(passes, fails)) == reached
    assert reach(None, rule(passes, fails)) is None


def test_two_bounds_stay_two_where_they_can() -> None:
    assert str(bounded(rule("< 1", ">= 2"), 5.0)) == "pass < 1, fail > 5"
    assert str(bounded(rule("< 1", ">= 2"), 0.5)) == "pass <= 0.5, fail > 0.5"


def test_only_checks_of_measured_values_get_bounds() -> None:
    by = policy(
        "checks:\n  strength: {elo: {}}\n  base: {metric: reward, baseline: {run: x, max-drop: 1}}\n"
        '  a: {metric: kl, stat: p95, pass: "< 1"}\n'
    )

    proposals = propose(by, measured([0.01] * 3), [label()] * 3, 0.05)

    assert [row.check for row in proposals.rows] == ["a"]
    assert to_paste(proposals) == "checks:\n  # 19 good runs are needed for a bound of a\n"


# --- all together ---------------------------------------------------------------------------------------------------


def trial(**changed: Any) -> Trial:
    kept: dict[str, Any] = {"policy": POLICY}
    return Trial(**(kept | changed))


BLOCKED = ran("r", found(FAIL), decision=Decision.FAIL)
OPEN = ran("r", found(), other=None)


@pytest.mark.parametrize(
    ("runs", "changed", "code"),
    [
        ([OPEN], {}, 0),
        ([BLOCKED], {}, 0),
        ([ran(verdict=None, fault="x")], {}, 2),
        ([BLOCKED, ran("lost", verdict=None, fault="x")], {"labels": (label(),)}, 10),
        ([BLOCKED], {"labels": (label(good=False),)}, 0),
        ([OPEN], {"labels": (label(good=False),)}, 10),
        ([ran("r", decision=Decision.INCONCLUSIVE)], {"labels": (label(),)}, 0),
    ],
)
def test_the_exit_code_tells_contradictions_of_labels(runs: list[PastRun], changed: dict[str, Any], code: int) -> None:
    assert backtest(trial(**changed), runs).exit_code == code


@pytest.mark.parametrize(
    ("good", "before", "now", "code"),
    [
        (None, Decision.PASS, Decision.PASS, 0),
        (None, Decision.PASS, Decision.FAIL, 10),
        (None, Decision.FAIL, Decision.INCONCLUSIVE, 10),
        (True, Decision.PASS, Decision.FAIL, 10),
        (True, Decision.FAIL, Decision.PASS, 0),
        (True, Decision.FAIL, Decision.ERROR, 0),
        (False, Decision.FAIL, Decision.PASS, 10),
        (False, Decision.PASS, Decision.FAIL, 0),
        (False, Decision.PASS, Decision.PASS, 0),
    ],
)
def test_with_another_policy_the_exit_code_tells_changes_for_the_worse(
    good: bool | None, before: Decision, now: Decision, code: int
) -> None:
    labels = None if good is None else (label(good),)

    put = backtest(trial(against=POLICY, labels=labels), [ran(decision=now, other=said(decision=before))])

    assert put.exit_code == code
    assert (put.confusion is None) == (good is None)
    assert (put.confusion_against is None) == (good is None)


def test_without_good_runs_there_are_no_proposals() -> None:
    assert backtest(trial(), [OPEN]).proposals is None
    assert backtest(trial(labels=(label(),)), [OPEN]).proposals is not None


def test_labels_find_their_runs_by_place_name_or_end_of_path() -> None:
    runs = [
        ran("runs/a/evidence", paths=("/x/runs/a/evidence",), called=("own", "id1"), short=("a",)),
        ran("runs/b/x.jsonl", paths=("/x/runs/b/x.jsonl",), called=("league",), short=("x.jsonl", "x")),
        ran("runs/c/x.jsonl", paths=("/x/runs/c/x.jsonl",), short=("x.jsonl", "x")),
    ]
    given_labels = [
        label(run="./runs/a/evidence/"),
        label(good=False, run="league"),
        label(run="x", line=7),
        label(run="nowhere", line=9),
    ]

    matched = match_labels(given_labels, runs)

    assert [one and one.good for one in matched.labels] == [True, False, None]
    assert matched.notes == (
        "The label of x (line 7) was not used: it fits 2 runs; write ./runs/b/x.jsonl or ./runs/c/x.jsonl.",
        "The label of nowhere (line 9) was not used: no run given has it as path, name or id.",
    )


def test_one_run_is_enough_where_half_may_be_stopped() -> None:
    (row,) = propose(POLICY, measured([0.01]), [label()], 0.5).rows

    assert str(row.rule) == "<= 0.01"
    assert row.left_out == (False,)
