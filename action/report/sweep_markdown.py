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
from action.report.sweep_view import asides, sweep_tables
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
            "tables": [_table(table, first) for table in sweep_tables(found)],
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
    """Draw the checkpoints of the first runs over training, at the steps that all of them have; None: too few.

    Nothing is interpolated: a step at which one of them has no checkpoint is left out. A run without enough steps is
    left out itself.
    """
    names = short_names([row.label for row in found.rows])
    lines = {line.label: dict(line.points) for line in found.lines if len(dict(line.points)) >= FEWEST_POINTS}
    drawn = dict(list(lines.items())[: len(COLOURS)])
    steps = sorted(set.intersection(*map(set, drawn.values()))) if drawn else []
    drawing = draw_together(steps, [[line[step] for step in steps] for line in drawn.values()], "Elo")
    if drawing is None:
        return None
    every = {step for line in drawn.values() for step in line}
    left = [names[row.label] for row in found.rows if row.label not in drawn]
    hidden = len(every) - len(steps)
    told = [
        (hidden, f"{many(hidden, 'step', 'steps')} left out, at which not all of them have a checkpoint."),
        (left, f"Not drawn: {', '.join(left[:6])}{', …' if len(left) > 6 else ''}."),
    ]
    return Chart(
        title=f"Checkpoints above {found.reference}, by training step",
        code=drawing.code,
        legend=tuple(zip((square for square, _ in COLOURS), (names[label] for label in drawn), strict=False)),
        asides=tuple(text for holds, text in told if holds),
    )
