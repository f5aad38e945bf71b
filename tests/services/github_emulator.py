"""GitHub as others emulate it (npm `emulate`), behind our proxy: real branches, commits, pull requests, comments.

The emulator has no commit statuses, takes what is too long or belongs to no commit, forgets older
annotations, and leaves a few fields out. All that is added here, and nothing else: what it has, it answers itself.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeAlias

from tests.node.npm import node
from tests.services.github_bodies import BOT, REPOSITORY, Bodies
from tests.services.github_memory import Memory
from tests.services.github_proxy import Process, Proxy, Upstream, free_port
from tests.services.github_pulls import PullRequest
from tests.services.github_routes import Answer, message, recall
from tests.services.loopback import Request

Body: TypeAlias = dict[str, Any]
Handler: TypeAlias = Callable[["Emulator", Request, str], Answer]

_PROGRAM = Path(sys.prefix) / "node/node_modules/emulate/dist/index.js"
_OWNER, _JOB, _REVIEWER = "ghp_owner", "ghs_job", "ghp_reviewer"
REVIEWER = "alice"
_ROOT = f"/repos/{REPOSITORY}"
_OF_ONE = (
    "additions", "changed_files", "comments", "commits", "deletions", "maintainer_can_modify", "mergeable",
    "mergeable_state", "merged", "merged_by", "rebaseable", "review_comments",
)  # fmt: skip
"""Fields of a pull request that lists of them lack."""


class Emulator:
    """One repository with the branches `master` (the default) and `main`, while it is used as a context."""

    def __init__(self, folder: Path, path: str, policy: str) -> None:
        self.memory = Memory()
        """What the emulator lacks: statuses."""
        self.proxy = Proxy(self._serve)
        self.alone = threading.Lock()
        """What has to be done by one at a time."""
        self._annotations: dict[int, list[Body]] = {}
        self._folder, self._policy = folder, (path, policy)
        self._port = free_port()
        url = f"http://127.0.0.1:{self._port}"
        self._job, self._owner = Upstream(url=url, token=_JOB), Upstream(url=url, token=_OWNER)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        owner, name = REPOSITORY.split("/")
        seed = {
            "tokens": {
                token: {"login": login, "scopes": ["repo"]}
                for token, login in ((_OWNER, owner), (_JOB, BOT), (_REVIEWER, REVIEWER))
            },
            "github": {
                "users": [{"login": owner}, {"login": BOT}, {"login": REVIEWER}],
                "repos": [{"owner": owner, "name": name, "default_branch": "master"}],
            },
        }
        (self._folder / "seed.yaml").write_text(json.dumps(seed))
        where = ("--port", str(self._port), "--host", "127.0.0.1", "--base-url", self.proxy.url)
        words = (node(), _PROGRAM, "start", "--service", "github", *where, "--seed", "seed.yaml")
        ready = Process(words, self._folder, lambda: self._owner.ask("GET", _ROOT).status == 200)
        self._stack.enter_context(ready)
        self._stack.enter_context(self.proxy)
        for login in (BOT, REVIEWER):
            self._owner.give("PUT", f"{_ROOT}/collaborators/{login}", {"permission": "push"})
        self.commit("master", self._policy[0], self._policy[1])
        self.branch("main", "master")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def head(self, branch: str) -> str:
        """Give the commit of a branch."""
        found: str = self._owner.give("GET", f"{_ROOT}/git/ref/heads/{branch}")["object"]["sha"]
        return found

    def branch(self, name: str, base: str) -> None:
        """Make a branch."""
        self._owner.give("POST", f"{_ROOT}/git/refs", {"ref": f"refs/heads/{name}", "sha": self.head(base)})

    def commit(self, branch: str, path: str, text: str) -> str:
        """Commit a file to a branch, in the place of one that may be there."""
        return self.commit_bytes(branch, path, text.encode("utf-8", "surrogateescape"))

    def commit_bytes(self, branch: str, path: str, data: bytes) -> str:
        """Commit a file of any bytes."""
        content = base64.b64encode(data).decode()
        there = self._owner.ask("GET", f"{_ROOT}/contents/{path}", query={"ref": [branch]}).body
        sent = {"message": "Train", "content": content, "branch": branch}
        if isinstance(there, dict) and "sha" in there:
            sent["sha"] = there["sha"]
        found: str = self._owner.give("PUT", f"{_ROOT}/contents/{path}", sent)["commit"]["sha"]
        return found

    def merge(self, base: str, head: str) -> str:
        """Make a merge commit that no branch has yet, as a merge queue does."""
        tree = self._owner.give("GET", f"{_ROOT}/git/commits/{head}")["tree"]["sha"]
        sent = {"message": "Merge", "tree": tree, "parents": [base, head]}
        found: str = self._owner.give("POST", f"{_ROOT}/git/commits", sent)["sha"]
        return found

    def pull(self, branch: str, base: str, policy: str | None = None) -> str:
        """Open a pull request with one commit, to the policy or to a file of its own; its head."""
        self.branch(branch, base)
        sha = self.commit(branch, *((self._policy[0], policy) if policy else (f"{branch}.txt", branch)))
        self._owner.give("POST", f"{_ROOT}/pulls", {"title": "Train", "head": branch, "base": base})
        return sha

    def text(self, branch: str, path: str) -> str | None:
        """Give a file of a branch, with the line ends that it has."""
        entry = self._entry(branch, path)
        if entry is None:
            return None
        blob = self._owner.give("GET", f"{_ROOT}/git/blobs/{entry['sha']}")
        return base64.b64decode(blob["content"]).decode("utf-8", "surrogateescape")

    def _entry(self, branch: str, path: str) -> Body | None:
        tree = self._owner.give("GET", f"{_ROOT}/git/trees/{self.head(branch)}?recursive=1")["tree"]
        return next((one for one in tree if one["path"] == path), None)

    def link(self, branch: str, path: str, target: str) -> None:
        """Commit a symbolic link to a branch."""
        head = self.head(branch)
        tree = self._owner.give("GET", f"{_ROOT}/git/commits/{head}")["tree"]["sha"]
        entry = {"path": path, "mode": "120000", "type": "blob", "content": target}
        made = self._owner.give("POST", f"{_ROOT}/git/trees", {"base_tree": tree, "tree": [entry]})["sha"]
        sent = {"message": "Link", "tree": made, "parents": [head]}
        sha = self._owner.give("POST", f"{_ROOT}/git/commits", sent)["sha"]
        self._owner.give("PATCH", f"{_ROOT}/git/refs/heads/{branch}", {"sha": sha})

    def history(self, branch: str) -> list[str]:
        """Give the commits of a branch, the newest first."""
        listed = self._owner.give("GET", f"{_ROOT}/commits?sha={self.head(branch)}&per_page=100")
        return [one["sha"] for one in listed]

    def force(self, branch: str, sha: str) -> None:
        """Set a branch back, as people may."""
        self._owner.give("PATCH", f"{_ROOT}/git/refs/heads/{branch}", {"sha": sha, "force": True})

    def delete(self, branch: str) -> None:
        """Delete a branch."""
        self._owner.ask("DELETE", f"{_ROOT}/git/refs/heads/{branch}")

    def protect(self, branch: str) -> None:
        """Let a branch be changed by pull requests alone."""
        rules = {
            "required_status_checks": None,
            "enforce_admins": True,
            "required_pull_request_reviews": {"required_approving_review_count": 1},
            "restrictions": None,
        }
        self._owner.give("PUT", f"{_ROOT}/branches/{branch}/protection", rules)

    def proposals(self, base: str, state: str = "all") -> list[Body]:
        """Give the pull requests into a branch, the oldest first."""
        found: list[Body] = self._owner.give("GET", f"{_ROOT}/pulls?state={state}&base={base}&per_page=100")
        return sorted(found, key=lambda one: one["number"])

    def change(self, number: int, **said: str) -> None:
        """Change a pull request, as people do: `state`, `title`, `body`, `base`."""
        self._owner.give("PATCH", f"{_ROOT}/pulls/{number}", said)

    def accept(self, number: int, method: str = "merge") -> None:
        """Merge a pull request, leaving its branch."""
        self._owner.give("PUT", f"{_ROOT}/pulls/{number}/merge", {"merge_method": method})

    def review(self, number: int, event: str = "APPROVE", sha: str | None = None) -> None:
        """Review a pull request as somebody else than its author: its head, or an earlier commit."""
        said = {"event": event, "body": "Well."} | ({} if sha is None else {"commit_id": sha})
        Upstream(url=self._owner.url, token=_REVIEWER).give("POST", f"{_ROOT}/pulls/{number}/reviews", said)

    def check_runs(self, sha: str) -> list[Body]:
        """Give the check runs of a commit, also those that a later one of the same name hides."""
        found: list[Body] = self._owner.give("GET", f"{_ROOT}/commits/{sha}/check-runs?filter=all")["check_runs"]
        return found

    def comments(self, number: int) -> list[str]:
        """Give what is said in a pull request."""
        return [one["body"] for one in self._owner.give("GET", f"{_ROOT}/issues/{number}/comments")]

    def _serve(self, request: Request) -> Answer:
        path = request.path.removeprefix(_ROOT)
        for method, pattern, handler in _OURS:
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return handler(self, request, *found.groups())
        return self.passed(request)

    def passed(self, request: Request, sent: object = None) -> Answer:
        """Let the emulator answer, and complete what it says."""
        body = sent if sent is not None else request.json if request.body else None
        answer = self._job.ask(request.method, request.path, body, request.query)
        whole = self._whole(answer.body)
        if isinstance(whole, dict) and request.path == _ROOT:
            whole = {"network_count": 0, "subscribers_count": 0, **whole}
        return Answer(status=answer.status, body=whole, headers=answer.headers)

    def _whole(self, body: Any) -> Any:
        if isinstance(body, list):
            listed = [self._whole(one) for one in body]
            return [_listed(one) if "merged_at" in one else one for one in listed if isinstance(one, dict)] or listed
        if not isinstance(body, dict):
            return body
        whole = {name: self._whole(value) for name, value in body.items()}
        if str(whole.get("login", "")).endswith("[bot]"):
            whole["type"] = "Bot"
        if "color" in whole and "description" in whole:  # a label
            whole["description"] = whole["description"] or ""
        if "pull_request_url" in whole and "commit_id" in whole:  # a review
            whole = {name: value for name, value in whole.items() if name not in ("created_at", "updated_at")}
        if "check_suite" in whole and "output" in whole:
            number = whole["id"]
            output = {"annotations_url": f"{whole['url']}/annotations"}
            output["annotations_count"] = len(self._annotations.get(number, ()))  # type: ignore[assignment]
            whole |= {"output": {**whole["output"], **output}, "check_suite": {"id": whole["check_suite"]["id"]}}
        return whole

    def post(self, sha: str, said: Body) -> None:
        """Post a status to a commit."""
        self.know(sha)
        self.memory.post_status(sha, said)

    def states(self, sha: str) -> list[str]:
        """Give what the statuses of a commit said, one after the other."""
        return [said["state"] for at, said in self.memory.statuses if at == sha]

    def know(self, sha: object) -> None:
        """Remember a commit that the emulator has."""
        if isinstance(sha, str) and self._job.ask("GET", f"{_ROOT}/commits/{sha}").status == 200:
            self.memory.commits[sha] = ()
        self.memory.require_commit(sha)

    def remembered(self, request: Request) -> Answer:
        """Answer from our own memory."""
        return recall(request, self.memory, self.proxy.url)

    def pulls_of(self, sha: str) -> list[Body]:
        """Give the pull requests that a commit is in."""
        pulls = self._job.give("GET", f"{_ROOT}/pulls?state=all&per_page=100")
        return [self._whole([one])[0] for one in pulls if sha in self._commits(one)]

    def _commits(self, pull: Body) -> set[str]:
        compared = self._job.give("GET", f"{_ROOT}/compare/{pull['base']['sha']}...{pull['head']['sha']}")
        return {pull["head"]["sha"], pull["merge_commit_sha"], *(one["sha"] for one in compared["commits"])}

    def annotate(self, number: int, said: Body) -> None:
        """Keep annotations, which GitHub adds to those that a check run has."""
        self._annotations.setdefault(number, []).extend((said.get("output") or {}).get("annotations") or [])

    def annotations(self, number: int) -> list[Body]:
        """Give the annotations of a check run."""
        return [Bodies(self.proxy.url).annotation(one) for one in self._annotations.get(number, ())]


def _listed(pull: Body) -> Body:
    return {name: value for name, value in pull.items() if name not in _OF_ONE}


def _status(emulator: Emulator, request: Request, sha: str) -> Answer:
    emulator.know(sha)
    return emulator.remembered(request)


def _of_commit(emulator: Emulator, request: Request, sha: str) -> Answer:
    emulator.know(sha)
    return Answer(body=emulator.pulls_of(sha))


def _create_check_run(emulator: Emulator, request: Request) -> Answer:
    said = request.json
    emulator.know(said.get("head_sha"))
    _scratch().create_check_run({**said, "head_sha": "x"})  # the limits
    answer = emulator.passed(request)
    if isinstance(answer.body, dict) and answer.status == 201:
        emulator.annotate(answer.body["id"], said)
    return answer


def _update_check_run(emulator: Emulator, request: Request, number: str) -> Answer:
    said = request.json
    scratch = _scratch()
    scratch.update_check_run(scratch.create_check_run({"name": "x", "head_sha": "x"})["id"], said)
    answer = emulator.passed(request)
    if answer.status == 200:
        emulator.annotate(int(number), said)
        return emulator.passed(request)
    return answer


def _annotations(emulator: Emulator, request: Request, number: str) -> Answer:
    return Answer(body=emulator.annotations(int(number)))


def _comment(emulator: Emulator, request: Request, number: str) -> Answer:
    _scratch().create_comment(1, request.json.get("body"))
    return emulator.passed(request)


def _propose(emulator: Emulator, request: Request) -> Answer:
    """Open a pull request, of which GitHub takes one for a branch and its base."""
    said = request.json
    with emulator.alone:
        there = emulator.proposals(str(said.get("base")), "open")
        if any(one["head"]["ref"] == said.get("head") for one in there):
            refusal = message("Validation Failed")
            return Answer(status=422, body=refusal)
        return emulator.passed(request)


def _review(emulator: Emulator, request: Request, number: str) -> Answer:
    answer = emulator.passed(request)
    if answer.status == 200 and isinstance(answer.body, dict):
        return Answer(status=201, body=_listed(answer.body))
    return answer


def _blob(emulator: Emulator, request: Request) -> Answer:
    answer = emulator.passed(request)
    if answer.status == 201 and isinstance(answer.body, dict):
        return Answer(status=201, body={name: answer.body[name] for name in ("url", "sha")})
    return answer


def _scratch() -> Memory:
    """Give a memory to try something in: it refuses what GitHub does."""
    return Memory(commits={"x": ()}, pulls={1: PullRequest(number=1, sha="x")})


_OURS: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", r"/commits/(\w+)/statuses", _status),
    ("POST", r"/statuses/(\w+)", _status),
    ("GET", r"/commits/(\w+)/pulls", _of_commit),
    ("POST", "/check-runs", _create_check_run),
    ("PATCH", r"/check-runs/(\d+)", _update_check_run),
    ("GET", r"/check-runs/(\d+)/annotations", _annotations),
    ("POST", "/git/blobs", _blob),
    ("POST", "/pulls", _propose),
    ("POST", r"/pulls/(\d+)/requested_reviewers", _review),
    ("POST", r"/issues/(\d+)/comments", _comment),
    ("PATCH", r"/issues/comments/(\d+)", _comment),
)
