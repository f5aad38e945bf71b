"""Builders of Elo analyses as reports get them. Defaults are good: say what matters."""

from __future__ import annotations

from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.elo.facts import EloFacts, LearningFacts, RatingFacts, Span
from checks.elo.learning import Signal


def rating(agent: str, elo: float | None, step: int | None = None, kind: AgentKind | None = None) -> RatingFacts:
    made = kind or (AgentKind.REFERENCE if step is None else AgentKind.CHECKPOINT)
    return RatingFacts(
        agent=agent, kind=made, step=step, span=Span(elo=elo, low=None, high=None), se=None, games=9, flags=()
    )


def elo(*ratings: RatingFacts, mode: Mode = Mode.GAMES) -> EloFacts:
    return EloFacts(
        mode=mode,
        confidence=0.95,
        method="m",
        cluster="game",
        clusters=9,
        games=9,
        references=tuple((row.agent, None) for row in ratings if row.kind is AgentKind.REFERENCE),
        ratings=ratings,
        gap=None,
        decision=None,
        learning=LearningFacts(
            signal=Signal.UNCLEAR,
            reference_decline=None,
            exploitation=None,
            bots=(),
            older_checkpoints=None,
            latest=None,
            slope_per_100_steps=None,
        ),
        head_to_head=(),
        seats=(),
        doubts=(),
        sentences=(),
    )


LEAGUE = elo(
    rating("v30", 1150.0, 30), rating("v10", 1050.0, 10), rating("base_model", 1000.0), rating("v20", 1100.0, 20)
)
