"""`gatekeeper doctor`: is everything set up, and if not, what is to be done?"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import DeadlineOption, Format, FormatOption, PolicyOption, ProfileOption

if TYPE_CHECKING:
    from action.doctor import Finding


def doctor(  # noqa: PLR0913 - one argument an option
    run: Annotated[
        str | None,
        typer.Argument(metavar="[RUN]", help="A run to look for the policy's metrics in, or entity/project on W&B."),
    ] = None,
    *,
    github: Annotated[
        str | None,
        typer.Option("--github", metavar="OWNER/NAME", help="Also look whether GitHub holds the gate there."),
    ] = None,
    branch: Annotated[
        str | None, typer.Option("--branch", metavar="NAME", help="The branch to look at; default: the default one.")
    ] = None,
    policy: PolicyOption = None,
    profile: ProfileOption = None,
    deadline: DeadlineOption = 60.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Is everything set up: keys, services, logs, metrics, GitHub?

    Says what to do about each finding. Exit 0 all good, 10 a fault was found. With --github, and a
    token as GITHUB_TOKEN, also: is our status required and its source pinned, who can pass it by, is a merge queue
    handled, do permissions suffice, did it report in the last seven days?

    Example: gatekeeper doctor --profile grpo
    """
    from action.cli.check_up import Place, examine  # noqa: PLC0415 - start-up time
    from action.cli.ports import choose_policy, fallback_policy  # noqa: PLC0415
    from action.cli.tables import Table, show_table  # noqa: PLC0415
    from action.doctor import Status  # noqa: PLC0415
    from action.errors import UsageError  # noqa: PLC0415

    if branch is not None and github is None:
        raise UsageError("--branch: expected --github OWNER/NAME beside it, got none; name the repository")
    place = None if github is None else Place(repository=github, branch=branch)
    findings = examine(run, choose_policy(policy, profile) or fallback_policy(), deadline, place)
    if output_format is Format.TEXT:
        _print(findings)
    else:
        rows = [(one.status.value, one.what, one.found, one.advice or None) for one in findings]
        show_table(Table(title="doctor", columns=("status", "what", "found", "to_do"), rows=rows), output_format)
    raise typer.Exit(10 if any(one.status is Status.FAULT for one in findings) else 0)


def _print(findings: Iterable[Finding]) -> None:
    """Write a line a finding, and what to do under it."""
    from action.cli.page import Page, open_console  # noqa: PLC0415 - start-up time
    from action.doctor import Status  # noqa: PLC0415

    console = open_console(sys.stdout)
    page = Page(console)
    colours = {Status.GOOD: "green", Status.ODD: "yellow", Status.FAULT: "bold red", Status.LEFT_OUT: "dim"}
    widest = max(len(status.value) for status in Status)
    for one in findings:
        gap = " " * (widest - len(one.status.value) + 2)
        page.line((one.status.value, colours[one.status]), (f"{one.what}: {one.found}", ""), hang=widest + 2, gap=gap)
        if one.advice:
            page.line((one.advice, "dim"), indent=widest + 2, hang=2)
