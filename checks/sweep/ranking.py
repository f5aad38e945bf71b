"""Runs in order of what one looks at: the gap, the reference's logged rating, the total drop. No interval may enter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from checks.sweep.answer import SweepAnswer, SweepRow


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Runs in an order; those without the value are left out."""

    by: str
    """`gap`, `reference_elo` or `drop`."""
    rows: tuple[tuple[str, float], ...]
    """Label of a run and its value, first the best."""


def rankings(found: SweepAnswer) -> tuple[Ranking, ...]:
    """Rank by gap, by the reference's last logged rating (lower: beaten more), and by the drop of all references."""

    def reference_elo(row: SweepRow) -> float | None:
        return next((one.last for one in row.references if one.name == found.reference), None)

    return (
        _ranked("gap", found, lambda row: row.gap, falling=True),
        _ranked("reference_elo", found, reference_elo, falling=False),
        _ranked("drop", found, lambda row: row.drop, falling=True),
    )


def _ranked(by: str, found: SweepAnswer, value: Callable[[SweepRow], float | None], *, falling: bool) -> Ranking:
    known = [(row.label, number) for row in found.rows if (number := value(row)) is not None]
    return Ranking(by=by, rows=tuple(sorted(known, key=lambda one: -one[1] if falling else one[1])))
