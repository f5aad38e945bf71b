"""Finds runs that were logged more than once a step: the double-logging bug and its relatives.

W&B advances its step counter with every `log` call that does not name a step. A trainer that calls it twice a step
doubles the counter: windows, slopes and planned steps then mean something else. Outcomes may not enter.
"""

from __future__ import annotations

import numpy as np

from checks.run import Rows, Series

MIN_ROWS = 10
MAX_CALLS = 4
REGULAR = 0.8


def interleaved_calls(rows: Rows) -> int | None:
    """Give how many `log` calls a step took where rows of disjoint metrics take turns at different steps; else None.

    Train and eval rows that *share* a step are no fault, and a rare eval row between train rows is none either:
    at least 80 % of the rows must follow the cycle.
    """
    count = rows.steps.size
    if count < MIN_ROWS or np.unique(rows.steps).size < 0.9 * count:
        return None
    shares = np.bincount(rows.kinds, minlength=len(rows.names)) / count
    for calls in range(2, MAX_CALLS + 1):
        turns = [rows.names[kind] for kind in np.flatnonzero(shares >= REGULAR / calls)]
        disjoint = len(turns) == calls and len(frozenset().union(*turns)) == sum(map(len, turns))
        if disjoint and np.mean(rows.kinds[calls:] == rows.kinds[:-calls]) >= REGULAR:
            return calls
    return None


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
