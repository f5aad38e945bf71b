"""Many history rows at once: the fast way for the rows that nearly every run consists of.

Thousands of rows are walked in step, item by item, with array operations; every length and every tag is compared with
what it must be. A row that is not exactly a list of short numbers (text, histograms, long names, damage) is left to
`history.py`, which reads any row: this room may only be faster, never different, and a property test compares the two.
"""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from action.sources.wandb_log.history import NUMBER_STARTS, TEXT_STARTS
from action.sources.wandb_log.keys import LONGEST_KEY, THE_STEP, UNREADABLE, Ints, Keys
from checks.run import Values

Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]

_ITEM, _STEP_FIELD, _OLD_KEY, _NEW_KEY = 0x0A, 0x12, 0x0A, 0x12
_VALUE_JSON = (0x82, 0x01)
_LIST, _QUOTE = b"["[0], b'"'[0]
_DEEPEST = 4
_MOST_ITEMS = 4_096
_FEWEST_ROWS = 16
"""Fewer rows that still go on are left to the exact reader: array operations do not pay for them."""
_MOST_KINDS = 8_192
"""So many sets of metrics are remembered; further ones are built anew for every row."""
_PADDING = bytes(2_048)
"""Reading ahead stays within the buffer: a key of `_DEEPEST` parts with the longest lengths a byte can say."""

_IS_NUMBER_START = np.zeros(256, np.bool_)
_IS_NUMBER_START[list(NUMBER_STARTS)] = True
_IS_TEXT_START = np.zeros(256, np.bool_)
_IS_TEXT_START[list(TEXT_STARTS)] = True


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
    values: Values
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
        self._keys = Keys(wants)
        self._kind_of = kind_of
        self._kinds: dict[bytes, int] = {}

    def read(self, payloads: Sequence[bytes], heads: Sequence[int]) -> Batch:
        """Read records that begin with a history row; `heads[i]` is where the row's length stands in `payloads[i]`."""
        data = b"".join(payloads) + _PADDING
        buffer = np.frombuffer(data, np.uint8)
        sizes = np.fromiter(map(len, payloads), np.int64, len(payloads))
        ends = np.cumsum(sizes)
        at, done = _bodies(buffer, ends - sizes + np.asarray(heads, np.int64), ends)
        items = _walk(buffer, at, ends, done)
        column = self._keys.columns(data, items.key, items.key_size)
        done[items.row[column == UNREADABLE]] = False
        return self._gather(data, items, column, done)

    def _gather(self, data: bytes, items: _Items, column: Ints, done: Flags) -> Batch:
        """Turn the items of the rows that are done into steps, kinds, counts and values."""
        size, names, buffer = len(done), self._keys.names, np.frombuffer(data, np.uint8)
        is_step, is_metric = column == THE_STEP, (column >= 0) & _IS_NUMBER_START[buffer[items.value]]
        held = np.zeros((size, len(names)), np.bool_)
        held[items.row[is_metric], column[is_metric]] = True
        done &= np.bincount(items.row[is_step], minlength=size) == 1
        steps = np.zeros(size, np.int64)
        steps[items.row[is_step]], readable = _whole_numbers(buffer, items.value[is_step], items.end[is_step])
        done[items.row[is_step][~readable]] = False
        done &= np.bincount(items.row[is_metric], minlength=size) == held.sum(axis=1)  # else a name stands there twice
        done &= held.any(axis=1)  # which also keeps `held` from being empty below
        wanted = np.append(np.array(self._keys.wanted, np.bool_), False)[np.maximum(column, -1)]
        chosen = np.flatnonzero(wanted & is_metric & done[items.row])
        chosen = chosen[np.argsort(column[chosen] * size + items.row[chosen], kind="stable")]
        values = _numbers(data, items.value[chosen], items.end[chosen])
        if values is None:
            done[:] = False
            chosen, values = chosen[:0], np.zeros(0)
        held[~done] = False
        return Batch(
            done=done,
            steps=steps,
            kinds=self._kinds_of(held, done),
            names=names,
            counts=held.sum(axis=0),
            rows=items.row[chosen],
            columns=column[chosen],
            values=values,
        )

    def _kinds_of(self, held: Flags, done: Flags) -> NDArray[np.int32]:
        """Name the set of metrics of each row; the bits of a row are looked up as bytes."""
        kinds, names = np.zeros(len(done), np.int32), self._keys.names
        packed = np.packbits(held, axis=1)
        changes = np.flatnonzero((packed[1:] != packed[:-1]).any(axis=1)) + 1
        starts = [0, *changes.tolist()]
        for start, end in zip(starts, [*starts[1:], len(done)], strict=True):  # most runs repeat one set for long
            bits = packed[start].tobytes().rstrip(b"\0")  # names that come later only add zeros
            if not bits:
                continue
            kind = self._kinds.get(bits)
            if kind is None:
                kind = self._kind_of(frozenset(names[column] for column in np.flatnonzero(held[start])))
                if len(self._kinds) < _MOST_KINDS:
                    self._kinds[bits] = kind
            kinds[start:end] = kind
        return kinds


def _bodies(buffer: Bytes, at: Ints, ends: Ints) -> tuple[Ints, Flags]:
    """Read the length of each row (one or two bytes): where it begins, and whether it ends with its record."""
    at, end = _after_length(buffer, at)
    return at, end == ends


def _after_length(buffer: Bytes, at: Ints) -> tuple[Ints, Ints]:
    """Read lengths of one or two bytes: where what they measure begins and ends; longer ones seem to end at 0."""
    low = buffer[at]
    if (low < 0x80).all():
        return at + 1, at + 1 + low
    high = buffer[at + 1].astype(np.int64)
    two = low >= 0x80
    start = at + 1 + two
    end = start + np.where(two, (low & 0x7F) | high << 7, low)
    return start, np.where(two & (high >= 0x80), 0, end)


def _walk(buffer: Bytes, at: Ints, ends: Ints, done: Flags) -> _Items:
    """Step through the items of all rows together; clears `done` for each row that is not what is expected."""
    found: list[tuple[Ints, ...]] = [(np.zeros(0, np.int64),) * 5]
    live = np.flatnonzero(done)
    while live.size:
        here = at[live]
        is_item = (buffer[here] == _ITEM) & (here < ends[live])
        live, here = live[is_item], here[is_item]
        if live.size < _FEWEST_ROWS or len(found) > _MOST_ITEMS:
            done[live] = False
            break
        key, end = _after_length(buffer, here + 1)
        first = buffer[key]
        value = key + 2 + buffer[key + 1]
        for _ in range(_DEEPEST - 1):
            nested = (buffer[value] == _NEW_KEY) & (first == _NEW_KEY)
            if not nested.any():
                break
            value = np.where(nested, value + 2 + buffer[value + 1], value)
        good = (end <= ends[live]) & ((first == _NEW_KEY) | (first == _OLD_KEY)) & (buffer[key + 1] > 0)
        key_size = value - key
        good &= (key_size < LONGEST_KEY) & (buffer[value] == _VALUE_JSON[0]) & (buffer[value + 1] == _VALUE_JSON[1])
        value, value_end = _after_length(buffer, value + 2)
        good &= (value < end) & (value_end == end)
        start = buffer[value]
        plain = _IS_NUMBER_START[start]
        if not plain.all():
            plain |= (start == _LIST) | ((start == _QUOTE) & (value + 1 < end) & _IS_TEXT_START[buffer[value + 1]])
        good &= plain
        done[live[~good]] = False
        live, end = live[good], end[good]
        found.append((live, key[good], key_size[good], value[good], end))
        at[live] = end
    done &= (at == ends) | _ends_with_step(buffer, at, ends)
    row, key, key_size, value, end = (np.concatenate(part) for part in zip(*found, strict=True))
    return _Items(row=row, key=key, key_size=key_size, value=value, end=end)


def _ends_with_step(buffer: Bytes, at: Ints, ends: Ints) -> Flags:
    """Tell whether the rest of each row is one well-formed `step`; its number stands among the items too."""
    at = np.minimum(at, ends)
    size = buffer[at + 1]
    good: Flags = (at < ends) & (buffer[at] == _STEP_FIELD) & (at + 2 + size == ends) & (size != 1) & (size < 8)
    good &= (size == 0) | (buffer[at + 2] == 0x08)
    for offset in range(1, 7):
        goes_on = buffer[at + 2 + offset] >= 0x80
        good &= (offset >= size) | (goes_on == (offset + 1 < size))
    return good


def _whole_numbers(buffer: Bytes, starts: Ints, ends: Ints) -> tuple[Ints, Flags]:
    """Read spans of digits; False for those that are anything else, such as negative or of more than 18 digits."""
    size = ends - starts
    numbers, good = np.zeros(len(starts), np.int64), size <= 18
    for offset in range(int(size[good].max(initial=0))):
        digit = buffer[starts + offset].astype(np.int64) - 0x30
        inside = offset < size
        good &= ~inside | ((digit >= 0) & (digit <= 9))
        numbers = np.where(inside & good, numbers * 10 + digit, numbers)
    return numbers, good & ((buffer[starts] != 0x30) | (size == 1))  # JSON has no leading zeros


def _numbers(data: bytes, starts: Ints, ends: Ints) -> Values | None:
    """Parse many numbers in one go; None unless each of the spans is one JSON number.

    No span begins with a bracket or a quote, so one that opens either swallows the comma before the next and shows as
    a list or text among the values, which the array refuses.
    """
    spans = [data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    try:
        parsed = json.loads(b"[" + b",".join(spans) + b"]")
        values = array("d", [math.nan if value is None else value for value in parsed] if None in parsed else parsed)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    return np.frombuffer(values, np.float64) if len(values) == len(spans) else None
