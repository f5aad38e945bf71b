"""What is wanted of W&B, and what came back, as they cross from one process to another: plain JSON.

No connection may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

from action.secret import Secret

Json: TypeAlias = Any


@dataclass(frozen=True, kw_only=True)
class Access:
    """Where W&B is, and what opens it."""

    key: Secret
    url: str = "https://api.wandb.ai"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One errand."""

    entity: str
    project: str
    run: str = ""
    """Id or display name; empty for a list."""
    history: bool = True
    games: bool = False
    """The table of games that the run logged is wanted too."""
    artifacts: bool = False
    namesakes: bool = False
    """Other runs of its name are wanted too."""
    filters: Mapping[str, Json] = field(default_factory=dict)
    """Which runs are listed (MongoDB's language); for an errand without a run."""
    most: int = 200
    """How many runs are listed at most."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """An errand with all that the other process needs."""

    wanted: Wanted
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
        wanted = Wanted(**document.pop("wanted"))
        return Request(wanted=wanted, **document)

    def __repr__(self) -> str:
        return f"Request(wanted={self.wanted!r})"
