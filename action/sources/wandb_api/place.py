"""Where an answer of W&B belongs: within the project and the run that were asked for. No connection may enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from action.errors import InputError
from action.files import show_name
from action.sources.wandb_api.wanted import Wanted


def project_of(data: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    """Give the project in an answer; InputError where there is none."""
    project = data.get("project")
    if not isinstance(project, dict):
        raise InputError(
            f"{show_name(wanted.entity)}/{show_name(wanted.project)}: expected a project on W&B, found none that this "
            "key may read; check the names and WANDB_API_KEY"
        )
    return project


def run_of(data: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    """Give the run in a later answer; InputError where it is gone: without it, its history would look complete."""
    run = project_of(data, wanted).get("run")
    if run is None:
        raise InputError(f"{shown(wanted)}: expected a run on W&B, but it has just been deleted; name another")
    if not isinstance(run, dict):
        raise TypeError(type(run).__name__)
    return run


def shown(wanted: Wanted) -> str:
    """Name a run for a message."""
    return "/".join(map(show_name, (wanted.entity, wanted.project, wanted.run)))
