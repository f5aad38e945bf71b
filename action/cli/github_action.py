"""`gatekeeper action`: what `action.yml` runs. Its choices come from the environment, its answers go to the runner."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from action.cli.job.inputs import Job


def github_action(  # noqa: PLR0913 - one argument an input of the action
    *,
    run: Annotated[str, typer.Option("--run", envvar="GATEKEEPER_RUN", help="The run to judge.")] = "",
    games: Annotated[str, typer.Option("--games", envvar="GATEKEEPER_GAMES", help="Files of games, a line each.")] = "",
    events: Annotated[str, typer.Option("--events", envvar="GATEKEEPER_EVENTS", help="Files of events.")] = "",
    policy: Annotated[str, typer.Option("--policy", envvar="GATEKEEPER_POLICY", help="The policy file.")] = "",
    profile: Annotated[str, typer.Option("--profile", envvar="GATEKEEPER_PROFILE", help="Profiles, a line each.")] = "",
    checkpoint: Annotated[
        str, typer.Option("--checkpoint", envvar="GATEKEEPER_CHECKPOINT", help="The checkpoint to be promoted.")
    ] = "",
    project: Annotated[
        str, typer.Option("--project", envvar="GATEKEEPER_PROJECT", help="entity/project that runs are looked for in.")
    ] = "",
    out: Annotated[
        Path, typer.Option("--out", envvar="GATEKEEPER_OUT", readable=False, help="Where the verdict is written.")
    ] = Path("gatekeeper-out"),
    deadline: Annotated[
        float, typer.Option("--deadline", envvar="GATEKEEPER_DEADLINE", min=1, max=86_400, help="Seconds.")
    ] = 120.0,
    publish: Annotated[
        str,
        typer.Option("--publish", envvar="GATEKEEPER_PUBLISH", help="status, check-run, comment; or none."),
    ] = "",
    tracker: Annotated[
        str, typer.Option("--tracker", envvar="GATEKEEPER_TRACKER", help="none, pull-request or commit.")
    ] = "none",
    tracker_file: Annotated[
        str, typer.Option("--tracker-file", envvar="GATEKEEPER_TRACKER_FILE", help="Its path in the repository.")
    ] = "",
    tracker_base: Annotated[
        str, typer.Option("--tracker-base", envvar="GATEKEEPER_TRACKER_BASE", help="The branch that has it.")
    ] = "",
    tracker_branch: Annotated[
        str, typer.Option("--tracker-branch", envvar="GATEKEEPER_TRACKER_BRANCH", help="Of the pull request.")
    ] = "",
    tracker_template: Annotated[
        str, typer.Option("--tracker-template", envvar="GATEKEEPER_TRACKER_TEMPLATE", help="Of new entries.")
    ] = "",
    tracker_labels: Annotated[
        str, typer.Option("--tracker-labels", envvar="GATEKEEPER_TRACKER_LABELS", help="A line each.")
    ] = "",
    tracker_reviewers: Annotated[
        str, typer.Option("--tracker-reviewers", envvar="GATEKEEPER_TRACKER_REVIEWERS", help="A line each.")
    ] = "",
    sweep_days: Annotated[
        int, typer.Option("--sweep-days", envvar="GATEKEEPER_SWEEP_DAYS", min=1, max=90, help="How far back it looks.")
    ] = 7,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", envvar="GATEKEEPER_DRY_RUN", help="Say what would be written; write nothing.")
    ] = False,
) -> None:
    """Judge the run that an event of GitHub Actions is about; for `action.yml`."""
    from action.cli.job.inputs import PUBLISHED, Job  # noqa: PLC0415 - start-up time
    from action.cli.tracker_inputs import TrackerInputs  # noqa: PLC0415

    given = TrackerInputs()

    job = Job(
        run=run.strip(),
        games=_lines(games),
        events=_lines(events),
        policy=policy.strip(),
        profiles=_lines(profile),
        checkpoint=checkpoint.strip(),
        project=project.strip(),
        out=out,
        deadline=deadline,
        publish=tuple(publish.replace(",", " ").split()) or PUBLISHED,
        sweep_days=sweep_days,
        dry_run=dry_run,
        tracker=TrackerInputs(
            mode=tracker.strip() or given.mode,
            path=tracker_file.strip() or given.path,
            base=tracker_base.strip(),
            branch=tracker_branch.strip() or given.branch,
            template=tracker_template.strip(),
            labels=_lines(tracker_labels),
            reviewers=_lines(tracker_reviewers),
        ),
    )
    with _client(job):
        from action.cli.job.flow import do_job  # noqa: PLC0415 - while W&B's client starts

        code = do_job(job)
    raise typer.Exit(code)


def _client(job: Job) -> AbstractContextManager[None]:
    """Start W&B's client beside us where a run there will be asked for."""
    if not os.environ.get("WANDB_API_KEY", "").strip() or os.environ.get("GITHUB_EVENT_NAME") == "merge_group":
        return nullcontext()
    from action.runs import is_online  # noqa: PLC0415 - start-up time

    if not (is_online(job.run) if job.run else job.project):
        return nullcontext()
    from action.wandb_service.launch import warm_client  # noqa: PLC0415 - start-up time

    return warm_client()


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
