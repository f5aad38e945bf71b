"""When a growing record of games is looked at, and into which units its clusters are gathered between two looks.

Both depend on a cluster's place in the record alone, so that what is kept of the first thousand clusters is the same
whether or not more follow. No game and no rating may enter.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

SINGLE = 1_000
"""So many clusters at the start of the record are looked at one by one, and kept one by one."""
GROWTH = 20
"""From there on a look follows when the record has grown by a 20th: 5 %."""
UNITS = 25
"""Units that the clusters between two of those looks are gathered into: enough of them to estimate a variance from
(nearly a thousand degrees of freedom however long the record), few enough to keep."""


def _stretches(total: int) -> Iterator[tuple[int, int]]:
    """Give the stretches (start, end) between looks after the single ones, until they cover `total` clusters."""
    start = SINGLE
    while start < total:
        end = start + start // GROWTH
        yield start, end
        start = end


def unit_edges(total: int) -> NDArray[np.int64]:
    """Give where units begin: unit u holds the clusters from edge u up to edge u+1, the last one to the end.

    Args:
        total: number of clusters, at least 0.

    Returns:
        Shape (units + 1,), ascending from 0; the last edge is `total`. Edges below it do not depend on it.

    >>> unit_edges(3).tolist(), unit_edges(1_012)[-4:].tolist()
    ([0, 1, 2, 3], [1006, 1008, 1010, 1012])
    """
    edges = [*range(min(total, SINGLE))]
    for start, end in _stretches(total):
        edges += [start + (end - start) * k // UNITS for k in range(UNITS)]
    return np.array([edge for edge in edges if edge < total] + [total], np.int64)


def is_edge(clusters: int) -> bool:
    """Tell whether a unit ends after so many clusters however many follow.

    >>> [is_edge(clusters) for clusters in (7, 1_000, 1_001, 1_002)]
    [True, True, False, True]
    """
    return clusters <= SINGLE or clusters in unit_edges(2 * clusters)


def look_edges(total: int) -> NDArray[np.int64]:
    """Give the numbers of observations after which to look: every one up to 1,000, then every 5 % more.

    Args:
        total: number of observations, at least 0.

    Returns:
        Shape (looks,), ascending, none above `total`; those below it do not depend on it.

    >>> look_edges(2).tolist(), look_edges(1_060)[-3:].tolist()
    ([1, 2], [999, 1000, 1050])
    """
    looks = [*range(1, min(total, SINGLE) + 1), *(end for _, end in _stretches(total) if end <= total)]
    return np.array(looks, np.int64)
