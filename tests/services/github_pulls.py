"""Pull requests of GitHub's REST API: what they are, and their bodies. No client may enter."""

from __future__ import annotations

from dataclasses import dataclass

from tests.services.github_bodies import REPOSITORY, WHEN, Bodies, Body

_BELOW = {"commits": "commits", "review_comments": "comments", "comments": "comments", "statuses": "statuses"}


@dataclass(kw_only=True)
class PullRequest:
    """A pull request."""

    number: int
    sha: str
    branch: str = "topic"
    base: str = "main"
    repository: str | None = REPOSITORY
    """Of its head; None: it was deleted."""
    state: str = "open"
    merged: bool = False
    draft: bool = False
    locked: bool = False
    author: str | None = "ada"
    merged_at: str = WHEN
    brought: tuple[str, ...] = ()
    """Commits that it was squashed or rebased into."""

    @property
    def label(self) -> str:
        """What a head is looked for by."""
        return f"{(self.repository or 'unknown/').split('/')[0]}:{self.branch}"


def simple(pull: PullRequest, bodies: Bodies) -> Body:
    """Write it as lists hold it."""
    address, issue = f"{bodies.root}/pulls/{pull.number}", f"{bodies.root}/issues/{pull.number}"
    web = f"{bodies.web}/pull/{pull.number}"
    urls = {f"{name}_url": f"{address}/{path}" for name, path in _BELOW.items()}
    urls |= {"review_comment_url": f"{bodies.root}/pulls/comments{{/number}}", "html_url": web, "issue_url": issue}
    urls |= {"diff_url": f"{web}.diff", "patch_url": f"{web}.patch"}
    linked = ("comments", "commits", "statuses", "html", "issue", "review_comments", "review_comment")
    links = {name: {"href": urls[f"{name}_url"]} for name in linked}
    none = dict.fromkeys(("body", "closed_at", "merge_commit_sha", "milestone", "assignee", "auto_merge"))
    return {
        "url": address,
        "id": 1_000 + pull.number,
        "node_id": "PR",
        "number": pull.number,
        "title": "Train",
        **urls,
        "state": pull.state,
        "locked": pull.locked,
        "draft": pull.draft,
        "user": None if pull.author is None else bodies.user(pull.author),
        "labels": [],
        **none,
        "created_at": WHEN,
        "updated_at": WHEN,
        "merged_at": pull.merged_at if pull.merged else None,
        "assignees": [],
        "requested_reviewers": [],
        "requested_teams": [],
        "author_association": "NONE",
        "_links": {**links, "self": {"href": address}},
        "head": _side(pull, bodies),
        "base": _base(pull, bodies),
    }


def full(pull: PullRequest, bodies: Bodies) -> Body:
    """Write it as it is given by its number."""
    counts = dict.fromkeys(("additions", "changed_files", "comments", "commits", "deletions", "review_comments"), 1)
    how = {"mergeable": True, "mergeable_state": "clean", "rebaseable": True, "maintainer_can_modify": False}
    by = bodies.user("ada") if pull.merged else None
    return {**simple(pull, bodies), **counts, **how, "merged": pull.merged, "merged_by": by}


def _side(pull: PullRequest, bodies: Bodies) -> Body:
    repository = None if pull.repository is None else bodies.repository(pull.repository)
    user = bodies.user(pull.label.split(":")[0])
    return {"label": pull.label, "ref": pull.branch, "sha": pull.sha, "repo": repository, "user": user}


def _base(pull: PullRequest, bodies: Bodies) -> Body:
    owner = REPOSITORY.split("/")[0]
    named = {"label": f"{owner}:{pull.base}", "ref": pull.base, "sha": "b" * 40}
    return {**named, "repo": bodies.repository(), "user": bodies.user(owner)}
