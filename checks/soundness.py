"""Integrity of the judged series: one log call a step, finite values, no gaps, no flat lines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks.doubling import interleaved_calls, repeated_steps, steps_back, twice_logged
from checks.finding import Judged, integrity_result
from checks.number import round9, show_number
from checks.result import CheckResult, Outcome
from checks.run import RunData, Series
from checks.statistic import last_index

MAX_NON_FINITE = 0.01
MAX_GAP = 0.1
MAX_SPARSE = 0.25
MAX_LATE = 0.3
MAX_END = 0.02
"""Of the run that a dense series may miss at its end: pandas writes NaN as nothing, and the end is what is promoted."""
MIN_VALUES = 10


def log_calls(run: RunData, judged: Judged) -> CheckResult:
    """Ask whether every step was logged once: doubled, interleaved or repeated steps shift all that counts in steps."""
    rows = int(run.rows.steps.size)
    outcome, reason = Outcome.PASS, f"{rows:,} rows, one `log` call a step."
    calls = interleaved_calls(run.rows)
    twice = [name for name, series in judged.series.items() if twice_logged(series)]
    if len(twice) < len(judged.series):
        twice = []  # one that is carried forward to the next step; a second `log` call repeats them all
    repeats = {name: max(repeated_steps(series), steps_back(series)) for name, series in judged.series.items()}
    worst = max(repeats, key=lambda name: repeats[name], default="")
    if not rows:
        outcome, reason = Outcome.INCONCLUSIVE, "No row was logged."
    elif calls is not None:
        outcome = Outcome.INCONCLUSIVE
        reason = (
            f"{calls} `log` calls a step: rows with different metrics take turns, so the step counter runs "
            f"{calls} times too fast ({rows:,} rows) and windows of steps do not mean what they say."
        )
    elif twice:
        outcome, reason = Outcome.INCONCLUSIVE, f"Every value of {twice[0]} was logged twice, at two steps."
    elif worst and repeats[worst]:
        few = repeats[worst] <= MAX_NON_FINITE * judged.series[worst].steps.size
        outcome = Outcome.WARN if few else Outcome.INCONCLUSIVE
        reason = f"{worst} was logged {repeats[worst]:,} times at steps that it had already passed."
    remedy = "Log all metrics of a step in one `log` call, once, then rerun."
    return replace(integrity_result("log-calls", "one log call a step", outcome, reason, remedy), n=rows)


def non_finite(judged: Judged) -> CheckResult:
    """Ask whether values are finite: up to 1 % that are not is a warning; more, or the last of a series, a failure."""
    name, title = "non-finite", "values are finite"
    shares = {key: float(np.mean(~np.isfinite(s.values))) for key, s in judged.series.items() if s.values.size}
    if not shares:
        return integrity_result(name, title, Outcome.NOT_MEASURED, "No series was judged.")
    worst = max(shares, key=lambda key: shares[key])
    share, series = shares[worst], judged.series[worst]
    size = int(series.values.size)
    outcome, reason, step = Outcome.PASS, "Every value of the judged series is finite.", None
    if share > 0:
        bad = ~np.isfinite(series.values)
        step = int(series.steps[bad][0])
        others = sorted(key for key, part in shares.items() if part > 0 and key != worst)
        also = f"; also values of {', '.join(others)}" if others else ""
        reason = f"{int(bad.sum()):,} of {size:,} values of {worst} are NaN or infinite, first at step {step:,}{also}."
        outcome = Outcome.WARN if share <= MAX_NON_FINITE else Outcome.FAIL
        ended = sorted(key for key, s in judged.series.items() if s.values.size and not _ends_finite(s))
        if ended:
            # However few there are: a run that ends on NaN leaves a checkpoint full of them.
            outcome, reason = Outcome.FAIL, f"{reason} The last value of {', '.join(ended)} is one of them."
    remedy = "Look at the step where it begins: a division by zero, log(0), or an overflow in half precision."
    result = integrity_result(name, title, outcome, reason, remedy)
    bound = f"pass <= 0, fail > {MAX_NON_FINITE}"
    return replace(result, observed=round9(share), bound=bound, unit="share", step=step, n=size)


def _ends_finite(series: Series) -> bool:
    return bool(np.isfinite(series.values[[last_index(series.steps), -1]]).all())


def gaps(run: RunData, judged: Judged) -> CheckResult:
    """Ask whether the judged series cover the run: what happened in a hole, or after a series ended, is not known.

    However few values a series has: the one value of the first step says nothing about the end.
    """
    holes: list[str] = []
    late: list[str] = []
    for name, series in judged.series.items():
        _find_gaps(name, series, run, holes, late)
    if holes:
        outcome, reason = Outcome.INCONCLUSIVE, "; ".join(holes) + "."
    elif late:
        outcome, reason = Outcome.WARN, "; ".join(late) + "."
    elif judged.series:
        outcome, reason = Outcome.PASS, "The judged series cover the run without a hole."
    else:
        outcome, reason = Outcome.NOT_MEASURED, "No series was judged."
    return integrity_result("gaps", "no gaps", outcome, reason, "Log the metric over the whole run.")


def _find_gaps(name: str, series: Series, run: RunData, holes: list[str], late: list[str]) -> None:
    steps = np.unique(series.steps)
    first, last = int(steps[0]), int(steps[-1])
    start, end = min((first, *_span(run))), max((last, *_span(run)))
    between = np.diff(steps)
    usual = float(np.median(between)) if between.size else 0.0
    span = end - start
    # Regular values may be far apart; three of their intervals are a hole, but never more than a quarter of the run.
    limit = max(MAX_GAP * span, 1.5 * usual, min(3 * usual, MAX_SPARSE * span))
    if between.size and between.max() > limit:
        place = int(between.argmax())
        holes.append(f"{name} has no value between steps {steps[place]:,} and {steps[place + 1]:,}")
    if end - last > min(limit, max(MAX_END * span, 3 * usual)):
        holes.append(f"{name} ends at step {last:,}, the run at {end:,}")
    if first - start > limit:
        (holes if first - start > max(limit, MAX_LATE * span) else late).append(
            f"{name} begins at step {first:,}, the run at {start:,}"
        )


def _span(run: RunData) -> tuple[int, ...]:
    return tuple(step for step in (run.first_step, run.last_step) if step is not None)


def flat_line(judged: Judged) -> CheckResult:
    """Ask whether the series move at all: a KL or reward that never changes was not measured, or nothing was trained.

    A share that stays at 0 (no truncated completions) is an answer, so roles that end in `-share` may be flat.
    """
    finite = {name: series.values[np.isfinite(series.values)] for name, series in judged.series.items()}
    asked = {name: values for name, values in finite.items() if values.size >= MIN_VALUES}
    flat = [
        f"{name} is {show_number(float(values[0]))} at every step"
        for name, values in asked.items()
        if (values == values[0]).all() and not name.endswith("-share")
    ]
    if flat:
        outcome, reason = Outcome.INCONCLUSIVE, "; ".join(flat) + "."
    elif asked:
        outcome, reason = Outcome.PASS, "Every judged series moves."
    else:
        outcome, reason = Outcome.NOT_MEASURED, "No judged series is long enough to tell."
    remedy = "See whether the metric is measured at all, and whether the optimiser changes the model."
    return integrity_result("flat-line", "series move", outcome, reason, remedy)
