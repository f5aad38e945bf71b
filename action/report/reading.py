"""`verdict.json` back to a verdict, for the commands that start from one.

Every field is checked by hand against version 1: a validator at run time would say less about what to do. Fields that
this version does not know are left alone, since later versions add some. No judgement may enter.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from action.errors import InputError
from action.escape import one_line
from action.report.document import VERSION, Json, Object
from checks.result import (
    CheckKind,
    CheckResult,
    Decision,
    Outcome,
    PolicyFacts,
    RunFacts,
    Severity,
    UsedWaiver,
    Verdict,
    Where,
)
from checks.run import Checkpoint, Note, NoteKind, RunState

_EXIT_CODES = {
    Decision.PASS: (0,),
    Decision.FAIL: (10,),
    Decision.INCONCLUSIVE: (11,),
    Decision.ERROR: (2, 3),
}

Choice = TypeVar("Choice", bound=StrEnum)
Item = TypeVar("Item")


def parse_verdict(text: str, *, name: str = "verdict.json") -> Verdict:
    """Read the text of a `verdict.json`; `name` is what messages call it.

    Raises InputError, with the path of the field, for anything that version 1 does not allow, for repeated keys, and
    for an exit code that is not the verdict's.
    """
    top = _Field(name=name, path="", value=_parse_json(text, name))
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
        policy=_policy(top["policy"]),
        checks=top["checks"].items(_check),
        waivers=top["waivers"].items(_waiver),
        notes=top["notes"].items(_note),
        not_asked=top["not_asked"].items(_Field.text),
        evidence_sha256=top["evidence"]["sha256"].text(),
    )


def _parse_json(text: str, name: str) -> Json:
    try:
        value: Json = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except RecursionError as error:
        raise InputError(f"{name}: expected a verdict, got JSON nested too deep; name another file") from error
    except ValueError as error:
        raise InputError(
            f"{name}: expected the JSON of a verdict, got a text that is none ({error}); "
            "name the verdict.json that `gatekeeper check RUN --out DIR` wrote"
        ) from error
    return value


def _unique(pairs: list[tuple[str, Json]]) -> Object:
    fields: Object = {}
    for key, value in pairs:
        if key in fields:
            raise ValueError(f"repeated key {key!r}")
        fields[key] = value
    return fields


def _no_constant(word: str) -> Json:
    raise ValueError(f"{word} is no JSON number")


@dataclass(frozen=True, kw_only=True)
class _Field:
    """A value with the path that leads to it, so that every fault can say where."""

    name: str
    path: str
    value: Json

    def __getitem__(self, key: str) -> _Field:
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        path = f"{self.path}.{key}" if self.path else key
        if key not in self.value:
            raise InputError(f"{self.name}: {path}: expected a value, got no such field; {_WRITE_ANEW}")
        return _Field(name=self.name, path=path, value=self.value[key])

    def wrong(self, expected: str, remedy: str | None = None) -> InputError:
        """Return the error for a value that is not what is expected."""
        got = one_line(_show(self.value), limit=80)
        where = f"{self.name}: {self.path}" if self.path else self.name
        return InputError(f"{where}: expected {expected}, got {got}; {remedy or _WRITE_ANEW}")

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def whole(self) -> int:
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("a whole number")
        return self.value

    def number(self) -> float:
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.wrong("a number")
        try:
            value = float(self.value)
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self.wrong("a finite number or null")
        return value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def choice(self, kind: type[Choice]) -> Choice:
        if not isinstance(self.value, str) or self.value not in {word.value for word in kind}:
            raise self.wrong("one of " + ", ".join(word.value for word in kind))
        return kind(self.value)

    def optional(self, read: Callable[[_Field], Item]) -> Item | None:
        return None if self.value is None else read(self)

    def items(self, read: Callable[[_Field], Item]) -> tuple[Item, ...]:
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return tuple(
            read(_Field(name=self.name, path=f"{self.path}[{index}]", value=value))
            for index, value in enumerate(self.value)
        )


def _show(value: Json) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return json.dumps(value, ensure_ascii=False)


_WRITE_ANEW = "write the verdict anew: gatekeeper check RUN --out DIR"


def _run(run: _Field) -> RunFacts:
    return RunFacts(
        ref=run["ref"].text(),
        id=run["id"].optional(_Field.text),
        name=run["name"].text(),
        url=run["url"].optional(_Field.text),
        state=run["state"].choice(RunState),
        commit=run["commit"].optional(_Field.text),
        started_at=run["started_at"].optional(_Field.text),
        finished_at=run["finished_at"].optional(_Field.text),
        last_step=run["last_step"].optional(_Field.whole),
        planned_steps=run["planned_steps"].optional(_Field.whole),
    )


def _checkpoint(checkpoint: _Field) -> Checkpoint:
    return Checkpoint(
        name=checkpoint["name"].text(),
        step=checkpoint["step"].optional(_Field.whole),
        artifact=checkpoint["artifact"].optional(_Field.text),
        digest=checkpoint["digest"].optional(_Field.text),
    )


def _policy(policy: _Field) -> PolicyFacts:
    return PolicyFacts(
        source=policy["source"].text(),
        sha256=policy["sha256"].text(),
        profiles=policy["profiles"].items(_Field.text),
        trial=policy["trial"].flag(),
    )


def _check(check: _Field) -> CheckResult:
    return CheckResult(
        id=check["id"].text(),
        kind=check["kind"].choice(CheckKind),
        title=check["title"].text(),
        outcome=check["outcome"].choice(Outcome),
        severity=check["severity"].choice(Severity),
        observed=check["observed"].optional(_Field.number),
        bound=check["bound"].optional(_Field.text),
        unit=check["unit"].optional(_Field.text),
        step=check["step"].optional(_Field.whole),
        n=check["n"].optional(_Field.whole),
        low=check["low"].optional(_Field.number),
        high=check["high"].optional(_Field.number),
        reason=check["reason"].text(),
        remedy=check["remedy"].optional(_Field.text),
        where=check["where"].optional(_where),
    )


def _where(where: _Field) -> Where:
    return Where(file=where["file"].text(), line=where["line"].whole())


def _waiver(waiver: _Field) -> UsedWaiver:
    return UsedWaiver(
        check=waiver["check"].text(),
        scope=waiver["scope"].text(),
        reason=waiver["reason"].text(),
        expires=waiver["expires"].text(),
        used=waiver["used"].flag(),
    )


def _note(note: _Field) -> Note:
    return Note(kind=note["kind"].choice(NoteKind), text=note["text"].text())
