"""`gatekeeper track`: what became of a run, written into the experiment tracker."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from action.publish import TRACKER_BRANCH
from action.tracker import TRACKER

if TYPE_CHECKING:
    from action.github.workshop import Workshop


def track(  # noqa: PLR0913 - one argument an option
    verdict: Annotated[
        Path, typer.Argument(metavar="VERDICT", readable=False, help="The folder that `check --out` wrote.")
    ],
    *,
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", readable=False, help="The tracker; made where there is none.")
    ] = Path(TRACKER),
    repository: Annotated[
        str, typer.Option("--github", metavar="OWNER/NAME", help="Propose it to this repository by a pull request.")
    ] = "",
    base: Annotated[str, typer.Option("--base", help="With --github: the branch that has the tracker.")] = "",
    branch: Annotated[
        str, typer.Option("--branch", help="With --github: the branch of the pull request.")
    ] = TRACKER_BRANCH,
    commit: Annotated[
        bool, typer.Option("--commit", help="With --github: commit right to the base, without a pull request.")
    ] = False,
    template: Annotated[
        Path | None,
        typer.Option(
            "--template", metavar="FILE", readable=False, help="A Jinja template of entries, in place of ours."
        ),
    ] = None,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change; write nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
) -> None:
    """Write a run into the experiment tracker.

    An entry that names the run gets its status, results and follow-up; without one the next `Exp N` is appended. What
    people wrote stays, to the byte. The same run again replaces what this command wrote of it.

    --github proposes it by the one pull request of its branch instead; GITHUB_TOKEN has to be set, and may write
    contents and pull requests.

    Example: gatekeeper track gatekeeper-out --file docs/experiment-tracker.md --diff
    """
    from action.cli.again import judge_again  # noqa: PLC0415 - start-up time
    from action.cli.proposal import Tracking, entry_of  # noqa: PLC0415
    from action.cli.tracker_inputs import TrackerInputs  # noqa: PLC0415
    from action.cli.tracking import put, show, tell  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.report.tracker_page import GivenTemplate  # noqa: PLC0415

    judged = judge_again(verdict, "a verdict without its evidence is not tracked")
    given = None if template is None else GivenTemplate(name=show_name(template), source=_source(template))
    if repository:
        inputs = TrackerInputs(
            mode="commit" if commit else "pull-request", path=file.as_posix(), base=base, branch=branch
        )
        inputs.require("--")
        tracking = Tracking(_shop(repository), inputs, entry_of(judged), template=given)
        if diff or dry_run:
            show(*tracking.rehearse(), file, diff=diff)
        else:
            raise typer.Exit(tell(tracking.propose(), repository))
        return
    put(entry_of(judged)(given), file, diff=diff, dry_run=dry_run)


def _shop(repository: str) -> Workshop:
    from action.cli.proposal import open_shop  # noqa: PLC0415 - start-up time
    from action.errors import UsageError  # noqa: PLC0415

    token = os.environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError("GITHUB_TOKEN: expected a token that may write contents and pull requests, got none; set it")
    return open_shop(os.environ, repository, token)


def _source(template: Path) -> str:
    from action.errors import InputError  # noqa: PLC0415 - start-up time
    from action.files import open_input, show_name  # noqa: PLC0415

    with open_input(template) as stream:
        content = stream.read(_MOST + 1)
    if len(content) > _MOST:
        raise InputError(f"{show_name(template)}: expected a template of at most {_MOST // 1000} kB, got more")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{show_name(template)}: expected a template in UTF-8, got other bytes") from error


_MOST = 100_000
