"""Checkpoints where they lie: on W&B, or on this machine. Composition alone."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from action.checkpoint import read_checkpoint
from action.deadline import Deadline
from action.registry import Registry, Stored
from action.services import read_services

if TYPE_CHECKING:
    from action.cli.asked import Bytes
    from checks.result import Verdict


def open_wandb_registry(seconds: float, collection: str | None) -> Registry:
    """Open the aliases on W&B; that there is no key is told when something is asked."""
    from action.registries.wandb.registry import WandbRegistry  # noqa: PLC0415 - seldom wanted
    from action.wandb_service.access import Access  # noqa: PLC0415

    services = read_services(os.environ)
    access = Access(key=services.wandb_key, url=services.wandb_url)
    return WandbRegistry(access=access, deadline=Deadline(seconds=seconds), target=collection)


def find_bytes(what: Bytes, verdict: Verdict, seconds: float) -> Stored | None:
    """Find the checkpoint that was named, else the artifact that the verdict names; None: there is nothing to look at.

    Raises:
        InputError: what is named is not there.
        RefusalError: it is gone.
        ServiceError: W&B could not be reached, or refused.
    """
    if what.path is not None:
        return find_path(what.path)
    named = None if verdict.checkpoint is None else verdict.checkpoint.artifact
    artifact = what.artifact or named
    return None if artifact is None else open_wandb_registry(seconds, None).find(artifact)


def find_path(path: Path) -> Stored:
    """Find a checkpoint on this machine; InputError where there is none."""
    found = read_checkpoint(str(path.absolute()))  # else what looks like a name would be one
    return Stored(name=found.name, digest=found.digest, key=found.digest or "")
