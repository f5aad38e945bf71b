"""Asking W&B, once or page by page to the end of a list.

What an answer means may not enter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from action.errors import InputError, ServiceError
from action.wandb_service.request import Json

PAGE = 100


class Connection(Protocol):
    """What an errand needs of W&B."""

    requests: int

    def ask(self, document: str, variables: Mapping[str, object], /) -> Mapping[str, Any]:
        """Ask one query."""
        ...

    def download(self, address: str, path: Path, /, *, what: str) -> None:
        """Download a file."""
        ...


@dataclass(frozen=True, kw_only=True)
class List:
    """A list that W&B gives page by page."""

    document: str
    variables: Mapping[str, Json]
    pick: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    """Finds the page in an answer."""
    too_many: InputError
    """What is raised past the most."""
    most: int


def read_list(connection: Connection, asked: List) -> list[dict[str, Json]]:
    """Read a list to its end.

    Raises:
        InputError: it is longer than it may be.
        ServiceError: W&B gives the same page again: what follows would be left out unseen.
    """
    found: list[dict[str, Json]] = []
    cursor = None
    while True:
        variables = {**asked.variables, "perPage": PAGE, "cursor": cursor}
        page = asked.pick(connection.ask(asked.document, variables))
        found += [edge["node"] for edge in page.get("edges") or []]
        if len(found) > asked.most:
            raise asked.too_many
        about = page.get("pageInfo") or {}
        if not about.get("hasNextPage"):
            return found
        if about.get("endCursor") in (None, cursor):
            raise ServiceError("W&B: expected the next page of a list, got the same one again; run again later")
        cursor = about["endCursor"]


def load(text: object) -> dict[str, Json]:
    """Read JSON that W&B gives as a text; NaN and Infinity as Python reads them. Empty for anything but an object."""
    try:
        value = json.loads(text) if isinstance(text, str | bytes) else text
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
