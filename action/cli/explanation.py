"""What `explain` prints: per check the way from its number to the data. No reading of files may enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TextIO

from action.cli.page import Page, open_console
from action.pipeline import Judged
from action.report.document import verdict_json
from action.report.view import row_of
from checks.check import Policy
from checks.diagnosis.leaf import Leaf
from checks.result import CheckResult, Verdict
from checks.trace import trace


def print_explanation(
    verdict: Verdict, chosen: Sequence[CheckResult | Leaf], judged: Judged | None, stream: TextIO
) -> int:
    """Print the way back for the chosen checks and patterns; give the exit code."""
    page = Page(open_console(stream))
    page.line((verdict.headline, "bold"))
    evidence = f"evidence sha256 {verdict.evidence_sha256}"
    page.line((f"judged at {verdict.judged_at} by gatekeeper {verdict.tool_version}; {evidence}", "dim"))
    for one in chosen:
        if isinstance(one, Leaf):
            _print_pattern(one, verdict, page)
        else:
            _print_check(one, judged, verdict.waived, page)
    page.heading("Judged again")
    if judged is None:
        page.line(
            ("There is no evidence beside this verdict: it cannot be traced further, nor judged again.", "yellow")
        )
        return 11
    if judged.verdict.tool_version != verdict.tool_version:
        now = judged.verdict.tool_version
        page.line((f"This is gatekeeper {now}, the verdict was given by {verdict.tool_version}.", "yellow"))
        judged = replace(judged, verdict=replace(judged.verdict, tool_version=verdict.tool_version))
    if verdict_json(judged.verdict) == verdict_json(verdict):
        page.line(("The evidence gives this verdict again, to the same bytes.", "green"))
        return 0
    same_words = judged.verdict.headline == verdict.headline
    told = " of the same headline, but of other facts." if same_words else f": {judged.verdict.headline}"
    page.line((f"The evidence gives another verdict{told}", "red"))
    same = {result.id: result for result in judged.verdict.checks}
    changed = [result for result in verdict.checks if same.get(result.id) != result]
    for result in changed:
        then, now = _told(result), _told(same.get(result.id))
        page.line((f"{result.id}: {then} in the verdict, {now} from the evidence", ""), indent=2)
    if not changed:
        page.line(
            ("Every check is the same; what differs are ratings, patterns, notes or facts about the run.", ""), indent=2
        )
    return 10


def _told(result: CheckResult | None) -> str:
    if result is None:
        return "not asked"
    row = row_of(result)
    return f"{result.outcome.value} (value {row.value}, interval {row.interval}, n {row.samples})"


def _print_check(result: CheckResult, judged: Judged | None, waived: frozenset[str], page: Page) -> None:
    page.heading(f"{result.title} ({result.id})")
    row = row_of(result, waived)
    aside = f" ({row.aside})" if row.aside else ""
    asked = "data integrity, asked of every run" if result.where is None else f"{result.where.file}:{result.where.line}"
    facts = [
        ("outcome", f"{result.outcome.value}, severity {result.severity.value}{aside}"),
        ("asked in", asked),
        ("value", f"{row.value}; rule {row.rule}; interval {row.interval}; n {row.samples}"),
        ("reason", result.reason),
    ]
    if judged is not None:
        policy: Policy = judged.policy
        check = next((one for one in policy.checks if one.id == result.id), None)
        if check is not None:
            facts += list(trace(check, policy, judged.bundle.evidence))
    for label, text in facts:
        page.line((f"{label}:", "dim"), (text, ""), indent=2, hang=4, gap=" ")


def _print_pattern(leaf: Leaf, verdict: Verdict, page: Page) -> None:
    page.heading(f"{leaf.title} ({leaf.pattern})")
    found = next((one for one in verdict.diagnosis if one.pattern == leaf.pattern), None)
    silent = "not shown for sure by what was looked at, which is no proof of the contrary"
    facts = [
        ("outcome", f"{silent if found is None else 'shown by this run'}; it takes no part in the verdict"),
        ("evidence", "" if found is None else found.evidence),
        ("recognised by", leaf.recognised),
        ("rests on", leaf.rests_on),
        ("silent where one of these says it", ", ".join(leaf.unless)),
        ("likely cause", "" if found is None else found.cause),
        ("what helps", "" if found is None else found.remedy),
    ]
    for label, text in facts:
        if text:
            page.line((f"{label}:", "dim"), (text, ""), indent=2, hang=4, gap=" ")
