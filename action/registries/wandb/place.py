"""One collection of W&B, whose versions hold aliases: who holds one, and giving and taking it.

When it is given to whom may not enter.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from action.errors import InputError, ServiceError
from action.files import show_name
from action.registries.wandb import documents
from action.registries.wandb.facts import MODEL, is_there, path_of, stored_of
from action.registries.wandb.names import LATEST, Collection
from action.registry import Stored
from action.wandb_service.request import Json


class Service(Protocol):
    """What is needed of W&B."""

    def ask(self, document: str, variables: Mapping[str, object], /, *, seconds: float | None = None) -> Json:
        """Ask one query within so many seconds; its `data`."""
        ...

    def download(self, address: str, path: Path, /, *, what: str) -> None:
        """Download a file."""
        ...


class Place:
    """A collection where an alias is, or will be."""

    def __init__(self, collection: Collection, service: Service, *, linked: bool) -> None:
        self._collection = collection
        self._service = service
        self._linked = linked
        """Versions are linked to it; else they are its own."""

    @property
    def path(self) -> str:
        """What it is called."""
        return self._collection.path

    def holder(self, alias: str) -> Stored | None:
        """Give who holds an alias; None: nobody, or a version that is deleted.

        Raises:
            InputError: there is no such project.
            ServiceError: W&B could not be asked.
        """
        found = membership(self._collection, alias, self._service)
        return stored_of(found) if found is not None and is_there(found) else None

    def holds(self, artifact: Stored) -> bool:
        """Tell whether a version is in it."""
        return not self._linked or self.aliases(artifact) is not None

    def aliases(self, artifact: Stored) -> frozenset[str] | None:
        """Give the aliases that a version has in it, but for the one that W&B gives; None: it is not in it."""
        found = self._service.ask(documents.LINKED, {"artifactID": artifact.key})["artifact"] or {}
        nodes = [edge["node"] for edge in (found.get("artifactMemberships") or {}).get("edges") or []]
        here = [node for node in nodes if path_of(node["artifactCollection"] or {}) == self.path]
        had = frozenset(str(one["alias"]) for node in here for one in node.get("aliases") or [])
        return had - {LATEST} if here else None

    def give(self, alias: str, to: Stored, seconds: float) -> None:
        """Give an alias to a version, which is linked to the collection where it is not its own.

        Raises:
            ServiceError: W&B refused, or did not answer: whether it did so is then open.
        """
        if not self._linked:
            self.give_back(alias, to, seconds)
            return
        where = self._collection
        wanted = {
            "artifactID": to.key,
            "artifactPortfolioName": where.name,
            "entityName": where.entity,
            "projectName": where.project,
            "aliases": [{"artifactCollectionName": where.name, "alias": alias}],
        }
        self._write(documents.LINK, wanted, seconds)

    def give_back(self, alias: str, to: Stored, seconds: float | None = None) -> None:
        """Give an alias to a version that is in the collection."""
        self._write(documents.ADD, self._assignment(alias, to), seconds)

    def take(self, alias: str, holder: Stored) -> None:
        """Take an alias from a version: nobody has it then."""
        self._write(documents.DELETE, self._assignment(alias, holder))

    def remove(self, artifact: Stored) -> None:
        """Take a version that was linked out of the collection, with its aliases there."""
        where = self._collection
        asked = {"entity": where.entity, "project": where.project, "type": MODEL, "name": where.name}
        found = self._service.ask(documents.COLLECTION, asked)["project"]["artifactType"]["artifactCollection"]
        self._write(documents.UNLINK, {"artifactID": artifact.key, "artifactPortfolioID": found["id"]})

    def _assignment(self, alias: str, artifact: Stored) -> dict[str, Json]:
        where = self._collection
        names = {"entityName": where.entity, "projectName": where.project, "artifactCollectionName": where.name}
        return {"artifactID": artifact.key, "aliases": [{**names, "alias": alias}]}

    def _write(self, document: str, wanted: Mapping[str, Json], seconds: float | None = None) -> None:
        result = self._service.ask(document, {"input": wanted}, seconds=seconds).get("result")
        if not isinstance(result, dict) or result.get("success") is False:
            raise ServiceError("W&B: expected a change to be made, got a refusal; check what the key may do there")


def membership(collection: Collection, version: str, service: Service) -> Mapping[str, Json] | None:
    """Give the version of a collection that a number or an alias names; None: there is none.

    Raises:
        InputError: there is no such project.
    """
    variables = {
        "entity": collection.entity,
        "project": collection.project,
        "name": f"{collection.name}:{version}",
    }
    project: Any = service.ask(documents.MEMBERSHIP, variables).get("project")
    if not isinstance(project, dict):
        raise InputError(
            f"{show_name(collection.entity)}/{show_name(collection.project)}: expected a project on W&B, found none "
            "that this key may read; check the names and WANDB_API_KEY"
        )
    found = project.get("artifactCollectionMembership")
    artifact: Mapping[str, Json] | None = None if found is None else found["artifact"]
    return artifact
