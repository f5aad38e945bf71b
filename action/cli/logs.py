"""`gatekeeper logs`: the log questions, asked of event files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from action.cli.options import Format, FormatOption, PolicyOption


class LogQuestion(StrEnum):
    """The log questions; a test holds them against those of the core, which is too heavy for `--help`."""

    ROLLOUT_TIMING = "rollout-timing"
    INFERENCE = "inference"
    EXTRACTION = "extraction"
    ERRORS = "errors"
    OUTCOMES = "outcomes"
    HEALTH = "health"


def logs(  # noqa: PLR0913 - one argument an option
    question: Annotated[LogQuestion, typer.Argument(help="What to ask.")],
    *,
    events: Annotated[
        list[Path],
        typer.Option("--events", metavar="FILE", readable=False, help="Log events as JSON lines; may be repeated."),
    ],
    by: Annotated[
        str | None, typer.Option("--by", metavar="FIELD", help="One row a group; errors: by message unless told.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="NAME", help="Only events of this run.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most this many rows, most events first.")
    ] = None,
    policy: PolicyOption = None,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Ask log events how long rollouts took, how many orders were extracted, what failed, who won.

    Example: gatekeeper logs rollout-timing --by horizon_type --events events.jsonl
    """
    from action.cli.ports import choose_policy, fallback_policy, local_ports  # noqa: PLC0415 - start-up time
    from action.cli.tables import Table, show_table  # noqa: PLC0415
    from action.collection import read_policy  # noqa: PLC0415
    from action.errors import UsageError  # noqa: PLC0415
    from checks.questions.answer import answer_all  # noqa: PLC0415
    from checks.questions.catalog import QUESTIONS  # noqa: PLC0415
    from checks.questions.tally import Ask  # noqa: PLC0415

    ports = local_ports()
    # The policy's log fields are wanted, not its waivers: no day on which one could have expired.
    fields = read_policy(choose_policy(policy, None) or fallback_policy(), ports, "2000-01-01").fields
    group = by or ("message" if question is LogQuestion.ERRORS else None)
    try:
        ask = Ask(question=QUESTIONS[question.value], by=group, limit=limit)
    except ValueError as error:
        raise UsageError(f"--by: {error}") from error
    files = ports.open_events(events)
    answers = answer_all([ask], files, fields=fields, run=run)
    table = answers.tables[0]
    columns, notes = table.columns, (*files.notes, *answers.notes)
    show_table(Table(title=ask.title, columns=columns, rows=table.rows, notes=notes), output_format)
