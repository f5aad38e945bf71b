"""Builders of games for the tests of ratings: short literals, and a small simulated league of known strengths.

A game is the order of its seats: `new>old` (new won), `new=old` (a tie), `a>b=c`. `@` names a seat: `new@white>old`.
Defaults are good: every game is a cluster of its own and stands for itself. A test says what matters.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from checks.counts import Counts
from checks.elo.agents import Measured, Naming
from checks.elo.analysis import analyse
from checks.elo.answer import EloAnswer, EloQuestion
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows, count_games
from checks.elo.rate import Rated, Scale, rate
from checks.run import GameRecord

MOVES = ("first", "second")
"""Seats of games of two in which it is known who moved first."""
BASE = "base_model"
NEW = "adapter_v10"
_RESULTS = {"1": "{0}>{1}", "0": "{1}>{0}", "½": "{0}={1}"}


def seats(
    games: Sequence[str],
    *,
    clusters: Sequence[int] | None = None,
    copies: Sequence[float] | None = None,
    weights: Sequence[float] | None = None,
    names: tuple[str, ...] = (),
) -> SeatRows:
    """Return games written as orders of seats; one cluster each, unless `clusters` says which game is in which."""
    number, agents, scores, places = [], [], [], []
    for i, game in enumerate(games):
        parts = re.split("([>=])", game)
        level = 0
        for who, sign in zip(parts[::2], [*parts[1::2], ""], strict=True):
            agent, _, place = who.partition("@")
            number.append(i)
            agents.append(agent)
            scores.append(level)
            places.append(place)
            level -= sign == ">"
    known = tuple(dict.fromkeys(agents))
    named = names or tuple(dict.fromkeys(filter(None, places)))
    game_of = np.array(number, np.int64)

    def per_game(given: Sequence[float] | None) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.ones(game_of.size) if given is None else np.array(given, np.float64)[game_of]

    return SeatRows(
        agents=known,
        cluster=game_of if clusters is None else np.array(clusters, np.int64)[game_of],
        game=game_of,
        agent=np.array([known.index(one) for one in agents], np.int64),
        score=np.array(scores, np.float64),
        weight=per_game(weights),
        copies=per_game(copies),
        seat=np.array([named.index(one) if one else -1 for one in places], np.int64),
        seats=named,
    )


def duel(one: str, other: str, results: str, *, moves: int = 0) -> SeatRows:
    """Return games of two, as results of the first named: `110½`; `moves` 1: it moved first, -1: second, 0: unknown."""
    mine, theirs = _seated(one, other, moves)
    return seats([_RESULTS[result].format(mine, theirs) for result in results], names=MOVES if moves else ())


def tally(one: str, other: str, *, won: int = 0, lost: int = 0, tied: int = 0, moves: int = 0) -> SeatRows:
    """Return rows that stand for many games of two, one row a result."""
    mine, theirs = _seated(one, other, moves)
    told = {"1": won, "0": lost, "½": tied}
    return seats(
        [_RESULTS[result].format(mine, theirs) for result, n in told.items() if n],
        copies=[n for n in told.values() if n],
        names=MOVES if moves else (),
    )


def _seated(one: str, other: str, moves: int) -> tuple[str, str]:
    if not moves:
        return one, other
    first, second = MOVES[:: 1 if moves > 0 else -1]
    return f"{one}@{first}", f"{other}@{second}"


def join(*parts: SeatRows) -> SeatRows:
    """Return one record of several, played one after another; games and clusters of different parts are different."""
    agents = tuple(dict.fromkeys(name for part in parts for name in part.agents))
    named = tuple(dict.fromkeys(name for part in parts for name in part.seats))
    game, cluster = 0, 0
    games, clusters, who, places = [], [], [], []
    for part in parts:
        games.append(part.game + game)
        clusters.append(part.cluster + cluster)
        game, cluster = game + int(part.game.max()) + 1, cluster + int(part.cluster.max()) + 1
        who.append(np.array([agents.index(name) for name in part.agents], np.int64)[part.agent])
        to = np.array([*(named.index(name) for name in part.seats), -1], np.int64)
        places.append(to[part.seat])
    return SeatRows(
        agents=agents,
        cluster=np.concatenate(clusters),
        game=np.concatenate(games),
        agent=np.concatenate(who),
        score=np.concatenate([part.score for part in parts]),
        weight=np.concatenate([part.weight for part in parts]),
        copies=np.concatenate([part.copies for part in parts]),
        seat=np.concatenate(places),
        seats=named,
    )


def forked(rows: SeatRows, forks: int) -> SeatRows:
    """Return the record with so many games in a row to a cluster."""
    return dataclasses.replace(rows, cluster=rows.game // forks)


def reordered(rows: SeatRows, order: Sequence[int]) -> SeatRows:
    """Return the record with its rows in another order."""
    at = np.array(order, np.int64)
    fields = ("cluster", "game", "agent", "score", "weight", "copies", "seat")
    return dataclasses.replace(rows, **{name: getattr(rows, name)[at] for name in fields})


def split(rows: SeatRows) -> SeatRows:
    """Return the record with a row for each of the copies that its rows stand for; each game has two seats."""
    n = rows.copies.astype(np.int64)
    inside = [np.flatnonzero(rows.game == game) for game in np.unique(rows.game)]
    at = np.concatenate([np.tile(own, n[own[0]]) for own in inside])
    whole = reordered(rows, at.tolist())
    number = np.arange(at.size) // 2
    return dataclasses.replace(whole, game=number, cluster=number, copies=np.ones(at.size))


def league(
    seed: int, strengths: Mapping[str, float], *, games: int = 100, chairs: int = 2, forks: int = 1, tied: float = 0.0
) -> SeatRows:
    """Return games of a league of these strengths in Elo, drawn with a seed: Gumbel luck, so that Bradley–Terry holds.

    Each game has so many chairs, none held twice; `forks` games in a row share a cluster, their seats and half of their
    luck; scores are rounded to multiples of `tied`, so that a larger one makes more ties.
    """
    rng = np.random.default_rng(seed)
    elo = np.array([*strengths.values()])
    rollouts = -(-games // forks)
    held = rng.random((rollouts, elo.size)).argsort(axis=1)[:, :chairs].repeat(forks, axis=0)[:games]
    shared = rng.gumbel(size=(rollouts, chairs)).repeat(forks, axis=0)[:games]
    own = rng.gumbel(size=held.shape)
    scores = elo[held] / ELO + (own if forks == 1 else 0.5 * shared + 0.5 * own)
    number = np.arange(games).repeat(chairs)
    return SeatRows(
        agents=tuple(strengths),
        cluster=number // forks,
        game=number,
        agent=held.ravel().astype(np.int64),
        score=(np.round(scores / tied) if tied else scores).ravel(),
        weight=np.ones(number.size),
        copies=np.ones(number.size),
        seat=np.full(number.size, -1, np.int64),
    )


def counts(rows: SeatRows) -> Counts:
    """Return the counts of a record."""
    return count_games(rows).counts


def record(rows: SeatRows) -> GameRecord:
    """Return a record as sources hand it over."""
    return GameRecord(counts=counts(rows), source="games.jsonl", cluster="game")


def scale(*names: str, **measured: float | tuple[float, float]) -> Scale:
    """Return a scale of these references, those with a keyword measured: at a rating, or a rating with its error."""
    told: dict[str, Measured | None] = dict.fromkeys(names)
    for name, one in measured.items():
        rating, se = one if isinstance(one, tuple) else (one, 0.0)
        told[name] = Measured(rating=rating, se=se)
    return Scale(references=told)


def rated(rows: SeatRows, on: Scale | str = BASE) -> Rated:
    """Return the ratings of a record, by default with `base_model` at 1000."""
    return rate(counts(rows), scale(on) if isinstance(on, str) else on)


def elo(found: Rated, name: str) -> float:
    """Return the rating of an agent."""
    return found.elo(found.counts.index(name))


def asked(rows: SeatRows, naming: Naming | None = None, **changes: Any) -> EloAnswer:
    """Return the whole answer to a question; by default of the newest checkpoint against `base_model`."""
    return analyse(record(rows), EloQuestion(naming=Naming(references={}) if naming is None else naming, **changes))
