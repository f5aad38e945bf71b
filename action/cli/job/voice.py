"""What the runner is told: outputs, annotations and the summary. What they say is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from action.escape import markdown
from action.report.markdown import verdict_markdown
from action.runner import Annotation, Level, Runner
from checks.result import CheckResult, Outcome, Severity

if TYPE_CHECKING:
    from action.pipeline import Judged

_LEVELS = {Outcome.FAIL: Level.ERROR, Outcome.ERROR: Level.ERROR, Outcome.INCONCLUSIVE: Level.ERROR}


def tell_verdict(runner: Runner, judged: Judged, out: Path) -> None:
    """Tell a verdict: annotations, summary, first outputs."""
    verdict = judged.verdict
    runner.annotate(_annotations(verdict.checks))
    runner.summary(verdict_markdown(verdict))
    deciding = next((one.id for one in verdict.checks if one.outcome.value == verdict.decision.value != "pass"), "")
    runner.outputs(
        {
            "verdict": verdict.decision.value,
            "exit-code": str(verdict.exit_code),
            "reason-code": deciding or verdict.decision.value,
            "verdict-json": str(out / "verdict.json"),
            "report": str(out / "verdict.md"),
            "evidence": str(out / "evidence"),
        }
    )


def tell_nothing(runner: Runner, verdict: str, code: int, told: tuple[str, str, str]) -> None:
    """Tell that there is no verdict: in words and in the outputs; `told`: the reason's code, a headline, a text."""
    reason, headline, text = told
    runner.summary(f"## Experiment Gatekeeper\n\n**{headline}** {markdown(text)}\n")
    runner.outputs({"verdict": verdict, "exit-code": str(code), "reason-code": reason, "operation": "none"})


def tell_error(runner: Runner, code: int, reason: str, text: str) -> None:
    """Tell an error of the set-up or of a service."""
    lines = text.splitlines() or [""]
    runner.annotate(Annotation(level=Level.ERROR, title="No verdict", text=line) for line in lines[:20])
    tell_nothing(runner, "error", code, (reason, "No verdict was given.", lines[0]))


def _annotations(results: Iterable[CheckResult]) -> Iterable[Annotation]:
    for one in results:
        level = _LEVELS.get(one.outcome, Level.WARNING if one.outcome is Outcome.WARN else None)
        if level is not None:
            level = level if one.severity is Severity.BLOCK else Level.WARNING
            place = (None, None) if one.where is None else (one.where.file, one.where.line)
            title = f"{one.outcome.value}: {one.title}"
            yield Annotation(level=level, title=title, text=one.reason, file=place[0], line=place[1])
