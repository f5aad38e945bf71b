"""How the columns of a foreign table are named, and how names of agents are put together from them.

Parses what the user wrote. No file and no row may enter.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from action.sources.games.cell import RowError, name_text

SHARED = ("game", "rollout", "step")
DUEL = frozenset({"a", "b", "score", "first", "n", *SHARED})
"""Fields of a row that is a game of two players."""
LISTS = frozenset({"agents", "scores", "seats", *SHARED})
"""Fields of a row that is a game of several seats."""
SEAT = frozenset({"agent", "score", "seat", *SHARED})
"""Fields of a row that is one seat of a game."""
FIELDS = ("a", "b", "score", "first", "n", "agents", "scores", "seats", "agent", "seat", *SHARED)

_HOLE = re.compile(r"\{(previous:)?([^{}]+)\}")
_EXAMPLE = "write them as a=black,b=white,score=result"


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Text with holes that a row fills, as `adapter_v{step}`; `{previous:step}` takes the cell of the row above."""

    texts: tuple[str, ...]
    """One more than holes."""
    holes: tuple[tuple[bool, str], ...]
    """(of the row above?, column)."""

    @property
    def looks_back(self) -> bool:
        """Whether the row above is needed."""
        return any(back for back, _column in self.holes)

    def fill(self, row: Mapping[str, object], above: Mapping[str, object] | None) -> str:
        """Put the cells into the holes, numbers by their digits.

        >>> parse_pattern("adapter_v{step}").fill({"step": 1000.0}, None)
        'adapter_v1000'

        Raises:
            RowError: a cell is empty, or there is no row above.
        """
        filled = [self.texts[0]]
        for (back, column), text in zip(self.holes, self.texts[1:], strict=True):
            source = above if back else row
            if source is None:
                raise RowError(f"expected a row above with {column!r}, got the first row")
            filled += [name_text(source.get(column), f"part of a name ({column!r})"), text]
        return "".join(filled)


def parse_pattern(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        ValueError: a brace that opens or closes nothing.
    """
    pieces = _HOLE.split(text)
    texts = tuple(pieces[::3])
    if any("{" in piece or "}" in piece for piece in texts):
        raise ValueError(f"expected {{column}} or {{previous:column}} in {text!r}, got a stray brace")
    return Pattern(
        texts=texts, holes=tuple((bool(back), name) for back, name in zip(pieces[1::3], pieces[2::3], strict=True))
    )


def _no_names() -> Mapping[str, str]:
    return MappingProxyType({})


@dataclass(frozen=True, kw_only=True)
class GameColumns:
    """Which column of a foreign table, or which pattern, gives a field of a game; fields not named keep their name."""

    names: Mapping[str, str] = field(default_factory=_no_names)
    """Field → column, pattern with `{column}`, or for `first` the words `a` or `b`: that player always moves first."""


def parse_columns(text: str) -> GameColumns:
    """Read what the user says of a table: `a=black,b=white,score=result,first=a`.

    A value is a column; with braces it is a pattern: `a=adapter_v{step},b=adapter_v{previous:step}` names agents after
    the step of their row and of the row above. `first=a` (or `b`) says who moves first in every game, even where a
    column is called so: that column is `first={a}`. Names with a comma cannot be written.

    >>> dict(parse_columns("a=black, b=white").names)
    {'a': 'black', 'b': 'white'}

    Raises:
        ValueError: what was expected, what was got; what to do.
    """
    names: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not key or not value:
            raise ValueError(f"expected field=column, got {part.strip()!r}; {_EXAMPLE}")
        if key not in FIELDS:
            near = difflib.get_close_matches(key, FIELDS, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise ValueError(f"expected one of the fields {', '.join(FIELDS)}, got {key!r}{hint or '; ' + _EXAMPLE}")
        if key in names:
            raise ValueError(f"expected each field once, got {key} twice; leave one out")
        pattern = parse_pattern(value)
        if pattern.holes and key in {"agents", "scores", "seats"}:
            raise ValueError(f"expected a column for {key}, which holds a list, got a pattern; name the column")
        names[key] = value
    if not any(names.keys() <= form for form in (DUEL, LISTS, SEAT)):
        raise ValueError(
            f"expected the fields of one form of table, got {', '.join(names)}; a game of two players has a, b, score, "
            "first, n; a game of several seats agents, scores, seats; a row a seat game, agent, score, seat"
        )
    return GameColumns(names=MappingProxyType(names))
