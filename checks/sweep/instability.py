"""Signs that training was unstable: what was found, and by which rule. They describe; they decide no winner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from checks.number import show_number
from checks.run import Series

KL_SPIKE, KL_RUNAWAY = 0.2, 10.0
GRADIENT = 50.0
SWINGS = 3.0
FEWEST = 20
"""Values of each half from which swings can be compared."""
RULES = {
    "kl-spike": f"a KL above {KL_SPIKE:g}",
    "kl-runaway": f"a KL above {KL_RUNAWAY:g}: hardly the same policy any more",
    "gradient": f"a gradient norm of {GRADIENT:g} or more",
    "non-finite": "a value of KL, gradient norm, loss or reward that is not finite",
    "erratic-reward": f"a reward that moves over {SWINGS:g} times as far from step to step in the second half as in "
    "the first",
}
"""Flag → the rule that raises it."""
WATCHED = ("kl", "grad-norm", "loss", "reward")


@dataclass(frozen=True, kw_only=True)
class Flag:
    """One sign of instability."""

    name: str
    """One of `RULES`."""
    text: str
    """What was found."""


def instability(series: Mapping[str, Series | None]) -> tuple[Flag, ...]:
    """Look for signs of instability in the series of a run, given by role.

    >>> kl = Series(name="kl", steps=np.arange(3), values=np.array([0.01, 137.1, float("nan")]))
    >>> [(flag.name, flag.text) for flag in instability({"kl": kl})]
    [('kl-runaway', 'KL reaches 137.1'), ('non-finite', 'kl: 1 of 3 values')]
    """
    return tuple(_flags({role: series.get(role) for role in WATCHED}))


def _flags(series: Mapping[str, Series | None]) -> Iterator[Flag]:
    highest = {role: _highest(one) for role, one in series.items()}
    kl, gradient = highest["kl"], highest["grad-norm"]
    if kl > KL_SPIKE:
        yield Flag(name="kl-runaway" if kl > KL_RUNAWAY else "kl-spike", text=f"KL reaches {show_number(kl)}")
    if gradient >= GRADIENT:
        yield Flag(name="gradient", text=f"the gradient norm reaches {show_number(gradient)}")
    lost = [(one, int((~np.isfinite(one.values)).sum())) for one in series.values() if one is not None]
    told = ", ".join(f"{one.name}: {count:,} of {one.values.size:,} values" for one, count in lost if count)
    if told:
        yield Flag(name="non-finite", text=told)
    swings = 0.0 if series["reward"] is None else _swings(series["reward"])
    if swings > SWINGS:
        yield Flag(name="erratic-reward", text=f"the reward moves {show_number(swings)} times as far as before")


def _highest(series: Series | None) -> float:
    """Give the highest finite value; -inf without one."""
    return -np.inf if series is None else float(series.values[np.isfinite(series.values)].max(initial=-np.inf))


def _swings(series: Series) -> float:
    """Give how many times as far the reward moves in the second half, by the median; 0 with too few values."""
    values = series.values[np.argsort(series.steps, kind="stable")]
    values = values[np.isfinite(values)]
    middle = values.size // 2
    if middle < FEWEST:
        return 0.0
    before, after = (float(np.median(np.abs(np.diff(part)))) for part in (values[:middle], values[middle:]))
    return after / before if before > 0 else 0.0
