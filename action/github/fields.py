"""Fields of GitHub's answers, each of the shape that its documentation gives it. No request may enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from action.github.failure import OddError


def part(text: str) -> str:
    """Write a text as one part of a path."""
    return quote(text, safe="")


def text(value: Any) -> str:
    """Give a text.

    Raises:
        OddError: it is none.
    """
    if not isinstance(value, str):
        raise OddError
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """Give an object.

    Raises:
        OddError: it is none.
    """
    if not isinstance(value, dict):
        raise OddError
    return value
