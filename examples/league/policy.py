"""The policy: a softmax over the provinces a power can reach, linear in features of the board.

Scripted players, the base model and every checkpoint are weights of this one form. No learning may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from examples.league.game import HOME_SLOT, NOBODY, REACH, REACH_SIZE, SEATS, TURNS, Floats, Ints, Position

FEATURES = (
    "home",
    "far",
    "value",
    "mine",
    "free",
    "value_of_enemy",
    "pressure",
    "pressure_on_mine",
    "late_and_mine",
    "sent",
    "sent_at_enemy",
    "sent_at_mine",
)
"""`far`: another power's home. `pressure`: armies of others there in the turn before. `sent`: own armies sent there
earlier in this turn; only the last three change while a power writes its orders."""
_STILL = FEATURES.index("sent")
_FIRST_AND_LAST = (0, REACH_SIZE - 1)
_SEAT: Ints = np.arange(SEATS)[:, None]


@dataclass(frozen=True, kw_only=True)
class View:
    """The board as each seat sees it at the start of a turn."""

    still: Floats
    """Shape (n, seats, 5, 9): the features that stand for the whole turn."""
    enemy: Floats
    """Shape (n, seats, 5): 1 where another power owns the province."""
    mine: Floats
    """Shape (n, seats, 5)."""

    def features(self, seats: Ints, sent: Floats) -> Floats:
        """All features of game i seen from `seats[i]`, with own armies `sent` (n, 5) so far. Shape (n, 5, features)."""
        games = np.arange(len(seats))
        moving = np.stack([sent, sent * self.enemy[games, seats], sent * self.mine[games, seats]], axis=-1)
        return np.concatenate([self.still[games, seats], moving], axis=-1)

    def logits(self, weights: Floats, sent: Floats) -> Floats:
        """Unnormalised log-probabilities for `weights` (n, seats, features) and armies `sent` (n, seats, 5)."""
        stands = np.matmul(self.still, weights[..., :_STILL, None])[..., 0]
        base, at_enemy, at_mine = (weights[..., _STILL + k, None] for k in range(3))
        return np.asarray(stands + sent * (base + at_enemy * self.enemy + at_mine * self.mine))


def look(position: Position) -> View:
    """Compute what every seat sees."""
    owner = position.owners[:, REACH]
    mine = (owner == _SEAT).astype(np.float64)
    free = (owner == NOBODY).astype(np.float64)
    enemy = 1.0 - mine - free
    value = position.values[:, REACH] / 3.0
    own_force = position.forces[:, _SEAT, REACH]
    pressure = (position.forces.sum(axis=1)[:, REACH] - own_force) / 3.0
    late = (1.0 - position.turns_left / TURNS)[:, None, None]
    still = np.zeros((*owner.shape, _STILL))
    still[..., HOME_SLOT, 0] = 1.0
    still[..., _FIRST_AND_LAST, 1] = 1.0
    for k, feature in enumerate((value, mine, free, value * enemy, pressure, pressure * mine, late * mine)):
        still[..., k + 2] = feature
    return View(still=still, enemy=enemy, mine=mine)


def log_softmax(logits: Floats) -> Floats:
    """Log-probabilities over the last axis; a NaN among the logits makes the whole row NaN."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))
