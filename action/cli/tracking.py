"""An entry put into the tracker's file, shown, or only told. What it says may not enter."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from action.publish.drafting import Draft, Spot
    from action.publish.proposing import Outcome
    from action.tracker.edit import Edit, RunEntry


def put(entry: RunEntry, file: Path, *, diff: bool = False, dry_run: bool = False, told_on_error: bool = False) -> None:
    """Write an entry, or show what would change; `told_on_error`: say what was done on stderr.

    Raises:
        InputError: the tracker cannot be read or written, or would swallow the entry.
    """
    from action.cli.tracker_file import read_tracker, write_tracker  # noqa: PLC0415 - start-up time
    from action.errors import InputError  # noqa: PLC0415
    from action.files import show_name  # noqa: PLC0415
    from action.tracker.edit import TrackerError, update_tracker  # noqa: PLC0415

    old = read_tracker(file)
    try:
        found = update_tracker(old, entry)
    except TrackerError as error:
        at = ":" if str(error)[:1].isdigit() else ": "
        raise InputError(f"{show_name(file)}{at}{error}") from error
    if diff:
        typer.echo(diff_of(old, found.text, file), nl=False)
        return
    if not dry_run and found.text != old:
        write_tracker(file, found.text)
    typer.echo(f"{show_name(file)}: {told(found, changed=found.text != old, wrote=not dry_run)}", err=told_on_error)


def show(spot: Spot, draft: Draft, file: Path, *, diff: bool) -> None:
    """Show what would change on GitHub."""
    from action.files import show_name  # noqa: PLC0415 - start-up time

    new = draft.base_text if draft.change is None else draft.change.text
    if diff:
        typer.echo(diff_of(draft.base_text, new, file), nl=False)
        return
    said = told(draft.edit, changed=draft.change is not None, wrote=False)
    typer.echo(f"{show_name(file)} of {show_name(spot.branch)}: {said}")


def tell(outcome: Outcome, repository: str) -> int:
    """Tell where an entry went; the exit code."""
    import os  # noqa: PLC0415 - start-up time

    from action.cli.job.inputs import address_of  # noqa: PLC0415
    from action.cli.proposal import sentence  # noqa: PLC0415
    from action.escape import one_line  # noqa: PLC0415

    typer.echo(one_line(sentence(outcome, address_of(os.environ, repository).partition("/actions")[0])))
    for failure in outcome.failures:
        typer.echo(one_line(f"{failure.step}: {failure.text}"), err=True)
    return 3 if outcome.failures else 0


def told(found: Edit, *, changed: bool, wrote: bool) -> str:
    """Say what was done to an entry, or would be."""
    if not changed:
        return f"Exp {found.number} is as it should be"
    kept = f"; what people wrote in its {' and '.join(found.kept)} stays above" if found.kept else ""
    done = "added" if found.new else "filled in"
    return f"Exp {found.number} {done if wrote else f'would be {done}'}{kept}"


def diff_of(old: str, new: str, file: Path) -> str:
    """Write a unified diff; control characters are written out, since the text is of people and of runs."""
    import difflib  # noqa: PLC0415 - start-up time
    import re  # noqa: PLC0415

    from action.escape import printable  # noqa: PLC0415
    from action.tracker.outline import split_lines  # noqa: PLC0415

    name = file.as_posix()
    lines = difflib.unified_diff(split_lines(old), split_lines(new), f"a/{name}", f"b/{name}", n=2)
    encoding = sys.stdout.encoding or "utf-8"

    def shown(line: str) -> str:  # blanks are structure: indented text is a list in a list, or code
        parts = re.split(r"([ \t]+)", line.rstrip("\r\n"))
        return "".join(part if at % 2 else printable(part, encoding, whole_words=True) for at, part in enumerate(parts))

    return "".join(f"{line[:1]}{shown(line[1:])}\n" for line in lines)
