"""What `verify` and `promote` print, as objects. Fields are added, never renamed."""

from __future__ import annotations

from collections.abc import Sequence

from action.registry import Change, Event, Moved, Order, Stored
from action.report.document import VERSION
from action.report.elo_document import Json, Object
from action.verified import Verified
from checks.refusal import Refusal
from checks.result import UsedWaiver

WOULD_MOVE, REFUSED = "would-move", "refused"
"""What becomes of a rehearsal, and of a promotion that something speaks against."""


def verification_document(verified: Verified | None, refusals: Sequence[Refusal]) -> Object:
    """Return a verification: what was verified, or every reason against it."""
    return {
        "version": VERSION,
        "verified": verified is not None,
        "refusals": _refusals(refusals),
        "verdict": None if verified is None else _verdict(verified),
    }


def promotion_document(order: Order, title: str, moved: Moved | None, waivers: Sequence[UsedWaiver]) -> Object:
    """Return a promotion; `title`: of the registry, `waivers`: of the verdict. `moved` None: it was a rehearsal."""
    would = Change.ALREADY.value if order.to.is_same(order.expected) else WOULD_MOVE
    return {
        "version": VERSION,
        "change": would if moved is None else moved.change.value,
        "registry": title,
        "alias": order.alias,
        "refusals": [],
        "dry_run": moved is None,
        "checkpoint": _stored(order.to),
        "before": _stored(order.expected if moved is None else moved.before),
        "holder": _stored(order.expected if moved is None else order.to),
        "by": order.record.by,
        "why": order.record.why or None,
        "at": order.record.at,
        "verdict_sha256": order.record.verdict_sha256,
        "waived": _waived(waivers),
        "notes": list(moved.notes) if moved is not None else [],
    }


def refused_document(alias: str, title: str, refusals: Sequence[Refusal]) -> Object:
    """Return a promotion that was refused."""
    return {
        "version": VERSION,
        "change": REFUSED,
        "registry": title,
        "alias": alias,
        "refusals": _refusals(refusals),
    }


def events_document(events: Sequence[Event]) -> Object:
    """Return what a registry remembers."""
    told: list[Json] = [
        {
            "number": one.number,
            "at": one.at,
            "event": one.happened.value,
            "alias": one.alias,
            "holds": one.holds,
            "checkpoint": _stored(one.checkpoint),
            "run": one.checkpoint.run,
            "by": one.by,
            "why": one.why or None,
            "verdict_sha256": one.verdict_sha256,
            "waived": list(one.waived),
            "reasons": list(one.reasons),
        }
        for one in events
    ]
    return {"version": VERSION, "events": told}


def _refusals(refusals: Sequence[Refusal]) -> list[Json]:
    return [{"reason": one.reason.value, "text": one.text} for one in refusals]


def _verdict(verified: Verified) -> Object:
    verdict = verified.verdict
    origin, checkpoint = verdict.origin, verdict.checkpoint
    return {
        "sha256": verified.sha256,
        "trust": verified.trust.value,
        "judged_at": verdict.judged_at,
        "repository": None if origin is None else origin.repository,
        "sha": None if origin is None else origin.sha,
        "run": {"id": verdict.run.id, "name": verdict.run.name},
        "checkpoint": None
        if checkpoint is None
        else {"name": checkpoint.name, "artifact": checkpoint.artifact, "digest": checkpoint.digest},
        "policy": {"source": verdict.policy.source, "sha256": verdict.policy.sha256},
        "evidence": {"sha256": verdict.evidence_sha256},
        "waived": _waived(verdict.waivers),
    }


def _waived(waivers: Sequence[UsedWaiver]) -> list[Json]:
    return [
        {
            "check": one.check,
            "scope": one.scope,
            "reason": one.reason,
            "expires": one.expires,
            "approved_by": list(one.approved_by),
            "pull_request": one.pull_request,
        }
        for one in waivers
        if one.used
    ]


def _stored(stored: Stored | None) -> Object | None:
    return None if stored is None else {"name": stored.name, "digest": stored.digest}
