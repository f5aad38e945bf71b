"""A statistic of a series, or the answer to a log question, held against its bounds."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from checks.check import Ask, Check, EloAsk, LogAsk, Policy, QueryAsk, SeriesAsk
from checks.document import quote
from checks.finding import Judged
from checks.number import finite, parse_number, round9, show_number
from checks.questions.catalog import QUESTIONS
from checks.result import CheckKind, CheckResult, Outcome
from checks.run import Evidence, LogTable, RunData, Series
from checks.statistic import Observation, observe

_KINDS = {SeriesAsk: CheckKind.THRESHOLD, LogAsk: CheckKind.LOGS, QueryAsk: CheckKind.LOGS, EloAsk: CheckKind.ELO}


TOO_FEW = "Log more often, widen the window, or lower min-samples in the policy."


def find_series(policy: Policy, run: RunData, metric: str) -> Series | None:
    """Find the series a role or metric stands for: the first of its names that the run has values of.

    None where this evidence was collected without that one: a later name is another metric.
    """
    for name in policy.metric_names(metric):
        series = run.series.get(name)
        if series is not None and series.values.size:
            return series
        if series is None and run.catalog.get(name):
            return None
    return None


def judged_series(policy: Policy, run: RunData) -> Judged:
    """Collect the series that the policy's checks look at, by the name the policy uses, sorted."""
    metrics = sorted({check.ask.metric for check in policy.checks if isinstance(check.ask, SeriesAsk)})
    found = {metric: find_series(policy, run, metric) for metric in metrics}
    return Judged(
        step=find_series(policy, run, "step"),
        series={metric: series for metric, series in found.items() if series is not None},
        plan=policy.planned_steps,
    )


def count(number: int, noun: str) -> str:
    """Write a number of things.

    >>> count(1, "value"), count(1200, "value")
    ('1 value', '1,200 values')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def blank_result(check: Check, outcome: Outcome, reason: str) -> CheckResult:
    """Make the result of a check that has no value."""
    return CheckResult(
        id=check.id,
        kind=CheckKind.BASELINE if check.baseline is not None else _KINDS[type(check.ask)],
        title=check.title,
        outcome=outcome,
        severity=check.severity,
        bound=None if check.rule is None else str(check.rule),
        reason=reason,
        remedy=check.remedy if outcome in (Outcome.WARN, Outcome.FAIL) else None,
        where=check.where,
    )


def missing(check: Check, reason: str) -> CheckResult:
    """Make the result of a check without data: inconclusive, or not measured where that is allowed."""
    if check.if_present:
        return blank_result(check, Outcome.NOT_MEASURED, reason)
    told = f"{reason} {check.when_missing}" if check.when_missing else reason
    return blank_result(check, Outcome.INCONCLUSIVE, told)


def missing_series(check: Check, policy: Policy, run: RunData, metric: str) -> CheckResult:
    """Say which names were looked for, and what the run has that is near."""
    names = policy.metric_names(metric)
    left = next((name for name in names if run.catalog.get(name)), None)
    if left is not None:
        # An evidence bundle holds what its own policy asked of. That is no absence: `if-present` does not excuse it.
        reason = f"The run has {quote(left)}, but this evidence was collected without it; judge the run itself."
        return blank_result(check, Outcome.INCONCLUSIVE, reason)
    if not run.catalog:
        return missing(replace(check, when_missing=None), "The run has no metrics at all.")
    looked = ", ".join(map(quote, names[:6])) + (", …" if len(names) > 6 else "")
    near = near_names(metric, names, run.catalog)
    role = difflib.get_close_matches(metric[:80], policy.roles, n=1, cutoff=0.6)
    hint = ""
    if near and metric in policy.roles:
        hint = f" If {' or '.join(map(quote, near))} is meant, name it in the policy's `roles: {{{metric}: […]}}`."
    elif near:
        hint = f" Did you mean {' or '.join(map(quote, near))}?"
    elif role and metric not in policy.roles:
        hint = f" Is the role `{role[0]}` meant?"
    return missing(check, f"The run has no metric for {quote(metric)} (looked for {looked}).{hint}")


def near_names(metric: str, names: tuple[str, ...], catalog: Iterable[str]) -> tuple[str, ...]:
    """Find up to three metrics of a run that may be what a role or name means: those that hold its word, or look alike.

    >>> near_names("reward", ("train/reward",), ["Rewards/mean_episodes", "Loss/pi"])
    ('Rewards/mean_episodes',)
    >>> near_names("kl/maen", ("kl/maen",), ["kl/mean", "loss"])
    ('kl/mean',)
    """
    known = sorted(catalog)
    word = metric.rpartition("/")[2].split("-")[0].lower()
    holding = [
        name for name in known if len(word) > 1 and word in re.split(r"[^a-z0-9]+", name.lower().replace("s/", "/"))
    ]
    alike = [close for name in names for close in difflib.get_close_matches(name[:80], known, n=2, cutoff=0.75)]
    return tuple(dict.fromkeys((*holding, *alike)))[:3]


def check_series(check: Check, ask: SeriesAsk, policy: Policy, run: RunData) -> CheckResult:
    """Hold a statistic of a series against its rule."""
    series = find_series(policy, run, ask.metric)
    if series is None or run.first_step is None or run.last_step is None or check.rule is None:
        return missing_series(check, policy, run, ask.metric)
    seen = observe(series, ask.statistic, ask.window, (run.first_step, run.last_step))
    if seen.n < check.min_samples:
        beside = f", {seen.nan:,} more are NaN" if seen.nan else ""
        reason = (
            f"{quote(series.name)} has {count(seen.n, 'value')} in {ask.window}{beside}; "
            f"{check.min_samples:,} are needed: {check.min_samples - seen.n:,} more."
        )
        remedy = "Find out why the values are NaN." if seen.nan > seen.n else TOO_FEW
        return replace(blank_result(check, Outcome.INCONCLUSIVE, reason), n=seen.n, remedy=remedy)
    others = [name for name in policy.metric_names(ask.metric) if name != series.name and run.catalog.get(name)]
    also = f" (not of {', '.join(map(quote, others))}, which the run has too)" if others else ""
    what = f"{ask.statistic} of {quote(series.name)}{also} over {ask.window}"
    return _judge(check, _Found(seen=_rounded(seen), what=what))


def check_logs(check: Check, ask: LogAsk, evidence: Evidence) -> CheckResult:
    """Hold one value of a log question's answer against its rule."""
    table = evidence.logs.get(ask.question)
    if table is None and evidence.log_source is not None:
        reason = f"This evidence was collected without an answer to {ask.question}; judge the run itself."
        return blank_result(check, Outcome.INCONCLUSIVE, reason)
    if table is None:
        return missing(check, "There are no log events: give --events, or put events.jsonl beside the run.")
    value, n = answer_value(table, ask.value)
    if table.events == 0 or value is None:
        return missing(
            check, f"No event answers {ask.question}: {ask.value} was not measured in {evidence.log_source}."
        )
    if n < check.min_samples:
        needed = f"{check.min_samples:,} are needed: {check.min_samples - n:,} more."
        reason = f"{ask.value} rests on {count(n, 'event')}; {needed}"
        return replace(blank_result(check, Outcome.INCONCLUSIVE, reason), n=n, remedy=TOO_FEW)
    seen = Observation(value=round9(value), n=n)
    return _judge(check, _Found(seen=seen, what=f"{ask.value} of {ask.question}"))


def check_query(check: Check, ask: QueryAsk, evidence: Evidence) -> CheckResult:
    """Hold the value of a query of the user's own against its rule: only Axiom can answer it."""
    table = evidence.logs.get(ask.apl)
    if table is None:
        where = evidence.log_source or "this evidence"
        return missing(check, f"A query in APL is answered by Axiom alone, not by {where}.")
    row = dict(zip(table.columns, table.rows[0], strict=True)) if table.rows else {}
    found = row.get("value")
    value = parse_number(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    if value is None:
        return missing(check, f"The query gave no number in {evidence.log_source or 'Axiom'}: nothing was measured.")
    if table.events < check.min_samples:
        needed = f"{check.min_samples:,} are needed: {check.min_samples - table.events:,} more."
        reason = f"The value rests on {count(table.events, 'event')}; {needed}"
        return replace(blank_result(check, Outcome.INCONCLUSIVE, reason), n=table.events, remedy=TOO_FEW)
    return _judge(check, _Found(seen=Observation(value=round9(value), n=table.events), what="the query's value"))


def answer_value(table: LogTable, value: str) -> tuple[float | None, int]:
    """Read one value, and how many events it rests on, from the single row of an ungrouped answer.

    Times rest on the events that have one: `unmeasured` is the share of those that do not.
    """
    row = dict(zip(table.columns, table.rows[0], strict=True)) if table.rows else {}
    found = row.get(value)
    number = parse_number(found) if isinstance(found, int | float) and not isinstance(found, bool) else None
    unmeasured = row.get("unmeasured")
    timed = QUESTIONS[table.question].value(value).unit == "s"
    if timed and isinstance(unmeasured, int | float) and 0 <= unmeasured <= 1:
        return number, round(table.events * (1 - unmeasured))
    return number, table.events


@dataclass(frozen=True, kw_only=True)
class _Found:
    seen: Observation
    what: str
    """What was observed, in words."""


def _rounded(seen: Observation) -> Observation:
    low, high = (None if end is None else round9(end) for end in (seen.low, seen.high))
    return replace(seen, value=round9(seen.value), low=low, high=high)


def _judge(check: Check, found: _Found) -> CheckResult:
    seen, rule = found.seen, check.rule
    if rule is None:
        raise ValueError(f"check {check.id}: a rule is needed to judge a value")
    infinite = seen.infinite > 0
    if seen.low is not None and seen.high is not None:
        outcome = rule.outcome_of_estimate(seen.value, seen.low, seen.high)
    elif infinite or not math.isnan(seen.value):
        # An infinite value is beyond any bound, also where the statistic itself stays finite.
        outcome = Outcome.FAIL if infinite else rule.outcome(seen.value)
    else:
        outcome = Outcome.INCONCLUSIVE
    result = blank_result(check, outcome, _reason(check, found, outcome))
    return replace(
        result,
        observed=finite(seen.value),
        unit=_unit(check.ask),
        step=seen.step,
        n=seen.n,
        low=finite(seen.low),
        high=finite(seen.high),
    )


def _reason(check: Check, found: _Found, outcome: Outcome) -> str:
    seen = found.seen
    unit = _unit(check.ask)
    value = f"{found.what} is {show_number(seen.value)}{f' {unit}' if unit else ''}"
    if seen.step is not None:
        value += f" (step {seen.step:,})"
    if seen.nan:
        value += f", {seen.nan:,} NaN left out"
    if seen.infinite:
        return f"{value}; {count(seen.infinite, 'infinite value')} beyond any bound."
    if math.isnan(seen.value):
        return f"{found.what} cannot be computed from {seen.n:,} values."
    asked = f"asked is {check.rule}"
    if seen.low is not None and seen.high is not None:
        between = f"{value}, 95 % interval {show_number(seen.low)} to {show_number(seen.high)}; {asked}"
        unsure = ": not certain enough to block." if outcome is Outcome.WARN else ": cannot tell; more steps would."
        return between + (unsure if outcome in (Outcome.WARN, Outcome.INCONCLUSIVE) else ".")
    return f"{value}; {asked}."


def _unit(ask: Ask) -> str | None:
    if isinstance(ask, SeriesAsk):
        return ask.statistic.unit
    return QUESTIONS[ask.question].value(ask.value).unit if isinstance(ask, LogAsk) else None
