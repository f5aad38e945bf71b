"""Two trackers that grew from one: what a branch changed, put into what its base has become. Nothing is lost.

Entries are merged one by one, so that no part of one ends in another; in an entry, where both changed the same lines,
those of the base come first and those of the branch below. No Git and no run may enter.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace

from action.tracker.block import Block, find_blocks
from action.tracker.lines import merge_lines
from action.tracker.outline import Outline, read_outline, split_lines

_NUMBER = re.compile(r"(exp(?:eriment)?\.?\s*#?\s*)\d+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class _Piece:
    """What stands before the first entry, an entry with what follows it up to the next, or what follows the last."""

    number: int | None
    """None: it is no entry."""
    title: str
    keys: frozenset[str]
    """Runs that we wrote there."""
    units: tuple[str, ...]
    """Its lines, each block of ours as one: they are never taken apart."""


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A piece of the new text."""

    branch: int | None
    """The place of the same piece on the branch; None: it is the base's alone."""
    units: tuple[str, ...]


def merge_trackers(origin: str, base: str, branch: str) -> str:
    r"""Put into a base what a branch changed since both had one origin.

    A run that both wrote stays once, as the branch has it. A new entry of ours whose number the base has given away
    meanwhile gets the next.

    >>> merge_trackers("# T\n", "# T\n\n## Exp 1: a\nx\n", "# T\n\n## Exp 1: b\ny\n")
    '# T\n\n## Exp 1: a\nx\n\n## Exp 1: b\ny\n'
    """
    outline = read_outline(base)
    sides = [_ended(text) for text in (_lined(origin, outline), base, _lined(branch, outline))]
    pieces = [tuple(_pieces(text)) for text in sides]
    between = "\n---\n\n" if outline.ruled else "\n"
    merged = "".join(_merged(pieces, between.replace("\n", outline.newline)))
    found = _numbered(_once(merged, sides[1:]), base)
    return found if not base or base.endswith(("\n", "\r")) else found.removesuffix(outline.newline)


def _ended(text: str) -> str:
    return text if not text or text.endswith(("\n", "\r")) else text + read_outline(text).newline


def _lined(text: str, like: Outline) -> str:
    """Give a text the line ends of another, where it has others: else every line would be another."""
    if not like.lines or not text or read_outline(text).newline == like.newline:
        return text
    return "".join(line.rstrip("\r\n") + like.newline for line in split_lines(text))


def _core(units: Sequence[str]) -> Sequence[str]:
    """Leave out blank lines and rules at the end: an entry gets them as soon as another follows."""
    end = len(units)
    while end and units[end - 1].strip() in {"", "---", "***", "___"}:
        end -= 1
    return units[:end]


def _pieces(text: str) -> Iterator[_Piece]:
    outline = read_outline(text)
    blocks = tuple(find_blocks(outline))
    begun = [block.span.start for block in blocks]
    starts = [0, *(entry.span.start for entry in outline.entries)]
    ends = [*starts[1:], outline.entries[-1].span.end if outline.entries else len(outline.lines)]
    for place, (start, end) in enumerate([*zip(starts, ends, strict=True), (ends[-1], len(outline.lines))]):
        entry = outline.entries[place - 1] if 0 < place < len(starts) else None
        mine = blocks[bisect_left(begun, start) : bisect_left(begun, end)]
        yield _Piece(
            number=None if entry is None else entry.number,
            title="" if entry is None else entry.title,
            keys=frozenset(block.key for block in mine),
            units=tuple(_units(outline, mine, start, end)),
        )


def _units(outline: Outline, blocks: Sequence[Block], start: int, end: int) -> Iterator[str]:
    line = start
    for block in blocks:
        yield from outline.lines[line : block.span.start]
        yield "".join(outline.lines[block.span.start : block.span.end])
        line = block.span.end
    yield from outline.lines[line:end]


def _merged(pieces: Sequence[Sequence[_Piece]], between: str) -> Iterator[str]:
    """Merge pieces of origin, base and branch; `between` parts an entry from the one before it."""
    origin, base, branch = pieces
    old = {new: at for at, new in _paired(origin, base).items()}
    kept = _paired(origin, branch)
    taken = set(kept.values())
    fresh = [at for at in range(len(branch)) if at not in taken]
    found: list[_Place] = []
    for at, piece in enumerate(base):
        if at not in old:
            same = next((one for one in fresh if _is_same(branch[one], piece)), None)
            if same is None:
                found.append(_Place(branch=None, units=piece.units))
            else:
                fresh.remove(same)
                found.append(_Place(branch=same, units=_both(piece.units, branch[same].units)))
            continue
        before, other = origin[old[at]].units, kept.get(old[at])
        if other is not None:
            found.append(_Place(branch=other, units=_three(before, piece, branch[other].units)))
        elif _core(before) != _core(piece.units):  # else people removed it on the branch
            found.append(_Place(branch=None, units=piece.units))
    origins = {new: at for at, new in kept.items()}
    last = 0
    for at, piece in enumerate(branch):
        there = next((place for place, one in enumerate(found) if one.branch == at), None)
        if there is not None:
            last = there + 1
        elif at not in origins or _core(origin[origins[at]].units) != _core(
            piece.units
        ):  # else people removed it from the base
            last = _insert(found, last, _Place(branch=at, units=piece.units), between)
    return (unit for place in found for unit in place.units)


def _alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether most of what an entry holds, its heading left out, stands in another too."""
    lines, others = ({line.strip() for line in units[1:]} - {""} for units in (one, other))
    return 2 * len(lines & others) > min(len(lines), len(others)) or not lines | others


_SAME: tuple[Callable[[_Piece], Collection[Hashable]], ...] = (
    lambda piece: [(piece.number, piece.title)],
    lambda piece: piece.keys,
    lambda piece: [piece.title] if piece.title else [],
    lambda piece: [piece.number],
)
"""What two entries have in common that are the same, from what says most; the last with most of their lines."""


def _paired(old: Sequence[_Piece], new: Sequence[_Piece]) -> dict[int, int]:
    """Say which pieces are the same, by their places: an entry may have got another number, or another title."""
    found = {0: 0, len(old) - 1: len(new) - 1}
    taken = set(found.values())
    for said in _SAME:
        places: dict[Hashable, list[int]] = {}
        for to in range(1, len(new) - 1):
            for name in said(new[to]) if to not in taken else ():
                places.setdefault(name, []).append(to)
        for at in range(1, len(old) - 1):
            if at not in found:
                likely = sorted({to for name in said(old[at]) for to in places.get(name, ()) if to not in taken})
                last = said is _SAME[-1]
                same = next((to for to in likely if not last or _alike(old[at].units, new[to].units)), None)
                if same is not None:
                    found[at] = same
                    taken.add(same)
    return found


def _three(origin: Sequence[str], base: _Piece, branch: Sequence[str]) -> tuple[str, ...]:
    """Merge an entry that all have; of two new headings the base's stays."""
    if base.number is not None and origin[0] != base.units[0] and origin[0] != branch[0]:
        branch = (base.units[0], *branch[1:])
    return merge_lines(origin, base.units, branch)


def _both(base: Sequence[str], branch: Sequence[str]) -> tuple[str, ...]:
    """Merge an entry that both have made: what is the same stands once, and so does the heading."""
    branch = (base[0], *branch[1:])
    same = difflib.SequenceMatcher(None, base, branch, autojunk=False).get_matching_blocks()
    return merge_lines([unit for one in same for unit in base[one.a : one.a + one.size]], base, branch)


def _insert(found: list[_Place], at: int, place: _Place, between: str) -> int:
    """Put a piece of the branch behind what the base has got there meanwhile; the place after it."""
    while at < len(found) and found[at].branch is None:
        at += 1
    before = found[at - 1] if at else None
    own = before is not None and before.branch is not None and place.branch == before.branch + 1
    if before is not None and not own and before.units and before.units[-1].strip():
        found[at - 1] = replace(before, units=(*before.units, between))
    found.insert(at, place)
    return at + 1


def _is_same(one: _Piece, other: _Piece) -> bool:
    return bool(one.keys & other.keys) or (one.title == other.title and not one.keys and not other.keys)


def _once(text: str, sides: Sequence[str]) -> str:
    """Leave each part of a run once: in its first place, as it was written last. What people wrote in stays theirs.

    What stands twice on one side already was copied by people, and stays.
    """
    copied = {name for side in sides for name, count in Counter(_names(side)).items() if count > 1}
    outline = read_outline(text)
    groups: dict[tuple[str, str], list[Block]] = {}
    for block in find_blocks(outline):
        groups.setdefault((block.key, block.part), []).append(block)
    lines: list[str | None] = list(outline.lines)
    for name, blocks in groups.items():
        if len(blocks) == 1 or name in copied:
            continue
        for block in blocks:
            if block.edited:
                lines[block.span.start] = lines[block.span.end - 1] = None
        clean = [block.span for block in blocks if not block.edited]
        if len(clean) > 1:
            written = "".join(outline.lines[clean[-1].start : clean[-1].end])
            for span in clean:
                lines[span.start : span.end] = [None] * (span.end - span.start)
            lines[clean[0].start] = written
    return "".join(line for line in lines if line is not None)


def _names(text: str) -> Iterator[tuple[str, str]]:
    return ((block.key, block.part) for block in find_blocks(read_outline(text)))


def _numbered(text: str, base: str) -> str:
    """Give entries of ours that the base lacks a number of their own."""
    outline, before = read_outline(text), read_outline(base)
    known = {block.key for block in find_blocks(before)}
    there = {(one.number, one.title) for one in before.entries}
    homes = (outline.home(block.span.start) for block in find_blocks(outline) if block.key not in known)
    mine = {home.span.start for home in homes if home is not None}
    new = [one for one in outline.entries if one.span.start in mine and (one.number, one.title) not in there]
    taken = {one.number for one in outline.entries if one.span.start not in mine or (one.number, one.title) in there}
    lines = list(outline.lines)
    for entry in new:
        number = max(taken) + 1 if entry.number in taken else entry.number
        if number != entry.number:
            lines[entry.span.start] = _NUMBER.sub(rf"\g<1>{number}", lines[entry.span.start], count=1)
        taken.add(number)
    return "".join(lines)
