"""What a person sees in a terminal: a verdict, a table. Calm, in colour where there is colour, whole in any width.

No judgement and no reading of files may enter; how lines and tables are drawn is `page.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from action.cli.page import Column, Page
from action.report.elo_view import TextTable, progress_table
from action.report.table import cell, numeric
from action.report.view import (
    NOTE_WORDS,
    NOTHING,
    OPEN,
    READING,
    WORDS,
    Group,
    Row,
    arrange,
    diagnosis_told,
    group_of,
    meaning,
    row_of,
)
from checks.result import Decision, Outcome, Verdict
from checks.run import Note, RunState, Scalar

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {
    Decision.PASS: "green",
    Decision.FAIL: "red",
    Decision.INCONCLUSIVE: "yellow",
    Decision.ERROR: "magenta",
}
_OUTCOME_COLOURS = {
    Outcome.PASS: "green",
    Outcome.WARN: "yellow",
    Outcome.FAIL: "red",
    Outcome.INCONCLUSIVE: "yellow",
    Outcome.ERROR: "magenta",
    Outcome.NOT_MEASURED: "dim",
}


def print_verdict(verdict: Verdict, console: Console, *, written: Iterable[str] = ()) -> None:
    """Write the verdict: headline, checks, why and what to do, notes; at last the paths of the `written` files."""
    page = Page(console)
    _print_head(verdict, page)
    waived = verdict.waived
    groups = {group: [row_of(check, waived) for check in checks] for group, checks in arrange(verdict).items()}
    whole = _print_table([row for rows in groups.values() for row in rows], page)
    for group in (*OPEN, Group.NOT_MEASURED):
        if groups[group]:
            page.heading(group.value)
        for row in groups[group]:
            _print_row(row, page, numbers=not whole)
    if groups[Group.PASS] and not whole:
        page.heading(Group.PASS.value)
        for row in groups[Group.PASS]:
            page.line((row.check.title, "green"), (row.check.id, "dim"), indent=2, hang=2)
            _print_numbers(row, page)
    _print_diagnosis(verdict, page)
    if verdict.elo is not None:
        page.heading("Strength")
        for sentence in verdict.elo.sentences:
            page.line((sentence, ""), indent=2)
    if verdict.progress is not None:
        _print_progress(progress_table(verdict.progress), page)
    _print_lists(verdict, page)
    _print_written(tuple(written), page)


def _print_diagnosis(verdict: Verdict, page: Page) -> None:
    if verdict.diagnosis:
        page.heading("What the run shows")
        page.line((READING, "dim"), indent=2)
    for found in verdict.diagnosis:
        page.line((found.title, "bold"), (found.pattern, "dim"), indent=2, hang=2)
        page.line((found.evidence, ""), indent=4)
        page.line(("likely cause:", "dim"), (found.cause, ""), indent=4, hang=2, gap=" ")
        page.line(("→", "dim"), (found.remedy, ""), indent=4, hang=2, gap=" ")


def _print_progress(table: TextTable, page: Page) -> None:
    page.heading(table.title)
    columns = [
        Column(head=head, cells=tuple(row[at] for row in table.rows), right=at in table.right)
        for at, head in enumerate(table.heads)
    ]
    if page.fits(columns, squeezed=False):
        page.table(columns)
    else:
        _print_stacked(columns, page)


def _print_head(verdict: Verdict, page: Page) -> None:
    colour = _COLOURS[verdict.decision]
    page.line((WORDS[verdict.decision].upper(), f"bold reverse {colour}"), (verdict.headline, "bold"))
    page.line((meaning(verdict), colour))
    if verdict.policy.trial:
        page.line(("A trial sets no commit status and promotes nothing.", "yellow"))
    run = verdict.run
    steps = "" if run.last_step is None else f" at step {run.last_step:,}"
    planned = "" if run.planned_steps is None else f" of {run.planned_steps:,}"
    checkpoint = verdict.checkpoint
    if checkpoint is not None:
        digest = checkpoint.digest or "no digest of its bytes: this verdict cannot promote it"
        page.line((f"checkpoint {checkpoint.name}: {digest}", "dim"))
    state = "end not recorded," if run.state is RunState.UNKNOWN else run.state.value
    page.line((f"run {run.name}: {state}{steps}{planned}, policy: {verdict.policy.source}", "dim"))
    if verdict.diagnosis:
        page.line(("it shows:", "dim"), (diagnosis_told(verdict), ""), hang=2, gap=" ")


def _print_table(rows: Sequence[Row], page: Page) -> bool:
    """Write the checks as a table and tell whether one fits, the most columns that do."""
    dim = ("dim",) * len(rows)
    outcome = Column(
        head="",
        cells=tuple(row.status for row in rows),
        styles=tuple(_colour(row) for row in rows),
    )
    title = Column(head="check", cells=tuple(row.check.title for row in rows), least=18)
    name = Column(head="id", cells=tuple(row.check.id for row in rows), styles=dim)
    numbers = (
        Column(head="value", cells=tuple(row.value for row in rows), right=True, least=10),
        Column(head="rule", cells=tuple(row.rule for row in rows), least=10),
        Column(head="interval", cells=tuple(row.interval for row in rows), least=9),
        Column(head="n", cells=tuple(row.samples for row in rows), right=True),
    )
    place = Column(head="where", cells=tuple(row.place or NOTHING for row in rows), styles=dim)
    least = (outcome, title, *numbers)
    for columns in ((outcome, title, name, *numbers, place), (outcome, title, name, *numbers), least):
        if page.fits(columns, squeezed=columns is least):
            page.blank()
            page.table(columns)
            return True
    return False


def _colour(row: Row) -> str:
    # What does not block is a warning, whatever was found.
    return "yellow" if group_of(row.check) is Group.WARN else _OUTCOME_COLOURS[row.check.outcome]


def _print_row(row: Row, page: Page, *, numbers: bool) -> None:
    check, colour = row.check, _colour(row)
    aside = [(text, "dim") for text in (row.aside, row.place) if text]
    page.line((check.title, colour), (check.id, "dim"), *aside, indent=2, hang=2)
    if numbers:
        _print_numbers(row, page)
    page.line((check.reason, ""), indent=4)
    if check.remedy:
        page.line(("→", colour), (check.remedy, ""), indent=4, hang=2, gap=" ")


def _print_numbers(row: Row, page: Page) -> None:
    value = f"{row.value} {row.at}" if row.at else row.value
    words = (("", value), ("rule ", row.rule), ("interval ", row.interval), ("n ", row.samples))
    told = "; ".join(word + text for word, text in words if text != NOTHING)
    if told:
        page.line((told, ""), indent=4)


def _print_lists(verdict: Verdict, page: Page) -> None:
    for head, used in (("Waived", True), ("Waivers that this verdict did not need", False)):
        waivers = [waiver for waiver in verdict.waivers if waiver.used is used]
        if waivers:
            page.heading(head)
        for waiver in waivers:
            page.line((waiver.check, "yellow" if used else "dim"), (waiver.told, ""), indent=2, hang=2)
    if verdict.notes:
        page.heading("Notes on the data")
    _print_notes(verdict.notes, page)
    if verdict.not_asked:
        page.heading("Not asked")
    for sentence in verdict.not_asked:
        page.line((sentence, ""), indent=2, hang=2)


def _print_notes(notes: Iterable[Note], page: Page) -> None:
    for note in notes:
        page.line((NOTE_WORDS[note.kind].lower(), "yellow"), (note.text, ""), indent=2, hang=2)


def _print_written(paths: Sequence[str], page: Page) -> None:
    if paths:
        page.heading("Written")
    for path in paths:
        page.line((path, ""), indent=2)


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Scalar]], console: Console, *, notes: Iterable[Note] = ()
) -> None:
    """Write a table, or a block of lines a row where the terminal is too narrow for it; then the notes.

    Numbers are written for people (4 significant digits), nothing as a dash.
    """
    page = Page(console)
    texts = [[cell(value) for value in row] for row in rows]
    table = [
        Column(head=name, cells=tuple(row[index] for row in texts), right=numeric(rows, index))
        for index, name in enumerate(columns)
    ]
    if not rows:
        page.line(("Nothing was measured.", "yellow"))
    elif page.fits(table, squeezed=False):
        page.table(table)
    else:
        _print_stacked(table, page)
    found = tuple(notes)
    if found:
        page.heading("Notes on the data")
    _print_notes(found, page)


def _print_stacked(columns: Sequence[Column], page: Page) -> None:
    # A text names its row and needs no label; a number does.
    named = 0 if columns[0].right else 1
    for row in zip(*(column.cells for column in columns), strict=True):
        if named:
            page.line((row[0], "bold"), hang=2)
        heads = [column.head for column in columns[named:]]
        page.pairs(tuple(zip(heads, row[named:], strict=True)), indent=2 * named)
