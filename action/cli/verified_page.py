"""What `verify` and `promote` print: the reasons against a promotion, or what was verified and moved."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from action.cli.options import Format
from action.cli.page import Page, open_console
from action.cli.verifying import Checked
from action.escape import markdown
from action.registry import Change, Moved, Order, Stored
from action.report.document import json_text
from action.report.promotion_document import promotion_document, verification_document
from action.verified import Trust, Verified
from checks.refusal import Refusal

_TRUST = {
    Trust.LOCAL: "your word, for a local registry",
    Trust.WORKFLOW: "an artifact of our workflow on the default branch",
    Trust.ATTESTATION: "a signature of our workflow",
}


def show_verified(checked: Checked, output_format: Format) -> None:
    """Print a verification."""
    if output_format is Format.JSON:
        typer.echo(json_text(verification_document(checked.verified, checked.refusals)), nl=False)
        return
    if checked.verified is None:
        show_refusals(checked.refusals, output_format)
        return
    head, facts = "Verified: nothing speaks against this promotion.", _facts(checked.verified)
    _show(head, facts, output_format, "green")


def show_refusals(refusals: Sequence[Refusal], output_format: Format) -> None:
    """Print the reasons against a promotion."""
    if output_format is Format.JSON:
        typer.echo(json_text(verification_document(None, refusals)), nl=False)
        return
    count = f"{len(refusals)} reason{'s' if len(refusals) > 1 else ''}"
    _show(f"Refused, for {count}:", [(one.reason.value, one.text) for one in refusals], output_format, "red")


def show_promoted(order: Order, title: str, moved: Moved | None, output_format: Format) -> None:
    """Print a promotion; `moved` None: it was a rehearsal."""
    if output_format is Format.JSON:
        typer.echo(json_text(promotion_document(order, title, moved)), nl=False)
        return
    before = order.expected if moved is None else moved.before
    if moved is None:
        head = f"Nothing was written. {order.alias} would be moved to {order.to.name}."
        if order.to.is_same(before):
            head = f"Nothing was written. {order.to.name} holds {order.alias} already."
    elif moved.change is Change.ALREADY:
        head = f"{order.to.name} holds {order.alias} already."
    else:
        head = f"Promoted: {order.to.name} holds {order.alias} now."
    facts = [("registry", title), ("bytes", str(order.to.digest)), ("before", _name(before))]
    facts += [("note", note) for note in (moved.notes if moved is not None else ())]
    _show(head, facts, output_format, "green")


def _name(stored: Stored | None) -> str:
    return "nobody" if stored is None else stored.name


def _facts(verified: Verified) -> list[tuple[str, str]]:
    verdict = verified.verdict
    checkpoint, origin = verdict.checkpoint, verdict.origin
    facts = [
        ("checkpoint", "" if checkpoint is None else f"{checkpoint.name} {checkpoint.digest}"),
        ("run", f"{verdict.run.name} ({verdict.run.id})" if verdict.run.id else verdict.run.name),
        ("verdict", f"{verdict.headline} Judged at {verdict.judged_at}, sha256 {verified.sha256[:12]}."),
        ("policy", f"{verdict.policy.source}, sha256 {verdict.policy.sha256[:12]}"),
        ("believed for", _TRUST[verified.trust]),
    ]
    if origin is not None:
        facts.insert(2, ("commit", f"{origin.sha or 'none'} of {origin.repository}"))
    return facts


def _show(head: str, facts: Sequence[tuple[str, str]], output_format: Format, colour: str) -> None:
    if output_format is Format.MARKDOWN:
        lines = "".join(f"- **{markdown(name)}** {markdown(text)}\n" for name, text in facts)
        typer.echo(f"{markdown(head)}\n\n{lines}", nl=False)
        return
    page = Page(open_console(sys.stdout))
    page.line((head, colour))
    for name, text in facts:
        page.line((f"{name}:", "dim"), (text, ""), indent=2, hang=4, gap=" ")
