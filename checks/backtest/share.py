"""A counted share with its exact interval. What is counted may not enter."""

from __future__ import annotations

from dataclasses import dataclass

from checks.distribution import exact_interval
from checks.number import round9

CONFIDENCE = 0.95
"""Of every interval of a back-test, two-sided."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """So many of so many, with the Clopper–Pearson interval of the share behind them (1934, Biometrika 26, 404–413)."""

    hits: int
    of: int
    value: float | None
    """None: of nothing."""
    low: float
    high: float


def share(hits: int, of: int) -> Share:
    """Count a share.

    >>> share(0, 10).high, share(1, 20).low, share(0, 0).value
    (0.308497108, 0.0012650895, None)
    """
    low, high = exact_interval(hits, of, CONFIDENCE)
    return Share(hits=hits, of=of, value=round9(hits / of) if of else None, low=round9(low), high=round9(high))
