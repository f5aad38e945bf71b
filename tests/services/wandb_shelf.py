"""Artifacts as W&B holds them: collections, versions, aliases, links to registries, metadata; with memory.

What no healthy client asks is refused. No request may enter.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.services.wandb_run import Artifact, Run

ENTITY, PROJECT = "team", "league"
ORGANISATION, OWNER = "Team Ltd", "team-org"
"""The display name of the organisation, and its entity."""
REGISTRY = "wandb-registry-model"
Path: TypeAlias = tuple[str, str, str]
"""Entity, project and name of a collection."""


class RefusedError(Exception):
    """What W&B does not do, with the status that it says so by."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(kw_only=True)
class Version:
    """A version; what may change may be changed."""

    key: str
    home: Path
    artifact: Artifact
    run: tuple[str, str, str] | None
    metadata: str | None
    state: str
    digest: str
    contents: Mapping[str, Mapping[str, Any]] = field(
        default_factory=lambda: {"model.safetensors": {"digest": "rL0Y20zC+Fzt72VPzMSk2A==", "size": 3}}
    )
    """Of its manifest."""

    @property
    def name(self) -> str:
        """Its whole name."""
        return f"{'/'.join(self.home)}:v{self.artifact.version}"

    def node(self) -> dict[str, Any]:
        """Write it as W&B does."""
        entity, project, _ = self.home
        about = {"id": self.key, "metadata": self.metadata, "state": self.state, "digest": self.digest}
        return {**self.artifact.node(entity, project), **about}


@dataclass(kw_only=True)
class Shelf:
    """Everything of one server."""

    versions: dict[str, Version] = field(default_factory=dict)
    aliases: dict[tuple[Path, str], str] = field(default_factory=dict)
    links: dict[Path, list[str]] = field(default_factory=dict)
    """Collections that versions are linked to; the place in the list is the number there."""
    projects: set[tuple[str, str]] = field(default_factory=lambda: {(ENTITY, PROJECT), (OWNER, REGISTRY)})
    organisations: dict[str, Mapping[str, Any]] = field(
        default_factory=lambda: {
            ENTITY: {"organization": {"name": ORGANISATION, "orgEntity": {"name": OWNER}}, "user": None}
        }
    )
    protected: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @staticmethod
    def of(runs: Iterable[Run]) -> Shelf:
        """Put what runs logged on a shelf."""
        shelf = Shelf()
        for run in runs:
            for artifact in run.artifacts:
                shelf.add(artifact, run=run.name)
        return shelf

    def add(self, artifact: Artifact, *, run: str | None = "abc123", project: str = PROJECT) -> Version:
        """Put a version there."""
        number = len(self.versions) + 1
        key = base64.b64encode(f"Artifact:{number}".encode()).decode()
        made = Version(
            key=key,
            home=(ENTITY, PROJECT, artifact.name),
            artifact=artifact,
            run=None if run is None else (ENTITY, project, run),
            metadata=json.dumps(artifact.metadata),
            state=artifact.state,
            digest=artifact.digest,
        )
        self.versions[key] = made
        for alias in artifact.aliases:
            self.aliases[made.home, alias] = key
        return made

    def holder(self, alias: str, path: Path = (ENTITY, PROJECT, "adapter")) -> str | None:
        """Name who holds an alias."""
        key = self.aliases.get((path, alias))
        return None if key is None else self.versions[key].name

    def aliases_of(self, version: Version, path: Path | None = None) -> list[str]:
        """List the aliases of a version in a collection; None: its own."""
        where = path or version.home
        return [alias for (place, alias), key in self.aliases.items() if (place, key) == (where, version.key)]

    def membership(self, path: Path, version: str) -> Version | None:
        """Find a version of a collection by its number there or an alias."""
        members = [one for one in self.versions.values() if one.state != "DELETED"]
        for one in members:
            linked = self.links.get(path, [])
            number = one.artifact.version if one.home == path else linked.index(one.key) if one.key in linked else None
            if f"v{number}" == version:
                return one
        return self.versions.get(self.aliases.get((path, version), ""))

    def give(self, key: str, path: Path, aliases: Sequence[str]) -> None:
        """Give aliases, taking each from whoever has it in the collection."""
        version = self._there(key)
        if version.home != path and key not in self.links.get(path, []):
            raise RefusedError("artifact is not a member of the collection")
        self._require_free(aliases)
        self.aliases.update({(path, alias): key for alias in aliases})

    def take(self, key: str, path: Path, aliases: Sequence[str]) -> None:
        """Take aliases away."""
        self._require_free(aliases)
        for alias in aliases:
            if self.aliases.get((path, alias)) != key:
                raise RefusedError("the artifact does not have that alias")
            del self.aliases[path, alias]

    def link(self, key: str, path: Path, aliases: Sequence[str]) -> int:
        """Put a version into another collection, which is made where there is none; its number there."""
        self._there(key)
        if path[:2] not in self.projects:
            raise RefusedError("no such project", 404)
        if any(version.home == path for version in self.versions.values()):
            raise RefusedError("artifacts cannot be linked to a sequence")
        self._require_free(aliases)
        members = self.links.setdefault(path, [])
        if key not in members:
            members.append(key)
        self.give(key, path, aliases)
        return members.index(key)

    def unlink(self, key: str, portfolio: str) -> None:
        """Take a version out of another collection, with its aliases there."""
        for path, members in self.links.items():
            if portfolio_key(path) == portfolio and key in members:
                members.remove(key)
                for alias in [alias for (place, alias), held in self.aliases.items() if (place, held) == (path, key)]:
                    del self.aliases[path, alias]
                return
        raise RefusedError("the artifact is not linked to that collection")

    def update(self, key: str, metadata: str) -> None:
        """Write metadata, all of them."""
        json.loads(metadata, parse_constant=_refuse)
        self._there(key).metadata = metadata

    def delete(self, version: Version) -> None:
        """Delete a version, with its aliases."""
        version.state = "DELETED"
        self.aliases = {place: key for place, key in self.aliases.items() if key != version.key}

    def _there(self, key: str) -> Version:
        version = self.versions.get(key)
        if version is None or version.state == "DELETED":
            raise RefusedError("no such artifact", 404)
        return version

    def _require_free(self, aliases: Sequence[str]) -> None:
        if self.protected & set(aliases):
            raise RefusedError("permission denied: the alias is protected", 403)


def portfolio_key(path: Path) -> str:
    """Give what W&B knows a collection by."""
    return base64.b64encode(f"ArtifactCollection:{'/'.join(path)}".encode()).decode()


def _refuse(constant: str) -> None:
    raise RefusedError(f"{constant} is no JSON")
