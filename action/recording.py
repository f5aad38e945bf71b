"""Recording: logged rows, one after the other, become rows, series and counts in memory that follows the choice.

Pure; every reader of rows uses it. No file, no format and no rule may enter.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from action.fault import Faults
from action.row import BOOKKEEPING
from checks.run import NoteKind, Rows, Selection, Series

_MAX_SETS = 4096
_MAX_SET_NAMES = 1_000_000
_MAX_NAMES = 100_000
"""No trainer logs so many metrics; a file that does is hostile or no log, and would fill the memory with names."""


@dataclass(slots=True)
class _Column:
    name: str
    kept: bool
    rows: int = 0
    texts: int = 0
    first_text: int = 0
    steps: array[int] = field(default_factory=lambda: array("q"))
    values: array[float] = field(default_factory=lambda: array("d"))

    @property
    def is_text(self) -> bool:
        return self.texts > self.rows - self.texts

    def take(self) -> Series:
        """Give the series, and give up its room at once: the next one needs it."""
        series = Series(name=self.name, steps=np.array(self.steps, np.int64), values=np.array(self.values, np.float64))
        self.steps, self.values = array("q"), array("d")
        return series


@dataclass(slots=True)
class _Layout:
    """What is known about rows that hold the same names in the same order."""

    kind: int
    columns: tuple[_Column, ...]
    rows: int = 0


class Recording:
    """The rows of one run, as they come in."""

    def __init__(
        self,
        selection: Selection,
        *,
        bookkeeping: frozenset[str] = BOOKKEEPING,
        uncounted: frozenset[str] = frozenset(),
    ) -> None:
        """Start empty; `bookkeeping` names no metrics, `uncounted` metrics that do not tell kinds of rows apart."""
        self._selection = selection
        self._bookkeeping = bookkeeping
        self._uncounted = uncounted
        self._steps = array("q")
        self._kinds = array("i")
        self._columns: dict[str, _Column] = {}
        self._layouts: dict[tuple[str, ...], _Layout] = {}
        self._sets: dict[frozenset[str], int] = {}
        self._by_kind: list[frozenset[str]] = []
        self._set_names = 0
        self._rest: set[str] | None = None
        self._nothing = _Column("", kept=False)
        self._refused = 0

    def __len__(self) -> int:
        return len(self._steps)

    def add(self, step: int, cells: Mapping[str, float | None], place: int) -> None:
        """Record a row: its metrics by name, None where a value is no number. `place`: its line or row, 1-based."""
        names = tuple(cells)
        layout = self._layouts.get(names) or self._learn(names)
        self._steps.append(step)
        self._kinds.append(layout.kind)
        self._keep(layout, step, cells, place)

    def merge(self, row: int, cells: Mapping[str, float | None], place: int) -> bool:
        """Add metrics to an earlier row, by its index from 0; False, and nothing done, if it may hold one already."""
        names = tuple(cells)
        layout = self._layouts.get(names) or self._learn(names)
        added = {column.name for column in layout.columns}
        kind = self._kinds[row]
        if kind == len(self._sets) or added & self._by_kind[kind]:
            return False
        self._kinds[row] = self._kind(self._by_kind[kind] | (added - self._uncounted))
        self._keep(layout, self._steps[row], cells, place)
        return True

    def _keep(self, layout: _Layout, step: int, cells: Mapping[str, float | None], place: int) -> None:
        layout.rows += 1
        for column, value in zip(layout.columns, cells.values(), strict=True):
            if value is None:
                column.texts += 1
                column.first_text = column.first_text or place
            if column.kept:
                column.steps.append(step)
                column.values.append(math.nan if value is None else value)

    def _learn(self, names: tuple[str, ...]) -> _Layout:
        if len(self._layouts) >= _MAX_SETS:
            self._settle()
        columns = tuple(map(self._column, names))
        metrics = frozenset(c.name for c in columns if c is not self._nothing and c.name not in self._uncounted)
        layout = self._layouts[names] = _Layout(self._kind(metrics), columns)
        return layout

    def _column(self, name: str) -> _Column:
        if name in self._bookkeeping:
            return self._nothing
        # Lone surrogates are legal in JSON (`"\ud800"`), but nothing that holds one can be written as UTF-8 again.
        name = name.encode("utf-8", "replace").decode("utf-8")
        column = self._columns.get(name)
        if column is None:
            if len(self._columns) >= _MAX_NAMES and name not in self._selection.names:
                self._refused += 1
                return self._nothing
            column = self._columns[name] = _Column(name, kept=self._selection.wants(name))
        return column

    def _kind(self, metrics: frozenset[str]) -> int:
        kind = self._sets.get(metrics)
        if kind is not None:
            return kind
        if self._rest is None and len(self._sets) < _MAX_SETS and self._set_names + len(metrics) <= _MAX_SET_NAMES:
            self._set_names += len(metrics)
            self._by_kind.append(metrics)
            return self._sets.setdefault(metrics, len(self._sets))
        self._rest = (self._rest or set()) | metrics
        return len(self._sets)

    def _settle(self) -> None:
        for layout in self._layouts.values():
            for column in layout.columns:
                column.rows += layout.rows
        self._layouts.clear()

    def finish(self, faults: Faults) -> Recorded:
        """Give what was recorded.

        A name that holds more text than numbers is no metric; text among numbers counts as NaN, and both are noted.
        """
        self._settle()
        if self._refused:
            faults.add(
                NoteKind.LOST, f"more than {_MAX_NAMES:,} names of metrics, the further ones are left out", len(self)
            )
        for column in self._columns.values():
            self._judge_text(column, faults)
        metrics = {c.name: c for c in self._columns.values() if not c.is_text}
        series = {c.name: c.take() for c in metrics.values() if c.kept and c.rows}
        return Recorded(
            rows=self._rows(frozenset(self._columns) - metrics.keys()),
            series=MappingProxyType(series),
            catalog=MappingProxyType({name: c.rows for name, c in metrics.items()}),
        )

    def _judge_text(self, column: _Column, faults: Faults) -> None:
        if not column.texts or (column.texts == column.rows and column.name not in self._selection.names):
            return  # a column of text that nobody asked for is none of ours
        became = "taken for a column of text" if column.is_text else "counted as NaN"
        if column.kept:
            name = repr(column.name[:200])
            # A chosen metric that is text throughout may be what decides: its absence is a loss, not a wish.
            chosen = column.is_text and column.name in self._selection.names
            kind = NoteKind.LOST if chosen else NoteKind.ODD
            faults.add(kind, f"no number in {name}, {became}", column.first_text, column.texts)

    def _rows(self, texts: frozenset[str]) -> Rows:
        merged: dict[frozenset[str], int] = {}
        sets = [*self._sets, frozenset(self._rest)] if self._rest is not None else list(self._sets)
        target = np.array([merged.setdefault(names - texts, len(merged)) for names in sets], np.int32)
        kinds: NDArray[np.int32] = np.array(self._kinds, np.int32)
        return Rows(
            steps=np.array(self._steps, np.int64),
            kinds=target[kinds] if kinds.size else kinds,
            names=tuple(merged),
        )


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """What a recording holds, as `RunData` has it."""

    rows: Rows
    series: Mapping[str, Series]
    catalog: Mapping[str, int]
