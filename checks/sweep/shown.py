"""What each run shows, pattern by pattern, as far as its series and its games tell. No comparison may enter."""

from __future__ import annotations

from dataclasses import replace

from checks.completeness import planned_steps
from checks.diagnosis.answer import diagnose
from checks.diagnosis.case import case_of_run
from checks.result import Diagnosis
from checks.sweep.entry import Entry, SweepQuestion
from checks.sweep.reading import Reading


def patterns(entry: Entry, question: SweepQuestion, reading: Reading) -> tuple[Diagnosis, ...]:
    """Give what a run shows, the main pattern first: by its own games or logged ratings, no logs and no checks."""
    planned = planned_steps(entry.run, question.policy.planned_steps)
    case = case_of_run(
        question.policy,
        replace(entry.run, planned_steps=planned),
        reading.own or reading.ratings,
        played=entry.played or entry.games is not None or reading.standing is not None,
    )
    return diagnose(case)
