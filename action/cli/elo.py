"""`gatekeeper elo`: is this checkpoint really better than what never changes, or is it noise?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import DeadlineOption, Format, FormatOption, PolicyOption, UpdateWord

if TYPE_CHECKING:
    from checks.elo.facts import EloFacts
    from checks.run import Note


def elo(  # noqa: PLR0913 - one argument an option
    context: typer.Context,
    source: Annotated[
        list[str], typer.Argument(metavar="GAMES|RUN", help="Files of games, or one run (its games, else its ratings).")
    ],
    *,
    reference: Annotated[
        list[str] | None,
        typer.Option(
            "--reference",
            metavar="NAME[=RATING]",
            help="A fixed agent, with its rating where that was measured (850, or 850+-12); may be repeated. "
            "base_model and every …_bot are references anyway. The one to beat is the first named without a rating, "
            "else base_model.",
        ),
    ] = None,
    candidate: Annotated[
        str, typer.Option("--candidate", metavar="NAME|latest|best", help="Who is asked about.")
    ] = "latest",
    checkpoints: Annotated[
        str | None,
        typer.Option("--checkpoints", metavar="PATTERN", help="How checkpoints are called; default: adapter_v{step}."),
    ] = None,
    checkpoint: Annotated[
        list[str] | None,
        typer.Option("--checkpoint", metavar="NAME=STEP", help="A checkpoint by name; may be repeated."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A=COLUMN,…", help="Other people's tables: a=black,b=white,score=result."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="FIELD", help="What makes one observation; default: rollout, else game."),
    ] = None,
    confidence: Annotated[float, typer.Option("--confidence", metavar="SHARE", help="Of two-sided intervals.")] = 0.95,
    elo0: Annotated[float, typer.Option("--elo0", help="A gap of this much is not enough.")] = 0.0,
    elo1: Annotated[float, typer.Option("--elo1", help="A gap of this much is wanted.")] = 20.0,
    alpha: Annotated[float, typer.Option("--alpha", help="Probability of calling a gap of elo0 better.")] = 0.05,
    beta: Annotated[float, typer.Option("--beta", help="Probability of missing a gap of elo1.")] = 0.05,
    allow_disconnected: Annotated[
        bool, typer.Option("--allow-disconnected", help="Leave agents without a path of games to a reference unrated.")
    ] = False,
    series: Annotated[bool, typer.Option("--series", help="Judge the run's logged ratings, not its games.")] = False,
    k: Annotated[float | None, typer.Option("--k", help="Online ratings: the largest move in a game of two.")] = None,
    seats: Annotated[int | None, typer.Option("--seats", help="Online ratings: seats a game.")] = None,
    games_per_step: Annotated[
        float | None, typer.Option("--games-per-step", help="Online ratings: rated games a logged step.")
    ] = None,
    update: Annotated[
        UpdateWord | None, typer.Option("--update", help="Online ratings: after each game, or averaged over a step.")
    ] = None,
    policy: PolicyOption = None,
    deadline: DeadlineOption = 120.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Is the candidate better than fixed references, or is it noise?

    Exit 0 better, 10 not, 11 open.

    Example: gatekeeper elo games.jsonl --candidate latest --elo1 20
    """
    from action.cli.elo_choice import EloChoice, answer_elo  # noqa: PLC0415 - start-up time

    choice = EloChoice(
        sources=tuple(source),
        references=tuple(reference or ()),
        candidate=candidate,
        pattern=checkpoints,
        checkpoints=tuple(checkpoint or ()),
        columns=columns,
        cluster=cluster,
        confidence=confidence,
        numbers={"elo0": elo0, "elo1": elo1, "alpha": alpha, "beta": beta},
        allow_disconnected=allow_disconnected,
        series=series,
        rule={"k": k, "seats": seats, "games_per_step": games_per_step, "update": update and update.value},
        policy=policy,
        deadline=deadline,
        given=frozenset(name for name in context.params if _by_hand(context, name)),
    )
    facts, title, notes = answer_elo(choice)
    _show(facts, title, notes, output_format)
    raise typer.Exit(facts.exit_code)


def _by_hand(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)  # of an enumeration that the library does not export
    return source is not None and source.name != "DEFAULT"


def _show(facts: EloFacts, title: str, notes: tuple[Note, ...], output_format: Format) -> None:
    from action.cli.elo_page import answer_word, print_elo  # noqa: PLC0415 - start-up time

    if output_format is Format.TEXT:
        from action.cli.page import open_console  # noqa: PLC0415

        print_elo(facts, notes, open_console(sys.stdout))
    elif output_format is Format.JSON:
        from action.report.document import json_text, notes_document  # noqa: PLC0415
        from action.report.elo_document import elo_document  # noqa: PLC0415

        typer.echo(json_text(elo_document(facts) | {"notes": notes_document(notes)}), nl=False)
    else:
        from action.report.markdown import elo_markdown  # noqa: PLC0415

        typer.echo(elo_markdown(title, f"{answer_word(facts).capitalize()}.", facts, notes), nl=False)
