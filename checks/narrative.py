"""What a careful researcher writes of a judged run: sentences with values, intervals and samples. No layout may enter.

Everything comes from the verdict and its evidence; what was not measured is said, or left out where it is of no use.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from checks.check import Policy
from checks.diagnosis.case import usable
from checks.diagnosis.training import GRADIENT, KL_LIMIT
from checks.document import quote
from checks.elo.agents import AgentKind
from checks.elo.facts import EloFacts, Span
from checks.elo.learning import Signal
from checks.elo.words import elo
from checks.number import show_number
from checks.result import CheckKind, Decision, Outcome, Severity, Verdict
from checks.run import Evidence, NoteKind, RunState, Series, Story
from checks.threshold import answer_value, find_series
from checks.trend import cut_blocks

STATES = {
    RunState.FINISHED: "completed",
    RunState.UNKNOWN: "completed",
    RunState.RUNNING: "running",
    RunState.FAILED: "failed",
    RunState.INTERRUPTED: "failed",
    RunState.KILLED: "failed",
}
"""How a run ended → what a tracker calls it."""
_SIGNALS = {
    Signal.POSITIVE: "positive",
    Signal.NONE: "none",
    Signal.NEGATIVE: "negative",
    Signal.UNCLEAR: "cannot be told",
}
_LEAST = 20
_MOST = 5
"""Checks that are told of."""
_OPEN = (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR)


@dataclass(frozen=True, kw_only=True)
class Narrative:
    """What is written of a run. Every text is one line and may hold hostile text."""

    state: str
    """`completed`, `running` or `failed`."""
    hypothesis: str | None
    """The run's notes, the first line of them."""
    changes: tuple[str, ...]
    """Settings that differ from the baseline's."""
    command: str | None
    decided: tuple[str, ...]
    """What decided the verdict, where it is none to pass; integrity aside, which is among the issues."""
    waived: tuple[str, ...]
    """Waivers that the verdict needed: without them it would be another."""
    learning: tuple[str, ...]
    exploitation: tuple[str, ...]
    final: tuple[str, ...]
    stability: tuple[str, ...]
    issues: tuple[str, ...]
    cause: str | None
    """The likely cause of the main pattern that is a fault: the tool's reading. None: no fault was shown."""
    lesson: str | None
    """The evidence of that pattern: the tool's reading."""
    follow_up: str


def narrate(policy: Policy, evidence: Evidence, verdict: Verdict) -> Narrative:
    """Tell what was found in a run, in sentences."""
    story = evidence.story or Story()
    # What was learnt stands in the learning signal; a lesson is what went otherwise.
    faults = [found for found in verdict.diagnosis if found.pattern != "learning"]
    return Narrative(
        state=STATES[evidence.run.state],
        hypothesis=next(iter((story.hypothesis or "").splitlines()), None),
        changes=tuple(_changes(story)),
        command=story.command,
        decided=tuple(_decided(verdict)),
        waived=tuple(f"{waiver.check} {waiver.told}" for waiver in verdict.waivers if waiver.used),
        learning=tuple(_learning(verdict.elo)),
        exploitation=tuple(_exploitation(verdict.elo)),
        final=tuple(_final(policy, evidence, verdict.elo)),
        stability=tuple(_stability(policy, evidence)),
        issues=tuple(_issues(verdict, evidence)),
        cause=faults[0].cause if faults else None,
        lesson=f"{faults[0].title}: {faults[0].evidence}" if faults else None,
        follow_up=_follow_up(verdict, faults[0].remedy if faults else None),
    )


def _changes(story: Story) -> Iterator[str]:
    for one in story.changes:
        before, after = ("unset" if value is None else str(value) for value in (one.before, one.after))
        yield f"{one.key}: {before} → {after} (against {story.against})"
    if story.hidden:
        yield f"{story.hidden:,} more may be secret and are not shown"


def _span(span: Span, facts: EloFacts) -> str:
    """Write an estimate with its interval."""
    low, high = ("open" if end is None else elo(end) for end in (span.low, span.high))
    return f"{elo(span.elo)} Elo ({facts.confidence * 100:g} % interval {low} to {high})"


def _height(span: Span, facts: EloFacts, words: tuple[str, str]) -> str:
    """Write a difference without a sign: the first word for one of zero or more, the second for less.

    >>> from types import SimpleNamespace
    >>> _height(Span(elo=-439.0, low=-500.0, high=-380.0), SimpleNamespace(confidence=0.95), ("above", "below"))
    '439 Elo (95 % interval 380 to 500) below'
    """
    if span.elo is None or span.elo >= 0:
        return f"{_span(span, facts)} {words[0]}"
    ends = (None if end is None else -end for end in (span.high, span.low))
    low, high = ends
    return f"{_span(Span(elo=-span.elo, low=low, high=high), facts)} {words[1]}"


def _decided(verdict: Verdict) -> Iterator[str]:
    wanted = {Decision.FAIL: Outcome.FAIL, Decision.INCONCLUSIVE: Outcome.INCONCLUSIVE, Decision.ERROR: Outcome.ERROR}
    checks = [
        check
        for check in verdict.checks
        if check.severity is Severity.BLOCK
        and check.kind is not CheckKind.INTEGRITY
        and check.outcome is wanted.get(verdict.decision)
    ]
    for check in checks[:_MOST]:
        yield f"{check.title}: {check.reason}"
    if len(checks) > _MOST:
        yield f"and {len(checks) - _MOST} more"


def _learning(facts: EloFacts | None) -> Iterator[str]:
    if facts is None:
        yield "not measured: the policy asks for no games and no ratings."
        return
    learning, gap = facts.learning, facts.gap
    told = f", {facts.games:,} games" if facts.games else f", {facts.clusters:,} steps"
    trend = ""
    if learning.reference_decline is not None and gap is not None:
        stands = _height(learning.reference_decline, facts, ("above", "below"))
        trend = f": by their trend the checkpoints end {stands} {quote(gap.reference)}{told}"
    yield f"{_SIGNALS[learning.signal]}{trend}."
    if learning.older_checkpoints is not None:
        stands = _height(learning.older_checkpoints, facts, ("above", "below"))
        yield f"The newest checkpoint stands {stands} the older ones."
    yield from facts.doubts


def _exploitation(facts: EloFacts | None) -> Iterator[str]:
    if facts is None or facts.learning.exploitation is None:
        return
    yield _height(facts.learning.exploitation, facts, ("gained in total", "lost in total"))
    for name, span in facts.learning.bots:
        yield f"{quote(name)}: {_span(span, facts)}"


def _final(policy: Policy, evidence: Evidence, facts: EloFacts | None) -> Iterator[str]:
    if facts is not None:
        rated = [row for row in facts.ratings if row.kind is AgentKind.CHECKPOINT and row.span.elo is not None]
        if rated:
            best = max(rated, key=lambda row: (row.span.elo or 0.0, row.agent))
            last = max(rated, key=lambda row: (row.step or 0, row.agent))
            ends = [f"{elo(row.span.elo)} ({quote(row.agent)})" for row in (best, last)]
            yield f"Best Elo: {ends[0]}; final: {ends[1]}"
        if facts.gap is not None:
            yield (
                f"Gap of {quote(facts.gap.candidate)} to {quote(facts.gap.reference)}: {_span(facts.gap.span, facts)}"
            )
    reward = _series(policy, evidence, "reward")
    if reward is not None:
        means = cut_blocks(reward.steps, reward.values).means
        start, peak, end = (show_number(float(value)) for value in (means[0], means.max(), means[-1]))
        rests = f"means of tenths of {reward.values.size:,} values{_lost(policy, evidence, 'reward')}"
        yield f"Reward: {start} → {peak} → {end} (start, peak, end; {rests})"
    table = evidence.logs.get("extraction")
    rate = None if table is None else answer_value(table, "rate")[0]
    if table is not None and rate is not None and np.isfinite(rate):
        yield f"Extraction rate: {rate:.1%} of {table.events:,} answers"


def _series(policy: Policy, evidence: Evidence, role: str) -> Series | None:
    """Give the usable values of a role by ascending step; None with fewer than 20."""
    found = find_series(policy, evidence.run, role)
    kept = None if found is None else usable(found)
    return kept if kept is not None and kept.values.size >= _LEAST else None


def _stability(policy: Policy, evidence: Evidence) -> Iterator[str]:
    for role, told, limit in (("kl", "KL", KL_LIMIT), ("grad-norm", "Gradient norm", GRADIENT)):
        series = _series(policy, evidence, role)
        if series is None:
            continue
        top = int(series.values.argmax())
        beyond = int((series.values > limit).sum())
        mean, most = show_number(float(series.values.mean())), show_number(float(series.values[top]))
        spikes = f"{beyond:,} of {series.values.size:,} values above {limit:g}" if beyond else f"never above {limit:g}"
        lost = _lost(policy, evidence, role)
        yield f"{told}: mean {mean}, highest {most} at step {int(series.steps[top]):,}, {spikes}{lost}"


def _lost(policy: Policy, evidence: Evidence, role: str) -> str:
    """Say how many values are no numbers, and so left out."""
    found = find_series(policy, evidence.run, role)
    count = 0 if found is None else int((~np.isfinite(found.values)).sum())
    return f"; {count:,} values that are NaN or infinite left out" if count else ""


def _issues(verdict: Verdict, evidence: Evidence) -> Iterator[str]:
    for check in verdict.checks:
        if check.kind is CheckKind.INTEGRITY and check.outcome in (*_OPEN, Outcome.WARN):
            yield f"{check.title}: {check.reason}"
    for note in (*evidence.run.notes, *evidence.notes):
        if note.kind is NoteKind.LOST:
            yield note.text


def _follow_up(verdict: Verdict, remedy: str | None) -> str:
    if remedy is not None:
        return remedy
    opened = [check for outcome in _OPEN for check in verdict.checks if check.outcome is outcome and check.remedy]
    if opened:
        return opened[0].remedy or ""
    needed = None if verdict.elo is None or verdict.elo.decision is None else verdict.elo.decision.games_needed
    if needed is not None:
        return f"Play about {needed:,} more games before deciding."
    return "Change one thing, and write down before the run what it is expected to do."
