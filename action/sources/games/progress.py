"""How far a reading is, told now and then.

No file and no form may enter.
"""

from __future__ import annotations

from collections.abc import Callable

_STEP = 0.005


class Progress:
    """Tells the share done, from 0 to 1, in stages; never goes back. Any thread may call it."""

    def __init__(self, tell: Callable[[float], None] | None = None) -> None:
        self.wanted = tell is not None
        self._tell = tell or (lambda _share: None)
        self._told = 0.0
        self.stage(0.0, 1.0)

    def stage(self, start: float, end: float, size: int = 1) -> None:
        """Begin a stage, which is that part of the whole; `size`: what `advance` counts up to."""
        self._start, self._end = start, end
        self._size, self._done = max(size, 1), 0
        self.at(0.0)

    def advance(self, amount: int) -> None:
        """Go on in the stage."""
        self._done += amount
        self.at(self._done / self._size)

    def at(self, share: float) -> None:
        """Be at a share of the stage."""
        whole = self._start + (self._end - self._start) * min(share, 1.0)
        if whole >= self._told + _STEP:
            self._told = whole
            self._tell(whole)

    def finish(self) -> None:
        """Tell that all is done."""
        self._told = 1.0
        self._tell(1.0)
