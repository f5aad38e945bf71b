"""Which collection is meant where versions are linked to one: its organisation is told or found. No alias may enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from action.errors import InputError
from action.files import show_name
from action.registries.wandb import documents
from action.registries.wandb.facts import collection_of
from action.registries.wandb.names import Collection, Target, parse_target
from action.registries.wandb.place import Place, Service
from action.registry import Stored
from action.wandb_service.request import Json


def open_place(target: str | None, beside: str, service: Service) -> Place:
    """Open the collection where a version of the collection `beside` gets its aliases; without a target, that one.

    Raises:
        InputError: the target is none, or nobody knows in which organisation it is.
    """
    entity, project, name = beside.split("/", 2)
    own = Collection(entity=entity, project=project, name=name)
    if target is None:
        return Place(own, service, linked=False)
    wanted = parse_target(target)
    owner = _organisation(wanted, entity, service) if wanted.is_registry else str(wanted.entity)
    found = Collection(entity=owner, project=wanted.project, name=wanted.name)
    return Place(found, service, linked=found != own)


def open_beside(target: str | None, artifact: Stored, service: Service) -> Place:
    """Open the collection where a version gets its aliases."""
    return open_place(target, collection_of(artifact), service)


def _organisation(target: Target, entity: str, service: Service) -> str:
    """Give the entity of the organisation whose registry is meant: one that the owner of the artifact belongs to."""
    found = service.ask(documents.ORGANISATION, {"entity": entity}).get("entity") or {}
    own = _names([found.get("organization")])
    names = own | _names((found.get("user") or {}).get("organizations") or [])
    fitting = [owner for owner, name in names.items() if target.entity in (None, owner, name)]
    # A team is one organisation's; a person may belong to several, of which none goes before the others.
    if len(fitting) == 1 or (fitting and fitting[0] in own):
        return fitting[0]
    known = ", ".join(map(show_name, sorted(names))) or "none"
    raise InputError(
        f"{show_name(target.project)}/{show_name(target.name)}: expected a registry of one organisation that "
        f"{show_name(entity)} belongs to, got {len(fitting)} that fit; it belongs to: {known}; name it as "
        f"ORGANISATION/{show_name(target.project)}/{show_name(target.name)}"
    )


def _names(organisations: Sequence[Mapping[str, Json] | None]) -> dict[str, str]:
    """Give each organisation's entity, with its display name."""
    return {str(one["orgEntity"]["name"]): str(one["name"]) for one in organisations if one and one.get("orgEntity")}
