"""`gatekeeper policy backtest`: what a policy would have said of many past runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from action.cli.options import Format, FormatOption, PolicyOption, ProfileOption

if TYPE_CHECKING:
    from action.past import PastSettings
    from action.settings import PolicyText
    from checks.backtest.labels import Label
    from checks.backtest.past import PastRun
    from checks.backtest.summary import Backtest
    from checks.check import Policy


def backtest(  # noqa: PLR0913 - one argument an option
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Past runs, evidence bundles, and folders that hold many of them."),
    ],
    *,
    labels: Annotated[
        Path | None,
        typer.Option(
            "--labels",
            metavar="FILE",
            readable=False,
            help="Which runs were good or bad: CSV with the columns run, label, wrong; or YAML or JSON.",
        ),
    ] = None,
    policy: PolicyOption = None,
    profile: ProfileOption = None,
    against: Annotated[
        Path | None,
        typer.Option(
            "--against", metavar="OTHER", readable=False, help="Also judge by this policy, and tell what changes."
        ),
    ] = None,
    false_alarms: Annotated[
        str,
        typer.Option("--false-alarms", metavar="RATE", help="The rate that each proposed bound may have: 5% or 0.05."),
    ] = "5%",
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", metavar="N", min=1, max=256, help="Processes; default: one a core."),
    ] = None,
    output_format: FormatOption = Format.TEXT,
) -> None:
    """Judge many past runs, hold the verdicts against what is known of them, and propose bounds. Asks no service.

    Exit 10: a verdict contradicts its label; with --against: a verdict changes, where labels tell for the worse. Exit
    2: wrong input, or no run could be judged.

    Example: gatekeeper policy backtest wandb --profile grpo
    """
    from datetime import UTC, datetime  # noqa: PLC0415 - start-up time

    from action.cli.ports import choose_policy, fallback_policy, read_policy_file  # noqa: PLC0415
    from action.past import PastSettings  # noqa: PLC0415
    from action.settings import TIME  # noqa: PLC0415
    from checks.backtest.summary import Trial  # noqa: PLC0415
    from checks.backtest.summary import backtest as put_together  # noqa: PLC0415

    settings = PastSettings(
        policy=choose_policy(policy, profile) or fallback_policy(),
        against=None if against is None else read_policy_file(against),
        now=datetime.now(UTC).strftime(TIME),
        labels_in=None if labels is None else labels.parent,
    )
    trial = Trial(
        policy=_parsed(settings.policy, settings.now),
        against=None if settings.against is None else _parsed(settings.against, settings.now),
        labels=None if labels is None else read_labels(labels),
        false_alarms=parse_rate(false_alarms),
    )
    found = put_together(trial, judge_runs(runs, settings, jobs))
    _show(found, output_format)
    raise typer.Exit(found.exit_code)


def _parsed(text: PolicyText, now: str) -> Policy:
    from action.cli.ports import local_ports  # noqa: PLC0415 - start-up time
    from action.collection import read_policy  # noqa: PLC0415

    return read_policy(text, local_ports(), now)


def parse_rate(text: str) -> float:
    """Read a share between 0 and 1, or a percentage.

    Raises:
        UsageError: it is none.

    >>> parse_rate("5%"), parse_rate("0.01")
    (0.05, 0.01)
    """
    from action.errors import UsageError  # noqa: PLC0415 - start-up time
    from action.files import show_name  # noqa: PLC0415
    from checks.number import round9  # noqa: PLC0415

    try:
        rate = round9(float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1))
    except ValueError:
        rate = 0.0
    if not 0 < rate < 1:
        got = show_name(text)
        raise UsageError(f"--false-alarms: expected a rate above 0 and below 1, got {got}; write 5% or 0.05")
    return rate


def read_labels(path: Path) -> tuple[Label, ...]:
    """Read a file of labels.

    Raises:
        InputError: with every fault in it.
    """
    from action.errors import InputError  # noqa: PLC0415 - start-up time
    from action.files import open_input, show_name  # noqa: PLC0415
    from checks.backtest.labels import LabelError, parse_labels  # noqa: PLC0415

    with open_input(path) as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise InputError(
            f"{show_name(path)}: expected labels of at most {_MOST_BYTES // 10**6} MB, got more; shorten it"
        )
    comma = {".csv": ",", ".tsv": "\t"}.get(path.suffix.lower())
    try:
        return parse_labels(content.decode("utf-8-sig"), file=show_name(path), comma=comma)
    except UnicodeDecodeError as error:
        raise InputError(f"{show_name(path)}: expected labels in UTF-8, got other bytes; save it as UTF-8") from error
    except LabelError as error:
        raise InputError(str(error)) from error


_MOST_BYTES = 16_000_000


def judge_runs(refs: Sequence[str], settings: PastSettings, jobs: int | None) -> tuple[PastRun, ...]:
    """Find the runs and judge them all, in their order; `jobs` None: a process a core, where there is enough to do."""
    from functools import partial  # noqa: PLC0415 - start-up time

    from action.cli.ports import local_ports  # noqa: PLC0415
    from action.cli.progress import progress_bar  # noqa: PLC0415
    from action.cli.workers import Work, each  # noqa: PLC0415
    from action.discovery import find_runs  # noqa: PLC0415
    from action.past import unread  # noqa: PLC0415

    found = find_runs(refs, local_ports())
    wanted = min(_cores(), -(-len(found) // _WORTH)) if jobs is None else jobs
    work = Work(task=partial(judge_one, settings), lost=partial(unread, settings))
    with progress_bar("judging past runs") as tell:
        return tuple(each(work, found, wanted, tell))


_WORTH = 20
"""So many runs are worth the start of another process."""


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def judge_one(settings: PastSettings, ref: str) -> PastRun:
    """Judge one run in whatever process this is, without a word."""
    from dataclasses import replace  # noqa: PLC0415 - start-up time

    from action.cli.ports import local_ports, read_games_quietly  # noqa: PLC0415
    from action.past import judge_past  # noqa: PLC0415

    return judge_past(settings, ref, replace(local_ports(), read_games=read_games_quietly))


def _show(found: Backtest, output_format: Format) -> None:
    if output_format is Format.JSON:
        from action.report.backtest_document import backtest_document  # noqa: PLC0415 - start-up time
        from action.report.document import json_text  # noqa: PLC0415

        typer.echo(json_text(backtest_document(found)), nl=False)
    elif output_format is Format.MARKDOWN:
        from action.report.backtest_markdown import backtest_markdown  # noqa: PLC0415

        typer.echo(backtest_markdown(found), nl=False)
    else:
        from action.cli.backtest_page import print_backtest  # noqa: PLC0415
        from action.cli.page import open_console  # noqa: PLC0415

        print_backtest(found, open_console(sys.stdout))
