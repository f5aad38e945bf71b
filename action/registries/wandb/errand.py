"""One errand to the aliases on W&B: find a version, tell who holds an alias, or move one and keep the record.

Runs in a process of its own; what it finds is plain JSON. What a promotion needs may not enter.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from action.errors import InputError, RefusalError, ServiceError
from action.files import show_name
from action.registries.wandb import documents, sentences
from action.registries.wandb.facts import MODEL, is_there, kind_of, stored_of
from action.registries.wandb.keeping import keep_record
from action.registries.wandb.manifest import refers
from action.registries.wandb.move import Move, Pace
from action.registries.wandb.names import parse_artifact
from action.registries.wandb.organisation import open_beside, open_place
from action.registries.wandb.place import Service, membership
from action.registries.wandb.wanted import Wanted, write_refusal
from action.registry import Order, Stored
from action.wandb_service.failure import MISREAD
from action.wandb_service.request import Json, Request


def run_errand(request: Request, service: Service, tell: Callable[[float], None]) -> dict[str, Json]:
    """Do what is wanted.

    Raises:
        InputError: what is named cannot be meant, or is not there.
        ServiceError: W&B could not be reached, or refused; for an order that is an answer too, `failed`: whoever sent
            it can tell it from an errand that did not come back.
    """
    wanted, end = Wanted.read(request.errand), time.monotonic() + request.seconds
    try:
        if wanted.order is not None:
            return _move(wanted, wanted.order, service, end)
        if wanted.artifact:
            found = _find(wanted.artifact, service, Path(request.folder))
        else:
            found = open_place(wanted.target, wanted.beside, service).holder(wanted.alias)
    except RefusalError as error:
        return write_refusal(error)
    except MISREAD as error:
        raise sentences.told(error) from error
    finally:
        tell(1.0)
    return {"stored": None if found is None else asdict(found)}


def _find(artifact: str, service: Service, folder: Path) -> Stored | None:
    """Find a version by its number or an alias; None: there is none."""
    name = parse_artifact(artifact)
    found = membership(name.collection, name.version, service)
    if found is None:
        return None
    if not is_there(found):
        raise sentences.gone(name.path)
    if kind_of(found) != MODEL:
        raise InputError(
            f"{show_name(name.path)}: expected an artifact of type {MODEL}, got one of type {show_name(kind_of(found))}"
            "; name a checkpoint"
        )
    elsewhere = refers(name.path, found, service, folder)
    logged = service.ask(documents.CREATED_BY, {"id": found["id"]}).get("artifact") or {}
    return replace(stored_of(found, logged.get("createdBy")), refers=elsewhere)


def _move(wanted: Wanted, order: Order, service: Service, end: float) -> dict[str, Json]:
    pace = Pace(settle_seconds=wanted.settle_seconds, end=end)
    try:
        place = open_beside(wanted.target, order.to, service)
        moved = Move(order=order, place=place, service=service, pace=pace).run()
    except (ServiceError, *MISREAD) as error:
        return {"failed": str(sentences.told(error))}
    notes = keep_record(order, place.path, moved.change, service)
    return {"moved": {**asdict(moved), "notes": [*moved.notes, *notes]}}
