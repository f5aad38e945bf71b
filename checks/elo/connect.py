"""Who is connected with whom by games, and by points: where ratings exist, and where they are finite.

An agent has a rating if a path of games leads to a reference, and a finite one if points go both ways along such paths
(Ford 1957, American Mathematical Monthly 64(8), “Solution of a ranking problem from binary comparisons”). Vectorised
searches: a league may have thousands of agents. No estimate may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checks.counts import Flags, Ints, Totals


@dataclass(frozen=True, kw_only=True)
class Links:
    """A directed graph over `size` nodes; arrays of shape (edges,)."""

    size: int
    start: Ints
    end: Ints

    def reached(self, seeds: Ints) -> Flags:
        """Tell which nodes paths from the seeds lead to, the seeds among them; shape (size,).

        >>> links = Links(size=4, start=np.array([0, 1, 3]), end=np.array([1, 2, 0]))
        >>> links.reached(np.array([0])).tolist()
        [True, True, True, False]
        """
        order = np.argsort(self.start, kind="stable")
        ends = self.end[order]
        begin = np.searchsorted(self.start[order], np.arange(self.size + 1))
        seen = np.zeros(self.size, np.bool_)
        seen[seeds] = True
        edge = np.flatnonzero(seen)
        while edge.size:
            counts = begin[edge + 1] - begin[edge]
            steps = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
            found = ends[np.repeat(begin[edge], counts) + steps]
            edge = np.unique(found[~seen[found]])
            seen[edge] = True
        return seen

    def turned(self) -> Links:
        """Give the graph with its arrows turned."""
        return Links(size=self.size, start=self.end, end=self.start)


def point_links(totals: Totals, size: int) -> Links:
    """Give an arrow from every agent to those that took points from it.

    >>> ends = np.array([0]), np.array([1])
    >>> totals = Totals(first=ends[0], second=ends[1], order=ends[0], games=np.ones(1), points=np.ones(1))
    >>> point_links(totals, 2).end.tolist()
    [0]
    """
    up, down = totals.points > 0, totals.points < totals.games
    return Links(
        size=size,
        start=np.concatenate([totals.second[up], totals.first[down]]),
        end=np.concatenate([totals.first[up], totals.second[down]]),
    )


@dataclass(frozen=True, kw_only=True)
class Connection:
    """What games say about whether agents can be rated on the anchors' scale; arrays of shape (agents,)."""

    linked: Flags
    """A path of games leads to an anchor. Agents without one have no rating on its scale."""
    above: Flags
    """Took points along such paths and never lost any: the rating has no upper end."""
    below: Flags
    """Lost points and never took any: the rating has no lower end."""
    apart: Flags
    """Linked, but no chain of points leads to the anchors in either direction: the rating has no ends at all."""

    @property
    def separated(self) -> Flags:
        """Agents whose likelihood has no maximum: a penalty is needed for them, and for them alone."""
        return self.above | self.below | self.apart


def connect(totals: Totals, size: int, anchors: Ints) -> Connection:
    """Tell which agents can be rated from the anchors, which together are one node: their ratings are given.

    Args:
        totals: who met whom, and with which result.
        size: number of agents.
        anchors: shape (anchors,), at least one.

    >>> totals = Totals(
    ...     first=np.array([0, 0]), second=np.array([1, 2]), order=np.zeros(2, int),
    ...     games=np.array([3.0, 3.0]), points=np.array([3.0, 1.0]),
    ... )
    >>> connect(totals, 4, np.array([0])).below.tolist()
    [False, True, False, False]
    """
    links = point_links(totals, size)
    both = Links(
        size=size,
        start=np.concatenate([totals.first, totals.second]),
        end=np.concatenate([totals.second, totals.first]),
    )
    linked = both.reached(anchors)
    up, down = links.reached(anchors), links.turned().reached(anchors)
    return Connection(linked=linked, above=up & ~down, below=down & ~up, apart=linked & ~up & ~down)


def components(totals: Totals, size: int) -> tuple[Ints, ...]:
    """Part the agents into groups connected by games, largest first, then by their first agent.

    >>> ends = np.array([1]), np.array([2])
    >>> totals = Totals(first=ends[0], second=ends[1], order=np.zeros(1, int), games=np.ones(1), points=np.ones(1))
    >>> [group.tolist() for group in components(totals, 4)]
    [[1, 2], [0], [3]]
    """
    both = Links(
        size=size,
        start=np.concatenate([totals.first, totals.second]),
        end=np.concatenate([totals.second, totals.first]),
    )
    left = np.ones(size, np.bool_)
    groups: list[Ints] = []
    while left.any():
        found = both.reached(np.flatnonzero(left)[:1])
        groups.append(np.flatnonzero(found))
        left &= ~found
    return tuple(sorted(groups, key=lambda group: (-group.size, int(group[0]))))


def strong_groups(links: Links, among: Flags) -> tuple[Ints, ...]:
    """Part some nodes into groups that reach one another both ways, along arrows between those nodes.

    Returns:
        Groups from the bottom up: no arrow leads from a later group to an earlier one.

    >>> links = Links(size=3, start=np.array([0, 1, 1]), end=np.array([1, 0, 2]))
    >>> [group.tolist() for group in strong_groups(links, np.ones(3, bool))]
    [[0, 1], [2]]
    """
    kept = among[links.start] & among[links.end]
    inner = Links(size=links.size, start=links.start[kept], end=links.end[kept])
    back = inner.turned()
    left = among.copy()
    found: list[tuple[int, Ints]] = []
    while left.any():
        seed = np.flatnonzero(left)[:1]
        below = back.reached(seed)
        group = inner.reached(seed) & below
        # Whoever is below in the order is reached backwards by fewer: the count sorts the groups.
        found.append((int(below.sum()), np.flatnonzero(group)))
        left &= ~group
    return tuple(group for _, group in sorted(found, key=lambda one: (one[0], int(one[1][0]))))
