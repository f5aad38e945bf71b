"""The log of a local registry: numbered files, each holding the digest of the one before; added to, never changed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action.errors import InputError, OutputError
from action.files import open_input, show_name

VERSION = 1
PROMOTED, REFUSED = "promoted", "refused"
_NAME = re.compile(r"[0-9]{6,12}\.json")
_SHA256 = re.compile("[0-9a-f]{64}")
_LARGEST = 100_000
"""Bytes of an entry."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One entry, as it was read."""

    number: int
    """From 1."""
    sha256: str
    """Of its file."""
    said: Mapping[str, Any]

    @property
    def event(self) -> str:
        """`promoted` or `refused`."""
        return str(self.said["event"])

    @property
    def alias(self) -> str | None:
        """Which alias it is about."""
        return None if self.said["alias"] is None else str(self.said["alias"])


def read_log(folder: Path) -> tuple[Entry, ...]:
    """Read a log, oldest first; empty where there is none.

    Raises:
        InputError: an entry is missing, damaged, or does not follow the one before.
    """
    try:
        names = sorted((path.name for path in folder.iterdir() if _NAME.fullmatch(path.name)), key=_number)
    except FileNotFoundError:
        return ()
    except NotADirectoryError as error:
        raise InputError(
            f"{show_name(folder.parent)}: expected the folder of a local registry, got a file; name another with "
            "--registry"
        ) from error
    except OSError as error:
        raise _odd(folder, error.strerror or type(error).__name__) from error
    return tuple(_chain(folder, names))


def _number(name: str) -> int:
    return int(name.removesuffix(".json"))


def _chain(folder: Path, names: Sequence[str]) -> Iterator[Entry]:
    before: str | None = None
    for number, name in enumerate(names, start=1):
        path = folder / name
        try:
            with open_input(path) as stream:
                content = stream.read(_LARGEST + 1)
            said = json.loads(content)
            fits = (said["version"], said["number"], said["previous"]) == (VERSION, number, before)
            shape = said["event"] in (PROMOTED, REFUSED) and isinstance(said["checkpoint"], dict)
            _require_fields(said)
        except (InputError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise _odd(path, type(error).__name__) from error
        if len(content) > _LARGEST or _number(name) != number or not (fits and shape):
            raise _odd(path, "one that does not follow the one before")
        before = hashlib.sha256(content).hexdigest()
        yield Entry(number=number, sha256=before, said=said)


def _require_fields(said: Mapping[str, Any]) -> None:
    """Raise KeyError or TypeError where a field is missing, or of another kind."""
    checkpoint, verdict, policy = said["checkpoint"], said["verdict"], said["policy"]
    texts = (said["at"], said["by"], said["why"], said["run"], checkpoint["name"], verdict["judged_at"])
    listed = (*said["reasons"], *said.get("waived", ()))
    if not all(isinstance(one, str) for one in (*texts, *listed, policy["sha256"], said["evidence"]["sha256"])):
        raise TypeError("expected texts")
    if not isinstance(said["reasons"], list) or bool(said["reasons"]) is not (said["event"] == REFUSED):
        raise TypeError("expected reasons of a refusal alone")
    if not _SHA256.fullmatch(verdict["sha256"]):
        raise ValueError("expected a digest")
    if not all(one is None or isinstance(one, str) for one in (said["alias"], checkpoint["digest"])):
        raise TypeError("expected texts or nothing")


def _odd(path: Path, got: str) -> InputError:
    return InputError(
        f"{show_name(path)}: expected the log of a local registry, each entry after the other, got {got}; it was "
        "changed by hand or lost a file: restore it from a copy"
    )


def append(folder: Path, log: Sequence[Entry], said: Mapping[str, Any]) -> bool:
    """Add an entry after those that were read; False: somebody else has added one since, and nothing was written.

    Raises:
        OutputError: the folder cannot be written, or its file system gives no name to one writer alone.
    """
    number = len(log) + 1
    previous = log[-1].sha256 if log else None
    content = json.dumps({"version": VERSION, "number": number, "previous": previous, **said}, indent=1)
    path = folder / f"{number:06}.json"
    if len(content) > _LARGEST - 1:
        raise InputError(
            f"{show_name(path)}: expected an entry of at most {_LARGEST // 1000} kB, got a larger one; give shorter "
            "names and reasons"
        )
    beside = folder / f".{secrets.token_hex(8)}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as stream:
            stream.write(content.encode("ascii") + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o444)
        try:
            os.link(beside, path)  # which fails where there is one already, on every file system that has it
        except FileExistsError:
            return False
        finally:
            beside.unlink(missing_ok=True)
        sync_folder(folder)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(
            f"{show_name(folder)}: expected a folder on a disk that knows hard links, got: {reason}; put the registry "
            "on a local or network disk that does, and see that it may be written"
        ) from error
    return True


def sync_folder(folder: Path) -> None:
    """See that the names in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
