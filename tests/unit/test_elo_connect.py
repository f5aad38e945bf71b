"""Who can be rated, and who has a finite rating: by hand, and against SciPy's graph searches."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.counts import Flags, Ints, Totals, total
from checks.elo.connect import Links, components, connect, point_links, strong_groups
from checks.elo.gather import SeatRows
from tests.games import counts, duel, join, seats, tally

sparse: Any = import_module("scipy.sparse")  # has no types
csgraph: Any = import_module("scipy.sparse.csgraph")
SIZE = 7
meetings = st.lists(
    st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1), st.sampled_from([0.0, 0.5, 1.0])).filter(
        lambda one: one[0] < one[1]
    ),
    max_size=12,
)


def totals(met: list[tuple[int, int, float]]) -> Totals:
    """Return single games of the first against the second, with the first one's points."""
    table = np.array(met, np.float64).reshape(-1, 3)
    return Totals(
        first=table[:, 0].astype(np.int64),
        second=table[:, 1].astype(np.int64),
        order=np.zeros(len(met), np.int64),
        games=np.ones(len(met)),
        points=table[:, 2],
    )


def reach(links: Links) -> Flags:
    """Return who reaches whom by walking step by step, as a matrix."""
    matrix = np.eye(links.size, dtype=bool)
    matrix[links.start, links.end] = True
    for _ in range(links.size):
        matrix = matrix | (matrix.astype(int) @ matrix.astype(int) > 0)
    return matrix


def told(rows: SeatRows, *anchors: str) -> dict[str, str]:
    """Return what the connection says of each agent, in one letter."""
    one = counts(rows)
    found = connect(total(one), len(one.agents), np.array([one.index(name) for name in anchors]))
    words = {"above": found.above, "below": found.below, "apart": found.apart, "lost": ~found.linked}
    return {
        name: next((word for word, holds in words.items() if holds[i]), "finite") for i, name in enumerate(one.agents)
    }


@given(meetings, st.sets(st.integers(0, SIZE - 1), min_size=1, max_size=3))
def test_an_agent_is_what_walks_along_games_and_points_say(met: list[tuple[int, int, float]], at: set[int]) -> None:
    anchors, data = np.array(sorted(at)), totals(met)
    points = reach(point_links(data, SIZE))
    played = reach(Links(size=SIZE, start=np.r_[data.first, data.second], end=np.r_[data.second, data.first]))
    linked, up, down = played[anchors].any(0), points[anchors].any(0), points[:, anchors].any(1)

    found = connect(data, SIZE, anchors)

    assert linked.tolist() == found.linked.tolist()
    assert (up & ~down).tolist() == found.above.tolist()
    assert (down & ~up).tolist() == found.below.tolist()
    assert (linked & ~up & ~down).tolist() == found.apart.tolist()
    assert (found.above | found.below | found.apart).tolist() == found.separated.tolist()
    assert not found.separated[anchors].any()


@given(meetings)
def test_components_are_those_that_scipy_finds_largest_first(met: list[tuple[int, int, float]]) -> None:
    data = totals(met)
    graph = sparse.coo_array((np.ones(len(met)), (data.first, data.second)), shape=(SIZE, SIZE))
    number, label = csgraph.connected_components(graph, directed=False)

    groups = components(data, SIZE)

    assert {frozenset(np.flatnonzero(label == one).tolist()) for one in range(number)} == {
        frozenset(group.tolist()) for group in groups
    }
    assert sorted(groups, key=lambda group: (-group.size, group[0])) == list(groups)


def test_components_of_one_size_stand_in_the_order_of_their_agents() -> None:
    groups = components(totals([(3, 6, 1.0), (0, 2, 1.0), (1, 4, 1.0)]), SIZE)

    assert [group.tolist() for group in groups] == [[0, 2], [1, 4], [3, 6], [5]]


@given(meetings, st.sets(st.integers(0, SIZE - 1)))
def test_strong_groups_are_those_that_scipy_finds_and_no_arrow_leads_down(
    met: list[tuple[int, int, float]], some: set[int]
) -> None:
    links = point_links(totals(met), SIZE)
    among = np.isin(np.arange(SIZE), sorted(some))
    kept = among[links.start] & among[links.end]
    start, end = links.start[kept], links.end[kept]
    graph = sparse.coo_array((np.ones(start.size), (start, end)), shape=(SIZE, SIZE))
    _, label = csgraph.connected_components(graph, connection="strong")
    expected = {frozenset(np.flatnonzero((label == one) & among).tolist()) for one in label[among]}

    groups = strong_groups(links, among)

    assert expected == {frozenset(group.tolist()) for group in groups}
    place = {int(node): i for i, group in enumerate(groups) for node in group}
    assert all(place[int(i)] <= place[int(j)] for i, j in zip(start, end, strict=True))


@pytest.mark.parametrize(
    ("seeds", "expected"), [([0], {0, 1, 2}), ([3], {0, 1, 2, 3}), ([1, 3], {0, 1, 2, 3}), ([4], {4}), ([], set())]
)
def test_arrows_are_followed_one_way(seeds: list[int], expected: set[int]) -> None:
    links = Links(size=5, start=np.array([0, 1, 2, 3]), end=np.array([1, 2, 1, 0]))

    assert expected == set(np.flatnonzero(links.reached(np.array(seeds, np.int64))).tolist())


def test_turned_arrows_lead_back() -> None:
    links = Links(size=3, start=np.array([0, 1]), end=np.array([1, 2])).turned()

    assert links.reached(np.array([1])).tolist() == [True, True, False]


def test_a_tie_is_a_point_both_ways() -> None:
    assert told(duel("a", "b", "½"), "a") == {"a": "finite", "b": "finite"}


def test_who_never_lost_a_point_has_no_upper_end_and_who_never_won_one_no_lower() -> None:
    assert told(join(duel("b", "a", "11"), duel("c", "a", "00")), "a") == {"a": "finite", "b": "above", "c": "below"}


def test_a_group_that_only_wins_has_no_upper_end_though_its_members_lost_to_one_another() -> None:
    rows = join(duel("b", "c", "1010"), duel("b", "a", "1"), duel("c", "a", "1"))

    assert told(rows, "a") == {"a": "finite", "b": "above", "c": "above"}


def test_who_only_met_someone_without_an_upper_end_and_lost_has_no_end_at_all() -> None:
    assert told(join(duel("b", "a", "1"), duel("b", "x", "1")), "a") == {"a": "finite", "b": "above", "x": "apart"}


def test_points_in_a_circle_make_everybody_finite() -> None:
    assert told(seats(["a>b", "b>c", "c>a"]), "a") == {"a": "finite", "b": "finite", "c": "finite"}


def test_who_met_nobody_on_a_path_to_the_anchors_is_not_linked() -> None:
    assert told(join(duel("a", "b", "10"), duel("y", "z", "10")), "a") == {
        "a": "finite",
        "b": "finite",
        "y": "lost",
        "z": "lost",
    }


def test_anchors_are_one_node() -> None:
    """Their ratings are given: who won against one and lost against another stands between them."""
    rows = join(duel("b", "low", "1"), duel("b", "high", "0"))

    assert told(rows, "low")["b"] == "above"
    assert told(rows, "low", "high")["b"] == "finite"


def test_a_path_through_other_agents_counts_as_one() -> None:
    rows = join(*(duel(f"x{i}", f"x{i + 1}", "10") for i in range(50)))

    assert {"finite"} == set(told(rows, "x0").values())


def test_one_lost_point_in_a_million_games_is_enough() -> None:
    rows = tally("b", "a", won=1_000_000)

    assert told(rows, "a")["b"] == "above"
    assert told(join(rows, duel("a", "b", "1")), "a")["b"] == "finite"


def test_a_long_ladder_is_parted_rung_by_rung_from_the_bottom_up() -> None:
    """Each beat the one below, and their numbers do not tell who is who."""
    rungs: Ints = np.random.default_rng(1).permutation(60)
    links = Links(size=60, start=rungs[:-1], end=rungs[1:])

    groups = strong_groups(links, np.ones(60, np.bool_))

    assert rungs.tolist() == [int(group[0]) for group in groups]
