"""How long GitHub's limits are waited for, and how fast is written after them. No request is made here."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

_ONCE, _WHOLE = 30.0, 60.0
"""Seconds that are waited for one request, and for all of them."""
_UNSAID = 60.0
"""What GitHub asks for where its answer names no time."""
_APART = 1.0
"""Seconds between writes, after GitHub said that they were too many."""


@dataclass
class Patience:
    """The waits of one connection. Times are those of the wall, which GitHub's headers are written in."""

    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    _waited: float = 0.0
    _calm: bool = False
    _written: float = -math.inf

    def asked(self, headers: Mapping[str, object]) -> float:
        """Give the seconds that a refusal of too many requests asks for."""
        after = str(headers.get("retry-after", "")).strip()
        if after:
            return self._after(after)
        if str(headers.get("x-ratelimit-remaining", "")).strip() == "0":
            try:
                reset = float(str(headers.get("x-ratelimit-reset", "")))
            except ValueError:
                return _UNSAID
            return max(0.0, reset - self.clock()) if math.isfinite(reset) else _UNSAID
        return _UNSAID

    def wait(self, seconds: float, before: float) -> bool:
        """Wait, where that is allowed to one who waited so many seconds before; tell whether it was."""
        if not (seconds + before <= _ONCE and seconds + self._waited <= _WHOLE):
            return False
        self._waited += seconds
        self._calm = True
        self.sleep(seconds)
        return True

    def rest(self, tries: int) -> None:
        """Wait a little after a failure."""
        self.sleep(0.5 * tries)

    def pace(self) -> None:
        """Keep writes apart, once GitHub has asked for it."""
        if self._calm:
            early = self._written + _APART - self.clock()
            if early > 0:
                self.sleep(min(early, _APART))
        self._written = self.clock()

    def _after(self, text: str) -> float:
        try:
            seconds = float(text)
        except ValueError:
            try:
                moment = parsedate_to_datetime(text)
            except ValueError:
                return _UNSAID
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = moment.timestamp() - self.clock()
        return max(0.0, seconds) if math.isfinite(seconds) else _UNSAID
