"""How the commands that answer with a table print it, in each format."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import typer

from action.cli.options import Format
from checks.run import Note, Scalar, Values


@dataclass(frozen=True, kw_only=True)
class Table:
    """An answer in rows."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Scalar]]
    notes: tuple[Note, ...] = ()
    sparks: Sequence[Values] = ()
    """One series a row, drawn as a sparkline in a terminal."""


def show_table(table: Table, output_format: Format) -> None:
    """Print a table as text, Markdown or JSON."""
    if output_format is Format.JSON:
        from action.report.document import json_text, table_document  # noqa: PLC0415 - start-up time

        typer.echo(json_text(table_document(table.columns, table.rows, table.notes)), nl=False)
    elif output_format is Format.MARKDOWN:
        from action.report.markdown import table_markdown  # noqa: PLC0415

        typer.echo(table_markdown(table.title, table.columns, table.rows, table.notes), nl=False)
    else:
        from action.cli.page import open_console  # noqa: PLC0415
        from action.cli.terminal import print_table  # noqa: PLC0415
        from action.report.table import sparkline  # noqa: PLC0415

        console = open_console(sys.stdout)
        plain = not (console.encoding or "").lower().startswith("utf")
        columns, rows = table.columns, [tuple(row) for row in table.rows]
        if table.sparks:
            columns = (*columns, "over steps")
            rows = [(*row, sparkline(v.tolist(), plain=plain)) for row, v in zip(rows, table.sparks, strict=True)]
        print_table(columns, rows, console, notes=table.notes)
