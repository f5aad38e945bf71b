"""Names of runs without what all of them have in common, as tables call them. What a run is may not enter."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


def short_names(labels: Sequence[str]) -> Mapping[str, str]:
    """Leave out what all labels begin and end with, whole words alone.

    >>> short_names(["league-healthy-s0", "league-short-s0"]), short_names(["a", "b"])
    ({'league-healthy-s0': 'healthy', 'league-short-s0': 'short'}, {'a': 'a', 'b': 'b'})
    """
    head, tail = common_ends(labels)
    return {label: label[len(head) : len(label) - len(tail)] for label in labels}


def common_ends(labels: Sequence[str]) -> tuple[str, str]:
    """Give what all labels begin with, up to a mark, and what all of the rest end with, from a mark on."""
    head = re.sub(r"[^-_/.: ]*$", "", _prefix(labels))
    rest = [label[len(head) :] for label in labels]
    tail = re.sub(r"^[^-_/.: ]*", "", _prefix([text[::-1] for text in rest])[::-1])
    return (head, tail) if all(len(text) > len(tail) for text in rest) else ("", "")


def _prefix(texts: Sequence[str]) -> str:
    """Give what all texts, at least one, begin with; the first and the last by order tell."""
    first, last = min(texts), max(texts)
    same = next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), len(first))
    return first[:same]
