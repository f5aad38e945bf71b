"""The games of several runs as one record on one scale: references are shared, all other agents belong to their run.

Agents of different runs have equal names (`adapter_v50`); here each is called by the place of its run and its name. No
comparison may enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np

from checks.counts import Counts, Entries, Ints, merge
from checks.elo.agents import AgentKind, EloError, Naming, default_opponent, find_references, missing_agent, tell_agents
from checks.elo.rate import Rated, Scale, rate
from checks.sweep.entry import Entry, SweepQuestion

_MARKS = "/_-:."


@dataclass(frozen=True, kw_only=True)
class Member:
    """A checkpoint of a run in the pool."""

    index: int
    """Of the agent in the joint record."""
    name: str
    """As its run calls it."""
    step: int


@dataclass(frozen=True, kw_only=True)
class Pool:
    """Ratings of all runs that have games, on one scale."""

    rated: Rated
    reference: int
    """Index of the agent that gaps are measured from."""
    members: tuple[tuple[Member, ...], ...]
    """One tuple a run, in the order of the entries: its checkpoints that a path of games leads to, by step."""

    @property
    def reference_name(self) -> str:
        """The agent that gaps are measured from."""
        return self.rated.counts.agents[self.reference]


def build_pool(entries: Sequence[Entry], question: SweepQuestion) -> Pool | None:
    """Rate the agents of all runs together; None where no run has games.

    Raises:
        EloError: no fixed reference played, or not the one that is asked for.
        FitError: the likelihood could not be maximised.
    """
    own = {i: entry.games.counts for i, entry in enumerate(entries) if entry.games is not None}
    cross = None if question.cross is None else question.cross.counts
    names = sorted({name for counts in (*own.values(), *([] if cross is None else [cross])) for name in counts.agents})
    if not names:
        return None
    naming = naming_of(question, names)
    references = find_references(names, naming)
    if not references:
        raise EloError(
            "expected a fixed reference among the agents (base_model or …_bot), found none; name one in the policy's "
            "`references`"
        )
    against = question.against or default_opponent(references)
    if against not in names:
        raise EloError(missing_agent("reference", against, names))
    parts = [
        renamed(counts, {name: _key(i, name) for name in counts.agents if name not in references})
        for i, counts in own.items()
    ]
    if cross is not None:
        labels = [entry.label for entry in entries]
        parts.append(renamed(cross, {name: _owner(name, labels) for name in cross.agents if name not in references}))
    rated = rate(reduce(merge, parts), Scale(references=references))
    agents = rated.counts.agents
    return Pool(
        rated=rated,
        reference=agents.index(against),
        members=tuple(_members(i, rated, naming) for i in range(len(entries))),
    )


def naming_of(question: SweepQuestion, names: Sequence[str]) -> Naming:
    """Give how agents are told apart; references of the policy that are not among the names are left out."""
    league = question.policy.league
    known = {name: given for name, given in league.references.items() if name in names}
    return Naming(references=known, pattern=league.checkpoints)


def renamed(counts: Counts, names: Mapping[str, str]) -> Counts:
    """Call agents otherwise; seats by name are dropped, since they belong to a whole record.

    >>> from checks.elo.example import example_record
    >>> counts = renamed(example_record().counts, {"adapter_v10": "z"})
    >>> counts.agents, counts.entries.games.sum()
    (('adapter_v20', 'base_model', 'chaos_bot', 'z'), np.float64(240.0))
    """
    called = [names.get(name, name) for name in counts.agents]
    agents = tuple(sorted(called))
    to = np.array([agents.index(name) for name in called], np.int64)
    return replace(
        counts,
        agents=agents,
        entries=_turned(counts.entries, to[counts.entries.first], to[counts.entries.second]),
        plays=replace(counts.plays, agent=to[counts.plays.agent]),
        seats=None,
    )


def _turned(entries: Entries, first: Ints, second: Ints) -> Entries:
    """Point entries at other agents; where the second now sorts first, the points are the other's."""
    swap = first > second
    games, points = entries.squares[:, 0], entries.squares[:, 1]
    squares = np.column_stack([games, games - points, games - 2 * points + entries.squares[:, 2]])
    return replace(
        entries,
        first=np.where(swap, second, first),
        second=np.where(swap, first, second),
        order=np.where(swap, -entries.order, entries.order),
        points=np.where(swap, entries.games - entries.points, entries.points),
        squares=np.where(swap[:, None], squares, entries.squares),
    )


def _key(place: int, name: str) -> str:
    return f"{place:06d}/{name}"


def _owner(name: str, labels: Sequence[str]) -> str:
    """Give the key of an agent in games between runs: that of the run whose label its name begins with."""
    for place, label in sorted(enumerate(labels), key=lambda one: -len(one[1])):
        if name.startswith(label) and name[len(label) : len(label) + 1] in (*_MARKS,):
            return _key(place, name[len(label) + 1 :])
    return name


def _members(place: int, rated: Rated, naming: Naming) -> tuple[Member, ...]:
    prefix = _key(place, "")
    found = [
        (i, name.removeprefix(prefix))
        for i, name in enumerate(rated.counts.agents)
        if name.startswith(prefix) and rated.connection.linked[i]
    ]
    told = tell_agents([name for _, name in found], replace(naming, references={}))
    members = [
        Member(index=i, name=name, step=agent.step)
        for (i, name), agent in zip(found, told, strict=True)
        if agent.kind is AgentKind.CHECKPOINT and agent.step is not None
    ]
    return tuple(sorted(members, key=lambda one: (one.step, one.name)))
