"""Text files of a repository's branches, read. No policy may enter."""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress

from github.ContentFile import ContentFile
from github.GithubObject import NotSet
from github.Repository import Repository

from action.errors import InputError
from action.files import show_name
from action.github.asking import ask, seek
from action.github.client import Client
from action.github.failure import Target

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST = 1_000_000
"""Bytes of a file: GitHub's contents API gives no content beyond."""
_PERMISSION = "contents: read"


def read_file(client: Client, path: str, branch: str | None) -> str | None:
    """Read a text file of a branch (None: the default one); None: it has no such file.

    Raises:
        InputError: it is no text file, or too large.
        ServiceError: GitHub could not be reached, or refused.
    """
    where = f"{show_name(path)} of " + ("the default branch" if branch is None else f"the branch {show_name(branch)}")
    target = Target(what=where, permission=_PERMISSION)
    repository = Repository(client, url=client.root)
    # A tag may bear the branch's name, and a bare name would be the tag's.
    ref = NotSet if branch is None else branch if _COMMIT.fullmatch(branch) else f"refs/heads/{branch}"
    found = seek(target, lambda: repository.get_contents(path, ref=ref))
    if found is None:
        # A repository that the token may not read says 404 for all its files: that must not read as "no policy".
        ask(
            Target(what="the repository", permission=_PERMISSION),
            lambda: client.requestJsonAndCheck("GET", client.root),
        )
        return None
    return ask(target, lambda: _text(found, where))


def _text(found: ContentFile | list[ContentFile], where: str) -> str:
    if isinstance(found, list) or found.encoding != "base64" or not 0 <= found.size <= _MOST:
        raise InputError(f"{where}: expected a file of at most 1 MB, got something else; correct the path")
    text = None
    with suppress(binascii.Error, UnicodeDecodeError):
        text = base64.b64decode(found.content or "").decode("utf-8-sig").replace("\r\n", "\n")
    if text is None:
        raise InputError(f"{where}: expected text in UTF-8, got other bytes; save it as UTF-8")
    return text
