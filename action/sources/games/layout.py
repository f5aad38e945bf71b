"""What the rows of one table are, and in which column each of their fields stands.

Looks at names of columns alone. No row and no file may enter.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from action.files import show_name
from action.sources.games.columns import DUEL, LISTS, SEAT, SHARED, GameColumns, Pattern, parse_pattern


class Form(StrEnum):
    """What one row is."""

    DUEL = "a game of two players"
    LISTS = "a game of several seats"
    POWERS = "a game of several powers"
    SEAT = "a seat of a game"


_FIELDS = {Form.DUEL: DUEL, Form.LISTS: LISTS, Form.POWERS: frozenset(SHARED), Form.SEAT: SEAT}
_NEEDED = {
    Form.DUEL: ("a", "b", "score"),
    Form.LISTS: ("agents", "scores"),
    Form.POWERS: ("power_agents", "power_scores"),
    Form.SEAT: ("game", "agent", "score"),
}
_SHOWN = 12
CLUSTER = "cluster"
"""The field that says which observation a row belongs to, beside those of `FIELDS`."""


class LayoutError(ValueError):
    """The table has no columns that games could be read from: what was expected, what was got; what to do."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the user says about the files."""

    columns: GameColumns
    cluster: str | None
    """The field or column that makes one observation; None: the rollout where there is one, else the game."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One table, understood."""

    form: Form
    keys: Mapping[str, str]
    """Field → column, for all fields of the form and the cluster; no row has the column of a field that is absent."""
    patterns: Mapping[str, Pattern]
    """Column of a field → the pattern it is made by."""
    turn: int
    """Who moves first in every game: 0 is a, 1 is b; -1: the rows may say."""
    black: int
    """Which player the names of the columns call black: 0 is a, 1 is b; -1: neither."""
    comma: bool
    """Scores may have a decimal comma."""

    def black_for(self, turn: int) -> int:
        """Tell who is black: as the columns are named, else whoever moves first."""
        return self.black if self.black >= 0 else turn


def find_layout(names: Sequence[str], request: Request, *, comma: bool = False) -> Layout | None:
    """Find out what a table with these columns holds; None where it holds no games.

    Names fit in any case where only one does. `comma`: scores may have a decimal comma.

    Raises:
        LayoutError: a column that the user names is not there.
    """
    given = request.columns.names
    turn = {"a": 0, "b": 1}.get(given.get("first", ""), -1)
    keys: dict[str, str] = {}
    patterns: dict[str, Pattern] = {}
    for field, text in given.items():
        pattern = parse_pattern(text)
        if pattern.holes:
            keys[field] = text
            patterns[text] = _within(pattern, names, field)
        elif field != "first" or turn < 0:
            keys[field] = _demand(text, names, f"for {field}")

    def has(field: str) -> bool:
        return field in keys or _match(field, names) is not None

    form = next((f for f, needed in _NEEDED.items() if given.keys() <= _FIELDS[f] and all(map(has, needed))), None)
    if form is None:
        return None
    for field in {*_NEEDED[form], *_FIELDS[form]} - given.keys():
        keys[field] = _match(field, names) or field
    cluster = request.cluster or "rollout"
    if cluster != "game":
        keys[CLUSTER] = keys.get(cluster) or _match(cluster, names) or cluster
    return Layout(
        form=form,
        keys=MappingProxyType(keys),
        patterns=MappingProxyType(patterns),
        turn=turn,
        black=_black(given.get("a", "a").lower(), given.get("b", "b").lower()),
        comma=comma,
    )


def _match(name: str, names: Sequence[str]) -> str | None:
    """Find a column by its name, else by the only name that differs in case and blanks alone."""
    if name in names:
        return name
    near = [other for other in names if other.strip().lower() == name.strip().lower()]
    return near[0] if len(near) == 1 else None


def _demand(name: str, names: Sequence[str], why: str) -> str:
    found = _match(name, names)
    if found is None:
        near = difflib.get_close_matches(name, names[:1000], 1)
        hint = f"did you mean {show_name(near[0])}?" if near else "name one of them with --columns"
        raise LayoutError(f"expected a column {show_name(name)} {why}, got {show_columns(names)}; {hint}")
    return found


def _within(pattern: Pattern, names: Sequence[str], field: str) -> Pattern:
    holes = tuple((back, _demand(column, names, f"for {field}")) for back, column in pattern.holes)
    return Pattern(texts=pattern.texts, holes=holes)


def _black(a: str, b: str) -> int:
    if "black" in a and "white" in b:
        return 0
    return 1 if "white" in a and "black" in b else -1


def show_columns(names: Sequence[str]) -> str:
    """List the columns of a table for a message."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"the columns {', '.join(map(show_name, names[:_SHOWN]))}{more}" if names else "no column"
