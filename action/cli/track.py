"""`gatekeeper track`: what became of a run, written into the experiment tracker."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from action.tracker.edit import Edit

TRACKER = Path("docs/experiment-tracker.md")


def track(
    verdict: Annotated[
        Path, typer.Argument(metavar="VERDICT", readable=False, help="The folder that `check --out` wrote.")
    ],
    *,
    file: Annotated[
        Path, typer.Option("--file", metavar="FILE", readable=False, help="The tracker; made where there is none.")
    ] = TRACKER,
    diff: Annotated[bool, typer.Option("--diff", help="Show what would change; write nothing.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done; write nothing.")] = False,
) -> None:
    """Write a run into the experiment tracker.

    An entry that names the run gets its status, results and follow-up; without one the next `Exp N` is appended. What
    people wrote stays, to the byte. The same run again replaces what this command wrote of it.

    Example: gatekeeper track gatekeeper-out --file docs/experiment-tracker.md --diff
    """
    from action.cli.again import judge_again  # noqa: PLC0415 - start-up time
    from action.cli.tracker_file import read_tracker, write_tracker  # noqa: PLC0415
    from action.errors import InputError  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.report.tracker_page import tracker_entry  # noqa: PLC0415
    from action.tracker.edit import TrackerError, update_tracker  # noqa: PLC0415
    from checks.narrative import narrate  # noqa: PLC0415

    judged = judge_again(verdict, "a verdict without its evidence is not tracked")
    entry = tracker_entry(judged.verdict, narrate(judged.policy, judged.bundle.evidence, judged.verdict))
    old = read_tracker(file)
    try:
        found = update_tracker(old, entry)
    except TrackerError as error:
        raise InputError(f"{show_name(file)}:{error}") from error
    if diff:
        typer.echo(_diff(old, found.text, file), nl=False)
    elif not dry_run and found.text != old:
        write_tracker(file, found.text)
    if not diff:
        typer.echo(f"{show_name(file)}: {_told(found, changed=found.text != old, wrote=not dry_run)}")


def _told(found: Edit, *, changed: bool, wrote: bool) -> str:
    if not changed:
        return f"Exp {found.number} is as it should be"
    kept = f"; what people wrote in its {' and '.join(found.kept)} stays above" if found.kept else ""
    done = "added" if found.new else "filled in"
    return f"Exp {found.number} {done if wrote else f'would be {done}'}{kept}"


def _diff(old: str, new: str, file: Path) -> str:
    """Write a unified diff; control characters are written out, since the text is of people and of runs."""
    import difflib  # noqa: PLC0415 - start-up time

    from action.escape import printable  # noqa: PLC0415
    from action.tracker.outline import split_lines  # noqa: PLC0415

    name = file.as_posix()
    lines = difflib.unified_diff(split_lines(old), split_lines(new), f"a/{name}", f"b/{name}", n=2)
    encoding = sys.stdout.encoding or "utf-8"
    return "".join(f"{line[:1]}{printable(line[1:], encoding, whole_words=True)}\n" for line in lines)
