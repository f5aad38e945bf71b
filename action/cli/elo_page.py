"""An Elo analysis in a terminal: what it means, then the tables it rests on. No judgement may enter."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from action.cli.page import Column, Page
from action.report.elo_view import TextTable, charts, elo_tables, method_of
from action.report.view import NOTE_WORDS
from checks.elo.answer import Mode
from checks.elo.facts import EloFacts
from checks.run import Note

if TYPE_CHECKING:
    from rich.console import Console

_COLOURS = {0: "green", 10: "red", 11: "yellow"}
_FIRST = "Ratings"
_MANY = 60
"""Rows of a table that a terminal shows; the JSON has all."""


def answer_word(facts: EloFacts) -> str:
    """Say the answer in a word or two."""
    if facts.mode is Mode.SERIES:
        return {0: "learning", 10: "not learning"}.get(facts.exit_code, "cannot tell")
    if facts.gap is None:
        return "nothing to decide"
    return {0: "better", 10: "not better"}.get(facts.exit_code, "undecided")


def print_elo(facts: EloFacts, notes: Iterable[Note], console: Console) -> None:
    """Write the answer, the paragraph, and every table; ratings with a chart where there is room."""
    page = Page(console)
    page.line((answer_word(facts).upper(), f"bold reverse {_COLOURS[facts.exit_code]}"), (facts.sentences[0], "bold"))
    for sentence in facts.sentences[1:]:
        page.line((sentence, ""), hang=0)
    plain = not (console.encoding or "").lower().startswith("utf")
    for table in elo_tables(facts):
        page.heading(table.title)
        if table.title == _FIRST:
            _print_ratings(table, lambda width: charts(facts, width=width, plain=plain), page)
        else:
            print_text_table(table, page)
    page.blank()
    page.line((method_of(facts), "dim"))
    found = tuple(notes)
    if found:
        page.heading("Notes on the data")
    for note in found:
        page.line((NOTE_WORDS[note.kind].lower(), "yellow"), (note.text, ""), indent=2, hang=2)


def _print_ratings(table: TextTable, draw: Callable[[int], tuple[str, ...]], page: Page) -> None:
    """Write ratings with a chart: beside them where there is room, else below."""
    columns = _columns(table)
    for kept in (columns, columns[:1]):
        if kept is not columns:
            print_text_table(table, page)
        for width in (32, 24, 16):
            drawn = draw(width)[:_MANY]
            chart = [*kept, Column(head="", cells=drawn, keep=True)]
            if drawn and page.fits(chart, squeezed=False):
                if kept is not columns:
                    page.blank()
                page.table(chart)
                if kept is columns:
                    _print_rest(table, page)
                return


def print_text_table(table: TextTable, page: Page) -> None:
    """Write a table, or a block of lines a row where the terminal is too narrow for it."""
    columns = _columns(table)
    for choice in (columns, [replace(columns[0], least=24), *columns[1:]]):
        if page.fits(choice, squeezed=True):
            page.table(choice)
            break
    else:
        for row in table.rows[:_MANY]:
            page.line((row[0], "bold"), hang=2)
            page.pairs(tuple(zip(table.heads[1:], row[1:], strict=True)), indent=2)
    _print_rest(table, page)


def _columns(table: TextTable) -> list[Column]:
    rows = table.rows[:_MANY]
    return [
        Column(head=head, cells=tuple(row[at] for row in rows), right=at in table.right)
        for at, head in enumerate(table.heads)
    ]


def _print_rest(table: TextTable, page: Page) -> None:
    if len(table.rows) > _MANY:
        page.line((f"… and {len(table.rows) - _MANY:,} more, in --format json", "dim"))
