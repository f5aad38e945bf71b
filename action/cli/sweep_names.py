"""Which runs of a sweep a user leaves out, by any name that is shown of them. What the runs hold may not enter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.errors import UsageError
from action.files import show_name
from action.report.short_names import short_names
from checks.run import RunData
from checks.sweep.entry import label_runs

_LISTED = 8
"""Most runs that a message names."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A run by its names."""

    run: RunData
    """Of one that was not fetched yet, its identity alone."""
    ref: str
    """How the user named it, or where it was found."""
    shown: bool = True
    """It would be compared, so tables call it by a short name."""


def find_left_out(runs: Sequence[Named], wanted: Sequence[str]) -> frozenset[int]:
    """Give the places of the runs that are to be left out.

    Raises:
        UsageError: a name fits no run, or several.
    """
    labels = label_runs([one.run for one in runs])
    found: set[int] = set()
    for name in wanted:
        found.add(_find(name, runs, labels, found))
    return frozenset(found)


def _find(name: str, runs: Sequence[Named], labels: Sequence[str], out: set[int]) -> int:
    for names in _names(runs, labels, out):
        places = [place for place, known in enumerate(names) if name in known]
        if len(places) == 1:
            return places[0]
        if places:
            told = _listed([labels[place] for place in places])
            raise UsageError(
                f"--without {show_name(name)}: expected the name of one run, got that of {len(places)}: {told}; "
                "write one of these"
            )
    raise UsageError(
        f"--without {show_name(name)}: expected the name or id of a run, got another; the runs are "
        f"{_listed(sorted(labels))}"
    )


def _names(runs: Sequence[Named], labels: Sequence[str], out: set[int]) -> Iterator[list[set[str]]]:
    """Give what each run is called, the surest names first: what comes earlier is never ambiguous for what is later."""
    yield [{label} for label in labels]
    yield [{name for name in (one.run.identity.name, one.run.identity.id) if name} for one in runs]
    shown = {place for place, one in enumerate(runs) if one.shown}
    # Tables of a sweep without some runs may call the others otherwise.
    for places in (shown, shown - out):
        short = short_names([labels[place] for place in sorted(places)]) if places else {}
        yield [{short[label]} if place in places else set() for place, label in enumerate(labels)]
    yield [{Path(one.ref).name, Path(one.ref).stem} - {""} for one in runs]


def _listed(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _LISTED} more" if len(labels) > _LISTED else ""
    return ", ".join(map(show_name, labels[:_LISTED])) + more
