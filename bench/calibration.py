"""How often trend statistics and baseline comparisons raise a false alarm, and how often they find what is there.

    python bench/calibration.py [--quick] [--json FILE] [--seed N]

Noise is Gaussian, stationary and AR(1) with lag-1 correlation r. On a level of 0 the range of the noise itself is the
unit of `trend` and `end-below-peak`, so nothing else dampens them: the hardest case. The rules are those of the profile
`grpo`; “sure” asks only whether the 95 % interval leaves out 0. Shapes gain 1 over the first 60 % of the steps, then
lose a share of it; their noise is told as a share of the gain. Baselines are compared by their means, with a tolerance
of half the noise's standard deviation. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from bench.interval import wilson  # noqa: E402 - after the path is set
from checks.baseline import change_between, judge_fall, locate  # noqa: E402
from checks.result import Outcome  # noqa: E402
from checks.rule import Rule, parse_bound  # noqa: E402
from checks.run import Series  # noqa: E402
from checks.statistic import Statistic  # noqa: E402
from checks.trend import end_below_peak, trend  # noqa: E402
from checks.window import Window  # noqa: E402

Values: TypeAlias = NDArray[np.float64]
Make: TypeAlias = Callable[[], Values]
Ask: TypeAlias = Callable[[Values], tuple[str, ...]]
"""Gives the questions that a series answers with yes."""

SIZES = (25, 100, 400)
END = Rule(fails=parse_bound("> 0.5"))
FALL = Rule(fails=parse_bound("< -0.25"))
TOLERANCE = 0.5
MEAN = Statistic(name="mean")


@dataclass(frozen=True, kw_only=True)
class Case:
    """Series of one kind."""

    what: str
    n: int
    r: float
    """Lag-1 correlation of the noise."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """How often a question was answered with yes."""

    case: Case
    question: str
    hits: int
    trials: int

    @property
    def cell(self) -> str:
        """Write the share with its interval, in percent."""
        low, high = (100 * end for end in wilson(self.hits, self.trials))
        return f"{self.hits / self.trials:.1%} ({low:.1f} to {high:.1f})"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """How many series each case takes, and where their randomness comes from."""

    trials: int
    rng: np.random.Generator

    def noise(self, case: Case) -> Values:
        """Give AR(1) noise of standard deviation 1, stationary from its first value."""
        values = self.rng.normal(size=case.n)
        values[1:] *= np.sqrt(1 - case.r * case.r)
        for i in range(1, case.n):
            values[i] += case.r * values[i - 1]
        return values

    def rows(self, case: Case, make: Make, ask: Ask, questions: tuple[str, ...]) -> tuple[Row, ...]:
        """Give one row a question, all asked of the same series."""
        answers = Counter(answer for _ in range(self.trials) for answer in ask(make()))
        return tuple(Row(case=case, question=one, hits=answers[one], trials=self.trials) for one in questions)


TRENDS = ("`end-below-peak` fail > 0.5", "`end-below-peak` sure", "`trend` fail < -0.25", "`trend` sure of a fall")
COMPARED = ("pass", "fail", "inconclusive")


def ask_trends(values: Values) -> tuple[str, ...]:
    """Hold a series against the rules of the profile, and ask whether its estimates are sure."""
    steps = np.arange(values.size)
    end, rise = end_below_peak(steps, values), trend(steps, values)
    found = (
        END.outcome_of_estimate(end.value, end.low, end.high) is Outcome.FAIL,
        end.low > 0,
        FALL.outcome_of_estimate(rise.value, rise.low, rise.high) is Outcome.FAIL,
        rise.high < 0,
    )
    return tuple(question for question, yes in zip(TRENDS, found, strict=True) if yes)


def ask_baseline(values: Values) -> tuple[str, ...]:
    """Compare the second half of the values, a run of its own, with the first half, its baseline."""
    old, new = (Series(name="x", steps=np.arange(half.size), values=half) for half in np.split(values, 2))
    theirs, ours = (locate(one, MEAN, Window(), (0, one.steps.size - 1)) for one in (old, new))
    if theirs is None or ours is None:
        raise ValueError("a comparison needs 8 values on either side")
    return (judge_fall(change_between(ours, theirs), TOLERANCE).value,)


def shape(n: int, lost: float) -> Values:
    """Give a gain of 1 over the first 60 % of the steps, and then a loss of a share of it."""
    return np.interp(np.linspace(0, 1, n), [0, 0.6, 1], [0, 1, 1 - lost])


def false_alarms(bench: Bench) -> Iterator[tuple[Row, ...]]:
    """Ask of noise alone, where every answer is a false alarm."""
    for n in SIZES:
        for r in (0.0, 0.3, 0.6, 0.9):
            case = Case(what="noise", n=n, r=r)
            yield bench.rows(case, partial(bench.noise, case), ask_trends, TRENDS)


def detections(bench: Bench) -> Iterator[tuple[Row, ...]]:
    """Ask of shapes in which something is lost, and of one in which nothing is."""
    shapes = {f"rise, then {lost:.0%} of it lost": lost for lost in (0.0, 0.5, 0.75, 1.0)}
    for n in SIZES:
        whole = {what: shape(n, lost) for what, lost in shapes.items()} | {"steady decline": np.linspace(1, 0, n)}
        for what, form in whole.items():
            for sd in (0.1, 0.3):
                for r in (0.0, 0.6):
                    case = Case(what=f"{what}, noise {sd:.0%}", n=n, r=r)

                    def make(form: Values = form, case: Case = case, sd: float = sd) -> Values:
                        return form + sd * bench.noise(case)

                    yield bench.rows(case, make, ask_trends, (TRENDS[0], TRENDS[2]))


def comparisons(bench: Bench) -> Iterator[tuple[Row, ...]]:
    """Compare runs of which the second is lower by a multiple of the tolerance."""
    for n in SIZES:
        for r in (0.0, 0.6, 0.9):
            for times in (0, 1, 2):
                case = Case(what=f"a fall of {times} × the tolerance", n=n, r=r)

                def make(case: Case = case, times: int = times) -> Values:
                    return np.concatenate([bench.noise(case), bench.noise(case) - times * TOLERANCE])

                yield bench.rows(case, make, ask_baseline, COMPARED)


def late_collapses(bench: Bench) -> Iterator[tuple[Row, ...]]:
    """Ask of a steady rise of which all is lost in the last few values."""
    for n, last in ((25, 2), (25, 4), (100, 3), (100, 7), (400, 12), (400, 28)):
        form = np.where(np.arange(n) < n - last, np.linspace(0, 1, n), 0.0)
        for sd in (0.05, 0.1):
            case = Case(what=f"rise, the last {last} values at its start, noise {sd:.0%}", n=n, r=0.0)

            def make(form: Values = form, case: Case = case, sd: float = sd) -> Values:
                return form + sd * bench.noise(case)

            yield bench.rows(case, make, ask_trends, (TRENDS[0], TRENDS[2]))


PARTS = {
    "False alarms on stationary noise": false_alarms,
    "Detections on shapes": detections,
    "Comparisons with a baseline": comparisons,
    "Collapses just before the end": late_collapses,
}


def main() -> int:
    """Print a table a part."""
    parser = argparse.ArgumentParser(description="Measure false alarms and detections of the statistics.")
    parser.add_argument("--quick", action="store_true", help="a fifth of the series")
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    parser.add_argument("--seed", type=int, default=20261122)
    asked = parser.parse_args()
    bench = Bench(trials=100 if asked.quick else 500, rng=np.random.default_rng(asked.seed))
    written = []
    for title, part in PARTS.items():
        print(f"\n{title}, {bench.trials:,} series a row, seed {asked.seed}\n")
        for place, rows in enumerate(part(bench)):
            if place == 0:
                print("| series | values | r |", " | ".join(row.question for row in rows), "|")
                print("| --- | --- | --- |" + " --- |" * len(rows))
            case = rows[0].case
            print(f"| {case.what} | {case.n} | {case.r:g} |", " | ".join(row.cell for row in rows), "|", flush=True)
            written += [{"part": title} | asdict(row) for row in rows]
    if asked.json is not None:
        asked.json.write_text(json.dumps({"seed": asked.seed, "rows": written}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
