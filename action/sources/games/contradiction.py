"""Rows of one file that cannot both be true, and what is said of them.

One wording, whoever finds them. No file may enter.
"""

from __future__ import annotations

from action.files import show_name


class ContradictionError(Exception):
    """Two rows of a file cannot both be true; `row` is the later one, the message says what is wrong."""

    def __init__(self, row: int, what: str) -> None:
        super().__init__(what)
        self.row = row


def twice(game: str, before: str) -> str:
    """Say that the id of a game stands in two rows that are whole games."""
    return (
        f"expected every game once, got game {show_name(game)} a second time, first at {before}; leave the copy out or "
        "give different games different ids"
    )


def split(game: str, before: str | None, cluster: str | None) -> str:
    """Say that the rows of one game belong to different observations."""
    names = [show_name(name) if name is not None else "none" for name in (before, cluster)]
    return (
        f"expected the rows of game {show_name(game)} in one cluster, got {names[0]} before and {names[1]} here; "
        "write the same in all rows of a game"
    )


def taken(game: str) -> str:
    """Say that one seat of a game has two rows."""
    return (
        f"expected each seat of game {show_name(game)} once, got one a second time; leave the copy out, or give "
        "different games different ids"
    )
