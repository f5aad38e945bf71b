"""Cells of foreign tables of games: what a name, an id, a score, a number of games may look like.

The one place where foreign spellings become values, whichever way a file is read. No file and no form may enter.
"""

from __future__ import annotations

import math
from decimal import Decimal

from action.files import show_name

MAX_COUNT = 10**9
"""Games one row may stand for: their squares still add up exactly."""

_MISSING = frozenset({"", "none", "null", "na", "n/a", "<na>", "#n/a", "nan", "*"})
"""How writers spell that there is no score; `*` is PGN's mark of a game without a result."""


class RowError(ValueError):
    """A row that no game can be made of: what was expected, what was got; what to do."""


def is_missing(raw: object) -> bool:
    """Tell whether a cell holds nothing: null, NaN, a blank text or a word for nothing.

    >>> [is_missing(raw) for raw in (None, float("nan"), " ", "N/A", 0, "0", [])]
    [True, True, True, True, False, False, False]
    """
    if isinstance(raw, str):
        return raw.strip().lower() in _MISSING
    return raw is None or (isinstance(raw, float | Decimal) and math.isnan(raw))


def name_text(raw: object, what: str) -> str:
    """Give the name of an agent or a seat: its text without blanks around it; of a number its digits.

    Lone surrogates, which nothing could be written with, become question marks.

    >>> [name_text(raw, "agent") for raw in (" base_model", 1000, 1000.0, 0.5, True)]
    ['base_model', '1000', '1000', '0.5', 'true']

    Raises:
        RowError: nothing stands there, or a list or an object.
    """
    if isinstance(raw, bytes):  # Parquet of old writers
        raw = raw.decode("utf-8", "replace")
    if isinstance(raw, list | tuple | dict):
        raise RowError(f"expected a name as {what}, got {show_name(raw)}; write one text a name")
    if isinstance(raw, float | Decimal):
        raw = "" if math.isnan(raw) else int(raw) if math.isfinite(raw) and raw == int(raw) else raw
    text = "" if raw is None else str(raw).lower() if isinstance(raw, bool) else str(raw).strip()
    if not text:
        raise RowError(f"expected a name as {what}, got nothing; name every player, or leave the row out")
    return text.encode("utf-8", "replace").decode("utf-8")


def id_text(raw: object, what: str) -> str | None:
    """Give an id as text; None where there is none.

    >>> id_text("g1", "game"), id_text(7, "game"), id_text(" ", "game"), id_text(None, "game")
    ('g1', '7', None, None)

    Raises:
        RowError: a list or an object stands there.
    """
    if type(raw) is str:
        return raw if raw and not raw.isspace() else None
    if raw is None or (isinstance(raw, float | Decimal) and math.isnan(raw)):
        return None
    if isinstance(raw, list | tuple | dict):
        raise RowError(f"expected a text or number as {what}, got {show_name(raw)}; write one id a game")
    return str(raw).lower() if isinstance(raw, bool) else str(raw)


def parse_score(raw: object, *, comma: bool) -> float:
    """Read the score of a seat: higher is better; NaN where there is none. `comma`: 12,5 is twelve and a half.

    >>> [parse_score(raw, comma=True) for raw in (3, "12,5", " 7 ", None, "n/a", True, 10**400)]
    [3.0, 12.5, 7.0, nan, nan, 1.0, inf]

    Raises:
        RowError: what stands there is no number.
    """
    number = parse_number(raw, comma=comma)
    if number is None:
        raise RowError(f"expected a number as score, got {show_name(raw)}; write numbers, higher is better")
    return number


def parse_number(raw: object, *, comma: bool) -> float | None:
    """Read a number; NaN where there is none, None where something else stands."""
    if type(raw) is float:
        return raw
    if isinstance(raw, int | Decimal):
        try:
            return float(raw)
        except OverflowError:
            return math.inf if raw > 0 else -math.inf
    if is_missing(raw):
        return math.nan
    if not isinstance(raw, str) or "_" in raw:
        return None
    try:
        return float(raw.replace(",", ".") if comma and has_comma(raw) else raw)
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(raw.strip().lower())


def has_comma(raw: object) -> bool:
    """Tell whether a text may be a number with a decimal comma."""
    return isinstance(raw, str) and raw.count(",") == 1 and "." not in raw


def parse_count(raw: object) -> int:
    """Read how many equal games a row stands for; 1 where nothing is said.

    >>> parse_count(None), parse_count(3), parse_count("20"), parse_count(4.0)
    (1, 3, 20, 4)

    Raises:
        RowError: not a whole number from 1 to a billion.
    """
    if is_missing(raw):
        return 1
    number = None if isinstance(raw, bool) else parse_number(raw, comma=False)
    if number is None or not 1 <= number <= MAX_COUNT or number != int(number):
        raise RowError(
            f"expected n to be a whole number of games from 1 to {MAX_COUNT:,}, got {show_name(raw)}; "
            "leave rows without games out"
        )
    return int(number)


def parse_first(raw: object) -> int:
    """Read who moved first: 0 is a, 1 is b, -1 is not known.

    >>> parse_first("a"), parse_first("B "), parse_first(None)
    (0, 1, -1)

    Raises:
        RowError: something else stands there.
    """
    if is_missing(raw):
        return -1
    side = {"a": 0, "b": 1}.get(raw.strip().lower()) if isinstance(raw, str) else None
    if side is None:
        raise RowError(f"expected a or b as first, the one who moved first, got {show_name(raw)}; write a or b")
    return side
