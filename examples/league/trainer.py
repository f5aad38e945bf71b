"""The training loop: a recipe and a seed in, one record a step out.

Pure but for its own random generators: no file, no W&B, no clock may enter, so that the same recipe and seed give the
same records.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from examples.league import elo
from examples.league.engine import UPDATE_S, StepTime, serve
from examples.league.game import SEATS, TURNS, Floats, Ints, Position, leaders, open_games, shares
from examples.league.grpo import Experience, Learner, Update, learn
from examples.league.league import Game, League
from examples.league.orders import Extraction
from examples.league.players import BASE_MODEL, BASE_WEIGHTS
from examples.league.recipes import SUBSISTENCE, TOTAL_STEPS, Recipe, Reward, Stage
from examples.league.rollout import Played, Responses, Tables, play

GROUPS = 4
"""Rollouts a step: each is one start, played GROUP_SIZE times."""
GROUP_SIZE = 20
RATED_ROLLOUTS = 12
CHECKPOINT_EVERY = 20
FINAL_ROLLOUTS = 160


@dataclass(frozen=True, kw_only=True)
class Group:
    """One training rollout as the log tells of it."""

    learner_seat: int
    final_scores: tuple[float, ...]
    """Mean income of each seat over the forks."""


@dataclass(frozen=True, kw_only=True)
class StepRecord:
    """All that one training step leaves behind."""

    step: int
    update: Update
    rewards: Floats
    """Shape (groups, size)."""
    win_bonus_rate: float
    groups: tuple[Group, ...]
    responses: Responses
    time: StepTime
    lora: str
    games: tuple[Game, ...]
    """Rated games of this step."""
    ratings: dict[str, float]
    """Online Elo of every member after them."""
    win_rate: float
    """Of the latest checkpoint over the seats of others, in this step's rated games."""
    games_played: int
    best_elo: float
    """Highest rating of a checkpoint; the base model's before there is one."""


@dataclass(frozen=True, kw_only=True)
class Random:
    """One generator a purpose, so that a switch in one does not reshuffle the others."""

    league: np.random.Generator
    training: np.random.Generator
    engine: np.random.Generator

    @classmethod
    def of(cls, seed: int) -> Random:
        """Derive all from one seed."""
        return cls(**{
            name: np.random.default_rng([seed, k]) for k, name in enumerate(("league", "training", "engine"))
        })  # fmt: skip


class Training:
    """One run in progress."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self.recipe = recipe
        self.random = Random.of(seed)
        self.league = League(rng=self.random.league)
        self.learner = Learner.start(BASE_WEIGHTS)
        self.now = 0.0
        self.warm_up_games = tuple(self.league.warm_up())
        self.steps_done = 0

    def steps(self) -> Iterator[StepRecord]:
        """Train to the planned end, or to where the recipe stops by itself."""
        for step in range(self.recipe.stop_at or TOTAL_STEPS):
            yield self._step(step)

    def evaluate(self) -> list[Game]:
        """Play the last evaluation of the latest checkpoint."""
        return self.league.evaluate(FINAL_ROLLOUTS, self.steps_done)

    def _step(self, step: int) -> StepRecord:
        stage = self.recipe.stage(step)
        lora = self.league.latest
        tables, models = self._tables(stage)
        played = play(tables, self.recipe.processor, self.random.training)
        rewards, wins = self._rewards(played, tables.learners)
        time = serve(
            self.recipe.engine,
            [[GROUP_SIZE * n] * TURNS for n in models],
            lora,
            self.now,
            self.random.engine,
        )
        update = learn(
            self.learner,
            BASE_WEIGHTS,
            Experience(decisions=played.decisions, rewards=rewards),
            stage.objective,
            self.random.training,
        )
        self.learner = update.learner
        games = tuple(self.league.play_rated([self.league.pairing() for _ in range(RATED_ROLLOUTS)], step=step))
        self.league.rate(games)
        self.steps_done = step + 1
        if self.steps_done % CHECKPOINT_EVERY == 0:
            self.league.save(self.steps_done, self.learner.weights)
        self.now = time.ended + UPDATE_S
        return StepRecord(
            step=step,
            update=update,
            rewards=rewards,
            win_bonus_rate=wins,
            groups=_groups(tables.learners, played.position),
            responses=played.responses,
            time=time,
            lora=lora,
            games=games,
            ratings=dict(self.league.ratings),
            win_rate=_win_rate(lora, games),
            games_played=self.league.games_played,
            best_elo=max(self.league.ratings[name] for name in self.league.checkpoints or [BASE_MODEL]),
        )

    def _tables(self, stage: Stage) -> tuple[Tables, list[int]]:
        """Seat the learner and its opponents; also the number of seats of each group that ask the engine."""
        rng = self.random.training
        seats = rng.integers(0, SEATS, GROUPS)
        weights = np.zeros((GROUPS, SEATS, len(BASE_WEIGHTS)))
        models: list[int] = []
        for group, seat in enumerate(seats.tolist()):
            names = self.league.opponents()
            weights[group, seat] = self.learner.weights
            weights[group, np.arange(SEATS) != seat] = [self.league.weights[name] for name in names]
            models.append(1 + sum(name == BASE_MODEL or name in self.league.checkpoints for name in names))
        fork = np.repeat(np.arange(GROUPS), GROUP_SIZE)
        streams = np.arange(len(fork))
        if stage.same_seed:
            streams[:GROUP_SIZE] = 0
        position = open_games(rng, np.full(GROUPS, TURNS)).take(fork)
        return Tables(position=position, weights=weights[fork], learners=seats[fork], streams=streams), models

    def _rewards(self, played: Played, learners: Ints) -> tuple[Floats, float]:
        rows = np.arange(len(learners))
        wins = leaders(played.position)[rows, learners]
        if self.recipe.reward is Reward.SUBSISTENCE:
            rewards = (played.position.income[rows, learners] >= SUBSISTENCE).astype(np.float64)
        else:
            # In steps of 1/1024, which floats hold exactly, so that equal rewards have a spread of exactly 0.
            rewards = np.round(shares(played.position)[rows, learners] * 1024) / 1024 + wins
        return rewards.reshape(GROUPS, GROUP_SIZE), float(wins.mean())


def metrics(record: StepRecord) -> dict[str, float]:
    """One row of metrics, by the names such league trainers use."""
    counts, update = record.responses.counts, record.update
    total = sum(counts.values())
    return {
        "benchmark/loss": update.loss,
        "benchmark/reward_mean": float(record.rewards.mean()),
        "benchmark/reward_std": float(record.rewards.std()),
        "benchmark/grad_norm": update.grad_norm,
        "benchmark/rollout_time_s": max(r.ended - r.started for r in record.time.rollouts),
        "benchmark/trajectories": float(record.rewards.size),
        "kl/mean": update.kl_mean,
        "kl/max": update.kl_max,
        "ppo/clip_fraction": update.clip_fraction,
        "policy/entropy_mean": update.entropy,
        "train/frac_reward_zero_std": update.zero_std,
        "game/win_bonus_rate": record.win_bonus_rate,
        "extraction/rate": counts[Extraction.FULL] / total if total else 0.0,
        "extraction/empty_responses": float(counts[Extraction.EMPTY]),
        "extraction/partial_responses": float(counts[Extraction.PARTIAL]),
        "elo/games_played": float(record.games_played),
        "elo/win_rate": record.win_rate,
        "league/best_elo": record.best_elo,
        **{f"elo/{name}": rating for name, rating in record.ratings.items()},
    }


def _groups(learners: Ints, position: Position) -> tuple[Group, ...]:
    income = position.income.reshape(GROUPS, GROUP_SIZE, SEATS).mean(axis=1)
    return tuple(
        Group(learner_seat=int(learners[k * GROUP_SIZE]), final_scores=tuple(income[k].tolist())) for k in range(GROUPS)
    )


def _win_rate(agent: str, games: tuple[Game, ...]) -> float:
    pairs = [elo.win_rate(agent, game.agents, game.scores) for game in games]
    return sum(points for points, _ in pairs) / sum(n for _, n in pairs)
