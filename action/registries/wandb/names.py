"""Artifacts, collections and aliases of W&B by the names that people copy. No connection may enter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from action.errors import InputError
from action.files import show_name

_PART = re.compile(r"[\w][\w .-]*")
"""Of an entity or project: neither slashes nor leading dots, which would climb out of an address."""
_VERSION = re.compile(r"[vV]\d+")
_LONGEST = 128
"""Characters of a name, as W&B's own client has it."""
_REGISTRY = "wandb-registry-"
LATEST = "latest"


@dataclass(frozen=True, kw_only=True)
class Collection:
    """Versions that are called the same, of which each alias names one."""

    entity: str
    project: str
    name: str

    @property
    def path(self) -> str:
        """Its three parts together."""
        return f"{self.entity}/{self.project}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class ArtifactName:
    """A version of an artifact as it is named."""

    collection: Collection
    version: str
    """`v7`, or an alias."""
    host: str | None = field(default=None, compare=False)
    """Of the page whose address was given; None: no address was."""

    @property
    def path(self) -> str:
        """All of it together."""
        return f"{self.collection.path}:{self.version}"


@dataclass(frozen=True, kw_only=True)
class Target:
    """A collection that versions are linked to."""

    entity: str | None
    """Of a registry also the display name of an organisation; None: the organisation of the artifact."""
    project: str
    name: str

    @property
    def is_registry(self) -> bool:
        """Tell whether it belongs to an organisation's registry."""
        return self.project.startswith(_REGISTRY)


def parse_artifact(text: str) -> ArtifactName:
    """Read the name of a version.

    >>> parse_artifact("wandb-artifact://team/league/adapter:v7").path
    'team/league/adapter:v7'
    >>> parse_artifact("https://wandb.ai/team/league/artifacts/model/adapter/v7/files").path
    'team/league/adapter:v7'

    Raises:
        InputError: it is none, or says no version.
    """
    parts, host = text.removeprefix("wandb-artifact://").lstrip("/").split("/", 2), None
    if re.match(r"https?://", text):
        host, parts = _parts(text)
    if len(parts) != 3 or not all(map(_PART.fullmatch, parts[:2])):
        raise InputError(
            f"{show_name(text)}: expected an artifact on W&B as entity/project/name:v7, wandb-artifact://… or the "
            "address of its page, got another; copy its full name from its page"
        )
    name, _, version = parts[2].partition(":")
    if not version:
        raise InputError(
            f"{show_name(text)}: expected one version of an artifact, got none; name it as {show_name(name)}:v7, or by "
            "one of its aliases"
        )
    if not _is_name(name) or not _is_name(version):
        raise InputError(f"{show_name(text)}: expected a name and a version that can be ones of W&B; correct them")
    return ArtifactName(collection=Collection(entity=parts[0], project=parts[1], name=name), version=version, host=host)


def _parts(address: str) -> tuple[str, list[str]]:
    try:
        split = urlsplit(address)
        pieces = [unquote(piece) for piece in split.path.split("/") if piece]
    except ValueError:  # brackets that are not closed
        return "", []
    if len(pieces) < 5 or pieces[2] != "artifacts":
        return split.hostname or "", []
    return split.hostname or "", [*pieces[:2], ":".join(pieces[4:6])]


def parse_target(text: str) -> Target:
    """Read the name of a collection that versions are linked to.

    >>> parse_target("wandb-registry-model/Agents").entity, parse_target("team/league/Agents").entity
    (None, 'team')

    Raises:
        InputError: it is none.
    """
    *before, name = text.split("/")
    fine = len(before) == 2 or (len(before) == 1 and before[0].startswith(_REGISTRY))
    if not fine or not all(map(_PART.fullmatch, before)) or before[-1] == _REGISTRY or not _is_name(name):
        raise InputError(
            f"{show_name(text)}: expected a collection on W&B as entity/project/COLLECTION or "
            f"{_REGISTRY}NAME/COLLECTION, without a version, got another; correct it"
        )
    return Target(entity=before[0] if len(before) == 2 else None, project=before[-1], name=name)


def require_alias(alias: str) -> None:
    """Refuse what cannot be an alias that stays where it is put.

    Raises:
        InputError: W&B would read it as something else, or moves it by itself.
    """
    if not _is_name(alias) or _VERSION.fullmatch(alias):
        raise InputError(
            f"{show_name(alias)}: expected an alias of at most {_LONGEST} characters without / and :, that is no "
            "version, got another; name one such as production"
        )
    if alias == LATEST:
        raise InputError(
            f"{LATEST}: expected an alias that stays where it is put, got one that W&B moves with each upload; name "
            "one such as production"
        )


def _is_name(text: str) -> bool:
    return 0 < len(text) <= _LONGEST and text.isprintable() and not re.search("[/:]", text) and text.strip(" .") != ""
