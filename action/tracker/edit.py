"""Puts a run's entry into a tracker. Only our own blocks and placeholders are replaced; all else stays to the byte.

No Markdown is parsed here and no entry is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from action.tracker.block import Block, digest, find_blocks, marked, run_key
from action.tracker.naming import OPEN, find_entry, is_name
from action.tracker.outline import ITEM, Entry, Field, Outline, Span, read_outline, split_lines
from action.tracker.value import read_value

HEAD = "# Experiment tracker\n"
KEPT = ("status", "results", "follow-up")
"""Parts of a run that are kept up to date; what else an entry holds is written once, and then people's."""
PROMOTION = "promotion"
"""The part that a promotion keeps up to date, and nothing else touches."""
PARTS = (*KEPT, PROMOTION)
"""All of them, in their order."""
_BULLET = re.compile(r" {0,3}[-*+] ")


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
    """Markdown of fields (`**Label**: …`), lines ending with LF; those of `keeps` are kept up to date."""
    keeps: tuple[str, ...] = KEPT
    once: tuple[str, ...] = ()
    """Those of them that are left as they are where we wrote them before."""


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
    there = {block.part for block in mine} & set(run.once)
    run = replace(run, keeps=tuple(part for part in run.keeps if part not in there))
    entry = find_entry(outline, run.names, key, blocks)
    if entry is None:
        number = max((one.number for one in outline.entries), default=0) + 1
        text = _append(old, outline, run, number)
    else:
        number, text = entry.number, _fill((outline, entry), parts, (key, mine), run)
    wanted = {part: digest(said) for part, said in parts.items() if part in run.keeps}
    _require_found(outline, text, (key, number), wanted)
    kept = tuple(
        block.part
        for block in mine
        if block.part in run.keeps and block.edited and block.written != wanted.get(block.part)
    )
    return Edit(text=text, number=number, new=entry is None, first=not mine, kept=kept)


def _require_found(outline: Outline, text: str, wanted: tuple[str, int], parts: Mapping[str, str]) -> None:
    """See that what was written is found again, once and as it was written, and its entry with it."""
    key, number = wanted
    after = read_outline(text)
    mine = (block for block in find_blocks(after) if block.key == key)
    found = [block for block in mine if block.written == parts.get(block.part)]
    homes = {home.number for block in found if (home := after.home(block.span.start))}
    if sorted(block.part for block in found) == sorted(parts) and number in homes:
        return
    if outline.unclosed is not None:
        raise TrackerError(
            f"{outline.unclosed + 1}: expected a fence or an HTML block that ends, got one that swallows what follows; "
            "close it"
        )
    raise TrackerError(
        "expected each block of this run once and in its entry, got copies, or marks without their other half; remove "
        "what was copied, or part what swallows them by an empty line"
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
            same = next((part for label, part in found if label == field.label and label in PARTS), None)
            inside = "".join(outline.lines[field.span.start : field.span.end]).rstrip("\r\n")
            if same is None:
                found.append((field.label, [inside]))
            else:
                same.append(inside)
        at = end
    return tuple((label, "".join(f"{one}\n" for one in part)) for label, part in found)


def _fill(
    there: tuple[Outline, Entry], parts: Mapping[str, str], known: tuple[str, Sequence[Block]], run: RunEntry
) -> str:
    """Put the parts that are kept up to date into an entry."""
    (outline, entry), (key, mine) = there, known
    changes: list[tuple[Span, list[str]]] = []
    place, blank = entry.span.end, _ours(outline, "\n")
    for part in reversed(PARTS):
        block = next((one for one in mine if one.part == part), None)
        if part not in run.keeps:
            place = place if block is None else block.span.start
            continue
        field = next((one for one in entry.fields if one.label == part and not _inside(one, mine)), None)
        text = _ours(outline, marked(part, key, parts[part])) if part in parts else []
        if block is not None:
            changes.append(_again(outline, block, text))
            place = block.span.start
        elif field is not None and text:
            changes.append(_into(outline, field, part, (text, run.names)))
            place = field.span.start
        elif text:
            end = place == entry.span.end
            changes.append((Span(start=place, end=place), [*blank, *text] if end else [*text, *blank]))
    return _apply(outline, changes)


def _inside(field: Field, blocks: Sequence[Block]) -> bool:
    return any(one.span.holds(field.span.start) for one in blocks)


def _again(outline: Outline, block: Block, text: list[str]) -> tuple[Span, list[str]]:
    """Replace a block of ours; one that people wrote in stays, without our marks, and ours goes below it.

    While we have nothing else to say than what they wrote in, it stays as it is.
    """
    if not block.edited:
        return block.span, text
    lines = outline.lines[block.span.start : block.span.end]
    if text[:1] == list(lines[:1]):
        return block.span, list(lines)
    inside = lines[1:-1]
    return block.span, [*inside, *_ours(outline, "\n"), *text]


def _into(outline: Outline, field: Field, part: str, ours: tuple[list[str], Sequence[str]]) -> tuple[Span, list[str]]:
    """Fill a field that people wrote: a placeholder is replaced, all else stays and ours goes below it."""
    lines, blank = outline.lines[field.span.start : field.span.end], _ours(outline, "\n")
    text, names = ours
    value = read_value(lines[0])
    if value.pending and not any(map(str.strip, lines[1:])):
        return field.span, text
    if part == "status" and value.state in OPEN:
        # Which run it is stands in ours too; what else people wrote here is kept.
        rest = [line for line in lines[1:] if not is_name(line, names)]
        rest = _dedented(rest) if ITEM.match(lines[0]) else rest
        told = f"- before: {' '.join(filter(None, (value.text, value.remark)))}\n"
        # Words that stood behind the state are words behind it still: alone they might be a heading, or a list.
        behind = bool(rest and rest[0].strip() and not _BULLET.match(rest[0]))
        before = _ours(outline, told) if value.more or value.remark or behind else []
        kept = [*before, *rest]
        return field.span, [*text, *(blank if any(map(str.strip, kept)) else []), *kept]
    end = Span(start=field.span.end, end=field.span.end)
    return end, [*blank, *text]


def _dedented(lines: list[str]) -> list[str]:
    """Take from lines the blanks that all begin with: what stood in an item of a list may stand alone."""
    least = min((len(line) - len(line.lstrip(" ")) for line in lines if line.strip()), default=0)
    return [line[least:] if line.strip() else line for line in lines]


def _append(old: str, outline: Outline, run: RunEntry, number: int) -> str:
    """Write a new entry after the last; into a text without entries at its end."""
    last = outline.entries[-1] if outline.entries else None
    level = min((one.level for one in outline.entries), default=2)
    key = run_key(run.identity)
    parts = split_parts(run.text)
    body = "\n".join(marked(label, key, part) if label in run.keeps else part for label, part in parts)
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
