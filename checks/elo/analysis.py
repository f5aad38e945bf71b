"""Games → the whole answer: ratings, gap, decision, learning, and what speaks against believing them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks.counts import Counts
from checks.document import quote
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
from checks.elo.answer import (
    BEST,
    LATEST,
    EloAnswer,
    EloQuestion,
    Gap,
    Learning,
    signal_of,
)
from checks.elo.best import best_of, newest_unbounded
from checks.elo.bounds import Bounds, separated_bounds
from checks.elo.consistency import agreement, negative_control, reference_conflict
from checks.elo.doubt import doubts, remarks
from checks.elo.estimate import Estimate
from checks.elo.exploitation import exploitation
from checks.elo.learning import Signal
from checks.elo.progress import Checkpoints, newest_above_older, newest_against_best, trend
from checks.elo.rate import Rated, Scale, rate, require_connected
from checks.elo.seats import seat_report
from checks.elo.sequential import Duel, Hypotheses, sequential_decision
from checks.elo.standing import Cast, gap_estimate, head_to_head, rating_table
from checks.number import round9
from checks.run import GameRecord, NoteKind

METHOD = (
    "anchored Bradley–Terry on pairs of seats of different agents, half a point for a tie; standard errors clustered, "
    "at least those of independent games of as many seats; sequential test on the gap, in recorded order"
)


def analyse(record: GameRecord, question: EloQuestion) -> EloAnswer:
    """Answer a question from games.

    Raises:
        EloError: there are no references, or one, the candidate or what it is held against is not in the games; an
            agent has no path of games to the scale; the newest checkpoint is ambiguous.
        FitError: the likelihood could not be maximised.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> found.gap.candidate, round(found.gap.estimate.value, 1), found.outcome.value
    ('adapter_v20', 137.8, 'undecided')
    """
    counts = record.counts
    agents, scale = _scale(counts, question)
    conflict = reference_conflict(counts, scale)
    # What was measured elsewhere must not bend what was played here: in conflict only the gauge is held.
    only_gauge = conflict is not None and conflict.sure
    rated = rate(counts, scale, gauge_only=only_gauge)
    if not question.allow_disconnected:
        require_connected(rated)
    cast = _cast(agents, rated, question)
    bounds = separated_bounds(rated, question.confidence)
    candidate, gap = _gap(rated, cast, question, bounds)
    found = EloAnswer(
        question=question,
        method=_method(counts, scale),
        references=scale.references,
        scale_zero=scale.zero,
        cluster=record.cluster,
        clusters=counts.clusters,
        games=counts.games,
        mean_seats=counts.mean_seats,
        ratings=rating_table(rated, cast, bounds, question.confidence),
        gap=gap,
        decision=None
        if candidate is None or gap is None
        else sequential_decision(
            counts,
            scale,
            Duel(candidate=candidate, reference=cast.reference),
            _corrected(question.hypotheses, gap.chosen_from),
            gauge_only=only_gauge,
        ),
        head_to_head=() if candidate is None else head_to_head(rated, cast, candidate),
        learning=_learning(rated, cast, gap, question.confidence),
        seats=None if candidate is None else seat_report(rated, candidate, cast.reference, question.confidence),
        agreement=agreement(rated),
        conflict=conflict,
        control=negative_control(counts, scale),
        doubts=(),
        remarks=(),
    )
    lost = [note.text for note in record.notes if note.kind is NoteKind.LOST]
    return replace(found, doubts=doubts(found, lost), remarks=remarks(found, counts))


def _method(counts: Counts, scale: Scale) -> str:
    """Say how the answer was made, and what it does not allow for."""
    told = [METHOD]
    if counts.seats is None and not np.any(counts.entries.order):
        told.append("no seats or first moves were recorded, so none is allowed for")
    gauge = scale.references[scale.gauge]
    if gauge is not None and gauge.se:
        told.append(
            f"the measured rating of {quote(scale.gauge)} has an error of {gauge.se:g}, which is in no interval"
        )
    return "; ".join(told)


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
    if len(top) > 1 and question.candidate in (LATEST, BEST):
        listed = ", ".join(f"`{names[i]}`" for i in top)
        raise EloError(f"expected one newest checkpoint, got {listed} of the same step; name one with --candidate")
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


def _corrected(hypotheses: Hypotheses, chosen_from: int) -> Hypotheses:
    """Share alpha between the checkpoints that a best one was chosen from (Bonferroni)."""
    return hypotheses if chosen_from == 1 else replace(hypotheses, alpha=round9(hypotheses.alpha / chosen_from))


def _gap(rated: Rated, cast: Cast, question: EloQuestion, bounds: Bounds) -> tuple[int | None, Gap | None]:
    """Choose the candidate and estimate its gap."""
    names, confidence = rated.counts.agents, question.confidence
    linked = rated.connection.linked
    every = [i for i, one in enumerate(cast.agents) if one.kind is AgentKind.CHECKPOINT and linked[i]]
    every = [i for i in every if i != cast.reference]
    if question.candidate not in (LATEST, BEST, *names):
        raise EloError(missing_agent("candidate", question.candidate, names))
    if question.candidate == BEST and every:
        best = best_of(rated, every, cast.reference, confidence)
        return best.index, Gap(
            candidate=names[best.index],
            reference=names[cast.reference],
            estimate=best.gap,
            chosen_from=len(every),
        )
    candidate = names.index(question.candidate) if question.candidate in names else cast.newest
    if candidate is None or question.candidate == BEST:
        return None, None
    if candidate == cast.reference:
        raise EloError(f"expected a candidate other than the reference, got `{names[candidate]}` twice; name another")
    found = gap_estimate(rated, (candidate, cast.reference), confidence, bounds)
    return candidate, Gap(candidate=names[candidate], reference=names[cast.reference], estimate=found, chosen_from=1)


def _learning(rated: Rated, cast: Cast, gap: Gap | None, confidence: float) -> Learning:
    finite = rated.connection.linked & ~rated.connection.separated
    line = trend(rated, cast.checkpoints, cast.reference, confidence) if finite[cast.reference] else None
    latest, older = _newest(rated, cast, confidence)
    own = gap.estimate if gap is not None and gap.chosen_from == 1 else None
    newest_known = cast.newest is not None and finite[cast.newest]
    end = own if line is None else line.end_gain
    lost = latest is not None and latest.below_zero
    if own is not None and (lost or not newest_known):
        # What was gained and surely lost again is no gain, whatever a line through the others says.
        end = own
    names = rated.counts.agents
    start = names.index(BASE_MODEL) if BASE_MODEL in names else names.index(cast.scale.gauge)
    bots = [i for name in rated.scale.references if (i := names.index(name)) != start]
    return Learning(
        signal=Signal.NEGATIVE if lost else signal_of(end),
        reference_decline=end,
        exploitation=exploitation(rated, bots, cast.checkpoints, start, confidence) if bots else None,
        older_checkpoints=older,
        latest=latest,
        slope=None if line is None else line.slope,
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
