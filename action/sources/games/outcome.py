"""Results of games of two players, as people write them: 1, ½, 0-1, win, B+3.5, model_b.

No table and no row may enter.
"""

from __future__ import annotations

import math
import re

from action.files import show_name
from action.sources.games.cell import RowError, parse_number

_POINTS = (0.0, 0.5, 1.0)
_WORDS = {
    1.0: "1-0|win|won|wins|model_a",
    0.5: "1/2-1/2|0.5-0.5|½-½|½|1/2|draw|drawn|draws|tie|tied|tie (bothbad)",
    0.0: "0-1|loss|lose|lost|loses|model_b",
}
"""Not `b`, which may be black as well as the second player."""
_RESULTS = {word: points for points, words in _WORDS.items() for word in words.split("|")}
_COLOUR = re.compile(r"(?:([bw])\+.*|(black|white)(?: (?:wins|won))?)", re.DOTALL)
"""Of the one who won: `B+12.5`, `W+R` as SGF writes it (https://www.red-bean.com/sgf/properties.html#RE), `black`."""
_BESIDE = re.compile(r"\s*[-–—−]\s*")
_EXAMPLES = "1, 0.5, 0, 1-0, 0-1, 1/2-1/2, win, draw, loss, B+R"


def parse_result(raw: object, black: int) -> float:
    """Read the points of a: 1, 1/2 or 0; NaN where there is no result.

    `black` tells who is black (0: a, 1: b, -1: not known): `B+…` is won by black.

    >>> [parse_result(raw, -1) for raw in (1, "0,5", "0-1", "½", "Win", "tie (bothbad)", None)]
    [1.0, 0.5, 0.0, 0.5, 1.0, 0.5, nan]
    >>> parse_result("B+12.5", 0), parse_result("W+R", 0), parse_result("White", 1)
    (1.0, 0.0, 1.0)

    Raises:
        RowError: another number, another text, or a colour where nobody knows who is black.
    """
    number = parse_number(raw, comma=True)
    if number is not None:
        if number in _POINTS or math.isnan(number):
            return number
        raise RowError(
            f"expected the score of a to be 1, 0.5 or 0, got {show_name(raw)}; write games that are scored by points "
            "with `agents` and `scores`, or one row a seat: there higher is better"
        )
    text = _BESIDE.sub("-", str(raw).strip().lower()) if isinstance(raw, str) else ""
    if text in _RESULTS:
        return _RESULTS[text]
    colour = _COLOUR.fullmatch(text)
    if colour is None:
        raise RowError(
            f"expected a result of a such as {_EXAMPLES}, got {show_name(raw)}; write it so, or leave the row out"
        )
    if black < 0:
        raise RowError(
            f"expected to know who is black where the result is {show_name(raw)}, got columns that do not say; add "
            "`first=a` to --columns if a is black and moves first, or map a and b to columns named black and white"
        )
    won_by_black = (colour[1] or colour[2]).startswith("b")
    return 1.0 if won_by_black == (black == 0) else 0.0
