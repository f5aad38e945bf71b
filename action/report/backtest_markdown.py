"""A back-test as a document in GitHub-flavoured Markdown, as much of it as fits. Sentences come from the view."""

from __future__ import annotations

from action.report.backtest_view import backtest_sentences, backtest_tables, method_text, paste_text, run_tables
from action.report.elo_view import TextTable
from action.report.markdown import BUDGET
from action.report.render import cut, render, safe
from checks.backtest.summary import Backtest


def backtest_markdown(found: Backtest, *, budget: int = BUDGET) -> str:
    """Return a back-test as a document of at most `budget` characters: the first rows of each table if not all fit.

    Raises ValueError if not even its sentences fit.
    """
    paste = paste_text(found)
    for first in (None, 200, 50, 20, 5, 0):
        page = {
            "policy": found.trial.policy.source,
            "sentences": tuple(backtest_sentences(found)),
            "tables": [_table(table, first) for table in backtest_tables(found)],
            # In a block of code escaping would show.
            "paste": None if paste is None else safe(paste),
            "method": method_text(found),
            "runs": [_table(table, first) for table in run_tables(found)],
            "notes": cut(found.notes, first),
        }
        text = render("backtest.md.j2", page)
        if len(text) <= budget:
            return text
    raise ValueError(f"a budget of {budget} characters does not hold the sentences of a back-test")


def _table(table: TextTable, first: int | None) -> dict[str, object]:
    return {
        "title": table.title,
        "columns": [{"name": name, "right": at in table.right} for at, name in enumerate(table.heads)],
        "rows": cut(table.rows, first),
    }
