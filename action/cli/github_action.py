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
    verify_heads: Annotated[
        bool, typer.Option("--verify-heads", envvar="GATEKEEPER_VERIFY_HEADS", help="In a merge queue.")
    ] = False,
    what: Annotated[
        str, typer.Option("--command", envvar="GATEKEEPER_COMMAND", help="judge, verify or promote.")
    ] = "judge",
    commit: Annotated[
        str, typer.Option("--commit", envvar="GATEKEEPER_COMMIT", help="Whose verdict counts for a promotion.")
    ] = "",
    artifact: Annotated[
        str, typer.Option("--artifact", envvar="GATEKEEPER_ARTIFACT", help="The checkpoint to be promoted.")
    ] = "",
    alias: Annotated[str, typer.Option("--alias", envvar="GATEKEEPER_ALIAS", help="That is moved to it.")] = "",
    collection: Annotated[
        str, typer.Option("--collection", envvar="GATEKEEPER_COLLECTION", help="Where it is linked to.")
    ] = "",
    why: Annotated[str, typer.Option("--why", envvar="GATEKEEPER_WHY", help="For the record.")] = "",
    max_age: Annotated[
        str, typer.Option("--max-age", envvar="GATEKEEPER_MAX_AGE", help="How old the verdict may be.")
    ] = "",
    signed: Annotated[
        bool, typer.Option("--signed", envvar="GATEKEEPER_SIGNED", help="The verdict has to be signed.")
    ] = False,
    workflow: Annotated[
        str, typer.Option("--workflow", envvar="GATEKEEPER_WORKFLOW", help="The path of the workflow that judges.")
    ] = "",
) -> None:
    """Judge the run that an event of GitHub Actions is about, or verify or promote; for `action.yml`."""
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
        verify_heads=verify_heads,
        workflow=workflow.strip(),
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
    if what.strip() not in {"", "judge"}:
        from action.cli.job.promotion import PromotionInputs, do_promotion  # noqa: PLC0415 - start-up time

        texts = {"commit": commit, "artifact": artifact, "alias": alias, "collection": collection, "max_age": max_age}
        inputs = PromotionInputs(
            command=what.strip(), why=why, signed=signed, **{name: text.strip() for name, text in texts.items()}
        )
        raise typer.Exit(do_promotion(job, inputs))
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
