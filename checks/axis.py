"""The step axis: a run's series over the trainer's own steps, where it logs them.

W&B counts calls of `log`, not steps: a trainer that logs every tenth step ends at row 49 of 500 steps, and “the spike
at step 29” names the wrong checkpoint. No check and no source may enter.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks.run import RunData, Series, Steps

MIN_SHARE = 0.5
"""Of the rows that must hold the counter, so that those between can take the last one's step."""
MAX_OUTSIDE = 0.02
"""Of the run that may lie before the first or after the last value of the counter, or three of its intervals."""
MAX_REPEATS = 0.01
"""Of a series' values that may come to share a step: several updates a step are the source's to tell apart."""


def on_trainer_steps(run: RunData, names: tuple[str, ...]) -> RunData:
    """Put rows and series on the trainer's own counter, the first of `names` that can serve; else change nothing.

    Only where the source counts `log` calls. A counter serves if it never falls, holds whole numbers of at least 0,
    stands in at least half of the rows and from the run's begin to its end (else a series that ended early would seem
    to reach it), and lets no series' values share steps. A row without it takes the step of the last row that has it.
    """
    if not run.counts_calls:
        return run
    for name in names:
        if name in run.series and _serves(run.series[name], run):
            moved = _move(run, run.series[name])
            if not any(_shares_steps(series) for series in moved.series.values()):
                return moved
    return run


def _move(run: RunData, counter: Series) -> RunData:
    rows = replace(run.rows, steps=_place(counter, run.rows.steps))
    series = {
        name: replace(one, steps=counter.values.astype(np.int64) if one is counter else _place(counter, one.steps))
        for name, one in run.series.items()
    }
    return replace(run, rows=rows, series=series, counts_calls=False)


def _serves(counter: Series, run: RunData) -> bool:
    values, steps = counter.values, counter.steps
    if values.size < max(2.0, MIN_SHARE * run.rows.steps.size) or not np.isfinite(values).all():
        return False
    whole = (values >= 0).all() and (values < 2.0**53).all() and (values == np.floor(values)).all()
    rising = (np.diff(values) >= 0).all() and values[-1] > values[0]
    if not (whole and rising and (np.diff(steps) > 0).all()):
        return False
    first, last = run.rows.steps.min(), run.rows.steps.max()
    outside = max(3 * float(np.median(np.diff(steps))), MAX_OUTSIDE * float(last - first))
    return bool(steps[0] - first <= outside and last - steps[-1] <= outside)


def _shares_steps(series: Series) -> bool:
    return series.steps.size - np.unique(series.steps).size > max(1.0, MAX_REPEATS * series.steps.size)


def _place(counter: Series, steps: Steps) -> Steps:
    last = np.maximum(np.searchsorted(counter.steps, steps, side="right") - 1, 0)
    return counter.values[last].astype(np.int64)
