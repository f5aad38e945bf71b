"""Verdict to `verdict.json`, and the tables of other commands to JSON. The same value gives the same bytes anywhere.

Names and order of the fields are a promise (version 1): fields are added, never renamed. No layout for people may
enter.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from action.report.elo_document import Json, Object, elo_document
from checks.number import finite
from checks.place import Where
from checks.result import CheckResult, Diagnosis, Milestone, PolicyFacts, Progress, RunFacts, UsedWaiver, Verdict
from checks.run import Checkpoint, Note, Scalar

VERSION = 1
TOOL = "experiment-gatekeeper"


def verdict_document(verdict: Verdict) -> Object:
    """Return the verdict as the object of `verdict.json`, version 1: numbers finite, 9 significant digits, or None."""
    return {
        "version": VERSION,
        "verdict": verdict.decision.value,
        "headline": verdict.headline,
        "exit_code": verdict.exit_code,
        "judged_at": verdict.judged_at,
        "tool": {"name": TOOL, "version": verdict.tool_version},
        "repository": None if verdict.origin is None else verdict.origin.repository,
        "sha": None if verdict.origin is None else verdict.origin.sha,
        "attempt": None if verdict.origin is None else verdict.origin.attempt,
        "run": _run(verdict.run),
        "checkpoint": _checkpoint(verdict.checkpoint),
        "policy": _policy(verdict.policy),
        "checks": [_check(check) for check in verdict.checks],
        "elo": None if verdict.elo is None else elo_document(verdict.elo),
        "diagnosis": [diagnosis_document(one) for one in verdict.diagnosis],
        "progress": None if verdict.progress is None else _progress(verdict.progress),
        "waivers": [_waiver(waiver) for waiver in verdict.waivers],
        "notes": notes_document(verdict.notes),
        "not_asked": list(verdict.not_asked),
        "evidence": {"sha256": verdict.evidence_sha256},
    }


def _run(run: RunFacts) -> Object:
    return {
        "ref": run.ref,
        "id": run.id,
        "name": run.name,
        "url": run.url,
        "state": run.state.value,
        "commit": run.commit,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "last_step": run.last_step,
        "planned_steps": run.planned_steps,
    }


def _checkpoint(checkpoint: Checkpoint | None) -> Object | None:
    if checkpoint is None:
        return None
    return {
        "name": checkpoint.name,
        "step": checkpoint.step,
        "artifact": checkpoint.artifact,
        "digest": checkpoint.digest,
    }


def _policy(policy: PolicyFacts) -> Object:
    return {
        "source": policy.source,
        "sha256": policy.sha256,
        "profiles": list(policy.profiles),
        "trial": policy.trial,
    }


def _check(check: CheckResult) -> Object:
    return {
        "id": check.id,
        "kind": check.kind.value,
        "title": check.title,
        "outcome": check.outcome.value,
        "severity": check.severity.value,
        "observed": finite(check.observed),
        "bound": check.bound,
        "unit": check.unit,
        "step": check.step,
        "n": check.n,
        "low": finite(check.low),
        "high": finite(check.high),
        "reason": check.reason,
        "remedy": check.remedy,
        "where": _where(check.where),
    }


def _where(where: Where | None) -> Object | None:
    return None if where is None else {"file": where.file, "line": where.line}


def diagnosis_document(found: Diagnosis) -> Object:
    """Return a pattern that a run shows."""
    return {
        "pattern": found.pattern,
        "title": found.title,
        "evidence": found.evidence,
        "cause": found.cause,
        "remedy": found.remedy,
    }


def _progress(found: Progress) -> Object:
    return {"reference": found.reference, "points": [_milestone(one) for one in found.points]}


def _milestone(point: Milestone) -> Object:
    return {
        "by": point.by,
        "expected": finite(point.expected),
        "checkpoint": point.checkpoint,
        "at": point.at,
        "elo": finite(point.elo),
        "low": finite(point.low),
        "high": finite(point.high),
        "pace": point.pace.value,
    }


def _waiver(waiver: UsedWaiver) -> Object:
    return {
        "check": waiver.check,
        "scope": waiver.scope,
        "reason": waiver.reason,
        "expires": waiver.expires,
        "used": waiver.used,
        "approved_by": list(waiver.approved_by),
        "pull_request": waiver.pull_request,
    }


def notes_document(notes: Iterable[Note]) -> list[Json]:
    """Return notes as objects."""
    return [{"kind": note.kind.value, "text": note.text} for note in notes]


def table_document(columns: Sequence[str], rows: Iterable[Sequence[Scalar]], notes: Iterable[Note] = ()) -> Object:
    """Return `{version, rows[], notes[]}`, a row an object with the columns as its fields.

    Raises ValueError if two columns share a name or a row has another length: that is a fault of the program.
    """
    if len(set(columns)) != len(columns):
        raise ValueError(f"columns share a name: {columns}")
    objects: list[Json] = [{name: _cell(cell) for name, cell in zip(columns, row, strict=True)} for row in rows]
    return {"version": VERSION, "rows": objects, "notes": notes_document(notes)}


def _cell(cell: Scalar) -> Scalar:
    return finite(cell) if isinstance(cell, float) else cell


def json_text(document: Object) -> str:
    """Return the object as JSON: indented, pure ASCII, one newline at its end.

    ASCII keeps the bytes the same everywhere, holds lone surrogates, and makes what a log or a name hides (control
    characters, changes of direction, U+2028) visible and harmless where the text is printed.
    """
    text = json.dumps(document, indent=2, ensure_ascii=True, allow_nan=False)
    # The one control character that json leaves alone; it can only stand inside a string.
    # `##[` would be a command to a runner of GitHub Actions, wherever in a line it stands.
    return text.replace("\x7f", "\\u007f").replace("##[", "#\\u0023[") + "\n"


def verdict_json(verdict: Verdict) -> str:
    """Return the text of `verdict.json`."""
    return json_text(verdict_document(verdict))
