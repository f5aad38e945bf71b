"""Lines over steps as a Mermaid chart, within what every release that GitHub may run is known to draw rightly.

That is: categories instead of a numeric axis, a range of the values that is given, colours that are seen on white and
on black, numbers without exponent, and labels of plain characters. What a line means may not enter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_POINTS = 60
FEWEST_POINTS = 3
WIDTH, HEIGHT = 900, 320

COLOURS = (
    ("🟦", "#2f81f7"),
    ("🟥", "#e5534b"),
    ("🟧", "#d4791a"),
    ("🟪", "#a371f7"),
    ("🟩", "#2da44e"),
    ("🟫", "#9a6b4b"),
)
"""The colour of a line, and the square that stands for it in a legend; Mermaid draws none."""

_LARGEST, _SMALLEST = 1e15, 1e-9
"""Numbers and spans beyond which a plain notation could not be read."""
_LETTER = 6.6
"""Pixels that a digit of a label takes."""
_AGAIN = len(" no 2")
_UNSAFE = re.compile(r"[^0-9A-Za-z _./-]+", re.ASCII)

# The directive is JSON: a comment on one line, before the kind of chart.
_HEAD = (
    f'%%{{init: {{"xyChart": {{"width": {WIDTH}, "height": {HEIGHT}, '
    '"xAxis": {"labelFontSize": 11, "titleFontSize": 13}, "yAxis": {"labelFontSize": 11, "titleFontSize": 13}}, '
    '"themeVariables": {"xyChart": {"plotColorPalette": "PALETTE"}}}}%%'
)


@dataclass(frozen=True, kw_only=True)
class Point:
    """A finite value at a step."""

    step: int
    value: float


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The code of a chart, and how many of the points it shows."""

    code: str
    shown: int


def draw(points: Sequence[Point], levels: Sequence[float], axis: str) -> Drawing | None:
    """Draw points in the order of their steps, and levels as flat lines, as far as there are colours.

    None: there are fewer than three points, or no plain numbers show them.
    """
    ordered = sorted(points, key=lambda point: point.step)
    shown = thin(ordered)
    rows = [[point.value for point in shown], *([level] * len(shown) for level in levels)][: len(COLOURS)]
    scale = _scale([value for row in rows for value in row])
    if len(shown) < FEWEST_POINTS or scale is None:
        return None
    return Drawing(code=_code(shown, rows, scale, axis), shown=len(shown))


def _code(shown: Sequence[Point], rows: Sequence[Sequence[float]], scale: tuple[float, float, int], axis: str) -> str:
    low, high, digits = scale
    code = [
        _HEAD.replace("PALETTE", ", ".join(colour for _, colour in COLOURS[: len(rows)])),
        "xychart-beta",
        f'  x-axis "step" [{", ".join(_categories(shown))}]',
        f'  y-axis "{label(axis)}" {_number(low, digits)} --> {_number(high, digits)}',
        *(f"  line [{', '.join(_number(value, digits) for value in row)}]" for row in rows),
    ]
    return "\n".join(code) + "\n"


def draw_together(steps: Sequence[int], lines: Sequence[Sequence[float]], axis: str) -> Drawing | None:
    """Draw lines that all have a value at every step, as far as there are colours; steps in order, none twice.

    None: there are fewer than three steps or more than have room, no line, or no plain numbers show them.
    """
    rows = [list(line) for line in lines][: len(COLOURS)]
    scale = _scale([value for row in rows for value in row])
    points = [Point(step=step, value=0.0) for step in steps]
    if len(points) < FEWEST_POINTS or scale is None or len(thin(points)) < len(points):
        return None
    return Drawing(code=_code(points, rows, scale, axis), shown=len(points))


def thin(points: Sequence[Point]) -> list[Point]:
    """Keep at most as many points as have room for their labels: the lowest and the highest of each stretch.

    So no spike is lost. At most 60 are kept.
    """
    steps = {point.step for point in points}
    widest = max((len(str(step)) for step in steps), default=1) + (_AGAIN if len(steps) < len(points) else 0)
    room = min(MOST_POINTS, int(WIDTH / (_LETTER * widest + 8)))
    if len(points) <= room:
        return list(points)
    stretches = max(2, room // 2)
    kept: list[Point] = []
    for at in range(stretches):
        part = range(at * len(points) // stretches, (at + 1) * len(points) // stretches)
        ends = {min(part, key=lambda i: points[i].value), max(part, key=lambda i: points[i].value)}
        kept.extend(points[i] for i in sorted(ends))
    return kept


def _categories(points: Sequence[Point]) -> list[str]:
    """Name the points by their steps; two of the same name would be drawn at one place."""
    seen: dict[int, int] = {}
    names = []
    for point in points:
        seen[point.step] = seen.get(point.step, 0) + 1
        again = f" no {seen[point.step]}" if seen[point.step] > 1 else ""
        names.append(f'"{point.step}{again}"')
    return names


def label(text: str) -> str:
    """Return a text in characters that mean nothing to Mermaid, at most 40 of them.

    >>> label("kl/mean"), label('a"] --> b{}%%'), label("日本")
    ('kl/mean', 'a_ --_ b_', '_')
    """
    return _UNSAFE.sub("_", text[:200])[:40].strip() or "value"


def _scale(values: Sequence[float]) -> tuple[float, float, int] | None:
    """Return the range of the axis and how many decimals its numbers take; None: no plain numbers show it."""
    if not values or max(map(abs, values)) >= _LARGEST:
        return None
    low, high = min(values), max(values)
    span = (high - low) or abs(high) / 10 or 1.0
    if span < _SMALLEST:
        return None
    return low - span / 20, high + span / 20, max(0, 3 - math.floor(math.log10(span)))


def _number(value: float, digits: int) -> str:
    """Write a number without exponent.

    >>> _number(-0.00001, 2), _number(1e6, 0), _number(0.125, 2)
    ('0.00', '1000000', '0.12')
    """
    text = f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text
