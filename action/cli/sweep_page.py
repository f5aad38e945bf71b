"""A sweep in a terminal: what it means, then the tables it rests on. No judgement may enter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from action.cli.elo_page import print_text_table
from action.cli.page import Page
from action.report.elo_view import TextTable
from action.report.sweep_view import asides, fact_tables, shown_evidence, shown_tables, strength_tables
from action.report.view import NOTE_WORDS
from checks.run import Note
from checks.sweep.answer import SweepAnswer
from checks.sweep.words import sentences

if TYPE_CHECKING:
    from rich.console import Console


_MANY = 20
"""Most runs whose evidence a terminal shows; the JSON has all."""


def print_sweep(found: SweepAnswer, notes: Iterable[Note], console: Console) -> None:
    """Write the answer, the paragraph, every table, and what tables cannot say."""
    page = Page(console)
    told = sentences(found)
    word, colour = ("WINNER", "green") if found.winner is not None else ("INCONCLUSIVE", "yellow")
    page.line((word, f"bold reverse {colour}"), (told[0], "bold"))
    for sentence in told[1:]:
        page.line((sentence, ""), hang=0)
    _print_tables((*strength_tables(found), *shown_tables(found)), page)
    explained = shown_evidence(found)
    for name, evidence in explained[:_MANY]:
        page.line((f"{name}:", "bold"), (evidence, ""), hang=2, gap=" ")
    if len(explained) > _MANY:
        page.line((f"… and {len(explained) - _MANY:,} more, in --format json", "dim"))
    _print_tables(fact_tables(found), page)
    page.blank()
    for sentence in asides(found):
        page.line((sentence, "dim"))
    given = tuple(notes)
    if given:
        page.heading("Notes on the data")
    for note in given:
        page.line((NOTE_WORDS[note.kind].lower(), "yellow"), (note.text, ""), indent=2, hang=2)


def _print_tables(tables: Iterable[TextTable], page: Page) -> None:
    for table in tables:
        page.heading(table.title)
        print_text_table(table, page)
