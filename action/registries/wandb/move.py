"""Moving an alias where nothing compares and swaps: look, write, look twice, and undo what is not as it was written.

Whoever finds another holder at the second look has lost, and leaves it: one of two wins, as long as neither takes
longer from its look to its write than lies between the two looks. Which collection is meant, and the record of a
promotion, may not enter.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass

from action.errors import GatekeeperError, RefusalError, ServiceError
from action.registries.wandb import documents, sentences
from action.registries.wandb.facts import is_there, stored_of
from action.registries.wandb.place import Place, Service
from action.registry import Change, Moved, Order, Stored
from action.wandb_service.failure import MISREAD

_WRONG = (GatekeeperError, *MISREAD)
"""Whatever may go wrong where W&B is asked: after a write, each leaves open what became of it."""
_LEAST = 3.0
"""Seconds that are wanted for everything but the pause between the two looks."""
_WRITE = 0.6
"""The share of the time that a write may take: what is left is for looking at what became of it."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How much time there is, and how much of it lies between the two looks."""

    settle_seconds: float
    end: float
    """Of the monotonic clock."""

    @property
    def left(self) -> float:
        """Seconds; 0 when they are over."""
        return max(0.0, self.end - time.monotonic())

    @property
    def write_seconds(self) -> float:
        """How long a write may take."""
        return max(1.0, _WRITE * (self.left - self.settle_seconds))

    def require(self) -> None:
        """Refuse to begin what could not be brought to an end.

        Raises:
            ServiceError: there is too little time.
        """
        if self.left < self.settle_seconds + _LEAST:
            raise ServiceError(
                f"W&B: expected at least {self.settle_seconds + _LEAST:g} seconds to move an alias and read it back, "
                f"got {self.left:.1f}; nothing was changed; run again, or give --deadline SECONDS"
            )

    def settle(self) -> None:
        """Wait until whoever looked before we wrote has written too."""
        time.sleep(min(self.settle_seconds, max(0.0, self.left - 1.0)))


@dataclass(frozen=True, kw_only=True)
class Move:
    """An order that is carried out in a place."""

    order: Order
    place: Place
    service: Service
    pace: Pace

    def run(self) -> Moved:
        """Carry it out.

        Raises:
            RefusalError: another was faster, the version is not what it was, or it does not read back.
            ServiceError: W&B could not be reached, or refused; it says what is known of the alias.
        """
        order = self.order
        try:
            self._require_same()
            linked = self.place.holds(order.to)
            # Looked at last, so that as little time as can be lies between this look and the write.
            before = self.place.holder(order.alias)
        except (ServiceError, *MISREAD) as error:
            raise sentences.not_begun(error) from error
        if order.to.is_same(before):
            return Moved(change=Change.ALREADY, before=before)
        if not _are_same(before, order.expected):
            raise sentences.moved_by_another(order, before, self.place.path)
        self.pace.require()
        failure = self._write()
        try:
            seen = self._look(before)
        except _WRONG as error:
            raise sentences.unknown(order, failure or sentences.told(error)) from error
        if order.to.is_same(seen):
            return Moved(change=Change.MOVED, before=before)
        raise self._lost(before, seen, failure, linked=linked)

    def _require_same(self) -> None:
        """Refuse a version that is not, at this moment, what was judged."""
        to = self.order.to
        found = self.service.ask(documents.ARTIFACT, {"id": to.key}).get("artifact")
        if not is_there(found):
            raise sentences.gone(to.name)
        now = stored_of(found)
        if not to.is_same(now):
            raise sentences.other_bytes(self.order, now)

    def _write(self) -> ServiceError | None:
        """Give the alias; what went wrong, which does not say that it was not given."""
        try:
            self.place.give(self.order.alias, self.order.to, self.pace.write_seconds)
        except ServiceError as error:
            return error
        return None

    def _look(self, before: Stored | None) -> Stored | None:
        """Look at who holds the alias, and again after a pause: between the two, another's write may come."""
        try:
            seen = self.place.holder(self.order.alias)
            if self._is_another(seen, before):
                return seen
        except _WRONG:
            if not self.pace.left:
                raise
        self.pace.settle()
        return self.place.holder(self.order.alias)

    def _is_another(self, seen: Stored | None, before: Stored | None) -> bool:
        ours = {self.order.to.key, *([] if before is None else [before.key])}
        return seen is not None and seen.key not in ours

    def _lost(
        self, before: Stored | None, seen: Stored | None, failure: ServiceError | None, *, linked: bool
    ) -> RefusalError | ServiceError:
        """Say why it is not as it was written, after undoing what only we can have done."""
        order = self.order
        if self._is_another(seen, before):
            self._unlink(linked=linked)
            return sentences.moved_by_another(order, seen, self.place.path)
        if failure is not None and _are_same(before, seen):
            self._unlink(linked=linked)
            return sentences.nothing_changed(order, before, failure)
        return sentences.not_read_back(order, seen, self._undo(before, seen, linked=linked), self.place.path)

    def _undo(self, before: Stored | None, seen: Stored | None, *, linked: bool) -> str:
        """Put the alias where it was; who holds it then, in words."""
        alias = self.order.alias
        with suppress(*_WRONG):  # what became of it is read
            if before is not None and not before.is_same(seen):
                self.place.give_back(alias, before)
            elif before is None and seen is not None:
                self.place.take(alias, seen)
        self._unlink(linked=linked)
        try:
            after = self.place.holder(alias)
        except _WRONG:
            return "it could not be read who holds it now"
        return f"{sentences.show(after)} holds it {'as before' if _are_same(before, after) else 'now'}"

    def _unlink(self, *, linked: bool) -> None:
        """Take the version out of the place again, where it was not in it and got no other alias since."""
        with suppress(*_WRONG):  # a link without the alias does no harm
            aliases = None if linked else self.place.aliases(self.order.to)
            if aliases is not None and aliases <= {self.order.alias}:
                self.place.remove(self.order.to)


def _are_same(one: Stored | None, other: Stored | None) -> bool:
    return other is None if one is None else one.is_same(other)
