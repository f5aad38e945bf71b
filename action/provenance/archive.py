"""An artifact of the action, unpacked: verdicts and their evidence, and nothing else that may be in it."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from pathlib import Path

from action.errors import InputError
from action.evidence.store import MAX_BYTES

_MEMBERS = 20_000
_PART = r"(?!\.)[A-Za-z0-9_.%~-]{1,250}"
"""As a sweep-up writes the names of runs."""
_OURS = re.compile(
    rf"((?:{_PART}/){{0,3}})(?:verdict\.json|attestation\.sigstore\.jsonl?|"
    r"evidence/(?:manifest\.json|policy\.yml|logs\.json|games\.jsonl|(?:run|baselines/[0-9]+)/(?:rows|series)\.jsonl))"
)
_CLASHES = (FileExistsError, NotADirectoryError, IsADirectoryError)
"""A name that is a file and a folder."""
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    *_CLASHES,
)


def unpack(content: bytes, folder: Path, name: str) -> tuple[Path, ...]:
    """Unpack into an empty folder; the verdicts in it, by their paths. `name`: what messages call it.

    Raises:
        InputError: it is no archive of plain files, or larger than may be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return tuple(_unpack(archive, folder, name))
    except _BROKEN as error:
        raise _odd(name, f"something else ({type(error).__name__})") from error


def _odd(name: str, got: str) -> InputError:
    return InputError(f"{name}: expected an archive with a verdict and its evidence, got {got}; judge the run again")


def _unpack(archive: zipfile.ZipFile, folder: Path, name: str) -> list[Path]:
    members = archive.infolist()
    if len(members) > _MEMBERS:
        raise _odd(name, f"{len(members):,} members")
    verdicts, left = [], MAX_BYTES
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not _OURS.fullmatch(member.filename) or kind not in (0, stat.S_IFREG):
            continue
        place = folder / member.filename
        if place.exists():
            raise _odd(name, "a member twice")
        place.parent.mkdir(parents=True, exist_ok=True)
        left -= _write(archive, member, place, left)
        if left < 0:
            raise _odd(name, f"more than {MAX_BYTES // 2**20:,} MiB unpacked")
        if place.name == "verdict.json":
            verdicts.append(place)
    return verdicts


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, place: Path, left: int) -> int:
    """Write a member and give its size; what it says of that is not believed."""
    size = 0
    with archive.open(member) as stream, place.open("wb") as out:
        while size <= left and (part := stream.read(2**20)):
            size += len(part)
            out.write(part)
    return size
