"""Rollouts: many games at once from openings to scores, with what the learner saw and chose.

No learning and no choice of opponents may enter.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from examples.league.game import ARMIES, NO_ORDER, REACH_SIZE, SEATS, TURNS, Flags, Floats, Ints, Position, advance
from examples.league.orders import Extraction, LogitsProcessor, classify, parse, write
from examples.league.policy import FEATURES, look


@dataclass(frozen=True, kw_only=True)
class Decisions:
    """What the learner saw and did; d decisions of a game are one trajectory."""

    features: Floats
    """Shape (n, d, 5, features)."""
    choices: Ints
    """Shape (n, d): the slot chosen."""
    written: Flags
    """Shape (n, d): False where the order never reached the text, or the game was over."""


@dataclass(frozen=True, kw_only=True)
class Responses:
    """What became of the learner's responses."""

    counts: Counter[Extraction]
    kinds: tuple[tuple[Extraction, ...], ...]
    """A tuple a turn, one entry a game."""


@dataclass(frozen=True, kw_only=True)
class Played:
    """Finished games: all of them, and the learner's part in the first n."""

    position: Position
    decisions: Decisions
    responses: Responses


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Games about to start. The first n are the learner's; the rest are played without text."""

    position: Position
    weights: Floats
    """Shape (games, seats, features): who sits where."""
    learners: Ints
    """Shape (n,): the learner's seat in the first n games."""
    streams: Ints
    """Shape (games,): the stream of random numbers a game is sampled from. Forks with one stream are the same game."""


def play(tables: Tables, processor: LogitsProcessor, rng: np.random.Generator) -> Played:
    """Play every game to its end."""
    position, learners = tables.position, tables.learners
    n = len(learners)
    rows = np.arange(n)
    features = np.zeros((n, TURNS, ARMIES, REACH_SIZE, len(FEATURES)))
    choices = np.zeros((n, TURNS, ARMIES), np.int64)
    written = np.zeros((n, TURNS, ARMIES), np.bool_)
    kinds: list[tuple[Extraction, ...]] = []
    noise = rng.gumbel(size=(TURNS, ARMIES, len(tables.weights), SEATS, REACH_SIZE))[:, :, tables.streams]
    stops = rng.random((TURNS, len(tables.weights), ARMIES))[:, tables.streams[:n]]
    for turn in range(TURNS):
        view = look(position)
        sent = np.zeros((len(tables.weights), SEATS, REACH_SIZE))
        orders = np.zeros((len(tables.weights), SEATS, ARMIES), np.int64)
        for army in range(ARMIES):
            features[:, turn, army] = view.features(learners, sent[rows, learners]) if n else 0.0
            slots = (view.logits(tables.weights, sent) + noise[turn, army]).argmax(axis=-1)
            np.put_along_axis(
                sent, slots[..., None], np.take_along_axis(sent, slots[..., None], axis=-1) + 1.0, axis=-1
            )
            orders[..., army] = slots
        choices[:, turn] = orders[rows, learners]
        texts = write(choices[:, turn], learners, processor, stops[turn])
        parsed = [parse(text, seat) for text, seat in zip(texts, learners.tolist(), strict=True)]
        orders[rows, learners] = np.array(parsed, np.int64).reshape(n, ARMIES)
        playing = position.turns_left[:n] > 0
        written[:, turn] = (orders[rows, learners] != NO_ORDER) & playing[:, None]
        kinds.append(tuple(classify(p) for p, on in zip(parsed, playing.tolist(), strict=True) if on))
        position = advance(position, orders)
    decisions = TURNS * ARMIES
    return Played(
        position=position,
        decisions=Decisions(
            features=features.reshape(n, decisions, REACH_SIZE, len(FEATURES)),
            choices=choices.reshape(n, decisions),
            written=written.reshape(n, decisions),
        ),
        responses=Responses(counts=Counter(kind for row in kinds for kind in row), kinds=tuple(kinds)),
    )
