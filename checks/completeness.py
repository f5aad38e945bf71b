"""Integrity of the record as a whole: did the run end, did it reach its plan, was all of it read?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from checks.document import quote
from checks.finding import integrity_result
from checks.result import CheckResult, Outcome
from checks.run import Evidence, NoteKind, RunData, RunState, Series

# Where trainers keep the number of steps a run is to take, in configs flattened with dots.
PLANNED_KEYS = (
    "total_steps",
    "max_steps",
    "num_train_steps",
    "total_training_steps",
    "trainer.total_training_steps",
    "trainer.max_steps",
    "trainer.total_steps",
    "training.total_steps",
    "training.max_steps",
    "train.total_steps",
    "train.max_steps",
    "args.max_steps",
)


# A trainer may log its counter as any number; whole numbers beyond this are none.
_LARGEST = 2.0**53


def planned_steps(run: RunData, asked: int | str | None) -> int | None:
    """Find how many steps a run was to take: what the policy says, what the source says, else a well-known key.

    A config key that the policy names but the run lacks leaves what the source says: a bundle keeps the number, not the
    configuration. Numbers below 1 (TRL's `max_steps: -1`) say nothing.
    """
    if isinstance(asked, int):
        return asked
    if asked is None and run.planned_steps is not None:
        return run.planned_steps
    for key in PLANNED_KEYS if asked is None else (asked,):
        value = run.config.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value < 2**53:
            return int(value)
    return run.planned_steps


def run_state(run: RunData) -> CheckResult:
    """Ask whether the run finished; a source that does not record ends measures nothing."""
    code = "" if run.exit_code is None else f" with exit code {run.exit_code}"
    outcome, reason = {
        RunState.FINISHED: (Outcome.PASS, f"The run finished{code}."),
        RunState.FAILED: (Outcome.INCONCLUSIVE, f"The run ended by itself{code}: it did not finish."),
        RunState.INTERRUPTED: (Outcome.INCONCLUSIVE, f"The run was interrupted{code}."),
        RunState.KILLED: (
            Outcome.INCONCLUSIVE,
            f"The {run.source} holds no exit record: the run was killed, or is still running.",
        ),
        RunState.RUNNING: (Outcome.INCONCLUSIVE, "The run is still running."),
        RunState.UNKNOWN: (Outcome.NOT_MEASURED, f"Its source ({run.source}) does not record how a run ends."),
    }[run.state]
    remedy = "Run the training to its end, then judge it again."
    return replace(integrity_result("run-state", "run finished", outcome, reason, remedy), bound="finished")


def steps_reached(run: RunData, counter: Series | None, asked: int | str | None = None) -> CheckResult:
    """Ask whether the record reaches from the begin of the run to the end of its plan.

    `counter` is the trainer's own step counter, where it logs one.

    One logging interval is allowed, up to a tenth of the plan: a trainer that logs every tenth step may end between two
    rows, and steps may count from 0. A config key that the policy asks for (`asked`) and the run lacks is missing data.
    """
    name, title = "planned-steps", "planned steps reached"
    if run.planned_steps is None and asked is not None:
        reason = f"The policy looks for the planned steps under {quote(asked)}; the run's configuration has none there."
        remedy = "Name another config key in integrity.planned-steps, or the number of steps itself."
        return integrity_result(name, title, Outcome.INCONCLUSIVE, reason, remedy)
    if run.planned_steps is None and run.state is RunState.UNKNOWN:
        reason = "Nothing records how the run ended or how many steps it was to take: it may have been cut off."
        remedy = "Write the plan into the policy, as integrity: {planned-steps: 500}, or the config key that holds it."
        return integrity_result(name, title, Outcome.WARN, reason, remedy)
    if run.planned_steps is None:
        reason = "The run does not say how many steps it was to take; integrity.planned-steps can name the config key."
        return integrity_result(name, title, Outcome.NOT_MEASURED, reason)
    if not run.rows.steps.size:
        return integrity_result(name, title, Outcome.INCONCLUSIVE, "No step was logged.", "Log metrics every step.")
    steps = np.unique(run.rows.steps)
    first, reached = int(steps[0]), int(steps[-1])
    if run.counts_calls and counter is not None:
        # Calls of `log` are no steps, and the trainer's counter could not stand for them: the lower of the two counts.
        counted = counter.values[np.abs(counter.values) < _LARGEST]
        reached = min(reached, int(counted.max())) if counted.size else 0
    interval = int(np.median(np.diff(steps))) if steps.size > 1 else 1
    slack = max(1, min(interval, run.planned_steps // 10))
    outcome = Outcome.PASS
    reason = f"The run logged up to step {reached:,} of {run.planned_steps:,} planned."
    remedy = "Find out why it stopped early and rerun it, or set integrity.planned-steps if the plan was changed."
    if reached + slack < run.planned_steps:
        outcome = Outcome.INCONCLUSIVE
        reason = f"{reason[:-1]} ({reached / run.planned_steps:.0%})."
    elif reached > 1.5 * run.planned_steps:
        # In another unit (frames against updates) the plan says nothing about the end.
        outcome = Outcome.INCONCLUSIVE
        reason = f"The run logged up to step {reached:,}, but only {run.planned_steps:,} were planned."
        remedy = "See whether `log` is called twice a step; else give integrity.planned-steps in the unit of the steps."
    elif first > max(run.planned_steps / 10, 3 * interval):
        outcome = Outcome.INCONCLUSIVE
        reason = f"The record begins at step {first:,} of {run.planned_steps:,} planned: what came before is missing."
        remedy = "Name the folder that holds every part of the resumed run."
    result = integrity_result(name, title, outcome, reason, remedy)
    return replace(
        result, observed=float(reached), bound=f">= {run.planned_steps - slack}", unit="steps", step=run.last_step
    )


def damage(evidence: Evidence) -> CheckResult:
    """Ask whether anything was lost, or fragments of the run overlap: what is missing may be what matters."""
    notes = (*evidence.run.notes, *evidence.notes)
    bad = [note.text for note in notes if note.kind in (NoteKind.LOST, NoteKind.OVERLAP)]
    if evidence.game_record is not None:  # whose ids may begin anew in every file
        bad += [note.text for note in evidence.game_record.notes if note.kind is NoteKind.LOST]
    name, title = "damage", "nothing lost while reading"
    if not bad:
        return integrity_result(name, title, Outcome.PASS, f"The {evidence.run.source} was read whole.")
    first = bad[0].rstrip(".")
    reason = f"{first}." if len(bad) == 1 else f"{first}. And {len(bad) - 1} more; see the notes."
    remedy = "Copy the files again from the machine that trained, or rerun."
    return integrity_result(name, title, Outcome.INCONCLUSIVE, reason, remedy)
