"""From an event to rows: which values of it a question takes, and to which group they belong.

Logical fields beside those of `catalog.DEFAULT_FIELDS` are derived here: `begin` is `time` less `duration_s` (in APL on
Unix seconds, or as a timespan), `timed_trajectories` the trajectories of an event that has a time (always, in Axiom),
and `score`, `win` and `power` belong to a seat of a game. No running state may enter.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from checks.questions.definition import Question
from checks.questions.group import Stream
from checks.questions.reader import (
    TEXTS,
    Event,
    Fields,
    ReadNumber,
    ReadText,
    number_reader,
    object_reader,
    parse_name,
    text_reader,
    time_reader,
    to_number,
    to_text,
)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """One seat of a game."""

    power: str
    score: float
    win: float


ReadSeats: TypeAlias = Callable[[Event], tuple[tuple[Seat, ...], int] | None]


OF_SEAT: Mapping[str, Callable[[Seat], float]] = MappingProxyType(
    {"score": lambda seat: seat.score, "win": lambda seat: seat.win}
)


@dataclass(frozen=True, kw_only=True)
class Route:
    """What one question does with the events of one name."""

    takes: tuple[tuple[int, ReadNumber], ...]
    """Place of a stream, and the reader of its values; none where the values are those of seats."""
    grouped: bool
    """They carry the field grouped by; else they are counted over all groups only."""


class Readers:
    """The readers of all logical fields; ValueError where a name cannot be read."""

    def __init__(self, fields: Fields) -> None:
        for field, names in fields.items():
            for name in names:
                parse_name(field, name)
        self.seats = _seats_reader(fields["scores"])
        self._numbers: dict[str, ReadNumber] = {"time": time_reader(fields["time"])}
        self._texts: dict[str, ReadText] = {}
        for field, names in fields.items():
            if field in TEXTS:
                self._texts[field] = text_reader(names)
            elif field not in ("time", "scores"):
                self._numbers[field] = number_reader(names)
        self._numbers["begin"] = _begin_reader(self._numbers["time"], self._numbers["duration_s"])
        self._numbers["timed_trajectories"] = _timed_reader(self._numbers["time"], self._numbers["trajectories"])

    def text(self, field: str) -> ReadText:
        """Give the reader of a text field."""
        return self._texts[field]

    def number(self, field: str) -> ReadNumber:
        """Give the reader of a number or a time."""
        return self._numbers[field]


def build_routes(question: Question, by: str | None, streams: Sequence[Stream], readers: Readers) -> dict[str, Route]:
    """Lay out what happens with each event that the question reads."""
    return {
        name: Route(
            takes=tuple(
                (place, readers.number(stream.field))
                for place, stream in enumerate(streams)
                if name in stream.events and not question.seats
            ),
            grouped=any(name in one.events and by not in one.across for one in question.aggregates),
        )
        for name in question.reads
    }


def _begin_reader(read_time: ReadNumber, read_duration: ReadNumber) -> ReadNumber:
    def read(event: Event) -> float | None:
        time, duration = read_time(event), read_duration(event)
        begin = math.nan if time is None or duration is None else time - duration
        return None if math.isnan(begin) else begin

    return read


def _timed_reader(read_time: ReadNumber, read_trajectories: ReadNumber) -> ReadNumber:
    def read(event: Event) -> float | None:
        time = read_time(event)
        return None if time is None or math.isnan(time) else read_trajectories(event)

    return read


def _seats_reader(names: tuple[str, ...]) -> ReadSeats:
    """Make the reader of a game: its seats with finite scores, and how many seats have none; None without scores."""
    read_scores = object_reader(names)

    def read(event: Event) -> tuple[tuple[Seat, ...], int] | None:
        found = read_scores(event)
        if found is None:
            return None
        numbers = {power: to_number(value) for power, value in found.items() if value is not None}
        scores = {to_text(power) or "": score for power, score in numbers.items() if math.isfinite(score)}
        if not scores:
            return (), max(1, len(numbers))
        highest = max(scores.values())
        winners = sum(score == highest for score in scores.values())
        seats = tuple(
            Seat(power=power, score=score, win=1 / winners if score == highest else 0.0)
            for power, score in scores.items()
        )
        return seats, len(numbers) - len(seats)

    return read
