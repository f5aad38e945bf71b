"""Branches, commits and files through Git's own objects: the contents API gives nothing beyond 1 MB.

Objects are named by what they hold, so to write one twice is to write it once. A branch is only ever moved forward:
GitHub refuses what is no descendant of its commit, so nothing that others push is overwritten.
https://docs.github.com/en/rest/git
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from github import GithubException

from action.branches import NO_FILE, Branch, Change, Divergence, File
from action.errors import InputError
from action.files import show_name
from action.github import fields
from action.github.asking import Found, ask, seek, send
from action.github.client import Client
from action.github.failure import OddError, Target

MOST_BYTES = 20_000_000
"""Of a file."""
_READ, _WRITE = "contents: read", "contents: write"
_REGULAR = ("100644", "100755")


class Objects:
    """Git's objects of one repository. What was read once is kept: it never changes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._commits: dict[str, str] = {}
        """Commit → its tree."""
        self._trees: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._files: dict[str, File] = {}

    def file(self, sha: str, path: str) -> File:
        """Read a file of a commit.

        Raises:
            InputError: it is no regular file, or too large.
            ServiceError: GitHub could not be reached, or refused.
        """
        found = self._entry(sha, path)
        if found is None:
            return NO_FILE
        if found.get("type") != "blob" or found.get("mode") not in _REGULAR:
            raise InputError(
                f"{show_name(path)} of {sha[:12]}: expected a regular file, got a folder or a link; name the file"
            )
        if not isinstance(found.get("size"), int) or found["size"] > MOST_BYTES:
            raise InputError(
                f"{show_name(path)} of {sha[:12]}: expected a file of at most {MOST_BYTES // 10**6} MB, got more; "
                "begin a new one"
            )
        blob = found["sha"]
        if blob not in self._files:
            self._files[blob] = self._blob(blob, path)
        return self._files[blob]

    def commit(self, change: Change) -> str:
        """Make a commit.

        Raises:
            ServiceError: GitHub could not be reached, or refused.
        """
        there = self._entry(change.like, change.path)
        mode = "100644" if there is None or there.get("mode") not in _REGULAR else there["mode"]
        entry = {"path": change.path, "mode": mode, "type": "blob", **self._content(change.text)}
        tree = self._post("/git/trees", {"base_tree": self._tree_of(change.like), "tree": [entry]})
        return self._post("/git/commits", {"message": change.message, "tree": tree, "parents": list(change.parents)})

    def _content(self, text: str) -> dict[str, str]:
        """Give a file's content as a tree takes it: bytes that are no UTF-8 only as a blob."""
        content = text.encode("utf-8", "surrogateescape")
        try:
            return {"content": content.decode("utf-8")}
        except UnicodeDecodeError:
            sent = {"content": base64.b64encode(content).decode(), "encoding": "base64"}
            return {"sha": self._post("/git/blobs", sent)}

    def _entry(self, sha: str, path: str) -> Mapping[str, Any] | None:
        *folders, name = path.split("/")
        tree = self._tree(self._tree_of(sha))
        for folder in folders:
            found = tree.get(folder)
            if found is None:
                return None
            if found.get("type") != "tree":
                raise InputError(
                    f"{show_name(path)} of {sha[:12]}: expected a folder {show_name(folder)}, got a file or a link; "
                    "name another path"
                )
            tree = self._tree(found["sha"])
        return tree.get(name)

    def _tree_of(self, sha: str) -> str:
        if sha not in self._commits:
            target = Target(what=f"the commit {show_name(sha)}", permission=_READ)

            def read() -> str:
                data = self._request("GET", f"/git/commits/{fields.part(sha)}")
                return fields.text(fields.mapping(data.get("tree")).get("sha"))

            self._commits[sha] = ask(target, read)
        return self._commits[sha]

    def _tree(self, sha: str) -> dict[str, Mapping[str, Any]]:
        if sha not in self._trees:
            target = Target(what=f"the folder {show_name(sha)}", permission=_READ)
            self._trees[sha] = ask(target, lambda: _entries(self._request("GET", f"/git/trees/{fields.part(sha)}")))
        return self._trees[sha]

    def _blob(self, sha: str, path: str) -> File:
        def read() -> File:
            data = self._request("GET", f"/git/blobs/{fields.part(sha)}")
            if data.get("encoding") != "base64":
                raise OddError
            try:
                content = base64.b64decode(fields.text(data.get("content")))
            except binascii.Error as error:
                raise OddError from error
            return File(text=content.decode("utf-8", "surrogateescape"), sha=sha)

        found = ask(Target(what=show_name(path), permission=_READ), read)
        if found.text.startswith(("\udcff\udcfe", "\udcfe\udcff")) or "\x00" in found.text:
            raise InputError(f"{show_name(path)}: expected Markdown in UTF-8, got UTF-16 or no text; save it as UTF-8")
        return found

    def _post(self, path: str, sent: Mapping[str, Any]) -> str:
        """Write an object; its SHA. Where no answer came it is written again: it would be the same one."""
        target = Target(what="a commit to be written", permission=_WRITE, write=True)

        def post() -> str:
            return fields.text(self._request("POST", path, sent).get("sha"))

        return send(target, self._client.patience, post, lambda: None)

    def _request(self, verb: str, path: str, sent: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        _, data = self._client.requestJsonAndCheck(verb, self._client.root + path, input=sent)
        return fields.mapping(data)


def default_branch(client: Client) -> str:
    """Give the name of the default branch.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what="the repository", permission="metadata: read")
    return ask(
        target,
        lambda: fields.text(fields.mapping(client.requestJsonAndCheck("GET", client.root)[1]).get("default_branch")),
    )


def branches(client: Client, prefix: str) -> Sequence[Branch]:
    """Give the branches whose names begin so.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the branches {show_name(prefix)}…", permission=_READ)

    def read() -> Sequence[Branch]:
        _, data = client.requestJsonAndCheck("GET", f"{client.root}/git/matching-refs/heads/{quote(prefix)}")
        if not isinstance(data, list):
            raise OddError
        return tuple(_branch(fields.mapping(one)) for one in data)

    return ask(target, read)


def create(client: Client, branch: Branch) -> bool:
    """Make a branch; False: it was not made.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the branch {show_name(branch.name)} to be made", permission=_WRITE, write=True)
    sent = {"ref": f"refs/heads/{branch.name}", "sha": branch.sha}

    def post() -> bool:
        return _obeyed(lambda: client.requestJsonAndCheck("POST", f"{client.root}/git/refs", input=sent))

    def find() -> bool | None:
        return True if branch in branches(client, branch.name) else None

    return send(target, client.patience, post, find)


def move(client: Client, branch: Branch) -> bool:
    """Move a branch on; False: it was not moved.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the branch {show_name(branch.name)} to be moved on", permission=_WRITE, write=True)
    path = f"{client.root}/git/refs/heads/{quote(branch.name)}"
    sent = {"sha": branch.sha, "force": False}
    return bool(seek(target, lambda: _obeyed(lambda: client.requestJsonAndCheck("PATCH", path, input=sent))))


def divergence(client: Client, base_sha: str, sha: str) -> Divergence:
    """Say how a commit has gone away from another.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    between = f"{fields.part(base_sha)}...{fields.part(sha)}"
    target = Target(what=f"what lies between {base_sha[:12]} and {sha[:12]}", permission=_READ)

    def read() -> Divergence:
        asked = {"per_page": "1", "page": "1"}  # the commits are not looked at; files stand on the first page alone
        data = fields.mapping(
            client.requestJsonAndCheck("GET", f"{client.root}/compare/{between}", parameters=asked)[1]
        )
        files = data.get("files")
        if not isinstance(files, list):
            raise OddError
        paths = [
            fields.text(fields.mapping(one).get(name))
            for one in files
            for name in _NAMES
            if fields.mapping(one).get(name)
        ]
        return Divergence(
            merge_base=fields.text(fields.mapping(data.get("merge_base_commit")).get("sha")), paths=tuple(paths)
        )

    return ask(target, read)


_NAMES = ("filename", "previous_filename")


def _obeyed(call: Callable[[], Found]) -> bool:
    """Call; False where GitHub says that things are not as they were when it was asked."""
    try:
        call()
    except GithubException as error:
        if error.status in (409, 422):
            return False
        raise
    return True


def _branch(one: Mapping[str, Any]) -> Branch:
    name = fields.text(one.get("ref")).removeprefix("refs/heads/")
    return Branch(name=name, sha=fields.text(fields.mapping(one.get("object")).get("sha")))


def _entries(data: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    listed = data.get("tree")
    if not isinstance(listed, list) or data.get("truncated"):
        raise OddError
    return {fields.text(fields.mapping(one).get("path")): {**one, "sha": fields.text(one.get("sha"))} for one in listed}
