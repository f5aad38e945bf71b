"""Games become counts: against a slow oracle, and whatever the order of seats, agents, rows and records."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checks.counts import Counts, Units, add_up, head, merge, pair_keys, tail, total
from checks.elo.gather import Gathered, SeatRows, count_games
from checks.elo.looks import GROWTH, SINGLE, UNITS, is_edge, look_edges, unit_edges

AGENTS = ("new", "base", "old", "bot")

Game: TypeAlias = tuple[int, list[tuple[int, float, int]], int, int]
"""Cluster, seats as (agent, score, seat), weight, copies."""
Amounts: TypeAlias = dict[Any, float]


def rows(games: Sequence[Game], agents: tuple[str, ...] = AGENTS, seats: tuple[str, ...] = ()) -> SeatRows:
    """Lay games out, one row a seat."""
    flat = [(number, game, seat) for number, game in enumerate(games) for seat in game[1]]
    return SeatRows(
        agents=agents,
        cluster=np.array([game[0] for _number, game, _seat in flat], np.int64),
        game=np.array([number for number, _game, _seat in flat], np.int64),
        agent=np.array([agent for _number, _game, (agent, _score, _place) in flat], np.int64),
        score=np.array([score for _number, _game, (_agent, score, _place) in flat], np.float64),
        weight=np.array([game[2] for _number, game, _seat in flat], np.float64),
        copies=np.array([game[3] for _number, game, _seat in flat], np.float64),
        seat=np.array([place for _number, _game, (_agent, _score, place) in flat], np.int64),
        seats=seats,
    )


def permuted(data: SeatRows, order: Sequence[int] | np.ndarray[Any, Any]) -> SeatRows:
    """Give the same rows in another order."""
    arrays = {
        f.name: getattr(data, f.name)[order] for f in dataclasses.fields(data) if f.name not in ("agents", "seats")
    }
    return dataclasses.replace(data, **arrays)


@st.composite
def records(draw: st.DrawFn, *, own: bool = False) -> SeatRows:
    """Draw games of one to four seats; `own`: every game is a cluster of its own, and may stand for several."""
    names: tuple[str, ...] = draw(st.sampled_from([(), ("first", "second"), ("X", "Y", "Z", "W")]))
    games: list[Game] = []
    for number in range(draw(st.integers(0, 12))):
        size = draw(st.integers(1, 2 if len(names) == 2 else 4))
        places = draw(st.permutations(range(-1, len(names)))) if names else []
        scores = st.sampled_from([0.0, 1.0, 2.0, float("nan"), float("inf")])
        seats = [
            (draw(st.integers(0, len(AGENTS) - 1)), draw(scores), places[i] if i < len(places) else -1)
            for i in range(size)
        ]
        many = draw(st.integers(0, 3))
        games.append((number, seats, 1, many) if own else (draw(st.integers(0, 5)), seats, many, 1))
    return rows(games, seats=names)


# --- the oracle: dictionaries and loops


def units_of(clusters: Sequence[Any]) -> Mapping[Any, int]:
    """Give the unit of each cluster, in the order they stand."""
    edges = unit_edges(len(clusters)).tolist()
    return {key: max(u for u, edge in enumerate(edges[:-1]) if edge <= place) for place, key in enumerate(clusters)}


def meetings_of(data: SeatRows, kept: Sequence[int]) -> list[tuple[int, str, str, int, float, tuple[int, int]]]:
    """Give (row, first, second, order, points of first, seats) of every two seats of a game."""
    found = []
    for i, j in itertools.combinations(kept, 2):
        if data.game[i] != data.game[j] or data.agent[i] == data.agent[j]:
            continue
        x, y = sorted((i, j), key=lambda row: data.agents[data.agent[row]])
        seats = int(data.seat[x]), int(data.seat[y])
        known = len(data.seats) == 2 and min(seats) >= 0 and seats[0] != seats[1]
        points = 0.5 if data.score[x] == data.score[y] else float(data.score[x] > data.score[y])
        names = data.agents[data.agent[x]], data.agents[data.agent[y]]
        found.append((x, *names, (1 if seats[0] == 0 else -1) if known else 0, points, seats))
    return found


def oracle(data: SeatRows) -> dict[str, Amounts]:
    """Count games the slow way."""
    worth = data.weight * data.copies
    kept = [row for row in range(data.game.size) if not np.isnan(data.score[row]) and worth[row] > 0]
    meetings = meetings_of(data, kept)
    last = {cluster: row for row, cluster in enumerate(data.cluster.tolist())}
    held = {int(data.cluster[row]) for row, *_rest in meetings}
    unit = units_of(sorted(held, key=last.__getitem__))
    copies = {int(data.cluster[row]): float(data.copies[row]) for row, *_rest in meetings}
    sums: dict[Any, list[float]] = defaultdict(lambda: [0.0, 0.0])
    by_seat: dict[str, Amounts] = {"games": defaultdict(float), "points": defaultdict(float)}
    for row, first, second, order, points, seats in meetings:
        one = sums[int(data.cluster[row]), first, second, order]
        one[0] += data.weight[row]
        one[1] += data.weight[row] * points
        if min(seats) >= 0:
            amount = float(data.weight[row] * data.copies[row])
            by_seat["games"][first, second, *seats] += amount
            by_seat["points"][first, second, *seats] += amount * points
    lone = {cluster for cluster in held if sum(key[0] == cluster for key in sums) == 1}
    out: dict[str, Amounts] = defaultdict(lambda: defaultdict(float))
    out["dull"][0] = len({int(data.game[row]) for row in kept}) - len({int(data.game[row]) for row, *_rest in meetings})
    for (cluster, first, second, order), (games, points) in sums.items():
        key = (unit[cluster], cluster in lone, first, second, order)
        amounts = (("games", games), ("points", points), ("gg", games**2), ("gp", games * points), ("pp", points**2))
        for name, amount in amounts:
            out[name][key] += copies[cluster] * amount
    for cluster in held:
        out["clusters"][unit[cluster]] += copies[cluster]
    played = {int(data.game[row]): row for row, *_rest in meetings}
    for game, row in played.items():
        amount = float(data.weight[row] * data.copies[row])
        present = [r for r in kept if data.game[r] == game]
        at = unit[int(data.cluster[row])]
        out["whole"][at] += amount
        out["seats"][at] += amount * len(present)
        for agent in {data.agents[data.agent[r]] for r in present}:
            out["plays"][at, agent] += amount
    takes = {(int(data.cluster[r]), data.agents[data.agent[r]]) for r in kept if int(data.game[r]) in played}
    for cluster, agent in takes:
        out["taken"][unit[cluster], agent] += copies[cluster]
    return {**out, "seat games": by_seat["games"], "seat points": by_seat["points"]}


def as_told(gathered: Gathered) -> dict[str, Amounts]:
    """Give counts in the shape of the oracle's."""
    counts = gathered.counts
    e, p, u, s, names = counts.entries, counts.plays, counts.units, counts.seats, np.array(counts.agents)
    keys = rows_of(e.unit, e.alone, names[e.first], names[e.second], e.order)
    takers = rows_of(p.unit, names[p.agent])
    found: dict[str, Amounts] = {
        name: dict(zip(keys, column.tolist(), strict=True))
        for name, column in zip(("games", "points", "gg", "gp", "pp"), (e.games, e.points, *e.squares.T), strict=True)
    }
    assert all(len(one) == e.unit.size for one in found.values())
    found |= {"plays": dict(zip(takers, p.games.tolist(), strict=True))}
    found |= {"taken": dict(zip(takers, p.clusters.tolist(), strict=True))}
    whole = (("clusters", u.clusters), ("whole", u.games), ("seats", u.seats))
    found |= {name: dict(enumerate(column.tolist())) for name, column in whole}
    found |= {"dull": {0: gathered.alone}, "seat games": {}, "seat points": {}}
    if s is not None:
        pairs = rows_of(names[s.first], names[s.second], s.first_seat, s.second_seat)
        found["seat games"] = dict(zip(pairs, s.games.tolist(), strict=True))
        found["seat points"] = dict(zip(pairs, s.points.tolist(), strict=True))
    return found


def rows_of(*columns: np.ndarray[Any, Any]) -> list[tuple[Any, ...]]:
    return list(zip(*(column.tolist() for column in columns), strict=True))


def assert_equal(expected: Mapping[str, Amounts], found: Mapping[str, Amounts]) -> None:
    for name in expected.keys() | found.keys():
        assert dict(expected.get(name, {})) == dict(found.get(name, {})), name


def agreed(counts: Counts) -> dict[Any, list[float]]:
    """Give the sums over all units, by names: what does not depend on where a cluster stands."""
    names = counts.agents
    sums: dict[Any, list[float]] = {}
    e, p, u = counts.entries, counts.plays, counts.units
    for i in range(e.unit.size):
        key = (names[e.first[i]], names[e.second[i]], int(e.order[i]), bool(e.alone[i]))
        amounts = [float(e.games[i]), float(e.points[i]), *e.squares[i].tolist()]
        sums[key] = [a + b for a, b in zip(sums.get(key, [0.0] * 5), amounts, strict=True)]
    for i in range(p.unit.size):
        amounts = [float(p.games[i]), float(p.clusters[i])]
        sums[names[p.agent[i]]] = [a + b for a, b in zip(sums.get(names[p.agent[i]], [0.0] * 2), amounts, strict=True)]
    return {**sums, "units": [float(u.clusters.sum()), float(u.games.sum()), float(u.seats.sum())]}


# --- gather


@settings(max_examples=150, deadline=None)
@given(st.one_of(records(), records(own=True)))
def test_counts_are_those_of_the_oracle(data: SeatRows) -> None:
    found = count_games(data)
    expected = oracle(data)
    if len(data.seats) <= 2:
        assert found.counts.seats is None
        expected |= {"seat games": {}, "seat points": {}}
    assert_equal(expected, as_told(found))
    assert int(np.isnan(data.score).sum()) == found.unscored
    assert bool(np.all(data.weight <= 1) and np.all(data.copies <= 1)) == found.counts.ordered
    assert tuple(sorted(AGENTS)) == found.counts.agents
    assert (data.seats if np.any(found.counts.entries.order) else ()) == found.counts.seat_names


@settings(max_examples=60, deadline=None)
@given(records(), st.randoms(use_true_random=False), st.permutations(range(len(AGENTS))))
def test_the_order_of_seats_and_of_agents_does_not_matter(data: SeatRows, random_: Any, order: list[int]) -> None:
    place = [random_.random() for _ in range(data.game.size)]
    mixed = permuted(data, sorted(range(data.game.size), key=lambda row: (data.game[row], place[row])))
    to = np.argsort(order)
    renamed = dataclasses.replace(mixed, agents=tuple(AGENTS[i] for i in order), agent=to[mixed.agent])

    assert_equal(as_told(count_games(data)), as_told(count_games(renamed)))


@settings(max_examples=60, deadline=None)
@given(records(own=True), st.randoms(use_true_random=False))
def test_the_order_of_clusters_moves_them_between_units_alone(data: SeatRows, random_: Any) -> None:
    order = [*range(data.game.size)]
    random_.shuffle(order)

    assert agreed(count_games(data).counts) == agreed(count_games(permuted(data, order)).counts)


@settings(max_examples=60, deadline=None)
@given(records(own=True))
def test_a_row_of_n_games_is_worth_n_rows(data: SeatRows) -> None:
    """Totals, squares, clusters and plays are the same; only the order of the games is lost."""
    times = data.copies.astype(np.int64)
    one = permuted(data, np.repeat(np.arange(data.game.size), times))
    copy = np.concatenate([np.arange(n) for n in times]) if times.size else times
    number = one.game * 10 + copy
    apart = dataclasses.replace(one, game=number, cluster=number, copies=np.ones(number.size))

    assert agreed(count_games(data).counts) == agreed(count_games(apart).counts)


def test_a_cluster_stands_where_its_last_row_stands() -> None:
    """Also where that row has no score: by then it is known that nothing more comes."""
    won, nothing = [(0, 1.0, -1), (1, 0.0, -1)], [(0, float("nan"), -1)]
    games: list[Game] = [(7, won, 1, 1), (8, [(0, 0.0, -1), (1, 1.0, -1)], 1, 1), (7, nothing, 1, 1)]
    found = count_games(rows(games)).counts.entries

    assert found.unit.tolist() == [0, 1]
    assert found.points.tolist() == [1.0, 0.0]  # of base, whose name sorts first, so of cluster 8, then 7


def test_nothing_gives_nothing() -> None:
    found = count_games(rows([], agents=()))

    assert (
        found.counts.entries.unit.size,
        found.counts.clusters,
        found.counts.games,
        found.counts.mean_seats,
    ) == (0, 0.0, 0.0, 2.0)
    assert total(found.counts).games.size == 0


# --- counts


def drawn(seed: int, games: int = 30, agents: tuple[str, ...] = AGENTS, seats: tuple[str, ...] = ()) -> Counts:
    """Give counts of random games of two."""
    draw = np.random.default_rng(seed)
    played: list[Game] = []
    for number in range(games):
        a, b = draw.choice(len(agents), 2, replace=False).tolist()
        result = float(draw.choice([0, 0.5, 1])) * float(draw.choice([0.1, 1.0]))
        side = int(draw.integers(2)) if seats else -1
        played.append((number // 2, [(a, result, side), (b, 1 - result, 1 - side if seats else -1)], 1, 1))
    return count_games(rows(played, agents=agents, seats=seats)).counts


def test_merged_counts_do_not_depend_on_the_order_of_merging() -> None:
    one, two, three = drawn(1), drawn(2, agents=("zeta", "base")), drawn(3, agents=("alpha", "new", "bot"))
    expected = agreed(merge(merge(one, two), three))

    assert merge(merge(one, two), three).agents == ("alpha", "base", "bot", "new", "old", "zeta")
    for parts in itertools.permutations((one, two, three)):
        for found in (merge(merge(parts[0], parts[1]), parts[2]), merge(parts[0], merge(parts[1], parts[2]))):
            assert expected.keys() == agreed(found).keys()
            for key, amounts in agreed(found).items():
                assert amounts == pytest.approx(expected[key], rel=1e-12, abs=1e-12)


def test_merging_keeps_the_order_of_the_records_and_what_both_know_of_seats() -> None:
    moves = ("first", "second")
    one, two, three = drawn(1, seats=moves), drawn(2, seats=moves), drawn(3)
    both, mixed = merge(one, two), merge(one, three)

    assert one.units.clusters.size + two.units.clusters.size == both.units.clusters.size
    assert np.all(np.diff(both.entries.unit) >= 0)
    assert moves == both.seat_names
    assert (mixed.seat_names, int(np.abs(mixed.entries.order).sum())) == ((), 0)
    assert both.ordered
    assert not merge(one, dataclasses.replace(two, ordered=False)).ordered


def test_a_record_is_its_head_and_its_tail() -> None:
    whole = drawn(4, games=60, seats=("first", "second"))
    for units in (0, 1, 17, whole.units.clusters.size):
        first, rest = head(whole, units), tail(whole, units)
        joined = merge(first, rest)

        assert units == first.units.clusters.size
        for part in ("entries", "plays", "units"):
            for field in dataclasses.fields(getattr(whole, part)):
                left, right = (getattr(getattr(one, part), field.name) for one in (whole, joined))
                assert np.array_equal(left, right), (units, part, field.name)


def test_totals_are_the_sums_over_units() -> None:
    counts = drawn(5, games=200, seats=("first", "second"))
    keys, place = pair_keys(counts)
    found = total(counts)

    assert keys.size == found.games.size == len(set(rows_of(found.first, found.second, found.order)))
    assert np.array_equal(counts.entries.first, found.first[place])
    assert np.array_equal(counts.entries.order, found.order[place])
    assert 200 == found.games.sum() == counts.games
    assert counts.mean_seats == 2
    assert (1, counts.agents[1]) == (counts.index("bot"), "bot")
    with pytest.raises(ValueError, match="index"):
        counts.index("nobody")


def test_adding_up_leaves_empty_groups_at_zero() -> None:
    assert add_up(np.zeros(0, np.int64), np.zeros(0), 2).tolist() == [0.0, 0.0]


def test_the_mean_number_of_seats_counts_games() -> None:
    units = Units(clusters=np.ones(2), games=np.array([1.0, 3.0]), seats=np.array([7.0, 6.0]))

    assert dataclasses.replace(drawn(1), units=units).mean_seats == 13 / 4


# --- looks


@given(st.integers(0, 20_000), st.integers(0, 20_000))
def test_units_and_looks_do_not_depend_on_what_follows(few: int, more: int) -> None:
    few, more = sorted((few, more))
    units, looks = unit_edges(few), look_edges(more)

    assert unit_edges(more)[: units.size - 1].tolist() == units[:-1].tolist()
    assert looks[looks <= few].tolist() == look_edges(few).tolist()


@given(st.integers(0, 200_000))
def test_edges_ascend_to_the_total_and_looks_are_among_units(clusters: int) -> None:
    units, looks = unit_edges(clusters), look_edges(clusters)

    assert (units[0], units[-1]) == (0, clusters)
    assert np.all(np.diff(units) > 0)
    assert np.all(np.diff(looks) > 0)
    assert set(looks.tolist()) <= set(units.tolist())
    assert looks[:SINGLE].tolist() == [*range(1, min(clusters, SINGLE) + 1)]
    later = looks[SINGLE - 1 :]
    assert np.all(np.diff(later) <= later[:-1] / GROWTH)
    assert np.all(np.diff(np.searchsorted(units, later)) == UNITS)


@given(st.integers(1, 20_000), st.integers(0, 50_000))
def test_an_edge_is_one_however_many_follow(clusters: int, more: int) -> None:
    assert is_edge(clusters) == (clusters in unit_edges(2 * clusters + more))
