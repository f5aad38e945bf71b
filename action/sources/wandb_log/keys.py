"""Keys of history items become columns: an array of places in a buffer in, an array of small numbers out.

A key is the bytes that say an item's name, tags and lengths included: `12 08 train/kl`. Values may not enter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from action.sources.wandb_log import wire
from action.sources.wandb_log.history import STEP
from action.sources.wandb_log.naming import is_bookkeeping, metric_name

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

LONGEST_KEY = 128
MOST_KEYS = 4_096
"""Names that come later are left to the exact reader, so that a file cannot make the tables grow without end."""
THE_STEP, OTHER_BOOKKEEPING, UNREADABLE = -1, -2, -3
"""Columns of items that are no metrics; the last one is for keys that are not known here."""

_WORDS = range(0, LONGEST_KEY, 8)
"""Where the words of a key begin."""
_TAIL = [
    np.array([(1 << 8 * min(max(length - start, 0), 8)) - 1 for length in range(LONGEST_KEY)], np.uint64)
    for start in _WORDS
]
"""Which bytes of each word of 8 belong to a key of this length."""
_MIX = [np.uint64(0x9E3779B97F4A7C15 * (2 * start + 1) % 2**64 | 1) for start in _WORDS]


class Keys:
    """The keys that a file was seen to use, and the metrics that they name."""

    def __init__(self, wants: Callable[[str], bool]) -> None:
        self._wants = wants
        self.names: list[str] = []
        """Of the columns from 0 on."""
        self.wanted: list[bool] = []
        self._column_of_name: dict[str, int] = {}
        self._column_of_key: dict[bytes, int] = {}
        self._signatures = np.zeros(0, np.uint64)
        self._words: list[Words] = []
        self._sizes = np.zeros(0, np.int64)
        self._columns = np.zeros(0, np.int64)

    def columns(self, data: bytes, starts: Ints, sizes: Ints) -> Ints:
        """Find the column of the key at each place; keys are compared in whole, 8 bytes at a time.

        Sizes are under `LONGEST_KEY`, and the data go on for as many bytes behind the last key.
        """
        if not starts.size:
            return np.zeros(0, np.int64)
        width = int(sizes.max() + 7) // 8
        overlapping = np.ndarray((len(data) - 7,), np.dtype("<u8"), data, strides=(1,))
        words = [overlapping[starts + 8 * word] & _TAIL[word][sizes] for word in range(width)]
        column = self._look_up(words, sizes)
        unknown = np.flatnonzero(column == UNREADABLE)
        if unknown.size and self._learn(data, starts[unknown], sizes[unknown]):
            column[unknown] = self._look_up([word[unknown] for word in words], sizes[unknown])
        return column

    def _look_up(self, words: list[Words], size: Ints) -> Ints:
        if not self._signatures.size:
            return np.full(len(size), UNREADABLE, np.int64)
        at = np.minimum(np.searchsorted(self._signatures, _signature(words, size)), len(self._signatures) - 1)
        same = self._sizes[at] == size
        for known, word in zip(self._words, words, strict=False):  # words beyond are zero on both sides
            same &= known[at] == word
        return np.where(same, self._columns[at], UNREADABLE)

    def _learn(self, data: bytes, starts: Ints, lengths: Ints) -> bool:
        """Add the keys that are new; returns whether there were any."""
        spans = zip(starts.tolist(), lengths.tolist(), strict=True)
        fresh = {data[start : start + size] for start, size in spans} - self._column_of_key.keys()
        taken = sorted(fresh)[: MOST_KEYS - len(self._column_of_key)]
        if not taken:
            return False
        self._column_of_key.update((key, self._column(key)) for key in taken)
        keys = list(self._column_of_key)
        sizes = np.array([len(key) for key in keys], np.int64)
        words = [np.array([int.from_bytes(key[at : at + 8], "little") for key in keys], np.uint64) for at in _WORDS]
        signatures = _signature(words, sizes)
        order = np.argsort(signatures, kind="stable")
        self._signatures, self._sizes = signatures[order], sizes[order]
        self._words = [word[order] for word in words]
        self._columns = np.array(list(self._column_of_key.values()), np.int64)[order]
        return True

    def _column(self, key: bytes) -> int:
        try:
            path = [wire.text(value) for _, value in wire.fields(key)]
        except wire.WireError:
            return UNREADABLE
        if len(path) > 1 and path[-1] == "_type":
            return UNREADABLE  # of media, whose numbers are no metrics: the exact reader sees the whole row
        if path == [STEP]:
            return THE_STEP
        if is_bookkeeping(path):
            return OTHER_BOOKKEEPING
        name = metric_name(path)
        if name not in self._column_of_name:
            self._column_of_name[name] = len(self.names)
            self.names.append(name)
            self.wanted.append(self._wants(name))
        return self._column_of_name[name]


def _signature(words: list[Words], size: Ints) -> Words:
    """Mix the words of each key into one; equal keys have equal signatures, and the keys are compared after that."""
    mixed = size.astype(np.uint64)
    for word, factor in zip(words, _MIX, strict=False):
        mixed += word * factor
    return mixed
