"""A sweep's entry in the experiment tracker, laid out by a template. What stands where in a tracker may not enter."""

from __future__ import annotations

import json

from action.escape import markdown
from action.report.elo_view import TextTable
from action.report.render import cut, render, safe
from action.report.sweep_view import asides, fact_tables, shown_evidence, shown_tables, strength_tables
from action.tracker.edit import RunEntry
from checks.sweep.answer import SweepAnswer
from checks.sweep.words import sentences

_ROWS = 50


def sweep_entry(found: SweepAnswer, prefix: str | None) -> RunEntry:
    """Lay out what a tracker shall say of a sweep; `prefix`: by which its runs were found, where they were."""
    told, labels = sentences(found), sorted(row.label for row in found.rows)
    winner = found.winner
    page = {
        "runs": labels,
        "state": safe("`completed`"),
        "prefix": prefix,
        "headline": told[0],
        "tables": [_table(table) for table in (*strength_tables(found), *fact_tables(found), *shown_tables(found))],
        "sentences": (*told[1:], *asides(found)),
        "learned": [{"name": name, "text": text} for name, text in shown_evidence(found)],
        "follow_up": "Settle the tie by the games that are named." if winner is None else _next(winner.label),
    }
    # Without a prefix a sweep is its runs: the same ones again replace its entry.
    identity = f"sweep {prefix}" if prefix else f"sweep of {json.dumps(labels)}"
    return RunEntry(
        identity=identity,
        names=() if prefix is None else (prefix,),
        title=markdown(f"Sweep {prefix}" if prefix else f"Sweep of {len(labels)} runs", limit=120),
        text=render("tracker_sweep.md.j2", page),
    )


def _next(winner: str) -> str:
    return f"Take {winner} as the baseline, and change one thing."


def _table(table: TextTable) -> dict[str, object]:
    return {
        "title": table.title,
        "columns": [{"name": name, "right": at in table.right} for at, name in enumerate(table.heads)],
        "rows": cut(table.rows, _ROWS),
    }
