"""What a verdict tells of strength: the fields of the `elo` object, finite and rounded, and its exit code."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from checks.elo.agents import AgentKind, Measured, Naming
from checks.elo.answer import Mode
from checks.elo.facts import (
    SERIES_METHOD,
    DecisionFacts,
    EloFacts,
    GapFacts,
    LearningFacts,
    MeetingFacts,
    RatingFacts,
    Span,
    facts_of,
)
from checks.elo.learning import AgentRow, SeriesLearning, Signal
from checks.elo.pace import SeriesRule
from checks.elo.sequential import SequentialOutcome
from checks.number import round9
from tests.games import BASE, NEW, asked, duel, join, league, seats

BETTER, NOT_BETTER, UNDECIDED = SequentialOutcome
WHOLE = asked(
    league(3, {"adapter_v10": 1100, "adapter_v20": 1200, BASE: 1000, "chaos_bot": 900}, games=300, chairs=4, forks=3)
)
NAMED = asked(seats([f"{NEW}@A>{BASE}@B>x@C", f"{BASE}@A>{NEW}@B>x@C", f"x@B>{NEW}@C>{BASE}@A"] * 8))


def logged(**changes: object) -> SeriesLearning:
    rows = (
        AgentRow(
            agent=BASE, kind=AgentKind.REFERENCE, step=None, n=3, first_step=0, last_step=2, first=1e3, last=987.5
        ),
        AgentRow(
            agent="adapter_v4",
            kind=AgentKind.CHECKPOINT,
            step=4,
            n=0,
            first_step=None,
            last_step=None,
            first=None,
            last=None,
        ),
    )
    good = SeriesLearning(rule=SeriesRule(confidence=0.9), reference=BASE, pooled=(), older=(), rows=rows, steps=12)
    return replace(good, **changes)  # type: ignore[arg-type]


def numbers(value: object) -> Iterator[float]:
    """Give every float in a tree of dataclasses and tuples."""
    if isinstance(value, float):
        yield value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from numbers(getattr(value, field.name))
    elif isinstance(value, tuple):
        for one in value:
            yield from numbers(one)


def test_an_analysis_of_games_is_told_whole() -> None:
    found = facts_of(WHOLE)

    assert (found.mode, found.confidence, found.cluster, found.clusters, found.games) == (
        Mode.GAMES,
        0.95,
        "game",
        100,
        300,
    )
    assert found.method == WHOLE.method
    assert found.references == ((BASE, 1000.0), ("chaos_bot", None))
    assert [row.agent for row in found.ratings] == ["adapter_v20", "adapter_v10", BASE, "chaos_bot"]
    assert [row.step for row in found.ratings] == [20, 10, None, None]
    assert isinstance(found.gap, GapFacts)
    assert (found.gap.candidate, found.gap.reference, found.gap.chosen_from) == ("adapter_v20", BASE, 1)
    assert isinstance(found.decision, DecisionFacts)
    assert (found.decision.elo0, found.decision.elo1, found.decision.alpha, found.decision.beta) == (0, 20, 0.05, 0.05)
    assert [row.reference for row in found.head_to_head] == [BASE, "chaos_bot"]
    assert [name for name, _ in found.learning.bots] == ["chaos_bot"]
    assert found.sentences[0].startswith("adapter_v20 stands ")


def test_every_number_is_finite_and_has_nine_digits() -> None:
    for found in (WHOLE, NAMED, asked(duel(NEW, BASE, "1" * 20)), logged(gap=WHOLE.gap and WHOLE.gap.estimate)):
        told = list(numbers(facts_of(found)))
        assert told
        assert all(math.isfinite(number) and number == round9(number) for number in told)


def test_what_is_held_says_so_and_needs_no_error() -> None:
    row = next(row for row in facts_of(WHOLE).ratings if row.agent == BASE)

    assert row == RatingFacts(
        agent=BASE,
        kind=AgentKind.REFERENCE,
        step=None,
        span=Span(elo=1000.0, low=1000.0, high=1000.0),
        se=0.0,
        games=300,
        flags=("fixed",),
    )


def test_measured_references_keep_the_rating_that_was_given() -> None:
    naming = Naming(references={"chaos_bot": Measured(rating=850.1234567891, se=10.0), BASE: None})
    found = facts_of(asked(join(duel(NEW, BASE, "10" * 9), duel(NEW, "chaos_bot", "110" * 9)), naming))

    assert found.references == (("chaos_bot", 850.123457), (BASE, None))


def test_a_candidate_that_never_lost_has_no_value_and_an_agent_without_a_path_no_rating() -> None:
    found = facts_of(asked(join(duel(NEW, BASE, "1" * 20), duel("x", "y", "10")), allow_disconnected=True))
    by = {row.agent: row for row in found.ratings}

    assert found.gap is not None
    assert (found.gap.span.elo, found.gap.span.high, found.gap.p_superior) == (None, None, None)
    assert found.gap.span.low is not None
    assert (by[NEW].span.elo, by[NEW].se, by[NEW].flags) == (None, None, (">",))
    assert (by["x"].span, by["x"].se, by["x"].flags) == (Span(elo=None, low=None, high=None), None, ("unrated",))
    assert found.head_to_head == (MeetingFacts(reference=BASE, meetings=20, points=20.0, expected=None),)


def test_games_without_a_checkpoint_leave_gap_decision_and_meetings_out() -> None:
    found = facts_of(asked(duel("chaos_bot", BASE, "10")))

    assert (found.gap, found.decision, found.head_to_head, found.seats) == (None, None, (), ())
    assert found.learning == LearningFacts(
        signal=Signal.UNCLEAR,
        reference_decline=None,
        exploitation=None,
        bots=(),
        older_checkpoints=None,
        latest=None,
        slope_per_100_steps=None,
    )


def test_seats_are_told_where_they_are_named() -> None:
    assert [name for name, _ in facts_of(NAMED).seats] == ["A", "B", "C"]
    assert facts_of(WHOLE).seats == ()


def test_an_undecided_test_says_in_whole_games_how_many_are_needed() -> None:
    found = facts_of(asked(duel(NEW, BASE, "10" * 30)))

    assert found.decision is not None
    assert found.decision.outcome is UNDECIDED
    assert found.decision.games == 60
    assert isinstance(found.decision.games_needed, int)
    decided = facts_of(asked(duel(NEW, BASE, "1110" * 40))).decision
    assert decided is not None
    assert decided.outcome is BETTER
    assert decided.games_needed is None


def test_ratings_alone_are_told_as_such() -> None:
    found = facts_of(logged())

    assert (found.mode, found.confidence, found.cluster, found.clusters, found.games) == (Mode.SERIES, 0.9, None, 12, 0)
    assert (found.method, found.references) == (SERIES_METHOD, ((BASE, None),))
    assert (found.gap, found.decision, found.head_to_head, found.seats, found.doubts) == (None, None, (), (), ())
    assert [(row.agent, row.step, row.span.elo, row.flags) for row in found.ratings] == [
        (BASE, None, 987.5, ("logged",)),
        ("adapter_v4", 4, None, ("logged",)),
    ]


def test_the_gap_of_ratings_is_that_of_the_newer_checkpoints_together() -> None:
    assert WHOLE.gap is not None
    gap = WHOLE.gap.estimate
    one = facts_of(logged(gap=gap, pooled=("adapter_v4",))).gap
    two = facts_of(logged(gap=gap, pooled=("adapter_v4", "adapter_v8", "adapter_v9"))).gap

    assert one is not None
    assert (one.candidate, one.reference, one.span.elo) == ("adapter_v4", BASE, gap.value)
    assert two is not None
    assert two.candidate == "adapter_v4 … adapter_v9"
    assert facts_of(logged(gap=gap)).gap is None
    assert facts_of(logged(bots=(("chaos_bot", gap),))).references == ((BASE, None), ("chaos_bot", None))


def of_games(outcome: SequentialOutcome | None, *doubts: str) -> EloFacts:
    good = facts_of(WHOLE)
    assert good.decision is not None
    decision = None if outcome is None else replace(good.decision, outcome=outcome)
    return replace(good, decision=decision, doubts=doubts)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (of_games(BETTER), 0),
        (of_games(NOT_BETTER), 10),
        (of_games(UNDECIDED), 11),
        (of_games(None), 11),
        (of_games(BETTER, "The seat."), 11),
        (of_games(NOT_BETTER, "The seat."), 11),
        (facts_of(logged(signal=Signal.POSITIVE)), 0),
        (facts_of(logged(signal=Signal.NONE)), 10),
        (facts_of(logged(signal=Signal.NEGATIVE)), 10),
        (facts_of(logged(signal=Signal.UNCLEAR)), 11),
    ],
)
def test_the_exit_code_is_that_of_the_answer_and_doubt_leaves_it_open(found: EloFacts, expected: int) -> None:
    assert found.exit_code == expected


def test_numbers_are_those_of_python_not_of_numpy() -> None:
    assert not any(isinstance(number, np.floating) for number in numbers(facts_of(NAMED)))
