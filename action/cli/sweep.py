"""`gatekeeper sweep`: which of these runs is strongest, or is it luck?"""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import DeadlineOption, Format, FormatOption, PolicyOption, UpdateWord

if TYPE_CHECKING:
    from checks.run import Note
    from checks.sweep.answer import SweepAnswer


class Candidate(StrEnum):
    """Which checkpoint stands for a run; a test holds the words against those of the core."""

    LATEST = "latest"
    BEST = "best"


def sweep(  # noqa: PLR0913 - one argument an option
    runs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN]…", help="Runs, or folders of runs; games.jsonl beside a run is found by itself."),
    ] = None,
    *,
    prefix: Annotated[str | None, typer.Option("--sweep", metavar="PREFIX", help="Runs whose names begin so.")] = None,
    group: Annotated[str | None, typer.Option("--group", metavar="NAME", help="Runs of a group on W&B.")] = None,
    wandb_sweep: Annotated[
        str | None, typer.Option("--wandb-sweep", metavar="ID", help="Runs of a sweep on W&B.")
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="ENTITY/PROJECT", help="Where on W&B these are looked up.")
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without", metavar="NAME", help="A run to leave out, by any name that is shown of it; may be repeated."
        ),
    ] = None,
    games: Annotated[
        list[Path] | None,
        typer.Option(
            "--games",
            metavar="FILE",
            readable=False,
            help="Games between runs, agents called RUN/CHECKPOINT; may be repeated.",
        ),
    ] = None,
    reference: Annotated[
        str | None,
        typer.Option("--reference", metavar="NAME", help="Measure from this fixed agent; default: base_model."),
    ] = None,
    candidate: Annotated[
        Candidate, typer.Option("--candidate", help="Which checkpoint stands for a run.")
    ] = Candidate.LATEST,
    confidence: Annotated[
        float, typer.Option("--confidence", metavar="SHARE", help="Of the intervals of all pairs of runs together.")
    ] = 0.95,
    series: Annotated[bool, typer.Option("--series", help="Judge logged ratings, not games.")] = False,
    k: Annotated[float | None, typer.Option("--k", help="Online ratings: the largest move in a game of two.")] = None,
    seats: Annotated[int | None, typer.Option("--seats", help="Online ratings: seats a game.")] = None,
    games_per_step: Annotated[
        float | None, typer.Option("--games-per-step", help="Online ratings: rated games a logged step.")
    ] = None,
    update: Annotated[
        UpdateWord | None, typer.Option("--update", help="Online ratings: after each game, or averaged over a step.")
    ] = None,
    track: Annotated[
        Path | None,
        typer.Option(
            "--track", metavar="FILE", readable=False, help="Also write one entry of it into this experiment tracker."
        ),
    ] = None,
    policy: PolicyOption = None,
    deadline: DeadlineOption = 120.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Compare runs by fixed references; name a winner, if any.

    Exit 0 with a winner, 11 without.

    Example: gatekeeper sweep wandb/latest-run runs/baseline
    """
    from action.cli.sweep_choice import answer_sweep  # noqa: PLC0415 - start-up time
    from action.cli.sweep_runs import SweepChoice  # noqa: PLC0415

    choice = SweepChoice(
        runs=tuple(runs or ()),
        prefix=prefix,
        group=group,
        wandb_sweep=wandb_sweep,
        project=project,
        without=tuple(without or ()),
        games=tuple(games or ()),
        reference=reference,
        candidate=candidate.value,
        confidence=confidence,
        series=series,
        rule={"k": k, "seats": seats, "games_per_step": games_per_step, "update": update and update.value},
        policy=policy,
        deadline=deadline,
    )
    found, notes = answer_sweep(choice)
    _show(found, notes, output_format)
    if track is not None:
        from action.cli.tracking import put  # noqa: PLC0415
        from action.report.tracker_sweep import sweep_entry  # noqa: PLC0415

        put(sweep_entry(found, prefix or group or wandb_sweep), track, told_on_error=True)
    raise typer.Exit(found.exit_code)


def _show(found: SweepAnswer, notes: tuple[Note, ...], output_format: Format) -> None:
    if output_format is Format.TEXT:
        from action.cli.page import open_console  # noqa: PLC0415 - start-up time
        from action.cli.sweep_page import print_sweep  # noqa: PLC0415

        print_sweep(found, notes, open_console(sys.stdout))
    elif output_format is Format.JSON:
        from action.report.document import json_text  # noqa: PLC0415
        from action.report.sweep_document import sweep_document  # noqa: PLC0415

        typer.echo(json_text(sweep_document(found, notes)), nl=False)
    else:
        from action.report.sweep_markdown import sweep_markdown  # noqa: PLC0415

        typer.echo(sweep_markdown(found, notes), nl=False)
