"""The `elo` object of `verdict.json` and of `elo --format json`. Fields are added, never renamed."""

from __future__ import annotations

from typing import TypeAlias

from checks.elo.facts import DecisionFacts, EloFacts, GapFacts, LearningFacts, MeetingFacts, RatingFacts, Span
from checks.number import finite
from checks.run import Scalar

Json: TypeAlias = "Scalar | list[Json] | dict[str, Json]"
Object: TypeAlias = dict[str, Json]


def elo_document(facts: EloFacts) -> Object:
    """Return an analysis as an object: numbers finite, 9 significant digits, or None."""
    return {
        "mode": facts.mode.value,
        "confidence": facts.confidence,
        "method": facts.method,
        "cluster": facts.cluster,
        "clusters": facts.clusters,
        "games": facts.games,
        "references": {name: finite(rating) for name, rating in facts.references},
        "ratings": [_rating(row) for row in facts.ratings],
        "gap": None if facts.gap is None else _gap(facts.gap),
        "decision": None if facts.decision is None else _decision(facts.decision),
        "learning": _learning(facts.learning),
        "head_to_head": [_meeting(row) for row in facts.head_to_head],
        "seats": [{"seat": name, **_span(one)} for name, one in facts.seats],
        "answer": facts.answer,
        "exit_code": facts.exit_code,
        "doubts": list(facts.doubts),
        "sentences": list(facts.sentences),
    }


def _span(span: Span) -> Object:
    return {"elo": finite(span.elo), "low": finite(span.low), "high": finite(span.high)}


def _maybe(span: Span | None) -> Object | None:
    return None if span is None else _span(span)


def _rating(row: RatingFacts) -> Object:
    return {
        "agent": row.agent,
        "kind": row.kind.value,
        "step": row.step,
        **_span(row.span),
        "se": finite(row.se),
        "games": row.games,
        "flags": list(row.flags),
    }


def _gap(gap: GapFacts) -> Object:
    return {
        "candidate": gap.candidate,
        "reference": gap.reference,
        **_span(gap.span),
        "p_superior": finite(gap.p_superior),
        "chosen_from": gap.chosen_from,
    }


def _decision(found: DecisionFacts) -> Object:
    return {
        "outcome": found.outcome.value,
        "elo0": found.elo0,
        "elo1": found.elo1,
        "alpha": found.alpha,
        "beta": found.beta,
        "llr": found.llr,
        "lower": found.lower,
        "upper": found.upper,
        "games": found.games,
        "games_needed": found.games_needed,
    }


def _learning(found: LearningFacts) -> Object:
    return {
        "signal": found.signal.value,
        "reference_decline": _maybe(found.reference_decline),
        "exploitation": _maybe(found.exploitation),
        "bots": [{"bot": name, **_span(one)} for name, one in found.bots],
        "older_checkpoints": _maybe(found.older_checkpoints),
        "latest": _maybe(found.latest),
        "slope_per_100_steps": _maybe(found.slope_per_100_steps),
    }


def _meeting(row: MeetingFacts) -> Object:
    return {
        "reference": row.reference,
        "meetings": row.meetings,
        "points": row.points,
        "expected": finite(row.expected),
    }
