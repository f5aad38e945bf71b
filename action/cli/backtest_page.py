"""A back-test in a terminal: what it means, then the tables it rests on, then YAML to paste. No judgement may enter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from action.cli.elo_page import print_text_table
from action.cli.page import Page
from action.report.backtest_view import backtest_sentences, backtest_tables, method_text, paste_text, run_tables
from action.report.elo_view import TextTable
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
    _print_tables(backtest_tables(found), page)
    paste, method = paste_text(found), method_text(found)
    if paste is not None:
        page.heading("To paste into the policy")
        page.verbatim(paste)
    if method is not None:
        page.blank()
        page.line((method, "dim"))
    _print_tables(run_tables(found), page)
    if found.notes:
        page.heading("Notes")
    for note in found.notes:
        page.line((note, ""), indent=2, hang=2)


def _print_tables(tables: Iterable[TextTable], page: Page) -> None:
    for table in tables:
        page.heading(table.title)
        print_text_table(table, page)
