"""Signs in the reward: that it rose, fell or stayed. What they mean for strength is for the league to say."""

from __future__ import annotations

import numpy as np

from checks.diagnosis.case import Case
from checks.diagnosis.shift import compare_means, thirds
from checks.number import show_number
from checks.run import Series, Values
from checks.trend import Estimate, cut_blocks, end_below_peak

LEAST = 20
"""Values from which a pattern over a run can be told."""
FLAT = 0.1
"""A change within this share of the level, for sure, is none."""
RISE = 0.25
"""Of its range: a rise that is no ripple."""
FALL = 0.5
"""Of its range: an end so far below the peak is no ripple."""
BACK = 0.5
"""Of its whole rise: a reward that fell back so far on its way did not simply rise."""
_STRICT = 0.99
"""Confidence of what is told by the reward alone: a reward that drifts by chance looks like one that learns."""


def long_series(case: Case, role: str) -> Series | None:
    """Give a series of at least 20 values."""
    series = case.series.get(role)
    return series if series is not None and series.values.size >= LEAST else None


def interval_words(found: Estimate) -> str:
    """Write the interval of an estimate."""
    return f"{found.confidence * 100:g} % interval {show_number(found.low)} to {show_number(found.high)}"


def in_ranges(found: Estimate) -> str:
    """Write a change that is counted in ranges of its series."""
    return f"{show_number(found.value)} times the range of its values, {interval_words(found)}"


def risen(before: Values, after: Values) -> bool:
    """Tell whether a reward is higher than before, for sure."""
    found = compare_means(before, after)
    return found is not None and found.low > 0


def rises(case: Case) -> bool:
    """Tell whether the reward ends higher than it began, for sure."""
    reward = case.series.get("reward")
    return reward is not None and risen(*thirds(reward.values))


def stays(case: Case) -> str | None:
    """Tell of a reward that surely did not change by more than a tenth of its level, and of which no change is sure."""
    reward = long_series(case, "reward")
    if reward is None:
        return None
    found, level = compare_means(*thirds(reward.values)), abs(float(reward.values.mean()))
    if found is None or level <= 0 or found.low > 0 or found.high < 0:
        return None
    means = cut_blocks(reward.steps, reward.values).means
    if max(-found.low, found.high) >= FLAT * level or float(np.ptp(means)) >= 2 * FLAT * level:
        return None
    return (
        f"the reward stays near {show_number(float(reward.values.mean()))} (last third less first third "
        f"{show_number(found.low)} to {show_number(found.high)}, 95 % interval, n = {reward.values.size:,})"
    )


def fell(case: Case) -> str | None:
    """See a reward that ends far below its peak, for sure."""
    reward = long_series(case, "reward")
    if reward is None:
        return None
    found = end_below_peak(reward.steps, reward.values, _STRICT)
    if not found.low > FALL or found.step is None:
        return None
    means = cut_blocks(reward.steps, reward.values).means
    end = min(float(means[-1]), float(reward.values[-max(4, reward.values.size // 25) :].mean()))
    return (
        f"The reward ends near {show_number(end)}, below its peak of {show_number(float(means.max()))} near step "
        f"{found.step:,} (means of a tenth of the run or its last values; by {in_ranges(found)}, n = {found.n:,})."
    )


def rose(case: Case) -> str | None:
    """See a reward that surely rises by a quarter of its range or more, and does not fall back on its way."""
    reward = long_series(case, "reward")
    found = None if reward is None else compare_means(*thirds(reward.values), _STRICT)
    if reward is None or found is None:
        return None
    blocks = cut_blocks(reward.steps, reward.values)
    means, whole = blocks.means, float(blocks.means[-1] - blocks.means[0])
    back = float((np.maximum.accumulate(means) - means).max())
    if not found.low > RISE * blocks.scale or whole <= 0 or back > BACK * whole:
        return None
    return (
        f"The reward rises from {show_number(float(means[0]))} to {show_number(float(means[-1]))} (means of the first "
        f"and last tenth; last third less first third {interval_words(found)}, n = {reward.values.size:,})."
    )


def flat(case: Case) -> str | None:
    """See a reward that surely did not change."""
    told = stays(case)
    return None if told is None else f"{told[0].upper()}{told[1:]}."
