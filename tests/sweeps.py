"""Builders of runs side by side: simulated games of runs with known strength, and runs of which only last values are
known. Defaults are good: a test says what matters.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from checks.check import Policy
from checks.elo.gather import count_games
from checks.policy import parse_policy
from checks.run import GameRecord, Identity, Note, RunData, RunState, Scalar, Series
from checks.sweep.answer import SweepAnswer
from checks.sweep.comparison import compare_runs
from checks.sweep.entry import Entry, SweepQuestion
from tests.builders import PROFILES, TODAY
from tests.games import seats

PUBLISHED: Mapping[str, tuple[float, float, float]] = {
    "A": (89, 1072, 0.8),
    "B": (22, 1109, 2.6),
    "C": (98, 1050, 3.6),
    "D": (33, 1062, 1.8),
    "E": (39, 1097, 1.0),
    "F": (84, 1024, 1.8),
    "G": (62, 1036, 7.2),
    "H": (250, 1001, 137.1),
}
"""Gap to base_model, base_model's Elo and the highest KL of eight ablation runs of 20 steps, as published in
bglick13/diplomacy-v2, experiments/experiment-tracker.md."""
LAST = 20
"""Their last step."""


def policy(text: str = "") -> Policy:
    """Return a policy with the roles of the profiles."""
    whole = f"version: 1\nextends: [grpo]\n{text}"
    return parse_policy(whole, source="policy.yml", profiles=PROFILES, today=TODAY)


def series_of(values: Mapping[str, Sequence[float]], steps: Sequence[int] | None = None) -> dict[str, Series]:
    """Return series, one value a step."""
    return {
        name: Series(
            name=name,
            steps=np.array(range(len(given)) if steps is None else steps, np.int64),
            values=np.array(given, np.float64),
        )
        for name, given in values.items()
    }


def run_of(
    name: str,
    values: Mapping[str, Sequence[float]] | None = None,
    *,
    steps: Sequence[int] | None = None,
    config: Mapping[str, Scalar] | None = None,
    **changes: Any,
) -> RunData:
    """Return a finished run that logged these values."""
    series = series_of(values or {"kl": [0.01, 0.02, 0.03]}, steps)
    catalog = {one.name: one.values.size for one in series.values()}
    made = RunData(
        ref=f"{name}.jsonl",
        source="JSON lines",
        identity=Identity(name=name, id=f"id-{name}"),
        state=RunState.FINISHED,
        series=series,
        catalog=catalog,
        config=config or {},
    )
    return dataclasses.replace(made, **changes)


def published() -> list[Entry]:
    """Return the published ablation as runs of which only last values are known."""
    return [
        Entry(
            label=name,
            run=run_of(name, {"elo/base_model": [elo], "elo/adapter_v20": [elo + gap], "kl": [kl]}, steps=[LAST]),
            games=None,
        )
        for name, (gap, elo, kl) in PUBLISHED.items()
    ]


def record(games: Sequence[str], *, notes: tuple[Note, ...] = ()) -> GameRecord:
    """Return games written as orders of seats, a cluster each."""
    return GameRecord(counts=count_games(seats(games)).counts, source="games.jsonl", cluster="game", notes=notes)


def duels(one: str, other: str, *, won: int, lost: int) -> list[str]:
    """Return games of two, wins and losses in turns as far as there are both."""
    results = [f"{one}>{other}"] * won + [f"{other}>{one}"] * lost
    order = np.random.default_rng(won * 1000 + lost).permutation(len(results))
    return [results[at] for at in order]


def entry(label: str, games: Sequence[str] | GameRecord | None = None, run: RunData | None = None) -> Entry:
    """Return a run with its games."""
    kept = games if games is None or isinstance(games, GameRecord) else record(games)
    return Entry(label=label, run=run or run_of(label), games=kept)


def strong(label: str, won: int, lost: int, **more: Any) -> Entry:
    """Return a run whose newest checkpoint won and lost so many games against base_model."""
    old = duels("adapter_v10", "base_model", won=50, lost=50)
    return entry(label, [*old, *duels("adapter_v20", "base_model", won=won, lost=lost)], **more)


def compared(entries: Sequence[Entry], **asked: Any) -> SweepAnswer:
    """Compare runs under the profiles' policy."""
    return compare_runs(entries, SweepQuestion(**{"policy": policy(), **asked}))
