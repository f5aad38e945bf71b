"""Waivers: a person's decision that one check does not block one run, or the runs of one commit, until a day.

What a verdict makes of them may not enter; YAML and pydantic stay outside too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias

from checks.document import Document, Path, did_you_mean, parse_document, quote
from checks.run import Identity, Origin

SKIPPED = "\0"
"""Stands for a waiver's check where the waiver's shape is at fault already; YAML has no such character."""
COMMIT = r"([0-9A-Fa-f]{40}|[0-9A-Fa-f]{64})"
"""A whole SHA: a shorter one may come to mean another commit, a name of a branch always does."""
ONE_RUN = r"(?=.*\S)(?!.*\[.*\])[^*?]*"
"""The name or id of a run: no pattern, and not blank."""
_PATTERN = re.compile(r"[*?]|\[.*\]", re.DOTALL)
_AS_SHOWN = re.compile(rf"commit {COMMIT}")
_Tell: TypeAlias = Callable[[Path, str], None]
"""Notes a fault at a key path."""


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A person's decision that one check does not block, until a day. One of `run` and `commit` is given."""

    check: str
    run: str | None = None
    """The run's name or id; None: the runs of a commit are meant."""
    commit: str | None = None
    """A whole SHA in small letters."""
    reason: str
    expires: date
    """The last day, in UTC, on which it holds."""

    @property
    def scope(self) -> str:
        """Name the run or the commit as reports do; no run that can be waived is called like a commit."""
        return f"commit {self.commit}" if self.run is None else self.run

    def fits(self, run: Identity, origin: Origin | None) -> bool:
        """Tell whether it is for a run: for its name or id, for its own commit, or for the one that it is judged for.

        A run may record its commit abbreviated: that fits no waiver, since several commits may begin so.
        """
        if self.run is not None:
            return self.run in (run.name, run.id)
        judged = None if origin is None else origin.sha
        return self.commit in [sha.lower() for sha in (run.commit, judged) if sha is not None]


def read_waivers(document: Document, values: Mapping[str, Any], today: date, tell: _Tell) -> tuple[Waiver, ...]:
    """Read the waivers of a policy whose shape fits; what a shape cannot say is checked here.

    Args:
        document: knows the lines.
        values: the policy as validated.
        today: decides whether a waiver has expired.
        tell: notes a fault.
    """
    listed = values.get("waivers", [])
    read = [_read(("waivers", i), waiver, values.get("checks", {}), tell) for i, waiver in enumerate(listed)]
    known: dict[tuple[str, str], int] = {}
    for i, waiver in enumerate(read):
        if waiver is None:
            continue
        path: Path = ("waivers", i)
        if waiver.expires < today:
            problem = (
                f"expected a day from {today} on, got {waiver.expires}: the waiver has expired; remove or renew it"
            )
            tell((*path, "expires"), problem)
        first = known.setdefault((waiver.check, waiver.scope), i)
        if first != i:
            got = f"another of `{quote(waiver.check)}` for `{quote(waiver.scope)}`"
            line = document.place(("waivers", first)).line
            tell(path, f"expected one waiver for a check and its scope, got {got} (first in line {line}); remove one")
    return tuple(waiver for waiver in read if waiver is not None)


def waivers_in(text: str) -> frozenset[Waiver]:
    """Give the waivers that the text of a policy holds, whatever else is wrong with it: also those that have expired.

    It is for texts that are in force no more: what cannot be read as a waiver is left out, not told.
    """
    document, _ = parse_document(text, "")
    listed = document.values.get("waivers")
    found = (_plain(one) for one in (listed if isinstance(listed, list) else ()) if isinstance(one, dict))
    return frozenset(waiver for waiver in found if waiver is not None)


def _plain(values: Mapping[str, Any]) -> Waiver | None:
    faults: list[str] = []
    texts = [values.get(name, "") for name in ("check", "run", "commit", "reason")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(values.get("expires"), date | str):
        return None
    check = {texts[0]: None}  # whatever it names: the check may be gone
    read = _read((), {"reason": "", **values}, check, lambda _, problem: faults.append(problem))
    return None if faults else read


def _read(path: Path, values: Mapping[str, Any], checks: Mapping[str, Any], tell: _Tell) -> Waiver | None:
    """Read one waiver; None if it cannot be told what it is for, or until when."""
    if values["check"] == SKIPPED:
        return None
    _require_check((*path, "check"), values["check"], checks, tell)
    if _blank(values["reason"]):
        tell((*path, "reason"), "expected why the check may be waived, got a blank text; say it in words")
    scope = _scope(path, values, tell)
    expires = _day((*path, "expires"), values["expires"], tell)
    if scope is None or expires is None:
        return None
    return Waiver(check=values["check"], **scope, reason=values["reason"], expires=expires)


def _require_check(path: Path, check: str, checks: Mapping[str, Any], tell: _Tell) -> None:
    if check == "integrity" or check.startswith("integrity/"):
        tell(path, "expected a check of the policy, got data integrity, which cannot be waived; repair the data")
    elif _PATTERN.search(check):
        tell(path, f"expected one check of the policy, got the pattern `{quote(check)}`; write a waiver for each check")
    elif check not in checks:
        tell(path, f"expected a check of the policy, got `{quote(check)}`; {did_you_mean(check, checks)}")


def _scope(path: Path, values: Mapping[str, Any], tell: _Tell) -> dict[str, str] | None:
    """Read whom it is for: exactly one of a run and a commit."""
    if ("run" in values) == ("commit" in values):
        got = "both; keep one" if "run" in values else "none of them; say which run, or which commit, it is for"
        tell(path, f"expected exactly one of `run`, `commit`, got {got}")
        return None
    if "commit" in values:
        return _commit((*path, "commit"), values["commit"], tell)
    run = values["run"]
    here = (*path, "run")
    if _PATTERN.search(run):
        advice = "a waiver holds for one run: write its name, or its id where the name has such characters"
        tell(here, f"expected the name or id of a run, got the pattern `{quote(run)}`; {advice}")
    elif _blank(run):
        tell(here, "expected the name or id of a run, got a blank text; write one")
    elif _AS_SHOWN.fullmatch(run):
        tell(here, f"expected the name or id of a run, got `{quote(run)}`; write `commit: {run[7:]}`")
    return {"run": run}


def _commit(path: Path, commit: str, tell: _Tell) -> dict[str, str]:
    if not re.fullmatch(COMMIT, commit):
        advice = "a shorter one or a name may come to mean another commit: write what `git rev-parse` prints"
        tell(path, f"expected a whole commit of 40 or 64 hexadecimal digits, got `{quote(commit)}`; {advice}")
    return {"commit": commit.lower()}


def _day(path: Path, value: date | str, tell: _Tell) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        tell(path, f"expected a day as 2099-12-31, got `{quote(value)}`; change it")
        return None


def _blank(text: str) -> bool:
    """Tell whether nothing can be seen of a text."""
    return not any(letter.isprintable() and not letter.isspace() for letter in text)
