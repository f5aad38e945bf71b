"""Puts a run's entry into a tracker. Only our own blocks and placeholders are replaced; all else stays to the byte.

No Markdown is parsed here and no entry is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from action.tracker.block import Block, find_blocks, marked, run_key
from action.tracker.outline import Entry, Field, Outline, Span, read_outline, split_lines

HEAD = "# Experiment tracker\n"
KEPT = ("status", "results", "follow-up")
"""Parts that are kept up to date, in their order; what else an entry holds is written once, and then people's."""
OPEN = frozenset({"planned", "running"})
"""States of an entry that a run may still fill."""
_PENDING = re.compile(
    r"[\s_*`(\[]*(?:pending|tbd|to be done|to come|n/?a|none yet|todo|\.{3}|…|-|–|—)?[\s_*`)\].]*", re.IGNORECASE
)
_STATE = re.compile(r"[\s_*`]*(?P<state>[a-z][a-z-]*)[\s_*`]*(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_NAMED = re.compile(
    r"\s*[-*+]?\s*(?:\*\*|`|_)*(?:wandb|w&b|run(?:s| names?| ids?)?|sweep)(?:\*\*|`|_)*\s*:", re.IGNORECASE
)
_ITEM = re.compile(r"\s*[-*+]\s+(?:wandb|w&b|run(?: name| id)?)\s*:(?P<value>[^:]*(?::(?://)?[^:]*)?)", re.IGNORECASE)
_CALLED = re.compile(r"(?:run|name|id)[\w.-]*[ =][\"']?", re.IGNORECASE)
"""What stands in a command before the name that a run is given; behind other options it is somebody else's."""
_TELLING = re.compile(r"[\w.-]*(?:\w[-_./]\w|[^\W\d]\d|\d[^\W\d])")
"""What makes a name one that no sentence has by chance: words or digits that are joined."""
_AROUND = " \t\r\n`*_<>[]"
"""What may stand around a name."""
_SHORT = 40
"""Characters of a placeholder, at most."""
_LABEL = re.compile(r"[^:]*:\**\s*")
"""What stands before the value of a field."""


class TrackerError(Exception):
    """A tracker in which no entry could be found again, as `line: expected …, got …; what to do`."""


@dataclass(frozen=True, kw_only=True)
class RunEntry:
    """What a tracker shall say of a run, or of a sweep."""

    identity: str
    """Names it for ever: the address of the run on W&B, else its id, else its name; for a sweep its prefix."""
    names: tuple[str, ...]
    """By which people may have named it in an entry: display name, id, address."""
    title: str
    """Of a new entry, one line."""
    text: str
    """Markdown of fields (`**Label**: …`), lines ending with LF; those of `KEPT` are kept up to date."""


@dataclass(frozen=True, kw_only=True)
class Edit:
    """A tracker with the entry in it."""

    text: str
    number: int
    """Of the entry."""
    new: bool
    """The entry was appended."""
    first: bool
    """Nothing of the run stood there before."""
    kept: tuple[str, ...]
    """Parts that people had written in since we wrote them; ours stands below."""


def update_tracker(old: str, run: RunEntry) -> Edit:
    """Write a run into a tracker; the same run again gives the same text.

    An entry that names the run gets its status, results and follow-up: our own earlier blocks are replaced,
    placeholders (`_pending_`) filled, and below whatever people wrote ours is added. Where no entry names it, the next
    `Exp N` is appended after the last. Line ends and the missing end of the last line stay as they are.

    Raises:
        TrackerError: what would be written could not be found again, since a fence or an HTML block is never closed.
    """
    newline = read_outline(old).newline
    ended = not old or old.endswith(("\n", "\r"))
    found = _update(old if ended else old + newline, run)
    return found if ended else replace(found, text=found.text.removesuffix(newline))


def _update(old: str, run: RunEntry) -> Edit:
    """Do it for a text whose last line has an end."""
    outline = read_outline(old)
    key, parts = run_key(run.identity), dict(split_parts(run.text))
    blocks = tuple(find_blocks(outline))
    mine = [block for block in blocks if block.key == key]
    entry = _find(outline, run, key, blocks)
    if entry is None:
        number = max((one.number for one in outline.entries), default=0) + 1
        text = _append(old, outline, run, number)
    else:
        number, text = entry.number, _fill(outline, entry, parts, (key, mine), run.names)
    _require_found(outline, text, (key, number), {part for part in parts if part in KEPT})
    kept = tuple(block.part for block in mine if block.edited)
    return Edit(text=text, number=number, new=entry is None, first=not mine, kept=kept)


def _require_found(outline: Outline, text: str, wanted: tuple[str, int], parts: set[str]) -> None:
    """See that what was written is found again, once and as it was written, and its entry with it."""
    key, number = wanted
    after = read_outline(text)
    found = [block for block in find_blocks(after) if block.key == key and not block.edited]
    homes = {entry.number for entry in after.entries for block in found if entry.span.holds(block.span.start)}
    if sorted(block.part for block in found) == sorted(parts) and number in homes:
        return
    if outline.unclosed is not None:
        raise TrackerError(
            f"{outline.unclosed + 1}: expected a fence or an HTML block that ends, got one that swallows what follows; "
            "close it"
        )
    raise TrackerError(
        "expected each block of this run once and in its entry, got copies, or marks without their other half; remove "
        "what was copied"
    )


def split_parts(text: str) -> tuple[tuple[str, str], ...]:
    r"""Split the Markdown of fields by label, in order; what is in no field has the label ``.

    A part that is kept up to date and stands twice is one, in its first place.

    >>> split_parts("Owner: me\n\n**Hypothesis**: a\n\n**Status**: `completed`\n- x\n")
    (('', 'Owner: me\n'), ('hypothesis', '**Hypothesis**: a\n'), ('status', '**Status**: `completed`\n- x\n'))
    """
    outline = read_outline(f"## Exp 1: x\n\n{text}")
    entry = outline.entries[0]
    found: list[tuple[str, list[str]]] = []
    at = entry.body
    for field in (*entry.fields, None):
        start, end = (len(outline.lines),) * 2 if field is None else (field.span.start, field.span.end)
        between = "".join(outline.lines[at:start]).strip("\r\n")
        if between.strip():
            found.append(("", [between]))
        if field is not None:
            same = next((part for label, part in found if label == field.label and label in KEPT), None)
            inside = "".join(outline.lines[field.span.start : field.span.end]).rstrip("\r\n")
            if same is None:
                found.append((field.label, [inside]))
            else:
                same.append(inside)
        at = end
    return tuple((label, "".join(f"{one}\n" for one in part)) for label, part in found)


def _find(outline: Outline, run: RunEntry, key: str, blocks: Sequence[Block]) -> Entry | None:
    """Find the entry of a run: where our blocks stand, else where its name stands; open ones first, then the newest.

    An entry that holds what was written of another run or sweep is theirs, though it may name this run.
    """
    for entry in outline.entries:
        if any(entry.span.holds(block.span.start) for block in blocks if block.key == key):
            return entry
    free = [entry for entry in outline.entries if not any(entry.span.holds(block.span.start) for block in blocks)]
    for name in reversed(run.names):  # an address or an id says more than a name, which runs may share
        named = [entry for entry in free if _names(outline, entry, name)]
        opened = [entry for entry in named if state_of(outline, entry) in OPEN]
        if named:
            return (opened or named)[-1]
    return None


def _names(outline: Outline, entry: Entry, name: str) -> bool:
    """Tell whether an entry is of a run of that name: by title, command, or a line that says which run it is."""
    command = entry.field("command")
    told = [line for line in outline.lines[entry.body : entry.span.end] if _NAMED.match(line)]
    lines = [] if command is None else outline.lines[command.span.start : command.span.end]
    if _TELLING.search(name):
        named = _says(entry.title, name) or any(_says(line, name) for line in told)
    else:  # a word or a number, which may stand anywhere
        values = [entry.title, *(value for line in told for value in re.split("[,;]", line.partition(":")[2]))]
        named = any(value.strip(_AROUND) == name for value in values)
    return named or any(_says(line, name, called=True) for line in lines)


def _says(line: str, name: str, *, called: bool = False) -> bool:
    """Tell whether a name stands in a line as a whole: `grpo-1` does not stand in `grpo-10` nor in `a/grpo-1`.

    In an address of W&B an id stands behind `runs/`. `called`: only behind an option that names a run.
    """
    for match in re.finditer(rf"(?<![\w.-])(?<!(?<!runs)/){re.escape(name)}(?![\w/-]|\.\w)", line):
        if not called or re.search(_CALLED.pattern + r"\Z", line[: match.start()], re.IGNORECASE):
            return bool(name)
    return False


def state_of(outline: Outline, entry: Entry) -> str:
    """Give the state of an entry in lower case; empty where it says none."""
    field = entry.field("status")
    if field is None:
        return ""
    match = _STATE.fullmatch(_LABEL.sub("", outline.lines[field.span.start], count=1))
    return match["state"].lower() if match else ""


def _fill(
    outline: Outline, entry: Entry, parts: Mapping[str, str], known: tuple[str, Sequence[Block]], names: Sequence[str]
) -> str:
    """Put the parts that are kept up to date into an entry."""
    key, mine = known
    changes: list[tuple[Span, list[str]]] = []
    place, blank = entry.span.end, _ours(outline, "\n")
    for part in reversed(KEPT):
        block = next((one for one in mine if one.part == part), None)
        field = next((one for one in entry.fields if one.label == part and not _inside(one, mine)), None)
        text = _ours(outline, marked(part, key, parts[part])) if part in parts else []
        if block is not None:
            changes.append(_again(outline, block, text))
            place = block.span.start
        elif field is not None and text:
            changes.append(_into(outline, field, part, (text, names)))
            place = field.span.start
        elif text:
            end = place == entry.span.end
            changes.append((Span(start=place, end=place), [*blank, *text] if end else [*text, *blank]))
    return _apply(outline, changes)


def _inside(field: Field, blocks: Sequence[Block]) -> bool:
    return any(one.span.holds(field.span.start) for one in blocks)


def _again(outline: Outline, block: Block, text: list[str]) -> tuple[Span, list[str]]:
    """Replace a block of ours; one that people wrote in stays, without our marks, and ours goes below it."""
    if not block.edited:
        return block.span, text
    inside = outline.lines[block.span.start + 1 : block.span.end - 1]
    return block.span, [*inside, *_ours(outline, "\n"), *text]


def _into(outline: Outline, field: Field, part: str, ours: tuple[list[str], Sequence[str]]) -> tuple[Span, list[str]]:
    """Fill a field that people wrote: a placeholder is replaced, all else stays and ours goes below it."""
    lines, blank = outline.lines[field.span.start : field.span.end], _ours(outline, "\n")
    text, names = ours
    told = _LABEL.sub("", lines[0], count=1).strip()
    match = _STATE.fullmatch(told)
    if part == "status" and match and match["state"].lower() in OPEN:
        # Which run it is stands in ours too; what else people wrote here is kept.
        rest = [line for line in lines[1:] if not _is_name(line, names)]
        before = _ours(outline, f"- before: {told}\n") if match["rest"].strip() else []
        return field.span, [*text, *(blank if before or any(map(str.strip, rest)) else []), *before, *rest]
    plain = "(" not in lines[0].partition(":")[0]  # `(Alice)` is said by somebody
    if plain and len(told) < _SHORT and _PENDING.fullmatch(told) and not any(map(str.strip, lines[1:])):
        return field.span, text
    end = Span(start=field.span.end, end=field.span.end)
    return end, [*blank, *text]


def _is_name(line: str, names: Sequence[str]) -> bool:
    """Tell whether a line says which run it is and nothing else: ours says it too."""
    match = _ITEM.fullmatch(line)
    return match is not None and match["value"].strip(_AROUND) in names


def _append(old: str, outline: Outline, run: RunEntry, number: int) -> str:
    """Write a new entry after the last; into a text without entries at its end."""
    last = outline.entries[-1] if outline.entries else None
    level = min((one.level for one in outline.entries), default=2)
    key = run_key(run.identity)
    parts = split_parts(run.text)
    body = "\n".join(marked(label, key, part) if label in KEPT else part for label, part in parts)
    title = " ".join(run.title.split())
    entry = f"{'#' * level} Exp {number}: {title}\n\n{body}"
    if last is not None:
        place, before = last.span.end, "\n---\n\n" if outline.ruled else "\n"
    elif old.strip("\ufeff \t\r\n"):
        place, before = len(outline.lines), "\n"
        while place and not outline.lines[place - 1].strip():
            place -= 1
    else:
        place, before = len(outline.lines), f"{HEAD}\n"
    return _apply(outline, [(Span(start=place, end=place), _ours(outline, before + entry))])


def _ours(outline: Outline, text: str) -> list[str]:
    """Give lines of ours, ended as those of the document."""
    return [line.rstrip("\n") + outline.newline for line in split_lines(text)]


def _apply(outline: Outline, changes: Iterable[tuple[Span, list[str]]]) -> str:
    """Replace ranges of lines."""
    lines = list(outline.lines)
    # What is replaced before what is put in ahead of it, which would be replaced with it.
    for span, text in sorted(changes, key=lambda one: (one[0].start, one[0].end), reverse=True):
        lines[span.start : span.end] = text
    return "".join(lines)
