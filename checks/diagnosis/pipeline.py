"""Signs of faults outside the optimisation: orders that cannot be read, an engine that is slow, games that hang."""

from __future__ import annotations

from checks.diagnosis.case import Case
from checks.diagnosis.shift import against, thirds
from checks.distribution import exact_interval
from checks.document import quote
from checks.number import show_number
from checks.result import CheckResult, Outcome

READABLE = 0.95
"""Share of answers that a working pipeline reads in full, at least."""
VANISHED = 0.05
"""Share of rollouts that may neither complete nor fail: those that run while the log ends."""
TAIL = 3.0
"""Times the median from which the slowest twentieth of the rollouts is stuck rather than slow."""
_LEAST_EVENTS = 30
_LEAST_STEPS = 10
_CONFIDENCE = 0.95
_SPEEDS = (
    ("output_tokens_per_s", "output tokens a second"),
    ("input_tokens_per_s", "input tokens a second"),
    ("batch_size", "sequences a batch"),
)


def unreadable(case: Case) -> str | None:
    """See answers of the model that could not be read."""
    allowed = case.answers.get(("extraction", "rate"))
    if allowed is not None and allowed.outcome is Outcome.PASS:
        return None
    n, rate = case.text_count("extraction", "n"), case.cell("extraction", "rate")
    if rate is not None and n >= _LEAST_EVENTS:
        low, high = exact_interval(round(rate * n), n, _CONFIDENCE)
        if high < READABLE:
            parts = [
                f"{share:.1%} {name}"
                for name in ("empty", "partial")
                if (share := case.cell("extraction", name)) is not None
            ]
            beside = f"; {', '.join(parts)}" if parts else ""
            return f"{rate:.1%} of {n:,} answers were read in full (95 % interval {low:.1%} to {high:.1%}){beside}."
        return None
    series = case.series.get("extraction-share")
    if series is None or series.values.size < _LEAST_STEPS:
        return None
    before, after = thirds(series.values)
    found = against(READABLE, after)
    if found is None or found.high >= 0:
        return None
    return (
        f"{quote(series.name)} is {after.mean():.1%} on average in the last third of the run (95 % interval "
        f"{max(READABLE + found.low, 0.0):.1%} to {READABLE + found.high:.1%}, n = {after.size:,}), "
        f"{before.mean():.1%} in the first."
    )


def bottleneck(case: Case) -> str | None:
    """See rollouts of which the typical one is slower than the policy allows, or an engine that is."""
    median = case.missed("rollout-timing", "p50_s")
    rate = case.missed("rollout-timing", "trajectories_per_hour")
    speeds = [
        f"{show_number(found.observed)} {words} ({found.bound})"
        for value, words in _SPEEDS
        if (found := case.missed("inference", value)) is not None
    ]
    if median is None and not speeds:
        return None
    told = []
    if median is not None:
        told.append(f"The typical rollout takes {_seconds(median)}, asked is {median.bound}")
    if rate is not None:
        told.append(f"{show_number(rate.observed)} trajectories an hour, asked is {rate.bound}")
    if speeds:
        told.append(f"the engine gives {', '.join(speeds)}")
    waited = _waiting(case, median)
    return f"{'; '.join(told)}{waited}.".replace("the engine", "The engine", 0 if median or rate else 1)


def _seconds(found: CheckResult) -> str:
    return f"{show_number(found.observed)} s (n = {found.n:,})"


def _waiting(case: Case, median: CheckResult | None) -> str:
    """Tell of the engine's own speed where it is fine: then rollouts wait for it."""
    generation = case.cell("inference", "p95_generation_s")
    if generation is None or median is None:
        return ""
    return f"; one request is generated in {show_number(generation)} s at most, nineteen times of twenty"


def hanging(case: Case) -> str | None:
    """See rollouts that neither completed nor failed, or a slow tail behind a typical rollout that is not slow."""
    started, completed = case.text_count("health", "started"), case.text_count("health", "completed")
    vanished = started - completed - case.text_count("health", "errors")
    if started >= _LEAST_EVENTS and vanished > 0:
        low, high = exact_interval(vanished, started, _CONFIDENCE)
        if low > VANISHED:
            return (
                f"{vanished:,} of {started:,} rollouts that started neither completed nor failed "
                f"({vanished / started:.1%}, 95 % interval {low:.1%} to {high:.1%})."
            )
    tail, median = case.missed("rollout-timing", "p95_s"), case.cell("rollout-timing", "p50_s")
    if tail is None or median is None or (tail.n or 0) < _LEAST_EVENTS or (tail.observed or 0.0) < TAIL * median:
        return None
    return (
        f"The slowest twentieth of the rollouts takes {_seconds(tail)} or more, asked is {tail.bound}, though the "
        f"typical one takes {show_number(median)} s."
    )
