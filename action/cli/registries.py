"""Checkpoints where they lie: on W&B, or on this machine. Composition alone."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from action.checkpoint import read_checkpoint
from action.deadline import Deadline
from action.errors import InputError, RefusalError
from action.files import show_name
from action.ports import Held
from action.registries.local import LocalRegistry
from action.registry import Registry, Stored
from action.services import read_services
from checks.context import Holder

if TYPE_CHECKING:
    from action.cli.asked import Bytes


_COLLECTION = re.compile(r"\w[\w .-]*/\w[\w .-]*/[^/:]+")


def open_wandb_registry(seconds: float, collection: str | None) -> Registry:
    """Open the aliases on W&B; that there is no key is told when something is asked."""
    from action.registries.wandb.registry import WandbRegistry  # noqa: PLC0415 - seldom wanted
    from action.wandb_service.access import Access  # noqa: PLC0415

    services = read_services(os.environ)
    access = Access(key=services.wandb_key, url=services.wandb_url)
    return WandbRegistry(access=access, deadline=Deadline(seconds=seconds), target=collection)


def require_artifact(artifact: str) -> None:
    """Refuse what is no name of a version on W&B, before anything is asked; InputError."""
    from action.registries.wandb.names import parse_artifact  # noqa: PLC0415 - seldom wanted

    parse_artifact(artifact)


def is_collection(registry: str) -> bool:
    """Tell a collection on W&B from the folder of a local registry, by its name alone.

    >>> [is_collection(name) for name in ("team/league/adapter", "wandb-registry-model/Agents", "models", "./a/b/c")]
    [True, True, False, False]
    """
    return registry.startswith("wandb-registry-") or bool(_COLLECTION.fullmatch(registry))


def find_holder(registry: str, alias: str, deadline: Deadline) -> Held | None:
    """Find the run whose checkpoint holds an alias; None: nobody does.

    Raises:
        InputError: there is no such registry, or its holder cannot be told.
        ServiceError: W&B could not be reached, or refused.
    """
    _require_plain(registry)
    return _on_wandb(registry, alias, deadline) if is_collection(registry) else _here(Path(registry), registry, alias)


def find_local_holder(registry: str, alias: str, _deadline: Deadline) -> Held | None:
    """Find it without a network; InputError for a registry on W&B."""
    _require_plain(registry)
    if is_collection(registry):
        raise InputError(f"{show_name(registry)}: expected a local registry here, got one on W&B, which is not asked")
    return _here(Path(registry), registry, alias)


def _require_plain(registry: str) -> None:
    """Refuse a name that may be a collection on W&B and is a local registry too; InputError."""
    if is_collection(registry) and (Path(registry) / "log").is_dir():
        shown = show_name(registry)
        raise InputError(
            f"{shown}: expected a collection on W&B or a folder, got a name of both; write ./{shown} for the latter"
        )


def _here(folder: Path, registry: str, alias: str) -> Held | None:
    local = LocalRegistry(folder)
    stored, proof = local.holder(alias), local.proof(alias)
    if stored is None or proof is None:
        return None
    return Held(ref=str(proof), holder=_holder(stored, registry, alias))


def _on_wandb(registry: str, alias: str, deadline: Deadline) -> Held | None:
    linked = registry.startswith("wandb-registry-")
    wandb = open_wandb_registry(deadline.left or 1.0, registry if linked else None)
    try:
        stored = wandb.holder(alias, Stored(name=f"{registry}:v0", digest=None))
        if stored is None:
            return None
        stored = wandb.find(stored.name)  # which also tells its run
    except RefusalError as error:  # what may not be promoted is no baseline; whether the run passes is not its matter
        raise InputError(error.refusals[0].text.rstrip(".")) from error
    if stored.run is None:
        raise InputError(f"{show_name(stored.name)}: expected a checkpoint that a run logged, got one of no run")
    return Held(ref=f"wandb://{stored.logged_by}", holder=_holder(stored, registry, alias))


def _holder(stored: Stored, registry: str, alias: str) -> Holder:
    return Holder(alias=alias, registry=registry, checkpoint=stored.name, digest=stored.digest, run=stored.run)


def find_bytes(what: Bytes, seconds: float) -> Stored | None:
    """Find a checkpoint; None: none is named.

    Raises:
        InputError: what is named is not there.
        RefusalError: it is gone.
        ServiceError: W&B could not be reached, or refused.
    """
    if what.path is not None:
        return find_path(what.path)
    return None if what.artifact is None else open_wandb_registry(seconds, None).find(what.artifact)


def find_path(path: Path) -> Stored:
    """Find a checkpoint on this machine; InputError where there is none."""
    found = read_checkpoint(str(path.absolute()))  # else what looks like a name would be one
    return Stored(name=found.name, digest=found.digest, key=found.digest or "")
