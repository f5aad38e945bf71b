"""One log question while its events come in.

Memory does not grow with the events, but for 8 bytes a value of each percentile. No file and no report may enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.questions.definition import Question
from checks.questions.group import Group, Running, list_streams, read_cells
from checks.questions.reader import Event
from checks.questions.route import OF_SEAT, Readers, Seat, build_routes
from checks.questions.table import Tallied

MOST_GROUPS = 10_000
"""How many groups one answer may have before it is cut to its limit."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One question as it is asked."""

    question: Question
    by: str | None = None
    """One of the question's groups; None: a single row."""
    limit: int | None = None
    """How many rows at most, most events first; None: the question's own limit."""

    def __post_init__(self) -> None:
        if self.by is not None and self.by not in self.question.groups:
            allowed = ", ".join(self.question.groups)
            raise ValueError(f"log question {self.question.name} cannot be grouped by {self.by!r}; it can by {allowed}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"log question {self.question.name}: expected a limit of at least 1 row, got {self.limit}")

    @property
    def title(self) -> str:
        """The question in words: `errors by message`."""
        return self.question.name if self.by is None else f"{self.question.name} by {self.by}"


@dataclass(frozen=True, kw_only=True)
class Loss:
    """How many values of a field were there, and how many not."""

    field: str
    of: str
    """What holds the field, in words."""
    usable: int
    unusable: int
    """A value that is no finite number, or below 0 where that cannot be."""
    absent: int


class Tally:
    """The aggregates of one asked question over the events it is given."""

    def __init__(self, ask: Ask, listens: tuple[str, ...], readers: Readers) -> None:
        self.ask = ask
        self.listens = listens
        """The events it is given."""
        self._streams = list_streams(ask.question.aggregates)
        self._routes = build_routes(ask.question, ask.by, self._streams, readers)
        self._by_seat = ask.question.seats and ask.by == "power"
        self._read_key = None if ask.by is None or self._by_seat else readers.text(ask.by)
        self._read_seats = readers.seats
        self._groups: dict[str | None, Group] = {}
        self._whole = Group(())
        self._lost_seats = 0

    @property
    def events(self) -> int:
        """How many events the answer rests on so far."""
        return self._whole.count_of(self.ask.question.events)

    @property
    def crowded(self) -> bool:
        """Tell whether some group has too many powers for their spread to be measured."""
        return any(group.crowded for group in self._groups.values())

    def take(self, name: str, event: Event) -> None:
        """Take one of its events; ValueError where there are too many groups."""
        if self.ask.question.seats:
            self._take_game(name, event)
            return
        self._whole.count(name)
        route = self._routes[name]
        if route.grouped:
            group = self._group(event)
            group.count(name)
            for place, read in route.takes:
                group.streams[place].add(read(event))

    def groups(self) -> list[Tallied]:
        """Give the aggregates of every group that the answer has a row for: at least one."""
        question, by = self.ask.question, self.ask.by
        found = [(key, group) for key, group in self._groups.items() if group.count_of(question.events)]
        if not found:
            found = [(None, Group(self._streams))]
        if not self.events:
            return [Tallied(key=None, events=0)]
        return [
            Tallied(
                key=key,
                events=group.count_of(question.events),
                cells=read_cells(question.aggregates, self._streams, group, self._whole, by),
            )
            for key, group in found
        ]

    def losses(self) -> Iterator[Loss]:
        """Give, for each stream, what its events lacked."""
        for place, stream in enumerate(self._streams):
            runnings: list[Running] = [group.streams[place] for group in self._groups.values()]
            heard = [name for name in stream.events if name in self.listens]
            yield Loss(
                field=stream.field,
                of="seats" if self.ask.question.seats else " and ".join(heard),
                usable=sum(one.n for one in runnings),
                unusable=sum(one.unusable for one in runnings) + self._lost_seats,
                absent=sum(one.absent for one in runnings),
            )

    def _take_game(self, name: str, event: Event) -> None:
        game = self._read_seats(event)
        if game is None:
            return
        seats, lost = game
        self._lost_seats += lost
        if not seats:
            return
        self._whole.count(name)
        if self._by_seat:
            for seat in seats:
                self._add_seats(name, self._named(seat.power), (seat,))
        else:
            self._add_seats(name, self._group(event), seats)

    def _add_seats(self, name: str, group: Group, seats: tuple[Seat, ...]) -> None:
        group.count(name)
        for seat in seats:
            for stream, running in zip(self._streams, group.streams, strict=True):
                running.add(OF_SEAT[stream.field](seat))
            group.add_power(seat.power, seat.score)

    def _group(self, event: Event) -> Group:
        return self._named(None if self._read_key is None else self._read_key(event))

    def _named(self, key: str | None) -> Group:
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= MOST_GROUPS:
                raise ValueError(
                    f"{self.ask.title}: more than {MOST_GROUPS:,} groups; group by a field with fewer values"
                )
            group = self._groups[key] = Group(self._streams)
        return group
