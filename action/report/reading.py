"""`verdict.json` back to a verdict, for the commands that start from one.

Every field is checked by hand against version 1: a validator at run time would say less about what to do. Fields that
this version does not know are left alone, since later versions add some. No judgement may enter.
"""

from __future__ import annotations

from action.report.document import VERSION
from action.report.elo_reading import read_elo
from action.report.field import Field, parse_json
from checks.place import Where
from checks.result import (
    CheckKind,
    CheckResult,
    Decision,
    Diagnosis,
    Milestone,
    Outcome,
    Pace,
    PolicyFacts,
    Progress,
    RunFacts,
    Severity,
    UsedWaiver,
    Verdict,
)
from checks.run import Checkpoint, Note, NoteKind, Origin, RunState

LARGEST = 50_000_000
"""Bytes of a verdict that is read."""
_EXIT_CODES = {
    Decision.PASS: (0,),
    Decision.FAIL: (10,),
    Decision.INCONCLUSIVE: (11,),
    Decision.ERROR: (2, 3),
}


def parse_verdict(text: str, *, name: str = "verdict.json") -> Verdict:
    """Read the text of a `verdict.json`; `name` is what messages call it.

    Raises InputError, with the path of the field, for anything that version 1 does not allow, for repeated keys, and
    for an exit code that is not the verdict's.
    """
    top = Field(name=name, path="", value=parse_json(text, name))
    version = top["version"].whole()
    if version != VERSION:
        raise top["version"].wrong(f"{VERSION}", "write the verdict anew with this version: gatekeeper check RUN")
    decision = top["verdict"].choice(Decision)
    exit_code = top["exit_code"].whole()
    if exit_code not in _EXIT_CODES[decision]:
        codes = " or ".join(str(code) for code in _EXIT_CODES[decision])
        raise top["exit_code"].wrong(f"{codes}, the exit code of verdict `{decision}`", "do not edit verdicts by hand")
    return Verdict(
        decision=decision,
        headline=top["headline"].text(),
        exit_code=exit_code,
        judged_at=top["judged_at"].text(),
        tool_version=top["tool"]["version"].text(),
        run=_run(top["run"]),
        checkpoint=top["checkpoint"].optional(_checkpoint),
        origin=_origin(top),
        policy=_policy(top["policy"]),
        checks=top["checks"].items(_check),
        elo=top["elo"].optional(read_elo),
        diagnosis=top["diagnosis"].items(_diagnosis),
        progress=top.added("progress").optional(_progress),
        waivers=top["waivers"].items(_waiver),
        notes=top["notes"].items(_note),
        not_asked=top["not_asked"].items(Field.text),
        evidence_sha256=top["evidence"]["sha256"].text(),
    )


def _origin(top: Field) -> Origin | None:
    repository = top["repository"].optional(Field.text)
    if repository is None:
        return None
    return Origin(repository=repository, sha=top["sha"].optional(Field.text), attempt=top["attempt"].whole())


def _run(run: Field) -> RunFacts:
    return RunFacts(
        ref=run["ref"].text(),
        id=run["id"].optional(Field.text),
        name=run["name"].text(),
        url=run["url"].optional(Field.text),
        state=run["state"].choice(RunState),
        commit=run["commit"].optional(Field.text),
        started_at=run["started_at"].optional(Field.text),
        finished_at=run["finished_at"].optional(Field.text),
        last_step=run["last_step"].optional(Field.whole),
        planned_steps=run["planned_steps"].optional(Field.whole),
    )


def _checkpoint(checkpoint: Field) -> Checkpoint:
    return Checkpoint(
        name=checkpoint["name"].text(),
        step=checkpoint["step"].optional(Field.whole),
        artifact=checkpoint["artifact"].optional(Field.text),
        digest=checkpoint["digest"].optional(Field.text),
    )


def _policy(policy: Field) -> PolicyFacts:
    return PolicyFacts(
        source=policy["source"].text(),
        sha256=policy["sha256"].text(),
        profiles=policy["profiles"].items(Field.text),
        trial=policy["trial"].flag(),
    )


def _check(check: Field) -> CheckResult:
    return CheckResult(
        id=check["id"].text(),
        kind=check["kind"].choice(CheckKind),
        title=check["title"].text(),
        outcome=check["outcome"].choice(Outcome),
        severity=check["severity"].choice(Severity),
        observed=check["observed"].optional(Field.number),
        bound=check["bound"].optional(Field.text),
        unit=check["unit"].optional(Field.text),
        step=check["step"].optional(Field.whole),
        n=check["n"].optional(Field.whole),
        low=check["low"].optional(Field.number),
        high=check["high"].optional(Field.number),
        reason=check["reason"].text(),
        remedy=check["remedy"].optional(Field.text),
        where=check["where"].optional(_where),
    )


def _where(where: Field) -> Where:
    return Where(file=where["file"].text(), line=where["line"].whole())


def _diagnosis(found: Field) -> Diagnosis:
    return Diagnosis(**{name: found[name].text() for name in ("pattern", "title", "evidence", "cause", "remedy")})


def _progress(found: Field) -> Progress:
    return Progress(reference=found["reference"].text(), points=found["points"].items(_milestone))


def _milestone(point: Field) -> Milestone:
    return Milestone(
        by=point["by"].whole(),
        expected=point["expected"].number(),
        checkpoint=point["checkpoint"].optional(Field.text),
        at=point["at"].optional(Field.whole),
        elo=point["elo"].optional(Field.number),
        low=point["low"].optional(Field.number),
        high=point["high"].optional(Field.number),
        pace=point["pace"].choice(Pace),
    )


def _waiver(waiver: Field) -> UsedWaiver:
    return UsedWaiver(
        check=waiver["check"].text(),
        scope=waiver["scope"].text(),
        reason=waiver["reason"].text(),
        expires=waiver["expires"].text(),
        used=waiver["used"].flag(),
        approved_by=waiver.added("approved_by").optional(_texts) or (),
        pull_request=waiver.added("pull_request").optional(Field.whole),
    )


def _texts(listed: Field) -> tuple[str, ...]:
    return listed.items(Field.text)


def _note(note: Field) -> Note:
    return Note(kind=note["kind"].choice(NoteKind), text=note["text"].text())
