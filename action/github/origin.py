"""Where a verdict came from: jobs of workflows, the branch that they stand on, and what they packed.

Read alone. Whether that is to be believed is decided elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from action.deadline import Deadline
from action.files import show_name
from action.github import artifact, fields
from action.github.access import Access
from action.github.asking import ask, seek
from action.github.client import Client
from action.github.failure import OddError, Target
from action.github.patience import Patience

Found = TypeVar("Found")
MOST = 200_000_000
"""Bytes of an archive with a verdict and its evidence."""
_ATTESTATIONS = 30
_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class WorkflowRun:
    """A run of a workflow, as GitHub has it."""

    number: int
    workflow: str
    """The path of its file."""
    event: str
    branch: str | None
    """That it ran on; a tag may bear the name of a branch."""
    sha: str
    """The commit whose workflow file it ran."""
    repository: str
    """That this commit lies in: another one for a fork's pull request."""
    finished: bool
    again: bool
    """Somebody has started it again, with the file that it had, or GitHub does not tell."""


class Origins:
    """What a repository tells of its workflow runs. Not to be shared between threads.

    Every call may raise ServiceError: GitHub could not be reached, refused, or was not done by the deadline.
    """

    def __init__(self, access: Access, deadline: Deadline) -> None:
        self._client = Client(access, Patience(), _SECONDS)
        self._deadline = deadline

    def default_branch(self) -> str:
        """Give the name of the default branch."""
        target = Target(what="the repository", permission="contents: read")
        return self._asked(target, lambda: fields.text(self._get("")["default_branch"]))

    def workflow_run(self, number: int) -> WorkflowRun | None:
        """Give a run of a workflow; None: there is none of that number, or none any more."""
        target = Target(what=f"the workflow run {number}", permission="actions: read")
        self._require_time()
        found = seek(target, lambda: self._get(f"/actions/runs/{number}"))
        return None if found is None else self._asked(target, lambda: _value(number, found))

    def on_branch(self, sha: str, branch: str) -> bool:
        """Tell whether a commit is on a branch: its head, or before it."""
        what = f"the commit {show_name(sha)} beside the branch {show_name(branch)}"
        target = Target(what=what, permission="contents: read")
        self._require_time()
        # A tag may bear the branch's name: its head is asked for as a branch.
        named = self._asked(target, lambda: fields.mapping(self._get(f"/branches/{fields.part(branch)}")["commit"]))
        path = f"/compare/{fields.part(sha)}...{fields.part(fields.text(named.get('sha')))}"
        found = seek(target, lambda: self._get(path))
        return found is not None and found.get("status") in ("ahead", "identical")

    def archive(self, number: int, name: str) -> bytes | None:
        """Give an artifact of a workflow run as a zip; None: there is none any more.

        Raises:
            InputError: it is too large.
        """
        self._require_time()
        return artifact.archive(self._client, number, name, MOST)

    def attestations(self, sha256: str) -> bytes | None:
        """Give the attestations of a file by its digest, as GitHub answers; None: it has none."""
        target = Target(what=f"the attestations of {sha256[:12]}", permission="attestations: read")
        self._require_time()
        found = seek(target, lambda: self._get(f"/attestations/sha256:{sha256}?per_page={_ATTESTATIONS}"))
        return json.dumps(found).encode() if found is not None and found.get("attestations") else None

    def _asked(self, target: Target, call: Callable[[], Found]) -> Found:
        self._require_time()
        return ask(target, call)

    def _require_time(self) -> None:
        if not self._deadline.left:
            raise self._deadline.missed("GitHub")

    def _get(self, path: str) -> dict[str, object]:
        found = self._client.requestJsonAndCheck("GET", self._client.root + path)[1]
        if not isinstance(found, dict):
            raise OddError
        return found


def _value(number: int, found: dict[str, object]) -> WorkflowRun:
    if found.get("id") != number:
        raise OddError
    branch = found.get("head_branch")
    home = fields.mapping(found.get("head_repository"))
    return WorkflowRun(
        number=number,
        workflow=fields.text(found.get("path")).partition("@")[0],
        event=fields.text(found.get("event")),
        branch=None if branch is None else fields.text(branch),
        sha=fields.text(found.get("head_sha")),
        repository=fields.text(home.get("full_name")),
        finished=found.get("status") == "completed",
        again=found.get("run_attempt") != 1,
    )
