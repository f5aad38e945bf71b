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


def on_trainer_steps(run: RunData, names: tuple[str, ...]) -> RunData:
    """Put rows and series on the trainer's own counter, the first of `names` that can serve; else change nothing.

    A counter serves if it never falls, holds whole numbers of at least 0, stands in at least half of the rows and was
    logged at steps that rise. A row without it takes the step of the last row that has it; rows before the first, its.
    """
    counter = next((run.series[name] for name in names if name in run.series and _serves(run.series[name], run)), None)
    if counter is None:
        return run
    rows = replace(run.rows, steps=_place(counter, run.rows.steps))
    series = {name: replace(one, steps=_place(counter, one.steps)) for name, one in run.series.items()}
    return replace(run, rows=rows, series=series)


def _serves(counter: Series, run: RunData) -> bool:
    values = counter.values
    if values.size < max(2.0, MIN_SHARE * run.rows.steps.size) or not np.isfinite(values).all():
        return False
    whole = (values >= 0).all() and (values < 2.0**53).all() and (values == np.floor(values)).all()
    rising = (np.diff(values) >= 0).all() and values[-1] > values[0]
    return bool(whole and rising and (np.diff(counter.steps) > 0).all())


def _place(counter: Series, steps: Steps) -> Steps:
    last = np.maximum(np.searchsorted(counter.steps, steps, side="right") - 1, 0)
    return counter.values[last].astype(np.int64)
