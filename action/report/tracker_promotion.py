"""What a promotion adds to its run's entry in the experiment tracker. Who may promote may not enter."""

from __future__ import annotations

from dataclasses import replace

from action.registry import Order
from action.report.render import render
from action.tracker.edit import KEPT, PROMOTION, RunEntry


def with_promotion(entry: RunEntry, order: Order, registry: str, *, before: bool) -> RunEntry:
    """Give the entry of a run with its promotion, which a later verdict on the run leaves alone.

    Args:
        entry: of the run.
        order: what was promoted.
        registry: what it is called.
        before: it held the alias before: what was written when it got it is not written anew.
    """
    record = order.record
    page = {
        "name": order.to.name,
        "alias": order.alias,
        "at": record.at,
        "by": record.by,
        "registry": registry,
        "digest": str(order.to.digest),
        "verdict": record.verdict_sha256,
        "judged_at": record.judged_at,
        "why": record.why,
        "before": before,
    }
    text = f"{entry.text.rstrip()}\n\n{render('tracker_promotion.md.j2', page)}"
    return replace(entry, text=text, keeps=(*KEPT, PROMOTION), once=(PROMOTION,) if before else ())
