"""Starter files through Jinja: every value that a template prints is a scalar of YAML, or text for a comment.

What is written into them may not enter.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from action.escape import one_line

if TYPE_CHECKING:
    from jinja2 import Environment

# Words that YAML 1.1 takes for something else than text.
_PLAIN = re.compile(r"(?!(?:null|true|false|yes|no|on|off|y|n)\Z)[a-z][\w./-]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Remark:
    """Text for a comment: it stays on its line, whatever is in it."""

    text: str


def render_starter(name: str, page: Mapping[str, object]) -> str:
    """Lay a starter file out by a template of ours."""
    return _environment().get_template(name).render(page)


def scalar(text: str) -> str:
    r"""Write a text as one scalar of YAML.

    >>> print(scalar("train/kl"), scalar("on"), scalar('a: "b"\n'))
    train/kl "on" "a: \"b\"\U0000000A"
    """
    if _PLAIN.fullmatch(text):
        return text
    escaped = (f"\\{c}" if c in '"\\' else c if c.isprintable() else f"\\U{ord(c):08X}" for c in text)
    return f'"{"".join(escaped)}"'


@functools.cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - costs 0.1 s, and only `init` needs it

    # Braces belong to GitHub's own expressions.
    environment = Environment(
        loader=PackageLoader("templates", ""),
        autoescape=False,  # noqa: S701 - YAML: `_finalize` does it
        finalize=_finalize,
        undefined=StrictUndefined,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.clear()
    environment.globals.clear()
    return environment


def _finalize(value: object) -> str:
    if isinstance(value, Remark):
        # Blanks at the ends belong to the layout.
        return " " * value.text.startswith(" ") + one_line(value.text)
    if isinstance(value, str):
        return scalar(value)
    raise TypeError(f"a template prints {value!r}: expected text or a remark")
