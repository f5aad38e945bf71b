"""How `verify` and `promote` print. What they say comes from the report."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from action.cli.options import Format
from action.cli.page import Page, open_console
from action.cli.verifying import Checked
from action.promotion import Promoted
from action.registry import Event
from action.report.document import json_text
from action.report.promotion_document import (
    events_document,
    promotion_document,
    refused_document,
    verification_document,
)
from action.report.promotion_page import (
    Told,
    events_markdown,
    promotion_markdown,
    tell_events,
    tell_promoted,
    tell_refused,
    tell_verified,
)
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


def show_promoted(promoted: Promoted, title: str, output_format: Format) -> None:
    """Print a promotion, or a rehearsal of one."""
    order, moved, waivers = promoted.order, promoted.moved, promoted.verified.verdict.waivers
    if output_format is Format.JSON:
        typer.echo(json_text(promotion_document(order, title, moved, waivers)), nl=False)
    else:
        _show(tell_promoted(order, title, moved, waivers), output_format)


def show_events(title: str, events: Sequence[Event], output_format: Format) -> None:
    """Print what a registry remembers."""
    if output_format is Format.JSON:
        typer.echo(json_text(events_document(events)), nl=False)
    elif output_format is Format.MARKDOWN:
        typer.echo(events_markdown(title, events), nl=False)
    else:
        page = Page(open_console(sys.stdout))
        for told in tell_events(events):
            _write(page, told, "green" if told.good else "")


def _show(told: Told, output_format: Format) -> None:
    if output_format is Format.MARKDOWN:
        typer.echo(promotion_markdown(told), nl=False)
        return
    _write(Page(open_console(sys.stdout)), told, "green" if told.good else "red")


def _write(page: Page, told: Told, style: str) -> None:
    page.line((told.headline, style), hang=2)
    for name, text in told.facts:
        page.line((f"{name}:", "dim"), (text, ""), indent=2, hang=4, gap=" ")
