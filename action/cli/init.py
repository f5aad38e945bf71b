"""`gatekeeper init`: write a starter policy and the workflow of GitHub Actions."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import DeadlineOption

if TYPE_CHECKING:
    from action.fitting import Recorded
    from action.scaffold import Scaffold

_PROJECT = re.compile(r"[\w][\w .-]*/[\w][\w .-]*")
_LONGEST = 200


def init(  # noqa: PLR0913 - one argument an option
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="A run whose metrics the policy is fitted to.")
    ] = None,
    *,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile", metavar="NAME", help="A profile to extend; may be repeated. Default: those that fit."
        ),
    ] = None,
    project: Annotated[
        str | None, typer.Option("--project", metavar="ENTITY/PROJECT", help="Where the runs lie on W&B.")
    ] = None,
    workflow: Annotated[
        str | None, typer.Option("--workflow", metavar="NAME", help="The `name:` of the workflow that trains.")
    ] = None,
    tracker: Annotated[
        bool, typer.Option("--tracker", help="Let the workflow keep the experiment tracker by a pull request.")
    ] = False,
    promotion: Annotated[
        bool, typer.Option("--promotion", help="Also write the workflow that promotes what was judged.")
    ] = False,
    signed: Annotated[
        bool, typer.Option("--signed", help="With --promotion: sign verdicts, and promote by signed ones alone.")
    ] = False,
    target: Annotated[
        str | None,
        typer.Option("--to", metavar="COLLECTION", help="With --promotion: the collection on W&B that has the alias."),
    ] = None,
    alias: Annotated[
        str | None,
        typer.Option("--alias", metavar="NAME", help="With --promotion: the alias; default: production."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the files and write nothing.")] = False,
    directory: Annotated[
        Path, typer.Option("--dir", metavar="PATH", readable=False, help="The repository; default: this folder.")
    ] = Path(),
    deadline: DeadlineOption = 120.0,
) -> None:
    """Write a starter policy, fitted to a run, and the workflow.

    Writes .github/gatekeeper.yml and .github/workflows/gatekeeper.yml, with --promotion also
    .github/workflows/promote.yml beside files that are there; says what is left to do.

    Example: gatekeeper init wandb/latest-run --workflow train --dry-run
    """
    from action.cli.ports import profile_texts  # noqa: PLC0415 - start-up time
    from action.errors import UsageError  # noqa: PLC0415
    from action.promotion import read_alias  # noqa: PLC0415
    from action.registries.wandb.names import parse_target  # noqa: PLC0415
    from action.release import RELEASE  # noqa: PLC0415
    from action.scaffold import Facts, build_scaffold  # noqa: PLC0415
    from action.services import read_services  # noqa: PLC0415

    given = {"--signed": signed, "--to": target is not None, "--alias": alias is not None}
    idle = [name for name, value in given.items() if value]
    if idle and not promotion:
        raise UsageError(f"{idle[0]}: expected --promotion beside it, got none; give both")
    if target is not None:
        parse_target(target)
    _require_fit(profile or [], project, workflow)
    kept = _kept(directory, promotion=promotion, force=force, dry_run=dry_run)  # before a service is asked for a run
    recorded, found = (None, None) if run is None else _look(run, deadline)
    facts = Facts(
        profiles=tuple(dict.fromkeys(profile or ())),
        run=recorded,
        project=project or found,
        workflow=workflow,
        axiom=read_services(os.environ).axiom is not None,
        tracker=tracker,
        promotion=promotion,
        signed=signed,
        collection=target,
        alias=read_alias(alias or "production"),
        kept=kept,
        release=RELEASE,
    )
    scaffold = build_scaffold(facts, profile_texts())
    if dry_run:
        _print(scaffold)
    else:
        _write(directory, scaffold, kept)


def _require_fit(profiles: list[str], project: str | None, workflow: str | None) -> None:
    """Refuse what would make files that cannot work."""
    from action.cli.ports import profile_texts  # noqa: PLC0415 - start-up time
    from action.errors import UsageError  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.scaffold import known_profiles  # noqa: PLC0415

    known = known_profiles(profile_texts())
    for name in profiles:
        if name not in known:
            raise UsageError(f"--profile: expected one of {', '.join(known)}, got {show_name(name)}; name one of them")
    if project is not None and not _PROJECT.fullmatch(project):
        raise UsageError(f"--project: expected entity/project, got {show_name(project)}; copy it from the page on W&B")
    if workflow is not None and not (workflow.strip() and workflow.isprintable() and len(workflow) <= _LONGEST):
        raise UsageError(
            f"--workflow: expected the name of a workflow, got {show_name(workflow) or 'none'}; copy the `name:` "
            "of the workflow that trains"
        )


def _kept(directory: Path, *, promotion: bool, force: bool, dry_run: bool) -> frozenset[str]:
    """Give the files that are there and stay: where only the promotion is new, it is written beside the others.

    Raises:
        UsageError: something would be replaced; all of it is named at once.
    """
    from action.errors import UsageError  # noqa: PLC0415 - start-up time
    from action.files import show_name  # noqa: PLC0415
    from action.scaffold import POLICY, PROMOTION, WORKFLOW  # noqa: PLC0415

    names = (POLICY, WORKFLOW, *([PROMOTION] if promotion else []))
    there = [name for name in names if os.path.lexists(directory / name)]
    if force or not there:
        return frozenset()
    if promotion and PROMOTION not in there:
        return frozenset(there)
    if dry_run:
        return frozenset()
    shown = " and ".join(show_name(directory / name) for name in there)
    raise UsageError(
        f"{shown}: expected no such {'file' if len(there) == 1 else 'files'} yet, got "
        f"{('one', 'both', 'all three')[len(there) - 1]}; --force replaces, --dry-run prints what would be written"
    )


def _look(run: str, deadline: float) -> tuple[Recorded, str | None]:
    """Look at a run: what it recorded, and the project on W&B that it is of."""
    from action.cli.online import service_ports  # noqa: PLC0415 - start-up time
    from action.collection import find_events, find_games  # noqa: PLC0415
    from action.deadline import Deadline  # noqa: PLC0415
    from action.evidence.store import read_bundle  # noqa: PLC0415
    from action.fitting import Recorded  # noqa: PLC0415
    from action.runs import fetches, find_run, named_bundle  # noqa: PLC0415
    from checks.run import Selection  # noqa: PLC0415

    ports = service_ports()
    online = fetches(run, ports)
    bundle = None if online else named_bundle(run, ports)
    if bundle is not None:
        kept = read_bundle(bundle).evidence
        data, games, events = kept.run, kept.games is not None, kept.log_source is not None
    else:
        data = find_run(run, Selection(), ports, Deadline(seconds=deadline))
        games, events = (False, False) if online else (bool(find_games(run)), bool(find_events(run)))
    recorded = Recorded(name=data.identity.name, metrics=data.catalog, games=games, events=events)
    return recorded, _project(run if online else data.identity.url)


def _project(address: str | None) -> str | None:
    """Give the project that a run on W&B is of; None: the name does not tell."""
    from action.errors import InputError  # noqa: PLC0415 - start-up time
    from action.sources.wandb_api.runs import parse_run  # noqa: PLC0415

    try:
        name = parse_run(address or "")
    except InputError:
        return None
    return f"{name.entity}/{name.project}"


def _print(scaffold: Scaffold) -> None:
    for number, (name, text) in enumerate(scaffold.files.items()):
        typer.echo(f"{'---' if number else ''}\n# {name}\n".lstrip("\n"))
        typer.echo(text, nl=False)


def _write(directory: Path, scaffold: Scaffold, kept: frozenset[str]) -> None:
    from action.errors import InputError  # noqa: PLC0415 - start-up time
    from action.escape import one_line  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.output import write_files  # noqa: PLC0415

    if not directory.is_dir():
        raise InputError(f"{show_name(directory)}: expected the folder of a repository, found none; correct --dir")
    write_files(directory, {name: text.encode() for name, text in scaffold.files.items()}, option="--dir")
    for name in scaffold.files:
        typer.echo(one_line(f"wrote {directory / name}"))
    for name in sorted(kept):
        typer.echo(one_line(f"kept {directory / name}"))
    typer.echo("\nNext:")
    for number, step in enumerate(scaffold.steps, start=1):
        typer.echo(one_line(f"{number}. {step}"))
