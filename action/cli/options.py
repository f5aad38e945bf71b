"""Arguments that several commands share, each declared once. Only typer may be imported."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How a command prints its answer."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


class UpdateWord(StrEnum):
    """When a trainer updates its online ratings; a test holds them against those of the core."""

    SEQUENTIAL = "sequential"
    AVERAGED = "averaged"


RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A .wandb file or W&B folder, trainer_state.json, .jsonl, .csv, .parquet, TensorBoard files, or a run on "
        "W&B as entity/project/run.",
    ),
]
FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]
# Files are opened by us: `readable=False` keeps typer from looking first and saying it in other words.
EventsOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--events",
        metavar="FILE",
        readable=False,
        help="Log events as JSON lines; default: events.jsonl beside the run.",
    ),
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy", metavar="FILE", readable=False, help="The policy; default: .github/gatekeeper.yml, else grpo."
    ),
]
DeadlineOption = Annotated[
    float,
    typer.Option(
        "--deadline", metavar="SECONDS", min=1, max=86_400, help="For everything that services are asked together."
    ),
]
ProfileOption = Annotated[
    list[str] | None, typer.Option("--profile", metavar="NAME", help="A profile instead of a policy; may be repeated.")
]
