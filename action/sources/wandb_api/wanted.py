"""What is wanted of the runs on W&B, as it crosses from one process to another. No connection may enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from action.wandb_service.request import Errand, Json

RUNS = "runs"


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

    def errand(self) -> Errand:
        """Write it for the other process."""
        return Errand(kind=RUNS, wanted=asdict(self))

    @staticmethod
    def read(errand: Errand) -> Wanted:
        """Read it there."""
        return Wanted(**errand.wanted)
