"""What people see of a verdict, in words and in order, for the terminal and the Markdown alike.

Texts of the verdict pass through unescaped: the page that shows them escapes. No colour, markup or width may enter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from checks.number import show_number
from checks.result import CheckResult, Decision, Outcome, Severity, Verdict
from checks.run import NoteKind

NOTHING = "–"

WORDS = {
    Decision.PASS: "Pass",
    Decision.FAIL: "Fail",
    Decision.INCONCLUSIVE: "Inconclusive",
    Decision.ERROR: "Error",
}
NOTE_WORDS = {NoteKind.ODD: "Odd", NoteKind.LOST: "Lost", NoteKind.OVERLAP: "Overlap"}


class Group(StrEnum):
    """The sections of a report, in the order they are shown; the value is the heading."""

    ERROR = "Could not be judged"
    FAIL = "Failed"
    INCONCLUSIVE = "Inconclusive"
    WARN = "Warnings"
    PASS = "Passed"  # noqa: S105 - a heading, no password
    NOT_MEASURED = "Not measured"


OPEN = (Group.ERROR, Group.FAIL, Group.INCONCLUSIVE, Group.WARN)
"""The groups a person has to read."""


def group_of(check: CheckResult) -> Group:
    """Return the section of a check: what does not block is a warning, whatever it found."""
    if check.outcome is Outcome.PASS:
        return Group.PASS
    if check.outcome is Outcome.NOT_MEASURED:
        return Group.NOT_MEASURED
    if check.severity is Severity.WARN or check.outcome is Outcome.WARN:
        return Group.WARN
    return {
        Outcome.ERROR: Group.ERROR,
        Outcome.FAIL: Group.FAIL,
        Outcome.INCONCLUSIVE: Group.INCONCLUSIVE,
    }[check.outcome]


def arrange(verdict: Verdict) -> dict[Group, tuple[CheckResult, ...]]:
    """Return the checks by section, in the order of the report; inside one in the order of the verdict."""
    return {group: tuple(check for check in verdict.checks if group_of(check) is group) for group in Group}


def meaning(verdict: Verdict) -> str:
    """Say in one line what the verdict means for the gate, and how many checks say so.

    Names nothing from the data, so it needs no escaping.
    """
    counts = {group: len(checks) for group, checks in arrange(verdict).items()}
    if verdict.decision is Decision.PASS:
        told = f"{_passed(counts[Group.PASS])}"
        waived = len(verdict.waived)
        rest = [(counts[Group.WARN] - waived, "warning", "warnings"), (waived, "waived", "waived")]
    else:
        told = _trouble(counts) or "no blocking check could be evaluated"
        rest = []
    more = "".join(f", {many(count, one, several)}" for count, one, several in rest if count)
    opens = verdict.decision is Decision.PASS
    if verdict.policy.trial:
        would = "Nothing would hold it up" if opens else "It would be held up"
        return f"A trial, nothing is gated. {would}: {told}{more}."
    return f"{'Nothing holds it up' if opens else 'It is held up'}: {told}{more}."


def _passed(count: int) -> str:
    return f"{many(count, 'check', 'checks')} passed"


def _trouble(counts: dict[Group, int]) -> str:
    parts = [
        (counts[Group.ERROR], "could not be judged", "could not be judged"),
        (counts[Group.FAIL], "failed", "failed"),
        (counts[Group.INCONCLUSIVE], "is inconclusive", "are inconclusive"),
    ]
    told = [(count, one if count == 1 else several) for count, one, several in parts if count]
    if not told:
        return ""
    first = f"{many(told[0][0], 'check', 'checks')} {told[0][1]}"
    return ", ".join([first, *(f"{count} {words}" for count, words in told[1:])])


def many(count: int, one: str, several: str) -> str:
    """Return `1 check`, `1,200 checks`."""
    return f"{count:,} {one if count == 1 else several}"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One check as the texts of a table's row; not escaped."""

    check: CheckResult
    status: str
    """The outcome as it counts for the gate: `warn` for what fails without blocking, `waived` for what is waived."""
    value: str
    at: str
    """At which step the value stands; empty where it stands at none."""
    rule: str
    interval: str
    samples: str
    place: str
    """Where the check is written down: `policy.yml:12`; empty for integrity checks."""
    aside: str
    """What has to be said beside the title: that the check does not block, that it is waived; else empty."""


def row_of(check: CheckResult, waived: frozenset[str] = frozenset()) -> Row:
    """Return the row of a check; `waived` holds the ids of the checks whose waiver this verdict needed."""
    return Row(
        check=check,
        status=_status(check, waived),
        value=_value(check),
        at="" if check.step is None else f"at step {check.step:,}",
        rule=check.bound or NOTHING,
        interval=_interval(check),
        samples=NOTHING if check.n is None else f"{check.n:,}",
        place="" if check.where is None else f"{check.where.file}:{check.where.line}",
        aside=_aside(check, waived),
    )


def _status(check: CheckResult, waived: frozenset[str]) -> str:
    if check.id in waived:
        return "waived"
    return Outcome.WARN.value if group_of(check) is Group.WARN else check.outcome.value


def _aside(check: CheckResult, waived: frozenset[str]) -> str:
    if check.outcome in (Outcome.PASS, Outcome.NOT_MEASURED, Outcome.WARN):
        return ""
    word = {Outcome.FAIL: "failed", Outcome.INCONCLUSIVE: "inconclusive", Outcome.ERROR: "not judged"}[check.outcome]
    if check.id in waived:
        return f"{word}, waived"
    return f"{word}, does not block" if check.severity is Severity.WARN else ""


_NUMBER = re.compile(r"-?[0-9][0-9,]*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?")


def _value(check: CheckResult) -> str:
    if check.observed is None:
        return NOTHING
    bounds = [float(found.replace(",", "")) for found in _NUMBER.findall(check.bound or "")]
    text = _apart(check.observed, bounds)
    # A share is a bare number, as in its rule.
    return f"{text} {check.unit}" if check.unit and check.unit != "share" else text


def _apart(value: float, bounds: Iterable[float]) -> str:
    """Show a number with as many digits as it takes to look different from the bounds it differs from.

    >>> _apart(0.1000004, [0.1]), _apart(0.1, [0.1]), _apart(0.31234, [0.1])
    ('0.1000004', '0.1', '0.3123')
    """
    short = show_number(value)
    if any(bound != value and show_number(bound) == short for bound in bounds):
        return f"{value:.9g}"
    return short


def _interval(check: CheckResult) -> str:
    if check.low is None and check.high is None:
        return NOTHING
    if check.low is None:
        return f"up to {show_number(check.high)}"
    if check.high is None:
        return f"from {show_number(check.low)}"
    return f"{show_number(check.low)} to {show_number(check.high)}"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """One thing to do, and the checks that ask for it."""

    remedy: str
    rows: tuple[Row, ...]


def advice(rows: Iterable[Row]) -> tuple[Advice, ...]:
    """Return what to do, in the order of the rows; the same remedy of several checks once."""
    asked: dict[str, list[Row]] = {}
    for row in rows:
        if row.check.remedy:
            asked.setdefault(row.check.remedy, []).append(row)
    return tuple(Advice(remedy=remedy, rows=tuple(found)) for remedy, found in asked.items())


READING = "The tool's reading: it takes no part in the verdict."


def diagnosis_told(verdict: Verdict) -> str:
    """Say in a line which patterns the run shows; empty where it shows none."""
    return " · ".join(found.title for found in verdict.diagnosis)


def facts(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    """Return what the verdict is bound to, as pairs of word and text; what is not known is left out."""
    run, policy, checkpoint = verdict.run, verdict.policy, verdict.checkpoint
    pairs: list[tuple[str, str | None]] = [
        ("Run", run.name if run.id is None or run.id == run.name else f"{run.name} ({run.id})"),
        ("Read from", run.ref),
        ("State", run.state.value),
        ("Steps", _steps(run.last_step, run.planned_steps)),
        ("Started", run.started_at),
        ("Finished", run.finished_at),
        ("Commit", run.commit),
        ("Checkpoint", None if checkpoint is None else checkpoint.name),
        ("Checkpoint step", None if checkpoint is None or checkpoint.step is None else f"{checkpoint.step:,}"),
        ("Artifact", None if checkpoint is None else checkpoint.artifact),
        ("Checkpoint digest", None if checkpoint is None else checkpoint.digest or "none: it cannot be promoted"),
        ("Policy", policy.source + (" (trial)" if policy.trial else "")),
        ("Profiles", ", ".join(policy.profiles) or None),
        ("Policy digest", f"sha256:{policy.sha256}"),
        ("Evidence digest", f"sha256:{verdict.evidence_sha256}"),
        ("Judged at", verdict.judged_at),
        ("Tool", f"experiment-gatekeeper {verdict.tool_version}"),
    ]
    return tuple((word, text) for word, text in pairs if text is not None)


def _steps(last: int | None, planned: int | None) -> str | None:
    if last is None:
        return None if planned is None else f"none of {planned:,} planned"
    return f"{last:,}" if planned is None else f"{last:,} of {planned:,} planned"
