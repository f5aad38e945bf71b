"""Values of a record, written and read back, each of the kind that it has to be. No noun may enter."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from checks.number import parse_number
from checks.run import Scalar

Record: TypeAlias = Mapping[str, Any]
Item = TypeVar("Item")


def read_text(value: Any) -> str | None:
    """Read a text or nothing back; TypeError for anything else, which a report could not show."""
    return or_none(text, value)


def or_none(read: Callable[[Any], Item], value: Any) -> Item | None:
    """Read something or nothing."""
    return None if value is None else read(value)


def text(value: Any) -> str:
    """Read a text; TypeError for anything else, which a report could not show."""
    if not isinstance(value, str):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return value


def whole(value: Any) -> int:
    """Read a whole number; TypeError for anything else."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"expected a whole number, got {type(value).__name__}")
    return value


def cell_record(cell: Scalar) -> Any:
    """Turn a cell into a record: numbers that are not finite are written as text."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return {"number": number_record(cell)}
    return cell


def read_cell(cell: Any) -> Scalar:
    """Read a cell back; TypeError for what is none."""
    if isinstance(cell, dict):
        return parse_number(cell["number"])
    if cell is None or isinstance(cell, str | int | float):
        return cell
    raise TypeError(f"expected a cell, got {type(cell).__name__}")


def number_record(value: float) -> float | str:
    """Turn a number into a record: JSON has none that are not finite."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
