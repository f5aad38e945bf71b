"""Measured progress beside the curve that the policy expects. It is shown, and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from checks.elo.agents import AgentKind
from checks.elo.answer import EloAnswer, Rating
from checks.number import finite, round9
from checks.result import Milestone, Pace, Progress
from checks.run import Note, NoteKind
from checks.strength import EloFound


def measure_progress(curve: Sequence[tuple[int, float]], found: EloFound | None) -> Progress | None:
    """Hold checkpoints against an expected curve of Elo by steps; None without a curve, or without games to rate by.

    By each step of the curve the newest checkpoint since the step before counts, held against what the curve expects at
    the checkpoint's own step: a straight line between its points, from 0 at step 0.

    >>> from checks.elo.example import example_record
    >>> from checks.elo.agents import Naming
    >>> from checks.elo.analysis import analyse
    >>> from checks.elo.answer import EloQuestion
    >>> found = analyse(example_record(), EloQuestion(naming=Naming(references={})))
    >>> [(one.by, one.checkpoint, one.expected, one.pace.value) for one in measure_progress([(25, 10.0)], found).points]
    [(25, 'adapter_v20', 8.0, 'ahead')]
    """
    if not curve or not isinstance(found, EloAnswer):
        return None
    rated = [row for row in found.ratings if row.kind is AgentKind.CHECKPOINT and row.estimate is not None]
    points = ((0, 0.0), *curve)
    return Progress(
        reference=next(iter(found.references)),
        points=tuple(_milestone((before, after), rated, found) for before, after in pairwise(points)),
    )


def progress_notes(curve: Sequence[tuple[int, float]], found: EloFound | None) -> tuple[Note, ...]:
    """Say why a curve that is expected has nothing beside it.

    >>> [note.text for note in progress_notes([(50, 30.0)], None)]
    ['the progress that the policy expects is not told: no check asks of games, which the profile league does']
    """
    if not curve or isinstance(found, EloAnswer):
        return ()
    why = (
        "no check asks of games, which the profile league does"
        if found is None
        else "it needs games, not ratings alone"
    )
    return (Note(kind=NoteKind.ODD, text=f"the progress that the policy expects is not told: {why}"),)


def _milestone(
    part: tuple[tuple[int, float], tuple[int, float]], rated: Sequence[Rating], found: EloAnswer
) -> Milestone:
    (start, low), (by, high) = part
    mine = [row for row in rated if row.step is not None and start < row.step <= by]
    newest = max(mine, key=lambda row: (row.step or 0, row.agent), default=None)
    if newest is None or newest.estimate is None:
        return Milestone(by=by, expected=high, pace=Pace.NOT_MEASURED)
    at = newest.step or 0
    expected = round9(low + (high - low) * (at - start) / (by - start))
    value, least, most = (
        None if end is None else finite(end - found.scale_zero)
        for end in (newest.estimate.value, newest.estimate.low, newest.estimate.high)
    )
    pace = Pace.DOUBTED if found.doubts else Pace.UNCLEAR
    if pace is Pace.UNCLEAR and least is not None and least > expected:
        pace = Pace.AHEAD
    elif pace is Pace.UNCLEAR and most is not None and most < expected:
        pace = Pace.BEHIND
    return Milestone(
        by=by, expected=expected, checkpoint=newest.agent, at=at, elo=value, low=least, high=most, pace=pace
    )
