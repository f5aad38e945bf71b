"""Are these data fit to judge? The integrity checks in their order.

No bound of a policy enters: integrity is asked of every run, and cannot be waived or switched off.
"""

from __future__ import annotations

from checks.completeness import damage, run_state, steps_reached
from checks.finding import Judged
from checks.result import CheckResult
from checks.run import Evidence
from checks.soundness import flat_line, gaps, log_calls, non_finite


def check_integrity(evidence: Evidence, judged: Judged) -> tuple[CheckResult, ...]:
    """Hold a run against every integrity check, in a fixed order."""
    run = evidence.run
    return (
        run_state(run),
        steps_reached(run, judged.step, judged.plan),
        log_calls(run, judged),
        non_finite(judged),
        gaps(run, judged),
        flat_line(judged),
        damage(evidence),
    )
