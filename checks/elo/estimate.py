"""One estimated quantity with its certainty, in Elo. How it was estimated may not enter.

Numbers are rounded to 9 significant digits where they are made, and decisions use the rounded ones: linear algebra
differs in the last digits between processors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from checks.distribution import t_probability, t_quantile
from checks.number import round9

ENOUGH = 1 - 1e-9
"""Degrees of freedom from which there is an interval: those of two clusters, which rounding may miss."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A value in Elo with a two-sided interval; every number finite or None."""

    value: float | None
    """None: the data bound it on one side at most."""
    low: float | None
    """None: open below."""
    high: float | None
    """None: open above."""
    se: float | None
    """Standard error; None where the interval does not come from one."""
    df: float
    """Degrees of freedom of Student's t; 0: nothing to tell an error from."""
    p_superior: float | None
    """How sure it is that the quantity is above 0: the share of the confidence distribution there, in (0, 1)."""
    clusters: float
    """Independent observations that have influence on the value."""
    confidence: float
    """Of the interval, two-sided, in (0, 1)."""

    @property
    def above_zero(self) -> bool:
        """Tell whether the whole interval lies above 0."""
        return self.low is not None and self.low > 0

    @property
    def below_zero(self) -> bool:
        """Tell whether the whole interval lies below 0."""
        return self.high is not None and self.high < 0


@dataclass(frozen=True, kw_only=True)
class Certainty:
    """What an interval is made of, beside the value."""

    se: float
    """In Elo, at least 0."""
    df: float
    clusters: float
    confidence: float
    quantile: float | None = None
    """How many standard errors the interval reaches to either side; None: as many as Student's t says."""


def estimate(value: float, certainty: Certainty) -> Estimate:
    """Give the estimate with its interval; open on both sides where fewer than 1 degree of freedom is left.

    >>> found = estimate(30.0, Certainty(se=10.0, df=40.0, clusters=41, confidence=0.95))
    >>> round(found.low, 2), round(found.high, 2), round(found.p_superior, 4)
    (9.79, 50.21, 0.9977)
    """
    se, df = certainty.se, certainty.df
    if df < ENOUGH or not math.isfinite(se):
        return Estimate(
            value=round9(value),
            low=None,
            high=None,
            se=None,
            df=max(df, 0.0),
            p_superior=None,
            clusters=certainty.clusters,
            confidence=certainty.confidence,
        )
    reach = certainty.quantile
    if reach is None:
        reach = t_quantile((1 + certainty.confidence) / 2, df)
    return Estimate(
        value=round9(value),
        low=round9(value - reach * se),
        high=round9(value + reach * se),
        se=round9(se),
        df=df,
        p_superior=round9(t_probability(value / se, df)) if se > 0 else None,
        clusters=certainty.clusters,
        confidence=certainty.confidence,
    )
