"""The answer as a table: rows in order, columns by formula. The last step of both executions.

No event may enter: what comes in is the aggregates of each group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from checks.questions.definition import Question
from checks.questions.formula import Cells, evaluate
from checks.run import LogTable, Scalar


@dataclass(frozen=True, kw_only=True)
class Tallied:
    """The aggregates of one group."""

    key: str | None
    """The group's name; None: the events without one, or the only group."""
    events: int
    """How many events of the question it rests on; with 0 of them it makes no row."""
    cells: Cells = field(default_factory=dict)


def build_table(
    question: Question, groups: Sequence[Tallied], *, by: str | None, events: int, limit: int | None = None
) -> LogTable:
    """Lay out the answer: most events first, then by name, at most `limit` rows.

    There is always a row: without a group the one of no events, whose numbers are None unless something counts over all
    groups.
    """
    rows = sorted(groups, key=lambda group: (-group.events, group.key is None, group.key or ""))
    return LogTable(
        question=question.name,
        by=by,
        columns=(*(() if by is None else (by,)), *question.columns),
        rows=tuple(_row(question, group, by) for group in rows[:limit]),
        events=events,
    )


def _row(question: Question, group: Tallied, by: str | None) -> tuple[Scalar, ...]:
    values = (evaluate(value.formula, group.cells) for value in question.values)
    return (*(() if by is None else (group.key,)), *values)
