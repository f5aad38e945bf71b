"""Aliases on Weights & Biases, through its real client, in a process that is ended at the deadline.

W&B compares and swaps nothing: an alias is looked at, written, and looked at twice. No verdict may enter.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from action.deadline import Deadline
from action.errors import GatekeeperError, InputError, MissingError, ServiceError
from action.files import show_name
from action.registries.wandb import sentences
from action.registries.wandb.facts import collection_of
from action.registries.wandb.names import parse_artifact, parse_target, require_alias
from action.registries.wandb.wanted import Wanted, read_moved, read_stored, require_allowed
from action.registry import Moved, Order, Stored
from action.wandb_service.access import Access
from action.wandb_service.failure import MISREAD
from action.wandb_service.launch import send
from action.wandb_service.request import Json

SETTLE_SECONDS = 2.0
"""Between two looks at an alias that was written: longer than another takes from its look to its write."""
_AFTERWARDS = 4.0
"""Seconds that it takes to ask what became of an errand that did not come back."""


@dataclass(frozen=True, kw_only=True)
class WandbRegistry:
    """Aliases on one W&B server."""

    access: Access
    deadline: Deadline
    """For all that is asked."""
    target: str | None = None
    """A collection that versions are linked to: `entity/project/COLLECTION` or `wandb-registry-NAME/COLLECTION`, the
    latter also below an organisation. None: a version gets its aliases in its own collection."""
    settle_seconds: float = SETTLE_SECONDS

    @property
    def title(self) -> str:
        """What messages call it."""
        return "W&B"

    def find(self, artifact: str) -> Stored:
        """Find a version of a model by its number or an alias.

        Raises:
            InputError: it is no name of a version, or it is no model.
            MissingError: W&B has none of that name.
            RefusalError: it is deleted, or was never whole.
            ServiceError: W&B could not be reached, refused, or was not done by the deadline.
        """
        name = parse_artifact(artifact)
        if not self.access.shows(name.host):
            raise InputError(
                f"{show_name(name.path)}: expected the address of a page of {self.access.host}, got one of "
                f"{show_name(name.host)}; set WANDB_BASE_URL to its server, or name it as entity/project/name:v7"
            )
        found = self._ask(Wanted(artifact=name.path))
        if found is None:
            raise MissingError(
                f"{show_name(name.path)}: expected a version on W&B, found none of that name and number or alias; "
                "check it in the project",
                name.path,
            )
        return found

    def holder(self, alias: str, artifact: Stored) -> Stored | None:
        """Give who holds an alias where a version would get it; None: nobody, or there is no such collection yet.

        Raises:
            InputError: it can be no alias, or there is no such project or organisation.
            ServiceError: W&B could not be reached, refused, or was not done by the deadline.
        """
        self._require(alias)
        return self._ask(Wanted(alias=alias, beside=collection_of(artifact), target=self.target))

    def move(self, order: Order) -> Moved:
        """Move an alias, read it back, and keep the record.

        Raises:
            InputError: it can be no alias, or there is no such project or organisation; nothing was changed.
            RefusalError: another was faster, the version is gone or has other bytes, or it does not read back.
            ServiceError: W&B could not be reached, refused, or was not done by the deadline; it says what is known of
                the alias, and to order the same again is safe.
        """
        self._require(order.alias)
        self.access.require_key("move aliases on W&B", "set it to one of an account that may do so")
        # W&B keeps the record; verdict and evidence stay where they are.
        plain = replace(order, proof={})
        wanted = Wanted(order=plain, target=self.target, settle_seconds=self.settle_seconds)
        try:
            found = self._send(wanted)
        except ServiceError as error:
            raise self._afterwards(order, error) from error
        require_allowed(found)
        if "failed" in found:
            raise ServiceError(found["failed"])
        try:
            return read_moved(found["moved"])
        except MISREAD as error:
            raise sentences.unknown(order, sentences.told(error)) from error

    def _afterwards(self, order: Order, error: ServiceError) -> ServiceError:
        """Say what is known of an alias whose move did not come back."""
        if self.deadline.left < _AFTERWARDS:
            return sentences.unknown(order, error)
        try:
            return sentences.found_after(order, self.holder(order.alias, order.to), error)
        except GatekeeperError:
            return sentences.unknown(order, error)

    def _ask(self, wanted: Wanted) -> Stored | None:
        self.access.require_key("read artifacts on W&B", "set it to one that may")
        found = self._send(wanted)
        require_allowed(found)
        try:
            return read_stored(found["stored"])
        except MISREAD as error:
            raise sentences.told(error) from error

    def _send(self, wanted: Wanted) -> dict[str, Json]:
        with tempfile.TemporaryDirectory(prefix="gatekeeper-alias-") as folder:
            return send(wanted.errand(), self.access, Path(folder), self.deadline, lambda _: None)

    def _require(self, alias: str) -> None:
        require_alias(alias)
        if self.target is not None:
            parse_target(self.target)
