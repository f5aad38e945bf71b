"""The runs of a sweep, each under a label of its own, and what is asked of them. No judgement may enter."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from checks.check import Policy
from checks.elo.answer import BEST, LATEST
from checks.run import GameRecord, RunData

CANDIDATES = (LATEST, BEST)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One run of a sweep."""

    label: str
    """How it is called beside the others; no two of a sweep share one. May hold hostile text."""
    run: RunData
    """On the trainer's own steps."""
    games: GameRecord | None
    """Its own games; None: there are none."""
    played: bool = False
    """There are games of it, read or not: what its reward does tells no strength then."""


@dataclass(frozen=True, kw_only=True)
class SweepQuestion:
    """What is asked of the runs."""

    policy: Policy
    """For roles, the names of agents, and how online ratings are made."""
    candidate: str = LATEST
    """`latest`: the newest checkpoint stands for a run. `best`: the one that surely stands highest, at the price of
    intervals that allow for every choice."""
    against: str | None = None
    """The reference that gaps are measured from; None: `base_model`, else the one that fixes the scale."""
    confidence: float = 0.95
    """Of all intervals between runs together, and of each run's own, in [0.5, 1)."""
    cross: GameRecord | None = None
    """Games between runs: agents called by the label of a run, a mark of `/_-:.` and the checkpoint."""

    def __post_init__(self) -> None:
        if self.candidate not in CANDIDATES or not 0.5 <= self.confidence < 1:
            raise ValueError("expected a candidate of latest or best and a confidence of at least 0.5 and below 1")


def label_runs(runs: Sequence[RunData]) -> tuple[str, ...]:
    """Call each run by its name; those of one name by their ids too, and where these agree by what the user wrote.

    >>> from checks.run import Identity
    >>> def run(name, id): return RunData(ref=f"x/{id}.jsonl", source="", identity=Identity(name=name, id=id))
    >>> label_runs([run("a", "1"), run("b", "2"), run("b", "3")])
    ('a', 'b (2)', 'b (3)')
    """
    names = [one.identity.name for one in runs]
    with_id = [f"{one.identity.name} ({one.identity.id or one.ref})" for one in runs]
    with_ref = [f"{one.identity.name} ({one.ref})" for one in runs]
    often, again = Counter(names), Counter(with_id)
    told = [
        names[i] if often[names[i]] == 1 else with_id[i] if again[with_id[i]] == 1 else with_ref[i]
        for i in range(len(runs))
    ]
    # A run may be named as another one is called here: then places tell.
    twice = Counter(told)
    return tuple(name if twice[name] == 1 else f"{name}, no. {i}" for i, name in enumerate(told, 1))
