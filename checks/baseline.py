"""A statistic of a series against the same of an earlier run: did it change by more than is tolerated?"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from checks.check import LAST_PROMOTED, BaselineAsk, Check, Policy, SeriesAsk
from checks.context import Holder
from checks.distribution import normal_quantile, t_quantile
from checks.document import quote
from checks.number import finite, round9, show_number
from checks.result import CheckResult, Outcome
from checks.run import Evidence, NoteKind, RunData, RunState, Series
from checks.statistic import Statistic, quantile
from checks.threshold import blank_result, find_series, missing_series
from checks.trend import MIN_POINTS, cut_blocks
from checks.window import Window

CONFIDENCE = 0.95
_WORST = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.PASS)


@dataclass(frozen=True, kw_only=True)
class Location:
    """A mean or quantile of one run, with its interval."""

    value: float
    low: float
    high: float
    n: int
    infinite: int = 0
    """How many values of the window are infinite; it does not rest on them."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """How much a statistic changed from the baseline run to this one."""

    value: float
    low: float
    high: float


def locate(series: Series, statistic: Statistic, window: Window, span: tuple[int, int]) -> Location | None:
    """Estimate a mean or quantile with its interval, allowing for correlated noise; None below 8 finite values.

    The mean: Student's t with the noise of `cut_blocks`. A quantile: the order statistics of ranks
    n·q ± z·√(n·q(1-q)·f) (Conover 1999, section 3.2), f the inflation for correlated noise.
    """
    inside = window.mask(series.steps, *span)
    infinite = int(np.isinf(series.values[inside]).sum())
    inside &= np.isfinite(series.values)
    steps, values = series.steps[inside], series.values[inside]
    if values.size < MIN_POINTS:
        return None
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is not finite, and never passes
        n, blocks, mean = int(values.size), cut_blocks(steps, values), float(values.mean())
    share = statistic.quantile
    if share is None:
        error = blocks.deviation * math.sqrt(blocks.inflation / n)
        reach = t_quantile(0.5 + CONFIDENCE / 2, n - blocks.means.size) * error
        return Location(value=mean, low=mean - reach, high=mean + reach, n=n, infinite=infinite)
    ordered = np.sort(values)
    ranks = normal_quantile(0.5 + CONFIDENCE / 2) * math.sqrt(n * share * (1 - share) * blocks.inflation)
    low = max(0, math.floor(n * share - ranks) - 1)
    high = min(n - 1, math.ceil(n * share + ranks))
    value = quantile(values, share)
    return Location(value=value, low=float(ordered[low]), high=float(ordered[high]), n=n, infinite=infinite)


def change_between(ours: Location, theirs: Location) -> Change:
    """Subtract the baseline: an interval from the two intervals (MOVER; Zou & Donner 2008, section 2).

    >>> change = change_between(Location(value=5, low=4, high=6, n=9), Location(value=2, low=2, high=2, n=9))
    >>> change.value, change.low, change.high
    (3, 2.0, 4.0)
    """
    value = ours.value - theirs.value
    return Change(
        value=value,
        low=value - math.hypot(ours.value - ours.low, theirs.high - theirs.value),
        high=value + math.hypot(ours.high - ours.value, theirs.value - theirs.low),
    )


def judge_fall(change: Change, tolerated: float) -> Outcome:
    """Judge a fall: a change blocks only if it is large enough to matter and certain enough to believe.

    Certainly within the tolerance: pass. Certainly beyond: fail. Between: pass if the fall is within the tolerance and
    measured at least as finely as the tolerance, else inconclusive. So a fall of twice the tolerance passes in 2.5 % of
    cases at most, where the noise is as the interval takes it to be; `bench/calibration.py` measures where it is not.
    """
    if change.low >= -tolerated:
        return Outcome.PASS
    if change.high < -tolerated:
        return Outcome.FAIL
    fine = change.value - change.low <= tolerated
    return Outcome.PASS if change.value >= -tolerated and fine else Outcome.INCONCLUSIVE


def judge_change(change: Change, ask: BaselineAsk, baseline: float) -> Outcome:
    """Judge a change by all that is tolerated; the worst answer counts."""
    answers = []
    if ask.max_drop is not None:
        answers.append(judge_fall(change, ask.max_drop.of(baseline)))
    if ask.max_rise is not None:
        mirrored = Change(value=-change.value, low=-change.high, high=-change.low)
        answers.append(judge_fall(mirrored, ask.max_rise.of(baseline)))
    return min(answers, key=_WORST.index)


def check_baseline(check: Check, ask: SeriesAsk, policy: Policy, evidence: Evidence) -> CheckResult:
    """Compare a statistic with that of the baseline run; a comparison that cannot be made is inconclusive."""
    wanted = check.baseline
    if wanted is None:
        raise ValueError(f"check {check.id}: a baseline is needed to compare")
    other = evidence.baselines.get(wanted.run, "it is not in this evidence.")
    last = wanted.run == LAST_PROMOTED
    if last and isinstance(other, RunData) and _is_itself(evidence.run, other) and _same_bytes(evidence):
        told = "This run's checkpoint was promoted last: there is nothing to compare it with but itself."
        return replace(blank_result(check, Outcome.PASS, told), bound=_bound(wanted), observed=0.0, unit="change")
    if isinstance(other, str):
        # `if-present` is about this run's data: a comparison that cannot be made is inconclusive.
        reason = f"The baseline run {quote(wanted.run)} cannot be compared with: {other}"
        return blank_result(check, Outcome.INCONCLUSIVE, reason)
    unfit = _unfit(evidence.run, other)
    if unfit is not None:
        return blank_result(check, Outcome.INCONCLUSIVE, f"The baseline run {quote(wanted.run)} {unfit}")
    sides: list[Location] = []
    for run, beyond in ((evidence.run, Outcome.FAIL), (other, Outcome.INCONCLUSIVE)):
        side = _side(check if run is evidence.run else replace(check, if_present=False), ask, policy, run)
        if isinstance(side, CheckResult):
            return side
        if side.infinite:
            what = f"{quote(run.identity.name)} has {side.infinite:,} infinite values in {ask.window}"
            return blank_result(check, beyond, f"{quote(ask.metric)} of {what}, which is beyond any bound.")
        sides.append(side)
    ours, theirs = sides
    change = change_between(ours, theirs)
    change = Change(value=round9(change.value), low=round9(change.low), high=round9(change.high))
    outcome = judge_change(change, wanted, round9(theirs.value))
    bound = _bound(wanted)
    # A tolerance in percent is met or missed in percent: say the change so too.
    share = f" ({change.value / abs(theirs.value):+.1%})" if "%" in bound and theirs.value else ""
    held = f" ({_held(evidence.holder)})" if last and evidence.holder is not None else ""
    reason = (
        f"{ask.statistic} over {ask.window} is {show_number(ours.value)}, in {quote(other.identity.name)}{held} "
        f"{show_number(theirs.value)} ({theirs.n:,} values): a change of {show_number(change.value)}{share}, "
        f"95 % interval {show_number(change.low)} to {show_number(change.high)}; tolerated is {bound}"
    )
    reason += ": cannot tell; more steps in either run would." if outcome is Outcome.INCONCLUSIVE else "."
    result = replace(blank_result(check, outcome, reason), bound=bound, observed=finite(change.value), n=ours.n)
    return replace(result, low=finite(change.low), high=finite(change.high), unit="change")


def _bound(ask: BaselineAsk) -> str:
    limits = (("drop", ask.max_drop), ("rise", ask.max_rise))
    return ", ".join(f"{word} <= {tolerance}" for word, tolerance in limits if tolerance is not None)


def _held(holder: Holder) -> str:
    return f"{quote(holder.checkpoint)} held {quote(holder.alias)} of {quote(holder.registry)}"


def _same_bytes(evidence: Evidence) -> bool:
    """Tell whether the checkpoint is the very one that was promoted last: a run that went on has another."""
    ours, theirs = evidence.checkpoint, evidence.holder
    return ours is not None and theirs is not None and ours.digest is not None and ours.digest == theirs.digest


def _is_itself(run: RunData, other: RunData) -> bool:
    return run.identity.id is not None and run.identity.id == other.identity.id


def _unfit(run: RunData, other: RunData) -> str | None:
    """Say why a run cannot be a baseline: it is this run itself, did not end well, or was not read whole."""
    same = run.series.keys() == other.series.keys() and all(
        np.array_equal(one.steps, other.series[name].steps)
        and np.array_equal(one.values, other.series[name].values, equal_nan=True)
        for name, one in run.series.items()
    )
    if _is_itself(run, other):
        return "is this run itself; name an earlier one."
    if same:
        return "holds the same values as this run; name an earlier one."
    if other.state not in (RunState.FINISHED, RunState.UNKNOWN):
        return f"did not finish (it is {other.state}); name one that did."
    if any(note.kind is not NoteKind.ODD for note in other.notes):
        return "was not read whole; see where its data were lost, or name another."
    return None


def _side(check: Check, ask: SeriesAsk, policy: Policy, run: RunData) -> Location | CheckResult:
    series = find_series(policy, run, ask.metric)
    if series is None or run.first_step is None or run.last_step is None:
        return missing_series(check, policy, run, ask.metric)
    found = locate(series, ask.statistic, ask.window, (run.first_step, run.last_step))
    least = max(check.min_samples, MIN_POINTS)
    if found is None or found.n < least:
        few = f"fewer than {MIN_POINTS}" if found is None else f"only {found.n:,}"
        reason = f"{quote(series.name)} of {quote(run.identity.name)} has {few} finite values in {ask.window}; "
        return blank_result(check, Outcome.INCONCLUSIVE, f"{reason}{least:,} are needed in both runs.")
    return found
