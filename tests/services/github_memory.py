"""What GitHub remembers of one repository, with the limits that it puts on what it is told. No client may enter.

Limits that its description does not name are those of its error texts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.services.github_bodies import BOT, WHEN
from tests.services.github_pulls import PullRequest

_STATES = ("error", "failure", "pending", "success")
_COMPLETED = ("action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out")
_SAID = ("name", "head_sha", "details_url", "external_id", "status", "started_at", "conclusion", "completed_at")


class RefusalError(Exception):
    """GitHub does not take it: status and message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(kw_only=True)
class Memory:
    """One repository."""

    me: str = BOT
    """Who the token belongs to."""
    commits: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Commit → parents."""
    statuses: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """With their commits, in the order in which they were posted."""
    check_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, PullRequest] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    """Branch → its commit, as far as that matters."""
    reviews: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """With their pull requests, in the order in which they were given."""
    comments: dict[int, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    """Id → pull request and comment."""
    artifacts: dict[int, dict[str, Any]] = field(default_factory=dict)
    workflow_runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    attestations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """Digest → bundles."""
    branches: dict[str, str] = field(default_factory=dict)
    """Branch → its head, where commits are compared with it."""
    _last: int = 0

    def next(self) -> int:
        """Give an id that is higher than those before."""
        self._last += 1
        return self._last

    def require_commit(self, sha: object) -> str:
        """Refuse a commit that is not there."""
        if not isinstance(sha, str) or sha not in self.commits:
            raise RefusalError(422, f"No commit found for SHA: {sha}")
        return sha

    def ancestors(self, sha: str) -> list[str]:
        """Give a commit and those before it, the newest first."""
        found, left = [], [sha]
        while left:
            one = left.pop(0)
            if one in self.commits and one not in found:
                found.append(one)
                left += self.commits[one]
        return found

    def review(self, pull: int, author: str | None, state: str, sha: str | None) -> None:
        """Take a review."""
        self.reviews.append((pull, {"id": self.next(), "author": author, "state": state, "sha": sha}))

    def post_status(self, sha: str, said: Mapping[str, Any]) -> dict[str, Any]:
        """Take a status."""
        self.require_commit(sha)
        context = said.get("context", "default")
        if said.get("state") not in _STATES or len(said.get("description") or "") > 140:
            raise RefusalError(422, "Validation Failed")
        if sum(at == sha and one["context"] == context for at, one in self.statuses) >= 1_000:
            raise RefusalError(
                422, "Validation Failed: This SHA and context has reached the maximum number of statuses."
            )
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        stored = {"created_at": now, "updated_at": now, **said, "context": context, "id": self.next()}
        self.statuses.append((sha, stored))
        return stored

    def create_check_run(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Take a check run, into a suite of nobody's choosing."""
        self.require_commit(said.get("head_sha"))
        if not said.get("name"):
            raise RefusalError(422, "Invalid request. name wasn't supplied")
        made = self.next()
        new: dict[str, Any] = {"id": made, "suite": made % 3, "status": "queued", "conclusion": None}
        new |= {"started_at": WHEN, "completed_at": None, "output": {"annotations": []}}
        self.check_runs[made] = _told(new, said)
        return self.check_runs[made]

    def update_check_run(self, number: int, said: Mapping[str, Any]) -> dict[str, Any]:
        """Change a check run; annotations are added to those that it has."""
        if number not in self.check_runs:
            raise RefusalError(404, "Not Found")
        self.check_runs[number] = _told(self.check_runs[number], said)
        return self.check_runs[number]

    def create_comment(self, pull: int, body: object, author: str | None = None) -> dict[str, Any]:
        """Take a comment."""
        if pull not in self.pulls:
            raise RefusalError(404, "Not Found")
        if self.pulls[pull].locked:
            raise RefusalError(403, "Unable to create comment because issue is locked.")
        number = self.next()
        made = {"id": number, "body": _comment(body), "author": author or self.me}
        self.comments[number] = (pull, made)
        return made

    def update_comment(self, number: int, body: object) -> tuple[int, dict[str, Any]]:
        """Change a comment."""
        if number not in self.comments:
            raise RefusalError(404, "Not Found")
        self.comments[number][1]["body"] = _comment(body)
        return self.comments[number]

    def delete_comment(self, number: int) -> None:
        """Delete a comment."""
        if self.comments.pop(number, None) is None:
            raise RefusalError(404, "Not Found")


def _comment(body: object) -> str:
    if not isinstance(body, str) or not body:
        raise RefusalError(422, "Validation Failed")
    if len(body) > 65_536:
        raise RefusalError(422, "Body is too long (maximum is 65536 characters)")
    return body


def _told(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a check run is after it was told this."""
    if said.get("status") == "completed" and "conclusion" not in said:
        raise RefusalError(422, 'Invalid request. For "status": "completed", "conclusion" is required')
    if said.get("conclusion", "success") not in _COMPLETED:
        raise RefusalError(422, "Invalid request.")
    after = {**before, **{name: said[name] for name in _SAID if name in said}}
    if "conclusion" in said:
        after |= {"status": "completed", "completed_at": said.get("completed_at", WHEN)}
    elif "status" in said:
        after |= {"conclusion": None, "completed_at": None}
    output = said.get("output")
    if output is not None:
        after["output"] = _output(before["output"], output)
    return after


def _output(before: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    if not said.get("title") or not isinstance(said.get("summary"), str):
        raise RefusalError(422, "Invalid request. title and summary are required")
    annotations = said.get("annotations", [])
    if len(annotations) > 50:
        raise RefusalError(422, "No more than 50 items are allowed in annotations")
    if max(len(said["summary"]), len(said.get("text") or "")) > 65_535:
        raise RefusalError(422, "Only 65535 characters are allowed")
    if any(len(one.get("title") or "") > 255 or len(one["message"].encode()) > 64_000 for one in annotations):
        raise RefusalError(422, "Invalid request.")
    texts = {name: said.get(name) for name in ("title", "summary", "text")}
    return {**texts, "annotations": [*before["annotations"], *annotations]}
