"""What a log question is: events, aggregates over them, and the columns made of the aggregates.

A definition is plain data with two executions that must give the same number: streaming over event files (`tally`),
and one Axiom query (APL) that `summarize`s. So nothing may enter that APL cannot say: no code, no state between events.
Columns are made of the aggregates by `formula`, once for both executions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from checks.questions.formula import Formula, Grade, Moment


class Kind(StrEnum):
    """How an aggregate is made of the events it selects: `e` stands for `event in (events)`, `x` for its field.

    A field without a usable number is null, and null enters no aggregate but `MISSING`. An aggregate of no value is
    null, a count of nothing 0.
    """

    COUNT = "count"
    """APL `countif(e)`; over seats it counts the games, each once a group."""
    MISSING = "missing"
    """How many of the events hold no usable number: APL `countif(e and isnull(x))`."""
    SUM = "sum"
    """APL `sumif(x, e)`, but null (not 0) where no event holds a number: `iff(countif(e and isnotnull(x)) > 0, …)`."""
    AVG = "avg"
    """APL `avgif(x, e)`."""
    MIN = "min"
    """APL `minif(x, e)`."""
    MAX = "max"
    """APL `maxif(x, e)`."""
    PERCENTILE = "percentile"
    """Exact here: with the n values sorted from x[0], the value at place h = (n − 1)·q, linear between its neighbours
    (NumPy's default; Hyndman and Fan 1996, definition 7). APL `percentile(iff(e, x, real(null)), 100·q)` is an
    *estimate* on large data, and the source that uses it says so in a note."""
    SPREAD = "spread"
    """Over seats alone: the largest minus the smallest of the means of x per power; null with fewer than two powers.
    APL in two steps: `summarize m = avg(x) by power, GROUP | summarize iff(count() > 1, max(m) - min(m), real(null)) by
    GROUP`."""


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """One number made of the events of a group."""

    name: str
    kind: Kind
    events: tuple[str, ...]
    field: str = ""
    """Logical field (see `catalog.DEFAULT_FIELDS`) or one derived from it (see `route`); empty for `COUNT`."""
    q: float | None = None
    """Of a `PERCENTILE`, in [0, 1]."""
    across: tuple[str, ...] = ()
    """Groupings whose field these events do not carry (a rollout that completes has no error message): there the
    aggregate (a `COUNT`) is made over all groups, in APL by the same query without `by`."""


@dataclass(frozen=True, kw_only=True)
class Value:
    """One column of an answer."""

    name: str
    unit: str | None
    """`s`, `share` (in [0, 1]), `tokens/s`, `1/h`; None: a bare number or a text."""
    text: str
    """What it means, in one sentence."""
    formula: Formula

    @property
    def is_number(self) -> bool:
        """Tell whether a policy can bound it."""
        return not isinstance(self.formula, Grade | Moment)


@dataclass(frozen=True, kw_only=True)
class Question:
    """One log question."""

    name: str
    text: str
    """What it asks, in one sentence."""
    events: tuple[str, ...]
    """The events that the answer rests on: without one of them nothing is measured, and every number is None.
    Aggregates may read others beside them (a start gives the time span); those alone make no row."""
    aggregates: tuple[Aggregate, ...]
    values: tuple[Value, ...]
    groups: tuple[str, ...]
    """Logical text fields that it may be grouped by; without grouping there is one row. APL `tostring(field)`, cut to
    500 characters, empty or missing text is null; `order by` events descending, then group ascending, null last."""
    needs: tuple[str, ...] = ()
    """Fields that every event of the question should hold: a note says how many do not."""
    exclusive: bool = False
    """Its events are records of one and the same thing, best first: only the first that occurs at all is used.
    APL: `summarize … by event, GROUP`, then the rows of that event."""
    seats: bool = False
    """Asked of the seats of a game, not of its event: each event with `scores` becomes one row a power with `power`,
    `score` and `win` (1 for the only highest score, 1/k for each of k equal ones, else 0). A seat without a finite
    score is left out; an event without any is no game. APL: the powers are columns `['final_scores.NAME']`, and
    `max_of` them is the highest score."""
    limit: int | None = None
    """How many rows, most events first, a grouped answer has unless more are asked for; None: all."""

    @property
    def reads(self) -> tuple[str, ...]:
        """Every event that it reads, those that the answer rests on first."""
        beside = (name for one in self.aggregates for name in one.events)
        return tuple(dict.fromkeys((*self.events, *beside)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of its values, in the order of the answer's columns."""
        return tuple(value.name for value in self.values)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The names of the values that a policy can bound."""
        return tuple(value.name for value in self.values if value.is_number)

    def value(self, name: str) -> Value:
        """Return the value of this name; ValueError lists those there are."""
        for value in self.values:
            if value.name == name:
                return value
        raise ValueError(f"log question {self.name} has no value {name!r}; it has {', '.join(self.columns)}")
