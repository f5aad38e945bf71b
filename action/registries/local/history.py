"""What the log of a local registry says: who holds an alias, and what happened. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from action.registries.local.log import PROMOTED, Entry
from action.registry import Event, Happened, Stored


def newest(log: Sequence[Entry], alias: str) -> Entry | None:
    """Give the last promotion to an alias; None: there was none."""
    return next((one for one in reversed(log) if one.event == PROMOTED and one.alias == alias), None)


def holder_of(log: Sequence[Entry], alias: str) -> Stored | None:
    """Give who holds an alias; None: nobody does."""
    found = newest(log, alias)
    return None if found is None else _stored(found)


def _stored(entry: Entry) -> Stored:
    name, digest = (entry.said["checkpoint"][key] for key in ("name", "digest"))
    return Stored(name=name, digest=digest, run=entry.said["run"], key=digest or "")


def _event(entry: Entry, happened: Happened, *, holds: bool) -> Event:
    said = entry.said
    return Event(
        happened=happened if entry.event == PROMOTED else Happened.REFUSED,
        number=entry.number,
        at=said["at"],
        by=said["by"],
        why=said["why"],
        alias=entry.alias,
        checkpoint=_stored(entry),
        verdict_sha256=said["verdict"]["sha256"],
        reasons=tuple(said["reasons"]),
        waived=tuple(said.get("waived", ())),
        holds=holds,
    )


def tell(log: Sequence[Entry]) -> tuple[Event, ...]:
    """Tell what happened, newest first."""
    last = {one.alias: one.number for one in log if one.event == PROMOTED}
    seen: set[tuple[object, ...]] = set()
    events = []
    for one in log:
        about = (one.alias, one.said["checkpoint"]["digest"])
        happened = Happened.AGAIN if about in seen else Happened.PROMOTED
        if one.event == PROMOTED:
            seen.add(about)
        events.append(_event(one, happened, holds=last.get(one.alias) == one.number))
    return tuple(reversed(events))
