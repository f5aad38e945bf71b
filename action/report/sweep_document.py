"""The object of `sweep --format json`. Fields are added, never renamed."""

from __future__ import annotations

from collections.abc import Iterable

from action.report.document import VERSION, diagnosis_document, notes_document
from action.report.elo_document import Json, Object
from checks.elo.estimate import Estimate
from checks.number import finite
from checks.run import Note, Scalar
from checks.sweep.answer import Choice, ReferenceFacts, SweepAnswer, SweepRow
from checks.sweep.contest import Comparison
from checks.sweep.ranking import rankings
from checks.sweep.words import sentences


def sweep_document(found: SweepAnswer, notes: Iterable[Note]) -> Object:
    """Return a comparison as an object: numbers finite, 9 significant digits, or None."""
    labels = [row.label for row in found.rows]
    return {
        "version": VERSION,
        "verdict": "inconclusive" if found.winner is None else "pass",
        "winner": None if found.winner is None else found.winner.label,
        "reference": found.reference,
        "candidate": found.candidate,
        "confidence": found.confidence,
        "sentences": list(sentences(found)),
        "rows": [_row(row) for row in found.rows],
        "comparisons": []
        if found.contest is None
        else [_comparison(one, labels, sure=found.contest.sure(one)) for one in found.contest.comparisons],
        "rankings": {
            one.by: [{"run": label, "value": finite(value)} for label, value in one.rows] for one in rankings(found)
        },
        "config": [
            {"key": one.key, "values": dict(zip(labels, map(_scalar, one.values), strict=True))}
            for one in found.config.shown
        ],
        "config_noise": list(found.config.noise),
        "notes": notes_document(notes),
    }


def _scalar(value: Scalar) -> Scalar:
    return finite(value) if isinstance(value, float) else value


def _span(found: Estimate | None) -> Object:
    if found is None:
        return {"elo": None, "low": None, "high": None}
    return {"elo": finite(found.value), "low": finite(found.low), "high": finite(found.high)}


def _row(row: SweepRow) -> Object:
    metrics = row.metrics
    return {
        "run": row.label,
        "ref": row.ref,
        "id": row.id,
        "name": row.name,
        "url": row.url,
        "state": row.state.value,
        "steps": row.steps,
        "basis": row.basis.value,
        "gap": _gap(row),
        "best": None if row.best is None else _choice(row.best),
        "references": [_reference(one) for one in row.references],
        "drop": finite(row.drop),
        "games": row.games,
        "kl_mean": finite(metrics.kl_mean),
        "kl_max": finite(metrics.kl_max),
        "grad_norm": finite(metrics.grad_norm),
        "reward": finite(metrics.reward),
        "win_rate": finite(metrics.win_rate),
        "placement_rate": finite(metrics.placement_rate),
        "flags": [{"flag": flag.name, "text": flag.text} for flag in row.flags],
        "reasons": [*row.why, *row.doubts],
        "diagnosis": [diagnosis_document(one) for one in row.diagnosis],
    }


def _gap(row: SweepRow) -> Object | None:
    """Give the gap with what it is of; one that was only logged has no interval."""
    if row.candidate is not None:
        return _choice(row.candidate)
    if row.logged is None:
        return None
    return {"checkpoint": row.logged.checkpoint, "step": None, "elo": finite(row.logged.elo), "low": None, "high": None}


def _choice(choice: Choice) -> Object:
    return {"checkpoint": choice.checkpoint, "step": choice.step, **_span(choice.gap)}


def _reference(one: ReferenceFacts) -> Object:
    return {
        "reference": one.name,
        **_span(one.estimate),
        "first": finite(one.first),
        "last": finite(one.last),
        "drop": finite(one.drop),
    }


def _comparison(one: Comparison, labels: list[str], *, sure: bool) -> dict[str, Json]:
    return {
        "run": labels[0],
        "other": labels[one.other],
        **_span(one.difference),
        "sure": sure,
        "games_needed": one.games_needed,
    }
