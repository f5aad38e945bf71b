"""`gatekeeper logs`: the log questions, asked of event files or of Axiom."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from action.cli.options import DeadlineOption, Format, FormatOption, PolicyOption


class LogQuestion(StrEnum):
    """The log questions; a test holds them against those of the core, which is too heavy for `--help`."""

    ROLLOUT_TIMING = "rollout-timing"
    INFERENCE = "inference"
    EXTRACTION = "extraction"
    ERRORS = "errors"
    OUTCOMES = "outcomes"
    HEALTH = "health"
    QUERY = "query"
    """A query in APL, which Axiom alone answers."""


def logs(  # noqa: PLR0913 - one argument an option
    question: Annotated[LogQuestion, typer.Argument(help="What to ask.")],
    apl: Annotated[str | None, typer.Argument(metavar="[APL]", help="With `query`: the query.")] = None,
    *,
    events: Annotated[
        list[Path] | None,
        typer.Option(
            "--events",
            metavar="FILE",
            readable=False,
            help="Log events as JSON lines; may be repeated. Without any, Axiom is asked.",
        ),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="RANGE", help="30m, 6h, 7d, 1w back from now; of Axiom 24h.")
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="From a time on, RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to a time, RFC 3339.")] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="FIELD", help="One row a group; errors: by message unless told.")
    ] = None,
    severity: Annotated[
        str | None, typer.Option("--severity", metavar="LEVEL", help="Only errors of this severity.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", metavar="NAME", help="Only events of this run.")] = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, help="At most this many rows, most events first.")
    ] = None,
    policy: PolicyOption = None,
    deadline: DeadlineOption = 120.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Ask log events how long rollouts took, what failed, who won.

    Example: gatekeeper logs rollout-timing --by horizon_type --events events.jsonl
    """
    from action.cli.log_choice import LogChoice, answer_logs  # noqa: PLC0415 - start-up time
    from action.cli.tables import show_table  # noqa: PLC0415

    choice = LogChoice(
        question=question.value,
        apl=apl,
        events=tuple(events or ()),
        last=last,
        since=since,
        until=until,
        by=by,
        severity=severity,
        run=run,
        limit=limit,
        policy=policy,
        deadline=deadline,
    )
    show_table(answer_logs(choice), output_format)
