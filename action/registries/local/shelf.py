"""The bytes in a local registry: copied first, digested where they lie, and only then given their place.

What an alias names may not enter.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from pathlib import Path

from action.checkpoint import read_checkpoint
from action.errors import InputError, OutputError, RefusalError
from action.files import show_name
from action.output import write_files
from action.registries.local.log import sync_folder
from checks.refusal import Reason, Refusal

SHA256 = "sha256:"
ALTERED = "the registry's own copy was changed: move its folder away, and promote the file or folder itself again"
CHECKPOINTS, VERDICTS, INCOMING = "checkpoints", "verdicts", "incoming"
STRAY = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
"""What file managers leave behind."""
_START = re.compile(rf"{SHA256}[0-9a-f]{{12,64}}")
_STALE = 86_400.0
"""Seconds after which what was left behind by a process that was killed is removed."""


def shelf_place(root: Path, digest: str) -> Path | None:
    """Give where the bytes of a digest lie; None: the registry does not have them. InputError: others lie beside."""
    folder = root / CHECKPOINTS / digest.removeprefix(SHA256)
    try:
        inside = [place for place in folder.iterdir() if place.name not in STRAY]
    except (FileNotFoundError, NotADirectoryError):
        return None
    if len(inside) > 1:
        raise InputError(
            f"{show_name(folder)}: expected one checkpoint, got {len(inside)} files or folders; take away what is none"
        )
    return inside[0] if inside else None


def find_digest(root: Path, start: str) -> str | None:
    """Give the whole digest of a checkpoint on the shelf by its start; None: there is none.

    Raises:
        InputError: it is no start of a digest, or one of several.
    """
    if not _START.fullmatch(start):
        raise InputError(
            f"{show_name(start)}: expected {SHA256} and at least 12 hexadecimal digits, got something else; "
            "`gatekeeper promotions` lists the checkpoints of a registry"
        )
    with suppress(FileNotFoundError, NotADirectoryError):
        there = [name.name for name in (root / CHECKPOINTS).iterdir() if name.name.startswith(start[len(SHA256) :])]
        if len(there) > 1:
            raise InputError(
                f"{show_name(start)}: expected the start of one digest, got that of {len(there)}; name more digits"
            )
        return next((SHA256 + name for name in there), None)
    return None


def keep(root: Path, source: Path, digest: str) -> Path:
    """Copy a checkpoint into the registry, unless it is there, and give its place; its digest holds there.

    Raises:
        RefusalError: the bytes are not those of the digest any more.
        OutputError: the registry cannot be written.
    """
    there = shelf_place(root, digest)
    if there is not None:
        require_digest(there, digest, ALTERED)
        return there
    incoming = root / INCOMING
    part = incoming / secrets.token_hex(8)
    try:
        _sweep(incoming)
        target = part / (Path(os.path.abspath(source)).name or "checkpoint")  # noqa: PTH100 - not what a link leads to
        part.mkdir(parents=True)
        _copy(source, target)
        require_digest(target, digest, "it was changed while it was promoted: judge it again")
        place = root / CHECKPOINTS / digest.removeprefix(SHA256)
        place.parent.mkdir(exist_ok=True)
        with suppress(OSError) if shelf_place(root, digest) else nullcontext():
            part.rename(place)  # which fails where another has just put the same bytes there
            place.chmod(0o555)
        sync_folder(place.parent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{show_name(root)}: expected a registry with space for the checkpoint, got: {reason}; free some, or name "
            "another folder with --registry"
        ) from error
    finally:
        _remove(part)
    return keep(root, source, digest)


def keep_proof(root: Path, verdict_sha256: str, proof: Mapping[str, bytes]) -> None:
    """Keep a verdict and its evidence; the verdict last, so that who finds one finds all."""
    place = root / VERDICTS / verdict_sha256
    if proof and not all(_holds(place / name, content) for name, content in proof.items()):
        last = {"verdict.json": proof["verdict.json"]}
        rest = {name: content for name, content in proof.items() if name not in last}
        write_files(place, {**rest, **last}, option="--registry")


def _holds(path: Path, content: bytes) -> bool:
    with suppress(OSError):
        return path.read_bytes() == content
    return False


def require_proof(place: Path, verdict_sha256: str, evidence_sha256: str) -> None:
    """Refuse a verdict and evidence that are not those of a promotion; InputError.

    The manifest of the evidence holds the digests of its other files, which are held against it as they are read.
    """
    advice = "what the registry kept was changed or lost: restore it from a copy, or judge the run again"
    try:
        got = hashlib.sha256((place / "verdict.json").read_bytes()).hexdigest()
        kept = hashlib.sha256((place / "evidence" / "manifest.json").read_bytes()).hexdigest()
    except OSError as error:
        got = error.strerror or type(error).__name__
        raise InputError(f"{show_name(place)}: expected a verdict and its evidence, got: {got}; {advice}") from error
    if (got, kept) != (verdict_sha256, evidence_sha256):
        raise InputError(
            f"{show_name(place)}: expected the verdict and the evidence of a promotion, got others; {advice}"
        )


def require_digest(place: Path, digest: str, advice: str) -> None:
    """Refuse bytes that are others than they should be."""
    try:
        got = read_checkpoint(str(place.absolute())).digest
    except InputError as error:
        got = str(error)
    if got != digest:
        text = f"expected {digest} at {show_name(place)}, got {got}; {advice}."
        raise RefusalError(Refusal(reason=Reason.OTHER_CHECKPOINT, text=text))


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        _copy_file(source, target)
        return
    target.mkdir()
    for child in sorted(source.rglob("*")):
        place = target / child.relative_to(source)
        if child.is_file():
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy_file(child, place)
    for folder in sorted((one for one in (target, *target.rglob("*")) if one.is_dir()), reverse=True):
        folder.chmod(0o555)  # nothing is added to it either, such as a cache of who reads it


def _copy_file(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as stream:
        os.fsync(stream.fileno())
    target.chmod(0o444)  # whoever reads it by an alias reads what was judged


def _sweep(incoming: Path) -> None:
    """Remove what processes left behind that were killed a day ago."""
    with suppress(FileNotFoundError):
        for child in incoming.iterdir():
            with suppress(OSError):
                if time.time() - child.stat().st_mtime > _STALE:
                    _remove(child)


def _remove(folder: Path) -> None:
    """Remove a folder, the read-only ones in it too."""
    with suppress(OSError):
        for one in (folder, *folder.rglob("*")):
            if one.is_dir() and not one.is_symlink():
                one.chmod(0o755)
    shutil.rmtree(folder, ignore_errors=True)
