"""What people see of an Elo analysis, as tables of texts, for the terminal and the Markdown alike.

Texts pass through unescaped: the page that shows them escapes. No colour, markup or width of a page may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action.report.view import NOTHING
from checks.elo.answer import Mode
from checks.elo.facts import EloFacts, RatingFacts, Span
from checks.elo.words import elo as elo_text
from checks.elo.words import many
from checks.result import Pace, Progress

_MARKS = {">": "never lost", "<": "never won", "?": "not comparable"}
CHART = 32
"""Columns of a chart."""


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A table of texts."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[int]
    """Columns of numbers, to be set flush right."""


def elo_tables(facts: EloFacts) -> tuple[TextTable, ...]:
    """Give every table that has rows: ratings, learning, head to head, seats."""
    tables = (ratings_table(facts), _learning_table(facts), _meetings_table(facts), _seats_table(facts))
    return tuple(table for table in tables if table.rows)


def ratings_table(facts: EloFacts) -> TextTable:
    """Give a row an agent, best first."""
    if facts.mode is Mode.SERIES:
        return TextTable(
            title="Logged ratings (to look at, not to compare)",
            heads=("agent", "kind", "step", "last rating"),
            rows=tuple((row.agent, row.kind.value, _step(row.step), elo_text(row.span.elo)) for row in _by_step(facts)),
            right=frozenset({2, 3}),
        )
    level = f"{facts.confidence * 100:g} % interval"
    return TextTable(
        title="Ratings",
        heads=("agent", "kind", "step", "rating", level, "games", "flags"),
        rows=tuple(
            (
                row.agent,
                row.kind.value,
                _step(row.step),
                elo_text(row.span.elo),
                interval_text(row.span),
                f"{row.games:,}",
                ", ".join(_MARKS.get(flag, flag) for flag in row.flags) or NOTHING,
            )
            for row in facts.ratings
        ),
        right=frozenset({2, 3, 5}),
    )


def _by_step(facts: EloFacts) -> list[RatingFacts]:
    """Give the checkpoints by step, then the others by name."""
    return sorted(facts.ratings, key=lambda row: (row.step is None, row.step or 0, row.agent))


def _step(step: int | None) -> str:
    return NOTHING if step is None else f"{step:,}"


def interval_text(span: Span) -> str:
    """Write an interval; a side that is open is said.

    >>> interval_text(Span(elo=1.0, low=-12.0, high=14.0)), interval_text(Span(elo=None, low=183.0, high=None))
    ('-12 to 14', 'from 183')
    """
    if span.low is None and span.high is None:
        return NOTHING
    if span.low is None:
        return f"up to {elo_text(span.high)}"
    if span.high is None:
        return f"from {elo_text(span.low)}"
    if span.low == span.high:
        return "given"
    return f"{elo_text(span.low)} to {elo_text(span.high)}"


def _learning_table(facts: EloFacts) -> TextTable:
    learning = facts.learning
    first = "is the reference falling behind the checkpoints' trend?"
    latest = "is the newest checkpoint above the best older one?"
    if facts.mode is Mode.SERIES:
        first = "has the reference's rating fallen in the pool? (newcomers alone can do that)"
        latest = "is the newest checkpoint above all the others together?"
    asked = (
        (first, learning.reference_decline),
        ("did training gain against the bots, in total?", learning.exploitation),
        *((f"… against {name}?", span) for name, span in learning.bots),
        ("do older checkpoints fall behind newer ones?", learning.older_checkpoints),
        (latest, learning.latest),
        ("do ratings rise with training, per 100 steps?", learning.slope_per_100_steps),
    )
    rows = tuple(
        (question, answer_of(span), elo_text(span.elo), interval_text(span))
        for question, span in asked
        if span is not None
    )
    heads = ("question", "answer", "Elo", "interval")
    return TextTable(title="Learning signal", heads=heads, rows=rows, right=frozenset({2}))


def answer_of(span: Span) -> str:
    """Answer whether something is above 0: yes, no, or cannot tell.

    >>> [answer_of(Span(elo=1.0, low=low, high=high)) for low, high in ((1, 2), (-2, -1), (-1, 1), (None, 1))]
    ['yes', 'no', 'cannot tell', 'cannot tell']
    """
    if span.low is not None and span.low > 0:
        return "yes"
    return "no" if span.high is not None and span.high < 0 else "cannot tell"


def _meetings_table(facts: EloFacts) -> TextTable:
    candidate = "candidate" if facts.gap is None else facts.gap.candidate
    rows = tuple(
        (
            row.reference,
            f"{row.meetings:,}",
            f"{row.points / row.meetings:.1%}",
            NOTHING if row.expected is None else f"{row.expected / row.meetings:.1%}",
        )
        for row in facts.head_to_head
        if row.meetings > 0
    )
    return TextTable(
        title=f"{candidate} head to head",
        heads=("against", "pairs of seats", "score", "expected by rating"),
        rows=rows,
        right=frozenset({1, 2, 3}),
    )


def _seats_table(facts: EloFacts) -> TextTable:
    rows = tuple((name, elo_text(span.elo), interval_text(span)) for name, span in facts.seats)
    return TextTable(title="What seats are worth", heads=("seat", "Elo", "interval"), rows=rows, right=frozenset({1}))


_PACES = {
    Pace.AHEAD: "ahead of it",
    Pace.BEHIND: "behind it",
    Pace.UNCLEAR: "cannot tell",
    Pace.DOUBTED: "games in doubt",
    Pace.NOT_MEASURED: "not measured",
}


def progress_table(progress: Progress) -> TextTable:
    """Give a row a point of the expected curve."""
    rows = tuple(
        (
            f"{point.by:,}",
            point.checkpoint or NOTHING,
            elo_text(point.expected),
            elo_text(point.elo),
            interval_text(Span(elo=point.elo, low=point.low, high=point.high)),
            _PACES[point.pace],
        )
        for point in progress.points
    )
    return TextTable(
        title=f"Progress beside what the policy expects (Elo above {progress.reference}; shown, not judged)",
        heads=("by step", "checkpoint", "expected at its step", "measured", "interval", "reading"),
        rows=rows,
        right=frozenset({0, 2, 3}),
    )


def charts(facts: EloFacts, *, width: int = CHART, plain: bool = False) -> tuple[str, ...]:
    """Draw each rating with its interval on one scale, a line of `width` characters an agent; empty for series.

    An end that is open reaches to the edge. `plain`: ASCII.
    """
    if facts.mode is Mode.SERIES:
        return ()
    spans = [row.span for row in facts.ratings]
    ends = [value for span in spans for value in (span.elo, span.low, span.high) if value is not None]
    if not ends or min(ends) == max(ends):
        return ()
    return tuple(_draw(span, (min(ends), max(ends)), width, plain) for span in spans)


def _draw(span: Span, scale: tuple[float, float], width: int, plain: bool) -> str:
    low, high = scale
    line, dot, left, right = ("-", "o", "<", ">") if plain else ("─", "●", "◂", "▸")

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (width - 1))

    if span.low is None and span.high is None:
        return " " * width
    begin = 0 if span.low is None else place(span.low)
    end = width - 1 if span.high is None else place(span.high)
    cells = [line if begin <= at <= end else " " for at in range(width)]
    if span.low is None:
        cells[0] = left
    if span.high is None:
        cells[-1] = right
    if span.elo is not None:
        cells[place(span.elo)] = dot
    return "".join(cells)


def method_of(facts: EloFacts) -> str:
    """Say on what and how the analysis was made, in one sentence."""
    rests: Sequence[str] = (
        (f"{many(facts.games, 'game')} in {many(facts.clusters, 'cluster')} (one a {facts.cluster})",)
        if facts.mode is Mode.GAMES
        else (f"{many(facts.clusters, 'logged step')} used",)
    )
    given = [f"{name} {elo_text(rating)}" for name, rating in facts.references if rating is not None]
    scale = f"; scale from {', '.join(given)}" if given else ""
    return f"{rests[0]}{scale}. Method: {facts.method}."
