"""The commands together. Nothing heavy may be imported: `gatekeeper --help` has to answer at once."""

from __future__ import annotations

from typing import Annotated

import typer

from action.cli import (
    check,
    doctor,
    elo,
    explain,
    github_action,
    init,
    logs,
    metrics,
    policy,
    promote,
    promotions,
    publish,
    sweep,
    track,
    verify,
)

app = typer.Typer(
    name="gatekeeper",
    help="Judge a finished training run, and guard the promotion of its checkpoint.",
    epilog="Exit codes: 0 pass, 10 fail, 11 inconclusive, 2 wrong input or policy, 3 a service, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("check")(check.check)
app.command("elo")(elo.elo)
app.command("sweep")(sweep.sweep)
app.command("metrics")(metrics.metrics)
app.command("logs")(logs.logs)
app.command("explain")(explain.explain)
app.command("publish")(publish.publish)
app.command("track")(track.track)
app.command("verify")(verify.verify)
app.command("promote")(promote.promote)
app.command("promotions")(promotions.promotions)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.command("action", hidden=True)(github_action.github_action)
app.add_typer(policy.app, name="policy")


def _version(asked: bool) -> None:
    if asked:
        from action.version import tool_version  # noqa: PLC0415 - reading metadata takes 20 ms

        typer.echo(f"gatekeeper {tool_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version
