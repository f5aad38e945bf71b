"""A self-play league with known truth: its online ratings, as a trainer logs them, and its games.

Strengths are Elo relative to `base_model`; checkpoints join at fixed steps and never change. Many runs of one league
are played side by side, so that a thousand runs take seconds. Nothing of the analysis may enter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from checks.run import Series

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

REFERENCE = "base_model"
START = 1000.0
NATS = math.log(10) / 400
"""Natural-log units in one Elo."""
THURSTONE_SD = 2 / math.sqrt(math.pi)
"""Of one seat's normal noise: near equal strength one Elo is worth as much as under Plackett–Luce."""


class Outcomes(StrEnum):
    """What makes the order of the seats, besides strength."""

    PLACKETT_LUCE = "plackett-luce"
    """Gumbel noise: any two seats meet as Bradley and Terry have it."""
    THURSTONE = "thurstone"
    """Normal noise: the rating's own model is wrong far from equal strength."""


class Updates(StrEnum):
    """When the ratings move."""

    SEQUENTIAL = "sequential"
    """After every game."""
    AVERAGED = "averaged"
    """Once a step: an agent moves by the mean of what each of its games would have moved it."""


def _no_bots() -> Mapping[str, float]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class League:
    """One league, as its makers set it up. Seats not held by someone are drawn evenly from all members."""

    steps: int
    games: int = 4
    """Games a step, of `forks` forks each rollout."""
    seats: int = 7
    k: float = 32.0
    updates: Updates = Updates.SEQUENTIAL
    outcomes: Outcomes = Outcomes.PLACKETT_LUCE
    bots: Mapping[str, float] = field(default_factory=_no_bots)
    """Name → strength in Elo."""
    births: tuple[int, ...]
    """After which step each checkpoint joins, rising; 0: from the start."""
    gain: float = 0.0
    """Strength in Elo that a checkpoint of the last step would have; those before on a straight line from 0."""
    starts: Mapping[str, float] = field(default_factory=_no_bots)
    """First ratings of references other than 1000."""
    inherits: bool = False
    """Checkpoints start at the rating of the newest before them (the first: of `base_model`), else at 1000."""
    newest_seats: int = 0
    """Seats of every game that the newest checkpoint holds."""
    reference_seats: int = 0
    """Seats of every game that `base_model` holds."""
    seat_averaged: bool = False
    """Compare the mean scores of agents, not seats: biased wherever scores are skewed."""
    forks: int = 1
    """Games that share a rollout: one seating, and `shared` of the luck."""
    shared: float = 0.5

    @property
    def agents(self) -> tuple[str, ...]:
        """All members that there ever are, the reference first, checkpoints last and by age."""
        return (REFERENCE, *self.bots, *(f"adapter_v{birth}" for birth in self.births))

    @property
    def checkpoints(self) -> Mapping[str, int]:
        """Name of a checkpoint → step it joined after."""
        return {f"adapter_v{birth}": birth for birth in self.births}

    @property
    def strengths(self) -> Floats:
        """True strengths in Elo, shape (agents,)."""
        return np.array([0.0, *self.bots.values(), *(self.gain * birth / self.steps for birth in self.births)])

    @property
    def first(self) -> int:
        """Place of the first checkpoint among the agents."""
        return 1 + len(self.bots)


@dataclass(frozen=True, kw_only=True)
class Game:
    """One game, a value for each seat."""

    game: str
    rollout: str
    step: int
    agents: tuple[str, ...]
    scores: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Season:
    """Many runs of one league."""

    league: League
    ratings: Floats
    """Shape (runs, steps + 1, agents): after each step, row 0 before the first; NaN before an agent joins."""
    seats: NDArray[np.int16]
    """Shape (runs, steps, games, seats): who sits there, as a place in `League.agents`."""
    scores: NDArray[np.float32]
    """Shape as `seats`: each game's sum to 1 and are skewed to the right."""

    def series(self, run: int) -> dict[str, Series]:
        """Give the logged ratings of one run: agent → its series, from the step it joins on."""
        made = {}
        for place, name in enumerate(self.league.agents):
            values = self.ratings[run, :, place]
            steps = np.flatnonzero(np.isfinite(values)).astype(np.int64)
            made[name] = Series(name=name, steps=steps, values=values[steps])
        return made

    def games(self, run: int) -> Iterator[Game]:
        """Give the games of one run in the order they were played."""
        names = self.league.agents
        for step, (tables, scores) in enumerate(
            zip(self.seats[run].tolist(), self.scores[run].tolist(), strict=True), 1
        ):
            for number, (table, points) in enumerate(zip(tables, scores, strict=True)):
                rollout = f"s{step}r{number // self.league.forks}"
                yield Game(
                    game=f"{rollout}g{number % self.league.forks}",
                    rollout=rollout,
                    step=step,
                    agents=tuple(names[place] for place in table),
                    scores=tuple(points),
                )


def play_season(league: League, runs: int, rng: np.random.Generator) -> Season:
    """Play independent runs of one league; the same generator state gives the same season."""
    joined = np.array([0] * league.first + list(league.births))
    ratings = np.full((runs, league.steps + 1, joined.size), np.nan)
    now = np.full((runs, joined.size), np.nan)
    now[:, : league.first] = [league.starts.get(name, START) for name in league.agents[: league.first]]
    seats = np.empty((runs, league.steps, league.games, league.seats), np.int16)
    scores = np.empty(seats.shape, np.float32)
    _admit(league, now, joined == 0)
    ratings[:, 0] = now
    for step in range(1, league.steps + 1):
        tables = _seat(league, int((joined < step).sum()), runs, rng)
        points = _score(league, tables, rng)
        _rate(league, now, tables, points)
        _admit(league, now, joined == step)
        ratings[:, step] = now
        seats[:, step - 1], scores[:, step - 1] = tables, points
    return Season(league=league, ratings=ratings, seats=seats, scores=scores)


def _admit(league: League, now: Floats, joining: NDArray[np.bool_]) -> None:
    for place in np.flatnonzero(joining).tolist():
        if place >= league.first:
            parent = 0 if place == league.first else place - 1
            now[:, place] = now[:, parent] if league.inherits else START


def _seat(league: League, members: int, runs: int, rng: np.random.Generator) -> Ints:
    """Draw who sits where, shape (runs, games, seats): distinct members, or all of them several times over."""
    rollouts = league.games // league.forks
    held = [0] * league.reference_seats
    others = np.arange(members)
    if league.newest_seats and members > league.first:
        held += [members - 1] * league.newest_seats
        others = others[:-1]
    if league.reference_seats:
        others = others[1:]
    order = others[rng.random((runs, rollouts, others.size)).argsort(axis=-1)]
    drawn = order[..., np.arange(league.seats - len(held)) % others.size]
    tables = np.concatenate([np.broadcast_to(np.array(held, np.int64), (runs, rollouts, len(held))), drawn], axis=-1)
    return np.repeat(tables, league.forks, axis=1)


def _score(league: League, tables: Ints, rng: np.random.Generator) -> Floats:
    """Draw scores, shape (runs, games, seats): shares of 1 whose order has the outcome model's law."""
    luck = _luck(league, tables.shape, rng)
    if league.forks > 1:
        rollout = _luck(league, (tables.shape[0], tables.shape[1] // league.forks, tables.shape[2]), rng)
        luck = np.where(rng.random(tables.shape) < league.shared, np.repeat(rollout, league.forks, axis=1), luck)
    points = np.exp(0.3 * (NATS * league.strengths[tables] + luck))
    return np.asarray(points / points.sum(axis=-1, keepdims=True), np.float64)


def _luck(league: League, shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    if league.outcomes is Outcomes.THURSTONE:
        return np.asarray(THURSTONE_SD * rng.standard_normal(shape), np.float64)
    return np.asarray(rng.gumbel(size=shape), np.float64)


def _rate(league: League, now: Floats, tables: Ints, points: Floats) -> None:
    """Move the ratings, shape (runs, agents), by the games of one step."""
    if league.updates is Updates.SEQUENTIAL:
        for game in range(tables.shape[1]):
            moves, _ = _moves(league, now, tables[:, game : game + 1], points[:, game : game + 1])
            now += moves
        return
    moves, played = _moves(league, now, tables, points)
    now += moves / np.maximum(1, played)


def _moves(league: League, now: Floats, tables: Ints, points: Floats) -> tuple[Floats, Floats]:
    """Sum each agent's moves over games rated at once, and count those it sat in; both of shape (runs, agents)."""
    runs, agents = now.shape
    flat = tables + agents * np.arange(runs)[:, None, None]
    rating = now.ravel()[flat]
    same = tables[..., :, None] == tables[..., None, :]
    weight = ~same * (league.k / (league.seats - 1))
    held = same.sum(axis=-1)
    if league.seat_averaged:
        points = (same @ points[..., None])[..., 0] / held
        pairs = np.maximum(1.0, (1 / held).sum(axis=-1) - 1)
        weight = ~same * (league.k / pairs[..., None, None]) / (held[..., :, None] * held[..., None, :])
    won = (np.sign(points[..., :, None] - points[..., None, :]) + 1) / 2
    expected = 1 / (1 + np.exp(NATS * (rating[..., None, :] - rating[..., :, None])))
    moves = (weight * (won - expected)).sum(axis=-1)
    summed = np.bincount(flat.ravel(), moves.ravel(), runs * agents).reshape(runs, agents)
    played = np.bincount(flat.ravel(), (1 / held).ravel(), runs * agents).reshape(runs, agents)
    return np.asarray(summed, np.float64), np.asarray(played, np.float64)
