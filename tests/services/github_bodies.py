"""Bodies of GitHub's REST API, as full as its own description of them asks for.

They say nothing of what GitHub does. No client may enter.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any, TypeAlias

Body: TypeAlias = dict[str, Any]

REPOSITORY = "team/league"
BOT = "github-actions[bot]"
WEB = "https://github.com"
WHEN = "2026-01-02T03:04:05Z"
_USER_URLS = (
    "avatar", "events", "followers", "following", "gists", "html", "organizations", "received_events", "repos",
    "starred", "subscriptions",
)  # fmt: skip
_REPOSITORY_URLS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
)  # fmt: skip


class Bodies:
    """Writes bodies whose addresses begin as the server's do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.root = f"{url}/repos/{REPOSITORY}"
        self.web = f"{WEB}/{REPOSITORY}"

    def user(self, login: str) -> Body:
        """Somebody, or an app."""
        address = f"{self.url}/users/{login}"
        urls = {f"{name}_url": f"{address}/{name}" for name in _USER_URLS}
        kind = "Bot" if login.endswith("[bot]") else "User"
        return {
            "login": login,
            "id": number(login),
            "node_id": "U",
            "gravatar_id": "",
            "url": address,
            **urls,
            "type": kind,
            "site_admin": False,
        }

    def me(self, login: str) -> Body:
        """Somebody, to themselves."""
        none = dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name"))
        counts = dict.fromkeys(
            ("followers", "following", "public_gists", "public_repos", "collaborators", "disk_usage", "private_gists"),
            0,
        )
        private = {"owned_private_repos": 0, "total_private_repos": 0, "two_factor_authentication": True}
        dates = {"created_at": WHEN, "updated_at": WHEN}
        return {**self.user(login), **none, **counts, **private, **dates}

    def repository(self, name: str = REPOSITORY) -> Body:
        """A repository, as others hold it."""
        owner, short = name.split("/")
        address = f"{self.url}/repos/{name}"
        urls = {f"{one}_url": f"{address}/{one}" for one in _REPOSITORY_URLS}
        has = {f"has_{one}": True for one in ("downloads", "issues", "projects", "wiki", "pages")}
        counts = dict.fromkeys(("forks", "forks_count", "open_issues", "open_issues_count", "size"), 0)
        more = dict.fromkeys(("stargazers_count", "watchers", "watchers_count"), 0)
        none = dict.fromkeys(("description", "homepage", "language", "mirror_url", "license"))
        no = dict.fromkeys(("archived", "disabled", "private"), False)
        git = f"git@github.com:{name}.git"
        return {
            "id": number(name),
            "node_id": "R",
            "name": short,
            "full_name": name,
            "owner": self.user(owner),
            "fork": name != REPOSITORY,
            "url": address,
            "html_url": f"{WEB}/{name}",
            "default_branch": "main",
            "git_url": f"git://github.com/{name}.git",
            "ssh_url": git,
            "clone_url": f"{WEB}/{name}.git",
            "svn_url": f"{WEB}/{name}",
            **urls,
            **has,
            **counts,
            **more,
            **none,
            **no,
            "pushed_at": WHEN,
            "created_at": WHEN,
            "updated_at": WHEN,
        }

    def full_repository(self) -> Body:
        """The repository, asked for by its name."""
        return {**self.repository(), "has_discussions": False, "network_count": 0, "subscribers_count": 0}

    def content(self, path: str, content: bytes) -> Body:
        """Give a file; beyond 1 MB GitHub leaves the content out."""
        address, sha = f"{self.root}/contents/{path}", hashlib.sha1(content, usedforsecurity=False).hexdigest()
        links = {"git": f"{self.root}/git/blobs/{sha}", "html": f"{self.web}/blob/main/{path}", "self": address}
        small = len(content) <= 1_000_000
        return {
            "type": "file",
            "encoding": "base64" if small else "none",
            "size": len(content),
            "path": path,
            "name": path.rsplit("/", 1)[-1],
            "content": base64.encodebytes(content).decode() if small else "",
            "sha": sha,
            "url": address,
            "git_url": links["git"],
            "html_url": links["html"],
            "_links": links,
            "download_url": f"{self.web}/raw/{path}",
        }

    def directory(self, path: str) -> list[Body]:
        """Give a folder with one file."""
        inner = self.content(f"{path}/file", b"")
        return [{name: value for name, value in inner.items() if name not in ("content", "encoding")}]

    def status(self, sha: str, stored: Mapping[str, Any], author: str) -> Body:
        """A commit status."""
        user = self.user(author)
        return {
            "url": f"{self.root}/statuses/{sha}",
            "avatar_url": user["avatar_url"],
            "node_id": "S",
            "description": None,
            "target_url": None,
            "created_at": WHEN,
            "updated_at": WHEN,
            **{name: value for name, value in stored.items() if name != "author"},
            "creator": user,
        }

    def check_run(self, stored: Mapping[str, Any]) -> Body:
        """A check run; its annotations are counted."""
        address = f"{self.root}/check-runs/{stored['id']}"
        said = stored["output"]
        output = {name: said.get(name) for name in ("title", "summary", "text")}
        output |= {"annotations_count": len(said["annotations"]), "annotations_url": f"{address}/annotations"}
        kept = {name: value for name, value in stored.items() if name not in ("output", "suite")}
        web = f"{self.web}/runs/{stored['id']}"
        return {
            "node_id": "CR",
            "url": address,
            "html_url": web,
            "details_url": web,
            "external_id": "",
            **kept,
            "output": output,
            "check_suite": {"id": stored["suite"]},
            "app": self.app(),
            "pull_requests": [],
        }

    def annotation(self, stored: Mapping[str, Any]) -> Body:
        """An annotation of a check run."""
        none = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
        return {**none, **stored, "blob_href": f"{self.root}/git/blobs/x"}

    def app(self) -> Body:
        """The app whose token a job has."""
        return {
            "id": 15368,
            "slug": "github-actions",
            "node_id": "A",
            "owner": self.user("github"),
            "events": [],
            "name": "GitHub Actions",
            "description": None,
            "external_url": f"{WEB}/features",
            "html_url": WEB,
            "created_at": WHEN,
            "updated_at": WHEN,
            "permissions": {"checks": "write"},
        }

    def comment(self, pull: int, stored: Mapping[str, Any]) -> Body:
        """A comment."""
        address = f"{self.root}/issues/comments/{stored['id']}"
        web = f"{self.web}/pull/{pull}#issuecomment-{stored['id']}"
        author = stored["author"]
        return {
            "id": stored["id"],
            "node_id": "IC",
            "url": address,
            "html_url": web,
            "body": stored["body"],
            "user": None if author is None else self.user(author),
            "created_at": WHEN,
            "updated_at": WHEN,
            "issue_url": f"{self.root}/issues/{pull}",
            "author_association": "NONE",
            "performed_via_github_app": None,
        }

    def review(self, pull: int, stored: Mapping[str, Any]) -> Body:
        """A review; one that is not sent yet has no time."""
        web, address = f"{self.web}/pull/{pull}#pullrequestreview-{stored['id']}", f"{self.root}/pulls/{pull}"
        author = stored["author"]
        sent = {} if stored["state"] == "PENDING" else {"submitted_at": WHEN}
        return {
            "id": stored["id"],
            "node_id": "PRR",
            "user": None if author is None else self.user(author),
            "body": "",
            "state": stored["state"],
            "html_url": web,
            "pull_request_url": address,
            "_links": {"html": {"href": web}, "pull_request": {"href": address}},
            **sent,
            "commit_id": stored["sha"],
            "author_association": "MEMBER",
        }

    def commit(self, sha: str, parents: tuple[str, ...]) -> Body:
        """A commit."""
        address = f"{self.root}/commits/{sha}"
        person = {"name": "Ada", "email": "ada@example.com", "date": WHEN}
        tree = {"sha": sha, "url": f"{self.root}/git/trees/{sha}"}
        inner = {"url": f"{self.root}/git/commits/{sha}", "author": person, "committer": person, "message": "Train"}
        return {
            "url": address,
            "sha": sha,
            "node_id": "C",
            "html_url": f"{self.web}/commit/{sha}",
            "comments_url": f"{address}/comments",
            "commit": {**inner, "comment_count": 0, "tree": tree},
            "author": self.user("ada"),
            "committer": self.user("ada"),
            "parents": [{"sha": one, "url": f"{self.root}/commits/{one}"} for one in parents],
        }

    def branch(self, name: str, sha: str) -> Body:
        """Give a branch."""
        address = f"{self.root}/branches/{name}"
        return {
            "name": name,
            "commit": self.commit(sha, ()),
            "_links": {"self": address, "html": f"{self.web}/tree/{name}"},
            "protected": True,
            "protection": {"enabled": True},
            "protection_url": f"{address}/protection",
        }

    def workflow_run(self, stored: Mapping[str, Any]) -> Body:
        """Give a run of a workflow."""
        address = f"{self.root}/actions/runs/{stored['id']}"
        person = {"name": "Ada", "email": "ada@example.com"}
        urls = ("jobs", "logs", "check_suite", "cancel", "rerun", "artifacts", "workflow")
        return {
            "id": stored["id"],
            "node_id": "WFR",
            "run_number": 1,
            "run_attempt": stored["run_attempt"],
            "display_title": "Judge",
            "head_branch": stored["head_branch"],
            "event": stored["event"],
            "status": stored["status"],
            "conclusion": "success",
            "head_sha": stored["head_sha"],
            "path": stored["path"],
            "workflow_id": 1,
            "url": address,
            "html_url": f"{self.web}/actions/runs/{stored['id']}",
            "created_at": WHEN,
            "updated_at": WHEN,
            "head_commit": {
                "id": stored["head_sha"],
                "tree_id": stored["head_sha"],
                "message": "Train",
                "timestamp": WHEN,
                "author": person,
                "committer": person,
            },
            "head_repository": self.repository(stored["head_repository"]),
            "repository": self.repository(),
            **{f"{name}_url": f"{address}/{name}" for name in urls},
            "pull_requests": [],
        }

    def artifact(self, stored: Mapping[str, Any]) -> Body:
        """Give an artifact of a workflow run."""
        address = f"{self.root}/actions/artifacts/{stored['id']}"
        return {
            "id": stored["id"],
            "node_id": "AR",
            "name": stored["name"],
            "size_in_bytes": len(stored["content"]),
            "url": address,
            "archive_download_url": f"{address}/zip",
            "expired": stored["expired"],
            "created_at": WHEN,
            "expires_at": WHEN,
            "updated_at": WHEN,
        }


def number(name: str) -> int:
    """Give a name the same id each time."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:6], 16)
