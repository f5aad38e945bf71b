"""What a policy asks less than another: every change by which a run could pass that could not before.

Two policies come in, sentences go out. No run, no file and no report may enter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from checks.check import LAST_PROMOTED, BaselineAsk, Check, EloAsk, LogAsk, Policy, QueryAsk, SeriesAsk, Tolerance
from checks.document import quote
from checks.result import Outcome, Severity
from checks.rule import Rule

_RANK = {Outcome.PASS: 2, Outcome.WARN: 1, Outcome.FAIL: 0}


class Effect(StrEnum):
    """What a change does."""

    WEAKER = "weaker"
    """Something passes that did not pass."""
    OTHER = "other"
    """Something else is asked: whether that is less cannot be told from the policy."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change."""

    effect: Effect
    key: str
    """Where in the policy: `checks.kl-p95`."""
    text: str
    """What changed, in one sentence."""


def compare(old: Policy, new: Policy) -> tuple[Change, ...]:
    """List what the new policy asks less, or otherwise, than the old one; empty: it asks at least as much.

    Checks that were added, bounds that were tightened and waivers that are gone are not listed.
    """
    return tuple(_changes(old, new))


def _changes(old: Policy, new: Policy) -> Iterator[Change]:
    if new.trial and not old.trial:
        yield _weaker("trial", "it is a trial now: no status is posted, and nothing can be promoted by it")
    known = {check.id: check for check in new.checks}
    for check in old.checks:
        if check.id not in known:
            yield _weaker(f"checks.{check.id}", f"“{check.title}” is not asked any more")
        else:
            yield from _of_check(check, known[check.id], old, new)
    yield from _of_plan(old, new)
    yield from _of_league(old, new)
    yield from _of_promotion(old, new)
    yield from _of_fields(old, new)
    yield from _of_waivers(old, new)


def _weaker(key: str, text: str) -> Change:
    return Change(effect=Effect.WEAKER, key=key, text=f"{text}.")


def _other(key: str, text: str) -> Change:
    return Change(effect=Effect.OTHER, key=key, text=f"{text}.")


def _of_check(one: Check, other: Check, old: Policy, new: Policy) -> Iterator[Change]:
    key = f"checks.{one.id}"
    if one.severity is Severity.BLOCK and other.severity is Severity.WARN:
        yield _weaker(f"{key}.severity", "it blocked, and only warns now")
    if other.if_present and not one.if_present:
        yield _weaker(f"{key}.if-present", "missing data were inconclusive, and are accepted now")
    if other.min_samples < one.min_samples:
        yield _weaker(f"{key}.min-samples", f"{one.min_samples:,} values were needed, {other.min_samples:,} are now")
    if _asked(one) != _asked(other):
        yield _other(key, f"it asked for {_asked(one)}, and asks for {_asked(other)} now")
    elif isinstance(one.ask, SeriesAsk):
        names = old.metric_names(one.ask.metric), new.metric_names(one.ask.metric)
        if names[0] != names[1]:
            yield _other(f"roles.{one.ask.metric}", f"{quote(one.ask.metric)} means other metrics than before")
    if isinstance(one.ask, EloAsk) and isinstance(other.ask, EloAsk):
        yield from _of_hypotheses(f"{key}.elo", one.ask, other.ask)
    yield from _of_rules(key, one.rule, other.rule)
    yield from _of_baselines(f"{key}.baseline", one.baseline, other.baseline)


def _asked(check: Check) -> str:
    """Say what is asked, without the rule."""
    ask = check.ask
    match ask:
        case SeriesAsk():
            return f"{ask.statistic} of {quote(ask.metric)} over {ask.window}"
        case LogAsk():
            return f"{ask.value} of {ask.question}"
        case QueryAsk():
            return f"the query {quote(ask.apl, 200)}"
        case _:
            against = "the reference" if ask.against is None else quote(ask.against)
            return f"{ask.value or 'the decision'} of {quote(ask.candidate)} against {against}"


def _of_rules(key: str, one: Rule | None, other: Rule | None) -> Iterator[Change]:
    if one is None or other is None or one == other:
        return
    if any(_RANK[other.outcome(value)] > _RANK[one.outcome(value)] for value in _corners(one, other)):
        yield _weaker(key, f"the rule was {one}, and is {other} now")


def _corners(*rules: Rule) -> Iterator[float]:
    """Give values at, just below and just above every bound: between them no outcome changes."""
    for rule in rules:
        for bound in (rule.passes, rule.fails):
            if bound is not None:
                yield from (bound.limit, math.nextafter(bound.limit, math.inf), math.nextafter(bound.limit, -math.inf))


def _of_hypotheses(key: str, one: EloAsk, other: EloAsk) -> Iterator[Change]:
    was, now = one.hypotheses, other.hypotheses
    if now.elo0 < was.elo0 or now.elo1 < was.elo1:
        told = f"the hypotheses were {was.elo0:g} against {was.elo1:g} Elo, and are {now.elo0:g} against {now.elo1:g}"
        yield _weaker(key, told)
    if now.alpha > was.alpha:
        yield _weaker(f"{key}.alpha", f"a wrong pass was {was.alpha:g} likely, and is {now.alpha:g} now")
    if other.confidence < one.confidence:
        yield _weaker(f"{key}.confidence", f"intervals held {one.confidence:g}, and hold {other.confidence:g} now")


def _of_baselines(key: str, one: BaselineAsk | None, other: BaselineAsk | None) -> Iterator[Change]:
    if one is None or other is None:
        if one is not None:
            yield _other(key, f"it was compared with {quote(one.run)}, and is compared with nothing now")
        return
    if one.run != other.run:
        yield _other(key, f"it was compared with {quote(one.run)}, and is with {quote(other.run)} now")
    for name, was, now in (("max-drop", one.max_drop, other.max_drop), ("max-rise", one.max_rise, other.max_rise)):
        if was is not None and (now is None or _tolerates_more(was, now)):
            yield _weaker(f"{key}.{name}", f"{was} was tolerated, and {'anything' if now is None else now} is now")


def _of_promotion(old: Policy, new: Policy) -> Iterator[Change]:
    """Tell another alias or registry, where something is compared with what it holds."""
    if LAST_PROMOTED not in old.baseline_runs:
        return
    for name, was, now in (
        ("alias", old.promotion.alias, new.promotion.alias),
        ("registry", old.promotion.registry, new.promotion.registry),
    ):
        if was != now:
            before, after = quote(was or "the checkpoint's own"), quote(now or "the checkpoint's own")
            yield _other(f"promotion.{name}", f"it was {before}, and is {after} now")


def _tolerates_more(was: Tolerance, now: Tolerance) -> bool:
    return now.amount > was.amount if now.relative == was.relative else True


def _of_plan(old: Policy, new: Policy) -> Iterator[Change]:
    was, now = old.planned_steps, new.planned_steps
    key = "integrity.planned-steps"
    if was == now or was is None:
        return
    if isinstance(was, int) and isinstance(now, int):
        if now < was:
            yield _weaker(key, f"{was:,} steps had to be reached, {now:,} have to be now")
    else:
        yield _other(key, f"the plan was {quote(str(was))}, and is {'unknown' if now is None else quote(str(now))} now")


def _of_league(old: Policy, new: Policy) -> Iterator[Change]:
    was, now = old.league, new.league
    if now.allow_disconnected and not was.allow_disconnected:
        yield _weaker("games.allow-disconnected", "agents that no games connect were an error, and are left out now")
    for key, before, after in (
        ("references", dict(was.references), dict(now.references)),
        ("checkpoints", was.checkpoints, now.checkpoints),
        ("games.cluster", was.cluster, now.cluster),
        ("games.columns", was.columns, now.columns),
        ("online-elo", was.rule, now.rule),
    ):
        if before != after:
            yield _other(key, "it reads games or ratings otherwise than before")


def _of_fields(old: Policy, new: Policy) -> Iterator[Change]:
    for field in sorted({*old.fields, *new.fields}):
        if old.fields.get(field) != new.fields.get(field):
            yield _other(f"fields.{field}", f"{field} is read from other names of log events")


def _of_waivers(old: Policy, new: Policy) -> Iterator[Change]:
    known = {(waiver.check, waiver.scope): waiver.expires for waiver in old.waivers}
    for waiver in new.waivers:
        before = known.get((waiver.check, waiver.scope))
        told = f"{waiver.check} of {quote(waiver.scope)} until {waiver.expires} ({quote(waiver.reason)})"
        if before is None:
            yield _weaker("waivers", f"a waiver was added: {told}")
        elif waiver.expires > before:
            yield _weaker("waivers", f"a waiver was prolonged from {before}: {told}")
