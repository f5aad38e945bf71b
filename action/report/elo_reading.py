"""The `elo` object of `verdict.json` back to facts, for the commands that start from a verdict."""

from __future__ import annotations

from action.report.field import Field
from checks.elo.agents import AgentKind
from checks.elo.answer import Mode
from checks.elo.facts import DecisionFacts, EloFacts, GapFacts, LearningFacts, MeetingFacts, RatingFacts, Span
from checks.elo.learning import Signal
from checks.elo.sequential import SequentialOutcome


def read_elo(field: Field) -> EloFacts:
    """Read an analysis; InputError, with the path of the field, for anything that version 1 does not allow."""
    field["answer"].optional(Field.text)  # which the facts tell again
    field["exit_code"].whole()
    return EloFacts(
        mode=field["mode"].choice(Mode),
        confidence=field["confidence"].number(),
        method=field["method"].text(),
        cluster=field["cluster"].optional(Field.text),
        clusters=field["clusters"].whole(),
        games=field["games"].whole(),
        references=field["references"].pairs(lambda one: one.optional(Field.number)),
        ratings=field["ratings"].items(_rating),
        gap=field["gap"].optional(_gap),
        decision=field["decision"].optional(_decision),
        learning=_learning(field["learning"]),
        head_to_head=field["head_to_head"].items(_meeting),
        seats=field["seats"].items(lambda one: (one["seat"].text(), _span(one))),
        doubts=field["doubts"].items(Field.text),
        sentences=field["sentences"].items(Field.text),
    )


def _span(field: Field) -> Span:
    return Span(
        elo=field["elo"].optional(Field.number),
        low=field["low"].optional(Field.number),
        high=field["high"].optional(Field.number),
    )


def _rating(row: Field) -> RatingFacts:
    return RatingFacts(
        agent=row["agent"].text(),
        kind=row["kind"].choice(AgentKind),
        step=row["step"].optional(Field.whole),
        span=_span(row),
        se=row["se"].optional(Field.number),
        games=row["games"].whole(),
        flags=row["flags"].items(Field.text),
    )


def _gap(gap: Field) -> GapFacts:
    return GapFacts(
        candidate=gap["candidate"].text(),
        reference=gap["reference"].text(),
        span=_span(gap),
        p_superior=gap["p_superior"].optional(Field.number),
        chosen_from=gap["chosen_from"].whole(),
    )


def _decision(found: Field) -> DecisionFacts:
    return DecisionFacts(
        outcome=found["outcome"].choice(SequentialOutcome),
        elo0=found["elo0"].number(),
        elo1=found["elo1"].number(),
        alpha=found["alpha"].number(),
        beta=found["beta"].number(),
        llr=found["llr"].number(),
        lower=found["lower"].number(),
        upper=found["upper"].number(),
        games=found["games"].whole(),
        games_needed=found["games_needed"].optional(Field.whole),
    )


def _learning(found: Field) -> LearningFacts:
    return LearningFacts(
        signal=found["signal"].choice(Signal),
        reference_decline=found["reference_decline"].optional(_span),
        exploitation=found["exploitation"].optional(_span),
        bots=found["bots"].items(lambda one: (one["bot"].text(), _span(one))),
        older_checkpoints=found["older_checkpoints"].optional(_span),
        latest=found["latest"].optional(_span),
        slope_per_100_steps=found["slope_per_100_steps"].optional(_span),
    )


def _meeting(row: Field) -> MeetingFacts:
    return MeetingFacts(
        reference=row["reference"].text(),
        meetings=row["meetings"].whole(),
        points=row["points"].number(),
        expected=row["expected"].optional(Field.number),
    )
