"""Which part of a run a statistic looks at.

Statistics and bounds may not enter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from checks.document import quote
from checks.number import show_number
from checks.run import Steps

_SHARE = re.compile(r"last\s+(\d+(?:\.\d+)?)\s*%")
_COUNT = re.compile(r"last\s+(\d{1,15})\s+steps?")
_FROM = re.compile(r"step\s*>=\s*(\d{1,15})")


class WindowKind(StrEnum):
    """The three ways to name a part of a run, and the whole."""

    ALL = "all"
    SHARE = "share"
    STEPS = "steps"
    FROM = "from"


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of a run's steps, told by the steps of the *run*, not by those of one series.

    So a series that was no longer logged at the end has few values in `last 50%`, and none in `last 10 steps`.
    """

    kind: WindowKind = WindowKind.ALL
    amount: float = 0
    """A share in (0, 1], a number of steps, or the first step, by kind."""

    def first_step(self, first: int, last: int) -> int:
        """Give the first step inside, for a run that logged from `first` to `last`."""
        if self.kind is WindowKind.SHARE:
            return int(np.ceil(last - self.amount * (last - first)))
        if self.kind is WindowKind.STEPS:
            return last - int(self.amount) + 1
        return int(self.amount) if self.kind is WindowKind.FROM else first

    def mask(self, steps: Steps, first: int, last: int) -> NDArray[np.bool_]:
        """Tell which of a series' steps, shape (n,), lie inside; shape (n,)."""
        return steps >= self.first_step(first, last)

    def __str__(self) -> str:
        """Write the window as the policy does."""
        if self.kind is WindowKind.SHARE:
            return f"last {show_number(self.amount * 100)}%"
        if self.kind is WindowKind.STEPS:
            return f"last {int(self.amount)} steps"
        return f"step >= {int(self.amount)}" if self.kind is WindowKind.FROM else "all steps"


def parse_window(text: str) -> Window:
    """Read `all`, `last 50%` (of steps), `last 200 steps`, `step >= 100`; ValueError says what was expected.

    >>> str(parse_window("last 50%")), parse_window("last 50%").first_step(10, 250)
    ('last 50%', 130)
    >>> parse_window("last 200 steps").first_step(0, 999), parse_window("step >= 100").first_step(0, 999)
    (800, 100)
    """
    words = " ".join(text.split())
    if words == "all":
        return Window()
    if (found := _SHARE.fullmatch(words)) and 0 < float(found[1]) <= 100:
        return Window(kind=WindowKind.SHARE, amount=float(found[1]) / 100)
    if (found := _COUNT.fullmatch(words)) and int(found[1]) > 0:
        return Window(kind=WindowKind.STEPS, amount=int(found[1]))
    if found := _FROM.fullmatch(words):
        return Window(kind=WindowKind.FROM, amount=int(found[1]))
    raise ValueError(f'expected a window, got "{quote(text)}"; write all, last 50%, last 200 steps or step >= 100')
