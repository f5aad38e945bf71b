"""The files of a version: does its digest tell their bytes? Where it refers to files elsewhere, it may not.

What an alias names may not enter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from action.errors import RefusalError
from action.files import show_name
from action.registries.wandb import documents
from action.registries.wandb.place import Service
from action.wandb_service.request import Json
from checks.refusal import Reason, Refusal


def require_bytes(name: str, version: Mapping[str, Json], service: Service, folder: Path) -> None:
    """Refuse a version with a reference that was logged without a checksum: its digest is that of an address.

    W&B digests the manifest, in which such an entry has its address in the place of a digest
    (`wandb.Artifact.add_reference(…, checksum=False)`): what lies there can change under the same version.

    Raises:
        RefusalError: there is one.
    """
    manifest = service.ask(documents.MANIFEST, {"id": version["id"]})["artifact"]["currentManifest"]
    path = folder / "manifest.json"
    service.download(manifest["file"]["directUrl"], path, what=f"the manifest of {show_name(name)}")
    loose = next(_loose(json.loads(path.read_bytes())["contents"]), None)
    if loose is not None:
        text = (
            f"expected a digest of the bytes of {show_name(name)}, got one of an address: {show_name(loose)} refers to "
            "a file elsewhere, logged without a checksum; log the files themselves, or with `checksum=True`."
        )
        raise RefusalError(Refusal(reason=Reason.NO_DIGEST, text=text))


def _loose(contents: Mapping[str, Mapping[str, Json]]) -> Iterator[str]:
    for name, entry in contents.items():
        if entry.get("ref") and entry.get("digest") == entry["ref"]:
            yield name
