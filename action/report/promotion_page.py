"""What `verify` and `promote` tell people: a headline and facts. How they are shown may not enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action.escape import markdown
from action.registry import Change, Event, Moved, Order, Stored
from action.verified import Trust, Verified
from checks.refusal import Refusal
from checks.run import Scalar

_TRUST = {
    Trust.LOCAL: "your word (--trust-local), for a local registry",
    Trust.WORKFLOW: "an artifact of our workflow on the default branch",
    Trust.ATTESTATION: "a signature of our workflow",
}


EVENT_COLUMNS = ("number", "at", "event", "alias", "holds", "checkpoint", "digest", "run", "by", "why", "verdict")
"""Of a registry's history, for programs."""
SHOWN_COLUMNS = ("at", "event", "alias", "checkpoint", "digest", "run", "by", "why")
"""For people."""
_SHORT = len("sha256:") + 12
"""Characters of a digest that people are shown, and may give back."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What is told."""

    headline: str
    facts: tuple[tuple[str, str], ...]
    """Name and text. Hostile: texts of runs and registries are in them."""
    good: bool


def tell_verified(verified: Verified) -> Told:
    """Tell what was verified."""
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
    return Told(headline="Verified: nothing speaks against this promotion.", facts=tuple(facts), good=True)


def tell_refused(refusals: Sequence[Refusal]) -> Told:
    """Tell every reason against a promotion."""
    count = f"{len(refusals)} reason{'s' if len(refusals) > 1 else ''}"
    facts = tuple((one.reason.value, one.text) for one in refusals)
    return Told(headline=f"Refused, for {count}:", facts=facts, good=False)


def tell_promoted(order: Order, title: str, moved: Moved | None) -> Told:
    """Tell a promotion; `title`: of the registry. `moved` None: it was a rehearsal."""
    before = order.expected if moved is None else moved.before
    if moved is None:
        head = f"Nothing was written. {order.alias} would be {order.to.name}."
        if order.to.is_same(before):
            head = f"Nothing was written. {order.alias} is {order.to.name} already."
    elif moved.change is Change.ALREADY:
        head = f"{order.alias} is {order.to.name} already; nothing was moved or recorded anew."
    else:
        head = f"Promoted: {order.alias} is {order.to.name} now."
    facts = [("registry", title), ("bytes", str(order.to.digest))]
    facts += [("now at", moved.place)] if moved is not None and moved.place else []
    if moved is None or moved.change is Change.MOVED:
        facts += [("before", _name(before)), ("by", order.record.by)]
        facts += [("why", order.record.why)] if order.record.why else []
    facts += [("note", note) for note in (moved.notes if moved is not None else ())]
    return Told(headline=head, facts=tuple(facts), good=True)


def event_rows(events: Sequence[Event]) -> list[tuple[Scalar, ...]]:
    """Write a registry's history in rows, for programs."""
    return [
        (
            one.number,
            one.at,
            _event(one),
            one.alias,
            one.holds,
            one.checkpoint.name,
            one.checkpoint.digest,
            one.checkpoint.run,
            one.by,
            one.why or None,
            one.verdict_sha256,
        )
        for one in events
    ]


def shown_rows(events: Sequence[Event]) -> list[tuple[Scalar, ...]]:
    """Write a registry's history in rows, for people: digests cut to what is enough to name them."""
    return [
        (
            one.at,
            f"{_event(one)}, holds it now" if one.holds else _event(one),
            one.alias,
            one.checkpoint.name,
            (one.checkpoint.digest or "")[:_SHORT] or None,
            one.checkpoint.run,
            one.by,
            one.why or None,
        )
        for one in events
    ]


def _event(one: Event) -> str:
    return f"refused: {', '.join(one.reasons)}" if one.reasons else "promoted"


def promotion_markdown(told: Told) -> str:
    """Write it as Markdown."""
    lines = "".join(f"- **{markdown(name)}** {markdown(text)}\n" for name, text in told.facts)
    return f"{markdown(told.headline)}\n\n{lines}"


def _name(stored: Stored | None) -> str:
    return "nothing" if stored is None else f"{stored.name} {str(stored.digest)[:15]}…"
