"""The forms in which people have attestations and trusted roots, as one object each. No signature may enter.

An attestation is what Sigstore calls a bundle. `actions/attest` and `gh attestation download` write one a line,
GitHub's API lists several in one object; `gh attestation trusted-root` writes one root a line.
"""

from __future__ import annotations

import json

from action.report.elo_document import Json, Object
from action.signing.sentence import DOWNLOAD, PRIVATE, ROOT, refused

MOST_BYTES, MOST = 32 * 1024 * 1024, 30
"""Of a file, and objects in it."""


def parse_attestations(content: bytes) -> tuple[Object, ...]:
    """Return the attestations of a file; RefusalError for a file that holds none, or too many."""
    found: list[Object] = []
    for one in _objects(content, "attestations", DOWNLOAD):
        listed = one.get("attestations")
        found += [_bundle(entry) for entry in listed] if isinstance(listed, list) else [one]
    bundles = tuple(one for one in found if one)
    if not 0 < len(bundles) <= MOST:
        raise refused(f"expected 1 to {MOST} bundles in a file, got {len(bundles)}; {DOWNLOAD}")
    return bundles


def _bundle(entry: Json) -> Object:
    """Return the bundle of an entry of GitHub's list; empty where only its address is given."""
    bundle = entry.get("bundle") if isinstance(entry, dict) else None
    return bundle if isinstance(bundle, dict) else {}


def parse_root(content: bytes) -> Object:
    """Return the one trusted root of a file that has a transparency log; RefusalError where there is none."""
    found = [one for one in _objects(content, "trusted root", ROOT) if one.get("tlogs")]
    if not found:
        raise refused(f"trusted root: expected one with a transparency log, got none, {PRIVATE}")
    if len(found) > 1:
        raise refused(f"trusted root: expected one with a transparency log, got {len(found)}; name a file with one")
    return found[0]


def _objects(content: bytes, what: str, remedy: str) -> list[Object]:
    """Read one JSON object, or one a line."""
    if not 0 < len(content) <= MOST_BYTES:
        raise refused(f"{what}: expected 1 to {MOST_BYTES} bytes, got {len(content)}; {remedy}")
    try:
        found = _whole_or_lines(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise refused(f"{what}: expected JSON, or JSON Lines, got a text that is neither; {remedy}") from error
    objects = [one for one in found if isinstance(one, dict)]
    if not 0 < len(objects) == len(found) <= MOST:
        raise refused(f"{what}: expected 1 to {MOST} JSON objects, got something else; {remedy}")
    return objects


def _whole_or_lines(text: str) -> list[Json]:
    try:
        return [json.loads(text)]
    except ValueError:
        lines = [line for line in text.split("\n") if line.strip()]
        return [json.loads(line) for line in lines[: MOST + 1]]
