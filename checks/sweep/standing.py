"""Which checkpoint stands for a run, and how far above the reference. No comparison of runs may enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from checks.elo.best import best_of
from checks.elo.bounds import separated_bounds
from checks.elo.estimate import Estimate
from checks.elo.standing import gap_estimate
from checks.number import round9
from checks.sweep.pool import Member, Pool


@dataclass(frozen=True, kw_only=True)
class Standing:
    """The checkpoint that stands for a run, and how far above the reference it is."""

    member: Member
    gap: Estimate
    """Its own interval; that of a best one allows for its having been chosen."""
    height: float
    """Elo above the reference, by which runs are ordered; of one that never lost, as far as a virtual draw allows."""
    games: float


def stand(pool: Pool, place: int, *, best: bool, confidence: float) -> Standing | None:
    """Choose the checkpoint that stands for a run; None where it has none that can be rated.

    The newest, of several of its step the last by name; `best`: the one that surely stands highest.
    """
    members = [one for one in pool.members[place] if one.index != pool.reference]
    if not members:
        return None
    return best_standing(pool, members, confidence) if best else _standing(pool, members[-1], confidence)


def best_standing(pool: Pool, members: Sequence[Member], confidence: float) -> Standing:
    """Choose the checkpoint that surely stands highest; its interval allows for the choice."""
    found = best_of(pool.rated, [one.index for one in members], pool.reference, confidence)
    member = next(one for one in members if one.index == found.index)
    return replace(_standing(pool, member, confidence), gap=found.gap)


def _standing(pool: Pool, member: Member, confidence: float) -> Standing:
    rated = pool.rated
    plays = rated.counts.plays
    bounds = separated_bounds(rated, confidence)
    return Standing(
        member=member,
        gap=gap_estimate(rated, (member.index, pool.reference), confidence, bounds),
        height=round9(rated.elo(member.index) - rated.elo(pool.reference)),
        games=float(plays.games[plays.agent == member.index].sum()),
    )
