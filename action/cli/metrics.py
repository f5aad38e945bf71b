"""`gatekeeper metrics`: is the model learning? One row a metric."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import DeadlineOption, Format, FormatOption, PolicyOption, RunArgument

if TYPE_CHECKING:
    from checks.check import Policy
    from checks.run import Note, RunData, Scalar


def metrics(  # noqa: PLR0913 - one argument an option
    run: RunArgument,
    *,
    metric: Annotated[
        list[str] | None, typer.Option("-m", "--metric", metavar="NAME|ROLE", help="A metric or role; may be repeated.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every metric of the run.")] = False,
    policy: PolicyOption = None,
    deadline: DeadlineOption = 120.0,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Show loss, reward, KL and other metrics over a run's steps.

    Example: gatekeeper metrics wandb/latest-run -m kl -m reward
    """
    from action.cli.online import service_ports  # noqa: PLC0415 - start-up time
    from action.cli.ports import choose_policy, fallback_policy  # noqa: PLC0415
    from action.cli.tables import Table, show_table  # noqa: PLC0415
    from action.collection import read_policy  # noqa: PLC0415
    from action.deadline import Deadline  # noqa: PLC0415
    from action.errors import InputError  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.runs import find_run  # noqa: PLC0415
    from checks.axis import on_trainer_steps  # noqa: PLC0415
    from checks.document import did_you_mean  # noqa: PLC0415
    from checks.run import Selection  # noqa: PLC0415
    from checks.summary import COLUMNS  # noqa: PLC0415

    ports = service_ports()
    roles = read_policy(choose_policy(policy, None) or fallback_policy(), ports, "2000-01-01")
    asked = tuple(metric or roles.roles)
    counters = roles.metric_names("step")
    names = frozenset(name for one in (*asked, "step") for name in roles.metric_names(one))
    wanted = Selection(names=names, everything=everything)
    data = on_trainer_steps(find_run(run, wanted, ports, Deadline(seconds=deadline)), counters)
    rows, absent = _rows(data, roles, asked, everything=everything)
    notes: tuple[Note, ...] = data.notes
    if metric and absent:
        known = [*data.catalog, *roles.roles]
        told = "; ".join(f"{show_name(name)}, {show_name(did_you_mean(name, known))}" for name in absent)
        raise InputError(f"{show_name(run)}: expected the metrics asked for, found no {told}")
    if not rows:
        near = ", ".join(map(show_name, sorted(data.catalog)[:12])) or "none at all"
        raise InputError(
            f"{show_name(run)}: expected a metric with a known role, got {near}; ask with -m NAME or --all"
        )
    sparks = [data.series[str(row[0])].values for row in rows]
    title = f"Metrics of {data.identity.name}"
    show_table(Table(title=title, columns=COLUMNS, rows=rows, notes=notes, sparks=sparks), output_format)


def _rows(
    data: RunData, policy: Policy, asked: tuple[str, ...], *, everything: bool
) -> tuple[list[tuple[Scalar, ...]], list[str]]:
    from checks.summary import role_of, summarise  # noqa: PLC0415 - start-up time
    from checks.threshold import find_series  # noqa: PLC0415

    if everything:
        kept = [series for _, series in sorted(data.series.items())]
        return [summarise(series, role_of(series.name, policy.roles)) for series in kept], []
    rows, absent = [], []
    for one in asked:
        series = find_series(policy, data, one)
        if series is None:
            absent.append(one)
        else:
            rows.append(summarise(series, one if one in policy.roles else role_of(series.name, policy.roles)))
    return rows, absent
