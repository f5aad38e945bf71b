"""Runs side by side: who leads, who wins, and why nobody does."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from checks.check import Policy
from checks.elo.agents import EloError
from checks.elo.estimate import Estimate
from checks.run import Identity, NoteKind, RunData
from checks.sweep.answer import Basis, SweepAnswer
from checks.sweep.entry import Entry, SweepQuestion, label_runs
from checks.sweep.ranking import rankings
from checks.sweep.words import headline, sentences
from tests.builders import note, rows
from tests.sweeps import PUBLISHED, compared, duels, entry, policy, published, record, run_of, strong

ORDER = ["H", "C", "A", "F", "G", "E", "D", "B"]


def labels(found: SweepAnswer) -> list[str]:
    return [row.label for row in found.rows]


def test_published_last_values_are_shown_as_they_are_in_their_order_and_name_no_winner() -> None:
    """Issue 6: eight runs of 20 steps, gap, base_model's Elo and highest KL as published."""
    found = compared(published())

    assert labels(found) == ORDER
    shown = {row.label: (row.gap, next(one.last for one in row.references), row.metrics.kl_max) for row in found.rows}
    assert shown == PUBLISHED
    assert [row.label for row in found.rows if "kl-runaway" in {flag.name for flag in row.flags}] == ["H"]
    assert found.winner is None
    assert found.contest is None
    assert found.exit_code == 11
    assert {row.basis for row in found.rows} == {Basis.LOGGED}


def test_of_last_values_nothing_is_interpolated_and_it_is_said_which_games_would_settle_it() -> None:
    found = compared(published())
    told = " ".join(sentences(found))

    assert all(row.candidate is None and row.best is None and row.drop is None for row in found.rows)
    assert all(one.drop is None and one.estimate is None for row in found.rows for one in row.references)
    assert "nothing is interpolated" in told
    assert "adapter_v20 of H against adapter_v20 of C, each in half of the seats; about 19 games" in told
    assert headline(found).startswith("No winner: nothing here tells")


def test_rankings_are_by_gap_by_the_reference_and_by_the_drop_from_its_own_start() -> None:
    runs = {"x": (1000, 980), "y": (900, 840), "z": (1100, 1090)}
    found = compared(
        [
            entry(name, run=run_of(name, {"elo/base_model": ends, "elo/adapter_v1": [1000, 1000]}))
            for name, ends in runs.items()
        ]
    )

    by = {one.by: [label for label, _ in one.rows] for one in rankings(found)}
    assert by == {"gap": ["y", "x", "z"], "reference_elo": ["y", "x", "z"], "drop": ["y", "x", "z"]}
    assert [row.drop for row in found.rows] == [60.0, 20.0, 10.0]


def test_a_run_that_is_surely_stronger_than_every_other_wins() -> None:
    found = compared([strong("weak", 100, 100), strong("good", 170, 30), strong("poor", 60, 140)])

    assert labels(found) == ["good", "weak", "poor"]
    assert found.winner is not None
    assert found.winner.label == "good"
    assert found.exit_code == 0
    assert headline(found).startswith("good is stronger than every other run, by at least ")
    assert "one fit of all games" in sentences(found)[1]


def test_two_runs_that_are_nearly_equal_tie_and_the_games_that_would_settle_it_are_told() -> None:
    found = compared([strong("one", 110, 90), strong("two", 104, 96)])

    assert found.winner is None
    assert found.contest is not None
    [only] = found.contest.comparisons
    assert only.games_needed is not None
    assert only.games_needed > 1000
    assert headline(found) == "No winner: one leads, but not surely before two."
    assert "more games of adapter_v20 of one and of adapter_v20 of two together would settle" in " ".join(
        sentences(found)
    )


def test_agents_of_equal_names_belong_to_their_own_runs_and_references_are_shared() -> None:
    found = compared([strong("a", 150, 50), strong("b", 50, 150)])

    gaps = {row.label: row.candidate.gap.value for row in found.rows if row.candidate}
    assert round(gaps["a"] or 0) == round(400 * math.log10(3))
    assert round(gaps["b"] or 0) == -round(400 * math.log10(3))
    assert [one.name for one in found.rows[0].references] == ["base_model"]


def test_many_runs_widen_the_intervals() -> None:
    pair = [strong("a", 130, 70), strong("b", 100, 100)]
    few = compared(pair)
    many = compared([*pair, *(strong(f"x{n}", 100 - n, 100 + n) for n in range(1, 7))])

    def low(found: SweepAnswer) -> float:
        comparisons = found.contest.comparisons if found.contest else ()
        return next(one.difference.low or 0.0 for one in comparisons if found.rows[one.other].label == "b")

    assert low(many) < low(few) - 10


def test_more_than_a_hundred_pairs_are_compared_too() -> None:
    runs = [strong(f"r{n:02}", 100 + n, 100 - n) for n in range(14)]
    found = compared([*runs, strong("best", 400, 20)])

    assert found.contest is not None
    assert len(found.contest.comparisons) == 14
    assert found.winner is not None
    assert found.winner.label == "best"


def test_a_checkpoint_that_never_lost_leads_by_its_bound() -> None:
    found = compared([strong("never", 60, 0), strong("poor", 10, 90)])

    assert found.rows[0].candidate is not None
    assert found.rows[0].candidate.gap.value is None
    assert found.rows[0].gap == found.rows[0].candidate.gap.low
    assert found.winner is not None
    assert found.winner.label == "never"


def test_two_checkpoints_that_never_lost_cannot_be_told_apart() -> None:
    found = compared([strong("one", 60, 0), strong("two", 50, 0)])

    assert found.winner is None
    assert "more games of adapter_v20 of one and of adapter_v20 of two would tell" in " ".join(sentences(found))


def test_the_best_checkpoint_stands_for_a_run_if_that_is_asked() -> None:
    fell = entry(
        "fell",
        [
            *duels("adapter_v10", "base_model", won=180, lost=20),
            *duels("adapter_v20", "base_model", won=80, lost=120),
        ],
    )
    other = strong("other", 110, 90)

    latest, best = compared([fell, other]), compared([fell, other], candidate="best")

    assert labels(latest) == ["other", "fell"]
    assert latest.rows[1].best is not None
    assert latest.rows[1].best.checkpoint == "adapter_v10"
    assert labels(best) == ["fell", "other"]
    assert best.winner is not None
    assert best.winner.label == "fell"
    assert best.rows[0].best == best.rows[0].candidate
    assert "best checkpoint" in sentences(best)[1]


def test_games_between_runs_count_for_the_runs_whose_names_their_agents_bear() -> None:
    own = [strong("one", 110, 90), strong("two", 104, 96)]
    cross = record(duels("one/adapter_v20", "two_adapter_v20", won=330, lost=70))

    found = compared(own, cross=cross)

    assert found.winner is not None
    assert found.winner.label == "one"


def test_runs_without_games_of_their_own_are_known_from_games_between_runs() -> None:
    games = [*duels("one/adapter_v20", "two/adapter_v20", won=90, lost=10)]
    games += [*duels("one/adapter_v20", "base_model", won=50, lost=50), *duels("x", "base_model", won=5, lost=5)]

    found = compared([entry("one"), entry("two")], cross=record(games))

    assert [row.basis for row in found.rows] == [Basis.GAMES, Basis.GAMES]
    assert found.winner is not None


def test_lost_games_between_runs_leave_it_open() -> None:
    lost = note(NoteKind.LOST, "line 3 is no game")
    odd = note(NoteKind.ODD, "a blank line")
    cross = record(duels("one/adapter_v20", "two/adapter_v20", won=90, lost=10), notes=(odd, lost))

    found = compared([strong("one", 170, 30), strong("two", 100, 100)], cross=cross)

    assert found.winner is None
    assert headline(found) == "No winner: one leads, but what it rests on is in doubt."
    assert "Some of the games between runs were lost while reading: line 3 is no game." in sentences(found)


def test_lost_games_of_one_run_leave_it_open() -> None:
    lost = note(NoteKind.LOST, "line 3 is no game")
    games = record(duels("adapter_v20", "base_model", won=170, lost=30), notes=(lost,))

    found = compared([entry("one", games), strong("two", 100, 100)])

    assert found.winner is None
    assert any("line 3 is no game" in doubt for doubt in found.rows[0].doubts)
    assert any(sentence.startswith("one: Some of the games were lost") for sentence in sentences(found))


def test_lost_games_count_too_where_a_runs_own_games_do_not_reach_the_reference() -> None:
    lost = note(NoteKind.LOST, "line 3 is no game")
    games = record(duels("adapter_v20", "chaos_bot", won=30, lost=10), notes=(lost,))
    other = [*duels("adapter_v20", "base_model", won=50, lost=50), *duels("chaos_bot", "base_model", won=50, lost=50)]

    found = compared([entry("one", games), entry("two", other)])

    assert found.rows[0].doubts == ("Some of its games were lost: line 3 is no game.",)


def test_references_that_stand_otherwise_in_one_run_forbid_the_comparison() -> None:
    def league(label: str, won: int, lost: int) -> Entry:
        own = duels("adapter_v20", "base_model", won=150, lost=50)
        return entry(label, [*own, *duels("chaos_bot", "base_model", won=won, lost=lost)])

    found = compared([league("one", 50, 150), league("two", 160, 40), league("three", 52, 149)])

    assert found.winner is None
    assert any("the environment did" in reason for reason in found.reasons)


def test_games_that_are_the_same_to_the_last_are_a_copy() -> None:
    found = compared([strong("one", 150, 50), strong("two", 150, 50), strong("three", 40, 160)])

    assert found.reasons == (
        "The games of one and two are the same to the last: copies, which tell nothing more where they are counted "
        "again. Leave all but one out (--without two), or give each its own games.",
    )
    assert found.winner is None


def test_two_runs_that_lose_every_game_are_no_copies_and_do_not_hold_a_winner_up() -> None:
    lost = ["base_model>adapter_v20", "base_model>chaos_bot>adapter_v20"] * 60

    found = compared([entry("a", lost), entry("b", lost), strong("c", 190, 10)])

    assert found.winner is not None
    assert found.winner.label == "c"


def test_a_group_of_copies_is_one_sentence_with_the_options_that_leave_all_but_one_out() -> None:
    runs = [strong(name, 150, 50) for name in "abc"] + [strong(f"x {n}", 40, 160) for n in range(9)]

    first, second = compared(runs).reasons

    assert first.startswith("The games of a, b and c are the same to the last: ")
    assert "(--without b --without c)" in first
    assert "The games of x 0, x 1, x 2, x 3, x 4, x 5 and 3 more are the same" in second
    assert "(--without 'x 1' --without 'x 2' " in second
    assert "--without 'x 6' and 2 more)" in second


def test_a_run_whose_games_rate_no_checkpoint_forbids_a_winner_and_says_why() -> None:
    found = compared([strong("good", 190, 10), entry("none", duels("chaos_bot", "base_model", won=5, lost=5))])

    assert found.contest is None
    assert labels(found) == ["good", "none"]
    assert "none: Its games rate no checkpoint" in " ".join(sentences(found))
    assert "leave it out with --without" in " ".join(sentences(found))


def test_runs_of_which_nothing_is_known_are_named() -> None:
    found = compared([entry("a"), entry("b")])

    assert found.reference is None
    assert {row.basis for row in found.rows} == {Basis.NOTHING}
    assert "Nothing is known of a and b: log games, or leave them out with --without." in sentences(found)


def test_games_of_one_run_and_ratings_of_another_are_not_compared() -> None:
    found = compared([strong("games", 150, 50), entry("ratings", run=online("ratings", 0.0, 1))], policy=rated())

    assert {row.basis for row in found.rows} == {Basis.GAMES, Basis.RATINGS}
    assert found.contest is None
    assert any("the same is known of all" in sentence for sentence in sentences(found))


def test_a_reference_that_is_nowhere_is_refused() -> None:
    for entries in (published(), [strong("a", 5, 5), strong("b", 5, 5)]):
        with pytest.raises(EloError, match="expected the reference `base-model`"):
            compared(entries, against="base-model")
    with pytest.raises(EloError, match="expected a fixed reference"):
        compared([entry("a", duels("adapter_v1", "x", won=3, lost=3)), entry("b")])


def test_another_reference_may_be_asked_for() -> None:
    runs = [
        entry(name, run=run_of(name, {"elo/chaos_bot": [800], "elo/base_model": [1000], "elo/adapter_v1": [elo]}))
        for name, elo in (("a", 1010), ("b", 1020))
    ]

    assert [row.gap for row in compared(runs, against="chaos_bot").rows] == [220.0, 210.0]


def test_a_question_out_of_range_is_refused() -> None:
    for wrong in ({"candidate": "x"}, {"confidence": 1.0}):
        with pytest.raises(ValueError, match="expected a candidate"):
            SweepQuestion(policy=policy(), **wrong)


def test_runs_of_one_name_and_id_are_called_by_what_the_user_wrote() -> None:
    one, other = run_of("a"), dataclasses.replace(run_of("a"), ref="b.jsonl")

    assert label_runs([one, other]) == ("a (a.jsonl)", "a (b.jsonl)")


def test_a_run_may_be_named_as_another_one_is_called() -> None:
    runs = [
        run_of(name, identity=Identity(name=name, id=id_)) for name, id_ in (("b (2)", "1"), ("b", "2"), ("b", "3"))
    ]

    assert label_runs(runs) == ("b (2), no. 1", "b (2), no. 2", "b (3)")


def test_nearly_equal_last_values_ask_for_the_games_of_one_difference_once() -> None:
    runs = [
        entry(name, run=run_of(name, {"elo/base_model": [1000], "elo/adapter_v1": [elo]}, steps=[20]))
        for name, elo in (("a", 1010), ("b", 1000))
    ]

    [advice] = [one for one in sentences(compared(runs)) if one.startswith("Which games would settle it")]

    assert "if they really differ by 20 Elo; as many against" in advice
    assert "for 20" not in advice


# --- what each run shows --------------------------------------------------------------------------------------------

EXPLODES = {"kl": [0.01] * 50 + [0.5, 0.9] * 25, "reward": [1.0, 1.1] * 25 + [0.0, 2.0] * 25}


def test_what_a_run_shows_changes_neither_the_winner_nor_the_order() -> None:
    def both(run: RunData) -> SweepAnswer:
        return compared([strong("good", 170, 30, run=run), strong("poor", 60, 140)])

    plain, wild = both(run_of("good")), both(run_of("good", EXPLODES))

    assert [one.pattern for one in plain.rows[0].diagnosis] == ["learning"]
    assert wild.rows[0].diagnosis[0].pattern == "runaway-divergence"
    for found in (plain, wild):
        assert found.winner is not None
        assert (found.winner.label, found.exit_code) == ("good", 0)
    assert plain.contest == wild.contest


def test_what_a_run_shows_rests_on_its_own_games_and_on_its_ratings_only_without_them() -> None:
    fell = entry(
        "fell",
        [*duels("adapter_v10", "base_model", won=180, lost=20), *duels("adapter_v20", "base_model", won=20, lost=180)],
    )
    rating = entry("rating", run=online("rating", 300.0, 1))

    by = {row.label: [one.pattern for one in row.diagnosis] for row in compared([fell, rating], policy=rated()).rows}

    assert by == {"fell": ["regression"], "rating": ["learning"]}


def test_a_rising_reward_tells_less_than_games_or_ratings_would_and_says_so() -> None:
    rising = {"reward": [n / 100 for n in range(100)]}
    plain = entry("plain", run=run_of("plain", rising))
    unread = dataclasses.replace(entry("unread", run=run_of("unread", rising)), played=True)
    logged = entry("logged", run=run_of("logged", {**rising, "elo/base_model": [1000.0] * 100}))
    cross = record(duels("cross/adapter_v20", "base_model", won=50, lost=50))
    known = entry("cross", run=run_of("cross", rising))

    found = compared([plain, unread, logged, known], cross=cross)

    evidence = {row.label: [one.evidence for one in row.diagnosis] for row in found.rows}
    hint = "tell more, where they are asked of (profile league)."
    assert {label: [one.endswith(hint) for one in told] for label, told in evidence.items()} == {
        "plain": [False],
        "unread": [True],
        "logged": [True],
        "cross": [True],
    }


def test_a_run_that_ended_before_its_plan_is_told_by_its_configuration() -> None:
    short = run_of("short", config={"max_steps": 100}, rows=rows(np.arange(30), ["kl"]))

    [row, _] = sorted(compared([entry("short", run=short), entry("x")]).rows, key=lambda row: row.label)

    assert [one.pattern for one in row.diagnosis] == ["cut-short"]


# --- ratings alone --------------------------------------------------------------------------------------------------


def rated() -> Policy:
    return policy("online-elo: {k: 16, update: sequential, seats: 2, games-per-step: 6}\n")


def online(name: str, gap: float, seed: int, steps: int = 200) -> RunData:
    """Return a run that logged the ratings of a league: the checkpoint stands so far above the other two."""
    luck = np.random.default_rng(seed).normal(0, 19, (steps, 3)) @ (np.eye(3) - 1 / 3)
    ratings = np.full((steps + 1, 3), 1000.0)
    level = 1000 + gap * np.array([-1, -1, 2]) / 3
    for step in range(steps):
        ratings[step + 1] = ratings[step] + 0.13 * (level - ratings[step]) + luck[step]
    names = ("base_model", "chaos_bot", "adapter_v0")
    return run_of(name, {f"elo/{agent}": ratings[:, i].tolist() for i, agent in enumerate(names)})


def test_ratings_alone_name_a_winner_where_intervals_of_all_runs_lie_apart() -> None:
    far = [entry("strong", run=online("strong", 300.0, 1)), entry("weak", run=online("weak", 0.0, 2))]
    near = [entry("one", run=online("one", 20.0, 1)), entry("two", run=online("two", 0.0, 2))]

    won, tied = compared(far, policy=rated()), compared(near, policy=rated())

    assert won.winner is not None
    assert won.winner.label == "strong"
    assert "logged online ratings" in sentences(won)[1]
    assert headline(won).startswith("strong is stronger than weak, by at least")
    assert tied.winner is None
    assert "more games of the newer half of the checkpoints of two" in " ".join(sentences(tied))


def test_a_rule_that_averages_seats_has_to_be_exceeded_twice() -> None:
    runs = [entry("strong", run=online("strong", 190.0, 1)), entry("weak", run=online("weak", 0.0, 2))]

    def seat_averaged(on: bool) -> Policy:
        plain = rated()
        league = dataclasses.replace(plain.league, rule=dataclasses.replace(plain.league.rule, seat_averaged=on))
        return dataclasses.replace(plain, league=league)

    found = compared(runs, policy=seat_averaged(False)), compared(runs, policy=seat_averaged(True))

    assert [one.contest.band if one.contest else None for one in found] == [0.0, 80.0]
    assert [one.winner is None for one in found] == [False, True]


def test_ratings_that_have_not_settled_decide_nothing() -> None:
    short = [entry(name, run=online(name, 300.0, 1, steps=12)) for name in ("a", "b")]

    found = compared(short, policy=rated())

    assert found.contest is None
    assert {row.basis for row in found.rows} == {Basis.LOGGED}


def test_a_run_that_logged_checkpoints_but_not_the_reference_is_not_known() -> None:
    runs = [entry("a", run=online("a", 0.0, 1)), entry("b", run=run_of("b", {"elo/adapter_v1": [1000.0, 1010.0]}))]
    bots = [entry("a", run=online("a", 0.0, 1)), entry("b", run=run_of("b", {"elo/base_model": [1000.0, 990.0]}))]

    for entries in (runs, bots):
        found = compared(entries, policy=rated())
        assert {row.label: row.basis for row in found.rows}["b"] is Basis.NOTHING
        assert found.contest is None


def test_a_row_without_any_end_of_an_interval_has_no_gap() -> None:
    row = compared([strong("a", 5, 5), strong("b", 5, 5)]).rows[0]
    assert row.candidate is not None
    nothing: dict[str, None] = dict.fromkeys(("value", "low", "high", "se", "p_superior"))
    bare = Estimate(**{**vars(row.candidate.gap), **nothing})

    assert dataclasses.replace(row, candidate=dataclasses.replace(row.candidate, gap=bare)).gap is None
