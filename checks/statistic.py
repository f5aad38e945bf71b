"""The statistics a policy can ask of a series in a window.

Bounds, outcomes and sentences may not enter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from checks import trend
from checks.run import Series, Steps, Values
from checks.window import Window

NAMES = (
    "last",
    "mean",
    "median",
    "min",
    "max",
    "p50",
    "p90",
    "p95",
    "p99",
    "share-above",
    "count-above",
    "slope",
    "trend",
    "end-below-peak",
)
_QUANTILE = re.compile(r"p([1-9]\d?)")
_ESTIMATES: Mapping[str, Callable[[Steps, Values], trend.Estimate]] = {
    "slope": trend.slope,
    "trend": trend.trend,
    "end-below-peak": trend.end_below_peak,
}
UNITS: Mapping[str, str] = {
    "share-above": "share",
    "count-above": "values",
    "slope": "per 100 steps",
    "trend": "of its range",
    "end-below-peak": "of its range",
}


@dataclass(frozen=True, kw_only=True)
class Statistic:
    """What is computed of a series: `p95`, `share-above` 0.2, …"""

    name: str
    above: float | None = None
    """The threshold of `share-above` and `count-above`; None for the others."""

    @property
    def is_estimate(self) -> bool:
        """Tell whether it is an estimate with an interval, rather than a fact about what was logged."""
        return self.name in _ESTIMATES

    @property
    def quantile(self) -> float | None:
        """The share below, for `median` and `pNN`; else None."""
        if self.name == "median":
            return 0.5
        found = _QUANTILE.fullmatch(self.name)
        return int(found[1]) / 100 if found else None

    @property
    def unit(self) -> str | None:
        """The unit of the result; None: that of the series."""
        return UNITS.get(self.name)

    @property
    def least_samples(self) -> int:
        """How many values a policy asks for unless it says otherwise: 1 for the last value, else 10."""
        return 1 if self.name == "last" else 10

    def __str__(self) -> str:
        """Write the statistic for people."""
        return self.name if self.above is None else f"{self.name} {self.above:.12g}"


def is_statistic(name: str) -> bool:
    """Tell whether a policy can ask for this statistic: one of `NAMES`, or `p1` to `p99`.

    >>> is_statistic("p97"), is_statistic("p0"), is_statistic("average")
    (True, False, False)
    """
    return name in NAMES or _QUANTILE.fullmatch(name) is not None


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What a statistic of a series came to."""

    value: float
    """NaN where there is nothing to compute; ±inf where an infinite value decides it."""
    n: int
    """How many values it rests on, NaN left out."""
    low: float | None = None
    high: float | None = None
    step: int | None = None
    nan: int = 0
    infinite: int = 0
    first_step: int = 0
    """First step of the window."""


def observe(series: Series, statistic: Statistic, window: Window, span: tuple[int, int]) -> Observation:
    """Compute a statistic over a window of a run that logged steps `span[0]` to `span[1]`.

    NaN is left out and counted. ±inf takes part in order statistics, being beyond any bound; sums and trends of it
    are not finite. Quantiles interpolate linearly at (n - 1)q (Hyndman & Fan 1996, type 7). `slope` is per 100 steps.
    """
    inside = window.mask(series.steps, *span)
    measured = inside & ~np.isnan(series.values)
    steps, values = series.steps[measured], series.values[measured]
    infinite = int(np.isinf(values).sum())
    value, low, high, step = math.nan, None, None, None
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not finite, and never passes
        if values.size and statistic.is_estimate:
            value, low, high, step = _estimate(statistic.name, steps, values)
        elif values.size:
            value, step = _fact(statistic, steps, values)
    return Observation(
        value=value,
        n=int(values.size),
        low=low,
        high=high,
        step=step,
        nan=int(inside.sum()) - int(values.size),
        infinite=infinite,
        first_step=window.first_step(*span),
    )


def _estimate(name: str, steps: Steps, values: Values) -> tuple[float, float | None, float | None, int | None]:
    if values.size < trend.MIN_POINTS or not np.isfinite(values).all():
        return math.nan, None, None, None
    found = _ESTIMATES[name](steps, values)
    scale = 100 if name == "slope" else 1
    return found.value * scale, found.low * scale, found.high * scale, found.step


def _fact(statistic: Statistic, steps: Steps, values: Values) -> tuple[float, int | None]:
    if statistic.quantile is not None:
        return quantile(values, statistic.quantile), None
    if statistic.above is not None:
        above = int((values > statistic.above).sum())
        return (above / values.size if statistic.name == "share-above" else float(above)), None
    if statistic.name == "mean":
        return float(values.mean()), None
    place = {"min": values.argmin, "max": values.argmax}.get(statistic.name, lambda: last_index(steps))()
    return float(values[place]), int(steps[place])


def last_index(steps: Steps) -> int:
    """Give the place of the highest step, the latest recorded of equals; shape (n,), n >= 1."""
    return int(steps.size - 1 - np.argmax(steps[::-1]))


def quantile(values: Values, share: float) -> float:
    """Give the quantile at (n - 1)·share by linear interpolation; shape (n,), n >= 1, no NaN, ±inf allowed.

    >>> quantile(np.array([1.0, 2.0, 3.0, np.inf]), 0.5), quantile(np.array([1.0, np.inf]), 0.95)
    (2.5, inf)
    """
    ordered = np.sort(values)
    place = (values.size - 1) * share
    below = int(place)
    part = place - below
    left = float(ordered[below])
    if part == 0 or left == ordered[below + 1]:
        return left
    return left + part * (float(ordered[below + 1]) - left)
