"""Runs → the whole answer: rows, leader, winner if there is one, and what forbids to name one if not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from checks.config import compare_configs
from checks.elo.answer import BEST
from checks.number import round9
from checks.sweep.answer import Basis, Choice, Line, SweepAnswer, SweepRow
from checks.sweep.contest import Contest, compare_games, compare_ratings
from checks.sweep.doubt import reasons
from checks.sweep.entry import Entry, SweepQuestion
from checks.sweep.instability import instability
from checks.sweep.pool import Pool, build_pool
from checks.sweep.reading import Reading, find_reference, read_games, read_ratings
from checks.sweep.row import logged_gap, metrics_of, reference_facts, watched
from checks.sweep.shown import patterns
from checks.sweep.standing import best_standing


def compare_runs(entries: Sequence[Entry], question: SweepQuestion) -> SweepAnswer:
    """Compare runs, two or more, by agents that never change.

    Raises:
        EloError: games, but no fixed reference among the agents; or the one that is asked for is nowhere.
        FitError: the likelihood could not be maximised.
    """
    pool = build_pool(entries, question)
    reference = find_reference(entries, question, pool)
    found = []
    for place, entry in enumerate(entries):
        reading = None if pool is None else read_games(entry, place, question, pool)
        reading = reading or read_ratings(entry, question, reference, len(entries))
        found.append((_row(entry, question, reading, reference), reading))
    order = sorted(range(len(found)), key=lambda place: (-_height(*found[place]), entries[place].label))
    pool = None if pool is None else replace(pool, members=tuple(pool.members[place] for place in order))
    entries = [entries[place] for place in order]
    readings = [found[place][1] for place in order]
    rows = [found[place][0] for place in order]
    if pool is not None:
        rows = [_with_best(row, place, pool, question) for place, row in enumerate(rows)]
    return SweepAnswer(
        reference=reference,
        confidence=question.confidence,
        candidate=question.candidate,
        rows=tuple(rows),
        contest=_contest(question, pool, readings),
        reasons=tuple(reasons(entries, question, pool)),
        config=compare_configs([entry.run.config for entry in entries]),
        lines=() if pool is None else tuple(_line(entry.label, place, pool) for place, entry in enumerate(entries)),
    )


def _height(row: SweepRow, reading: Reading) -> float:
    if reading.standing is not None:
        return reading.standing.height
    return -1e300 if row.gap is None else row.gap


def _row(entry: Entry, question: SweepQuestion, reading: Reading, reference: str | None) -> SweepRow:
    run, identity = entry.run, entry.run.identity
    references = reference_facts(run, question, reading.own)
    drops = [one.drop for one in references if one.drop is not None]
    logged = None if reference is None else logged_gap(run, question, reference)
    return SweepRow(
        label=entry.label,
        ref=run.ref,
        id=identity.id,
        name=identity.name,
        url=identity.url,
        state=run.state,
        steps=run.last_step,
        basis=_basis(reading, logged=logged is not None),
        why=reading.why,
        candidate=_candidate(reading),
        best=None,
        logged=logged,
        references=references,
        drop=round9(sum(drops)) if drops else None,
        games=0 if entry.games is None else round(entry.games.counts.games),
        metrics=metrics_of(question.policy, run),
        flags=instability(watched(question.policy, run)),
        doubts=reading.doubts,
        diagnosis=patterns(entry, question, reading),
    )


def _basis(reading: Reading, *, logged: bool) -> Basis:
    if reading.standing is not None:
        return Basis.GAMES
    if reading.ratings is not None:
        return Basis.RATINGS
    return Basis.LOGGED if logged else Basis.NOTHING


def _candidate(reading: Reading) -> Choice | None:
    if reading.standing is not None:
        member = reading.standing.member
        return Choice(checkpoint=member.name, step=member.step, gap=reading.standing.gap)
    if reading.ratings is None or reading.ratings.gap is None:
        return None
    return Choice(checkpoint=", ".join(reading.ratings.pooled), step=None, gap=reading.ratings.gap)


def _with_best(row: SweepRow, place: int, pool: Pool, question: SweepQuestion) -> SweepRow:
    members = [one for one in pool.members[place] if one.index != pool.reference]
    if not members:
        return row
    if question.candidate == BEST:
        return replace(row, best=row.candidate)
    best = best_standing(pool, members, question.confidence)
    return replace(row, best=Choice(checkpoint=best.member.name, step=best.member.step, gap=best.gap))


def _contest(question: SweepQuestion, pool: Pool | None, readings: Sequence[Reading]) -> Contest | None:
    """Hold the runs against one another, if all are known from the same."""
    standings = [one.standing for one in readings if one.standing is not None]
    if pool is not None and len(standings) == len(readings):
        return compare_games(pool, standings, best=question.candidate == BEST, confidence=question.confidence)
    ratings = [one.at_once for one in readings if one.at_once is not None]
    return compare_ratings(ratings, question.confidence) if len(ratings) == len(readings) else None


def _line(label: str, place: int, pool: Pool) -> Line:
    rated = pool.rated
    zero = rated.elo(pool.reference)
    members = [one for one in pool.members[place] if not rated.connection.separated[one.index]]
    return Line(label=label, points=tuple((one.step, round9(rated.elo(one.index) - zero)) for one in members))
