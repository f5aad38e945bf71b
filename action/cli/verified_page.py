"""How `verify` and `promote` print. What they say comes from the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from action.cli.options import Format
from action.cli.page import Page, open_console
from action.cli.verifying import Checked
from action.registry import Moved, Order
from action.report.document import json_text
from action.report.promotion_document import promotion_document, refused_document, verification_document
from action.report.promotion_page import Told, promotion_markdown, tell_promoted, tell_refused, tell_verified
from checks.refusal import Refusal


def show_verified(checked: Checked, output_format: Format) -> None:
    """Print a verification."""
    if output_format is Format.JSON:
        typer.echo(json_text(verification_document(checked.verified, checked.refusals)), nl=False)
    elif checked.verified is None:
        _show(tell_refused(checked.refusals), output_format)
    else:
        _show(tell_verified(checked.verified), output_format)


def show_refused(alias: str, title: str, refusals: Sequence[Refusal], output_format: Format) -> None:
    """Print a promotion that was refused."""
    if output_format is Format.JSON:
        typer.echo(json_text(refused_document(alias, title, refusals)), nl=False)
    else:
        _show(tell_refused(refusals), output_format)


def show_promoted(order: Order, title: str, moved: Moved | None, output_format: Format) -> None:
    """Print a promotion; `moved` None: it was a rehearsal."""
    if output_format is Format.JSON:
        typer.echo(json_text(promotion_document(order, title, moved)), nl=False)
    else:
        _show(tell_promoted(order, title, moved), output_format)


def _show(told: Told, output_format: Format) -> None:
    if output_format is Format.MARKDOWN:
        typer.echo(promotion_markdown(told), nl=False)
        return
    page = Page(open_console(sys.stdout))
    page.line((told.headline, "green" if told.good else "red"))
    for name, text in told.facts:
        page.line((f"{name}:", "dim"), (text, ""), indent=2, hang=4, gap=" ")
