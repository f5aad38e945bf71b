"""`gatekeeper check`: judge a run."""

from __future__ import annotations

import os
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import DeadlineOption, EventsOption, Format, FormatOption, PolicyOption, ProfileOption

if TYPE_CHECKING:
    from action.pipeline import Judged


def check(  # noqa: PLR0913 - one argument an option
    run: Annotated[
        str, typer.Argument(metavar="RUN|BUNDLE", help="The run to judge, or an evidence bundle to judge again.")
    ],
    *,
    policy: PolicyOption = None,
    profile: ProfileOption = None,
    events: EventsOption = None,
    games: Annotated[
        list[Path] | None,
        typer.Option("--games", metavar="FILE", readable=False, help="Games; default: games.jsonl beside the run."),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            metavar="NAME|PATH|ARTIFACT|newest",
            help="The checkpoint to be promoted; a path or an artifact of the run adds its digest.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", readable=False, help="Write verdict.json, verdict.md and evidence/ there."
        ),
    ] = None,
    deadline: DeadlineOption = 120.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Judge a run by a policy and end with the verdict's exit code.

    Example: gatekeeper check wandb/latest-run --profile grpo --out gatekeeper-out
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - start-up time

    from action.cli.online import service_ports  # noqa: PLC0415
    from action.cli.ports import choose_policy, fallback_policy  # noqa: PLC0415
    from action.pipeline import check_run  # noqa: PLC0415
    from action.settings import TIME, CheckSettings  # noqa: PLC0415

    asked = choose_policy(policy, profile)
    settings = CheckSettings(
        ref=run,
        policy=asked,
        fallback_policy=asked or fallback_policy(),
        events=tuple(events or ()),
        games=tuple(games or ()),
        checkpoint=checkpoint,
        now=datetime.now(UTC).strftime(TIME),
        deadline=deadline,
    )
    with _client(run):
        judged = check_run(settings, service_ports())
    written = write_judged(judged, out) if out is not None else ()
    _show(judged, output_format, written)
    raise typer.Exit(judged.verdict.exit_code)


def _client(run: str) -> AbstractContextManager[None]:
    """Start W&B's client once, for all that is asked of it."""
    from action.runs import exists, is_online  # noqa: PLC0415 - start-up time

    if not is_online(run) or exists(Path(run)) or not os.environ.get("WANDB_API_KEY", "").strip():
        return nullcontext()
    from action.wandb_service.launch import warm_client  # noqa: PLC0415 - seldom wanted

    return warm_client()


def write_judged(judged: Judged, out: Path) -> tuple[str, ...]:
    """Write evidence first and the verdict last: who finds a verdict finds all that it rests on."""
    from action.output import write_files  # noqa: PLC0415
    from action.report.document import verdict_json  # noqa: PLC0415
    from action.report.markdown import verdict_markdown  # noqa: PLC0415

    evidence = {f"evidence/{name}": content for name, content in judged.files.files.items()}
    manifest = {"evidence/manifest.json": evidence.pop("evidence/manifest.json")}
    documents = {
        "verdict.md": verdict_markdown(judged.verdict).encode(),
        "verdict.json": verdict_json(judged.verdict).encode(),
    }
    write_files(out, {**evidence, **manifest, **documents})
    return tuple(str(out / name) for name in ("verdict.md", "verdict.json", "evidence"))


def _show(judged: Judged, output_format: Format, written: tuple[str, ...]) -> None:
    if output_format is Format.TEXT:
        from action.cli.page import open_console  # noqa: PLC0415
        from action.cli.terminal import print_verdict  # noqa: PLC0415

        print_verdict(judged.verdict, open_console(sys.stdout), written=written)
    elif output_format is Format.JSON:
        from action.report.document import verdict_json  # noqa: PLC0415

        typer.echo(verdict_json(judged.verdict), nl=False)
    else:
        from action.report.markdown import verdict_markdown  # noqa: PLC0415

        typer.echo(verdict_markdown(judged.verdict), nl=False)
