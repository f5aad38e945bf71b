"""Why a comparison of all runs must not be believed, beyond what is wrong with one of them. No winner may enter."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from itertools import accumulate

import numpy as np

from checks.counts import Counts, merge
from checks.document import quote
from checks.elo.consistency import drift_between
from checks.number import show_number
from checks.run import NoteKind
from checks.sweep.entry import Entry, SweepQuestion
from checks.sweep.pool import Pool
from checks.sweep.words import NAMED, listed

_CHANCE = math.log(1e6)
"""Orders from which results that are the same to the last are no chance."""


def reasons(entries: Sequence[Entry], question: SweepQuestion, pool: Pool | None) -> Iterator[str]:
    """Tell of games that were lost or stand twice, and of references that moved."""
    for note in () if question.cross is None else question.cross.notes:
        if note.kind is NoteKind.LOST:
            yield f"Some of the games between runs were lost while reading: {note.text}."
    if pool is None:
        return
    played = {entry.label: entry.games.counts for entry in entries if entry.games is not None}
    for labels in _copies(played):
        yield (
            f"The games of {listed(labels)} are the same to the last: copies, which tell nothing more where they are "
            f"counted again. Leave all but one out ({_options(labels[1:])}), or give each its own games."
        )
    yield from _drifts(played, pool)


def _copies(played: Mapping[str, Counts]) -> list[list[str]]:
    """Give the groups of runs whose games are the same."""
    groups: list[list[str]] = []
    for label, counts in played.items():
        same = next((group for group in groups if _same(played[group[0]], counts)), None)
        if same is None:
            groups.append([label])
        else:
            same.append(label)
    return [group for group in groups if len(group) > 1]


def _options(labels: Sequence[str]) -> str:
    """Write what leaves runs out, ready for a shell.

    >>> _options(["a", "b (7)"])
    "--without a --without 'b (7)'"
    """
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return " ".join(f"--without {shlex.quote(quote(label))}" for label in labels[:NAMED]) + more


def _drifts(played: Mapping[str, Counts], pool: Pool) -> Iterator[str]:
    """Tell in which runs the references stand otherwise to each other than in all the others."""
    records = tuple(played.values())
    before, after = list(accumulate(records, merge)), list(accumulate(records[::-1], merge))[::-1]
    for place, label in enumerate(played if len(records) > 1 else ()):
        sides = ([before[place - 1]] if place else []) + after[place + 1 : place + 2]
        drift = drift_between(reduce(merge, sides), records[place], pool.rated.scale)
        if drift is not None and drift.sure:
            name, moved = max(drift.differences, key=lambda one: abs(one[1]))
            yield (
                f"In {quote(label)} the references stand otherwise to each other than in the other runs ({quote(name)} "
                f"by {show_number(moved)} Elo): they never change, so the environment did, or an agent of its games "
                "broke, and the runs cannot be compared. Evaluate all of them in one environment."
            )


def _same(one: Counts, other: Counts) -> bool:
    """Tell whether two records are the same, result by result, and could hardly be so by chance.

    Two runs that lose every game of one schedule have the same results too: what counts is how many orders the same
    totals could have come in.
    """
    pairs = ((one.entries.points, other.entries.points), (one.entries.games, other.entries.games))
    same = one.agents == other.agents and one.games > 0 and all(np.array_equal(x, y) for x, y in pairs)
    return same and _orders(one) > _CHANCE


def _orders(counts: Counts) -> float:
    """Give the logarithm of the number of orders in which the results of each pair could have come."""
    entries = counts.entries
    _, pair = np.unique(np.column_stack([entries.first, entries.second]), axis=0, return_inverse=True)
    games, points = np.bincount(pair.ravel(), entries.games), np.bincount(pair.ravel(), entries.points)
    return sum(
        math.lgamma(m + 1) - math.lgamma(k + 1) - math.lgamma(m - k + 1)
        for m, k in zip(games.tolist(), points.tolist(), strict=True)
    )
