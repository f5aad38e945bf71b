"""Is everything set up? Findings about keys, services, logs and roles, each with what to do about it.

Facts come in, findings go out: nothing is asked of a service here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from checks.check import LogAsk, Policy, SeriesAsk
from checks.document import quote
from checks.questions.answer import complete_fields
from checks.questions.catalog import QUESTIONS
from checks.questions.reader import parse_alternative
from checks.run import RunData, RunState

SKEW = timedelta(seconds=60)
"""How far clocks may differ before times of runs and events stop fitting."""
STALE = timedelta(days=7)


class Status(StrEnum):
    """How a finding turned out."""

    GOOD = "good"
    ODD = "odd"
    """Nothing is broken, but something may not be meant."""
    FAULT = "fault"
    LEFT_OUT = "left out"
    """Could not be looked at, or is not wanted."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    status: Status
    what: str
    found: str
    advice: str = ""


def good(what: str, found: str) -> Finding:
    """Make a finding of something in order."""
    return Finding(status=Status.GOOD, what=what, found=found)


def fault(what: str, problem: str) -> Finding:
    """Make a finding of an error of ours: what stands before the last semicolon is found, what is behind it to do."""
    found, _, advice = problem.removeprefix(f"{what}: ").rpartition("; ")
    return Finding(status=Status.FAULT, what=what, found=found or advice, advice=advice if found else "")


def left_out(what: str, why: str, advice: str = "") -> Finding:
    """Make a finding of something that was not looked at."""
    return Finding(status=Status.LEFT_OUT, what=what, found=why, advice=advice)


def clock_finding(service: str, there: datetime | None, here: datetime) -> Finding:
    """Hold the clock of this machine against that of a service."""
    what = f"clock against {service}"
    if there is None:
        return left_out(what, "the service told no time")
    skew = abs(here - there)
    seconds = f"{skew.total_seconds():.0f} s apart"
    if skew <= SKEW:
        return good(what, seconds)
    return Finding(
        status=Status.FAULT,
        what=what,
        found=seconds,
        advice="set the clock of this machine: the time range of a run would miss its log events",
    )


def role_findings(policy: Policy, run: RunData) -> Iterator[Finding]:
    """Tell for every metric that the policy asks of under which name the run has it."""
    asked = dict.fromkeys(one.ask.metric for one in policy.checks if isinstance(one.ask, SeriesAsk))
    optional = {one.ask.metric: one.if_present for one in policy.checks if isinstance(one.ask, SeriesAsk)}
    for metric in asked:
        names = policy.metric_names(metric)
        name = next((one for one in names if run.catalog.get(one)), None)
        what = f"role {metric}" if metric in policy.roles else f"metric {quote(metric)}"
        if name is not None:
            yield good(what, f"{quote(name)}, {run.catalog[name]:,} values")
        elif optional[metric]:
            yield left_out(what, "the run has none, and no check needs it")
        else:
            yield Finding(
                status=Status.FAULT,
                what=what,
                found=f"none of {', '.join(map(quote, names[:4]))}{', …' if len(names) > 4 else ''} in the run",
                advice=f"add `roles: {{{quote(metric)}: [NAME]}}` to the policy, or switch the check off",
            )


def state_finding(run: RunData) -> Finding:
    """Tell whether a run can be judged yet."""
    if run.state in (RunState.FINISHED, RunState.UNKNOWN):
        return good("run", f"{quote(run.identity.name)}, {run.state.value}, {run.rows.steps.size:,} rows")
    return Finding(
        status=Status.ODD,
        what="run",
        found=f"{quote(run.identity.name)} is {run.state.value}",
        advice="it will be inconclusive until it has finished",
    )


def field_findings(policy: Policy, columns: Iterable[str]) -> Iterator[Finding]:
    """Tell for every log field that the policy's questions need under which name the dataset has it."""
    known, fields = set(columns), complete_fields(policy.fields)
    questions = [QUESTIONS[one.ask.question] for one in policy.checks if isinstance(one.ask, LogAsk)]
    needed = dict.fromkeys(("event", "run", *(name for question in questions for name in question.needs)))
    for field in needed:
        names = [parse_alternative(one).name for one in fields[field]]
        if field == "time":
            continue  # Axiom's own
        found = [name for name in names if name in known]
        if found:
            yield good(f"log field {field}", ", ".join(found))
        else:
            yield Finding(
                status=Status.ODD if field == "run" else Status.FAULT,
                what=f"log field {field}",
                found=f"none of {', '.join(names[:4])}{', …' if len(names) > 4 else ''} in the dataset",
                advice=f"add `fields: {{{field}: [NAME]}}` to the policy",
            )


def seen_finding(dataset: str, row: Mapping[str, object], now: datetime) -> Finding:
    """Tell when the dataset last received an event; `row` holds `n` and `last_at` of the last 30 days."""
    what, n, last = "log events", row.get("n"), row.get("last_at")
    if not isinstance(n, int | float) or not n or not isinstance(last, str):
        return Finding(
            status=Status.FAULT,
            what=what,
            found=f"none in {dataset} within 30 days",
            advice="see whether the writer still sends, and to which dataset",
        )
    at = datetime.fromisoformat(last)
    told = f"{n:,.0f} in {dataset} within 30 days, the last at {at:%Y-%m-%d %H:%M} UTC"
    if now - at > STALE:
        return Finding(
            status=Status.ODD, what=what, found=told, advice="see whether the writer still sends; the last is old"
        )
    return good(what, told)
