"""Errors of strengths: against a sandwich in plain loops over games, closed forms, and refits without each cluster."""

from __future__ import annotations

import dataclasses
import math
from importlib import import_module
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.counts import Floats
from checks.elo.covariance import variance_floor
from checks.elo.estimate import Certainty, Estimate, estimate
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows
from checks.elo.looks import unit_edges
from checks.elo.rate import Rated
from tests.games import BASE, counts, duel, forked, join, league, rated, scale, seats, split, tally

stats: Any = import_module("scipy.stats")  # has no types

LEAGUE = {"base_model": 0.0, "b": 80.0, "c": -60.0, "d": 200.0, "e": -150.0}


def clusters_of(rows: SeatRows) -> list[list[tuple[str, str, int, float]]]:
    """Return meetings by cluster, as (one, other, order, points of one), pair by pair of seats; copies are repeated."""
    games: dict[int, list[int]] = {}
    for row, game in enumerate(rows.game):
        games.setdefault(int(game), []).append(row)
    found: dict[tuple[int, int], list[tuple[str, str, int, float]]] = {}
    for own in games.values():
        for copy in range(int(rows.copies[own[0]])):
            met = found.setdefault((int(rows.cluster[own[0]]), copy), [])
            for i, j in combinations(own, 2):
                one, other = (rows.agents[rows.agent[k]] for k in (i, j))
                if one != other:
                    points = 0.5 * (1 + np.sign(rows.score[i] - rows.score[j]))
                    order = 0 if rows.seat[i] < 0 else 1 if rows.seat[i] == 0 else -1
                    met += [(one, other, order, float(points))] * int(rows.weight[i])
    return [met for met in found.values() if met]


class Plain:
    """The sandwich as it is written: a sum over clusters, a matrix a cluster."""

    def __init__(self, rows: SeatRows, found: Rated, together: list[int] | None = None) -> None:
        """`together` numbers the groups in which clusters are summed up before they are squared."""
        self.fit, self.names = found.fit, found.counts.agents
        self.free = found.fit.free.tolist()
        self.width = len(self.free) + found.fit.model.first_move
        parts = [self.of_cluster(met) for met in clusters_of(rows)]
        self.n = len(parts)
        of = range(self.n) if together is None else together
        sums: dict[int, list[Any]] = {}
        for group, (score, information) in zip(of, parts, strict=True):
            one = sums.setdefault(group, [np.zeros(self.width), np.zeros((self.width, self.width))])
            one[0], one[1] = one[0] + score, one[1] + information
        self.scores = [one[0] for one in sums.values()]
        self.informations = [one[1] for one in sums.values()]
        self.whole = sum(self.informations)

    def of_cluster(self, met: list[tuple[str, str, int, float]]) -> tuple[Any, Any]:
        score, information = np.zeros(self.width), np.zeros((self.width, self.width))
        for one, other, order, points in met:
            x = np.zeros(self.width)
            for name, sign in ((one, 1.0), (other, -1.0)):
                if self.names.index(name) in self.free:
                    x[self.free.index(self.names.index(name))] = sign
            if self.fit.model.first_move:
                x[-1] = order
            d = self.fit.strength[self.names.index(one)] - self.fit.strength[self.names.index(other)]
            p = 1 / (1 + math.exp(-(d + order * self.fit.first_move)))
            score += (points - p) * x
            information += p * (1 - p) * np.outer(x, x)
        return score, information

    def padded(self, contrast: Floats) -> Any:
        return np.append(contrast[self.free], np.zeros(self.width - len(self.free)))

    def cr1(self, one: Floats, other: Floats) -> float:
        a, b = (np.linalg.solve(self.whole, self.padded(contrast)) for contrast in (one, other))
        return float(sum((a @ score) * (b @ score) for score in self.scores)) * self.n / (self.n - 1)

    def shares(self, contrast: Floats) -> list[float]:
        a = np.linalg.solve(self.whole, self.padded(contrast))
        return [float(a @ information @ a) for information in self.informations]

    def robust(self, contrast: Floats) -> float:
        """CR3 for clusters of more than a 50th of the influence (of at most 50, for all), CR1 for the others."""
        a, shares, value = np.linalg.solve(self.whole, self.padded(contrast)), self.shares(contrast), 0.0
        for share, score, information in zip(shares, self.scores, self.informations, strict=True):
            if self.n <= 50 or share > sum(shares) / 50:
                move = self.padded(contrast) @ np.linalg.solve(self.whole - information, score)
                value += float(move) ** 2 * (self.n - 1) / self.n
            else:
                value += float(a @ score) ** 2 * self.n / (self.n - 1)
        return value

    def effective(self, contrast: Floats) -> float:
        shares = self.shares(contrast)
        return sum(shares) ** 2 / sum(share**2 for share in shares)

    def variance(self, contrast: Floats, seats: float) -> float:
        """The floor, (seats + 1)/3, holds up to 20 clusters and fades out to one cluster's part up to 50."""
        clusters = self.effective(contrast)
        share = min(1.0, max((50 - clusters) / 30, 1 / clusters))
        return max(self.robust(contrast), share * (seats + 1) / 3 * self.model(contrast))

    def model(self, contrast: Floats) -> float:
        return float(self.padded(contrast) @ np.linalg.solve(self.whole, self.padded(contrast)))


def ordered(rows: SeatRows) -> SeatRows:
    """Return games of two with who moved first: the one that is written first."""
    return dataclasses.replace(rows, seat=np.tile([0, 1], rows.game.size // 2), seats=("first", "second"))


def contrasts(found: Rated) -> list[Floats]:
    place = found.counts.index
    return [found.contrast(place("d"), place(BASE)), found.contrast(place("b"), place("e")), found.contrast(place("c"))]


RECORDS = {
    "duels": lambda games: league(1, LEAGUE, games=games),
    "ties": lambda games: league(2, LEAGUE, games=games, tied=1.5),
    "four seats": lambda games: league(3, LEAGUE, games=games, chairs=4),
    "forks": lambda games: league(4, LEAGUE, games=3 * games, chairs=3, forks=3),
    "forks of duels": lambda games: league(5, LEAGUE, games=4 * games, forks=4),
    "mixed clusters": lambda games: forked(league(6, LEAGUE, games=2 * games), 2),
    "first move": lambda games: ordered(league(7, LEAGUE, games=games)),
    "first move in clusters": lambda games: forked(ordered(league(8, LEAGUE, games=2 * games)), 2),
}


@pytest.mark.parametrize("clusters", [36, 50, 51, 130, 400])
@pytest.mark.parametrize("name", RECORDS)
def test_the_variance_is_the_sandwich_in_plain_loops(name: str, clusters: int) -> None:
    rows = RECORDS[name](clusters)
    found = rated(rows)
    plain = Plain(rows, found)

    for contrast in contrasts(found):
        variance, df = found.sandwich.variance(contrast)

        assert plain.variance(contrast, found.counts.mean_seats) == pytest.approx(variance, rel=1e-6)
        assert plain.effective(contrast) - 1 == pytest.approx(df, rel=1e-6)


def test_clusters_of_very_different_weight_are_left_out_one_by_one_where_they_are_heavy() -> None:
    """Three rollouts of forty games among two hundred single ones."""
    rows = join(league(13, LEAGUE, games=200), forked(league(14, LEAGUE, games=120), 40))
    found = rated(rows)
    plain = Plain(rows, found)
    contrast = contrasts(found)[0]
    heavy = sum(share > sum(plain.shares(contrast)) / 50 for share in plain.shares(contrast))
    assert 0 < heavy < 50

    variance, _ = found.sandwich.variance(contrast)

    assert plain.variance(contrast, 2.0) == pytest.approx(variance, rel=1e-6)
    assert plain.cr1(contrast, contrast) != pytest.approx(variance, rel=0.01)


@pytest.mark.parametrize("name", RECORDS)
def test_covariances_of_several_contrasts_are_cr1_in_plain_loops(name: str) -> None:
    """Variances may be floored; correlations are the sandwich's."""
    rows = RECORDS[name](130)
    found = rated(rows)
    asked = np.array(contrasts(found))
    plain = Plain(rows, found)
    expected = np.array([[plain.cr1(one, other) for other in asked] for one in asked])

    covariance = found.sandwich.covariance(asked)

    errors = np.sqrt(np.diag(covariance))
    assert [found.sandwich.variance(one)[0] for one in asked] == pytest.approx(np.diag(covariance).tolist())
    wanted = np.sqrt(np.diag(expected))
    assert expected / np.outer(wanted, wanted) == pytest.approx(covariance / np.outer(errors, errors), abs=1e-8)


def test_cr3_is_what_leaving_out_each_cluster_and_fitting_anew_says() -> None:
    """One Newton step stands for a refit: within a few percent of the error."""
    rows = league(9, LEAGUE, games=240, chairs=3, forks=5)
    found = rated(rows)
    contrast = contrasts(found)[0]
    assert Plain(rows, found).robust(contrast) > 4 / 3 * found.fit.model_variance(contrast)
    moves = []
    for cluster in range(48):
        kept = np.flatnonzero(rows.cluster != cluster)
        fields = ("cluster", "game", "agent", "score", "weight", "copies", "seat")
        less = dataclasses.replace(rows, **{name: getattr(rows, name)[kept] for name in fields})
        moves.append(float(contrast @ (rated(less).fit.strength - found.fit.strength)))

    variance, _ = found.sandwich.variance(contrast)

    assert math.sqrt(sum(move**2 for move in moves) * 47 / 48) == pytest.approx(math.sqrt(variance), rel=0.03)


def test_the_error_of_two_agents_has_a_closed_form() -> None:
    """CR1 of n independent games: 1/((n − 1)·p·(1 − p)), so the interval of 60 of 100 points can be done by hand."""
    found = rated(duel("new", BASE, "1" * 60 + "0" * 40))

    gap = found.sandwich.contrast(found.contrast(1, 0), 0.95)

    se = ELO / math.sqrt(99 * 0.24)
    assert gap.value == pytest.approx(400 * math.log10(1.5), rel=1e-8)
    assert gap.se == pytest.approx(se, rel=1e-8)
    assert [gap.df, gap.clusters] == pytest.approx([99, 100])
    assert gap.low == pytest.approx(400 * math.log10(1.5) - stats.t.ppf(0.975, 99) * se, rel=1e-8)
    assert gap.high == pytest.approx(400 * math.log10(1.5) + stats.t.ppf(0.975, 99) * se, rel=1e-8)
    assert gap.p_superior == pytest.approx(stats.t.cdf(400 * math.log10(1.5) / se, 99), rel=1e-8)


def test_an_offset_moves_the_interval_along() -> None:
    found = rated(duel("new", BASE, "1" * 60 + "0" * 40))

    plain, moved = (found.sandwich.contrast(found.contrast(1), 0.9, offset) for offset in (0.0, 1000.0))

    assert [plain.value, plain.low, plain.high] == pytest.approx(
        [value - 1000 for value in (moved.value, moved.low, moved.high) if value is not None], abs=1e-5
    )


@pytest.mark.parametrize("forks", [2, 5])
def test_games_that_are_all_alike_in_a_cluster_count_once(forks: int) -> None:
    once = duel("new", BASE, "1" * 60 + "0" * 40)
    often = forked(duel("new", BASE, "1" * 60 * forks + "0" * 40 * forks), forks)

    one, many = (rated(rows).sandwich.variance(rated(rows).contrast(1, 0)) for rows in (once, often))

    assert one == pytest.approx(many)


def test_a_game_of_seven_seats_varies_eight_thirds_times_as_much_as_its_meetings_would() -> None:
    """One seat against six equals: every rank once is points of 0 to 6, variance 4; six coins have 1.5."""
    games = [">".join("new" if seat == rank else BASE for seat in range(7)) for rank in range(7)]
    rows = seats(games * 20)
    found = rated(rows)
    contrast = found.contrast(counts(rows).index("new"), counts(rows).index(BASE))

    robust = found.sandwich.left.robust(found.sandwich.pull(contrast))

    assert robust / found.fit.model_variance(contrast) == pytest.approx(8 / 3 * 140 / 139)
    assert variance_floor(found.counts, 1) == pytest.approx(8 / 3)


@pytest.mark.parametrize(
    ("rows", "clusters", "floor"),
    [
        (duel("a", "b", "1100"), 1, 1.0),
        (duel("a", "b", "1100"), 20, 1.0),
        (duel("a", "b", "1100"), 35, 0.5),
        (duel("a", "b", "1100"), 50, 1 / 50),
        (duel("a", "b", "1100"), 1000, 1 / 1000),
        (seats(["a>b>c"]), 20, 4 / 3),
        (seats(["a>b>c"]), 0, 4 / 3),
        (seats(["a>b", "a>b>c=a"]), 20, 4 / 3),
    ],
)
def test_the_floor_grows_with_the_seats_and_fades_out_with_the_clusters(
    rows: SeatRows, clusters: float, floor: float
) -> None:
    assert floor == pytest.approx(variance_floor(counts(rows), clusters))


def test_one_cluster_leaves_no_degree_of_freedom_and_so_no_interval() -> None:
    found = rated(forked(duel("new", BASE, "110"), 3))

    gap = found.sandwich.contrast(found.contrast(1, 0), 0.95)

    assert gap.value == pytest.approx(400 * math.log10(2), rel=1e-8)
    assert (gap.low, gap.high, gap.se, gap.p_superior) == (None, None, None, None)
    assert [gap.df, gap.clusters] == pytest.approx([0, 1])


def test_two_clusters_have_the_interval_of_one_degree_of_freedom() -> None:
    """12.7 standard errors, and not fewer than independent games would give: 1/(4·p·(1 − p)) here."""
    found = rated(forked(duel("new", BASE, "1010"), 2))

    gap = found.sandwich.contrast(found.contrast(1, 0), 0.95)

    assert gap.df == pytest.approx(1)
    assert gap.high == pytest.approx(stats.t.ppf(0.975, 1) * ELO, rel=1e-8)


@pytest.mark.parametrize(("results", "expected"), [("110", 1 / (3 * 2 / 9)), ("1110", 1 / (4 * 3 / 16))])
def test_leaving_out_a_cluster_that_holds_an_agents_only_games_does_not_blow_up_rounding_errors(
    results: str, expected: float
) -> None:
    """Nothing of the agent would be left, so that its residual, 0 but for rounding, would be divided by such a 0."""
    rows = join(duel("b", BASE, "1010101"), forked(duel("x", BASE, results), 4))
    found = rated(rows)
    contrast = found.contrast(counts(rows).index("x"))

    variance, df = found.sandwich.variance(contrast)

    assert expected == pytest.approx(variance)
    assert df == pytest.approx(0, abs=1e-9)


def test_the_pull_of_a_cluster_that_cannot_be_left_out_stands_for_leaving_it_out() -> None:
    """The plain sum over clusters, where every game of an agent is in one cluster with games of others."""
    rows = join(league(12, LEAGUE, games=30), forked(seats(["x>b>c", "c>x>d", "x>base_model"]), 3))
    found = rated(rows)
    contrast = found.contrast(counts(rows).index("x"))
    plain = Plain(rows, found)
    a = np.linalg.solve(plain.whole, plain.padded(contrast))
    others = [
        plain.padded(contrast) @ np.linalg.solve(plain.whole - information, score)
        for score, information in zip(plain.scores[:-1], plain.informations[:-1], strict=True)
    ]
    expected = (sum(move**2 for move in others) + (a @ plain.scores[-1]) ** 2) * 30 / 31

    assert expected == pytest.approx(found.sandwich._robust(contrast, found.sandwich.pull(contrast)), rel=1e-6)


def test_an_agent_of_three_games_rests_on_three_however_many_the_others_played() -> None:
    found = rated(join(duel("b", BASE, "10" * 200), duel("x", BASE, "110")))
    one = found.counts

    influential = [found.sandwich.variance(found.contrast(one.index(name)))[1] + 1 for name in ("b", "x")]

    assert influential == pytest.approx([400, 3])


def test_a_contrast_on_which_no_game_has_influence_rests_on_none() -> None:
    found = rated(duel("b", BASE, "10"))

    assert found.sandwich.variance(np.zeros(2)) == (0, -1)


def test_rows_of_many_games_have_the_error_of_as_many_rows() -> None:
    """Up to fifty clusters and beyond."""
    for factor in (1, 20):
        rows = join(
            tally("new", BASE, won=4 * factor, lost=3 * factor), tally("x", "new", won=5 * factor, lost=6 * factor)
        )

        one, many = rated(rows), rated(split(rows))

        assert one.fit.strength.tolist() == pytest.approx(many.fit.strength.tolist(), abs=1e-9)
        for contrast in (one.contrast(0), one.contrast(0, 1), one.contrast(2, 1)):
            assert one.sandwich.variance(contrast) == pytest.approx(many.sandwich.variance(contrast), rel=1e-9)


def test_clusters_kept_only_as_sums_count_as_one() -> None:
    """Past a thousand, clusters of several pairs are gathered into units; those of one pair still count one by one."""
    rows = join(league(10, LEAGUE, games=1040), league(11, LEAGUE, games=160, chairs=3))
    found = rated(rows)
    edges = unit_edges(1200)
    together = [
        i if len({frozenset(one[:2]) for one in met}) == 1 else 10_000 + int(np.searchsorted(edges, i, "right"))
        for i, met in enumerate(clusters_of(rows))
    ]
    plain = Plain(rows, found, together)
    assert len(plain.scores) < 1_150

    for contrast in contrasts(found):
        pull = found.sandwich.pull(contrast)

        assert plain.cr1(contrast, contrast) == pytest.approx(found.sandwich.left.robust(pull), rel=1e-6)
        assert plain.effective(contrast) == pytest.approx(found.sandwich.left.influential(pull), rel=1e-6)


def test_the_error_of_a_measured_rating_is_added_whole() -> None:
    """By hand: base_model was measured at 1000 and the bot at 900 ± 30; they never met, and the agent met only the bot.

    Its gap to the bot rests on 100 games, its rating on those and on the bot's 30 as well.
    """
    on = scale(base_model=1000, chaos_bot=(900, 30))
    rows = join(duel("x", "chaos_bot", "10" * 50), duel("y", BASE, "10" * 10))
    found = rated(rows, on)
    x, bot = (found.counts.index(name) for name in ("x", "chaos_bot"))
    games = ELO / math.sqrt(119 / 120 * 25)

    gap, rating = (found.sandwich.contrast(found.contrast(x, *against), 0.95) for against in ((bot,), ()))

    assert gap.se == pytest.approx(games, rel=1e-8)
    assert rating.se == pytest.approx(math.hypot(games, 30), rel=1e-8)
    covariance = found.sandwich.covariance(np.array([found.contrast(x), found.contrast(bot)])) * ELO**2
    assert covariance.tolist() == [
        [pytest.approx(games**2 + 900), pytest.approx(900)],
        [pytest.approx(900), pytest.approx(900)],
    ]


def test_ties_do_not_shrink_the_error_of_a_measured_rating() -> None:
    on = scale(base_model=1000, chaos_bot=(1000, 30))
    found = rated(join(duel("x", "chaos_bot", "½" * 100), duel("y", BASE, "½" * 10)), on)

    rating = found.sandwich.contrast(found.contrast(found.counts.index("x")), 0.95)

    assert rating.se is not None
    assert rating.se > 30


@pytest.mark.parametrize("games", [30, 100, 1000])
def test_results_that_are_all_alike_have_a_variance(games: int) -> None:
    """Else nothing that was measured elsewhere could contradict a thousand ties, and a test would divide by 0."""
    found = rated(duel("b", BASE, "½" * games))
    contrast = found.contrast(0)

    variance, _ = found.sandwich.variance(contrast)

    assert 4 / games / games * (1 - 1e-9) <= variance <= 4 / games
    assert found.sandwich.covariance(np.array([contrast]))[0, 0] == pytest.approx(variance)


def test_ties_do_make_an_error_smaller_than_wins_and_losses() -> None:
    mostly, never = (rated(duel("b", BASE, results * 20)) for results in ("½½½1½½½0", "1010"))

    errors = [found.sandwich.contrast(found.contrast(1, 0), 0.95).se for found in (mostly, never)]

    # By hand: points vary by 1/16 and 1/4 a game, over 160 and 80 games.
    assert errors == pytest.approx([ELO * 4 * math.sqrt(1 / 16 / 159), ELO * 4 * math.sqrt(1 / 4 / 79)], rel=1e-8)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(3, 120), st.integers(2, 4))
def test_no_variance_is_below_its_floor(seed: int, games: int, chairs: int) -> None:
    found = rated(league(seed, LEAGUE, games=games, chairs=chairs))

    for agent in np.flatnonzero(found.connection.linked):
        contrast = found.contrast(int(agent))

        variance, df = found.sandwich.variance(contrast)

        floor = variance_floor(found.counts, df + 1)
        assert variance >= floor * found.fit.model_variance(contrast) * (1 - 1e-12)


def test_more_games_narrow_the_interval() -> None:
    widths = []
    for games in (20, 80, 320, 1280):
        gap = rated(duel("new", BASE, "1110" * (games // 4))).sandwich.contrast(np.array([-1.0, 1.0]), 0.95)
        assert gap.low is not None
        assert gap.high is not None
        widths.append(gap.high - gap.low)

    assert sorted(widths, reverse=True) == widths
    assert widths[-2] / widths[-1] == pytest.approx(2, rel=0.01)


def certain(**changes: Any) -> Certainty:
    return dataclasses.replace(Certainty(se=10.0, df=8.0, clusters=9.0, confidence=0.95), **changes)


@given(st.floats(-500, 500), st.floats(0.1, 200), st.floats(1, 500), st.floats(0.5, 0.999))
def test_an_interval_is_students(value: float, se: float, df: float, confidence: float) -> None:
    found = estimate(value, certain(se=se, df=df, confidence=confidence))

    low, high = stats.t.interval(confidence, df, value, se)
    assert low == pytest.approx(found.low, rel=1e-7, abs=1e-6)
    assert high == pytest.approx(found.high, rel=1e-7, abs=1e-6)
    assert stats.t.cdf(value / se, df) == pytest.approx(found.p_superior, rel=1e-7, abs=1e-12)
    assert (found.df, found.clusters, found.confidence) == (df, 9, confidence)


def test_an_interval_can_reach_as_far_as_it_is_told() -> None:
    found = estimate(5.0, certain(quantile=3.0))

    assert (found.low, found.high) == (-25, 35)


@pytest.mark.parametrize("changes", [{"df": 0.5}, {"df": -1.0}, {"se": math.inf}, {"se": math.nan}])
def test_an_error_that_cannot_be_told_leaves_the_interval_open(changes: dict[str, float]) -> None:
    found = estimate(5.0, certain(**changes))

    assert (found.value, found.low, found.high, found.se, found.p_superior) == (5, None, None, None, None)
    assert found.df == max(changes.get("df", 8.0), 0.0)
    assert not found.above_zero
    assert not found.below_zero


def test_a_quantity_known_exactly_is_not_superior_with_some_probability() -> None:
    found = estimate(5.0, certain(se=0.0))

    assert (found.low, found.high, found.p_superior) == (5, 5, None)


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [
        (1.0, 9.0, True, False),
        (1.0, None, True, False),
        (-9.0, -1.0, False, True),
        (None, -1.0, False, True),
        (-1.0, 1.0, False, False),
        (0.0, 1.0, False, False),
        (-1.0, 0.0, False, False),
    ],
)
def test_an_interval_is_above_or_below_zero_as_a_whole(
    low: float | None, high: float | None, above: bool, below: bool
) -> None:
    found: Estimate = dataclasses.replace(estimate(0.0, certain()), value=None, low=low, high=high)

    assert (found.above_zero, found.below_zero) == (above, below)
