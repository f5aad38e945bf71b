"""Signs in what training logged: KL, reward, gradient norm, entropy, lengths. Each rests on an interval or a count."""

from __future__ import annotations

import numpy as np

from checks.diagnosis.case import Case
from checks.diagnosis.swing import compare_swings
from checks.document import quote
from checks.number import show_number
from checks.run import Series, Values
from checks.trend import Estimate, cut_blocks, end_below_peak, slope, trend

KL_LIMIT = 0.2
KL_HIGH = 0.1
KL_STILL = 0.001
"""KL up to which a policy has hardly left its reference."""
GRADIENT = 50.0
CLIPPED = 0.3
SWINGS = 2.0
FLAT = 0.1
"""A change within this share of the level, for sure, is none."""
FALL = 0.25
"""Of its range: a fall that is no ripple."""
LEFT = 0.2
"""Share of its beginning that is left of a collapsed entropy."""
GROWN = 2.0
MAJORITY = 0.5
EARLY = 0.3
"""Share of the steps that is early."""
LEAST = 20
"""Values from which a pattern over a run can be told."""
_LEAST_PART = 8
_LEAST_TAIL = 3
_LEAST_BEYOND = 5


def _long(case: Case, role: str) -> Series | None:
    series = case.series.get(role)
    return series if series is not None and series.values.size >= LEAST else None


def _between(found: Estimate) -> str:
    return f"95 % interval {show_number(found.low)} to {show_number(found.high)}"


def _ranges(found: Estimate) -> str:
    """Write a change that is counted in ranges of its series."""
    return f"{show_number(found.value)} times its range, {_between(found)}"


def _flat(case: Case) -> str | None:
    """Tell of a reward that surely did not change by more than a tenth of its level, from first step to last."""
    reward = _long(case, "reward")
    if reward is None:
        return None
    found, span = slope(reward.steps, reward.values), float(reward.steps[-1] - reward.steps[0])
    level = abs(float(np.median(reward.values)))
    low, high = found.low * span, found.high * span
    if level <= 0 or not (-FLAT * level < low and high < FLAT * level):
        return None
    return (
        f"the reward stays near {show_number(float(np.median(reward.values)))} (change over the run "
        f"{show_number(low)} to {show_number(high)}, 95 % interval, n = {reward.values.size:,})"
    )


def dead_signal(case: Case) -> str | None:
    """See groups of equal rewards in the majority, or rewards that mostly do not vary at all."""
    share = case.series.get("zero-variance-share")
    if share is not None and share.values.size >= 2 * _LEAST_BEYOND:
        late = share.values[share.values.size // 2 :]
        if late.mean() >= MAJORITY:
            return (
                f"{late.mean():.0%} of the groups had equal rewards in the second half of the run "
                f"(n = {late.size:,} steps, {quote(share.name)})."
            )
        return None
    spread = _long(case, "reward-std")
    if spread is None:
        return None
    late = spread.values[spread.values.size // 2 :]
    dead = int((late <= 1e-9).sum())
    if dead < MAJORITY * late.size:
        return None
    return f"{quote(spread.name)} is 0 at {dead:,} of {late.size:,} steps of the second half of the run."


def runaway(case: Case) -> str | None:
    """See a KL that passes 0.2 and stays there, while KL or reward swing wider than before."""
    kl = case.series.get("kl")
    beyond = None if kl is None else np.flatnonzero(kl.values > KL_LIMIT)
    if kl is None or beyond is None or beyond.size < _LEAST_BEYOND:
        return None
    first, since = int(kl.steps[beyond[0]]), kl.values.size - int(beyond[0])
    if beyond.size <= MAJORITY * since:
        return None
    swung = [
        f"the {name} moves {show_number(found.value)} times as far from step to step as before ({_between(found)})"
        for name, role in (("reward", "reward"), ("KL", "kl"))
        if (found := _since(case, role, first)) is not None and found.low > 1
    ]
    if not swung:
        return None
    top = int(kl.values.argmax())
    return (
        f"KL passes {KL_LIMIT:g} at step {first:,} and is above it at {beyond.size:,} of the {since:,} steps since "
        f"(highest {show_number(float(kl.values[top]))} at step {int(kl.steps[top]):,}); {' and '.join(swung)}."
    )


def _since(case: Case, role: str, step: int) -> Estimate | None:
    """Compare the swings of a series from a step on with those before."""
    series = case.series.get(role)
    if series is None:
        return None
    return compare_swings(series.values[series.steps < step], series.values[series.steps >= step])


def instability(case: Case) -> str | None:
    """See swings over twice as wide in the second half as in the first, or gradient norms beyond any."""
    seen = []
    for role in ("reward", "loss"):
        series = _long(case, role)
        if series is None:
            continue
        middle = series.values.size // 2
        found = compare_swings(series.values[:middle], series.values[middle:])
        if found is not None and found.low > SWINGS:
            seen.append(
                f"the {role} moves {show_number(found.value)} times as far from step to step in the second half as in "
                f"the first ({_between(found)}, n = {found.n:,})"
            )
    gradient = _long(case, "grad-norm")
    if gradient is not None and (spikes := np.flatnonzero(gradient.values >= GRADIENT)).size >= _LEAST_BEYOND:
        top = int(gradient.values.argmax())
        seen.append(
            f"the gradient norm is {GRADIENT:g} or more at {spikes.size:,} of {gradient.values.size:,} steps (highest "
            f"{show_number(float(gradient.values[top]))} at step {int(gradient.steps[top]):,})"
        )
    return _sentence(seen)


def _sentence(seen: list[str]) -> str | None:
    text = "; ".join(seen)
    return f"{text[0].upper()}{text[1:]}." if text else None


def policy_collapse(case: Case) -> str | None:
    """See a KL that falls back to almost 0 while the reward stays flat."""
    kl = _long(case, "kl")
    if kl is None:
        return None
    means = cut_blocks(kl.steps, kl.values).means
    top, end = float(means.max()), float(means[-1])
    # The trend of a long series takes tens of milliseconds, so it is asked last.
    if not (end < KL_STILL and top > 0 and end <= LEFT * top) or (flat := _flat(case)) is None:
        return None
    return f"KL falls from {show_number(top)} (mean of a tenth of the run) to {show_number(end)} at the end; {flat}."


def rate_too_low(case: Case) -> str | None:
    """See a policy that hardly leaves its reference though gradients flow, with a flat reward."""
    kl, gradient = _long(case, "kl"), _long(case, "grad-norm")
    if kl is None or gradient is None:
        return None
    top = float(np.quantile(kl.values, 0.95))
    usual = float(np.median(gradient.values))
    if not 0 < top < KL_STILL or usual <= 0 or (flat := _flat(case)) is None:
        return None
    return (
        f"KL stays below {show_number(top)} (95th percentile, n = {kl.values.size:,}) though gradients flow (median "
        f"norm {show_number(usual)}); {flat}."
    )


def rate_too_high(case: Case) -> str | None:
    """See at least two of: high KL, much clipping, large gradients. One alone has other causes."""
    seen = []
    kl, clipped, gradient = (_late(case, role) for role in ("kl", "clip-share", "grad-norm"))
    if kl is not None and (value := float(np.quantile(kl, 0.95))) > KL_HIGH:
        seen.append(f"KL reaches {show_number(value)} (95th percentile, n = {kl.size:,})")
    if clipped is not None and (value := float(clipped.mean())) > CLIPPED:
        seen.append(f"{value:.0%} of the ratios are clipped (mean, n = {clipped.size:,})")
    if gradient is not None and (value := float(np.quantile(gradient, 0.95))) >= GRADIENT:
        seen.append(f"the gradient norm reaches {show_number(value)} (95th percentile, n = {gradient.size:,})")
    return None if len(seen) < 2 else f"In the second half of the run {', '.join(seen)}."


def _late(case: Case, role: str) -> Values | None:
    series = _long(case, role)
    return None if series is None else series.values[series.values.size // 2 :]


def no_warm_up(case: Case) -> str | None:
    """See a reward that surely falls early, while KL is higher than it ever is later."""
    reward, kl = _long(case, "reward"), _long(case, "kl")
    if reward is None or kl is None:
        return None
    end = reward.steps[0] + EARLY * (reward.steps[-1] - reward.steps[0])
    early = reward.steps <= end
    if early.sum() < _LEAST_PART:
        return None
    found = slope(reward.steps[early], reward.values[early])
    span = float(reward.steps[early][-1] - reward.steps[0])
    scale = cut_blocks(reward.steps, reward.values).scale
    if not (scale > 0 and found.high * span < -FALL * scale):
        return None
    before, after = kl.values[kl.steps <= end], kl.values[kl.steps > end]
    blocks = cut_blocks(kl.steps, kl.values)
    if not before.size or not after.size or blocks.middles[int(blocks.means.argmax())] > end:
        return None
    return (
        f"The reward falls by {show_number(-found.value * span)} up to step {int(end):,} ({_between_times(found, span)}"
        f", n = {int(early.sum()):,}), while KL is at its highest (mean {show_number(float(before.mean()))}, later "
        f"{show_number(float(after.mean()))})."
    )


def _between_times(found: Estimate, span: float) -> str:
    return f"95 % interval {show_number(-found.high * span)} to {show_number(-found.low * span)}"


def entropy_collapse(case: Case) -> str | None:
    """See an entropy that surely falls to a fifth of where it began."""
    entropy = _long(case, "entropy")
    if entropy is None:
        return None
    means = cut_blocks(entropy.steps, entropy.values).means
    first, last = float(means[0]), float(means[-1])
    if not (first > 0 and last <= LEFT * first and (fall := trend(entropy.steps, entropy.values)).high < 0):
        return None
    return (
        f"Entropy falls from {show_number(first)} to {show_number(last)} (means of the first and last tenth; trend "
        f"{_ranges(fall)}, n = {fall.n:,})."
    )


def length_blow_up(case: Case) -> str | None:
    """See completions that surely grew to twice their length, or most of them cut off at the end."""
    seen = []
    length = _long(case, "completion-length")
    if length is not None:
        means = cut_blocks(length.steps, length.values).means
        first, last = float(means[0]), float(means[-1])
        if first > 0 and last >= GROWN * first and (rise := trend(length.steps, length.values)).low > 0:
            seen.append(
                f"completions grow from {show_number(first)} to {show_number(last)} tokens (means of the first and "
                f"last tenth, n = {rise.n:,})"
            )
    cut = case.series.get("truncated-share")
    if cut is not None:
        late = cut.values[cut.values.size - int(EARLY * cut.values.size) :]
        if late.size >= _LEAST_TAIL and late.mean() >= MAJORITY:
            seen.append(f"{late.mean():.0%} of them are cut off at the end (mean of {late.size:,} steps)")
    return _sentence(seen)


def reward_fell(case: Case) -> str | None:
    """See a reward that ends far below its peak, for sure."""
    reward = _long(case, "reward")
    if reward is None:
        return None
    found = end_below_peak(reward.steps, reward.values)
    if not found.low > MAJORITY or found.step is None:
        return None
    means = cut_blocks(reward.steps, reward.values).means
    return (
        f"The reward ends near {show_number(float(means[-1]))}, below its peak of {show_number(float(means.max()))} "
        f"near step {found.step:,} (means of a tenth of the run; by {_ranges(found)}, n = {found.n:,})."
    )


def reward_rose(case: Case) -> str | None:
    """See a reward that surely rises by a quarter of its range or more."""
    reward = _long(case, "reward")
    if reward is None:
        return None
    found = trend(reward.steps, reward.values)
    if not found.low > FALL:
        return None
    means = cut_blocks(reward.steps, reward.values).means
    return (
        f"The reward rises from {show_number(float(means[0]))} to {show_number(float(means[-1]))} (means of the first "
        f"and last tenth; trend {_ranges(found)}, n = {found.n:,})."
    )


def reward_flat(case: Case) -> str | None:
    """See a reward that surely did not change."""
    flat = _flat(case)
    return None if flat is None else f"{flat[0].upper()}{flat[1:]}."
