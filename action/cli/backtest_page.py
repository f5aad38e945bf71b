"""A back-test in a terminal: what it means, then the tables it rests on, then YAML to paste. No judgement may enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from action.cli.elo_page import print_text_table
from action.cli.page import Page
from action.report.backtest_view import backtest_sentences, backtest_tables, method_text, paste_text
from checks.backtest.summary import Backtest

if TYPE_CHECKING:
    from rich.console import Console


def print_backtest(found: Backtest, console: Console) -> None:
    """Write a back-test; long tables begin, and the JSON has all of them."""
    page = Page(console)
    first, *others = backtest_sentences(found)
    page.line((first, "bold"))
    for sentence in others:
        page.line((sentence, ""))
    for table in backtest_tables(found):
        page.heading(table.title)
        print_text_table(table, page)
    paste, method = paste_text(found), method_text(found)
    if paste is not None:
        page.heading("To paste into the policy")
        for line in paste.splitlines():
            text = line.lstrip(" ")
            page.line((text, ""), indent=len(line) - len(text) + 2, hang=4)
    if method is not None:
        page.blank()
        page.line((method, "dim"))
    if found.notes:
        page.heading("Notes on the labels")
    for note in found.notes:
        page.line((note, ""), indent=2, hang=2)
