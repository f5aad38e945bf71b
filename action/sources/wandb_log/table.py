"""Rows become series: the growing record of what one file's history holds.

Memory follows the selection: of metrics that nobody asked for only the count is kept, of rows only step and kind.
How a row is encoded is known to `history.py` and `columns.py` alone.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from action.sources.wandb_log.columns import Batch, Columns
from action.sources.wandb_log.history import Row, parse_row
from action.sources.wandb_log.record import HistoryBody, parse_record
from action.sources.wandb_log.wire import WireError
from checks.run import Rows, Selection, Series, Steps, Values

Number = TypeVar("Number", np.int64, np.int32, np.float64)

MOST_KINDS = 4_096
_MOST_MEMBERS = 1_000_000
_BATCH_ROWS = 4_096
_BATCH_BYTES = 2**20


class Kinds:
    """The distinct sets of metrics that rows held; past a limit the rest goes into one last set, their union."""

    def __init__(self) -> None:
        self._index: dict[frozenset[str], int] = {}
        self._members = 0
        self._rest: set[str] = set()
        self._rest_index: int | None = None

    def index(self, names: frozenset[str]) -> int:
        """Give the number of this set."""
        known = self._index.get(names)
        if known is not None:
            return known
        if self._rest_index is None and len(self._index) < MOST_KINDS and self._members < _MOST_MEMBERS:
            self._members += len(names)
            return self._index.setdefault(names, len(self._index))
        if self._rest_index is None:
            self._rest_index = len(self._index)
        self._rest |= names
        return self._rest_index

    def names(self) -> tuple[frozenset[str], ...]:
        """Give the sets in the order of their numbers."""
        rest = () if self._rest_index is None else (frozenset(self._rest),)
        return (*self._index, *rest)


class Table:
    """The history of one file, filled batch by batch."""

    def __init__(self, selection: Selection) -> None:
        self._wants = selection.wants
        self._kinds = Kinds()
        self._columns = Columns(self._wants, self._kinds.index)
        self._steps: list[Steps] = []
        self._row_kinds: list[NDArray[np.int32]] = []
        self._series: dict[str, tuple[list[Steps], list[Values]]] = {}
        self._last_step = -1
        self._payloads: list[bytes] = []
        self._heads: list[int] = []
        self._size = 0
        self.counts: dict[str, int] = {}
        self.malformed = 0
        """Records that are no protobuf message."""
        self.faults = 0
        """Values that are not JSON."""
        self.stepless = 0
        """Rows that do not say their step."""

    def add(self, payload: bytes, head: int) -> None:
        """Append the row of this record; `head` is where the row's length stands in it."""
        self._payloads.append(payload)
        self._heads.append(head)
        self._size += len(payload)
        if self._size >= _BATCH_BYTES or len(self._heads) == _BATCH_ROWS:
            self._read()

    def _read(self) -> None:
        """Read the rows that were added since the last time."""
        payloads, heads = self._payloads, self._heads
        if not payloads:
            return
        self._payloads, self._heads, self._size = [], [], 0
        batch = self._columns.read(payloads, heads)
        for column in np.flatnonzero(batch.counts).tolist():
            self._count(batch.names[column], int(batch.counts[column]))
        rest = {}
        for index in np.flatnonzero(~batch.done).tolist():
            row = self._parse(payloads[index])
            if row is not None:
                rest[index] = row
        self._place(batch, rest)
        self._keep(batch, rest)

    def _parse(self, payload: bytes) -> Row | None:
        try:
            record = parse_record(payload)
            row = parse_row(record.body, self._wants) if isinstance(record, HistoryBody) else None
        except WireError:
            self.malformed += 1
            return None
        if row is not None:
            self.faults += row.faults
            for name in row.names:
                self._count(name, 1)
        return row

    def _place(self, batch: Batch, rest: dict[int, Row]) -> None:
        """Append step and kind of every row; a row without a step follows the one before it."""
        steps, kinds, there = batch.steps, batch.kinds, batch.done.copy()
        for index, row in rest.items():
            there[index] = True
            kinds[index] = self._kinds.index(frozenset(row.names))
            if row.step is not None:
                steps[index] = row.step
                continue
            self.stepless += 1
            before = np.flatnonzero(there[:index])
            last = int(steps[before[-1]]) if before.size else self._last_step
            steps[index] = row.step = min(last, 2**63 - 2) + 1
        if there.any():
            self._steps.append(steps[there])
            self._row_kinds.append(kinds[there])
            self._last_step = int(self._steps[-1][-1])

    def _keep(self, batch: Batch, rest: dict[int, Row]) -> None:
        """Append the wanted values to their series, in the order of the rows."""
        bounds = np.searchsorted(batch.columns, np.arange(len(batch.names) + 1)).tolist()
        loose: dict[str, list[tuple[int, float]]] = {}
        for index, row in rest.items():
            for name, value in row.values.items():
                loose.setdefault(name, []).append((index, value))
        for column, (start, end) in enumerate(pairwise(bounds)):
            name = batch.names[column]
            if start < end:
                self._extend(name, batch, slice(start, end), loose.pop(name, []))
        for name, values in loose.items():
            self._extend(name, batch, slice(0, 0), values)

    def _extend(self, name: str, batch: Batch, span: slice, loose: list[tuple[int, float]]) -> None:
        rows, values = batch.rows[span], batch.values[span]
        if loose:
            rows = np.concatenate([rows, np.array([index for index, _ in loose], np.int64)])
            values = np.concatenate([values, np.array([value for _, value in loose], np.float64)])
            order = np.argsort(rows, kind="stable")
            rows, values = rows[order], values[order]
        steps_so_far, values_so_far = self._series.setdefault(name, ([], []))
        steps_so_far.append(batch.steps[rows])
        values_so_far.append(values.copy())  # not a view, which would keep all values of the batch

    def _count(self, name: str, number: int) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def take_rows(self) -> Rows:
        """Give every row's step and kind, and forget them: the pieces and the whole would be the memory twice."""
        self._read()
        steps = _joined(self._steps, np.int64)
        return Rows(steps=steps, kinds=_joined(self._row_kinds, np.int32), names=self._kinds.names())

    def take_series(self) -> dict[str, Series]:
        """Give the wanted series, and forget them."""
        self._read()
        taken = {}
        for name in list(self._series):
            steps, values = self._series.pop(name)
            taken[name] = Series(name=name, steps=_joined(steps, np.int64), values=_joined(values, np.float64))
        return taken


def _joined(pieces: list[NDArray[Number]], kind: type[Number]) -> NDArray[Number]:
    """Join the pieces and empty their list."""
    whole = np.concatenate(pieces) if pieces else np.zeros(0, kind)
    pieces.clear()
    return whole
