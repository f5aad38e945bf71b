"""What W&B says of an artifact → our nouns. Every doubt about a field is settled here. No connection may enter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from action.errors import InputError
from action.files import show_name
from action.registry import Stored
from action.wandb_service.request import Json

MODEL = "model"


def is_there(artifact: Mapping[str, Json] | None) -> bool:
    """Tell whether a version is whole and not deleted; a state that nobody knows is none that it is used in."""
    return artifact is not None and artifact.get("state") == "COMMITTED"


def stored_of(artifact: Mapping[str, Json], created: Mapping[str, Json] | None = None) -> Stored:
    """Give a version under its own name, wherever it was found; `created`: who logged it.

    Raises:
        InputError: it comes from a project that is not shown.
    """
    sequence = artifact["artifactSequence"]
    project = sequence.get("project")
    if project is None:
        raise InputError(
            f"{show_name(sequence['name'])}: expected an artifact whose project this key may read, got one of another; "
            "use a key that may read it"
        )
    place = f"{project['entity']['name']}/{project['name']}"
    digest = artifact.get("digest")
    return Stored(
        name=f"{place}/{sequence['name']}:v{int(artifact['versionIndex'])}",
        digest=f"wandb:{digest}" if isinstance(digest, str) and digest else None,
        run=_run(created, place),
        key=str(artifact["id"]),
    )


def _run(created: Mapping[str, Json] | None, place: str) -> str | None:
    """Name the run that logged it: by its id, with its project where that is another. None: no run, or not shown."""
    if not created or created.get("__typename") != "Run" or not isinstance(created.get("name"), str):
        return None
    project = created.get("project") or {}
    other = f"{_text(project, 'entity', 'name')}/{_text(project, 'name')}"
    run: str = created["name"]
    return run if other == place else f"{other}/{run}"


def kind_of(artifact: Mapping[str, Json]) -> str:
    """Give the type that it was logged as."""
    return _text(artifact, "artifactType", "name")


def collection_of(artifact: Stored) -> str:
    """Give the path of the collection that a version belongs to.

    >>> collection_of(Stored(name="team/league/adapter:v7", digest=None))
    'team/league/adapter'
    """
    return artifact.name.rpartition(":")[0]


def path_of(collection: Mapping[str, Json]) -> str:
    """Give the path of a collection that W&B tells of."""
    project = collection.get("project") or {}
    return "/".join((_text(project, "entity", "name"), _text(project, "name"), _text(collection, "name")))


def _text(value: Any, *path: str) -> str:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return str(value)
