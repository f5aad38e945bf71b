"""Three versions on W&B, an alias that one of them has, and an order to give it to the second.

No expectation may enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from action.errors import GatekeeperError, RefusalError
from action.registry import Moved, Stored
from checks.refusal import Reason
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import order_of, registry_of
from tests.services.wandb_faults import Make
from tests.services.wandb_run import Artifact
from tests.services.wandb_shelf import OWNER, REGISTRY, Shelf, Version

HOME = ("team", "league", "adapter")
TARGET, PLACE = f"{REGISTRY}/Agents", (OWNER, REGISTRY, "Agents")
TARGETS = {"AddAliases": None, "LinkArtifact": TARGET}
"""Where an alias is moved, by the operation that gives it."""
ONE, TWO, THREE = (f"team/league/adapter:v{number}" for number in (1, 2, 3))


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a promotion ended, and where the alias is."""

    moved: Moved | None
    error: GatekeeperError | None
    holder: str | None
    shelf: Shelf
    operations: tuple[str, ...]
    key: str

    @property
    def text(self) -> str:
        """What is said."""
        return str(self.error) if self.error is not None else ""

    @property
    def reasons(self) -> list[Reason]:
        """Why it was refused."""
        return [one.reason for one in self.error.refusals] if isinstance(self.error, RefusalError) else []


class Scene:
    """A shelf of three versions, of which the first has the alias, there or in a registry."""

    def __init__(self, target: str | None = None, *, held: bool = True) -> None:
        self.shelf = Shelf()
        self.one, self.two, self.three = (
            self.shelf.add(Artifact(version=number, digest=f"d{number}")) for number in (1, 2, 3)
        )
        self.target, self.place = target, HOME if target is None else PLACE
        if held:
            self.hand(self.one)

    def hand(self, to: Version) -> None:
        """Give somebody else's order."""
        if self.target is not None:
            self.shelf.link(to.key, PLACE, [])
        self.shelf.give(to.key, self.place, ["production"])

    def drop(self) -> None:
        """Take the alias from whoever has it."""
        self.shelf.aliases.pop((self.place, "production"), None)

    def promote(self, *faults: tuple[str, Make, Mapping[str, int]], seconds: float = 30, settle: float = 0.05) -> Ended:
        """Give the alias to the second version, from what the scene held at first."""
        held = self.shelf.aliases.get((self.place, "production"))
        with Wandb(shelf=self.shelf) as server:
            for operation, make, when in faults:
                server.faults[operation] = Fault(behave=make(server), **when)
            registry = registry_of(server, self.target, seconds=seconds, settle=settle)
            expected = None if held is None else stored(self.shelf.versions[held])
            moved, error = None, None
            try:
                moved = registry.move(order_of(stored(self.two), expected))
            except GatekeeperError as raised:
                error = raised
            return Ended(
                moved=moved,
                error=error,
                holder=self.shelf.holder("production", self.place),
                shelf=self.shelf,
                operations=server.operations,
                key=server.key,
            )


def stored(version: Version) -> Stored:
    """Give a version as a registry has it."""
    return Stored(name=version.name, digest=f"wandb:{version.artifact.digest}", key=version.key)


def at(operation: str, make: Make, **when: int) -> tuple[str, Make, Mapping[str, int]]:
    """Let something happen instead of an answer."""
    return operation, make, when
