"""Parts of one run, read apart and joined: rows after rows, series after series.

No file and no format may enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from checks.run import NO_ROWS, Rows, RunData, Series

MOST_KINDS = 4_096
"""Distinct sets of metrics that are kept apart."""


@dataclass(frozen=True, kw_only=True)
class Joined:
    """Rows and series of all parts."""

    rows: Rows
    series: Mapping[str, Series]
    catalog: Mapping[str, int]


def join_parts(parts: list[RunData]) -> Joined:
    """Join parts of a run in the order of their first steps; empty without any.

    The list is emptied, and each series of a part is let go once it is joined: all parts and the whole would be the
    memory twice.

    >>> join_parts([]).rows.steps.size
    0
    """
    ordered = sorted(parts, key=lambda part: int(part.rows.steps[0]) if part.rows.steps.size else 0)
    parts.clear()
    pieces: dict[str, list[Series]] = {}
    for part in ordered:
        for name, series in part.series.items():
            pieces.setdefault(name, []).append(series)
    catalog: dict[str, int] = {}
    for part in ordered:
        for name, count in part.catalog.items():
            catalog[name] = catalog.get(name, 0) + count
    rows = [part.rows for part in ordered]
    ordered.clear()
    return Joined(
        rows=_rows(rows), series={name: _series(name, pieces.pop(name)) for name in sorted(pieces)}, catalog=catalog
    )


def _series(name: str, found: Sequence[Series]) -> Series:
    return Series(
        name=name,
        steps=np.concatenate([one.steps for one in found]),
        values=np.concatenate([one.values for one in found]),
    )


def _rows(parts: Sequence[Rows]) -> Rows:
    if not parts:
        return NO_ROWS
    places: dict[frozenset[str], int] = {}
    kinds = []
    for part in parts:
        to = np.array([places.setdefault(names, len(places)) for names in part.names] or [0], np.int32)
        kinds.append(to[part.kinds])
    names = list(places)
    if len(names) > MOST_KINDS:
        names = [*names[: MOST_KINDS - 1], frozenset().union(*names[MOST_KINDS - 1 :])]
    return Rows(
        steps=np.concatenate([part.steps for part in parts]),
        kinds=np.minimum(np.concatenate(kinds), len(names) - 1 if names else 0).astype(np.int32),
        names=tuple(names),
    )
