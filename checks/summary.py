"""One row a metric: what a person wants to know of a series at a glance. No bound and no outcome may enter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from checks import trend
from checks.number import finite
from checks.run import Scalar, Series
from checks.statistic import last_index, quantile

COLUMNS = ("metric", "role", "n", "non_finite", "first", "last", "min", "max", "mean", "p50", "p95", "slope")


def summarise(series: Series, role: str | None) -> tuple[Scalar, ...]:
    """Give the row of a series, in the order of `COLUMNS`; None where there is no finite value to compute it from.

    All but `non_finite` look at finite values. `slope` is Theil–Sen's per 100 steps, from 8 values on.
    """
    usable = np.isfinite(series.values)
    steps, values = series.steps[usable], series.values[usable]
    count, bad = int(series.values.size), int((~usable).sum())
    if not values.size:
        return (series.name, role, count, bad, *(None for _ in COLUMNS[4:]))
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is no number to show
        rise = trend.slope(steps, values).value * 100 if values.size >= trend.MIN_POINTS else None
        mean = float(values.mean())
    first = int(np.argmin(steps))
    facts = (
        float(values[first]),
        float(values[last_index(steps)]),
        float(values.min()),
        float(values.max()),
        mean,
        quantile(values, 0.5),
        quantile(values, 0.95),
    )
    return (series.name, role, count, bad, *map(finite, (*facts, rise)))


def role_of(name: str, roles: Mapping[str, tuple[str, ...]]) -> str | None:
    """Give the role a metric stands for; None for a metric without one.

    >>> role_of("kl/mean", {"kl": ("train/kl", "kl/mean")}), role_of("x", {})
    ('kl', None)
    """
    return next((role for role, names in roles.items() if name in names), None)
