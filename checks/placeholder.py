"""Placeholders for the run's names in a query of the policy's own. What is put in their place may not enter."""

from __future__ import annotations

import re
from collections.abc import Callable

PLACEHOLDERS = ("run.name", "run.id")
_ANY = re.compile(r"\{(run\.[A-Za-z_.]*)\}")


def unknown(text: str) -> tuple[str, ...]:
    """Give the placeholders that mean nothing, in their order.

    >>> unknown("['x'] | where a == {run.name} and b == {run.user} and c == dynamic({})")
    ('run.user',)
    """
    return tuple(dict.fromkeys(name for name in _ANY.findall(text) if name not in PLACEHOLDERS))


def fill(text: str, written: Callable[[str], str]) -> str:
    """Put something in the place of each placeholder; what was put in is not read again.

    >>> fill("run == {run.name}", lambda name: '"{run.id}"')
    'run == "{run.id}"'
    """
    return _ANY.sub(lambda found: written(found[1]), text)
