"""What answers to one record of games rest on, whoever the candidate is: scale, ratings, learning, consistency.

Each part is made once, when it is first asked for. No candidate and no decision may enter.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np

from checks.counts import Counts, Flags
from checks.elo.agents import (
    BASE_MODEL,
    Agent,
    AgentKind,
    EloError,
    default_opponent,
    find_references,
    missing_agent,
    tell_agents,
)
from checks.elo.answer import EloQuestion, Gap, Learning, Rating, signal_of
from checks.elo.best import newest_unbounded
from checks.elo.bounds import separated_bounds
from checks.elo.consistency import Agreement, Conflict, agreement, negative_control, reference_conflict
from checks.elo.estimate import Estimate
from checks.elo.exploitation import Exploitation, exploitation
from checks.elo.learning import Signal
from checks.elo.progress import Checkpoints, Trend, newest_above_older, newest_against_best, trend
from checks.elo.rate import Rated, Scale, rate, require_connected
from checks.elo.sequential import Decision, Duel, Hypotheses, Walk, decide_along
from checks.elo.standing import Cast, rating_table


class Grounds:
    """What an answer rests on whoever the candidate is and however sure the decision has to be."""

    def __init__(self, counts: Counts, question: EloQuestion) -> None:
        self._question, self._counts = question, counts
        agents, self.scale = _scale(counts, question)
        self.conflict = reference_conflict(counts, self.scale)
        # What was measured elsewhere must not bend what was played here: in conflict only the gauge is held.
        only_gauge = self.conflict is not None and self.conflict.sure
        self.rated = rate(counts, self.scale, gauge_only=only_gauge)
        if not question.allow_disconnected:
            require_connected(self.rated)
        self.cast = _cast(agents, self.rated, question)
        self.bounds = separated_bounds(self.rated, question.confidence)
        self._only_gauge = only_gauge
        self._walks: dict[tuple[Duel, float, float], Walk] = {}

    def serves(self, question: EloQuestion) -> bool:
        """Tell whether another question rests on the same."""
        own = self._question
        return replace(question, candidate=own.candidate, hypotheses=own.hypotheses) == own

    def decide(self, duel: Duel, hypotheses: Hypotheses) -> Decision:
        """Test two agents; a walk through the record serves every error rate."""
        key = (duel, hypotheses.elo0, hypotheses.elo1)
        if key not in self._walks:
            self._walks[key] = Walk(self._counts, self.scale, duel, hypotheses, gauge_only=self._only_gauge)
        return decide_along(self._walks[key], hypotheses)

    @cached_property
    def ratings(self) -> tuple[Rating, ...]:
        """Give the table of ratings."""
        return rating_table(self.rated, self.cast, self.bounds, self._question.confidence)

    @cached_property
    def agreement(self) -> Agreement | None:
        """Tell whether results agree with one scale."""
        return agreement(self.rated)

    @cached_property
    def control(self) -> Conflict | None:
        """Tell whether the references moved against each other."""
        return negative_control(self._counts, self.scale)

    @cached_property
    def _finite(self) -> Flags:
        return self.rated.connection.linked & ~self.rated.connection.separated

    @cached_property
    def _line(self) -> Trend | None:
        known = self._finite[self.cast.reference]
        return (
            trend(self.rated, self.cast.checkpoints, self.cast.reference, self._question.confidence) if known else None
        )

    @cached_property
    def _newest(self) -> tuple[Estimate | None, Estimate | None]:
        return _newest(self.rated, self.cast, self._question.confidence)

    @cached_property
    def _exploitation(self) -> Exploitation | None:
        rated, cast = self.rated, self.cast
        names = rated.counts.agents
        start = names.index(BASE_MODEL) if BASE_MODEL in names else names.index(cast.scale.gauge)
        bots = [i for name in rated.scale.references if (i := names.index(name)) != start]
        return exploitation(rated, bots, cast.checkpoints, start, self._question.confidence) if bots else None

    def learning(self, gap: Gap | None) -> Learning:
        """Tell what the record says about learning; the gap counts unless it is that of a chosen best."""
        line, (latest, older) = self._line, self._newest
        own = gap.estimate if gap is not None and gap.chosen_from == 1 else None
        newest_known = self.cast.newest is not None and self._finite[self.cast.newest]
        end = own if line is None else line.end_gain
        lost = latest is not None and latest.below_zero
        if own is not None and (lost or not newest_known):
            # What was gained and surely lost again is no gain, whatever a line through the others says.
            end = own
        return Learning(
            signal=Signal.NEGATIVE if lost else signal_of(end),
            reference_decline=end,
            exploitation=self._exploitation,
            older_checkpoints=older,
            latest=latest,
            slope=None if line is None else line.slope,
        )


def _scale(counts: Counts, question: EloQuestion) -> tuple[tuple[Agent, ...], Scale]:
    agents = tell_agents(counts.agents, question.naming)
    references = find_references(counts.agents, question.naming)
    if not references:
        if question.against is None:
            listed = ", ".join(f"`{name}`" for name in counts.agents[:10])
            raise EloError(
                "expected a fixed reference among the agents (base_model or …_bot), found none; name one with "
                f"--reference or in the policy's `references` (agents: {listed})"
            )
        if question.against not in counts.agents:
            raise EloError(missing_agent("reference", question.against, counts.agents))
        references = {question.against: None}
    return agents, Scale(references=references)


def _cast(agents: tuple[Agent, ...], rated: Rated, question: EloQuestion) -> Cast:
    names = rated.counts.agents
    against = question.against or default_opponent(rated.scale.references)
    if against not in names:
        raise EloError(missing_agent("reference", against, names))
    finite = rated.connection.linked & ~rated.connection.separated
    steps = sorted(
        (agent.step, i)
        for i, agent in enumerate(agents)
        if agent.kind is AgentKind.CHECKPOINT and agent.step is not None
    )
    usable = [(step, i) for step, i in steps if finite[i]]
    top = [i for step, i in steps if step == steps[-1][0]]
    return Cast(
        agents=agents,
        scale=rated.scale,
        reference=names.index(against),
        checkpoints=Checkpoints(
            index=np.array([i for _, i in usable], np.int64), step=np.array([step for step, _ in usable], np.int64)
        ),
        newest=top[0] if top else None,
        bots=tuple(names.index(name) for name in rated.scale.references if name != rated.scale.gauge),
    )


def _newest(rated: Rated, cast: Cast, confidence: float) -> tuple[Estimate | None, Estimate | None]:
    """Hold the newest checkpoint against the best older one, and against the older ones' mean."""
    newest = cast.newest
    if newest is None or not rated.connection.linked[newest]:
        return None, None
    if not rated.connection.separated[newest]:
        return (
            newest_against_best(rated, cast.checkpoints, confidence),
            newest_above_older(rated, cast.checkpoints, confidence),
        )
    older = [int(index) for index in cast.checkpoints.index]
    return (newest_unbounded(rated, newest, older, confidence) if older else None), None
