"""`gatekeeper explain`: every number of a verdict back to its data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from action.pipeline import Judged
    from checks.diagnosis.leaf import Leaf
    from checks.result import CheckResult, Verdict


def explain(
    verdict: Annotated[
        Path, typer.Argument(metavar="VERDICT", readable=False, help="verdict.json, or the folder that holds it.")
    ],
    check: Annotated[
        str | None,
        typer.Argument(metavar="[CHECK]", help="One check, or one pattern of what a run shows; default: all of them."),
    ] = None,
    *,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence", metavar="DIR", readable=False, help="The bundle; default: evidence/ beside the verdict."
        ),
    ] = None,
) -> None:
    """Show what each number of a verdict rests on.

    The evidence is judged again, to see that it still gives the verdict. Exit 0 if it does, 11 if there is no evidence,
    10 if the evidence gives another verdict.

    Example: gatekeeper explain gatekeeper-out/verdict.json kl-spike
    """
    from action.cli.explanation import print_explanation  # noqa: PLC0415 - start-up time
    from action.errors import InputError, UsageError  # noqa: PLC0415
    from action.escape import one_line  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from checks.diagnosis.tree import BY_PATTERN  # noqa: PLC0415
    from checks.document import did_you_mean  # noqa: PLC0415

    path = verdict / "verdict.json" if verdict.is_dir() else verdict
    read = _read(path)
    told = [BY_PATTERN[one.pattern] for one in read.diagnosis if one.pattern in BY_PATTERN]
    chosen: list[CheckResult | Leaf] = [*read.checks, *told]
    if check is not None:
        known: dict[str, CheckResult | Leaf] = {**BY_PATTERN, **{result.id: result for result in read.checks}}
        if check not in known:
            raise UsageError(
                f"{one_line(check)}: expected a check of this verdict, or a pattern; {did_you_mean(check, list(known))}"
            )
        chosen = [known[check]]
    judged = _judge_again(evidence or path.parent / "evidence")
    if judged is None and evidence is not None:
        raise InputError(
            f"{show_name(evidence)}: expected an evidence bundle, found none there; name the evidence/ that "
            "`gatekeeper check RUN --out DIR` wrote"
        )
    exit_code = print_explanation(read, chosen, judged, sys.stdout)
    raise typer.Exit(exit_code)


def _read(path: Path) -> Verdict:
    from action.files import open_input, read_error  # noqa: PLC0415 - start-up time
    from action.report.reading import parse_verdict  # noqa: PLC0415

    with open_input(path) as stream:
        try:
            content = stream.read()
        except OSError as error:
            raise read_error(path, error) from error
    return parse_verdict(content.decode("utf-8", "replace"), name=path.name)


def _judge_again(folder: Path) -> Judged | None:
    from action.cli.ports import local_ports  # noqa: PLC0415 - start-up time
    from action.evidence.store import find_bundle  # noqa: PLC0415
    from action.pipeline import check_run  # noqa: PLC0415
    from action.settings import CheckSettings, profile_policy  # noqa: PLC0415

    if find_bundle(folder) is None:
        return None
    # A bundle brings its policy and its time; the policy of the folder the user stands in has no say.
    settings = CheckSettings(ref=str(folder), policy=None, fallback_policy=profile_policy(("grpo",)), now="")
    return check_run(settings, local_ports())
