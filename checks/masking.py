"""Commands and notes with every secret masked.

Whether a text holds one is decided elsewhere; what the text is for may not enter.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from checks.secrecy import HIDDEN, holds_secret, may_be_secret, names_secret

_OPTION = re.compile(r"--?[A-Za-z][\w.-]*")
_AN_OPTION = re.compile(r"-[A-Za-z]|--[A-Za-z].*", re.DOTALL)
"""What follows an option and is one itself rather than its value; `-hunter2` is none."""
_EMPTY = frozenset(("", "=", ":"))
"""What may stand between an option and its value."""
_USERS = frozenset(("u", "user"))
"""Options whose value may be `name:word`, as curl has it."""
_CONTINUED = re.compile(r"(?<![ \t])[ \t]*+\\[ \t]*+\r?\n\s*+")
"""The end of a line of a shell's command that goes on."""
_QUOTED = re.compile(r"(?P<key>[\w.-]++)[\"']?\s*+[=:]\s*+(?P<quote>[\"'])(?P<value>[^\"'\n]*)(?P=quote)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class _Word:
    """A word of a command: what may be shown, and whether the rest is masked."""

    shown: str
    masked: bool = False


def masked_command(command: str) -> str:
    """Mask what may be a secret in a command line: the value of `--key`, `KEY=value`, or a word by itself.

    Words are taken apart as a shell does. One that has no secret in it stays as it was written.

    >>> masked_command("WANDB_API_KEY=abc python train.py --hub-token hf_x --lr 1e-5 --user=bob")
    'WANDB_API_KEY=*** python train.py --hub-token *** --lr 1e-5 --user=bob'
    """
    try:
        words = shlex.split(command)
    except ValueError:  # a quotation that never ends
        return HIDDEN if holds_secret(command) else command
    found = [*_masked(words)]
    if not any(word.masked for word in found):
        return command
    return " ".join(_typed(word) for word in found)


def _typed(word: _Word) -> str:
    if not word.masked:
        return shlex.quote(word.shown)
    return f"{shlex.quote(word.shown)}{HIDDEN}" if word.shown else HIDDEN


def masked_notes(text: str) -> str:
    """Mask what may be a secret in what people wrote; a line in which it cannot be told apart goes whole.

    >>> print(masked_notes("try beta\\nexport WANDB_API_KEY=abc\\npassword: correct horse"))
    try beta
    export WANDB_API_KEY=***
    ***
    """
    if not holds_secret(text):
        return text
    lines = [_masked_line(line) for line in _CONTINUED.sub(" ", text).split("\n")]
    for at, (line, after) in enumerate(pairwise(lines)):
        if holds_secret(f"{line}\n{after}"):  # a name, and below it what it names
            lines[at + 1] = HIDDEN
    found = "\n".join(lines)
    return HIDDEN if holds_secret(found) else found


def _masked_line(line: str) -> str:
    if not holds_secret(line):
        return line
    plain = _QUOTED.sub(lambda one: _unquoted(one) if names_secret(one["key"], one["value"]) else one[0], line)
    words = re.split(r"(\s+)", plain)
    found = [f"{word.shown}{HIDDEN if word.masked else ''}" for word in _masked(words[::2], typed=False)]
    blanks = [*words[1::2], ""]
    told = "".join(f"{word}{blank}" for word, blank in zip(found, blanks, strict=True))
    return HIDDEN if holds_secret(told) else told


def _unquoted(match: re.Match[str]) -> str:
    return f"{match[0][: match.start('quote') - match.start()]}{HIDDEN}"


def _masked(words: Sequence[str], *, typed: bool = True) -> Iterator[_Word]:
    """Mask words, one after another: an option says what its value is; in what is `typed` so does `name:`."""
    key, several = "", False
    for word in words:
        if key and names_secret(key, word) and not _AN_OPTION.fullmatch(word):
            yield _Word(shown=word) if word in _EMPTY else _Word(shown="", masked=True)
            key = key if word in _EMPTY or several else ""
            continue
        name, equals, value = word.partition("=")
        option = _OPTION.fullmatch(word) or (equals and not value) or (typed and word.endswith(":"))
        if value and _gives(name.lstrip("-+"), value):
            yield _Word(shown=f"{name}=", masked=True) if not holds_secret(name) else _Word(shown="", masked=True)
        elif holds_secret(word) or (not option and _gives(key, word)):
            yield _Word(shown="", masked=True)
        else:
            yield _Word(shown=word)
        key = word.lstrip("-+").rstrip("=: ") if option else ""
        several = key.endswith("s")


def _gives(key: str, value: str) -> bool:
    return may_be_secret(key, value) or (key in _USERS and ":" in value)
