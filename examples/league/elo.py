"""Online Elo as league trainers keep it: after each game, every pair of its seats moves by K/(n−1).

It is fast to read and noisy; the gate's own ratings come from the games. No game and no player may enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

START = 1000.0
K = 8.0


def update(
    ratings: Mapping[str, float], agents: Sequence[str], scores: Sequence[float], k: float = K
) -> dict[str, float]:
    """Return the ratings after one game of n seats; the sum over all agents does not change.

    Each pair of seats with different agents is a comparison: higher score 1, equal ½. All expectations are those
    before the game. An agent with several seats moves by the sum of its seats.

    >>> update({"a": 1000.0, "b": 1000.0}, ["a", "b"], [3, 1])
    {'a': 1004.0, 'b': 996.0}
    """
    after = dict(ratings)
    share = k / (len(agents) - 1)
    for i, first in enumerate(agents):
        for j in range(i):
            second = agents[j]
            if first == second:
                continue
            expected = 1.0 / (1.0 + 10.0 ** ((ratings[second] - ratings[first]) / 400.0))
            move = share * (_outcome(scores[i], scores[j]) - expected)
            after[first] += move
            after[second] -= move
    return after


def win_rate(agent: str, agents: Sequence[str], scores: Sequence[float]) -> tuple[float, int]:
    """Points of the agent's seats against the seats of others, and how many such pairs there were."""
    pairs = [
        _outcome(mine, other)
        for me, mine in zip(agents, scores, strict=True)
        if me == agent
        for they, other in zip(agents, scores, strict=True)
        if they != agent
    ]
    return sum(pairs), len(pairs)


def _outcome(mine: float, other: float) -> float:
    if mine == other:
        return 0.5
    return 1.0 if mine > other else 0.0
