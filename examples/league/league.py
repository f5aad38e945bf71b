"""The league: who plays whom, which checkpoints exist, and how all are rated.

The policy in training is not a member; its checkpoints are, from the step they are saved at. No optimisation may enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from examples.league import elo
from examples.league.game import POWERS, SEATS, TURNS, Floats, Ints, open_games
from examples.league.orders import LogitsProcessor
from examples.league.players import BASE_MODEL, BOTS, FIXED
from examples.league.rollout import Tables, play

FORKS = 2
"""Rated games that share one start and seating: one rollout, one cluster."""
WARM_UP_ROLLOUTS = 150
"""Rated rollouts among the references alone before training, so that their ratings start where they belong."""
_NO_LEARNERS: Ints = np.zeros(0, np.int64)


@dataclass(frozen=True, kw_only=True)
class Game:
    """One rated game, in the form the gate reads."""

    game: str
    rollout: str
    agents: tuple[str, ...]
    scores: tuple[float, ...]
    """What each seat earned."""
    step: int
    """Training steps taken before the game."""

    def row(self) -> dict[str, object]:
        """Lay out as one line of `games.jsonl`."""
        return {
            "game": self.game,
            "rollout": self.rollout,
            "agents": self.agents,
            "scores": self.scores,
            "seats": POWERS,
            "step": self.step,
        }


@dataclass(kw_only=True)
class League:
    """Members with their weights and online ratings. The one object here that changes as training goes on."""

    rng: np.random.Generator
    weights: dict[str, Floats] = field(default_factory=lambda: dict(FIXED))
    ratings: dict[str, float] = field(default_factory=lambda: dict.fromkeys(FIXED, elo.START))
    checkpoints: list[str] = field(default_factory=list)
    games_played: int = 0
    _deck: list[str] = field(default_factory=list)
    """Bots not yet dealt in this round."""

    @property
    def latest(self) -> str:
        """The newest checkpoint, or the base model before there is one."""
        return self.checkpoints[-1] if self.checkpoints else BASE_MODEL

    def save(self, step: int, weights: Floats) -> str:
        """Admit a checkpoint at the starting rating, so that the mean of the pool stays what it is."""
        name = f"adapter_v{step}"
        self.ratings[name] = elo.START
        self.weights[name] = weights
        self.checkpoints.append(name)
        return name

    def opponents(self) -> list[str]:
        """Choose three opponents for one training group: two bots in turn, and one of our own models.

        The bots are dealt from a shuffled deck, so that no step meets only the weak ones.
        """
        checkpoint = self.checkpoints and self.rng.random() < 0.5
        return [self._deal(), self._deal(), self._any(self.checkpoints) if checkpoint else BASE_MODEL]

    def pairing(self) -> list[str]:
        """Sample the four seats of one rated rollout around the latest checkpoint and the base model."""
        latest = self.latest
        if self.rng.random() < 0.25:
            return [latest, latest, BASE_MODEL, BASE_MODEL]
        older = self._any(self.checkpoints[:-1]) if len(self.checkpoints) > 1 else self._any(BOTS)
        return [latest, BASE_MODEL, older, self._any(BOTS)]

    def rate(self, games: Iterable[Game]) -> None:
        """Update the online ratings, game by game."""
        for game in games:
            self.ratings = elo.update(self.ratings, game.agents, game.scores)
            self.games_played += 1

    def warm_up(self) -> list[Game]:
        """Rate the references against each other before training starts."""
        seats = [[BASE_MODEL, *self._some(BOTS, 3)] for _ in range(WARM_UP_ROLLOUTS)]
        games = list(self.play_rated(seats, step=0, occasion="w"))
        self.rate(games)
        return games

    def evaluate(self, rollouts: int, step: int) -> list[Game]:
        """Play games around the latest checkpoint that no rating hears of."""
        return list(self.play_rated([self.pairing() for _ in range(rollouts)], step=step, occasion="f"))

    def play_rated(self, seatings: list[list[str]], step: int, occasion: str = "e") -> Iterator[Game]:
        """Play FORKS games of each seating, in random seats.

        Ids of rollouts and games are unique within a run, step and occasion.
        """
        seated = [[seating[k] for k in self.rng.permutation(SEATS)] for seating in seatings]
        openings = open_games(self.rng, np.full(len(seated), TURNS))
        weights = np.array([[self.weights[name] for name in row] for row in seated])
        fork = np.repeat(np.arange(len(seated)), FORKS)
        played = play(
            Tables(
                position=openings.take(fork),
                weights=weights[fork],
                learners=_NO_LEARNERS,
                streams=np.arange(len(fork)),
            ),
            LogitsProcessor(),
            self.rng,
        )
        for i, scores in enumerate(played.position.income.tolist()):
            rollout = f"s{step:03d}{occasion}{i // FORKS:03d}"
            yield Game(
                game=f"{rollout}g{i % FORKS}",
                rollout=rollout,
                agents=tuple(seated[i // FORKS]),
                scores=tuple(float(score) for score in scores),
                step=step,
            )

    def _deal(self) -> str:
        if not self._deck:
            self._deck = self._some(BOTS, len(BOTS))
        return self._deck.pop()

    def _any(self, names: Iterable[str]) -> str:
        return self._some(names, 1)[0]

    def _some(self, names: Iterable[str], n: int) -> list[str]:
        choices = list(names)
        return [choices[k] for k in self.rng.permutation(len(choices))[:n]]
