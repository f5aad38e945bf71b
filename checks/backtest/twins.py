"""Runs that were named twice: by another path, or as the evidence of themselves. One run is one observation.

No label and no policy may enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from checks.backtest.past import PastRun, PastVerdict


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Runs, each of which counts once."""

    runs: tuple[PastRun, ...]
    """As many as before: a twin is a row that says which run it is, and is judged no more."""
    notes: tuple[str, ...]


def count_once(runs: Sequence[PastRun]) -> Counted:
    """Let each run count once: the first that was named, with all its names.

    Two are the same if they are called the same, logged the same rows of the same metrics, and no check that both
    measured found another value; and if there is such a check.
    """
    kept: dict[tuple[str | None, ...], list[int]] = {}
    found, notes = list(runs), []
    for place, run in enumerate(runs):
        if run.verdict is None or run.record is None:
            continue
        before = kept.setdefault(run.record, [])
        first = next((i for i in before if _same(runs[i].verdict, run.verdict)), None)
        if first is None:
            before.append(place)
            continue
        one = found[first]
        found[first] = replace(
            one, names=_joined(one.names, (run.ref, *run.names)), short=_joined(one.short, run.short)
        )
        told = f"the same run as {one.ref}, counted once"
        found[place] = PastRun(ref=run.ref, name=run.name, fault=told)
        notes.append(f"{run.ref} is {told}.")
    return Counted(runs=tuple(found), notes=tuple(notes))


def _joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _same(one: PastVerdict | None, other: PastVerdict | None) -> bool:
    pairs = [] if one is None or other is None else list(_measured(one, other))
    return bool(pairs) and all(mine == theirs for mine, theirs in pairs)


def _measured(one: PastVerdict, other: PastVerdict) -> Iterator[tuple[float, float]]:
    """Give the values of the checks that both measured; what integrity finds is alike in most runs."""
    theirs = other.by_id
    for check in one.checks:
        twin = theirs.get(check.id)
        if check.id.startswith("integrity/") or twin is None or check.value is None or twin.value is None:
            continue
        yield check.value, twin.value
