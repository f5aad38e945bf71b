"""A sweep in GitHub-flavoured Markdown: what to lay out, with a chart, and how much of it fits.

Sentences come from the core; no judgement and no layout may enter.
"""

from __future__ import annotations

from collections.abc import Sequence

from action.report.chart import Chart, charts_page
from action.report.elo_view import TextTable
from action.report.markdown import BUDGET
from action.report.mermaid import COLOURS, FEWEST_POINTS, draw_together
from action.report.render import cut, render
from action.report.short_names import short_names
from action.report.sweep_view import asides, fact_tables, shown_evidence, shown_tables, strength_tables
from action.report.view import NOTE_WORDS, many
from checks.run import Note
from checks.sweep.answer import SweepAnswer
from checks.sweep.words import sentences


def sweep_markdown(found: SweepAnswer, notes: Sequence[Note], *, budget: int = BUDGET) -> str:
    """Return a comparison as a document of at most `budget` characters: the first rows if not all fit.

    Raises ValueError if not even the paragraph fits.
    """
    told = sentences(found)
    chart = lines_chart(found)
    for first in (None, 50, 20, 5, 0):
        page = {
            "word": "Winner" if found.winner is not None else "Inconclusive",
            "icon": "✅" if found.winner is not None else "❔",
            "count": many(len(found.rows), "run", "runs"),
            "headline": told[0],
            "sentences": cut(told[1:], first),
            "charts": charts_page([] if chart is None or first == 0 else [chart]),
            "strength": [_table(table, first) for table in strength_tables(found)],
            "shown": [_table(table, first) for table in shown_tables(found)],
            "evidence": cut(shown_evidence(found), first),
            "tables": [_table(table, first) for table in fact_tables(found)],
            "asides": asides(found),
            "notes": cut([{"word": NOTE_WORDS[note.kind], "text": note.text} for note in notes], first),
        }
        text = render("sweep.md.j2", page)
        if len(text) <= budget:
            return text
    raise ValueError(f"a budget of {budget} characters does not hold the paragraph of a sweep")


def _table(table: TextTable, first: int | None) -> dict[str, object]:
    return {
        "title": table.title,
        "columns": [{"name": name, "right": at in table.right} for at, name in enumerate(table.heads)],
        "rows": cut(table.rows, first),
    }


def lines_chart(found: SweepAnswer) -> Chart | None:
    """Draw the checkpoints of runs over training, at the steps that all runs which are drawn have; None: too few.

    Nothing is interpolated: a step at which one of them has no checkpoint is left out. A run without enough checkpoints
    is left out itself, as are those for which there is no colour.
    """
    names = short_names([row.label for row in found.rows])
    lines = {line.label: dict(line.points) for line in found.lines}
    long = {label: line for label, line in lines.items() if len(line) >= FEWEST_POINTS}
    drawn = dict(list(long.items())[: len(COLOURS)])
    steps = sorted(set.intersection(*map(set, drawn.values()))) if drawn else []
    drawing = draw_together(steps, [[line[step] for step in steps] for line in drawn.values()], "Elo")
    if drawing is None:
        return None
    hidden = len({step for line in drawn.values() for step in line}) - len(steps)
    short = [f"{names[label]} ({len(line)})" for label, line in lines.items() if label not in long]
    beyond = [names[label] for label in long if label not in drawn]
    told = [
        (hidden, f"{many(hidden, 'step', 'steps')} left out, at which not all of them have a checkpoint."),
        (short, f"Not drawn, with fewer than {FEWEST_POINTS} checkpoints whose rating is finite: {_listed(short)}."),
        (beyond, f"Not drawn, since a chart holds {len(COLOURS)} lines: {_listed(beyond)}."),
    ]
    return Chart(
        title=f"Checkpoints above {found.reference}, by training step",
        code=drawing.code,
        legend=tuple(zip((square for square, _ in COLOURS), (names[label] for label in drawn), strict=False)),
        asides=tuple(text for holds, text in told if holds),
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
