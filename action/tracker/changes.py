"""What a tracker says more of runs than another: what a pull request is to tell. No run and no rendering may enter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from markdown_it.common.utils import unescapeAll

from action.tracker.block import find_blocks
from action.tracker.naming import state_of
from action.tracker.outline import Entry, Outline, read_outline


class Kind(StrEnum):
    """What became of an entry."""

    NEW = "new entry"
    FILLED = "filled in"
    UPDATED = "updated"


@dataclass(frozen=True, kw_only=True)
class EntryChange:
    """An entry in which a run was written."""

    number: int
    title: str
    """As it is read, not as it is escaped."""
    state: str
    kind: Kind


def changed_entries(old: str, new: str) -> tuple[EntryChange, ...]:
    """Say in which entries our blocks are others than before, in the order of the document."""
    before, after = read_outline(old), read_outline(new)
    known = dict(_blocks(before))
    there = {(one.number, one.title) for one in before.entries}
    found = []
    for entry in after.entries:
        mine = dict(_blocks(after, entry))
        if all(known.get(name) == text for name, text in mine.items()):
            continue
        keys = {key for key, _ in known}
        kind = Kind.UPDATED if any(key in keys for key, _ in mine) else Kind.FILLED
        if kind is Kind.FILLED and (entry.number, entry.title) not in there:
            kind = Kind.NEW
        title = unescapeAll(entry.title)
        found.append(EntryChange(number=entry.number, title=title, state=state_of(after, entry), kind=kind))
    return tuple(found)


def _blocks(outline: Outline, entry: Entry | None = None) -> Iterator[tuple[tuple[str, str], str]]:
    for block in find_blocks(outline):
        if entry is None or entry.span.holds(block.span.start):
            yield (block.key, block.part), "".join(outline.lines[block.span.start : block.span.end])
