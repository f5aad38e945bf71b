"""Documents in GitHub-flavoured Markdown: what to lay out, and how much of it fits.

Sentences come from the verdict and from `view`; no judgement and no layout may enter.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from action.escape import address, one_line
from action.report.elo_view import TextTable, elo_tables, method_of, progress_table
from action.report.render import Cut, cut, render, safe
from action.report.table import cell, numeric
from action.report.view import (
    NOTE_WORDS,
    OPEN,
    READING,
    WORDS,
    Advice,
    Group,
    Row,
    advice,
    arrange,
    diagnosis_told,
    facts,
    group_of,
    many,
    meaning,
    row_of,
)
from checks.elo.facts import EloFacts
from checks.result import Decision, UsedWaiver, Verdict
from checks.run import Note, Scalar

BUDGET = 60_000
"""Most characters of a document: GitHub refuses comments over 65,536, and a header and a marker have to fit too."""
SMALLEST_BUDGET = 1_000

ICONS = {Decision.PASS: "✅", Decision.FAIL: "❌", Decision.INCONCLUSIVE: "❔", Decision.ERROR: "⛔"}

_SHORTEST_ROW = len("- **x:** x\n")


@dataclass(frozen=True, kw_only=True)
class Rung:
    """How much of a verdict is shown."""

    passes: bool = False
    first: int | None = None
    """How many entries of each list; None: all."""


LADDER = (Rung(passes=True), Rung(), *(Rung(first=count) for count in (50, 20, 10, 5, 2, 1)))
"""From everything to little; past the last the headline stands alone."""


def verdict_markdown(verdict: Verdict, *, budget: int = BUDGET) -> str:
    """Return the verdict as a document of at most `budget` characters (1,000 or more), the same bytes every time.

    Too long, it gives up first the table of the passes, then entries from the end of every list, at last all but the
    headline; what is left out is said. Raises ValueError for a smaller budget.
    """
    if budget < SMALLEST_BUDGET:
        raise ValueError(f"a budget of {budget} characters: expected {SMALLEST_BUDGET} or more")
    for rung in LADDER:
        if at_least(verdict, rung) > budget:
            continue
        text = render("verdict.md.j2", verdict_page(verdict, rung))
        if len(text) <= budget:
            return text
    head = verdict_head(verdict)
    text = render("headline.md.j2", head)
    return text if len(text) <= budget else render("headline.md.j2", head | {"name": None, "headline": None})


def at_least(verdict: Verdict, rung: Rung) -> int:
    """Return a number of characters that the page cannot be shorter than; spares rendering what cannot fit."""
    if rung.first is not None:
        return 0
    rows = sum(rung.passes or group_of(check) is not Group.PASS for check in verdict.checks)
    return _SHORTEST_ROW * rows


def table_markdown(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[Scalar]],
    notes: Sequence[Note] = (),
    *,
    budget: int = BUDGET,
) -> str:
    """Return a table with its notes as a document of at most `budget` characters: the first rows if not all fit.

    Raises ValueError if not even the head of the table fits.
    """
    heads = [{"name": name, "right": numeric(rows, index)} for index, name in enumerate(columns)]
    first: int | None = None
    while True:
        page = {
            "title": title,
            "columns": heads,
            "rows": cut([[cell(value) for value in row] for row in rows], first),
            "notes": cut(_notes(notes), first),
        }
        text = render("table.md.j2", page)
        if len(text) <= budget:
            return text
        if first == 0:
            raise ValueError(f"a budget of {budget} characters does not hold a table of {len(columns)} columns")
        first = (max(len(rows), len(notes)) if first is None else first) // 2


@dataclass(frozen=True, kw_only=True)
class _Section:
    """A group of checks as far as it is shown; `told` says it in a line."""

    title: str
    rows: tuple[Row, ...]
    count: int
    told: str = ""

    @property
    def left_out(self) -> int:
        return self.count - len(self.rows)


def verdict_head(verdict: Verdict) -> dict[str, object]:
    """Give what the shortest page shows of a verdict."""
    return {
        "icon": ICONS[verdict.decision],
        "word": WORDS[verdict.decision],
        "name": one_line(verdict.run.name, limit=120),
        "headline": verdict.headline,
        "meaning": meaning(verdict),
        "trial": verdict.policy.trial,
    }


def verdict_page(verdict: Verdict, rung: Rung) -> dict[str, object]:
    """Give what a page shows of a verdict, as far as the rung allows."""
    waived = verdict.waived
    groups = {
        group: cut([row_of(check, waived) for check in checks], rung.first)
        for group, checks in arrange(verdict).items()
    }
    passed = groups[Group.PASS].rows if rung.passes else ()
    return verdict_head(verdict) | {
        "troubles": [_section(group, groups[group]) for group in OPEN if groups[group].count],
        "advice": cut(_advice(verdict, waived), rung.first),
        "diagnosis": cut(verdict.diagnosis, rung.first),
        "diagnosis_told": diagnosis_told(verdict),
        "diagnosis_reading": READING,
        "strength": _strength(verdict, rung),
        "waived": _waivers(verdict, rung, used=True),
        "unused": _waivers(verdict, rung, used=False),
        "passed": _section(Group.PASS, Cut(rows=passed, count=groups[Group.PASS].count)),
        "not_measured": _section(Group.NOT_MEASURED, groups[Group.NOT_MEASURED]),
        "facts": fact_rows(verdict),
        "notes": cut(_notes(verdict.notes), rung.first),
        "not_asked": cut(verdict.not_asked, rung.first),
        "evidence_told": _evidence_told(verdict),
    }


def _section(group: Group, rows: Cut[Row]) -> _Section:
    words = {Group.PASS: "passed", Group.NOT_MEASURED: "not measured"}
    told = f"{many(rows.count, 'check', 'checks')} {words[group]}" if group in words else ""
    return _Section(title=group.value, rows=rows.rows, count=rows.count, told=told)


def _advice(verdict: Verdict, waived: frozenset[str]) -> tuple[Advice, ...]:
    groups = arrange(verdict)
    return advice(row_of(check, waived) for group in OPEN for check in groups[group])


def _strength(verdict: Verdict, rung: Rung) -> dict[str, object] | None:
    if verdict.elo is None:
        return None
    progress = () if verdict.progress is None else (progress_table(verdict.progress),)
    return elo_page(verdict.elo, rung.first, more=progress)


def elo_page(facts: EloFacts, first: int | None, more: Sequence[TextTable] = ()) -> dict[str, object]:
    """Give what a page shows of an Elo analysis and `more`; `first`: how many rows of each table, None: all."""
    return {
        "sentences": facts.sentences,
        "tables": [
            {
                "title": table.title,
                "columns": [{"name": name, "right": at in table.right} for at, name in enumerate(table.heads)],
                "rows": cut(table.rows, first),
            }
            for table in (*more, *elo_tables(facts))
        ],
        "method": method_of(facts),
    }


def elo_markdown(title: str, answer: str, facts: EloFacts, notes: Sequence[Note], *, budget: int = BUDGET) -> str:
    """Return an Elo analysis as a document of at most `budget` characters: the first rows if not all fit.

    Raises ValueError if not even the paragraph fits.
    """
    for first in (None, 200, 50, 20, 5, 0):
        page = {
            "title": title,
            "answer": answer,
            "strength": elo_page(facts, first),
            "notes": cut(_notes(notes), first),
        }
        text = render("elo.md.j2", page)
        if len(text) <= budget:
            return text
    raise ValueError(f"a budget of {budget} characters does not hold the paragraph of an analysis")


def _waivers(verdict: Verdict, rung: Rung, *, used: bool) -> Cut[UsedWaiver]:
    return cut([waiver for waiver in verdict.waivers if waiver.used is used], rung.first)


def fact_rows(verdict: Verdict) -> list[dict[str, object]]:
    """Give what the verdict is bound to as rows of a table, the page of the run as a link."""
    target = address(verdict.run.url)
    rows: list[dict[str, object]] = [{"word": word, "text": text, "address": None} for word, text in facts(verdict)]
    if verdict.run.url:
        # The text of the link is the address itself, so that it cannot pretend to lead elsewhere.
        text = verdict.run.url.removeprefix("https://")
        rows.insert(1, {"word": "Page", "text": text, "address": safe(target) if target else None})
    return rows


def _evidence_told(verdict: Verdict) -> str:
    if not verdict.notes:
        return "Evidence and policy"
    return f"Evidence and policy, {many(len(verdict.notes), 'note', 'notes')} on the data"


def _notes(notes: Iterable[Note]) -> list[dict[str, str]]:
    return [{"word": NOTE_WORDS[note.kind], "text": note.text} for note in notes]
