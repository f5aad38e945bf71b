"""Which request GitHub answers how: paths, permissions and pages. No client may enter."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote, urlencode

from tests.history import versions
from tests.services.github_bodies import REPOSITORY, Bodies
from tests.services.github_memory import Memory, RefusalError
from tests.services.github_pulls import full, simple
from tests.services.loopback import Request

Files: TypeAlias = dict[tuple[str, str], str | None]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer."""

    status: int = 200
    body: object = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request, and all that it is answered from."""

    request: Request
    memory: Memory
    bodies: Bodies
    files: Files
    storage: str
    """Where archives lie."""
    path: tuple[str, ...]
    """What the path holds in its places."""

    def one(self, name: str) -> str | None:
        """Give a parameter of the query."""
        found = self.request.query.get(name)
        return found[0] if found else None

    def page(self, rows: Sequence[object], within: str | None = None) -> Answer:
        """Answer with one page of a list, and say where the next is."""
        size, at = min(int(self.one("per_page") or 30), 100), int(self.one("page") or 1)
        shown, last = list(rows[(at - 1) * size : at * size]), -(-len(rows) // size)
        headers = {}
        if at < last:
            kept = {name: values[0] for name, values in self.request.query.items()}
            links = [(page, {**kept, "page": page}) for page in (at + 1, last)]
            server = re.sub(r"(?<=\d)/.*", "", self.bodies.url)
            urls = [f"<{server}{self.request.path}?{urlencode(query)}>" for _, query in links]
            headers["Link"] = f'{urls[0]}; rel="next", {urls[1]}; rel="last"'
        return Answer(body=shown if within is None else {"total_count": len(rows), within: shown}, headers=headers)


Handler: TypeAlias = Callable[[Asked], Answer]


def _content(asked: Asked) -> Answer:
    branch, path = (asked.one("ref") or "main").removeprefix("refs/heads/"), unquote(asked.path[0])
    if branch in asked.memory.commits and (branch, path) not in asked.files:
        branch = "main"  # a commit that is said nothing of changes nothing
    text = asked.files.get((branch, path))
    if text is not None:
        return Answer(body=asked.bodies.content(path, text.encode("utf-8", "surrogateescape")))
    if any(at == branch and one.startswith(f"{path}/") for at, one in asked.files):
        return Answer(body=asked.bodies.directory(path))
    raise RefusalError(404, "Not Found")


def _statuses(asked: Asked) -> Answer:
    sha = asked.memory.require_commit(asked.path[0])
    stored = [one for at, one in reversed(asked.memory.statuses) if at == sha]
    return asked.page([asked.bodies.status(sha, one, one.get("author", asked.memory.me)) for one in stored])


def _post_status(asked: Asked) -> Answer:
    sha = asked.path[0]
    stored = asked.memory.post_status(sha, asked.request.json)
    return Answer(status=201, body=asked.bodies.status(sha, stored, asked.memory.me))


def _check_runs(asked: Asked) -> Answer:
    sha, name = asked.memory.require_commit(asked.path[0]), asked.one("check_name")
    stored = [one for one in asked.memory.check_runs.values() if one["head_sha"] == sha and name in (None, one["name"])]
    if asked.one("filter") != "all":  # the latest of each suite alone
        stored = list({one["suite"]: one for one in stored}.values())
    return asked.page([asked.bodies.check_run(one) for one in stored], "check_runs")


def _create_check_run(asked: Asked) -> Answer:
    return Answer(status=201, body=asked.bodies.check_run(asked.memory.create_check_run(asked.request.json)))


def _update_check_run(asked: Asked) -> Answer:
    stored = asked.memory.update_check_run(int(asked.path[0]), asked.request.json)
    return Answer(body=asked.bodies.check_run(stored))


def _annotations(asked: Asked) -> Answer:
    stored = asked.memory.check_runs.get(int(asked.path[0]))
    if stored is None:
        raise RefusalError(404, "Not Found")
    return asked.page([asked.bodies.annotation(one) for one in stored["output"]["annotations"]])


def _pulls(asked: Asked) -> Answer:
    state, head = asked.one("state") or "open", asked.one("head")
    found = [one for one in asked.memory.pulls.values() if state in ("all", one.state) and head in (None, one.label)]
    return asked.page([simple(one, asked.bodies) for one in found])


def _pull(asked: Asked) -> Answer:
    found = asked.memory.pulls.get(int(asked.path[0]))
    if found is None:
        raise RefusalError(404, "Not Found")
    return Answer(body=full(found, asked.bodies))


def _pulls_of_commit(asked: Asked) -> Answer:
    sha = asked.memory.require_commit(asked.path[0])
    found = [one for one in asked.memory.pulls.values() if sha in (*asked.memory.ancestors(one.sha), *one.brought)]
    return asked.page([simple(one, asked.bodies) for one in found])


def _reviews(asked: Asked) -> Answer:
    pull = int(asked.path[0])
    if pull not in asked.memory.pulls:
        raise RefusalError(404, "Not Found")
    return asked.page([asked.bodies.review(pull, one) for at, one in asked.memory.reviews if at == pull])


def _commits(asked: Asked) -> Answer:
    """Answer with the commits of a branch, or those of them that changed a file."""
    memory, path, start = asked.memory, asked.one("path"), asked.one("sha") or "main"
    start = memory.heads.get(start, start)
    if start not in memory.commits:
        raise RefusalError(404, "Not Found")
    if path is None:
        found = memory.ancestors(start)
    else:
        found = versions(memory.commits, lambda sha: asked.files.get((sha, path)), start)
    return asked.page([asked.bodies.commit(sha, memory.commits[sha]) for sha in found])


def _compare(asked: Asked) -> Answer:
    base, head = (asked.memory.branches.get(one, one) for one in asked.path)
    if {base, head} - set(asked.memory.commits):
        raise RefusalError(404, "Not Found")
    before, ahead = asked.memory.ancestors(base), asked.memory.ancestors(head)
    between = [one for one in reversed(asked.memory.ancestors(head)) if one not in before]
    bodies = {sha: asked.bodies.commit(sha, asked.memory.commits[sha]) for sha in (base, *between)}
    page = asked.page([bodies[one] for one in between], "commits")
    assert isinstance(page.body, dict)
    address = f"{asked.bodies.web}/compare/{base}...{head}"
    urls: dict[str, Any] = {"html_url": address, "permalink_url": address, "diff_url": f"{address}.diff"}
    about = {**urls, "patch_url": f"{address}.patch", "url": f"{asked.bodies.root}/compare/{base}...{head}"}
    behind = [one for one in before if one not in ahead]
    status = {(False, False): "identical", (True, False): "ahead", (False, True): "behind"}
    about["status"] = status.get((bool(between), bool(behind)), "diverged")
    about |= {"base_commit": bodies[base], "merge_base_commit": bodies[base], "behind_by": len(behind)}
    about |= {"ahead_by": len(between), "total_commits": len(between), "files": [], "commits": page.body["commits"]}
    return Answer(body=about, headers=page.headers)


def _comments(asked: Asked) -> Answer:
    pull = int(asked.path[0])
    if pull not in asked.memory.pulls:
        raise RefusalError(404, "Not Found")
    return asked.page([asked.bodies.comment(pull, one) for at, one in asked.memory.comments.values() if at == pull])


def _create_comment(asked: Asked) -> Answer:
    pull = int(asked.path[0])
    made = asked.memory.create_comment(pull, asked.request.json.get("body"))
    return Answer(status=201, body=asked.bodies.comment(pull, made))


def _update_comment(asked: Asked) -> Answer:
    return Answer(
        body=asked.bodies.comment(*asked.memory.update_comment(int(asked.path[0]), asked.request.json.get("body")))
    )


def _delete_comment(asked: Asked) -> Answer:
    asked.memory.delete_comment(int(asked.path[0]))
    return Answer(status=204)


def _workflow_run(asked: Asked) -> Answer:
    found = asked.memory.workflow_runs.get(int(asked.path[0]))
    if found is None:
        raise RefusalError(404, "Not Found")
    return Answer(body=asked.bodies.workflow_run(found))


def _artifacts(asked: Asked) -> Answer:
    run, name = int(asked.path[0]), asked.one("name")
    found = [one for one in asked.memory.artifacts.values() if one["run"] == run and name in (None, one["name"])]
    return asked.page([asked.bodies.artifact(one) for one in reversed(found)], "artifacts")


def _archive(asked: Asked) -> Answer:
    found = asked.memory.artifacts.get(int(asked.path[0]))
    if found is None:
        raise RefusalError(404, "Not Found")
    if found["expired"]:
        raise RefusalError(410, "Artifact has expired")
    return Answer(status=302, headers={"Location": f"{asked.storage}/{found['id']}"})


def _branch(asked: Asked) -> Answer:
    name = unquote(asked.path[0])
    if name not in asked.memory.branches:
        raise RefusalError(404, "Branch not found")
    return Answer(body=asked.bodies.branch(name, asked.memory.branches[name]))


def _attestations(asked: Asked) -> Answer:
    found = asked.memory.attestations.get(asked.path[0], [])
    return Answer(body={"attestations": [{"bundle": one, "repository_id": 1} for one in found]})


def _user(asked: Asked) -> Answer:
    if asked.memory.me.endswith("[bot]"):
        raise RefusalError(403, "Resource not accessible by integration")
    return Answer(body=asked.bodies.me(asked.memory.me))


_SHA, _NUMBER = r"([0-9a-zA-Z]+)", r"(\d+)"
_ROUTES: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", "", "metadata: read", lambda asked: Answer(body=asked.bodies.full_repository())),
    ("GET", "/contents/(.+)", "contents: read", _content),
    ("GET", "/branches/([^/]+)", "contents: read", _branch),
    ("GET", f"/commits/{_SHA}/statuses", "statuses: read", _statuses),
    ("POST", f"/statuses/{_SHA}", "statuses: write", _post_status),
    ("GET", f"/commits/{_SHA}/check-runs", "checks: read", _check_runs),
    ("POST", "/check-runs", "checks: write", _create_check_run),
    ("PATCH", f"/check-runs/{_NUMBER}", "checks: write", _update_check_run),
    ("GET", f"/check-runs/{_NUMBER}/annotations", "checks: read", _annotations),
    ("GET", "/pulls", "pull-requests: read", _pulls),
    ("GET", f"/pulls/{_NUMBER}", "pull-requests: read", _pull),
    ("GET", f"/commits/{_SHA}/pulls", "pull-requests: read", _pulls_of_commit),
    ("GET", "/commits", "contents: read", _commits),
    ("GET", f"/pulls/{_NUMBER}/reviews", "pull-requests: read", _reviews),
    ("GET", rf"/compare/{_SHA}\.\.\.{_SHA}", "contents: read", _compare),
    ("GET", f"/issues/{_NUMBER}/comments", "pull-requests: read", _comments),
    ("POST", f"/issues/{_NUMBER}/comments", "pull-requests: write", _create_comment),
    ("PATCH", f"/issues/comments/{_NUMBER}", "pull-requests: write", _update_comment),
    ("DELETE", f"/issues/comments/{_NUMBER}", "pull-requests: write", _delete_comment),
    ("GET", f"/actions/runs/{_NUMBER}", "actions: read", _workflow_run),
    ("GET", f"/actions/runs/{_NUMBER}/artifacts", "actions: read", _artifacts),
    ("GET", "/attestations/(sha256:[0-9a-f]+)", "attestations: read", _attestations),
    ("GET", f"/actions/artifacts/{_NUMBER}/zip", "actions: read", _archive),
)


def route(method: str, path: str) -> tuple[str, Handler, tuple[str, ...]] | None:
    """Give what answers a request, with the permission that it needs; None: GitHub has no such page."""
    if (method, path) == ("GET", "/user"):
        return "profile: read", _user, ()
    for verb, pattern, permission, handler in _ROUTES:
        found = re.fullmatch(f"/repos/{REPOSITORY}{pattern}", path)
        if found and verb == method:
            return permission, handler, tuple(found.groups())
    return None


def recall(request: Request, memory: Memory, url: str) -> Answer:
    """Answer from a memory alone, as the server at an address."""
    found = route(request.method, request.path)
    if found is None:
        raise RefusalError(404, "Not Found")
    _, handler, places = found
    return handler(Asked(request=request, memory=memory, bodies=Bodies(url), files={}, storage="", path=places))


def message(text: str) -> dict[str, Any]:
    """Write the body of a refusal."""
    return {"message": text, "documentation_url": "https://docs.github.com/rest"}
