"""Finds runs that were logged more than once a step: the double-logging bug and its relatives.

W&B advances its step counter with every `log` call that does not name a step. A trainer that calls it twice a step
doubles the counter: windows, slopes and planned steps then mean something else. Outcomes may not enter.
"""

from __future__ import annotations

import numpy as np

from checks.run import Rows, Series, Values

MIN_ROWS = 10
MAX_CALLS = 4
REGULAR = 0.8


def interleaved_calls(rows: Rows) -> int | None:
    """Give how many `log` calls a step took where rows of disjoint metrics take turns at different steps; else None.

    With c calls a step, rows fewer than c apart share no metric and rows c apart share most of theirs; at least 80 % of
    the rows must follow that. So train and eval rows that *share* a step are no fault, nor is a rare eval row between
    train rows, and metrics may come and go during the run.
    """
    count = rows.steps.size
    if count < MIN_ROWS or np.unique(rows.steps).size < 0.9 * count:
        return None
    for apart in range(1, MAX_CALLS + 1):
        alike = _overlaps(rows, apart)
        if (alike >= REGULAR).mean() >= REGULAR:
            return apart if apart > 1 else None
        if (alike == 0).mean() < REGULAR:
            return None
    return None


def _overlaps(rows: Rows, apart: int) -> Values:
    """Give the share of the metrics that each row has in common with the one `apart` later; shape (r - apart,)."""
    pairs = rows.kinds[:-apart].astype(np.int64) * len(rows.names) + rows.kinds[apart:]
    distinct, places = np.unique(pairs, return_inverse=True)
    shares = []
    for pair in distinct.tolist():
        one, other = rows.names[pair // len(rows.names)], rows.names[pair % len(rows.names)]
        shares.append(len(one & other) / max(1, min(len(one), len(other))))
    return np.array(shares, np.float64)[places]


def repeated_steps(series: Series) -> int:
    """Count the values beyond the first at a step they share."""
    return int(series.steps.size - np.unique(series.steps).size)


def steps_back(series: Series) -> int:
    """Count how often the step falls from one recorded value to the next."""
    return int((np.diff(series.steps) < 0).sum())


def twice_logged(series: Series) -> bool:
    """Tell whether every value stands twice, at two steps: the same `log` call made twice."""
    values = series.values
    if values.size < 2 * MIN_ROWS:
        return False
    same = values[1:] == values[:-1]
    return any(same[start::2].mean() >= 0.9 and same[1 - start :: 2].mean() <= 0.5 for start in (0, 1))
