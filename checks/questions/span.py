"""Which events count, by time and severity. No file and no clock may enter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from checks.questions.answer import complete_fields
from checks.questions.reader import Event, Fields, text_reader, time_reader

ERROR_EVENTS = ("rollout_error",)
"""Events that have a severity."""
_LAST = re.compile(r"([1-9][0-9]{0,5})([mhdw])")
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def parse_last(text: str) -> float:
    """Read how far back, in seconds: `30m`, `6h`, `7d`, `1w`; ValueError says what is wrong.

    >>> parse_last("6h")
    21600.0
    """
    found = _LAST.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a time range such as 30m, 6h, 7d or 1w, got {text!r}")
    return float(found[1]) * _SECONDS[found[2]]


@dataclass(frozen=True, kw_only=True)
class Span:
    """A part of a log."""

    since: float | None = None
    """Unix seconds; None: from its begin on."""
    until: float | None = None
    severity: str | None = None
    """Only errors of this severity; events that are no errors are not asked for theirs."""


class Part:
    """The events of a log that lie in a span; how many had no time to tell."""

    def __init__(self, events: Iterable[Event], span: Span, fields: Fields) -> None:
        known = complete_fields(fields)
        self._events, self._span = events, span
        self._time, self._name = time_reader(known["time"]), text_reader(known["event"])
        self._severity = text_reader(known["severity"])
        self.timeless = 0

    def __iter__(self) -> Iterator[Event]:
        self.timeless = 0
        span = self._span
        for event in self._events:
            if span.severity is not None and self._is_other_error(event):
                continue
            if span.since is None and span.until is None:
                yield event
                continue
            time = self._time(event)
            if time is None or math.isnan(time):
                self.timeless += 1
            elif (span.since is None or time >= span.since) and (span.until is None or time <= span.until):
                yield event

    def _is_other_error(self, event: Event) -> bool:
        return self._name(event) in ERROR_EVENTS and self._severity(event) != self._span.severity
