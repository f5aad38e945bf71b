"""A sweep in a terminal: what it means, then the tables it rests on. No judgement may enter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from action.cli.elo_page import print_text_table
from action.cli.page import Page
from action.report.sweep_view import asides, sweep_tables
from action.report.view import NOTE_WORDS
from checks.run import Note
from checks.sweep.answer import SweepAnswer
from checks.sweep.words import sentences

if TYPE_CHECKING:
    from rich.console import Console


def print_sweep(found: SweepAnswer, notes: Iterable[Note], console: Console) -> None:
    """Write the answer, the paragraph, every table, and what tables cannot say."""
    page = Page(console)
    told = sentences(found)
    word, colour = ("WINNER", "green") if found.winner is not None else ("INCONCLUSIVE", "yellow")
    page.line((word, f"bold reverse {colour}"), (told[0], "bold"))
    for sentence in told[1:]:
        page.line((sentence, ""), hang=0)
    for table in sweep_tables(found):
        page.heading(table.title)
        print_text_table(table, page)
    page.blank()
    for sentence in asides(found):
        page.line((sentence, "dim"))
    given = tuple(notes)
    if given:
        page.heading("Notes on the data")
    for note in given:
        page.line((NOTE_WORDS[note.kind].lower(), "yellow"), (note.text, ""), indent=2, hang=2)
