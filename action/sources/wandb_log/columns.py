"""Many history rows at once: the fast way for the rows that nearly every run consists of.

Thousands of rows are walked in step, item by item, with array operations; every length and every tag is compared with
what it must be. A row that is not exactly a list of short numbers (text, histograms, long names, damage) is left to
`history.py`, which reads any row: this room may only be faster, never different, and a property test compares the two.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from action.sources.wandb_log import wire
from action.sources.wandb_log.history import NUMBER_STARTS, STEP
from action.sources.wandb_log.naming import is_bookkeeping, metric_name

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

_ITEM, _STEP_FIELD, _OLD_KEY, _NEW_KEY = 0x0A, 0x12, 0x0A, 0x12
_VALUE_JSON = (0x82, 0x01)
_DEEPEST = 4
_MOST_KEYS = 2_048
_MOST_ITEMS = 512
_PADDING = bytes(2_048)
"""Reading ahead stays within the buffer: a key of `_DEEPEST` parts with the longest lengths a byte can say."""

_IS_NUMBER_START = np.zeros(256, np.bool_)
_IS_NUMBER_START[list(NUMBER_STARTS)] = True
_WORDS = 16
"""A key takes less than 128 bytes, as its length is one byte."""
_TAIL = np.array(
    [[(1 << 8 * min(max(length - 8 * word, 0), 8)) - 1 for word in range(_WORDS)] for length in range(128)], np.uint64
)
"""Which bytes of each word of 8 belong to a key of this length."""
_MIX = np.array([0x9E3779B97F4A7C15 * (2 * word + 1) % 2**64 | 1 for word in range(_WORDS)], np.uint64)

_THE_STEP, _OTHER_BOOKKEEPING, _UNREADABLE = -1, -2, -3


@dataclass(frozen=True, kw_only=True)
class Batch:
    """What was read of n rows."""

    done: Flags
    """Shape (n,). False: the row is left to the exact reader, and nothing below holds anything of it."""
    steps: Ints
    """Shape (n,)."""
    kinds: NDArray[np.int32]
    """Shape (n,)."""
    names: Sequence[str]
    counts: Ints
    """Shape (len(names),). In how many of the rows each metric stands."""
    rows: Ints
    """Shape (v,). The row of every wanted value, ordered by metric, then by row."""
    columns: Ints
    """Shape (v,). Index into `names`."""
    values: NDArray[np.float64]
    """Shape (v,)."""


@dataclass(frozen=True, kw_only=True)
class _Items:
    """Where the items of many rows lie in the buffer; all of shape (m,)."""

    row: Ints
    key: Ints
    key_size: Ints
    value: Ints
    end: Ints


class Columns:
    """The fast reader of one file; it learns the file's metric names as it goes."""

    def __init__(self, wants: Callable[[str], bool], kind_of: Callable[[frozenset[str]], int]) -> None:
        self._wants = wants
        self._kind_of = kind_of
        self._kinds: dict[bytes, int] = {}
        self._names: list[str] = []
        self._column_of_name: dict[str, int] = {}
        self._column_of_key: dict[bytes, int] = {}
        self._wanted: list[bool] = []
        self._signatures = np.zeros(0, np.uint64)
        self._words = np.zeros((0, _WORDS), np.uint64)
        self._sizes = np.zeros(0, np.int64)
        self._columns = np.zeros(0, np.int64)

    def read(self, payloads: Sequence[bytes], heads: Sequence[int], *, least: int = 16) -> Batch:
        """Read records that begin with a history row; `heads[i]` is where the row's length stands in `payloads[i]`.

        Fewer than `least` rows that still go on are left to the exact reader: array operations do not pay for them.
        """
        data = b"".join(payloads) + _PADDING
        buffer = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
        ends = np.cumsum(sizes)
        at, done = _bodies(buffer, ends - sizes + np.asarray(heads, np.int64), ends)
        items = _walk(buffer, at, ends, done, least)
        column = self._identify(data, items)
        done[items.row[column == _UNREADABLE]] = False
        return self._gather(data, items, column, done)

    def _gather(self, data: bytes, items: _Items, column: Ints, done: Flags) -> Batch:
        """Turn the items of the rows that are done into steps, kinds, counts and values."""
        size, names = len(done), self._names
        is_step, is_metric = column == _THE_STEP, column >= 0
        held = np.zeros((size, len(names)), np.bool_)
        held[items.row[is_metric], column[is_metric]] = True
        done &= np.bincount(items.row[is_step], minlength=size) == 1
        done &= np.bincount(items.row[is_metric], minlength=size) == held.sum(axis=1)  # else a name stands there twice
        done &= held.any(axis=1)  # which also keeps `held` from being empty below
        wanted = np.append(np.array(self._wanted, np.bool_), False)[np.maximum(column, -1)]
        chosen = np.flatnonzero(wanted & is_metric & done[items.row])
        chosen = chosen[np.argsort(column[chosen] * size + items.row[chosen], kind="stable")]
        step_items = np.flatnonzero(is_step & done[items.row])
        numbers = _json(data, items.value[chosen], items.end[chosen])
        whole = _json(data, items.value[step_items], items.end[step_items])
        try:
            values = array("d", numbers)  # refuses what is no number
            step_values = array("q", whole)  # and what is no whole one
        except (TypeError, OverflowError):
            numbers, values, step_values = None, array("d"), array("q")
        if numbers is None:
            done[:] = False
            chosen = step_items = np.zeros(0, np.int64)
        steps = np.zeros(size, np.int64)
        steps[items.row[step_items]] = np.frombuffer(step_values, np.int64)
        held[~done] = False
        return Batch(
            done=done,
            steps=steps,
            kinds=self._kinds_of(held, done),
            names=names,
            counts=held.sum(axis=0),
            rows=items.row[chosen],
            columns=column[chosen],
            values=np.frombuffer(values, np.float64),
        )

    def _kinds_of(self, held: Flags, done: Flags) -> NDArray[np.int32]:
        """Name the set of metrics of each row; the bits of a row are looked up as bytes."""
        kinds = np.zeros(len(done), np.int32)
        packed = np.packbits(held, axis=1)
        width, raw, known = packed.shape[1], packed.tobytes(), self._kinds
        for row in np.flatnonzero(done).tolist():
            bits = raw[row * width : (row + 1) * width].rstrip(b"\0")  # later names only add zeros
            kind = known.get(bits)
            if kind is None:
                kind = self._kind_of(frozenset(self._names[column] for column in np.flatnonzero(held[row])))
                known[bits] = kind
            kinds[row] = kind
        return kinds

    def _identify(self, data: bytes, items: _Items) -> Ints:
        """Find the column of every item; keys are compared in whole, 8 bytes at a time."""
        if not items.row.size:
            return np.zeros(0, np.int64)
        width = int(items.key_size.max() + 7) // 8
        overlapping = np.ndarray((len(data) - 7,), np.dtype("<u8"), data, strides=(1,))
        words = overlapping[items.key[:, None] + 8 * np.arange(width)] & _TAIL[items.key_size, :width]
        signature = (words * _MIX[:width]).sum(axis=1, dtype=np.uint64) + items.key_size.astype(np.uint64)
        column = self._look_up(words, signature, items.key_size)
        unknown = np.flatnonzero(column == _UNREADABLE)
        if unknown.size and self._learn(data, items, unknown):
            column[unknown] = self._look_up(words[unknown], signature[unknown], items.key_size[unknown])
        return column

    def _look_up(self, words: NDArray[np.uint64], signature: NDArray[np.uint64], size: Ints) -> Ints:
        if not self._signatures.size:
            return np.full(len(signature), _UNREADABLE, np.int64)
        at = np.minimum(np.searchsorted(self._signatures, signature), len(self._signatures) - 1)
        same = (self._sizes[at] == size) & (self._words[at, : words.shape[1]] == words).all(axis=1)
        return np.where(same, self._columns[at], _UNREADABLE)

    def _learn(self, data: bytes, items: _Items, unknown: Ints) -> bool:
        """Add the keys that are new; returns whether there were any."""
        spans = zip(items.key[unknown].tolist(), items.key_size[unknown].tolist(), strict=True)
        fresh = {data[key : key + size] for key, size in spans} - self._column_of_key.keys()
        for key in sorted(fresh)[: _MOST_KEYS - len(self._column_of_key)]:
            self._column_of_key[key] = self._column(key)
        if not fresh:
            return False
        keys = list(self._column_of_key)
        sizes = np.array([len(key) for key in keys], np.int64)
        words = np.array([np.frombuffer(key.ljust(8 * _WORDS, b"\0"), "<u8") for key in keys], np.uint64)
        signatures = (words * _MIX).sum(axis=1, dtype=np.uint64) + sizes.astype(np.uint64)
        order = np.argsort(signatures, kind="stable")
        self._signatures, self._words, self._sizes = signatures[order], words[order], sizes[order]
        self._columns = np.array(list(self._column_of_key.values()), np.int64)[order]
        return True

    def _column(self, key: bytes) -> int:
        try:
            path = [wire.text(value) for _, value in wire.fields(key)]
        except wire.WireError:
            return _UNREADABLE
        if path == [STEP]:
            return _THE_STEP
        if is_bookkeeping(path):
            return _OTHER_BOOKKEEPING
        name = metric_name(path)
        if name not in self._column_of_name:
            self._column_of_name[name] = len(self._names)
            self._names.append(name)
            self._wanted.append(self._wants(name))
        return self._column_of_name[name]


def _bodies(buffer: Bytes, at: Ints, ends: Ints) -> tuple[Ints, Flags]:
    """Read the length of each row (one or two bytes): where it begins, and whether it ends with its record."""
    low, high = buffer[at].astype(np.int64), buffer[at + 1].astype(np.int64)
    two = low >= 0x80
    length = np.where(two, low & 0x7F | high << 7, low)
    at = at + 1 + two
    return at, (~two | (high < 0x80)) & (at + length == ends)


def _walk(buffer: Bytes, at: Ints, ends: Ints, done: Flags, least: int) -> _Items:
    """Step through the items of all rows together; clears `done` for each row that is not what is expected."""
    found: list[tuple[Ints, ...]] = [(np.zeros(0, np.int64),) * 5]
    live = np.flatnonzero(done)
    while live.size:
        here = at[live]
        is_item = (buffer[here] == _ITEM) & (here < ends[live])
        live, here = live[is_item], here[is_item]
        if live.size < least or len(found) > _MOST_ITEMS:
            done[live] = False
            break
        key, size = here + 2, buffer[here + 1]
        end = key + size
        first = buffer[key]
        value = key + 2 + buffer[key + 1]
        for _ in range(_DEEPEST - 1):
            nested = (buffer[value] == _NEW_KEY) & (first == _NEW_KEY)
            if not nested.any():
                break
            value = np.where(nested, value + 2 + buffer[value + 1], value)
        good = (size < 0x80) & (end <= ends[live]) & ((first == _NEW_KEY) | (first == _OLD_KEY)) & (buffer[key + 1] > 0)
        good &= (buffer[value] == _VALUE_JSON[0]) & (buffer[value + 1] == _VALUE_JSON[1])
        good &= (buffer[value + 2] > 0) & (value + 3 + buffer[value + 2] == end)
        good &= _IS_NUMBER_START[buffer[value + 3]]
        done[live[~good]] = False
        live, end = live[good], end[good]
        found.append((live, key[good], (value - key)[good], value[good] + 3, end))
        at[live] = end
    done &= (at == ends) | _ends_with_step(buffer, at, ends)
    row, key, key_size, value, end = (np.concatenate(part) for part in zip(*found, strict=True))
    return _Items(row=row, key=key, key_size=key_size, value=value, end=end)


def _ends_with_step(buffer: Bytes, at: Ints, ends: Ints) -> Flags:
    """Tell whether the rest of each row is one well-formed `step`; its number stands among the items too."""
    at = np.minimum(at, ends)
    size = buffer[at + 1]
    good = (at < ends) & (buffer[at] == _STEP_FIELD) & (at + 2 + size == ends) & (size != 1) & (size < 8)
    good &= (size == 0) | (buffer[at + 2] == 0x08)
    for offset in range(1, 7):
        goes_on = buffer[at + 2 + offset] >= 0x80
        good &= (offset >= size) | (goes_on == (offset + 1 < size))
    return good


def _json(data: bytes, starts: Ints, ends: Ints) -> list[float] | None:
    """Parse many numbers in one go; None unless each of the spans is one JSON value.

    No span begins with a bracket or a quote, so one that opens either swallows the commas of the next and shows as a
    list or text among the values, which the caller refuses.
    """
    spans = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    try:
        values: list[float] = json.loads(b"[" + b",".join(spans) + b"]")
    except (ValueError, RecursionError):
        return None
    return values if len(values) == len(spans) else None
