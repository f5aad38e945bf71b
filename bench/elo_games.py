"""Games with known truth, straight into the rows that ratings are made of.

Strengths are Elo; a seat's performance is its strength plus luck, and the highest wins. Gumbel luck makes the order
Plackett and Luce's, normal luck Thurstone's. Nothing of the analysis may enter.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from checks.elo.gather import SeatRows

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

NATS = math.log(10) / 400
"""Natural-log units in one Elo."""
THURSTONE_SD = 2 / math.sqrt(math.pi)
"""Of normal luck: near equal strength one Elo is worth as much as under Plackett–Luce."""
REFERENCE = "base_model"
BOTS = {"chaos_bot": -120.0, "defensive_bot": -40.0, "territorial_bot": 40.0}
"""Agents that never change, with their strengths."""


class Luck(StrEnum):
    """What makes the order of the seats, besides strength."""

    PLACKETT_LUCE = "Plackett–Luce"
    THURSTONE = "Thurstone"
    SKEWED = "skewed"
    """Log-normal: heavy to the right, so that means of scores mislead."""

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Draw luck of some shape, natural-log units."""
        if self is Luck.PLACKETT_LUCE:
            return np.asarray(rng.gumbel(size=shape), np.float64)
        normal = rng.standard_normal(shape)
        return np.asarray(np.exp(1.5 * normal) if self is Luck.SKEWED else THURSTONE_SD * normal, np.float64)


@dataclass(frozen=True, kw_only=True)
class Table:
    """Who sits where, game by game, in recorded order."""

    names: tuple[str, ...]
    held: Ints
    """Shape (games, seats): places in `names`."""
    rollout: Ints
    """Shape (games,): games of one number are forks of one start."""


def league_names(checkpoints: int) -> tuple[str, ...]:
    """Name the reference and so many checkpoints, of the steps 10, 20, …."""
    return (REFERENCE, *(f"adapter_v{10 * (i + 1)}" for i in range(checkpoints)))


def duel(games: int, seats: int, mine: int) -> Table:
    """Seat two agents, the candidate in `mine` of the seats."""
    held = np.zeros((games, seats), np.int64)
    held[:, :mine] = 1
    return Table(names=league_names(1), held=held, rollout=np.arange(games))


def mixed(games: int, seats: int, rng: np.random.Generator) -> Table:
    """Seat two agents, the candidate in 1 to seats − 1 seats of each game, as it falls."""
    mine = rng.integers(1, seats, games)
    held = (np.arange(seats) < mine[:, None]).astype(np.int64)
    return Table(names=league_names(1), held=held, rollout=np.arange(games))


def pool(games: int, agents: int, seats: int, rng: np.random.Generator) -> Table:
    """Draw the seats of each game from all agents, none twice."""
    order = rng.random((games, agents)).argsort(axis=1)[:, :seats]
    return Table(names=league_names(agents - 1), held=order.astype(np.int64), rollout=np.arange(games))


def growing(games: int, agents: int, seats: int, rng: np.random.Generator) -> Table:
    """Draw the seats of each game from those that have joined: checkpoint after checkpoint, at equal distances.

    The reference and the first checkpoint are there from the start; fewer members than seats sit several times over.
    """
    joins = np.r_[0, np.arange(agents - 1) * games // (agents - 1)]
    luck = rng.random((games, agents))
    luck[joins[None, :] > np.arange(games)[:, None]] = 2.0
    members = (joins[None, :] <= np.arange(games)[:, None]).sum(axis=1)
    order = luck.argsort(axis=1)
    place = np.arange(seats)[None, :] % members[:, None]
    held = np.take_along_axis(order, place, axis=1)
    return Table(names=league_names(agents - 1), held=held.astype(np.int64), rollout=np.arange(games))


def star(games: int, checkpoints: int) -> Table:
    """Seat every checkpoint so many times against the reference, in rounds; two seats, nobody else."""
    mine = 1 + np.tile(np.arange(checkpoints), games)
    held = np.column_stack([np.zeros(mine.size, np.int64), mine])
    return Table(names=league_names(checkpoints), held=held, rollout=np.arange(mine.size))


def with_bots(games: int, checkpoints: int, seats: int, rng: np.random.Generator) -> Table:
    """Draw the seats of each game from the reference, three bots and the checkpoints that have joined by then."""
    table = growing(games, 1 + checkpoints, max(seats - 3, 1), rng)
    if seats > 3:
        held = np.column_stack([table.held, np.tile(checkpoints + 1 + np.arange(3), (games, 1))])
    else:
        both = np.column_stack([table.held[:, 0], checkpoints + 1 + rng.integers(0, 3, games)])
        fixed = np.r_[0, checkpoints + 1 + np.arange(3)]
        # Every third game is between two of those that never change.
        pairs = fixed[rng.random((games, 4)).argsort(axis=1)[:, :2]]
        held = np.where((np.arange(games) % 3 == 0)[:, None], pairs, both)
    return Table(names=(*table.names, *BOTS), held=held.astype(np.int64), rollout=table.rollout)


def forked(table: Table, forks: int | Ints) -> Table:
    """Play every game so many times from one start; `forks` may differ, shape (games,)."""
    held = np.repeat(table.held, forks, axis=0)
    return Table(names=table.names, held=held, rollout=np.repeat(np.arange(table.held.shape[0]), forks))


def play(
    table: Table, elo: Floats, rng: np.random.Generator, luck: Luck = Luck.PLACKETT_LUCE, shared: float = 0.0
) -> Floats:
    """Draw scores, shape (games, seats).

    Args:
        table: who sits where.
        elo: shape (agents,), strengths.
        rng: where luck comes from.
        luck: its law.
        shared: standard deviation, natural-log units, of normal luck that the forks of a rollout share seat by seat.
    """
    scores = NATS * elo[table.held] + luck.draw(rng, table.held.shape)
    if shared:
        rollouts = int(table.rollout.max()) + 1
        scores = scores + (shared * rng.standard_normal((rollouts, table.held.shape[1])))[table.rollout]
    return np.asarray(scores, np.float64)


def with_ties(scores: Floats, share: float, rng: np.random.Generator) -> Floats:
    """Make so large a share of games a tie of all seats."""
    tied = np.asarray(rng.random(scores.shape[0]) < share)
    return np.where(np.expand_dims(tied, 1), 0.0, scores)


def seat_rows(table: Table, scores: Floats, *, by_rollout: bool = True) -> SeatRows:
    """Write games as rows, one a seat, clustered by rollout or by game."""
    games, seats = table.held.shape
    number = np.arange(games).repeat(seats)
    ones = np.ones(games * seats)
    return SeatRows(
        agents=table.names,
        cluster=table.rollout.repeat(seats) if by_rollout else number,
        game=number,
        agent=table.held.ravel(),
        score=scores.ravel(),
        weight=ones,
        copies=ones,
        seat=np.full(games * seats, -1),
    )
