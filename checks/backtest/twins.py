"""Runs that were named twice: by another path, or as the evidence of themselves. One run is one observation.

No label and no policy may enter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from checks.backtest.past import PastRun
from checks.backtest.record import Record, contradict, keys_of, same_run
from checks.document import quote


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Runs, each of which counts once."""

    runs: tuple[PastRun, ...]
    """As many as before: a twin is a row that says which run it is, and is judged no more."""
    notes: tuple[str, ...]


def count_once(runs: Sequence[PastRun]) -> Counted:
    """Let each run count once: by its fullest reading, the first named of equals, which takes the names of all."""
    found, notes = list(runs), dict[int, str]()
    for kept, *others in _groups(runs):
        one, twins = runs[kept], [runs[place] for place in others]
        found[kept] = replace(
            one,
            paths=_once((*one.paths, *(name for twin in twins for name in (twin.ref, *twin.paths)))),
            called=_once((*one.called, *(name for twin in twins for name in twin.called))),
            short=_once((*one.short, *(name for twin in twins for name in twin.short))),
        )
        for place, twin in zip(others, twins, strict=True):
            told = f"the same run as {quote(one.ref)}, counted once"
            found[place] = PastRun(ref=twin.ref, name=twin.name, same_as=one.ref, fault=told)
            notes[place] = f"{quote(twin.ref)} is {told}{_otherwise(one, twin)}."
    return Counted(runs=tuple(found), notes=tuple(notes[place] for place in sorted(notes)))


def _otherwise(one: PastRun, twin: PastRun) -> str:
    """Tell of a reading that is judged otherwise than the one that counts: it holds less, or is of an earlier time."""
    if one.verdict is None or twin.verdict is None or one.verdict.decision is twin.verdict.decision:
        return ""
    return f" as {one.verdict.decision.value}; by itself it is judged {twin.verdict.decision.value}"


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _groups(runs: Sequence[PastRun]) -> list[list[int]]:
    """Give the places of each run's readings, the fullest first.

    Fuller ones come first also in finding them: two bundles that share no series meet in the run they are of.
    """
    groups: list[list[int]] = []
    known: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    records = {place: run.record for place, run in enumerate(runs) if run.record is not None}
    for place in sorted(records, key=lambda at: (_poverty(runs[at], records[at]), at)):
        record = records[place]
        near = dict.fromkeys(at for key in keys_of(record) for at in known[key])
        home = next((at for at in near if _belongs(record, [records[i] for i in groups[at]])), len(groups))
        if home == len(groups):
            groups.append([])
        groups[home].append(place)
        for key in keys_of(record):
            known[key].append(home)
    return groups


def _poverty(run: PastRun, record: Record) -> tuple[bool, int, int]:
    """Give the less, the fuller a reading is: one that was judged, more rows, more values that checks found."""
    checks = () if run.verdict is None else run.verdict.checks
    return (run.verdict is None, -record.length, -sum(check.value is not None for check in checks))


def _belongs(record: Record, group: Sequence[Record]) -> bool:
    """Tell whether a reading is of the run of some others: it is that of one of them, and contradicts none."""
    return any(same_run(record, one) for one in group) and not any(contradict(record, one) for one in group)
