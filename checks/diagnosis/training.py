"""Signs in what training logged: KL, reward, gradient norm, entropy, lengths. Each rests on an interval or a count."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from checks.diagnosis.case import Case
from checks.diagnosis.reward import interval_words, long_series, risen, rises, stays
from checks.diagnosis.shift import against, compare_means, thirds
from checks.diagnosis.swing import compare_swings
from checks.document import quote
from checks.number import show_number
from checks.run import Series, Values
from checks.trend import Estimate, cut_blocks, slope

KL_LIMIT = 0.2
KL_HIGH = 0.1
KL_STILL = 0.001
"""KL up to which a policy has hardly left its reference."""
GRADIENT = 50.0
CLIPPED = 0.3
SWINGS = 2.0
FAR = 5.0
"""Times the limit from which a KL speaks for itself."""
LEAP = 3.0
"""Times as high within a few steps: a leap, not a growth."""
FALL = 0.25
"""Of its range: a fall that is no ripple."""
LEFT = 0.2
"""Share of its beginning that is left of a collapsed entropy."""
GROWN = 2.0
MAJORITY = 0.5
EARLY = 0.3
"""Share of the steps that is early."""
LONGER = 50.0
"""Tokens: a growth below is none that could hurt."""
_BEGINNING = 3
"""Values that tell where a series began, before it may have moved."""
_AROUND = 5
"""Values before and after a leap."""
_WARM = 10
"""The first of so many parts of a run, in which large gradients are a warm-up."""
_LEAST_PART = 8
_LEAST_TAIL = 3
_LEAST_BEYOND = 5


def dead_signal(case: Case) -> str | None:
    """See groups of equal rewards in the majority, or rewards that mostly do not vary at all."""
    share = case.series.get("zero-variance-share")
    if share is not None and share.values.size >= 2 * _LEAST_BEYOND:
        late = share.values[share.values.size // 2 :]
        if late.mean() >= MAJORITY:
            return (
                f"{late.mean():.1%} of the groups had equal rewards in the second half of the run (mean of "
                f"{late.size:,} steps, lowest {late.min():.1%}, {quote(share.name)})."
            )
        return None
    spread = long_series(case, "reward-std")
    if spread is None:
        return None
    late = spread.values[spread.values.size // 2 :]
    dead = int((late <= 1e-9).sum())
    if dead < MAJORITY * late.size:
        return None
    return f"{quote(spread.name)} is 0 at {dead:,} of {late.size:,} steps of the second half of the run."


def runaway(case: Case) -> str | None:
    """See a KL that passes 0.2 and stays there, swinging wider than its level explains, or with a reward that suffers.

    A KL that grows as a model learns is no divergence, and some trainers sum it over tokens: its swings grow with it.
    """
    kl, reward = case.series.get("kl"), case.series.get("reward")
    beyond = None if kl is None else np.flatnonzero(kl.values > KL_LIMIT)
    if kl is None or beyond is None or beyond.size < _LEAST_BEYOND:
        return None
    first, since = int(kl.steps[beyond[0]]), kl.values[beyond[0] :]
    if beyond.size <= MAJORITY * since.size:
        return None
    seen = list(_leaping(kl.values[: beyond[0]], since))
    before, after = (np.zeros(0), np.zeros(0)) if reward is None else _parted(reward, first)
    if not (risen(before, after) or rises(case)):
        seen += _diverging(before, after, since)
    if not seen:
        return None
    top = int(kl.values.argmax())
    return (
        f"KL passes {KL_LIMIT:g} at step {first:,} and is above it at {beyond.size:,} of the {since.size:,} steps "
        f"since (highest {show_number(float(kl.values[top]))} at step {int(kl.steps[top]):,}); {' and '.join(seen)}."
    )


def _leaping(before: Values, since: Values) -> Iterator[str]:
    """Tell whether a KL leapt past its limit at once, or swings wider than its level explains.

    One that grows on for long after has not leapt: so it does where a trainer sums it over tokens.
    """
    near, first = before[-_AROUND - _BEGINNING : -_BEGINNING], since[:_AROUND]
    if near.size == first.size == _AROUND and first.min() > near.max():
        low, high = float(near.mean()), float(first.mean())
        if high >= LEAP * low and since.mean() <= LEAP * high:
            told = f"means of {_AROUND} values, the {_BEGINNING} between left out, all of the later ones higher"
            yield f"it leaps from {show_number(low)} to {show_number(high)} ({told})"
    swings = compare_swings(before, since)
    if swings is not None and swings.low > _lifted(before, since):
        times = show_number(swings.value)
        yield f"it moves {times} times as far from step to step as before ({interval_words(swings)})"


def _parted(series: Series, step: int) -> tuple[Values, Values]:
    return series.values[series.steps < step], series.values[series.steps >= step]


def _diverging(before: Values, after: Values, kl: Values) -> Iterator[str]:
    """Tell what beside a high KL shows that training lost its hold."""
    swings, moved = compare_swings(before, after), compare_means(before, after)
    if swings is not None and swings.low > 1:
        yield (
            f"the reward moves {show_number(swings.value)} times as far from step to step as before "
            f"({interval_words(swings)})"
        )
    if moved is not None and moved.high < 0:
        yield f"the reward is {show_number(-moved.value)} lower than before ({_turned(moved)})"
    usual = float(np.median(kl))
    if usual >= FAR * KL_LIMIT:
        yield f"its median since then is {show_number(usual)}"


def _turned(found: Estimate) -> str:
    """Write the interval of a fall."""
    return f"95 % interval {show_number(-found.high)} to {show_number(-found.low)}"


def instability(case: Case) -> str | None:
    """See swings over twice as wide in the second half as in the first, or large gradient norms after the warm-up.

    Where the reward surely rises, wider swings are the noise of a higher level.
    """
    seen = []
    for role in () if rises(case) else ("reward", "loss"):
        series = long_series(case, role)
        if series is None:
            continue
        middle = series.values.size // 2
        found = compare_swings(series.values[:middle], series.values[middle:])
        if found is not None and found.low > SWINGS * _lifted(series.values[:middle], series.values[middle:]):
            seen.append(
                f"the {role} moves {show_number(found.value)} times as far from step to step in the second half as in "
                f"the first ({interval_words(found)}, n = {found.n:,})"
            )
    gradient = long_series(case, "grad-norm")
    spikes = None if gradient is None else np.flatnonzero(gradient.values >= GRADIENT)
    if gradient is not None and spikes is not None:
        late = spikes[spikes >= gradient.values.size // _WARM]
        if late.size >= _LEAST_BEYOND:
            top = int(late[gradient.values[late].argmax()])
            seen.append(
                f"the gradient norm is {GRADIENT:g} or more at {late.size:,} of {gradient.values.size:,} steps, those "
                f"of the first tenth left out (highest {show_number(float(gradient.values[top]))} at step "
                f"{int(gradient.steps[top]):,})"
            )
    return _sentence(seen)


def _lifted(before: Values, after: Values) -> float:
    """Give how many times as far from 0 a series lies in its second half; noise that grows with it is no sign."""
    low, high = abs(float(before.mean())), abs(float(after.mean()))
    return max(1.0, high / low) if low > 0 else 1.0


def _sentence(seen: list[str]) -> str | None:
    text = "; ".join(seen)
    return f"{text[0].upper()}{text[1:]}." if text else None


def policy_collapse(case: Case) -> str | None:
    """See a KL that falls back to almost 0 while the reward stays flat."""
    kl, flat = long_series(case, "kl"), stays(case)
    if kl is None or flat is None:
        return None
    means = cut_blocks(kl.steps, kl.values).means
    top, end = float(means.max()), float(means[-1])
    # A KL that never left its reference has not come back to it.
    if not (end < KL_STILL < top and end <= LEFT * top):
        return None
    return f"KL falls from {show_number(top)} (mean of a tenth of the run) to {show_number(end)} at the end; {flat}."


def rate_too_low(case: Case) -> str | None:
    """See a policy that hardly leaves its reference though gradients flow, with a flat reward."""
    kl, gradient = long_series(case, "kl"), long_series(case, "grad-norm")
    if kl is None or gradient is None:
        return None
    top = float(np.quantile(kl.values, 0.95))
    usual = float(np.median(gradient.values))
    if not 0 < top < KL_STILL or usual <= 0 or (flat := stays(case)) is None:
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
        seen.append(f"{value:.1%} of the ratios are clipped (mean, n = {clipped.size:,})")
    if gradient is not None and (value := float(np.quantile(gradient, 0.95))) >= GRADIENT:
        seen.append(f"the gradient norm reaches {show_number(value)} (95th percentile, n = {gradient.size:,})")
    return None if len(seen) < 2 else f"In the second half of the run {', '.join(seen)}."


def _late(case: Case, role: str) -> Values | None:
    series = long_series(case, role)
    return None if series is None else series.values[series.values.size // 2 :]


def no_warm_up(case: Case) -> str | None:
    """See a reward that surely falls early, while KL is higher than it ever is later."""
    reward, kl = long_series(case, "reward"), long_series(case, "kl")
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
    """See an entropy of which surely a fifth or less is left."""
    entropy = long_series(case, "entropy")
    if entropy is None:
        return None
    began, end = float(entropy.values[:_BEGINNING].mean()), thirds(entropy.values)[1]
    found = against(LEFT * began, end)
    if found is None or began <= 0 or found.high >= 0:
        return None
    return (
        f"Entropy falls from {show_number(began)} (mean of its first {_BEGINNING} values) to "
        f"{show_number(float(end.mean()))} (mean of the last third, 95 % interval up to "
        f"{show_number(LEFT * began + found.high)}, n = {end.size:,})."
    )


def length_blow_up(case: Case) -> str | None:
    """See completions that surely grew to twice their length, or most of them cut off at the end."""
    seen = []
    length = long_series(case, "completion-length")
    if length is not None:
        before, after = thirds(length.values)[0], length.values[-max(_LEAST_PART, length.values.size // 25) :]
        first, last, found = float(before.mean()), float(after.mean()), compare_means(before, after)
        if found is not None and first > 0 and last >= GROWN * first and found.low > LONGER:
            seen.append(
                f"completions grow from {show_number(first)} to {show_number(last)} tokens (means of the first third "
                f"and the last values, {interval_words(found)} for the growth, n = {found.n:,})"
            )
    cut = case.series.get("truncated-share")
    if cut is not None:
        late = cut.values[cut.values.size - int(EARLY * cut.values.size) :]
        if late.size >= _LEAST_TAIL and late.mean() >= MAJORITY:
            seen.append(f"{late.mean():.1%} of them are cut off at the end (mean of {late.size:,} steps)")
    return _sentence(seen)
