"""Three-way merge of lines without conflicts: where both changed the same, both stay. No Markdown may enter.

The alignment is that of Khanna, Kunal, Pierce, "A Formal Investigation of Diff3" (2007), section 2, but that changes
which only touch are not in conflict.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile


@dataclass(frozen=True, kw_only=True)
class _Hunk:
    """Lines of the origin, from `start` up to `end`, and what stands in their place."""

    start: int
    end: int
    lines: tuple[str, ...]


def merge_lines(origin: Sequence[str], base: Sequence[str], branch: Sequence[str]) -> tuple[str, ...]:
    """Put into a base what a branch changed since both had one origin.

    Where both changed the same lines, or put something in at the same place, the base's come first and what the branch
    put there below; what is the same in both comes once.

    >>> merge_lines("abc", "abcd", "aBce")
    ('a', 'B', 'c', 'd', 'e')
    """
    return tuple(_merged(origin, _hunks(origin, base), _hunks(origin, branch)))


def _hunks(origin: Sequence[str], other: Sequence[str]) -> list[_Hunk]:
    """Say what changed; what both begin and end with is left out first, since a matcher need not find it."""
    head = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(origin, other, strict=False)))
    rest = min(len(origin), len(other)) - head
    both = zip(reversed(origin), reversed(other), strict=False)
    tail = min(rest, sum(1 for _ in takewhile(lambda two: two[0] == two[1], both)))
    old, new = origin[head : len(origin) - tail], other[head : len(other) - tail]
    codes = difflib.SequenceMatcher(None, old, new).get_opcodes()
    return [_Hunk(start=head + a, end=head + b, lines=tuple(new[c:d])) for tag, a, b, c, d in codes if tag != "equal"]


def _merged(origin: Sequence[str], base: list[_Hunk], branch: list[_Hunk]) -> Iterator[str]:
    at = 0
    while base or branch:
        start = min(hunk.start for hunk in (*base[:1], *branch[:1]))
        yield from origin[at:start]
        at = start
        left: list[_Hunk] = []
        right: list[_Hunk] = []
        while True:
            more = [
                (side, taken) for side, taken in ((base, left), (branch, right)) if side and _meets(side[0], start, at)
            ]
            if not more:
                break
            for side, taken in more:
                taken.append(side.pop(0))
                at = max(at, taken[-1].end)
        yield from _joined(origin[start:at], start, left, right)
    yield from origin[at:]


def _meets(hunk: _Hunk, start: int, end: int) -> bool:
    """Tell whether it changes one of these lines, or puts something in at the same place."""
    return hunk.start < end or hunk.start == start


def _joined(origin: Sequence[str], start: int, base: Sequence[_Hunk], branch: Sequence[_Hunk]) -> Iterator[str]:
    ours, theirs = tuple(_applied(origin, start, base)), tuple(_applied(origin, start, branch))
    if not base or ours == theirs:
        yield from theirs
    else:
        yield from ours
        lines = [line for hunk in branch for line in hunk.lines]
        same = sum(1 for _ in takewhile(lambda two: two[0] == two[1], zip(ours, lines, strict=False)))
        yield from lines[same:]


def _applied(origin: Sequence[str], start: int, hunks: Sequence[_Hunk]) -> Iterator[str]:
    at = 0
    for hunk in hunks:
        yield from origin[at : hunk.start - start]
        yield from hunk.lines
        at = hunk.end - start
    yield from origin[at:]
