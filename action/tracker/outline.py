"""What stands where in a tracker: its entries and their fields, as ranges of lines. Nothing is rewritten here.

Structure is read by a CommonMark parser that tells source lines (markdown-it-py), so that fences, comments, quotes and
setext headings are what they are on GitHub. No run may enter.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import islice, pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
"""A line with its end, as CommonMark has it (spec 0.31, section 2.1): no other character ends one."""
_ENTRY = re.compile(
    r"(?:\*\*|__)?exp(?:eriment)?\.?\s*#?\s*(?P<number>\d{1,18})(?!\w)(?:\*\*|__)?\s*(?P<colon>[:.–—-]?)\s*(?P<title>.*)",
    re.IGNORECASE | re.DOTALL,
)
_FIELD = re.compile(
    r" {0,3}(?:\*\*|__)(?P<label>[^*_:\s][^*_:]{0,80}?)\s*(?P<inner>:?)\s*(?:\*\*|__)"
    r"\s*(?:\([^)\r\n]{0,200}\))?\s*(?P<outer>:?)"
)
_PLAIN = re.compile(
    r" {0,3}(?P<label>hypothesis|key +config +changes|command|status|results|follow-up)"
    r"\s*(?:\([^)\r\n]{0,200}\))?\s*(?P<outer>:)(?P<inner>)",
    re.IGNORECASE,
)
"""A field whose label is not in bold: only those that an entry has."""
LABELS = frozenset({"hypothesis", "key config changes", "command", "status", "results", "follow-up"})
"""Of the fields that an entry has; in a list other words in bold are what a list says."""
ITEM = re.compile(r" {0,3}(?:[-*+]|\d{1,9}[.)]) +(?:\[[ xX]\] +)?")
"""How an item of a list begins, with a box to tick where it has one."""
_MARK = "<!-- gatekeeper: "
"""How our comments begin: none is part of a field of people."""
_DEEPEST = 4
"""Level of a heading below which it is no entry."""
_NESTED = 100
"""How deep lists and quotes are looked into; below, the parser takes nothing for structure."""
_OF_ITEM = 2
"""How deep the parser has the paragraph of an item in a list that is in none."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """Lines from `start` up to `end`, from 0."""

    start: int
    end: int

    def holds(self, line: int) -> bool:
        """Tell whether a line is among them.

        >>> [Span(start=1, end=3).holds(line) for line in range(4)]
        [False, True, True, False]
        """
        return self.start <= line < self.end


@dataclass(frozen=True, kw_only=True)
class Field:
    """A labelled part of an entry: `**Status**: …` and what follows it, blank lines at its end left out."""

    label: str
    """In lower case, as `key config changes`."""
    span: Span


@dataclass(frozen=True, kw_only=True)
class Entry:
    """`## Exp N: Title` and all up to the next heading that is no deeper, or is an entry itself."""

    number: int
    title: str
    level: int
    span: Span
    """From the heading up to its last line of content; a rule and blank lines at its end left out."""
    body: int
    """First line after the heading."""
    fields: tuple[Field, ...]

    def field(self, label: str) -> Field | None:
        """Give the first field of a label; None where there is none."""
        return next((one for one in self.fields if one.label == label), None)


@dataclass(frozen=True, kw_only=True)
class Outline:
    """A tracker's lines, and what they make up."""

    lines: tuple[str, ...]
    """With their ends."""
    entries: tuple[Entry, ...]
    comments: tuple[int, ...]
    """Lines that are HTML by themselves, no part of a fence, a quote or a larger block: where our marks may stand."""
    ruled: bool
    """Entries are parted by rules (`---`)."""
    unclosed: int | None
    """First line of a fence or an HTML block that reaches the end of the text; None: there is none."""

    @cached_property
    def newline(self) -> str:
        """The end that most lines have."""
        ends = [line[len(line.rstrip("\r\n")) :] for line in self.lines]
        # A lone CR before a LF would be one end with it.
        known = ("\n", "\r\n") if any("\n" in end for end in ends) else ("\n", "\r")
        return max(known, key=ends.count)

    @cached_property
    def _starts(self) -> list[int]:
        return [entry.span.start for entry in self.entries]

    def home(self, line: int) -> Entry | None:
        """Give the entry that a line is part of; None: of none."""
        at = bisect_right(self._starts, line) - 1
        return self.entries[at] if at >= 0 and self.entries[at].span.holds(line) else None


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _NESTED}).enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])  # what stands inside a line is not asked
    return parser


def split_lines(text: str) -> tuple[str, ...]:
    r"""Split a text into lines with their ends.

    >>> split_lines("a\r\nb\x0cc\n\nd")
    ('a\r\n', 'b\x0cc\n', '\n', 'd')
    """
    return tuple(LINE.findall(text))


@lru_cache(maxsize=4)
def read_outline(text: str) -> Outline:
    r"""Find entries and fields.

    >>> found = read_outline("## Exp 7: Warm-up\n\n**Status**: `planned`\n- wandb: x\n\n**Results**: _pending_\n")
    >>> [(one.number, one.title, [field.label for field in one.fields]) for one in found.entries]
    [(7, 'Warm-up', ['status', 'results'])]
    """
    lines = split_lines(text)
    # A mark of the byte order is no part of the first line to a parser.
    tokens = [
        token for token in _parser().parse(text.removeprefix("\ufeff")) if token.map is not None and token.nesting >= 0
    ]
    top = [token for token in tokens if token.level == 0]
    headings = [_heading(token, lines) for token in top if token.type == "heading_open"]
    rules = {token.map[0] for token in top if token.type == "hr" and token.map}
    marks = {token.map[0] for token in top if token.type == "html_block" and token.map and _MARK in lines[token.map[0]]}
    closing = {
        token.map[0]
        for token in top
        if token.type == "html_block" and token.map and lines[token.map[0]].lstrip().startswith("</")
    }
    starts = sorted(_starts(tokens))
    breaks = sorted({*rules, *marks, *closing, *(span.start for _, span, _ in headings)})
    entries = []
    for place, (level, span, told) in enumerate(headings):
        match = _ENTRY.fullmatch(told)
        if match is None or not _is_entry(level, told):
            continue
        after = (
            one.start for deep, one, text in islice(headings, place + 1, None) if deep <= level or _is_entry(deep, text)
        )
        end = _trimmed(lines, span.end, next(after, len(lines)), rules)
        inside = starts[bisect_left(starts, (span.end, False)) : bisect_left(starts, (end, False))]
        edges = breaks[bisect_left(breaks, span.end) : bisect_left(breaks, end)]
        entries.append(
            Entry(
                number=int(match["number"]),
                title=match["title"].strip(),
                level=level,
                span=Span(start=span.start, end=end),
                body=span.end,
                fields=tuple(_fields(lines, inside, edges, end)),
            )
        )
    between = [any(one.span.end <= rule < other.span.start for rule in rules) for one, other in pairwise(entries)]
    return Outline(
        lines=lines,
        entries=tuple(entries),
        comments=tuple(
            token.map[0]
            for token in tokens
            if token.type == "html_block" and token.map and token.map[1] - token.map[0] == 1
        ),
        ruled=bool(between) and 2 * sum(between) >= len(between),
        unclosed=next(
            (
                token.map[0]
                for token in top
                if token.type in {"fence", "html_block"}
                and token.map
                and token.map[1] >= len(lines)
                and token.map[0] not in marks
            ),
            None,
        ),
    )


def _is_entry(level: int, told: str) -> bool:
    """Tell whether a heading is an entry; `# Experiment 2026 log` is the title of a page."""
    match = _ENTRY.fullmatch(told)
    return match is not None and level <= _DEEPEST and (level > 1 or bool(match["colon"]) or not match["title"])


def _heading(token: Token, lines: Sequence[str]) -> tuple[int, Span, str]:
    start, end = token.map or [0, 0]
    text = "".join(lines[start : end - 1]) if token.markup in {"=", "-"} else lines[start]
    if token.markup not in {"=", "-"}:
        text = text.strip().lstrip("\ufeff").lstrip("#").strip()
        open_ = text.rstrip("#")
        text = open_ if open_ != text and open_[-1:] in {"", " ", "\t"} else text
    return int(token.tag[1:]), Span(start=start, end=end), text.strip()


def _trimmed(lines: Sequence[str], start: int, end: int, rules: set[int]) -> int:
    """Leave blank lines and rules at the end out."""
    while end > start and (not lines[end - 1].strip() or end - 1 in rules):
        end -= 1
    return end


def _starts(tokens: Sequence[Token]) -> Iterator[tuple[int, bool]]:
    """Give lines where a field may begin, and whether in a list: an item of it, or what a list takes in unintended."""
    quoted = {line for token in tokens if token.type == "blockquote_open" and token.map for line in range(*token.map)}
    for token in tokens:
        if token.type == "paragraph_open" and token.map and token.map[0] not in quoted:
            for line in range(*token.map):
                if token.level in {0, _OF_ITEM} or line > token.map[0]:
                    yield line, token.level > 0


def _fields(
    lines: Sequence[str], starts: Sequence[tuple[int, bool]], edges: Sequence[int], end: int
) -> Iterator[Field]:
    found: list[tuple[int, str]] = []
    stops = {*edges, end}
    said: dict[str, bool] = {}  # label → is it that of an item
    for line, listed in starts:
        item = ITEM.match(lines[line]) if listed else None
        if listed and not item and lines[line].startswith(" "):
            continue  # within an item on purpose
        place = item.end() if item else 0
        match = _FIELD.match(lines[line], place) or _PLAIN.match(lines[line], place)
        if not match or not (match["inner"] or match["outer"]):
            continue
        label = " ".join(match["label"].split()).lower()
        if listed and (label not in LABELS or label in said or (item and said.get("results") is False)):
            # A result in bold, say; but where fields are items, so is what stands beside them.
            stops |= {line} if item and any(said.values()) and said.get("results") is not False else set()
            continue
        said[label] = item is not None
        found.append((line, label))
    stops |= {line for line, _ in found}
    ordered = sorted(stops)
    for line, label in found:
        stop = ordered[bisect_right(ordered, line)]
        yield Field(label=label, span=Span(start=line, end=_trimmed(lines, line + 1, stop, set())))
