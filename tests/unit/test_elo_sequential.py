"""The sequential test: its formula by hand, its error rates, and that when and how often one looks does not matter."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.counts import head
from checks.elo.gather import SeatRows
from checks.elo.rate import Scale, rate
from checks.elo.sequential import Decision, Duel, Hypotheses, SequentialOutcome, sequential_decision
from tests.games import BASE, NEW, counts, duel, forked, join, league, reordered, scale, seats, tally

BETTER, NOT_BETTER, UNDECIDED = SequentialOutcome
LEAGUE = {"base_model": 0.0, "adapter_v10": 60.0, "b": 100.0, "c": -80.0}


def decide(
    rows: SeatRows,
    hypotheses: Hypotheses | None = None,
    *,
    pair: tuple[str, str] = (NEW, BASE),
    on: Scale | None = None,
    **changes: Any,
) -> Decision:
    """Return the decision on a record, by default of `adapter_v10` against `base_model`, the gauge."""
    one = counts(rows)
    who = Duel(candidate=one.index(pair[0]), reference=one.index(pair[1]))
    return sequential_decision(one, on or scale(BASE), who, hypotheses or Hypotheses(), **changes)


def first(rows: SeatRows, clusters: int) -> SeatRows:
    """Return the record up to the last row of so many clusters."""
    ends = sorted(int(np.flatnonzero(rows.cluster == one).max()) for one in np.unique(rows.cluster))
    part = reordered(rows, range(ends[clusters - 1] + 1))
    names = tuple(rows.agents[i] for i in sorted(set(part.agent.tolist())))
    return dataclasses.replace(
        part, agents=names, agent=np.array([names.index(rows.agents[i]) for i in part.agent], np.int64)
    )


def shown(found: Decision) -> tuple[object, ...]:
    """Return what has to be the same however much followed."""
    return found.outcome, found.exhausted, pytest.approx(found.llr, rel=1e-7, abs=1e-9), found.games, found.clusters


def by_hand(points: list[float], elo0: float = 0.0, elo1: float = 20.0) -> float:
    """Return (N/2)·ln[(v + (x̄ − s₀)²)/(v + (x̄ − s₁)²)] of single games; v: with a pseudo-game of 1/12."""
    n, mean = len(points), float(np.mean(points))
    v = (sum((one - mean) ** 2 for one in points) + 1 / 12) / (n + 1)
    s0, s1 = (1 / (1 + 10 ** (-elo / 400)) for elo in (elo0, elo1))
    return n / 2 * math.log((v + (mean - s0) ** 2) / (v + (mean - s1) ** 2))


POINTS = {"1": 1.0, "0": 0.0, "½": 0.5}


@pytest.mark.parametrize("results", ["1100110010", "11010111½½0½11", "00010010001000", "½½½½½½½½½½½"])
@pytest.mark.parametrize(("elo0", "elo1"), [(0.0, 20.0), (-10.0, 35.0)])
def test_the_ratio_of_two_agents_alone_is_that_of_their_points(results: str, elo0: float, elo1: float) -> None:
    found = decide(duel(NEW, BASE, results), Hypotheses(elo0=elo0, elo1=elo1))

    assert by_hand([POINTS[one] for one in results], elo0, elo1) == pytest.approx(found.llr, rel=1e-8)
    assert (found.games, found.clusters, found.looks) == (len(results), len(results), len(results) - 9)
    assert found.outcome is UNDECIDED


@pytest.mark.parametrize(("candidate", "reference"), [("a", "b"), ("b", "a")])
def test_points_are_the_candidates_whosever_name_sorts_first(candidate: str, reference: str) -> None:
    found = decide(duel(candidate, reference, "1101110111"), pair=(candidate, reference), on=scale(reference))

    assert by_hand([1, 1, 0, 1, 1, 1, 0, 1, 1, 1]) == pytest.approx(found.llr, rel=1e-8)


def test_an_observation_is_a_cluster() -> None:
    """By hand: twelve rollouts of four games, so twelve means."""
    results = "1101" * 4 + "1000" * 4 + "1100" * 4
    means = [0.75] * 4 + [0.25] * 4 + [0.5] * 4

    found = decide(forked(duel(NEW, BASE, results), 4))

    assert by_hand(means) == pytest.approx(found.llr, rel=1e-8)
    assert (found.games, found.clusters) == (48, 12)


def test_a_game_of_many_seats_is_one_observation() -> None:
    """One seat against three: its share of the three points."""
    games = [">".join(NEW if seat == rank else BASE for seat in range(4)) for rank in (0, 1, 2, 3, 0, 1, 0, 0, 2, 0, 1)]
    means = [1, 2 / 3, 1 / 3, 0, 1, 2 / 3, 1, 1, 1 / 3, 1, 2 / 3]

    assert by_hand(means) == pytest.approx(decide(seats(games)).llr, rel=1e-8)


def test_in_a_league_the_ratio_is_that_of_the_gaps_expected_points_and_their_clustered_variance() -> None:
    """By hand: the delta method takes the variance to the scale of a game's points, v has its pseudo-game there."""
    rows = league(1, LEAGUE, games=80)
    one = counts(rows)
    last = int(max(np.flatnonzero([NEW in names for names in _games(rows)]))) + 1
    rated = rate(head(one, last), scale(BASE))
    contrast = rated.contrast(one.index(NEW), one.index(BASE))
    variance, df = rated.sandwich.variance(contrast)
    played = sum(NEW in names for names in _games(rows))
    n = min(played, df + 1)
    p = 1 / (1 + math.exp(-float(contrast @ rated.fit.strength)))
    v = (n**2 * variance * (p * (1 - p)) ** 2 + 1 / 12) / (n + 1)

    found = decide(rows)

    assert found.outcome is UNDECIDED
    s1 = 1 / (1 + 10 ** (-20 / 400))
    assert n / 2 * math.log((v + (p - 0.5) ** 2) / (v + (p - s1) ** 2)) == pytest.approx(found.llr, rel=1e-5)
    assert found.clusters == played


def _games(rows: SeatRows) -> list[set[str]]:
    return [{rows.agents[i] for i in rows.agent[rows.game == game]} for game in np.unique(rows.game)]


def test_the_bounds_are_walds() -> None:
    found = Hypotheses(alpha=0.05, beta=0.1)

    assert found.upper == pytest.approx(math.log(0.9 / 0.05))
    assert found.lower == pytest.approx(math.log(0.1 / 0.95))
    assert [Hypotheses().upper, Hypotheses().lower] == pytest.approx([math.log(19), -math.log(19)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"elo0": 20.0},
        {"elo0": 30.0},
        {"elo0": math.nan},
        {"elo0": -math.inf},
        {"elo1": math.inf},
        {"alpha": 0.0},
        {"alpha": 0.5},
        {"beta": 0.0},
        {"beta": 0.5},
        {"alpha": math.nan},
        {"beta": -0.1},
    ],
)
def test_hypotheses_that_cannot_be_tested_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"expected elo0 below elo1, and alpha and beta above 0 and below 0\.5"):
        Hypotheses(**wrong)


def test_the_first_crossing_decides_whatever_follows() -> None:
    """By hand: the first game at which the ratio is above ln 19; after it everything is lost."""
    crossing = next(n for n in range(10, 100) if by_hand([1.0] * n) >= math.log(19))

    found = decide(duel(NEW, BASE, "1" * crossing + "0" * 200))

    assert (found.outcome, found.games, found.looks) == (BETTER, crossing, crossing - 9)
    assert by_hand([1.0] * crossing) == pytest.approx(found.llr, rel=1e-8)
    assert found.games_needed is None
    assert not found.exhausted


def test_an_agent_that_loses_is_not_better() -> None:
    found = decide(duel(NEW, BASE, "0" * 200))

    assert found.outcome is NOT_BETTER
    assert found.llr <= found.hypotheses.lower
    assert found.games < 60


@pytest.mark.parametrize("results", ["1" * 9, "0" * 9, "1"])
def test_fewer_than_ten_clusters_are_never_looked_at(results: str) -> None:
    found = decide(duel(NEW, BASE, results))

    assert (found.outcome, found.looks, found.llr, found.games_needed) == (UNDECIDED, 0, 0, None)
    assert found.games == len(results)


@pytest.mark.parametrize("others", ["", "10"])
def test_few_heavy_clusters_are_few_however_many_light_ones_there_are(others: str) -> None:
    """One rollout of a hundred games and twelve games: as much is known as from 1.25 games, (Σm)²/Σm²."""
    heavy = forked(duel(NEW, BASE, "1" * 100), 100)
    rows = join(heavy, duel(NEW, BASE, "1" * 12), *([duel("b", BASE, others)] if others else []))

    found = decide(rows)

    assert (found.outcome, found.looks, found.clusters) == (UNDECIDED, 0, 13)


def test_rows_of_few_games_are_not_looked_at_either() -> None:
    assert decide(tally(NEW, BASE, won=9)).looks == 0
    assert decide(tally(NEW, BASE, won=10)).looks == 1


def test_games_of_others_are_not_the_candidates() -> None:
    found = decide(join(duel("b", BASE, "10" * 50), duel(NEW, "b", "111")))

    assert (found.outcome, found.looks, found.games, found.clusters) == (UNDECIDED, 0, 3, 3)


def test_a_record_without_the_candidate_or_without_any_game_is_undecided() -> None:
    one = counts(join(duel("b", BASE, "10" * 20), duel(NEW, "b", "1")))
    who = Duel(candidate=one.index(NEW), reference=one.index(BASE))

    without, empty = (sequential_decision(head(one, n), scale(BASE), who, Hypotheses()) for n in (40, 0))

    for found in (without, empty):
        assert (found.outcome, found.looks, found.games, found.clusters) == (UNDECIDED, 0, 0, 0)
        assert found.games_needed is None


def test_until_a_path_of_games_leads_to_the_reference_there_is_nothing_to_look_at() -> None:
    """Twenty games against an agent that meets base_model only later, then at once a decision can be made."""
    start = duel(NEW, "b", "1" * 20)

    apart = decide(join(start, duel("c", BASE, "10" * 5)))
    linked = decide(join(start, duel("b", BASE, "10" * 30), duel(NEW, "b", "1")))

    assert (apart.outcome, apart.looks, apart.games) == (UNDECIDED, 0, 20)
    assert linked.looks > 0


@pytest.mark.parametrize(
    "rows",
    [
        league(2, LEAGUE, games=70),
        league(3, {"base_model": 0.0, "adapter_v10": 300.0, "b": 100.0}, games=70),
        forked(league(4, LEAGUE, games=180), 3),
        league(5, LEAGUE | {"adapter_v10": -300.0}, games=60, chairs=3),
        join(duel(NEW, BASE, "110111010110"), league(6, LEAGUE, games=60)),
        duel(NEW, BASE, "1101110111110111" * 4),
        join(duel(NEW, "b", "10" * 8), duel("b", BASE, "10" * 5), duel(NEW, BASE, "1101" * 6), duel("c", BASE, "10")),
    ],
    ids=["league", "strong", "forks", "weak, three seats", "alone at first", "two agents", "whoever played last"],
)
def test_judging_after_every_game_is_judging_once_at_the_end(rows: SeatRows) -> None:
    """Once decided, every longer record gives the same decision, and the whole one decides where that was."""
    n = len(np.unique(rows.cluster))
    hypotheses = Hypotheses(elo1=100, alpha=0.1, beta=0.1)
    whole = decide(rows, hypotheses)
    seen = []
    for clusters in range(1, n + 1):
        part = first(rows, clusters)
        if {NEW, BASE} <= set(part.agents):
            seen.append(decide(part, hypotheses))

    decided = [one for one in seen if one.outcome is not UNDECIDED or one.exhausted]

    assert shown(whole) == shown(seen[-1])
    assert all(shown(one) == shown(whole) for one in decided)
    if decided:
        assert seen.index(decided[0]) + len(decided) == len(seen)


def test_beyond_a_thousand_games_judging_often_is_judging_once_as_well() -> None:
    """The strength lies near the middle of the hypotheses, so that the walk is long; it ends between looks too."""
    rows = duel(NEW, BASE, ("10" * 49 + "11") * 15)
    whole = [decide(first(rows, n)) for n in (1_000, 1_020, 1_049, 1_050, 1_051, 1_100, 1_102, 1_500)]

    assert [one.clusters for one in whole if one.outcome is UNDECIDED][:3] == [1_000] * 3
    assert [one.looks for one in whole][:5] == [991, 991, 991, 992, 992]
    decided = [one for one in whole if one.outcome is not UNDECIDED or one.exhausted]
    assert all(shown(one) == shown(decided[0]) for one in decided)


def test_a_record_of_rows_of_many_games_has_no_order_and_gets_one_look_at_its_end() -> None:
    rows = tally(NEW, BASE, won=40, lost=10)

    found = decide(rows)

    assert (found.looks, found.games, found.clusters) == (1, 50, 50)
    assert by_hand([1.0] * 40 + [0.0] * 10) == pytest.approx(found.llr, rel=1e-8)


def test_a_million_games_of_one_pair_are_decided() -> None:
    """And not given up for being so many: 60 % is far above both hypotheses."""
    better, worse = decide(tally(NEW, BASE, won=600_000, lost=400_000)), decide(tally(NEW, BASE, lost=1_000_000))

    assert (better.outcome, worse.outcome) == (BETTER, NOT_BETTER)
    assert not better.exhausted


def test_a_strength_in_the_middle_of_the_hypotheses_is_given_up() -> None:
    """10 Elo between 0 and 20: more than four times the games that a test of fixed size needs, 3,200."""
    won = round(20_000 / (1 + 10 ** (-10 / 400)))

    found = decide(tally(NEW, BASE, won=won, lost=20_000 - won))

    assert (found.outcome, found.exhausted, found.games_needed) == (UNDECIDED, True, None)
    assert abs(found.llr) < 1


def test_a_strength_in_the_middle_is_not_given_up_too_early() -> None:
    won = round(10_000 / (1 + 10 ** (-10 / 400)))

    found = decide(tally(NEW, BASE, won=won, lost=10_000 - won))

    assert (found.outcome, found.exhausted) == (UNDECIDED, False)
    assert found.games_needed is not None


def test_a_candidate_that_wins_every_game_is_never_given_up_however_small_alpha_is() -> None:
    """Its points have no variance, so that a test of fixed size would need next to nothing."""
    found = decide(duel(NEW, BASE, "1" * 300), Hypotheses(alpha=0.0005))

    assert (found.outcome, found.exhausted) == (BETTER, False)
    assert found.llr >= math.log(0.95 / 0.0005) - 1e-6


@pytest.mark.parametrize("moves", [0, 1])
def test_a_candidate_that_wins_every_game_of_a_league_is_better(moves: int) -> None:
    """Also where it is known who moved first."""
    own = join(duel(NEW, BASE, "1" * 150, moves=moves), duel(NEW, BASE, "1" * 150, moves=-moves))

    assert decide(join(duel("b", BASE, "10"), duel("b", NEW, "0"), own)).outcome is BETTER


def test_ties_alone_in_a_league_are_not_better() -> None:
    """Nothing varies, and still nothing is divided by 0."""
    found = decide(join(duel("b", BASE, "½½"), duel("b", NEW, "½"), duel(NEW, BASE, "½" * 300)))

    assert found.outcome is NOT_BETTER


def test_games_needed_are_those_to_the_bound_at_the_speed_of_what_it_looks_like() -> None:
    """By hand: at 60 % of the points each game adds the ratio of one more."""
    points = [1.0] * 12 + [0.0] * 8
    found = decide(duel(NEW, BASE, "10110" * 4))
    v, s1 = (sum((one - 0.6) ** 2 for one in points) + 1 / 12) / 21, 1 / (1 + 10 ** (-20 / 400))
    speed = 0.5 * math.log((v + 0.1**2) / (v + (0.6 - s1) ** 2))

    assert (math.log(19) - by_hand(points)) / speed == pytest.approx(found.games_needed, rel=1e-6)


def test_a_candidate_below_the_middle_needs_games_to_be_found_not_better() -> None:
    """At 40 % of the points the ratio falls."""
    points = [0.0] * 12 + [1.0] * 8
    found = decide(duel(NEW, BASE, "01001" * 4))
    v, s1 = (sum((one - 0.4) ** 2 for one in points) + 1 / 12) / 21, 1 / (1 + 10 ** (-20 / 400))
    speed = 0.5 * math.log((v + 0.1**2) / (v + (0.4 - s1) ** 2))

    assert found.games_needed is not None
    assert speed < 0
    assert (-math.log(19) - by_hand(points)) / speed == pytest.approx(found.games_needed, rel=1e-6)


def test_games_needed_are_about_those_that_are_needed() -> None:
    """Played on at the same rate, the decision falls within a tenth of what was said."""
    half = decide(duel(NEW, BASE, "1011011010" * 10))
    whole = decide(duel(NEW, BASE, "1011011010" * 60))

    assert half.outcome is UNDECIDED
    assert half.games_needed is not None
    assert whole.outcome is BETTER
    assert half.games + half.games_needed == pytest.approx(whole.games, rel=0.1)


def test_games_needed_count_games_and_not_clusters() -> None:
    single, forks = (
        decide(duel(NEW, BASE, "10110" * 4)),
        decide(forked(duel(NEW, BASE, "".join(one * 3 for one in "10110" * 4)), 3)),
    )

    assert single.games_needed is not None
    assert 3 * single.games_needed == pytest.approx(forks.games_needed)


def test_at_least_one_game_is_needed_where_nothing_is_decided() -> None:
    crossing = next(n for n in range(10, 100) if by_hand([1.0] * n) >= math.log(19))

    found = decide(duel(NEW, BASE, "1" * (crossing - 1)))

    assert found.games_needed is not None
    assert 1 <= found.games_needed < 3


def test_the_reference_need_not_be_the_gauge() -> None:
    rows = join(duel("b", BASE, "1110" * 60), duel(NEW, "b", "1100" * 80), duel(NEW, BASE, "1"))

    against_b, against_base = (decide(rows, pair=(NEW, name)) for name in ("b", BASE))

    assert (against_b.outcome, against_base.outcome) == (UNDECIDED, BETTER)


def test_measured_ratings_of_other_references_are_used_only_where_that_is_wished() -> None:
    """The bot was measured 300 Elo above base_model; the candidate, which is its equal, is better than base_model."""
    on = scale(base_model=1000, chaos_bot=1300)
    rows = join(duel("chaos_bot", BASE, "10" * 5), duel(NEW, "chaos_bot", "10" * 100))

    alone, measured = (decide(rows, on=on, gauge_only=only) for only in (True, False))

    assert alone.outcome is not BETTER
    assert measured.outcome is BETTER


def test_a_weak_and_a_strong_candidate_are_told_apart_at_the_rates_that_were_asked_for() -> None:
    """200 records each: wrong in a tenth at most, and over in fewer games than a test of fixed size needs."""
    hypotheses = Hypotheses(elo0=0, elo1=100, alpha=0.1, beta=0.1)
    passed, games = {0.0: 0, 100.0: 0}, []
    for seed in range(200):
        for elo in passed:
            found = decide(league(seed, {BASE: 0.0, NEW: elo}, games=200), hypotheses)
            passed[elo] += found.outcome is BETTER
            games.append(found.games)

    # Two standard errors of 200 records to either side; tests after every game at 10 % each would pass a half.
    assert passed[0.0] <= (0.1 + 0.042) * 200
    assert passed[100.0] >= (0.9 - 0.042) * 200
    assert np.mean(games) < (2 * 1.2816) ** 2 * 0.25 / (1 / (1 + 10**-0.25) - 0.5) ** 2


@settings(max_examples=20)
@given(st.lists(st.sampled_from("10½"), min_size=10, max_size=60), st.integers(0, 3))
def test_the_decision_does_not_depend_on_how_agents_are_called(results: list[str], seed: int) -> None:
    rows = join(duel(NEW, BASE, "".join(results)), league(seed, LEAGUE, games=30))
    renamed = dataclasses.replace(
        rows, agents=tuple({NEW: "zz", BASE: "aa", "b": "mm", "c": "nn"}[name] for name in rows.agents)
    )

    assert shown(decide(rows)) == shown(decide(renamed, pair=("zz", "aa"), on=scale("aa")))
