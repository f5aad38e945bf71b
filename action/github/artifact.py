"""Artifacts of workflow runs, read: what others packed, bounded and looked at before it is unpacked.

What is in them is understood elsewhere.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from urllib.parse import urlsplit

import requests
from github.Artifact import Artifact

from action.errors import InputError
from action.files import show_name
from action.github.asking import given, seek
from action.github.client import TRIES, Client, Listed
from action.github.failure import OddError, Target, UnansweredError, told
from action.github.wire import Bounded, TooLargeError

_ZIP, _CONTENT = 1_000_000, 64_000
"""Bytes."""
_MEMBERS = 100


def archive(client: Client, workflow_run: int, name: str, most: int) -> bytes | None:
    """Give the newest artifact of a name as a zip of at most so many bytes; None: there is none any more.

    Raises:
        InputError: it is too large.
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    what = f"the artifact {show_name(name)} of the workflow run {workflow_run}"
    target = Target(what=what, permission="actions: read")
    found = seek(target, lambda: max(_listed(client, workflow_run, name), default=None))
    if found is None:
        return None
    content = seek(target, lambda: _download(client, found, most), (404, 410))
    if content is not None and len(content) > most:
        raise InputError(
            f"{what}: expected an archive of at most {most / 10**6:,.0f} MB, got a larger one; was it made by the "
            "gatekeeper?"
        )
    return content


def artifact(client: Client, workflow_run: int, name: str) -> bytes | None:
    """Give the first file of the newest artifact of a name; None: there is none any more.

    Raises:
        InputError: it is too large, or no archive of plain files.
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    content = archive(client, workflow_run, name, _ZIP)
    what = f"the artifact {show_name(name)} of the workflow run {workflow_run}"
    return None if content is None else _first(content, what)


def _listed(client: Client, workflow_run: int, name: str) -> Iterator[int]:
    """Give the ids of those that are still there."""
    listed = Listed(path=f"/actions/runs/{workflow_run}/artifacts", within="artifacts")
    for one in client.pages(listed, Artifact, {"name": name}):
        if one.name == name and one.expired is False:
            yield given(one.id)


def _download(client: Client, artifact_id: int, most: int) -> bytes:
    """Follow the address that GitHub gives, elsewhere and for a minute; the token does not go there."""
    headers, _ = client.requestJsonAndCheck("GET", f"{client.root}/actions/artifacts/{artifact_id}/zip")
    address = headers.get("location")
    secure = urlsplit(client.base_url).scheme == "https"
    if not isinstance(address, str) or not address.startswith("https://" if secure else ("https://", "http://")):
        raise OddError
    got = ""
    for tries in range(1, TRIES + 1):
        content, got = _fetch(address, client.seconds, most)
        if content is not None:
            return content
        client.patience.rest(tries)
    raise UnansweredError(got)


def _fetch(address: str, seconds: float, most: int) -> tuple[bytes | None, str]:
    with requests.Session() as session:
        session.auth = _keep  # else ~/.netrc gives one
        for scheme in ("https://", "http://"):
            session.mount(scheme, Bounded(seconds, most + 1))
        try:
            answer = session.get(address, allow_redirects=False)
        except TooLargeError:
            return b"\0" * (most + 1), ""
        except requests.RequestException as error:
            return None, told(error)
    return (answer.content, "") if answer.status_code == 200 else (None, f"{answer.status_code} from its storage")


def _keep(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _first(content: bytes, what: str) -> bytes:
    read, odd = None, "something else"
    try:
        read, odd = _read(content)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        LookupError,
        NotImplementedError,
        OSError,
        RuntimeError,
        ValueError,
    ):
        read = None
    if read is None:
        raise InputError(f"{what}: expected an archive with a file of at most 64 kB, got {odd}; make it again")
    return read


def _read(content: bytes) -> tuple[bytes | None, str]:
    """Read the first member; what it says of its size is not believed."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if not 0 < len(members) <= _MEMBERS:
            return None, f"{len(members)} members"
        first = members[0]
        kind = stat.S_IFMT(first.external_attr >> 16)
        plain = kind in (0, stat.S_IFREG) and not first.is_dir() and not first.flag_bits & 1
        if not plain or first.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            return None, "a member that is no plain file"
        parts = first.filename.split("/")
        if (
            first.filename.startswith("/")
            or ".." in parts
            or not first.filename.isprintable()
            or "\\" in first.filename
        ):
            return None, "a member with an odd name"
        if first.file_size > _CONTENT:
            return None, "a larger one"
        with archive.open(first) as stream:
            read = stream.read(_CONTENT + 1)
    return (read, "") if len(read) <= _CONTENT else (None, "a larger one")
