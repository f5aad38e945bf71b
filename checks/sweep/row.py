"""One run as a row: its figures of training, its references, its last logged ratings. No comparison may enter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from checks.check import Policy
from checks.elo.agents import AgentKind, tell_agents
from checks.elo.answer import EloAnswer
from checks.elo.panel import usable
from checks.number import finite, round9
from checks.run import RunData, Series
from checks.statistic import last_index
from checks.strength import rating_series
from checks.sweep.answer import LoggedGap, Metrics, ReferenceFacts
from checks.sweep.entry import SweepQuestion
from checks.sweep.instability import WATCHED
from checks.sweep.pool import naming_of
from checks.threshold import find_series


def watched(policy: Policy, run: RunData) -> dict[str, Series | None]:
    """Give the series in which instability shows, by role."""
    return {role: find_series(policy, run, role) for role in WATCHED}


def metrics_of(policy: Policy, run: RunData) -> Metrics:
    """Give the figures of training: means over the finite values, the last values as they are."""
    kl = find_series(policy, run, "kl")
    good = np.zeros(0) if kl is None else kl.values[np.isfinite(kl.values)]
    return Metrics(
        kl_mean=finite(float(good.mean())) if good.size else None,
        kl_max=finite(float(good.max())) if good.size else None,
        grad_norm=_last(policy, run, "grad-norm"),
        reward=_last(policy, run, "reward"),
        win_rate=_last(policy, run, "win-rate"),
        placement_rate=_last(policy, run, "placement-rate"),
    )


def _last(policy: Policy, run: RunData, role: str) -> float | None:
    series = find_series(policy, run, role)
    return None if series is None else finite(float(series.values[last_index(series.steps)]))


def reference_facts(run: RunData, question: SweepQuestion, answer: EloAnswer | None) -> tuple[ReferenceFacts, ...]:
    """Give the fixed agents that the run rated, with ratings or in games, by name."""
    logged = {name: ends for name, ends in _ends(run).items() if _kind(run, question).get(name) is AgentKind.REFERENCE}
    rated = {row.agent: row.estimate for row in answer.ratings if row.kind is AgentKind.REFERENCE} if answer else {}
    found = []
    for name in sorted({*logged, *rated}):
        first, last, count = logged.get(name, (None, None, 0))
        drop = round9(first - last) if first is not None and last is not None and count > 1 else None
        found.append(
            ReferenceFacts(name=name, estimate=rated.get(name), first=first, last=last, drop=drop),
        )
    return tuple(found)


def logged_gap(run: RunData, question: SweepQuestion, reference: str) -> LoggedGap | None:
    """Give the highest last rating of a checkpoint less that of the reference; None where one of them is not logged."""
    kinds, ends = _kind(run, question), _ends(run)
    checkpoints = {name: ends[name][1] for name, kind in kinds.items() if kind is AgentKind.CHECKPOINT and name in ends}
    if reference not in ends or not checkpoints:
        return None
    name = max(checkpoints, key=lambda one: (checkpoints[one], one))
    return LoggedGap(checkpoint=name, elo=round9(checkpoints[name] - ends[reference][1]))


def _kind(run: RunData, question: SweepQuestion) -> Mapping[str, AgentKind]:
    names = sorted(rating_series(run))
    return {agent.name: agent.kind for agent in tell_agents(names, naming_of(question, names))}


def _ends(run: RunData) -> dict[str, tuple[float, float, int]]:
    """Give first and last usable rating and how many there are, of each agent with any."""
    found = {}
    for name, series in rating_series(run).items():
        good = usable(series.values)
        values = series.values[good][np.argsort(series.steps[good], kind="stable")]
        if values.size:
            found[name] = round9(float(values[0])), round9(float(values[-1])), int(values.size)
    return found
