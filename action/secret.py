"""A secret: shown nowhere, given out only where it is used."""

from __future__ import annotations


class Secret:
    """A text that no `repr`, log or traceback shows.

    >>> Secret("xaat-1"), str(Secret("xaat-1")), Secret("xaat-1").reveal()
    (Secret(…), '…', 'xaat-1')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text, to the one who sends it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __str__(self) -> str:
        return "…"

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return Secret, (self._text,)
