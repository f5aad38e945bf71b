"""What is known of each run's strength: a checkpoint rated by games, else logged ratings, else why it is not known.

No comparison of runs may enter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from checks.elo.agents import EloError, default_opponent, find_references, missing_agent
from checks.elo.analysis import analyse
from checks.elo.answer import BEST, EloAnswer, EloQuestion
from checks.elo.doubt import doubts
from checks.elo.fit import FitError
from checks.elo.learning import SeriesLearning, obstacles
from checks.run import GameRecord, NoteKind
from checks.strength import judge_ratings, rating_series
from checks.sweep.contest import share_of
from checks.sweep.entry import Entry, SweepQuestion
from checks.sweep.pool import Pool, naming_of
from checks.sweep.standing import Standing, stand

UNRATED = "Its games rate no checkpoint: none played, or no path of games leads from one to a reference."
NOTHING = "It has neither games nor logged ratings of a reference and a checkpoint."


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is known of a run's strength."""

    standing: Standing | None = None
    """By games."""
    own: EloAnswer | None = None
    """The analysis of its own games alone; None: there are none, or alone they do not tell."""
    ratings: SeriesLearning | None = None
    """Its logged ratings, where they may decide and there are no games."""
    at_once: SeriesLearning | None = None
    """The same, with the intervals of all runs holding together."""
    doubts: tuple[str, ...] = ()
    """Why its gap must not be believed."""
    why: tuple[str, ...] = ()
    """Why its strength is not known; empty: it is."""


def find_reference(entries: Sequence[Entry], question: SweepQuestion, pool: Pool | None) -> str | None:
    """Give the agent that gaps are measured from; None where nobody rated one.

    Raises:
        EloError: the one that is asked for is nowhere.
    """
    if pool is not None:
        return pool.reference_name
    names = sorted({name for entry in entries for name in rating_series(entry.run)})
    if question.against is not None and question.against not in names:
        raise EloError(missing_agent("reference", question.against, names))
    references = find_references(names, naming_of(question, names))
    return question.against or (default_opponent(references) if references else None)


def read_games(entry: Entry, place: int, question: SweepQuestion, pool: Pool) -> Reading | None:
    """Read a run's strength from games; None where nobody played any of it.

    Args:
        entry: the run.
        place: of it among the entries.
        question: what is asked.
        pool: the games of all runs.
    """
    standing = stand(pool, place, best=question.candidate == BEST, confidence=question.confidence)
    if standing is None:
        return None if entry.games is None else Reading(why=(UNRATED,))
    if entry.games is None:
        return Reading(standing=standing)
    own = _own_answer(entry.games, question, standing, pool.reference_name)
    lost = [note.text for note in entry.games.notes if note.kind is NoteKind.LOST]
    if own is None:
        return Reading(standing=standing, doubts=tuple(f"Some of its games were lost: {text}." for text in lost))
    # The sequential test asks of one run alone: that it ended early is no reason to doubt a comparison.
    return Reading(standing=standing, own=own, doubts=doubts(replace(own, decision=None), lost))


def _own_answer(games: GameRecord, question: SweepQuestion, standing: Standing, reference: str) -> EloAnswer | None:
    asked = EloQuestion(
        naming=naming_of(question, games.counts.agents),
        candidate=standing.member.name,
        against=reference,
        confidence=question.confidence,
        allow_disconnected=True,
    )
    try:
        return analyse(games, asked)
    except (EloError, FitError):
        return None


def read_ratings(entry: Entry, question: SweepQuestion, reference: str | None, runs: int) -> Reading:
    """Read a run's strength from its logged ratings; `runs`: how many are compared."""
    names = sorted(rating_series(entry.run))
    rule, naming = question.policy.league.rule, naming_of(question, names)
    if reference not in names:
        return Reading(why=(NOTHING,))
    alone, at_once = (
        judge_ratings(entry.run, naming, replace(rule, confidence=confidence), reference)
        for confidence in (question.confidence, share_of(question.confidence, runs))
    )
    if alone is None:
        return Reading(why=(NOTHING,))
    why = alone.reasons if alone.gap is None else obstacles(alone)
    return Reading(why=why) if why else Reading(ratings=alone, at_once=at_once)
