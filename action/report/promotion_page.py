"""What `verify` and `promote` tell people: a headline and facts. How they are shown may not enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action.escape import markdown
from action.registry import Change, Event, Moved, Order, Stored
from action.verified import Trust, Verified
from checks.refusal import Refusal
from checks.result import UsedWaiver

_TRUST = {
    Trust.LOCAL: "your word (--trust-local), for a local registry",
    Trust.WORKFLOW: "an artifact of our workflow on the default branch",
    Trust.ATTESTATION: "a signature of our workflow",
}


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
        *waived_facts(verdict.waivers),
        ("policy", f"{verdict.policy.source}, sha256 {verdict.policy.sha256[:12]}"),
        ("believed for", _TRUST[verified.trust]),
    ]
    if origin is not None:
        facts.insert(2, ("commit", f"{origin.sha or 'none'} of {origin.repository}"))
    return Told(headline="Verified: nothing speaks against this promotion.", facts=tuple(facts), good=True)


def waived_facts(waivers: Sequence[UsedWaiver]) -> list[tuple[str, str]]:
    """Tell what the verdict would not pass without."""
    return [("waived", f"{one.check} {one.told}") for one in waivers if one.used]


def tell_refused(refusals: Sequence[Refusal]) -> Told:
    """Tell every reason against a promotion."""
    count = f"{len(refusals)} reason{'s' if len(refusals) > 1 else ''}"
    facts = tuple((one.reason.value, one.text) for one in refusals)
    return Told(headline=f"Refused, for {count}:", facts=facts, good=False)


def tell_promoted(order: Order, title: str, moved: Moved | None, waivers: Sequence[UsedWaiver] = ()) -> Told:
    """Tell a promotion; `title`: of the registry, `waivers`: of the verdict. `moved` None: it was a rehearsal."""
    before = order.expected if moved is None else moved.before
    if moved is None:
        head = f"Nothing was written. {order.alias} would be {order.to.name}."
        if order.to.is_same(before):
            head = f"Nothing was written. {order.alias} is {order.to.name} already."
    elif moved.change is Change.ALREADY:
        head = f"{order.alias} is {order.to.name} already; nothing was moved."
    else:
        head = f"Promoted: {order.alias} is {order.to.name} now."
    facts = [("registry", title), ("bytes", str(order.to.digest))]
    facts += [("now at", moved.place)] if moved is not None and moved.place else []
    if moved is None or moved.change is Change.MOVED:
        facts += [("before", _name(before)), ("by", order.record.by)]
        facts += [("why", order.record.why)] if order.record.why else []
    facts += waived_facts(waivers)
    facts += [("note", note) for note in (moved.notes if moved is not None else ())]
    return Told(headline=head, facts=tuple(facts), good=True)


def tell_events(events: Sequence[Event]) -> list[Told]:
    """Tell a registry's history, event by event."""
    return [_event(one) for one in events]


def _event(one: Event) -> Told:
    about = f"{one.alias or 'no alias'}: {one.checkpoint.name} {(one.checkpoint.digest or 'no digest')[:_SHORT]}"
    now = " (now)" if one.holds else ""
    facts = [("run", str(one.checkpoint.run)), ("by", one.by)]
    facts += [("why", one.why)] if one.why else []
    facts += [("waived", ", ".join(one.waived))] if one.waived else []
    facts += [("reasons", ", ".join(one.reasons))] if one.reasons else []
    return Told(
        headline=f"{one.at} {one.happened.value.replace('-', ' ')} {about}{now}", facts=tuple(facts), good=one.holds
    )


def promotion_markdown(told: Told) -> str:
    """Write it as Markdown."""
    return f"{markdown(told.headline)}\n\n{_list(told)}"


def events_markdown(title: str, events: Sequence[Event]) -> str:
    """Write a registry's history as Markdown; `title`: of the registry."""
    told = "\n".join(f"**{markdown(one.headline)}**\n\n{_list(one)}" for one in tell_events(events))
    return f"## Promotions in {markdown(title)}\n\n{told}"


def _list(told: Told) -> str:
    return "".join(f"- **{markdown(name)}** {markdown(text)}\n" for name, text in told.facts)


def _name(stored: Stored | None) -> str:
    return "nothing" if stored is None else f"{stored.name} {str(stored.digest)[:15]}…"
