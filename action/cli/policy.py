"""`gatekeeper policy`: look at a policy itself, not at a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from action.cli import backtest
from action.cli.options import ProfileOption

app = typer.Typer(help="Check a policy, try it on past runs, or print its schema.", no_args_is_help=True)
app.command("backtest")(backtest.backtest)


@app.command("lint")
def lint(
    policy: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", readable=False, help="The policy; default: .github/gatekeeper.yml."),
    ] = None,
    *,
    profile: ProfileOption = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="OLD", readable=False, help="Also tell what it asks less than this policy; exit 10."
        ),
    ] = None,
) -> None:
    """Read a policy and tell every fault at once, as file:line: key: what to do. Exit 2 if there is one.

    Example: gatekeeper policy lint .github/gatekeeper.yml
    """
    from datetime import UTC, date, datetime  # noqa: PLC0415 - start-up time

    from action.cli.ports import choose_policy, profile_texts, read_policy_file  # noqa: PLC0415
    from action.escape import one_line  # noqa: PLC0415
    from action.settings import DEFAULT_POLICY  # noqa: PLC0415
    from checks.policy import parse_policy  # noqa: PLC0415
    from checks.weakening import compare  # noqa: PLC0415

    asked = choose_policy(policy, profile) or read_policy_file(DEFAULT_POLICY)
    today = datetime.now(UTC).date()
    read = parse_policy(asked.text, source=asked.source, profiles=profile_texts(), today=today)
    blocking = sum(check.severity == "block" for check in read.checks)
    extends = f", extends {', '.join(read.profiles)}" if read.profiles else ""
    checks = "1 check" if len(read.checks) == 1 else f"{len(read.checks)} checks"
    typer.echo(one_line(f"{read.source}: {checks}, {blocking} blocking{extends}: no faults"))
    if against is None:
        return
    old = read_policy_file(against)
    # Its waivers may have expired by now, and were valid then.
    before = parse_policy(old.text, source=old.source, profiles=profile_texts(), today=date(2000, 1, 1))
    changes = compare(before, read)
    for change in changes:
        typer.echo(one_line(f"{change.effect.value}: {change.key}: {change.text}"))
    if not changes:
        typer.echo(one_line(f"It asks at least what {old.source} asks."))
    raise typer.Exit(10 if changes else 0)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a policy file, for editors that check YAML while you write.

    Example: gatekeeper policy schema > gatekeeper.schema.json
    """
    from action.report.document import json_text  # noqa: PLC0415 - start-up time
    from checks.schema import policy_schema  # noqa: PLC0415

    typer.echo(json_text(policy_schema()), nl=False)
