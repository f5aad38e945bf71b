"""What a past run is recognised by: where it lies, what its source calls it, and what it logged. No check may enter.

Digests alone are kept, so that a thousand runs can be held against one another.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from checks.run import RunData, Series

_LEAST = 3
"""Distinct values of a series that can tell one run from another."""
_PLANNED = re.compile(r"(?:^|[/._-])(?:lr|learning_?rate|(?:global_?)?steps?|epochs?|progress)$", re.IGNORECASE)
"""Series that follow from the configuration: alike in every seed."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One reading of a run, by what it is recognised by."""

    place: str
    """Where its bytes lie, alike for every path that leads there."""
    url: str | None = None
    id: str | None = None
    name: str
    started_at: str | None = None
    content: str | None = None
    """Digest of the bytes it was read from; None: it was read from a bundle, which holds only what was asked."""
    length: int = 0
    """How many rows it has."""
    rows: str = ""
    """Digest of which rows held which metrics, at which steps."""
    series: Mapping[str, str]
    """Series that were read → digest of their steps and values. A bundle holds those that its own policy asked for."""
    telling: frozenset[str] = frozenset()
    """Those of them that no other run would repeat: neither constant nor planned."""


def record_of(run: RunData, *, place: str, content: str | None) -> Record:
    """Give what a run is recognised by."""
    own = run.identity
    counted = repr(sorted(run.catalog.items())).encode("utf-8", "surrogatepass")
    return Record(
        place=place,
        url=own.url,
        id=own.id,
        name=own.name,
        started_at=own.started_at,
        content=content,
        length=int(run.rows.steps.size),
        rows=_digest(run.rows.steps.tobytes(), run.rows.kinds.tobytes(), counted),
        series={name: _logged(one) for name, one in sorted(run.series.items())},
        telling=frozenset(name for name, one in run.series.items() if _tells(name, one)),
    )


def _digest(*parts: bytes) -> str:
    whole = hashlib.blake2b(digest_size=16)
    for part in parts:
        whole.update(len(part).to_bytes(8, "big"))
        whole.update(part)
    return whole.hexdigest()


def _logged(one: Series) -> str:
    # Every NaN is one NaN and -0 is 0: a bundle need not spell them as the run did.
    values = np.where(np.isnan(one.values), np.nan, one.values) + 0.0
    return _digest(one.steps.tobytes(), values.tobytes())


def _tells(name: str, one: Series) -> bool:
    found = np.unique(one.values[np.isfinite(one.values)])
    if found.size < _LEAST or _PLANNED.search(name):
        return False
    counts = bool((found == np.floor(found)).all() and (np.diff(one.values) >= 0).all())
    return not counts  # a counter counts alike in every run


def keys_of(record: Record) -> Iterator[tuple[str, str]]:
    """Give what two readings of one run have at least one of in common."""
    yield "place", record.place
    rows = f"{record.rows} {record.name}" if record.rows else None  # of what was not read none is known
    for kind, value in (("url", record.url), ("id", record.id), ("rows", rows)):
        if value is not None:
            yield kind, value


def contradict(one: Record, other: Record) -> bool:
    """Tell whether two readings cannot be of one run: services or rows tell them apart.

    Of one address on a service is one run, whatever it held when it was read.
    """
    if one.place == other.place:
        return False
    if one.url is not None and other.url is not None:
        return one.url != other.url
    if one.id is not None and other.id is not None:
        # One id with other rows was read earlier; with the same rows and other values it was given to two runs.
        return one.id != other.id or (one.rows == other.rows and _differ(one, other))
    unlike = one.content is not None and other.content is not None and one.content != other.content
    return unlike or one.rows != other.rows or _differ(one, other)


def same_run(one: Record, other: Record) -> bool:
    """Tell whether two readings are surely of one run: rather two that are one than one that is two.

    By place, by the address on a service, or by id and start. Else by name and all that both hold, where something of
    it is such that no other run would repeat it: runs without an id are often called alike, and all may log zeros.
    """
    if contradict(one, other):
        return False
    if one.place == other.place or (one.url is not None and one.url == other.url):
        return True
    if one.id is not None and (one.id, one.started_at) == (other.id, other.started_at) and one.started_at is not None:
        return True
    started = one.started_at is None or other.started_at is None or one.started_at == other.started_at
    called = one.id == other.id if one.id is not None and other.id is not None else one.name == other.name and started
    return called and one.rows == other.rows and bool(one.telling & other.telling)


def _differ(one: Record, other: Record) -> bool:
    return any(other.series.get(name, digest) != digest for name, digest in one.series.items())
