"""A small record for the worked examples of this package: two checkpoints, the base model and a bot, 40 games a pair.

Nothing but examples may use it.
"""

from __future__ import annotations

import numpy as np

from checks.elo.agents import Agent, AgentKind
from checks.elo.gather import SeatRows, count_games
from checks.elo.progress import Checkpoints
from checks.elo.rate import Rated, Scale, rate
from checks.elo.standing import Cast
from checks.run import GameRecord

AGENTS = ("adapter_v10", "adapter_v20", "base_model", "chaos_bot")
_WINS = {(0, 2): 24, (1, 2): 28, (1, 0): 22, (0, 3): 27, (1, 3): 30, (2, 3): 22}
"""Of 40 games, how many the first of a pair won."""


def example_record() -> GameRecord:
    """Give 240 games of two players, the pairs in turns; each game is a cluster.

    >>> example_record().counts.games, example_record().counts.agents[:2]
    (240.0, ('adapter_v10', 'adapter_v20'))
    """
    games = [(one, other, 7 * k % 40 < wins) for k in range(40) for (one, other), wins in _WINS.items()]
    number = np.arange(len(games)).repeat(2)
    rows = SeatRows(
        agents=AGENTS,
        cluster=number,
        game=number,
        agent=np.array([agent for one, other, _ in games for agent in (one, other)]),
        score=np.array([float(score) for _, _, won in games for score in (won, not won)]),
        weight=np.ones(number.size),
        copies=np.ones(number.size),
        seat=np.full(number.size, -1),
    )
    return GameRecord(counts=count_games(rows).counts, source="an example", cluster="game")


def example_rated() -> Rated:
    """Give the ratings of the example, `base_model` at 1000.

    >>> round(example_rated().elo(1))
    1138
    """
    return rate(example_record().counts, Scale(references={"base_model": None}))


def example_cast() -> Cast:
    """Say who is who in the example.

    >>> example_cast().agents[2].kind.value
    'reference'
    """
    kinds = (AgentKind.CHECKPOINT, AgentKind.CHECKPOINT, AgentKind.REFERENCE, AgentKind.REFERENCE)
    steps = (10, 20, None, None)
    agents = (Agent(name=name, kind=kind, step=step) for name, kind, step in zip(AGENTS, kinds, steps, strict=True))
    return Cast(
        agents=tuple(agents),
        scale=Scale(references={"base_model": None}),
        reference=2,
        checkpoints=Checkpoints(index=np.array([0, 1]), step=np.array([10, 20])),
        newest=1,
        bots=(3,),
    )
