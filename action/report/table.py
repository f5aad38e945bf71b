"""The tables of `metrics`, `logs` and their like as texts: cells and sparklines, for terminal and Markdown alike.

Texts pass through unescaped: the page that shows them escapes. No colour, markup or width of a page may enter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from checks.number import show_number
from checks.run import Scalar

BLOCKS, GAP = "▁▂▃▄▅▆▇█", "·"
ASCII_BLOCKS, ASCII_GAP = "_.-=+*%#", "?"


def cell(value: Scalar) -> str:
    """Return the text of one cell of a table; a number for people, nothing as a dash."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float) or value is None:
        return show_number(value)
    return value


def numeric(rows: Sequence[Sequence[Scalar]], column: int) -> bool:
    """Tell whether a column holds numbers alone (nothing aside), and so stands to the right."""
    found = [row[column] for row in rows if row[column] is not None]
    return bool(found) and all(isinstance(value, int | float) and not isinstance(value, bool) for value in found)


def sparkline(values: Iterable[float], *, width: int = 24, plain: bool = False) -> str:
    """Draw values as a line of at most `width` blocks; where no number is, a dot (`plain`: `?`) keeps the place.

    A block stands for several values where there are more than `width`, and shows the one farthest from the median of
    all, so that a single spike is seen. `plain`: ASCII. Infinities are drawn at the edge.

    >>> sparkline([1, 2, 3, float("nan"), 8]), sparkline([]), sparkline([5, 5, 5]), sparkline([0, 9], plain=True)
    ('▁▂▃·█', '', '▄▄▄', '_#')
    """
    numbers = [float(value) for value in values]
    finite = sorted(value for value in numbers if math.isfinite(value))
    middle = finite[len(finite) // 2] if finite else 0.0
    size = max(1, math.ceil(len(numbers) / width))
    chosen = [_farthest(numbers[at : at + size], middle) for at in range(0, len(numbers), size)]
    low, high = (finite[0], finite[-1]) if finite else (0.0, 0.0)
    blocks, gap = (ASCII_BLOCKS, ASCII_GAP) if plain else (BLOCKS, GAP)
    return "".join(gap if math.isnan(value) else _block(value, low, high, blocks) for value in chosen)


def _farthest(values: Sequence[float], middle: float) -> float:
    numbers = [value for value in values if not math.isnan(value)]
    return max(numbers, key=lambda value: abs(value - middle)) if numbers else math.nan


def _block(value: float, low: float, high: float, blocks: str) -> str:
    if math.isinf(value):
        return blocks[-1] if value > 0 else blocks[0]
    span = high / 2 - low / 2  # halves: the span of two large floats need not be a float
    if span <= 0:
        return blocks[(len(blocks) - 1) // 2]
    return blocks[round((value / 2 - low / 2) / span * (len(blocks) - 1))]
