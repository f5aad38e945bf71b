"""The check run that explains a verdict: its title, its text, and remarks at the policy's lines.

What a report looks like is laid out elsewhere, and what is posted is decided elsewhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import quote

from action.escape import one_line
from action.forge import Conclusion, Remark, Report, Weight
from action.publish.ledger import Entry
from checks.result import CheckResult, Decision, Outcome, Severity, Verdict

MOST_REMARKS = 200
"""More are left out, and said so: they stand in the report."""
_CONCLUSIONS = {
    Decision.PASS: Conclusion.SUCCESS,
    Decision.FAIL: Conclusion.FAILURE,
    Decision.INCONCLUSIVE: Conclusion.ACTION_REQUIRED,
    Decision.ERROR: Conclusion.FAILURE,
}
_WEIGHTS = {
    Outcome.FAIL: Weight.FAILURE,
    Outcome.ERROR: Weight.FAILURE,
    Outcome.INCONCLUSIVE: Weight.FAILURE,
    Outcome.WARN: Weight.WARNING,
}
_TITLE, _TEXT = 250, 8_000
_MARK = re.compile(r"<!-- remarks: ([0-9a-f]{16}) -->")
_PROFILES = ("profile ", "profiles ")
"""How the source of a policy begins that is no file."""
_WHOSE = "experiment-gatekeeper:"


def external_id(entry: Entry) -> str:
    """Name the check run of a run and policy on a commit.

    >>> from action.publish.ledger import Standing
    >>> external_id(Entry(run="a b", policy="0" * 12, standing=Standing.PASS, judged_at=""))
    'experiment-gatekeeper:a%20b:000000000000'
    """
    return f"{_WHOSE}{quote(entry.run, safe='')}:{entry.policy}"


def is_of_run(found: str, run: str) -> bool:
    """Tell whether a check run is about this run, under whatever policy."""
    return found.startswith(f"{_WHOSE}{quote(run, safe='')}:")


def in_progress(entry: Entry, name: str, address: str) -> Report:
    """Say that a run is being judged."""
    return Report(
        external_id=external_id(entry),
        conclusion=None,
        title=one_line(f"{name} is being judged")[:_TITLE],
        summary="The verdict will stand here.",
        started_at=entry.judged_at,
        details=address,
    )


def finished(entry: Entry, verdict: Verdict, texts: tuple[str, str], address: str) -> Report:
    """Say what the verdict is; `texts`: the report in Markdown (65,535 characters at most), the digest of the JSON."""
    markdown, digest = texts
    remarks = tuple(_remarks(verdict))
    left_out = len(remarks) - MOST_REMARKS
    more = f" {left_out} remarks more are in the report." if left_out > 0 else ""
    return Report(
        external_id=external_id(entry),
        conclusion=_CONCLUSIONS[verdict.decision],
        title=one_line(verdict.headline)[:_TITLE],
        summary=markdown,
        text=f"sha256 of `verdict.json`: `{digest}`{more}\n\n{_mark(remarks[:MOST_REMARKS])}",
        remarks=remarks[:MOST_REMARKS],
        started_at=entry.judged_at,
        details=address,
    )


def unsaid(report: Report, there: str) -> Report:
    """Leave remarks out that a check run has already, by its text: GitHub adds them to those of before, for ever."""
    marks = _MARK.findall(report.text)
    return replace(report, remarks=()) if marks and marks == _MARK.findall(there) else report


def _mark(remarks: Sequence[Remark]) -> str:
    said = repr([(one.path, one.line, one.weight.value, one.title, one.text) for one in remarks])
    return f"<!-- remarks: {hashlib.sha256(said.encode(errors='surrogatepass')).hexdigest()[:16]} -->"


def _remarks(verdict: Verdict) -> Iterator[Remark]:
    policy = verdict.policy.source
    for one in sorted(verdict.checks, key=_gravity):
        weight = _WEIGHTS.get(one.outcome)
        # Profiles are no files of the repository, and integrity is written down nowhere: the policy asks for both.
        path, line = (policy, one.where.line) if one.where is not None and one.where.file == policy else (policy, 1)
        if weight is not None and not policy.startswith(_PROFILES):
            yield Remark(
                path=path,
                line=line,
                weight=weight if one.severity is Severity.BLOCK else Weight.WARNING,
                title=one_line(f"{one.outcome.value}: {one.title}")[:_TITLE],
                text=one_line(f"{one.reason} {one.remedy or ''}".strip())[:_TEXT],
            )


def _gravity(result: CheckResult) -> int:
    order = (Outcome.ERROR, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.WARN)
    return order.index(result.outcome) if result.outcome in order else len(order)
