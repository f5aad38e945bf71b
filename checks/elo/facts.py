"""What a verdict tells of strength: the analysis as plain facts, the same from games and from rating series.

These are the fields of the `elo` object of `verdict.json`. No method may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

from checks.elo.agents import AgentKind
from checks.elo.answer import EloAnswer, Mode
from checks.elo.estimate import Estimate
from checks.elo.learning import SeriesLearning, Signal
from checks.elo.sequential import Decision, SequentialOutcome
from checks.elo.words import paragraph, series_paragraph
from checks.number import finite, round9

SERIES_METHOD = (
    "telescoped estimate of logged online ratings, newer half of the checkpoints, long-run variance by equal-weighted "
    "cosines"
)


@dataclass(frozen=True, kw_only=True)
class Span:
    """An estimate in Elo with its interval; an end that is open is None."""

    elo: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class RatingFacts:
    """One agent."""

    agent: str
    kind: AgentKind
    step: int | None
    span: Span
    se: float | None
    games: int
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GapFacts:
    """The candidate above the reference."""

    candidate: str
    reference: str
    span: Span
    p_superior: float | None
    chosen_from: int


@dataclass(frozen=True, kw_only=True)
class DecisionFacts:
    """The sequential test."""

    outcome: SequentialOutcome
    elo0: float
    elo1: float
    alpha: float
    beta: float
    llr: float
    lower: float
    upper: float
    games: int
    games_needed: int | None


@dataclass(frozen=True, kw_only=True)
class LearningFacts:
    """What the checkpoints together say."""

    signal: Signal
    reference_decline: Span | None
    exploitation: Span | None
    bots: tuple[tuple[str, Span], ...]
    older_checkpoints: Span | None
    latest: Span | None
    slope_per_100_steps: Span | None


@dataclass(frozen=True, kw_only=True)
class MeetingFacts:
    """The candidate's own record against a reference."""

    reference: str
    meetings: int
    points: float
    expected: float | None


@dataclass(frozen=True, kw_only=True)
class EloFacts:
    """An Elo analysis as a verdict shows it."""

    mode: Mode
    confidence: float
    method: str
    cluster: str | None
    """What one observation is; None for series."""
    clusters: int
    """Independent observations; of series: steps."""
    games: int
    references: tuple[tuple[str, float | None], ...]
    """Name → the rating that was given; None: found from the games. The first fixes the scale."""
    ratings: tuple[RatingFacts, ...]
    gap: GapFacts | None
    decision: DecisionFacts | None
    learning: LearningFacts
    head_to_head: tuple[MeetingFacts, ...]
    seats: tuple[tuple[str, Span], ...]
    """What each seat is worth, where that is known."""
    doubts: tuple[str, ...]
    """Why the gap must not be believed; with any, the answer is inconclusive."""
    sentences: tuple[str, ...]
    """What it means, as one paragraph. May hold hostile text."""

    @property
    def answer(self) -> str | None:
        """The answer, doubts allowed for: a sequential outcome, or a signal of series; None: nothing asked."""
        if self.mode is Mode.SERIES:
            return self.learning.signal.value
        if self.decision is None:
            return None
        return SequentialOutcome.UNDECIDED.value if self.doubts else self.decision.outcome.value

    @property
    def exit_code(self) -> int:
        """The exit code of an analysis by itself, as of a check: 0 better, 10 not better, 11 cannot tell."""
        if self.mode is Mode.SERIES:
            return {Signal.POSITIVE: 0, Signal.UNCLEAR: 11}.get(self.learning.signal, 10)
        if self.decision is None or self.doubts:
            return 11
        return {SequentialOutcome.BETTER: 0, SequentialOutcome.NOT_BETTER: 10}.get(self.decision.outcome, 11)


def facts_of(found: EloAnswer | SeriesLearning) -> EloFacts:
    """Give an analysis as facts: finite numbers of 9 significant digits, or None.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> facts_of(found).exit_code, facts_of(found).ratings[0].agent
    (11, 'adapter_v20')
    """
    return _of_series(found) if isinstance(found, SeriesLearning) else _of_games(found)


def _span(found: Estimate | None) -> Span | None:
    if found is None:
        return None
    return Span(elo=finite(found.value), low=finite(found.low), high=finite(found.high))


_NOWHERE = Span(elo=None, low=None, high=None)


def _of_games(found: EloAnswer) -> EloFacts:
    learning, gains = found.learning, found.learning.exploitation
    return EloFacts(
        mode=Mode.GAMES,
        confidence=found.question.confidence,
        method=found.method,
        cluster=found.cluster,
        clusters=round(found.clusters),
        games=round(found.games),
        references=_references(found),
        ratings=tuple(
            RatingFacts(
                agent=row.agent,
                kind=row.kind,
                step=row.step,
                span=_span(row.estimate) or _NOWHERE,
                se=None if row.estimate is None else finite(row.estimate.se),
                games=round(row.games),
                flags=row.flags,
            )
            for row in found.ratings
        ),
        gap=None
        if found.gap is None
        else GapFacts(
            candidate=found.gap.candidate,
            reference=found.gap.reference,
            span=_span(found.gap.estimate) or _NOWHERE,
            p_superior=finite(found.gap.estimate.p_superior),
            chosen_from=found.gap.chosen_from,
        ),
        decision=None if found.decision is None else _decision(found.decision),
        learning=LearningFacts(
            signal=learning.signal,
            reference_decline=_span(learning.reference_decline),
            exploitation=None if gains is None else _span(gains.total),
            bots=() if gains is None else tuple((name, _span(one) or _NOWHERE) for name, one in gains.bots),
            older_checkpoints=_span(learning.older_checkpoints),
            latest=_span(learning.latest),
            slope_per_100_steps=_span(learning.slope),
        ),
        head_to_head=tuple(
            MeetingFacts(
                reference=row.reference,
                meetings=round(row.meetings),
                points=round9(row.points),
                expected=finite(row.expected),
            )
            for row in found.head_to_head
        ),
        seats=() if found.seats is None else tuple((name, _span(one) or _NOWHERE) for name, one in found.seats.effects),
        doubts=found.doubts,
        sentences=paragraph(found),
    )


def _references(found: EloAnswer) -> tuple[tuple[str, float | None], ...]:
    gauge = next(iter(found.references))
    given = {name: None if one is None else round9(one.rating) for name, one in found.references.items()}
    given[gauge] = round9(found.scale_zero)
    return tuple(given.items())


def _decision(found: Decision) -> DecisionFacts:
    asked = found.hypotheses
    return DecisionFacts(
        outcome=found.outcome,
        elo0=asked.elo0,
        elo1=asked.elo1,
        alpha=asked.alpha,
        beta=asked.beta,
        llr=found.llr,
        lower=asked.lower,
        upper=asked.upper,
        games=round(found.games),
        games_needed=None if found.games_needed is None else round(found.games_needed),
    )


def _of_series(found: SeriesLearning) -> EloFacts:
    candidate = found.pooled[-1] if found.pooled else None
    return EloFacts(
        mode=Mode.SERIES,
        confidence=found.rule.confidence,
        method=SERIES_METHOD,
        cluster=None,
        clusters=found.steps,
        games=0,
        references=((found.reference, None), *((name, None) for name, _ in found.bots)),
        ratings=tuple(
            RatingFacts(
                agent=row.agent,
                kind=row.kind,
                step=row.step,
                span=Span(elo=finite(row.last), low=None, high=None),
                se=None,
                games=0,
                flags=("logged",),
            )
            for row in found.rows
        ),
        gap=None
        if found.gap is None or candidate is None
        else GapFacts(
            candidate=candidate if len(found.pooled) == 1 else f"{found.pooled[0]} … {candidate}",
            reference=found.reference,
            span=_span(found.gap) or _NOWHERE,
            p_superior=finite(found.gap.p_superior),
            chosen_from=1,
        ),
        decision=None,
        learning=LearningFacts(
            signal=found.signal,
            reference_decline=_span(found.reference_decline),
            exploitation=None,
            bots=(),
            older_checkpoints=_span(found.older_checkpoints),
            latest=_span(found.latest),
            slope_per_100_steps=_span(found.slope_per_100_steps),
        ),
        head_to_head=(),
        seats=(),
        doubts=(),
        sentences=series_paragraph(found),
    )
