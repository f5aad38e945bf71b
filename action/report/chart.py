"""Which pictures a comment shows of a verdict: strength over training, and the series of checks that are open.

What a picture means is said beside it, in texts that the page escapes. No syntax of a chart and no rule about the
verdict may enter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from action.report.mermaid import COLOURS, Point, draw
from action.report.render import safe
from action.report.table import sparkline
from action.report.view import OPEN, arrange, many
from checks.check import Policy, SeriesAsk
from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.elo.facts import EloFacts
from checks.result import CheckKind, CheckResult, Verdict
from checks.run import Evidence
from checks.threshold import find_series

MOST_CHARTS = 3
"""Of series."""
SPARK = 24
"""Blocks of a sparkline."""
_NAMED = 6
"""Most references that are said not to be drawn."""
_BOUND = re.compile(r"(?:(?:pass|fail) )?[<>]=? (-?[0-9]+(?:[.][0-9]+)?(?:e[-+]?[0-9]+)?)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A series as it is drawn: the metric that a check judged."""

    check: str
    """Id of the check."""
    name: str
    """Of the metric. May hold hostile text."""
    steps: Sequence[int]
    values: Sequence[float]
    """As many as steps. NaN and infinities are left out of a chart; a sparkline shows where they are."""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A picture with what has to be said beside it; the texts are not escaped, the code needs no escaping."""

    title: str
    code: str
    """Mermaid, without its fence."""
    legend: tuple[tuple[str, str], ...]
    """Coloured square → what the line is."""
    asides: tuple[str, ...]
    """What is drawn otherwise than it was measured, one sentence each."""


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What is to be drawn."""

    title: str
    line: str
    axis: str
    points: Sequence[Point]
    levels: Sequence[tuple[str, float]]
    asides: tuple[str, ...]


def charts_page(charts: Iterable[Chart]) -> list[dict[str, object]]:
    """Give what a page shows of charts."""
    return [
        {
            "title": chart.title,
            "code": safe(chart.code),  # of plain characters alone: see `mermaid`
            "legend": chart.legend,
            "asides": chart.asides,
        }
        for chart in charts
    ]


def lines_of(policy: Policy, evidence: Evidence) -> tuple[Line, ...]:
    """Give the series that the policy's checks judge, as far as the run has them."""
    found = [
        (check.id, find_series(policy, evidence.run, check.ask.metric))
        for check in policy.checks
        if isinstance(check.ask, SeriesAsk)
    ]
    return tuple(
        Line(check=check, name=series.name, steps=series.steps.tolist(), values=series.values.tolist())
        for check, series in found
        if series is not None
    )


def elo_chart(facts: EloFacts) -> Chart | None:
    """Draw the ratings of the checkpoints over training, the references as flat lines; None: too few checkpoints.

    Logged ratings are not drawn: they are to be looked at, not compared.
    """
    if facts.mode is Mode.SERIES:
        return None
    trained = [(row.step, row.span.elo) for row in facts.ratings if row.kind is AgentKind.CHECKPOINT]
    points = [Point(step=step, value=elo) for step, elo in trained if step is not None and elo is not None]
    ratings = {row.agent: row.span.elo for row in facts.ratings if row.kind is AgentKind.REFERENCE}
    known = [(name, elo) for name, _ in facts.references if (elo := ratings.get(name)) is not None]
    levels = known[: len(COLOURS) - 1]
    lost = len(trained) - len(points)
    hidden = [name for name, _ in facts.references if (name, ratings.get(name)) not in levels]
    named = ", ".join(hidden[:_NAMED]) + (", …" if len(hidden) > _NAMED else "")
    asides = [
        (lost, f"{many(lost, 'checkpoint', 'checkpoints')} without a step or a finite rating left out."),
        (len(hidden), f"Not drawn: {named}."),
    ]
    return _chart(
        _Plan(
            title="Elo over training",
            line="checkpoints",
            axis="Elo",
            points=points,
            levels=levels,
            asides=tuple(told for count, told in asides if count),
        )
    )


def series_charts(verdict: Verdict, lines: Iterable[Line]) -> tuple[Chart, ...]:
    """Draw the series of checks that a person has to read, at most three, in the order of the report.

    The bounds of a rule are flat lines where it holds values of the series itself against numbers. A metric that
    several checks judge is drawn once, for the first of them.
    """
    given = {line.check: line for line in lines}
    groups = arrange(verdict)
    drawn: dict[str, Chart] = {}
    for check in (check for group in OPEN for check in groups[group]):
        line = given.get(check.id)
        if line is None or line.name in drawn or len(drawn) == MOST_CHARTS:
            continue
        chart = _series_chart(line, check)
        if chart is not None:
            drawn[line.name] = chart
    return tuple(drawn.values())


def sparklines(lines: Iterable[Line]) -> dict[str, str]:
    """Draw a line of blocks a check, for its row; a dot where no number is."""
    drawn = {line.check: sparkline(line.values, width=SPARK) for line in lines}
    return {check: text for check, text in drawn.items() if text}


def _series_chart(line: Line, check: CheckResult) -> Chart | None:
    logged = zip(line.steps, line.values, strict=True)
    points = [Point(step=step, value=value) for step, value in logged if math.isfinite(value)]
    values = [point.value for point in points]
    bounds = _bounds(check) if values else []
    levels = [(told, bound) for told, bound in bounds if _is_near(bound, min(values), max(values))]
    far = ", ".join(told for told, bound in bounds if (told, bound) not in levels)
    lost = len(line.values) - len(points)
    asides = [
        (lost, f"{many(lost, 'value that is', 'values that are')} no finite number left out."),
        (far, f"The rule ({far}) lies far outside the picture."),
    ]
    return _chart(
        _Plan(
            title=check.title,
            line=line.name,
            axis=line.name,
            points=points,
            levels=levels,
            asides=tuple(told for holds, told in asides if holds),
        )
    )


def _bounds(check: CheckResult) -> list[tuple[str, float]]:
    """Return the numbers of a rule that holds values of the series itself against them; else nothing."""
    if check.kind is not CheckKind.THRESHOLD or check.unit is not None:
        return []
    found = [_BOUND.fullmatch(part) for part in (check.bound or "").split(", ")]
    return [(one[0], float(one[1])) for one in found if one is not None]


def _is_near(bound: float, low: float, high: float) -> bool:
    """Tell whether a bound leaves the values a fifth of the picture, so that they are still seen."""
    return low == high or max(high, bound) - min(low, bound) <= 5 * (high - low)


def _chart(plan: _Plan) -> Chart | None:
    drawing = draw(plan.points, [level for _, level in plan.levels], plan.axis)
    if drawing is None:
        return None
    count = len(plan.points)
    thinned = f"{drawing.shown} of {count:,} values are drawn: the lowest and the highest of every stretch of steps."
    squares = [square for square, _ in COLOURS]
    return Chart(
        title=plan.title,
        code=drawing.code,
        legend=tuple(zip(squares, [plan.line, *(told for told, _ in plan.levels)], strict=False)),
        asides=(*((thinned,) if drawing.shown < count else ()), *plan.asides),
    )
