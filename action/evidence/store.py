"""Bundles on disk: written whole or not at all, read from a folder or a `.tar.gz`, refused if a byte has changed."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import stat
import tarfile
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias

from action.errors import InputError
from action.evidence import around, records, values
from action.evidence import bundle as noun
from action.evidence.game_records import read_games
from action.files import look, read_error, show_name
from action.settings import TIME
from checks.run import Evidence, RunData

Fetch: TypeAlias = Callable[[str], bytes]
MAX_BYTES = 2**31
"""Of a bundle, unpacked: 40 million values. Stops a `.tar.gz` that unpacks to a disk full of zeros."""
_CHUNK = 2**20
_FOLDER = "evidence"
_OURS = re.compile(
    r"manifest\.json|policy\.yml|logs\.json|games\.jsonl|(?:run|baselines/[0-9]+)/(?:rows|series)\.jsonl"
)


def find_bundle(path: Path) -> Path | None:
    """Give the bundle a path names: a folder with a manifest, the output folder of `check`, a `.tar.gz`; or None."""
    for folder in (path, path / _FOLDER):
        if (folder / noun.MANIFEST).is_file():
            return folder
    return path if path.name.endswith((".tar.gz", ".tgz")) and look(path, 2) == b"\x1f\x8b" else None


def read_bundle(path: Path) -> noun.Bundle:
    """Read a bundle that `find_bundle` gave, and check every digest in it.

    Raises:
        InputError: a file is missing, altered, damaged, or not of this format.
    """
    try:
        fetch = _fetch_member(path) if path.is_file() else _fetch_file(path)
        return _read(path, fetch)
    except (
        gzip.BadGzipFile,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        OverflowError,
        RecursionError,
        tarfile.TarError,
        EOFError,
        zlib.error,
    ) as error:
        what = f"{type(error).__name__}: {show_name(error)}"
        raise InputError(
            f"{show_name(path)}: expected an evidence bundle of version {noun.VERSION}, got one that cannot be read "
            f"({what}); judge the run itself again"
        ) from error
    except OSError as error:
        raise read_error(Path(error.filename or path), error) from error


def _fetch_file(folder: Path) -> Fetch:
    def fetch(name: str) -> bytes:
        path = folder / name
        about = path.stat()
        if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_BYTES:
            raise InputError(f"{show_name(path)}: {_TOO_LARGE}")
        return path.read_bytes()

    return fetch


_TOO_LARGE = (
    f"expected regular files of at most {MAX_BYTES // 2**20:,} MiB in a bundle, got something else; "
    "judge the run itself again"
)


def _fetch_member(path: Path) -> Fetch:
    members: dict[str, bytes] = {}
    size = 0
    with tarfile.open(path, mode="r:gz") as archive:
        for member in archive:
            name = member.name.removeprefix("./").removeprefix(f"{_FOLDER}/")
            # A few bytes of a sparse member stand for any number of zeros; ours are never sparse.
            if not member.isfile() or member.issparse() or not _OURS.fullmatch(name):
                continue
            size += member.size
            if size > MAX_BYTES:
                raise InputError(f"{show_name(path)}: {_TOO_LARGE}")
            stream = archive.extractfile(member)
            members[name] = stream.read() if stream is not None else b""
        # The checksum stands at the end of the stream, which reading members does not reach.
        while archive.fileobj is not None and (rest := archive.fileobj.read(_CHUNK)):
            size += len(rest)
            if size > MAX_BYTES:
                raise InputError(f"{show_name(path)}: {_TOO_LARGE}")

    def fetch(name: str) -> bytes:
        if name not in members:
            raise InputError(f"{show_name(path)}: expected {name} in the bundle, found none; pack the whole folder")
        return members[name]

    return fetch


def _read(path: Path, fetch: Fetch) -> noun.Bundle:
    manifest = _json(fetch(noun.MANIFEST))
    if manifest.get("version") != noun.VERSION:
        got = show_name(manifest.get("version"))
        raise InputError(
            f"{show_name(path)}: expected a bundle of version {noun.VERSION}, got {got}; use a newer gatekeeper"
        )
    digests = dict(manifest["files"])

    def checked(name: str) -> bytes:
        content = fetch(name)
        if hashlib.sha256(content).hexdigest() != digests.get(name):
            raise InputError(
                f"{show_name(path)}: {name} is not the file that was written (its sha256 differs from the manifest's); "
                "judge the run itself again"
            )
        return content

    baselines: dict[str, RunData | str] = {}
    number = 0
    for name, record in sorted(manifest["baselines"].items()):
        if isinstance(record, str):
            baselines[name] = record
        else:
            number += 1
            baselines[name] = _run(record, f"baselines/{number}", checked)
    evidence = Evidence(
        run=_run(manifest["run"], "run", checked),
        logs=records.read_tables(_json(checked(noun.LOGS))),
        log_source=values.read_text(manifest["log_source"]),
        games=values.read_text(manifest["games"]),
        game_record=read_games(_lines(checked(noun.GAMES))) if noun.GAMES in digests else None,
        baselines=baselines,
        notes=records.read_notes(manifest["notes"]),
        asked=records.read_asked(manifest["asked"]),
        checkpoint=around.read_checkpoint(manifest["checkpoint"]),
        origin=around.read_origin(manifest.get("origin")),
        story=around.read_story(manifest.get("story")),
        approvals=around.read_approvals(manifest.get("approvals", ())),
        holder=around.read_holder(manifest.get("last_promoted")),
        judged_at=_time(manifest["judged_at"]),
    )
    return noun.Bundle(
        evidence=evidence,
        policy_text=checked(noun.POLICY).decode(),
        policy_source=str(manifest["policy"]["source"]),
        collected_by=str(manifest["collected_by"]),
    )


def _run(record: Any, folder: str, fetch: Fetch) -> RunData:
    rows = records.read_rows(_lines(fetch(f"{folder}/rows.jsonl")))
    return records.read_run(record, rows, records.read_series(_lines(fetch(f"{folder}/series.jsonl"))))


def _time(text: Any) -> str:
    """Give a time of judging as it is written; ValueError or TypeError if it is none: waivers expire by it."""
    moment = datetime.strptime(text, TIME).replace(tzinfo=UTC)
    return moment.isoformat().replace("+00:00", "Z")  # strftime writes the year 1 as `1`


def _json(content: bytes) -> Any:
    value = json.loads(content)
    if not isinstance(value, dict):
        raise TypeError("expected an object")
    return value


def _lines(content: bytes) -> Iterator[Any]:
    return (_json(line) for line in content.splitlines() if line)
