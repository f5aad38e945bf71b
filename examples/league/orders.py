"""The policy's orders as text: the decoder that writes them and the parser that extracts them.

A model writes `A1 NEA; A2 NEA; A3 NOR` and then stops. The logits processor keeps it from stopping before all three
orders are written; what it lets slip becomes an empty or a partial response. No rule of the game may enter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from examples.league.game import ARMIES, NO_ORDER, PROVINCES, REACH, REACH_SIZE, SEATS, Floats, Ints

TOKENS_PER_ORDER = 4
"""`A`, `1`, ` NEA`, `;`: only the province is a choice, the grammar forces the other three. A mean over tokens is a
quarter of the mean over choices."""

_ORDER = re.compile(r"\bA([1-3]) ([A-Z]{3})\b")
_SLOT = [{PROVINCES[x]: k for k, x in enumerate(REACH[seat].tolist())} for seat in range(SEATS)]
_TEXT = [
    [[f"A{army + 1} {PROVINCES[REACH[seat, k]]}" for k in range(REACH_SIZE)] for army in range(ARMIES)]
    for seat in range(SEATS)
]


class Extraction(StrEnum):
    """What came of one response; the values are the names of the events."""

    FULL = "orders_extracted"
    PARTIAL = "orders_partial"
    EMPTY = "orders_empty"


@dataclass(frozen=True, kw_only=True)
class LogitsProcessor:
    """Lowers the logit of the stop token while orders are missing.

    The model's own stop logit, against all else it could write next, is `stop_logit`.
    """

    stop_logit: float = -2.0
    penalty: float = 4.2

    def stop_probability(self) -> float:
        """Chance of stopping before an order that is still missing, in (0, 1)."""
        return float(1.0 / (1.0 + np.exp(self.penalty - self.stop_logit)))


def write(choices: Ints, seats: Ints, processor: LogitsProcessor, noise: Floats) -> list[str]:
    """Write the responses for the chosen slots (n, 3) of the powers `seats` (n,), as far as the decoder gets.

    `noise`, shape (n, 3), uniform in [0, 1): below the stop probability the decoder stops before that order.
    """
    early = noise < processor.stop_probability()
    written = np.where(early.any(axis=1), early.argmax(axis=1), ARMIES)
    rows = zip(choices.tolist(), seats.tolist(), written.tolist(), strict=True)
    return ["; ".join([_TEXT[seat][army][row[army]] for army in range(n)]) for row, seat, n in rows]


def parse(text: str, seat: int) -> tuple[int, ...]:
    """Extract the slot of each army's order; NO_ORDER where there is none or the province is out of reach.

    The first order for an army counts.

    >>> parse("A1 NOR; A3 SOU", seat=0)
    (2, -1, -1)
    """
    found = [NO_ORDER] * ARMIES
    for army, province in reversed(_ORDER.findall(text)):
        found[int(army) - 1] = _SLOT[seat].get(province, NO_ORDER)
    return tuple(found)


def classify(orders: Sequence[int]) -> Extraction:
    """Tell whether a response gave all orders, some, or none."""
    missing = sum(slot == NO_ORDER for slot in orders)
    if missing == 0:
        return Extraction.FULL
    return Extraction.EMPTY if missing == len(orders) else Extraction.PARTIAL
