"""Which checkpoint is to be promoted, and whether it is what was rated. No rating and no rule may enter."""

from __future__ import annotations

import re
from dataclasses import replace

from checks.document import quote
from checks.elo.answer import EloAnswer
from checks.elo.learning import SeriesLearning
from checks.result import CheckResult, Outcome
from checks.run import Checkpoint

_STEP = re.compile(r"(?:^|[._-])(?:adapter[-_]v|(?:checkpoint|ckpt)[-_]v?|step[-_]?)(\d{1,12})$", re.ASCII)


def named_step(name: str) -> int | None:
    """Give the training step in the name of a checkpoint; None: it tells none.

    >>> named_step("adapter_v50"), named_step("run7-checkpoint-120"), named_step("step_9")
    (50, 120, 9)

    The `v3` of this one is a version:

    >>> named_step("qwen2.5-7b-v3")
    """
    found = _STEP.search(name)
    return int(found[1]) if found else None


def about(result: CheckResult, found: EloAnswer | SeriesLearning, checkpoint: Checkpoint | None) -> CheckResult:
    """Leave a result open that is about another checkpoint than the one to be promoted; None: there is no such one."""
    rated = _rated(found)
    if checkpoint is None or rated is None or is_same(checkpoint, *rated):
        return result
    reason = (
        f"{result.reason} But these are games of {quote(rated[0])}, and {quote(checkpoint.name)} is to be promoted: "
        "name it as the candidate, or promote the one that played."
    )
    return replace(result, outcome=Outcome.INCONCLUSIVE, reason=reason, remedy=None)


def _rated(found: EloAnswer | SeriesLearning) -> tuple[str, int | None] | None:
    if isinstance(found, SeriesLearning):
        rows = {row.agent: row.step for row in found.rows}
        return (found.pooled[-1], rows.get(found.pooled[-1])) if found.pooled else None
    if found.gap is None:
        return None
    steps = {row.agent: row.step for row in found.ratings}
    return found.gap.candidate, steps.get(found.gap.candidate)


def is_same(checkpoint: Checkpoint, agent: str, step: int | None) -> bool:
    """Tell whether an agent is this checkpoint: by its name, or that of its artifact, or by the training step.

    >>> is_same(Checkpoint(name="adapter_v50"), "run7_adapter_v50", 50)
    False
    >>> is_same(Checkpoint(name="checkpoint-50", step=50), "adapter_v50", 50)
    True
    >>> is_same(Checkpoint(name="adapter_v50:v3", artifact="team/league/adapter_v50:v3"), "adapter_v50", None)
    True
    """
    names = {checkpoint.name, checkpoint.name.partition(":")[0]}
    if checkpoint.artifact is not None:
        names.add(checkpoint.artifact.rpartition("/")[2].partition(":")[0])
    return agent in names or (step is not None and step == checkpoint.step)
