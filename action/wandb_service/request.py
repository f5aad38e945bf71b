"""What is wanted of W&B, and what came back, as they cross from one process to another: plain JSON.

No connection may enter, and no meaning of what is wanted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

Json: TypeAlias = Any


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Something to be done at W&B."""

    kind: str
    """Who knows how: a name of the table in `action.errands`."""
    wanted: Mapping[str, Json]
    """What exactly, as that one understands it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An errand with all that the other process needs."""

    errand: Errand
    key: str
    url: str
    folder: str
    """Where files are put."""
    seconds: float

    def document(self) -> dict[str, Json]:
        """Write it as JSON."""
        return asdict(self)

    @staticmethod
    def read(document: dict[str, Json]) -> Request:
        """Read it back."""
        return Request(errand=Errand(**document.pop("errand")), **document)

    def __repr__(self) -> str:
        return f"Request(errand={self.errand!r})"
