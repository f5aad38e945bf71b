"""The game "Marches": four powers on a ring of eight provinces, all moving at once, many games in one array.

No player, no learning and no randomness beyond the openings may enter.

Every power has a home; between two homes lies a march that nobody owns at first. Each turn a power sends each of its
three armies into one of the five provinces it can reach: its home, the marches beside it, the homes behind those. The
strongest power in a province takes it; a home counts as one army for its owner; equal strength changes nothing. Each
turn a power earns the values of what it owns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

POWERS = ("NORTH", "EAST", "SOUTH", "WEST")
PROVINCES = ("NOR", "NEA", "EAS", "SEA", "SOU", "SWE", "WES", "NWE")
SEATS = len(POWERS)
ARMIES = 3
TURNS = 12
NOBODY = -1
NO_ORDER = -1
"""An army without an order stays out of the turn."""

REACH: Ints = (2 * np.arange(SEATS)[:, None] + np.arange(-2, 3)) % len(PROVINCES)
"""Shape (seats, 5): the provinces a power can reach, from the home on its left to the home on its right."""
REACH_SIZE = REACH.shape[1]
HOME_SLOT = 2
HOMES: Ints = REACH[:, HOME_SLOT]

_SEAT: Ints = np.arange(SEATS)[:, None]
_GARRISON: Ints = np.zeros(len(PROVINCES), np.int64)
_GARRISON[HOMES] = 1


@dataclass(frozen=True, kw_only=True)
class Position:
    """n games at the start of the same turn."""

    values: Ints
    """Shape (n, 8): what a province earns its owner each turn."""
    owners: Ints
    """Shape (n, 8): seat that owns the province, or NOBODY."""
    forces: Ints
    """Shape (n, seats, 8): the armies each power sent into each province in the turn before."""
    income: Ints
    """Shape (n, seats): all that was earned so far."""
    turns_left: Ints
    """Shape (n,): 0 when the game is over."""

    def take(self, games: Ints) -> Position:
        """Pick games by index; an index may come up again, so that several games fork from one position."""
        return Position(
            values=self.values[games],
            owners=self.owners[games],
            forces=self.forces[games],
            income=self.income[games],
            turns_left=self.turns_left[games],
        )


def open_games(rng: np.random.Generator, turns_left: Ints) -> Position:
    """Draw one opening a game: homes are worth 2, marches 2 to 4; what is owned at first is earned once."""
    n = len(turns_left)
    values = np.full((n, len(PROVINCES)), 2, np.int64)
    values[:, 1::2] = rng.integers(2, 5, size=(n, SEATS))
    owners = np.full((n, len(PROVINCES)), NOBODY, np.int64)
    owners[:, HOMES] = np.arange(SEATS)
    return Position(
        values=values,
        owners=owners,
        forces=np.zeros((n, SEATS, len(PROVINCES)), np.int64),
        income=_earned(values, owners),
        turns_left=turns_left,
    )


def advance(position: Position, orders: Ints) -> Position:
    """Play one turn of every game that is not over.

    `orders` has shape (n, seats, 3): a slot of REACH for each army, or NO_ORDER.
    """
    sent = (orders[..., None] == np.arange(REACH_SIZE)).sum(axis=2)
    forces = np.zeros_like(position.forces)
    forces[:, _SEAT, REACH] = sent
    strength = forces + _GARRISON * (position.owners[:, None, :] == _SEAT)
    top = strength.max(axis=1)
    alone = ((strength == top[:, None, :]).sum(axis=1) == 1) & (top > 0)
    running = position.turns_left > 0
    owners = np.where(alone & running[:, None], strength.argmax(axis=1), position.owners)
    return Position(
        values=position.values,
        owners=owners,
        forces=forces,
        income=position.income + _earned(position.values, owners) * running[:, None],
        turns_left=np.maximum(position.turns_left - 1, 0),
    )


def shares(position: Position) -> Floats:
    """Each power's share of all that was earned, times the number of seats: 1 is a fair share. Shape (n, seats)."""
    return np.asarray(SEATS * position.income / position.income.sum(axis=1, keepdims=True))


def leaders(position: Position) -> Floats:
    """1 for a power that earned more than every other, else 0. Shape (n, seats)."""
    best = position.income == position.income.max(axis=1, keepdims=True)
    return np.asarray(best & (best.sum(axis=1, keepdims=True) == 1), np.float64)


def _earned(values: Ints, owners: Ints) -> Ints:
    return np.asarray(((owners[:, None, :] == _SEAT) * values[:, None, :]).sum(axis=2))
