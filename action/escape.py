"""Hostile text made harmless, once, for every place that people look at.

Names of runs, metrics and checkpoints, log fields, and sentences that quote them may hold anything. `one_line` makes
them safe for a terminal, `markdown` for GitHub-flavoured Markdown. No layout and no template may enter.

Two layers on GitHub have to be disarmed. Markdown's own syntax is written as character references, which the parser
never takes for structure and which mean the same in a paragraph, a table cell and an HTML block: one filter fits all.
Mentions, references, links, tasks and emoji are looked for later, in the rendered text, where a character reference is
a character again; there a zero-width space follows the character that would start one. It also outlives a reply by
e-mail, which quotes the text without its markup (https://github.com/dependabot/dependabot-core/pull/3157). Only words
that hold such a character lose exact copying; ordinary names of metrics and files do not.
"""

from __future__ import annotations

import re
from functools import lru_cache

LIMIT = 1_000
"""Most characters of one text."""
_AHEAD = 16
"""Of a longer text no more is looked at than so many times what is shown."""
WORD_HEAD, WORD_TAIL = 96, 24
"""What stays of a longer word; a digest with its prefix (71 characters) is never cut."""

# The colours of a log line: they change the looks alone, so they go without a trace. Any other sequence stays visible.
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
# Blank characters of every width. Written out, as is the next list, because Python's own tables grow with its version.
_BLANK = re.compile("[\t\n\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\u0085]+")
# Control characters, invisible and direction-changing ones, lone surrogates, non-characters.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff\U000ffffe-\U000fffff\U0010fffe-\U0010ffff]"
)
# More than two marks on one letter reach into the lines above and below.
_MARK = "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_MARKS = re.compile(f"({_MARK}{{2}}){_MARK}+")
_LONG_WORD = re.compile(rf"[^ ]{{{WORD_HEAD + WORD_TAIL + 1},}}")

# Structure of Markdown, HTML, mathematics and templates. `_` between letters or digits cannot open or close emphasis.
_STRUCTURE = re.compile(r"[&<>\"\\`*~\[\]|#@$^{}]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])")
# What opens a block at the start of a line: bullets, headings by underlining, numbered lists.
_OPENING = re.compile(r"\A(?:(?P<mark>[-+=:](?![0-9A-Za-z.]))|(?P<digits>[0-9]+)(?P<stop>[.)])(?=\Z| ))")
# What a later filter of GitHub makes a link, a mention or a picture of; the space goes after the first group.
_REFERENCE = re.compile(
    r"\A(\[)"  # tasks and alerts
    r"|(@)(?=[0-9A-Za-z]|\Z)"  # mentions and e-mail addresses
    r"|(#)(?=[0-9]|\Z)"  # issues
    r"|(\b(?:GH|GHSA|CVE)-)"  # issues and advisories
    r"|(:)(?=//)|(\bwww)(?=\.)"  # addresses
    r"|(:)(?![0-9]{2}:)(?=[\w+-]+:)",  # emoji, which no time of day is
    re.IGNORECASE | re.ASCII,
)
_GAP = "\u200b"


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _shortened(match: re.Match[str]) -> str:
    return f"{match[0][:WORD_HEAD]}…{match[0][-WORD_TAIL:]}"


def one_line(text: str, *, limit: int = LIMIT, whole_words: bool = False) -> str:
    r"""Return the text as one line of visible characters that no terminal obeys.

    Blank space of any kind becomes single spaces, colour sequences go, other control, invisible and direction-changing
    characters are written out, words over 120 characters keep their ends (`whole_words`: stay whole, as paths in errors
    have to), and the whole is cut to `limit` characters.

    >>> print(one_line("a\n b\x1b[31mred\x1b[0m \x1b]0;title\x07 \u202e|"))
    a bred \x1b]0;title\x07 \u202e|
    """
    # Ahead of every expression: none of them has to walk over more than could be shown anyway.
    text = text[: _AHEAD * limit]
    text = _BLANK.sub(" ", _COLOUR.sub("", text)).strip(" ")
    text = _MARKS.sub(r"\1…", _INVISIBLE.sub(_visible, text))
    # A runner of GitHub Actions takes `::name` at the start of a line, and `##[name` anywhere, for a command.
    text = text.replace("::", ":\\x3a").replace("##[", "#\\x23[")
    text = text if whole_words else _LONG_WORD.sub(_shortened, text)
    return text if len(text) <= limit else text[: limit - 1].rstrip(" ") + "…"


def printable(text: str, encoding: str, *, whole_words: bool = False) -> str:
    r"""Return `one_line(text)` in characters that the encoding of a stream has; others are written out.

    >>> print(printable("5 … 7 – Ω", "ascii"), printable("5 … 7 – Ω", "utf-8"))
    5 ... 7 - \u03a9 5 … 7 – Ω
    """
    line = one_line(text, whole_words=whole_words)
    if encoding.lower().replace("-", "").replace("_", "").startswith("utf"):
        return line
    return line.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)


_PLAIN = str.maketrans(
    {"…": "...", "–": "-", "—": "-", "→": "->", "≤": "<=", "≥": ">=", "−": "-", "×": "x"}
    | dict.fromkeys("“”", '"')
    | dict.fromkeys("‘’", "'")
)


def markdown(text: str, *, limit: int = LIMIT) -> str:
    """Return the text as GitHub-flavoured Markdown that shows exactly `one_line(text)` and does nothing.

    Fits a paragraph, a heading, a list item, a table cell, a quotation, the text of a link and of an HTML element; not
    an attribute, an address or a comment. Commit hashes stay whole: GitHub links those of the repository itself.

    >>> markdown("kl_p95 | *<b>* @team")
    'kl_p95 &#124; &#42;&#60;b&#62;&#42; &#64;&#8203;team'
    """
    return _markdown(text[: _AHEAD * limit], limit)


@lru_cache(maxsize=1024)
def _markdown(text: str, limit: int) -> str:
    """Do it; a report that is laid out in several lengths, until one fits, says the same words each time."""
    line = one_line(text, limit=limit) or _GAP  # an empty text would pull the marks around it together
    line = _REFERENCE.sub(lambda match: match[0] + _GAP, line)
    line = _STRUCTURE.sub(lambda match: f"&#{ord(match[0])};", line)
    return _OPENING.sub(_closed, line).replace(_GAP, f"&#{ord(_GAP)};")


def _closed(match: re.Match[str]) -> str:
    if match["mark"]:
        return f"&#{ord(match['mark'])};"
    return f"{match['digits']}&#{ord(match['stop'])};"


_ADDRESS = re.compile(r"https://[0-9A-Za-z.-]+(?::[0-9]+)?(?:/[0-9A-Za-z._~/%?=&+,:-]*)?", re.ASCII)


def address(url: str | None) -> str | None:
    """Return the URL if it can stand between the parentheses of a Markdown link; None: show it as text, or nothing.

    Only HTTPS without user, fragment, parentheses and anything that would have to be escaped.

    >>> address("https://wandb.ai/team/league/runs/abc"), address("javascript:alert(1)"), address("https://a@b/")
    ('https://wandb.ai/team/league/runs/abc', None, None)
    """
    return url if url is not None and len(url) <= 500 and _ADDRESS.fullmatch(url) else None
