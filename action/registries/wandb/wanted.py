"""What is wanted of aliases on W&B, as it crosses from one process to another, and back. No connection may enter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from action.errors import RefusalError
from action.registry import Change, Moved, Order, Record, Stored
from action.wandb_service.request import Errand, Json
from checks.refusal import Reason, Refusal

REGISTRY = "registry"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One errand: to find a version, else who holds an alias, else to carry out an order."""

    artifact: str = ""
    """The version that is to be found."""
    alias: str = ""
    beside: str = ""
    """The alias is wanted where a version of this collection would get it."""
    order: Order | None = None
    target: str | None = None
    """A collection that versions are linked to; None: aliases are given in their own."""
    settle_seconds: float = 2.0
    """How long is waited between the two looks at an alias that was written."""

    def errand(self) -> Errand:
        """Write it for the other process."""
        return Errand(kind=REGISTRY, wanted=asdict(self))

    @staticmethod
    def read(errand: Errand) -> Wanted:
        """Read it there."""
        order = errand.wanted["order"]
        return Wanted(**{**errand.wanted, "order": None if order is None else _order(order)})


def _order(document: Mapping[str, Json]) -> Order:
    to, expected, record = document["to"], document["expected"], document["record"]
    return Order(
        alias=document["alias"],
        to=Stored(**to),
        expected=None if expected is None else Stored(**expected),
        record=Record(**{**record, "waived": tuple(record["waived"])}),
    )


def write_refusal(error: RefusalError) -> dict[str, Json]:
    """Write why not, for the way back."""
    return {"refused": [{"reason": one.reason.value, "text": one.text} for one in error.refusals]}


def require_allowed(found: Mapping[str, Json]) -> None:
    """Raise again what was refused there.

    Raises:
        RefusalError: as it was raised in the other process.
    """
    if "refused" in found:
        raise RefusalError(*(Refusal(reason=Reason(one["reason"]), text=one["text"]) for one in found["refused"]))


def read_stored(document: Mapping[str, Json] | None) -> Stored | None:
    """Read a version that came back; None: there is none."""
    return None if document is None else Stored(**document)


def read_moved(document: Mapping[str, Json]) -> Moved:
    """Read what became of an order."""
    return Moved(
        change=Change(document["change"]), before=read_stored(document["before"]), notes=tuple(document["notes"])
    )
