"""Placeholders for the run's names in a query of the policy's own. What is put in their place may not enter."""

from __future__ import annotations

import re
from collections.abc import Callable

PLACEHOLDERS = ("run.name", "run.id")
_ANY = re.compile(r"\{(run\.[A-Za-z_.]*)\}")
_LOOSE = re.compile(r"\{(\s*run\s*\.[^{}\n]*)\}", re.IGNORECASE)
"""What was meant as a placeholder."""
_PARTS = re.compile(
    r"""
    //[^\n]*  # a comment, in which a quote begins nothing
    | (?P<text>
        # After an @ a backslash is a character as any other. A text that does not end on its line holds all that
        # follows: parsers do not agree where it ends.
        @" (?:[^"\n]|"")* (?:"|\n.*|\Z)
      | @' (?:[^'\n]|'')* (?:'|\n.*|\Z)
      | " (?:\\[^\n]|[^"\\\n])* (?:"|\\?\n.*|\\?\Z)
      | ' (?:\\[^\n]|[^'\\\n])* (?:'|\\?\n.*|\\?\Z)
      | ``` .*? (?:```|\Z)
      | ~~~ .*? (?:~~~|\Z)
    )
    """,
    re.DOTALL | re.VERBOSE,
)
_TOUCHES = re.compile(r"""[\w@"'`~]""")


def unknown(text: str) -> tuple[str, ...]:
    """Give the placeholders that mean nothing, in their order.

    >>> unknown("['x'] | where a == {run.name} and b == {run.user} and c == dynamic({})")
    ('run.user',)
    """
    return tuple(dict.fromkeys(name for name in _LOOSE.findall(text) if name not in PLACEHOLDERS))


def quoted(text: str) -> tuple[str, ...]:
    """Give the placeholders that stand in quotes, or right behind a quote, an `@` or a word.

    What is put in brings its own quotes: there they would end the text, and a run's name would be read as APL.

    >>> quoted('''['x'] | where a == "{run.name}" and b == {run.id} // it's {run.id}''')
    ('run.name',)
    """
    texts = [found.span() for found in _PARTS.finditer(text) if found["text"] is not None]
    return tuple(
        dict.fromkeys(
            found[1]
            for found in _ANY.finditer(text)
            if any(start < found.start() < end for start, end in texts)
            or _TOUCHES.match(text[max(0, found.start() - 1) : found.start()])
        )
    )


def fill(text: str, written: Callable[[str], str]) -> str:
    """Put something in the place of each placeholder; what was put in is not read again.

    >>> fill("run == {run.name}", lambda name: '"{run.id}"')
    'run == "{run.id}"'
    """
    return _ANY.sub(lambda found: written(found[1]), text)
