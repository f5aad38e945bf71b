"""The published run of docs/walkthrough.md: what it says is what the program finds, and its figures are the bench's."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bench.walkthrough import BIRTHS, BOTS, FIXED, PEAKS, RULES, in_order, published, simulate
from checks.elo.learning import Signal
from checks.elo.pace import SeriesRule, Update
from checks.elo.series import judge_series
from checks.result import Decision, Outcome
from checks.run import Series
from tests.runs import ROOT, judge_path

PAGE = (ROOT / "docs" / "walkthrough.md").read_text("utf-8")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "grpo-20251222-191408.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in published()), "utf-8")
    return path


def test_the_published_run_is_114_rows_for_56_steps_and_double_logging_is_its_diagnosis(run: Path) -> None:
    verdict = judge_path(run).verdict
    found = next(one for one in verdict.checks if one.id == "integrity/log-calls")

    assert len(run.read_text("utf-8").splitlines()) == 114
    assert (verdict.decision, found.outcome) == (Decision.INCONCLUSIVE, Outcome.INCONCLUSIVE)
    assert [one.pattern for one in verdict.diagnosis] == ["double-logging"]
    assert (found.reason or "").split(" windows")[0] in " ".join(PAGE.split())


def test_eight_rows_of_ratings_are_no_series(run: Path) -> None:
    rows = [json.loads(line) for line in run.read_text("utf-8").splitlines()]
    rated = [row for row in rows if any(name.startswith("elo/") for name in row)]
    made = {}
    for name in (*FIXED, *PEAKS):
        mine = [row for row in rated if f"elo/{name}" in row]
        steps, values = ([row[key] for row in mine] for key in ("_step", f"elo/{name}"))
        made[name] = Series(name=name, steps=np.array(steps, np.int64), values=np.array(values, np.float64))

    found = judge_series(
        made,
        reference="base_model",
        checkpoints=dict(zip(PEAKS, BIRTHS, strict=True)),
        bots=BOTS,
        rule=SeriesRule(k=32.0, update=Update.SEQUENTIAL, seats=7, games_per_step=8),
    )

    assert len(rated) == 8
    assert (found.signal, found.gap) == (Signal.UNCLEAR, None)


def test_the_page_tells_the_published_numbers() -> None:
    for name, (place, peak, last) in PEAKS.items():
        assert f"| `{name}` | {peak}, {place} | {last} |" in PAGE
    for name, (first, last) in FIXED.items():
        assert f"| `{name}` | {first} | {last} | {last - first:+d} |".replace("-", "−") in PAGE


@pytest.mark.parametrize("rule", RULES)
def test_the_figures_of_the_page_come_from_its_bench(rule: str) -> None:
    """Twenty runs of the bench's two thousand: the published values that they hold against, and medians nearby."""
    for claim in simulate(rule, 20, 1):
        told = f"{claim.told} | {claim.published:.1f}".removesuffix(".0")
        rows = PAGE[PAGE.index(told) :].splitlines()
        median = float(next(row for row in rows if rule in row).split(f"{rule} | ")[1].split(" ")[0])

        assert abs(float(np.median(claim.simulated)) - median) < (40 if claim.unit == "Elo" else 4), claim.told


def test_pairs_in_the_order_of_age_are_counted() -> None:
    assert in_order(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [1.0, 3.0, 2.0]])).tolist() == [3, 0, 2]
