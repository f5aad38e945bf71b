"""The whole answer: who is asked about, the table, the gap, what was learned, and every sentence of doubt."""

from __future__ import annotations

import dataclasses
import math
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from checks.counts import Counts
from checks.elo.agents import AgentKind, EloError, Naming
from checks.elo.analysis import METHOD, Analyst, analyse
from checks.elo.answer import EloAnswer, EloQuestion, HeadToHead, Rating, signal_of
from checks.elo.consistency import Agreement, Conflict
from checks.elo.doubt import doubts, remarks
from checks.elo.estimate import Estimate
from checks.elo.facts import facts_of
from checks.elo.fit import ELO, FitError
from checks.elo.gather import SeatRows
from checks.elo.learning import Signal
from checks.elo.seats import SeatReport
from checks.elo.sequential import Hypotheses, SequentialOutcome
from checks.elo.words import paragraph
from checks.run import Note, NoteKind
from tests.games import (
    BASE,
    NEW,
    asked,
    counts,
    duel,
    elo,
    forked,
    join,
    league,
    rated,
    record,
    scale,
    seats,
    tally,
)

stats: Any = import_module("scipy.stats")  # has no types

OLD = "adapter_v5"
RUN = {"base_model": 0.0, "adapter_v5": 30.0, "adapter_v10": 90.0, "chaos_bot": -100.0}


def row(found: EloAnswer, name: str) -> Rating:
    return next(one for one in found.ratings if one.agent == name)


def gap(found: EloAnswer) -> Estimate:
    assert found.gap is not None
    return found.gap.estimate


def given(**references: float | tuple[float, float]) -> Naming:
    return Naming(references=scale(**references).references)


def undefeated(games: int) -> float:
    """Return the exact lower bound of one that won all of so many games, in Elo at 95 %."""
    share = 0.05 ** (1 / games)
    return 400 * math.log10(share / (1 - share))


# Who is asked about, and against whom.


def test_the_newest_checkpoint_is_held_against_base_model_unless_one_says_otherwise() -> None:
    found = asked(league(1, RUN, games=200))

    assert found.gap is not None
    assert (found.gap.candidate, found.gap.reference, found.gap.chosen_from) == (NEW, BASE, 1)
    unseated = f"{METHOD}; no seats or first moves were recorded, so none is allowed for"
    assert (found.method, found.cluster, found.scale_zero) == (unseated, "game", 1000)
    assert dict(found.references) == {BASE: None, "chaos_bot": None}
    assert (found.clusters, found.games, found.mean_seats) == (200, 200, 2)


def test_any_agent_can_be_asked_about_and_any_held_against() -> None:
    found = asked(league(1, RUN, games=200), candidate="chaos_bot", against=OLD)

    assert found.gap is not None
    assert (found.gap.candidate, found.gap.reference) == ("chaos_bot", OLD)
    assert found.decision is not None


def test_the_newest_is_the_one_of_the_highest_step_and_not_the_last_by_name() -> None:
    rows = join(duel("adapter_v9", BASE, "10"), duel("adapter_v10", BASE, "10"))

    found = asked(rows)

    assert found.gap is not None
    assert found.gap.candidate == "adapter_v10"


def test_two_newest_checkpoints_are_an_error_unless_one_is_named() -> None:
    rows = join(duel("a/adapter_v10", BASE, "10"), duel("b/adapter_v10", BASE, "10"), duel(OLD, BASE, "10"))

    for candidate in ("latest", "best"):
        with pytest.raises(EloError, match=r"one newest checkpoint, got `a/adapter_v10`, `b/adapter_v10` of the same"):
            asked(rows, candidate=candidate)
    assert gap(asked(rows, candidate="b/adapter_v10")).value == 0


def test_a_candidate_that_is_its_own_reference_is_an_error() -> None:
    rows = league(1, RUN, games=60)

    for candidate, against in ((BASE, None), ("latest", NEW), ("x", "x")):
        with pytest.raises(EloError, match=r"a candidate other than the reference, got `.*` twice; name another"):
            asked(join(rows, duel("x", BASE, "10")), candidate=candidate, against=against)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"candidate": "adapter_v11"}, "the candidate `adapter_v11` in the games, .*mean `adapter_v10`"),
        ({"against": "basemodel"}, "the reference `basemodel` in the games, .*mean `base_model`"),
        ({"naming": Naming(references={"chaosbot": None})}, "the reference `chaosbot` .*mean `chaos_bot`"),
        ({"naming": Naming(references={}, checkpoints={"adapter10": 3})}, "the checkpoint `adapter10` in the games"),
    ],
)
def test_a_misspelt_name_is_an_error_with_the_names_that_are_near(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(EloError, match=expected):
        asked(league(1, RUN, games=40), **changes)


def test_games_without_a_reference_ask_for_one_by_name() -> None:
    rows = duel("old", NEW, "10")

    with pytest.raises(EloError, match=r"expected a fixed reference .*found none.*\(agents: `adapter_v10`, `old`\)"):
        asked(rows)
    with pytest.raises(EloError, match=r"the reference `olt` in the games, .*mean `old`"):
        asked(rows, against="olt")
    assert asked(rows, against="old").references == {"old": None}


def test_without_a_checkpoint_nothing_is_asked_and_one_is_told_so() -> None:
    rows = join(duel("x", BASE, "10" * 10), duel("y", BASE, "10" * 10))
    for candidate in ("latest", "best"):
        found = asked(rows, candidate=candidate)

        assert (found.gap, found.decision, found.seats, found.head_to_head) == (None, None, None, ())
        assert found.outcome is None
        assert found.learning.signal is Signal.UNCLEAR
        assert "No agent looks like a checkpoint (adapter_v{step}): name a candidate or a pattern." in found.remarks
    assert not asked(rows, candidate="x").remarks


def test_a_fault_of_the_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.elo.fit.MAX_STEPS", 0)

    with pytest.raises(FitError):
        asked(duel(NEW, BASE, "110"))


@pytest.mark.parametrize("confidence", [0.49, 1.0, -1.0, math.nan])
def test_a_confidence_is_at_least_a_half_and_below_one(confidence: float) -> None:
    with pytest.raises(ValueError, match="expected a confidence of at least 0"):
        EloQuestion(naming=given(), confidence=confidence)


def test_an_answer_remembers_the_question() -> None:
    question = EloQuestion(naming=given(), hypotheses=Hypotheses(elo1=35), confidence=0.9)

    found = analyse(record(duel(NEW, BASE, "1101" * 10)), question)

    assert found.question == question
    assert found.decision is not None
    assert found.decision.hypotheses == question.hypotheses
    assert gap(found).confidence == 0.9


# Paths to the references.


def test_agents_without_a_path_are_an_error_that_names_them() -> None:
    rows = join(duel(NEW, BASE, "10"), duel("y", "z", "10"))

    with pytest.raises(EloError, match=r"a path of games from every agent to base_model, .*the group of `y`, `z`"):
        asked(rows)


def test_agents_without_a_path_can_be_left_unrated() -> None:
    rows = join(duel(NEW, BASE, "1110"), duel("y", "z", "10"))

    found = asked(rows, allow_disconnected=True)

    assert gap(found).value == pytest.approx(400 * math.log10(3))
    assert (row(found, "y").estimate, row(found, "y").flags) == (None, ("unrated",))
    assert [one.agent for one in found.ratings] == [NEW, BASE, "y", "z"]
    assert "No path of games leads from y, z to the references: not rated." in found.remarks


@pytest.mark.parametrize("candidate", ["latest", "best"])
def test_a_candidate_without_a_path_has_no_gap_instead_of_none_at_all(candidate: str) -> None:
    """Unknown is not 0 Elo."""
    found = asked(join(duel(NEW, "z", "1100"), duel("y", BASE, "10")), candidate=candidate, allow_disconnected=True)

    if candidate == "latest":
        assert (gap(found).value, gap(found).low, gap(found).high) == (None, None, None)
        assert found.outcome is SequentialOutcome.UNDECIDED
    else:
        assert found.gap is None


@pytest.mark.parametrize("candidate", ["latest", "best"])
def test_a_reference_without_a_path_has_no_gap_either(candidate: str) -> None:
    rows = join(duel(NEW, BASE, "1100" * 10), duel(OLD, BASE, "1000" * 10), duel("chaos_bot", "z", "1100"))

    found = asked(rows, candidate=candidate, against="chaos_bot", allow_disconnected=True)

    assert (gap(found).value, gap(found).low, gap(found).high) == (None, None, None)
    assert found.outcome is SequentialOutcome.UNDECIDED
    assert found.learning.signal is Signal.UNCLEAR


def test_a_path_without_a_direct_game_is_marked() -> None:
    rows = join(duel("x", BASE, "10" * 10), duel(NEW, "x", "1110" * 10))

    found = asked(rows)

    assert row(found, NEW).flags == ("indirect",)
    assert row(found, "x").flags == ()
    assert found.head_to_head == ()


def test_a_measured_reference_is_a_path() -> None:
    rows = join(duel(NEW, "chaos_bot", "1110" * 10), duel("y", BASE, "10"))

    found = asked(rows, given(base_model=1000, chaos_bot=(1000, 20)))

    assert gap(found).value == pytest.approx(400 * math.log10(3), abs=1)


# The table.


def test_a_row_tells_rating_interval_games_and_clusters() -> None:
    """By hand: 75 of 100 points, CR1, Student's t with 99 degrees of freedom."""
    found = asked(join(duel(NEW, BASE, "1110" * 25), forked(duel("x", BASE, "10" * 60), 4)), confidence=0.9)
    se = ELO / math.sqrt(100 * 0.1875) * math.sqrt(130 / 129)

    new, x, base = (row(found, name) for name in (NEW, "x", BASE))

    assert new.estimate is not None
    assert new.estimate.value == pytest.approx(1000 + 400 * math.log10(3))
    assert new.estimate.high == pytest.approx(1000 + 400 * math.log10(3) + stats.t.ppf(0.95, 99) * se)
    assert new.estimate.p_superior is None
    assert (new.kind, new.step, new.games, new.clusters) == (AgentKind.CHECKPOINT, 10, 100, 100)
    assert (x.kind, x.step, x.games, x.clusters) == (AgentKind.OTHER, None, 120, 30)
    assert (base.kind, base.games, base.clusters) == (AgentKind.REFERENCE, 220, 130)


def test_fixed_agents_stand_where_they_are_given_without_an_interval() -> None:
    rows = league(1, RUN, games=100)

    found = asked(rows, given(base_model=1000, chaos_bot=900))

    for name, rating in ((BASE, 1000), ("chaos_bot", 900)):
        one = row(found, name)
        assert one.estimate is not None
        assert (one.estimate.value, one.estimate.low, one.estimate.high, one.estimate.se) == (rating,) * 3 + (0,)
        assert one.flags == ("fixed",)
    assert row(found, NEW).flags == ()


def test_a_reference_measured_with_an_error_is_estimated() -> None:
    found = asked(league(1, RUN, games=100), given(base_model=1000, chaos_bot=(900, 30)))

    one = row(found, "chaos_bot")

    assert one.flags == ()
    assert one.estimate is not None
    assert one.estimate.se is not None
    assert one.estimate.se > 0


def test_the_table_has_the_best_first_by_name_among_equals_and_the_unrated_last() -> None:
    rows = join(
        tally("b", BASE, won=1, lost=10),
        tally("a", BASE, won=10, lost=1),
        tally("d", BASE, won=1, lost=1),
        tally("c", BASE, won=1, lost=1),
        duel("y", "z", "1"),
    )

    assert [one.agent for one in asked(rows, allow_disconnected=True).ratings] == [
        "a",
        BASE,
        "c",
        "d",
        "b",
        "y",
        "z",
    ]


def test_agents_without_a_finite_rating_have_one_sided_bounds_and_flags() -> None:
    rows = join(
        duel("win", BASE, "1" * 10), duel("lose", BASE, "0" * 20), duel("win", "lonely", "1"), duel("x", BASE, "10")
    )

    found = asked(rows)

    win, lose, lonely = (row(found, name) for name in ("win", "lose", "lonely"))
    assert (win.flags, lose.flags, lonely.flags) == ((">",), ("<",), ("?", "indirect"))
    for one, low, high in (
        (win, 1000 + undefeated(10), None),
        (lose, None, 1000 - undefeated(20)),
        (lonely, None, None),
    ):
        assert one.estimate is not None
        assert one.estimate.value is None
        assert [one.estimate.low, one.estimate.high] == pytest.approx([low, high])
    assert [one.agent for one in found.ratings] == ["win", BASE, "x", "lose", "lonely"]


# The gap.


def test_the_gap_of_two_agents_can_be_done_by_hand() -> None:
    found = asked(duel(NEW, BASE, "1110" * 25))
    se = ELO / math.sqrt(99 * 0.1875)

    assert gap(found).value == pytest.approx(400 * math.log10(3))
    assert gap(found).se == pytest.approx(se)
    assert gap(found).p_superior == pytest.approx(stats.t.cdf(400 * math.log10(3) / se, 99))
    assert found.outcome is SequentialOutcome.UNDECIDED
    assert asked(duel(NEW, BASE, "1110" * 30)).outcome is SequentialOutcome.BETTER


@pytest.mark.parametrize(("games", "expected"), [(3, -94), (5, 34), (10, 183), (20, 317), (50, 484)])
def test_an_undefeated_candidate_has_the_exact_lower_bound(games: int, expected: int) -> None:
    found = asked(duel(NEW, BASE, "1" * games))

    assert gap(found).low == pytest.approx(expected, abs=0.5)
    assert (gap(found).value, gap(found).high, gap(found).se, gap(found).p_superior) == (None, None, None, None)
    assert gap(found).clusters == games
    assert found.learning.signal is (Signal.POSITIVE if expected > 0 else Signal.UNCLEAR)
    assert f"{NEW}: never lost a point, so the rating is bounded below only." in found.remarks


def test_a_winless_candidate_has_the_exact_upper_bound() -> None:
    found = asked(duel(NEW, BASE, "0" * 20))

    assert gap(found).high == pytest.approx(-undefeated(20))
    assert (gap(found).value, gap(found).low) == (None, None)
    assert found.learning.signal is Signal.NEGATIVE
    assert f"{NEW}: never won a point, so the rating is bounded above only." in found.remarks


def test_against_a_reference_that_never_won_the_gap_is_bounded_below() -> None:
    """The candidate is known exactly as it is estimated, the bot only from above."""
    rows = join(duel(NEW, BASE, "1110" * 20), duel("chaos_bot", BASE, "0" * 30))

    found = asked(rows, against="chaos_bot")

    assert gap(found).low == pytest.approx(400 * math.log10(3) + undefeated(30))
    assert gap(found).high is None


def test_two_agents_that_never_lost_have_a_gap_without_ends() -> None:
    rows = join(duel(NEW, BASE, "1" * 10), duel("chaos_bot", BASE, "1" * 10))

    found = asked(rows, against="chaos_bot")

    assert (gap(found).low, gap(found).high, gap(found).value) == (None, None, None)
    assert found.learning.signal is Signal.UNCLEAR


@pytest.mark.parametrize("results", ["1", "0", "½"])
def test_a_single_game_is_never_better(results: str) -> None:
    found = asked(duel(NEW, BASE, results))

    assert found.outcome is SequentialOutcome.UNDECIDED
    assert not gap(found).above_zero
    assert found.learning.signal is Signal.UNCLEAR


@pytest.mark.parametrize("clusters", [1, 2])
def test_one_or_two_clusters_are_never_better(clusters: int) -> None:
    found = asked(forked(duel(NEW, BASE, "1110" * 10 * clusters), 40))

    assert found.outcome is SequentialOutcome.UNDECIDED
    assert not gap(found).above_zero
    assert (gap(found).low is None) == (clusters == 1)


def test_ties_alone_are_no_gap() -> None:
    found = asked(duel(NEW, BASE, "½" * 400))

    assert gap(found).value == 0
    assert found.outcome is SequentialOutcome.NOT_BETTER
    assert found.learning.signal is Signal.NONE


def test_a_million_games_of_one_pair_are_judged() -> None:
    found = asked(tally(NEW, BASE, won=510_000, lost=490_000))

    assert gap(found).value == pytest.approx(400 * math.log10(51 / 49))
    assert gap(found).se == pytest.approx(ELO / math.sqrt(1e6 * 0.51 * 0.49), rel=1e-5)
    assert found.games == 1_000_000
    assert (
        "Some rows stand for several games, whose order is not known: the record was looked at once, at its end."
        in (found.remarks)
    )


def test_a_doubt_leaves_the_decision_as_it_is_and_the_outcome_open() -> None:
    found = asked(duel(NEW, BASE, "1110" * 40, moves=1))

    assert found.decision is not None
    assert found.doubts
    assert found.outcome is SequentialOutcome.UNDECIDED


# The best of several.


def test_the_best_is_the_one_that_surely_stands_highest_and_alpha_is_shared() -> None:
    """v30 won its three games; of v20, a hundred games say that it is strong."""
    rows = join(duel(NEW, BASE, "10" * 50), duel("adapter_v20", BASE, "1110" * 25), duel("adapter_v30", BASE, "111"))

    found = asked(rows, candidate="best")

    assert found.gap is not None
    assert (found.gap.candidate, found.gap.chosen_from) == ("adapter_v20", 3)
    assert gap(found).value == pytest.approx(400 * math.log10(3))
    assert gap(found).confidence == 0.95
    assert found.decision is not None
    assert found.decision.hypotheses.alpha == pytest.approx(0.05 / 3)
    assert found.decision.hypotheses.beta == 0.05


def test_the_interval_of_the_best_is_wider_than_that_of_one_that_was_not_chosen() -> None:
    rows = join(*(duel(f"adapter_v{i}0", BASE, "110" * 20 + "10" * i) for i in range(1, 6)))

    best = asked(rows, candidate="best")
    assert best.gap is not None
    alone = asked(rows, candidate=best.gap.candidate)

    assert gap(best).value == gap(alone).value
    assert gap(best).se == gap(alone).se
    assert best.gap.chosen_from == 5
    lows = gap(best).low, gap(alone).low
    highs = gap(best).high, gap(alone).high
    assert lows[0] is not None
    assert lows[1] is not None
    assert highs[0] is not None
    assert highs[1] is not None
    assert lows[0] < lows[1]
    assert highs[0] > highs[1]
    assert gap(best).p_superior is not None
    assert gap(alone).p_superior is not None
    assert gap(best).p_superior < gap(alone).p_superior  # type: ignore[operator]


def test_an_undefeated_checkpoint_can_be_the_best_with_its_share_of_the_error() -> None:
    """By hand: of two, each has half of 5 %: the fortieth part."""
    rows = join(duel(NEW, BASE, "10" * 50), duel("adapter_v20", BASE, "1" * 60))
    share = 0.025 ** (1 / 60)

    found = asked(rows, candidate="best")

    assert found.gap is not None
    assert found.gap.candidate == "adapter_v20"
    assert gap(found).low == pytest.approx(400 * math.log10(share / (1 - share)))
    assert gap(found).confidence == 0.95


def test_the_best_of_one_was_not_chosen() -> None:
    rows = duel(NEW, BASE, "1101" * 10)

    best, latest = asked(rows, candidate="best"), asked(rows)

    assert best.gap == latest.gap
    assert best.decision == latest.decision


def test_a_checkpoint_that_is_the_reference_is_not_among_those_to_choose_from() -> None:
    rows = join(duel(NEW, OLD, "10" * 30), duel(OLD, BASE, "1110" * 20), duel("adapter_v20", OLD, "10" * 30))

    found = asked(rows, candidate="best", against=OLD)

    assert found.gap is not None
    assert found.gap.candidate != OLD
    assert found.gap.chosen_from == 2
    assert gap(found).low is not None


def test_best_against_a_reference_that_never_won_is_the_best_of_bounds() -> None:
    rows = join(duel(NEW, BASE, "1110" * 20), duel(OLD, BASE, "10" * 40), duel("chaos_bot", BASE, "0" * 30))

    found = asked(rows, candidate="best", against="chaos_bot")

    assert found.gap is not None
    assert found.gap.candidate == NEW
    assert (gap(found).value, gap(found).high) == (None, None)
    assert gap(found).low is not None


# The candidate's own meetings.


def test_head_to_head_is_the_direct_record_beside_what_ratings_expect() -> None:
    rows = league(3, RUN, games=300)
    one = rated(rows)
    place = one.counts.index
    mine = [
        (rows.score[a] > rows.score[b]) + 0.5 * (rows.score[a] == rows.score[b]) for a, b in _games_of(rows, NEW, BASE)
    ]
    p = 1 / (1 + 10 ** ((elo(one, BASE) - elo(one, NEW)) / 400))

    found = asked(rows)

    assert [head.reference for head in found.head_to_head] == [BASE, "chaos_bot"]
    head = found.head_to_head[0]
    assert (head.meetings, head.points) == (len(mine), sum(mine))
    assert head.expected == pytest.approx(p * len(mine))
    assert head.score == sum(mine) / len(mine)
    assert place(BASE) != place(NEW)


def _games_of(rows: SeatRows, one: str, other: str) -> list[tuple[int, int]]:
    found = []
    for game in np.unique(rows.game):
        at = {rows.agents[rows.agent[i]]: int(i) for i in np.flatnonzero(rows.game == game)}
        if set(at) == {one, other}:
            found.append((at[one], at[other]))
    return found


def test_head_to_head_has_the_reference_that_was_asked_for_first_and_leaves_out_who_was_not_met() -> None:
    rows = join(league(3, RUN, games=300), duel("other_bot", BASE, "10"))

    found = asked(rows, against="chaos_bot")

    assert [head.reference for head in found.head_to_head] == ["chaos_bot", BASE]


def test_points_of_a_candidate_whose_name_sorts_last_are_its_own() -> None:
    found = asked(duel("x", BASE, "1101"), candidate="x")

    assert [(head.points, head.meetings, head.expected) for head in found.head_to_head] == [(3, 4, 3)]


def test_nothing_is_expected_of_agents_without_a_finite_rating() -> None:
    found = asked(duel(NEW, BASE, "1" * 12))

    assert [(head.points, head.expected) for head in found.head_to_head] == [(12, None)]
    assert HeadToHead(reference="b", meetings=4, points=1, expected=None).score == 0.25


# What was learned.


def test_a_trend_that_ends_above_the_reference_is_a_positive_signal() -> None:
    rows = join(duel(OLD, BASE, "10" * 60), duel(NEW, BASE, "1110" * 40), duel(NEW, OLD, "110" * 20))

    found = asked(rows)

    assert found.learning.signal is Signal.POSITIVE
    assert found.learning.slope is not None
    assert found.learning.slope.above_zero
    assert found.learning.older_checkpoints is not None
    assert found.learning.latest is not None
    assert found.learning.reference_decline is not None
    assert found.learning.reference_decline.value == pytest.approx(gap(found).value, rel=1e-6)
    assert found.learning.exploitation is None


def test_a_single_checkpoint_is_judged_by_its_gap() -> None:
    found = asked(duel(NEW, BASE, "1110" * 40))

    assert found.learning.reference_decline == gap(found)
    assert (found.learning.signal, found.learning.slope, found.learning.latest) == (Signal.POSITIVE, None, None)


def test_what_was_gained_and_surely_lost_again_is_no_gain() -> None:
    """The newest is far below the one before it, whatever a line through all of them says."""
    rows = join(
        duel("adapter_v1", BASE, "1110" * 40),
        duel("adapter_v2", BASE, "11110" * 40),
        duel("adapter_v3", BASE, "10" * 60),
    )

    found = asked(rows)

    assert found.learning.latest is not None
    assert found.learning.latest.below_zero
    assert found.learning.signal is Signal.NEGATIVE
    assert found.learning.reference_decline == gap(found)


def test_a_newest_checkpoint_that_never_lost_is_held_against_the_older_ones_by_its_bound() -> None:
    """By hand: two older ones, so each at half of 5 %; the better of them stands at 2 to 1."""
    rows = join(duel("adapter_v1", BASE, "10" * 20), duel(OLD, BASE, "110" * 20), duel(NEW, BASE, "1" * 40))
    share = 0.025 ** (1 / 40)

    found = asked(rows)

    latest = found.learning.latest
    assert latest is not None
    assert latest.low == pytest.approx(400 * math.log10(share / (1 - share) / 2))
    assert (latest.value, latest.high, latest.se, latest.clusters, latest.confidence) == (None, None, None, 40, 0.95)
    assert found.learning.older_checkpoints is None
    assert found.learning.reference_decline == gap(found)
    assert found.learning.signal is Signal.POSITIVE


def test_a_newest_checkpoint_that_never_won_has_surely_regressed() -> None:
    rows = join(duel("adapter_v1", BASE, "10" * 20), duel(OLD, BASE, "110" * 20), duel(NEW, BASE, "0" * 40))
    share = 0.025 ** (1 / 40)

    found = asked(rows)

    latest = found.learning.latest
    assert latest is not None
    assert latest.high == pytest.approx(-400 * math.log10(share / (1 - share) * 2))
    assert latest.low is None
    assert found.learning.signal is Signal.NEGATIVE


def test_a_newest_checkpoint_without_a_path_is_held_against_nobody() -> None:
    rows = join(duel("adapter_v1", BASE, "10" * 20), duel(OLD, BASE, "110" * 20), duel(NEW, "z", "10"))

    found = asked(rows, allow_disconnected=True)

    assert (found.learning.latest, found.learning.older_checkpoints) == (None, None)
    assert found.learning.slope is not None
    assert found.learning.signal is Signal.UNCLEAR


def test_an_unbeaten_newest_checkpoint_without_older_ones_is_held_against_nobody() -> None:
    assert asked(duel(NEW, BASE, "1" * 40)).learning.latest is None


def test_against_a_reference_without_a_finite_rating_there_is_no_trend() -> None:
    """Its place on the scale is a virtual draw's, and no interval would be honest."""
    rows = join(duel(OLD, BASE, "10" * 60), duel(NEW, BASE, "1110" * 40), duel("chaos_bot", BASE, "0" * 30))

    found = asked(rows, against="chaos_bot")

    assert found.learning.slope is None
    assert found.learning.reference_decline == gap(found)
    assert found.learning.signal is Signal.POSITIVE


def test_the_best_of_several_says_nothing_of_learning_where_there_is_no_trend() -> None:
    rows = join(duel(OLD, BASE, "10" * 60), duel(NEW, BASE, "1110" * 40), duel("chaos_bot", BASE, "0" * 30))

    found = asked(rows, against="chaos_bot", candidate="best")

    assert found.gap is not None
    assert found.gap.chosen_from == 2
    assert found.learning.reference_decline is None
    assert found.learning.signal is Signal.UNCLEAR


def test_bots_tell_of_exploitation() -> None:
    rows = join(
        duel(BASE, "chaos_bot", "10" * 40), duel(OLD, "chaos_bot", "110" * 30), duel(NEW, "chaos_bot", "1110" * 30)
    )

    found = asked(rows)

    assert found.learning.exploitation is not None
    assert found.learning.exploitation.total.above_zero
    assert [name for name, _ in found.learning.exploitation.bots] == ["chaos_bot"]


def test_training_began_with_base_model_also_where_a_bot_is_the_gauge() -> None:
    """The bot's rating was measured, so the scale is its own; what was gained against it began at base_model."""
    rows = join(
        duel(BASE, "chaos_bot", "10" * 40), duel(OLD, "chaos_bot", "110" * 30), duel(NEW, "chaos_bot", "1110" * 30)
    )

    found, plain = asked(rows, given(chaos_bot=850)), asked(rows)

    assert next(iter(found.references)) == "chaos_bot"
    assert found.learning.exploitation is not None
    assert plain.learning.exploitation is not None
    assert [name for name, _ in found.learning.exploitation.bots] == ["chaos_bot"]
    assert found.learning.exploitation.total.value == pytest.approx(plain.learning.exploitation.total.value)


def span(low: float | None, high: float | None) -> Estimate:
    return Estimate(value=None, low=low, high=high, se=None, df=9, p_superior=None, clusters=10, confidence=0.95)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (None, Signal.UNCLEAR),
        (span(None, None), Signal.UNCLEAR),
        (span(1, 9), Signal.POSITIVE),
        (span(1, None), Signal.POSITIVE),
        (span(-9, -1), Signal.NEGATIVE),
        (span(None, -1), Signal.NEGATIVE),
        (span(-1, None), Signal.UNCLEAR),
        (span(None, 1), Signal.UNCLEAR),
        (span(-19, 19), Signal.NONE),
        (span(-20, 19), Signal.UNCLEAR),
        (span(-19, 20), Signal.UNCLEAR),
        (span(0, 10), Signal.NONE),
    ],
)
def test_an_interval_is_a_signal(found: Estimate | None, expected: Signal) -> None:
    assert expected is signal_of(found)


# What speaks against believing it.


def test_a_newest_checkpoint_that_always_moves_first_is_confounded() -> None:
    """Though the others tell what moving first is worth."""
    others = join(duel(OLD, BASE, "10" * 20, moves=1), duel(OLD, BASE, "10" * 20, moves=-1))

    found = asked(join(others, duel(NEW, BASE, "1110" * 20, moves=1)))

    assert found.doubts == (
        "adapter_v10 always held the seat first: its strength cannot be told from what that seat is worth "
        "(confounded). Play it in every seat equally often.",
    )


def test_a_record_in_which_nobody_met_in_both_orders_is_confounded() -> None:
    rows = join(duel(NEW, BASE, "10" * 10, moves=1), duel("b", NEW, "10" * 10, moves=1))

    found = asked(rows)

    assert found.seats is not None
    assert found.seats.always is None
    assert found.doubts == (
        "Moving first cannot be told from strength: no two agents met in both orders (confounded). Let each pair play "
        "both ways round.",
    )


def test_a_record_of_both_orders_is_not_doubted() -> None:
    found = asked(join(duel(NEW, BASE, "1110" * 30, moves=1), duel(NEW, BASE, "110" * 30, moves=-1)))

    assert found.doubts == ()
    assert found.outcome is SequentialOutcome.BETTER


PLAIN = asked(duel(NEW, BASE, "1101" * 20))


def doubted(**changes: Any) -> tuple[str, ...]:
    return doubts(dataclasses.replace(PLAIN, **changes))


def remarked(one: Counts | None = None, **changes: Any) -> tuple[str, ...]:
    return remarks(dataclasses.replace(PLAIN, **changes), one or counts(duel(NEW, BASE, "1101" * 20)))


def report(**changes: Any) -> SeatReport:
    plain = SeatReport(effects=(), confounded=False, always=None, shift=None)
    return dataclasses.replace(plain, **changes)


def conflict(p: float) -> Conflict:
    return Conflict(statistic=30.0, df=1, p=p, differences=(("chaos_bot", -120.5), ("other_bot", 3.0)))


def test_a_shift_by_seats_is_a_doubt_where_it_is_larger_than_the_error() -> None:
    se = gap(PLAIN).se
    assert se is not None
    sentence = "more than its standard error: the candidate did not hold every seat equally often."

    assert doubted(seats=report(shift=se - 1)) == ()
    assert doubted(seats=report(shift=-100.0)) == (f"Allowing for seats moves the gap by -100 Elo, {sentence}",)
    assert doubted(seats=report(shift=-100.0), gap=None) == ()


def test_references_that_moved_are_a_doubt() -> None:
    assert doubted(control=conflict(0.01)) == ()
    assert doubted(control=conflict(0.0002)) == (
        "The references moved against each other between the first and the second half of the games (chaos_bot by "
        "-120.5 Elo, other_bot by 3 Elo; p = 0.0002): they never change, so the environment did, or an agent of "
        "their games broke, and ratings across that change mean nothing.",
    )


def test_without_a_candidate_there_is_nothing_to_doubt_about_seats() -> None:
    assert doubted(seats=report(always="first", confounded=True), gap=None) == ()
    assert doubted(seats=report(confounded=True), gap=None) == ()


def test_an_environment_that_changed_halfway_leaves_the_outcome_open() -> None:
    """In the second half the bot is as much stronger as it was weaker."""
    rows = join(
        duel(NEW, BASE, "1110" * 20), duel("chaos_bot", BASE, "10000" * 30), duel("chaos_bot", BASE, "11110" * 40)
    )

    found = asked(rows)

    assert found.control is not None
    assert found.control.sure
    assert len(found.doubts) == 1
    assert found.outcome is SequentialOutcome.UNDECIDED


def test_a_measured_rating_that_the_games_contradict_is_told_and_not_used() -> None:
    rows = join(duel("chaos_bot", BASE, "10" * 50), duel(NEW, "chaos_bot", "10" * 40), duel(NEW, BASE, "10" * 5))
    naming = given(base_model=1000, chaos_bot=1400)

    found = asked(rows, naming)

    assert found.conflict is not None
    assert found.conflict.sure
    assert row(found, "chaos_bot").flags == ()
    assert gap(found).value == pytest.approx(0, abs=10)
    assert found.outcome is SequentialOutcome.UNDECIDED
    assert any(
        "The measured ratings of the references contradict these games (chaos_bot by -4" in one
        for one in (found.remarks)
    )
    assert any("only base_model was held." in one for one in found.remarks)


def test_a_measured_rating_that_the_games_bear_out_is_used() -> None:
    rows = join(duel("chaos_bot", BASE, "10" * 50), duel(NEW, "chaos_bot", "1110" * 40))

    found = asked(rows, given(base_model=1000, chaos_bot=1010))

    assert found.conflict is not None
    assert not found.conflict.sure
    assert row(found, "chaos_bot").flags == ("fixed",)
    assert gap(found).value == pytest.approx(10 + 400 * math.log10(3))
    assert found.remarks == ()


def test_results_that_no_scale_explains_are_remarked_with_their_certain_cycles() -> None:
    misfit = Agreement(statistic=61.25, df=3.04567, p=1e-9, cycles=1, triples=1)
    tail = "who beats whom depends on the pair; read the direct record beside the gap."

    assert remarked(agreement=dataclasses.replace(misfit, p=0.5)) == ()
    assert remarked(agreement=misfit) == (
        "One number an agent does not explain these results (residuals 61.25 on 3.046 degrees of freedom, 1 certain "
        f"cycle): {tail}",
    )
    assert "2 certain cycles" in remarked(agreement=dataclasses.replace(misfit, cycles=2))[0]
    assert remarked(agreement=dataclasses.replace(misfit, cycles=0)) == (
        f"One number an agent does not explain these results (residuals 61.25 on 3.046 degrees of freedom): {tail}",
    )


def test_a_direct_record_unlike_what_ratings_expect_is_remarked() -> None:
    """By hand: 30 of 40 expected, with a standard deviation of 2.74; 21 is more than three of them off."""
    plain = HeadToHead(reference=BASE, meetings=40, points=30, expected=30)

    def told(**changes: Any) -> tuple[str, ...]:
        return remarked(head_to_head=(dataclasses.replace(plain, **changes),))

    assert told() == told(points=22.0) == told(points=38.0) == ()
    assert told(points=21.0) == (
        "Against base_model itself the candidate made 21 of 40 points where its rating expects 30: the gap rests on "
        "games with others.",
    )
    assert told(points=21.0, expected=None) == told(points=21.0, reference="chaos_bot") == ()
    assert remarked(head_to_head=(dataclasses.replace(plain, points=21.0),), gap=None) == ()
    assert remarked(head_to_head=(dataclasses.replace(plain, points=21.0),), mean_seats=7.0) == ()


def test_a_direct_record_unlike_what_ratings_expect_is_found_in_games() -> None:
    """The candidate beats everybody whom base_model loses to, and loses to base_model itself."""
    won = [duel(one, other, "110" * 30) for one, other in (("b", BASE), ("c", BASE), (NEW, "b"), (NEW, "c"))]
    rows = join(*won, duel(NEW, BASE, "000100" * 5))

    found = asked(rows)

    assert any(one.startswith("Against base_model itself the candidate made 5 of 30 points") for one in found.remarks)
    assert any(one.startswith("One number an agent does not explain these results") for one in found.remarks)


def test_more_than_six_agents_of_one_kind_are_counted() -> None:
    rows = join(duel(NEW, BASE, "10"), *(duel(f"x{i}", BASE, "1") for i in range(8)), duel("y", "z", "10"))

    found = asked(rows, allow_disconnected=True)

    assert (
        "x0, x1, x2, x3, x4, x5 and 2 more: never lost a point, so the rating is bounded below only." in found.remarks
    )


def test_an_agent_that_nothing_bounds_is_remarked() -> None:
    found = asked(join(duel(NEW, BASE, "111"), duel(NEW, "lonely", "1")))

    assert any(one.startswith("lonely: no chain of wins or of losses leads to the references") for one in found.remarks)


def test_more_than_six_agents_without_a_path_are_counted() -> None:
    found = asked(
        join(duel(NEW, BASE, "10"), *(duel("y0", f"y{i}", "10") for i in range(1, 9))), allow_disconnected=True
    )

    assert (
        "No path of games leads from y0, y1, y2, y3, y4, y5 and 3 more to the references: not rated." in found.remarks
    )


def test_a_test_that_was_given_up_is_remarked() -> None:
    won = round(20_000 / (1 + 10 ** (-10 / 400)))

    found = asked(tally(NEW, BASE, won=won, lost=20_000 - won))

    assert found.decision is not None
    assert found.decision.exhausted
    assert (
        "The test was given up: the strength lies between the two hypotheses, and more games would not settle it. "
        "Widen them or accept it." in found.remarks
    )


def test_one_seat_against_many_is_advised_against_where_games_are_needed() -> None:
    """By hand: one seat of seven has six meetings a game, half of the 12.25 that half of the seats would have."""
    lone = [">".join(NEW if seat == rank else BASE for seat in range(7)) for rank in (0, 6, 3, 2, 4)]
    half = [">".join((NEW, BASE)[(seat + rank) % 2] for seat in range(6)) for rank in range(2)]
    advice = (
        "Seating the candidate in half of the seats would need about half the games: one seat against 6 tells least."
    )

    assert advice in asked(seats(lone * 3)).remarks
    assert not asked(seats(half * 8)).remarks
    assert not asked(duel(NEW, BASE, "10" * 8)).remarks


def test_a_decision_needs_no_advice() -> None:
    lone = [">".join([NEW] + [BASE] * 6)] * 80

    found = asked(seats(lone))

    assert found.decision is not None
    assert found.decision.games_needed is None
    assert not any(one.startswith("Seating") for one in found.remarks)


def test_a_league_of_many_checkpoints_is_answered_as_a_whole() -> None:
    """60 agents and 1,500 games: every part of the answer is there."""
    strengths = {"base_model": 0.0} | {f"adapter_v{i}": i * 2.0 for i in range(1, 60)}

    found = asked(league(1, strengths, games=1_500), allow_disconnected=True)

    assert len(found.ratings) == 60
    assert found.learning.slope is not None
    assert found.learning.slope.value == pytest.approx(200, abs=4 * (found.learning.slope.se or 0))
    assert found.learning.latest is not None


def test_games_that_were_lost_while_reading_leave_the_answer_open() -> None:
    whole = record(duel(NEW, BASE, "1110" * 40))
    notes = tuple(Note(kind=NoteKind.LOST, text=f"games.jsonl: no JSON object, left out: line {i}") for i in (3, 9))
    odd = Note(kind=NoteKind.ODD, text="a number with a decimal comma")

    found = analyse(dataclasses.replace(whole, notes=(odd, *notes)), EloQuestion(naming=given()))

    assert analyse(dataclasses.replace(whole, notes=(odd,)), EloQuestion(naming=given())).doubts == ()
    assert found.outcome is SequentialOutcome.UNDECIDED
    [doubt] = found.doubts
    assert doubt.startswith(
        "Some of the games were lost while reading (games.jsonl: no JSON object, left out: line 3, and 1 more): what "
    )


def test_a_test_that_all_games_together_contradict_leaves_the_answer_open() -> None:
    """Better by its first games and worse by all of them, or the contrary; the walk ends where it did."""
    better = asked(join(duel(NEW, BASE, "11110" * 40), duel(NEW, BASE, "00011" * 120)))
    worse = asked(join(duel(NEW, BASE, "00001" * 40), duel(NEW, BASE, "11110" * 200)))

    for found, ended, side in (
        (better, SequentialOutcome.BETTER, "no higher than 0 Elo"),
        (worse, SequentialOutcome.NOT_BETTER, "surely above 0 Elo"),
    ):
        assert found.decision is not None
        assert (found.decision.outcome, found.outcome) == (ended, SequentialOutcome.UNDECIDED)
        assert any(f"but all games together put the gap {side}: the first games" in one for one in found.doubts)
    assert asked(duel(NEW, BASE, "11110" * 40)).doubts == ()


def test_a_candidate_that_no_games_connect_is_told_so_and_not_that_it_has_too_few() -> None:
    found = asked(join(duel(NEW, "z", "1100" * 50), duel("y", BASE, "10")), allow_disconnected=True)
    told = paragraph(found)

    assert told[0] == (
        "adapter_v10 cannot be compared with base_model: no games connect them, not even through others (200 games)."
    )
    assert not any("clusters" in sentence or "too few" in sentence for sentence in told)


def test_a_gauge_that_was_measured_with_an_error_is_told_with_it() -> None:
    rows = join(duel(NEW, BASE, "1110" * 40), duel(BASE, "chaos_bot", "10" * 20))

    assert asked(rows, given(chaos_bot=(850.0, 30.0))).method.endswith(
        "the measured rating of chaos_bot has an error of 30, which is in no interval"
    )
    assert "has an error" not in asked(rows, given(chaos_bot=850.0)).method


def test_questions_that_share_their_grounds_are_answered_as_if_alone() -> None:
    rows = seats(
        [f"{NEW}>{BASE}>adapter_v5", f"adapter_v5>{BASE}={NEW}", f"{NEW}>chaos_bot", f"{BASE}>adapter_v5"] * 12
    )
    together, naming = Analyst(record(rows)), given()
    asked = [
        EloQuestion(naming=naming, candidate=candidate, hypotheses=Hypotheses(alpha=alpha, elo1=elo1), confidence=level)
        for candidate in ("latest", "best", "adapter_v5")
        for alpha, elo1 in ((0.2, 200.0), (0.01, 200.0), (0.05, 20.0))
        for level in (0.95, 0.9)
    ]

    for question in (*asked, *reversed(asked)):
        assert facts_of(together.analyse(question)) == facts_of(analyse(record(rows), question))
