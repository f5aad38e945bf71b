"""Which entry of a tracker is a run's: where we wrote of it, else what people call it. Nothing is changed here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

from markdown_it.common.utils import unescapeAll

from action.tracker.block import Block
from action.tracker.outline import Entry, Outline
from action.tracker.value import is_pending, read_value

OPEN = frozenset({"planned", "running"})
"""States of an entry that a run may still fill."""
AROUND = " \t\r\n`*_<>[]\"'“”"
"""What may stand around a name."""
_LINE = re.compile(
    r"\s*(?:[-*+]|\d{1,9}[.)])?\s*(?:\[[ xX]\])?\s*(?:\*\*|`|_)*(?P<kind>wandb|w&b|run(?:s| names?| ids?)?|sweep)"
    r"(?:\*\*|`|_)*\s*:(?P<value>.*)",
    re.IGNORECASE | re.DOTALL,
)
"""A line that says which run an entry is of."""
_ADDRESSED = re.compile(r"/runs/([\w-]+)")
_CALLED = re.compile(
    r"(?<![\w.+-])[-+]{0,2}(?:(?:wandb|run|exp|experiment|trainer|logger|report)[._-]?)*(?:name|id|run)[ =][\"']?",
    re.IGNORECASE,
)
"""What stands in a command before the name that a run is given; behind other options it is somebody else's."""
_VALUE = re.compile(r"[^\s\"']+")
_TELLING = re.compile(r"\w[-_./]\w|[^\W\d]\d|\d[^\W\d]")
"""What makes a name one that no sentence has by chance: words or digits that are joined."""


class _Match(IntEnum):
    """How surely an entry is a run's."""

    NONE = 0
    TITLE = 1
    MENTION = 2
    NAME = 3
    """A line, or its command, gives it exactly this name."""
    ADDRESS = 4
    """Its address or id stands there, which no other run has."""


@dataclass(frozen=True, kw_only=True)
class _Told:
    """What an entry says of which run it is."""

    lines: tuple[str, ...]
    """What stands behind `run name:` and the like."""
    names: frozenset[str]
    """Names that are given, there or in the command."""
    own: bool
    """One of them can be nothing but the name of a run: it stands alone."""
    ids: frozenset[str]
    """Of `run id:`, and of addresses."""


def find_entry(outline: Outline, names: Sequence[str], key: str, blocks: Sequence[Block]) -> Entry | None:
    """Find the entry of a run: where our blocks stand, else what is called so; open ones first, then what says it best.

    `names`: display name, id, address. An entry that holds what was written of another run is theirs, though it may
    name this run; so is one that says of itself that it is another's.
    """
    homes = [(outline.home(block.span.start), block.key) for block in blocks]
    mine = next((home for home, written in homes if home is not None and written == key), None)
    if mine is not None:
        return mine
    taken = {home.span.start for home, _ in homes if home is not None}
    found = [
        (match is _Match.ADDRESS, state_of(outline, entry) in OPEN, match, at, entry)
        for at, entry in enumerate(outline.entries)
        if entry.span.start not in taken and (match := _match(outline, entry, names)) is not _Match.NONE
    ]
    return max(found, key=lambda one: one[:-1])[-1] if found else None


def state_of(outline: Outline, entry: Entry) -> str:
    """Give the state of an entry in lower case; empty where it says none."""
    field = entry.field("status")
    return "" if field is None else read_value(outline.lines[field.span.start]).state


def is_name(line: str, names: Sequence[str]) -> bool:
    """Tell whether a line says which run it is and nothing else.

    >>> is_name("- run name: `grpo-7`", ["grpo-7"]), is_name("- run: grpo-7, again", ["grpo-7"])
    (True, False)
    """
    match = _LINE.fullmatch(line)
    return match is not None and match["value"].strip(AROUND) in names


def _match(outline: Outline, entry: Entry, names: Sequence[str]) -> _Match:
    told = _told(outline, entry)
    if any(name in told.ids or _mentions(told, name) for name in names[1:]):
        return _Match.ADDRESS
    if not names or (told.ids and len(names) > 1):
        return _Match.NONE  # it has an id, and not this one
    name = names[0]
    if name in told.names:
        return _Match.NAME
    if told.own:
        return _Match.NONE  # it is another's
    if _mentions(told, name):
        return _Match.MENTION
    title = unescapeAll(entry.title)
    said = _says(title, name) if _TELLING.search(name) else title.strip(AROUND) == name
    return _Match.TITLE if said else _Match.NONE


def _mentions(told: _Told, name: str) -> bool:
    """Tell whether a name stands among others; one that any sentence may hold says nothing there."""
    return _TELLING.search(name) is not None and any(_says(line, name) for line in told.lines)


def _told(outline: Outline, entry: Entry) -> _Told:
    found = [match for line in outline.lines[entry.body : entry.span.end] if (match := _LINE.fullmatch(line))]
    lines = tuple(match["value"] for match in found)
    names = {value for match in found if "id" not in match["kind"].lower() for value in _values(match["value"])}
    ids = {value for match in found if "id" in match["kind"].lower() for value in _values(match["value"])}
    command = entry.field("command")
    called = set(_called(() if command is None else outline.lines[command.span.start : command.span.end]))
    return _Told(
        lines=lines,
        names=frozenset(names | called),
        own=any(not re.search(r"\s|://", one) for one in names | called),
        ids=frozenset({*ids, *(one for line in lines for one in _ADDRESSED.findall(line))}),
    )


def _values(text: str) -> Iterator[str]:
    """Give what is said, one after another, without what only stands where something will be told."""
    for part in re.split("[,;]", text):
        value = part.strip(AROUND)
        if not is_pending(value):
            yield value


def _called(lines: Sequence[str]) -> Iterator[str]:
    """Give the names that a command gives its run."""
    for line in lines:
        for match in _CALLED.finditer(line):
            if value := _VALUE.match(line, match.end()):
                yield value[0]


def _says(line: str, name: str) -> bool:
    """Tell whether a name stands in a line as a whole: `grpo-1` does not stand in `grpo-10` nor in `a/grpo-1`.

    In an address of W&B an id stands behind `runs/`, and more of the address may follow.

    >>> [_says("https://wandb.ai/t/p/runs/x7k2/logs", name) for name in ("x7k2", "x7", "https://wandb.ai/t/p/runs/x7k2")]
    [True, False, True]
    """
    if not name:
        return False
    word = re.escape(name)
    end = r"(?![\w-]|\.\w)" if "://" in name else r"(?![\w/-]|\.\w)"
    whole = rf"(?<![\w.-])(?<!(?<!runs)/){word}{end}|(?<=/runs/){word}(?![\w-])"
    return re.search(whole, line) is not None
