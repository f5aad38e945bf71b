"""Back from a result to the data: which values it rests on, and which of them decide it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from checks.check import Check, EloAsk, LogAsk, Policy, SeriesAsk
from checks.document import quote
from checks.number import show_number
from checks.run import Evidence, RunData, Steps, Values
from checks.statistic import Statistic
from checks.threshold import find_series
from checks.trend import MIN_POINTS, mann_kendall

SHOWN = 6
MEANINGS: Mapping[str, str] = {
    "last": "the value at the highest step",
    "mean": "the sum of the values by their number",
    "min": "the smallest value",
    "max": "the largest value",
    "share-above": "the number of values above the threshold, by the number of values",
    "count-above": "the number of values above the threshold",
    "slope": "Theil–Sen: the median slope of all pairs of values, per 100 steps; interval of Sen 1968",
    "trend": "Theil–Sen slope times the steps covered, by the series' range (at least a tenth of its level)",
    "end-below-peak": "highest mean of ten blocks less that of the end (last block or last 25th), by the series' range",
}


def trace(check: Check, policy: Policy, evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Give facts (label, text) that lead from a check to its data, in the order a person would ask."""
    if isinstance(check.ask, SeriesAsk):
        yield from _trace_series(check, check.ask, policy, evidence.run)
        other = None if check.baseline is None else evidence.baselines.get(check.baseline.run)
        if isinstance(other, RunData):
            yield "baseline", quote(other.identity.name)
            yield from _trace_series(check, check.ask, policy, other)
    elif isinstance(check.ask, LogAsk):
        table = evidence.logs.get(check.ask.question)
        yield "events from", quote(evidence.log_source or "nowhere: there are no log events", 300)
        if table is not None and table.rows:
            yield (
                "answer",
                f"{table.events:,} events: "
                + ", ".join(
                    f"{column} {show_number(cell) if isinstance(cell, int | float) else cell}"
                    for column, cell in zip(table.columns, table.rows[0], strict=True)
                ),
            )
        yield from _asked(check.ask.question, evidence)
    elif isinstance(check.ask, EloAsk):
        yield from _trace_games(evidence)
    else:
        table = evidence.logs.get(check.ask.apl)
        if table is not None and table.rows:
            yield "answer", ", ".join(f"{name} {cell}" for name, cell in zip(table.columns, table.rows[0], strict=True))
        told = tuple(_asked(check.ask.apl, evidence))
        yield from told or (("query", quote(line, 1_000)) for line in check.ask.apl.splitlines())


def _asked(what: str, evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Tell what a service was asked, for which time, and by what."""
    for one in evidence.asked:
        if one.what == what:
            yield "asked", f"{quote(one.service)} for {one.since} to {one.until}, by {quote(one.client)}"
            yield from (("query", quote(line, 1_000)) for line in one.text.splitlines())


def _trace_games(evidence: Evidence) -> Iterator[tuple[str, str]]:
    record = evidence.game_record
    if record is None:
        yield "games from", "nowhere: the run's rating series answer in their place, if it logged any"
        return
    counts = record.counts
    yield "games from", quote(record.source, 300)
    yield (
        "games",
        f"{counts.games:,.0f} among {len(counts.agents):,} agents, {show_number(counts.mean_seats)} seats each",
    )
    yield "observations", f"{counts.clusters:,.0f}, one a {quote(record.cluster)}"


def _trace_series(check: Check, ask: SeriesAsk, policy: Policy, run: RunData) -> Iterator[tuple[str, str]]:
    names = policy.metric_names(ask.metric)
    series = find_series(policy, run, ask.metric)
    if series is None or run.first_step is None or run.last_step is None:
        yield "looked for", ", ".join(map(quote, names))
        return
    start = max(run.first_step, ask.window.first_step(run.first_step, run.last_step))
    inside = ask.window.mask(series.steps, run.first_step, run.last_step)
    steps, values = series.steps[inside], series.values[inside]
    role = f"; the first of {len(names)} names of the role {ask.metric} that the run has" if len(names) > 1 else ""
    yield "metric", f"{quote(series.name)}{role}"
    yield (
        "window",
        f"{ask.window}: steps {start:,} to {run.last_step:,}, {values.size:,} of {series.values.size:,} values",
    )
    yield "statistic", f"{ask.statistic}: {_meaning(ask.statistic)}"
    finite = np.isfinite(values)
    if ask.statistic.is_estimate and finite.sum() >= MIN_POINTS:
        p = mann_kendall(steps[finite], values[finite])
        yield "trend test", f"Mann–Kendall p = {show_number(p)} (two-sided, allowing for correlated noise)"
    yield from _extremes(steps, values)
    yield from _offenders(check, ask, steps, values)


def _meaning(statistic: Statistic) -> str:
    if statistic.quantile is not None:
        return f"the value below which {statistic.quantile:.0%} of the values lie (linear between neighbours)"
    return MEANINGS[statistic.name]


def _extremes(steps: Steps, values: Values) -> Iterator[tuple[str, str]]:
    bad = int((~np.isfinite(values)).sum())
    if bad:
        yield "not finite", f"{bad:,} values in the window, first at step {steps[~np.isfinite(values)][0]:,}"
    kept = np.isfinite(values)
    if kept.any():
        low, high = int(np.argmin(values[kept])), int(np.argmax(values[kept]))
        at = steps[kept]
        small, large = show_number(float(values[kept][low])), show_number(float(values[kept][high]))
        yield "smallest", f"{small} at step {at[low]:,}"
        yield "largest", f"{large} at step {at[high]:,}"


def _offenders(check: Check, ask: SeriesAsk, steps: Steps, values: Values) -> Iterator[tuple[str, str]]:
    """List single values that the bound would not pass, where the statistic is in the unit of the values."""
    if check.rule is None or ask.statistic.unit is not None:
        return
    bound, holds = (check.rule.fails, True) if check.rule.passes is None else (check.rule.passes, False)
    if bound is None:
        return
    found = [i for i, value in enumerate(values.tolist()) if bound.holds(value) is holds]
    if not found:
        yield "beyond the bound", "no single value"
        return
    shown = ", ".join(f"{show_number(float(values[i]))} (step {steps[i]:,})" for i in found[:SHOWN])
    more = f" and {len(found) - SHOWN:,} more" if len(found) > SHOWN else ""
    yield "beyond the bound", f"{len(found):,} of {values.size:,} values: {shown}{more}"
