"""What W&B's client asks of artifacts, answered from a shelf. What it would not ask is refused.

No run may enter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from tests.services.wandb_shelf import Path, RefusedError, Shelf, Version, portfolio_key

Variables: TypeAlias = Mapping[str, Any]


def _membership(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    place = asked["entity"], asked["project"]
    if place not in shelf.projects:
        return {"project": None}
    name, _, version = asked["name"].partition(":")
    found = shelf.membership((*place, name), version)
    return {"project": {"artifactCollectionMembership": None if found is None else {"artifact": found.node()}}}


def _by_id(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    found = shelf.versions.get(asked["id"])
    return {"artifact": None if found is None else found.node()}


def _created_by(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    run = shelf.versions[asked["id"]].run
    if run is None:
        return {"artifact": {"createdBy": {"__typename": "User"}}}
    entity, project, name = run
    about = {"name": name, "project": {"name": project, "entity": {"name": entity}}}
    return {"artifact": {"createdBy": {"__typename": "Run", **about}}}


def _linked(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    version = shelf.versions[asked["artifactID"]]
    places = [version.home, *(path for path, members in shelf.links.items() if version.key in members)]
    edges = [
        {"node": {"artifactCollection": _collection_node(path), "aliases": _aliases(shelf, version, path)}}
        for path in places
    ]
    return {"artifact": {"artifactMemberships": {"edges": edges}}}


def _aliases(shelf: Shelf, version: Version, path: Path) -> list[dict[str, str]]:
    return [{"alias": alias} for alias in shelf.aliases_of(version, path)]


def _collection_node(path: Path) -> dict[str, Any]:
    entity, project, name = path
    return {"name": name, "project": {"name": project, "entity": {"name": entity}}}


def _collection(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    path = asked["entity"], asked["project"], asked["name"]
    found = {"__typename": "ArtifactPortfolio", "id": portfolio_key(path), "name": path[2]}
    known = asked["type"] == "model" and path in shelf.links
    return {"project": {"artifactType": {"artifactCollection": found if known else None}}}


def _organisation(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    return {"entity": shelf.organisations.get(asked["entity"])}


def _add(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    for path, alias in _assignments(asked):
        shelf.give(asked["input"]["artifactID"], path, [alias])
    return {"result": {"success": True}}


def _delete(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    for path, alias in _assignments(asked):
        shelf.take(asked["input"]["artifactID"], path, [alias])
    return {"result": {"success": True}}


def _assignments(asked: Variables) -> list[tuple[Path, str]]:
    wanted = _input(asked, "artifactID", "aliases")
    names = ("entityName", "projectName", "artifactCollectionName", "alias")
    for one in wanted["aliases"]:
        if one.keys() != set(names):
            raise RefusedError(f"unknown fields {sorted(one)}")
    return [
        ((one["entityName"], one["projectName"], one["artifactCollectionName"]), one["alias"])
        for one in wanted["aliases"]
    ]


def _link(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    wanted = _input(asked, "artifactID", "artifactPortfolioName", "entityName", "projectName", "aliases")
    path = wanted["entityName"], wanted["projectName"], wanted["artifactPortfolioName"]
    if any(one != {"artifactCollectionName": path[2], "alias": one["alias"]} for one in wanted["aliases"]):
        raise RefusedError("an alias of another collection")
    return {
        "result": {"versionIndex": shelf.link(wanted["artifactID"], path, [one["alias"] for one in wanted["aliases"]])}
    }


def _unlink(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    wanted = _input(asked, "artifactID", "artifactPortfolioID")
    shelf.unlink(wanted["artifactID"], wanted["artifactPortfolioID"])
    return {"result": {"success": True}}


def _update(shelf: Shelf, asked: Variables) -> dict[str, Any]:
    wanted = _input(asked, "artifactID", "metadata")
    shelf.update(wanted["artifactID"], wanted["metadata"])
    return {"result": {"artifact": {"id": wanted["artifactID"]}}}


def _input(asked: Variables, *names: str) -> Mapping[str, Any]:
    wanted: Mapping[str, Any] = asked["input"]
    if wanted.keys() != set(names):
        raise RefusedError(f"unknown fields {sorted(wanted)}")
    return wanted


def listed(shelf: Shelf, node: Mapping[str, Any]) -> dict[str, Any]:
    """Give an artifact of a run with the aliases that it has now."""
    sequence = node["artifactSequence"]
    home = sequence["project"]["entity"]["name"], sequence["project"]["name"], sequence["name"]
    found = next((one for one in shelf.versions.values() if _is(one, home, node["versionIndex"])), None)
    if found is None:
        return dict(node)
    now = {"state": found.state, "digest": found.digest, "metadata": found.metadata}
    return {**node, **now, "aliases": [{"alias": alias} for alias in shelf.aliases_of(found)]}


def _is(version: Version, home: Path, number: int) -> bool:
    return (version.home, version.artifact.version) == (home, number)


ANSWERS: Mapping[str, Callable[[Shelf, Variables], dict[str, Any]]] = MappingProxyType(
    {
        "ArtifactMembershipByName": _membership,
        "ArtifactByID": _by_id,
        "ArtifactCreatedBy": _created_by,
        "FetchLinkedArtifacts": _linked,
        "ProjectArtifactCollection": _collection,
        "FetchOrgInfoFromEntity": _organisation,
        "AddAliases": _add,
        "DeleteAliases": _delete,
        "LinkArtifact": _link,
        "UnlinkArtifact": _unlink,
        "UpdateArtifact": _update,
    }
)
