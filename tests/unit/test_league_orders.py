"""Orders as text: what the decoder writes is what the parser extracts, and what is missing is told."""

import numpy as np
import pytest

from examples.league.game import ARMIES, NO_ORDER, PROVINCES, REACH, SEATS
from examples.league.orders import Extraction, LogitsProcessor, classify, parse, write
from examples.league.recipes import RECIPES

NEVER_STOPS = np.ones((1, ARMIES))


@pytest.mark.parametrize("seat", range(SEATS))
@pytest.mark.parametrize("slot", range(REACH.shape[1]))
def test_what_is_written_is_extracted(seat: int, slot: int) -> None:
    choices = np.array([[slot, 0, 4]])

    (text,) = write(choices, np.array([seat]), LogitsProcessor(), NEVER_STOPS)

    assert (slot, 0, 4) == parse(text, seat)


def test_orders_are_plain_text() -> None:
    (text,) = write(np.array([[2, 3, 4]]), np.array([0]), LogitsProcessor(), NEVER_STOPS)

    assert text == "A1 NOR; A2 NEA; A3 EAS"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (NO_ORDER, NO_ORDER, NO_ORDER)),
        ("A2 NOR", (NO_ORDER, 2, NO_ORDER)),
        ("A1 NOR; A1 EAS", (2, NO_ORDER, NO_ORDER)),  # the first order for an army counts
        ("A1 SOU; A2 XXX; A4 NOR", (NO_ORDER, NO_ORDER, NO_ORDER)),  # out of reach, unknown, no such army
        ("I will send A3 NEA, then rest.", (NO_ORDER, NO_ORDER, 3)),
        ("a1 nor", (NO_ORDER, NO_ORDER, NO_ORDER)),
    ],
)
def test_the_parser_takes_valid_orders_and_nothing_else(text: str, expected: tuple[int, ...]) -> None:
    assert expected == parse(text, seat=PROVINCES.index("NOR"))


@pytest.mark.parametrize(
    ("orders", "expected"),
    [((1, 2, 3), Extraction.FULL), ((1, -1, 3), Extraction.PARTIAL), ((-1, -1, -1), Extraction.EMPTY)],
)
def test_a_response_is_full_partial_or_empty(orders: tuple[int, ...], expected: Extraction) -> None:
    assert expected == classify(orders)


def test_a_stop_before_the_second_order_leaves_one() -> None:
    noise = np.array([[1.0, 0.0, 1.0]])

    assert write(np.array([[2, 2, 2]]), np.array([0]), LogitsProcessor(), noise) == ["A1 NOR"]


def test_the_working_processor_fails_rarely_and_the_broken_one_often() -> None:
    assert LogitsProcessor().stop_probability() < 0.005
    assert RECIPES["extraction-bug"].processor.stop_probability() > 0.1
