"""Numbers: the one place where foreign spellings become floats, and where floats become what reports show.

No statistic and no rule may enter.
"""

from __future__ import annotations

import math

_NON_FINITE = {
    "nan": math.nan,
    "inf": math.inf,
    "+inf": math.inf,
    "-inf": -math.inf,
    "infinity": math.inf,
    "+infinity": math.inf,
    "-infinity": -math.inf,
}


def parse_number(value: object) -> float | None:
    """Read one logged value as a float; None if it is no number at all (text, a list, an object).

    Non-finite values stay non-finite whatever their spelling: W&B's JSON history writes the *string* `"NaN"`, Hugging
    Face's trainer log `NaN` or, since 2024, `null`. Booleans count as 0 and 1.
    An integer too large for a float is ±inf.

    >>> parse_number("NaN"), parse_number("-Infinity"), parse_number(None), parse_number(True), parse_number("text")
    (nan, -inf, nan, 1.0, None)
    """
    if value is None:
        return math.nan
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf
    if isinstance(value, str):
        return _NON_FINITE.get(value.strip().lower())
    return None


def round9(value: float) -> float:
    """Round to 9 significant digits: linear algebra differs in the last digits between processors.

    Decisions use the rounded values, so that the same evidence gives the same verdict on any machine.

    >>> round9(0.1 + 0.2), round9(123456789012.0), round9(float("inf"))
    (0.3, 123456789000.0, inf)
    """
    if not math.isfinite(value):
        return value
    rounded = float(f"{value:.9g}")
    return 0.0 if rounded == 0 else rounded


def finite(value: float | None) -> float | None:
    """Round to 9 significant digits, or None where JSON has no number for it (NaN, ±inf, nothing).

    >>> finite(float("nan")), finite(None), finite(1.0)
    (None, None, 1.0)
    """
    return None if value is None or not math.isfinite(value) else round9(value)


def show_number(value: float | None) -> str:
    """Write a number for people: 4 significant digits, thousands separated, no exponent for common sizes.

    >>> [show_number(v) for v in (None, 0.25, 1234567.0, 0.00001234, 12.0, float("nan"), float("-inf"))]
    ['–', '0.25', '1,234,567', '1.234e-05', '12', 'NaN', '-inf']
    """
    if value is None:
        return "–"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.4g}"
    return f"{value:.4g}"
