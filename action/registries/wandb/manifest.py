"""The files of a version: does its digest tell their bytes? Where it refers to files elsewhere, it may not.

W&B digests names and digests of files, not where they lie; the digest of a reference is what the other side says of
itself, or its address. What an alias names may not enter.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from action.errors import RefusalError
from action.files import show_name
from action.registries.wandb import documents
from action.registries.wandb.place import Service
from action.wandb_service.request import Json
from checks.refusal import Reason, Refusal

_STORAGE = ("s3://", "gs://")
"""Where W&B's client asks for the bytes by the digest that was kept, and takes no others
(`wandb.sdk.artifacts.storage_handlers`)."""


def refers(name: str, version: Mapping[str, Json], service: Service, folder: Path) -> bool:
    """Tell whether a version refers to files elsewhere: its digest is then its own, and says nothing of another's.

    Raises:
        RefusalError: one of them is of a kind whose bytes can change under the same version: logged with
            `add_reference(…, checksum=False)`, or neither in S3 nor in Google's storage.
    """
    manifest = service.ask(documents.MANIFEST, {"id": version["id"]})["artifact"]["currentManifest"]
    path = folder / "manifest.json"
    service.download(manifest["file"]["directUrl"], path, what=f"the manifest of {show_name(name)}")
    contents: Mapping[str, Mapping[str, Json]] = json.loads(path.read_bytes())["contents"]
    elsewhere = {file: entry for file, entry in contents.items() if "ref" in entry}
    loose = next((file for file, entry in elsewhere.items() if not _is_kept(entry)), None)
    if loose is not None:
        text = (
            f"expected a digest of the bytes of {show_name(name)}, but {show_name(loose)} refers to a file elsewhere "
            "whose bytes can change under the same version; log the files themselves, or refer to S3 or Google's "
            "storage with a checksum."
        )
        raise RefusalError(Refusal(reason=Reason.NO_DIGEST, text=text))
    return bool(elsewhere)


def _is_kept(entry: Mapping[str, Json]) -> bool:
    reference, digest = str(entry["ref"]), entry.get("digest")
    return reference.startswith(_STORAGE) and isinstance(digest, str) and digest != "" and "://" not in digest
