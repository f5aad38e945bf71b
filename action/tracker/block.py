"""Which lines of a tracker are ours: blocks between two comments, with a digest that tells of a change by people.

No entry and no rendering may enter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from action.tracker.outline import Outline, Span

_BEGIN = re.compile(
    r"\s{0,3}<!-- gatekeeper: (?P<part>[a-z-]+) of (?P<key>[0-9a-f]{16}), (?P<digest>[0-9a-f]{16}) -->\s*"
)
_END = re.compile(r"\s{0,3}<!-- gatekeeper: end of (?P<part>[a-z-]+) of (?P<key>[0-9a-f]{16}) -->\s*")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A part of a run's entry that we wrote."""

    part: str
    key: str
    """Of the run."""
    span: Span
    """With both marks."""
    written: str
    """Digest of what we wrote."""
    edited: bool
    """Somebody wrote in it since."""


def run_key(identity: str) -> str:
    """Name a run in a comment, whatever its name holds.

    >>> run_key("team/league/x7k2")
    '3764fb949d45b951'
    """
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def digest(text: str) -> str:
    """Digest what stands between the marks; line ends do not count."""
    plain = re.sub(r"\r\n?", "\n", text).strip("\n")
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def marked(part: str, key: str, text: str) -> str:
    r"""Put a part between its marks; lines end with \n.

    >>> print(marked("status", "0" * 16, "**Status**: `completed`\n"), end="")
    <!-- gatekeeper: status of 0000000000000000, 844570b99d810732 -->
    **Status**: `completed`
    <!-- gatekeeper: end of status of 0000000000000000 -->
    """
    kept = text.strip("\n")
    return (
        f"<!-- gatekeeper: {part} of {key}, {digest(kept)} -->\n{kept}\n<!-- gatekeeper: end of {part} of {key} -->\n"
    )


def find_blocks(outline: Outline) -> Iterator[Block]:
    """Find our blocks, in order; a mark without its other half is none, nor is one that holds a whole entry."""
    begun: tuple[int, re.Match[str]] | None = None
    for line in outline.comments:
        text = outline.lines[line]
        if match := _BEGIN.fullmatch(text):
            begun = (line, match)
        elif (match := _END.fullmatch(text)) and begun is not None:
            start, first = begun
            begun = None
            if (first["part"], first["key"]) == (match["part"], match["key"]):
                if outline.home(start) is not outline.home(line):
                    continue  # stretched over the end of an entry by people: it is theirs
                inside = "".join(outline.lines[start + 1 : line])
                yield Block(
                    part=match["part"],
                    key=match["key"],
                    span=Span(start=start, end=line + 1),
                    written=first["digest"],
                    edited=digest(inside) != first["digest"],
                )
