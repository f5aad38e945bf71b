"""What guards a branch and what reported on it, read: rulesets, branch protection, workflows, our statuses.

Few requests, each bounded; what the token may not see is a value. Whether it is enough is decided elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

from github import GithubException

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.files import show_name
from action.forge import CONTEXT, RefusedError
from action.github import fields
from action.github.access import Access
from action.github.asking import ask, seek
from action.github.client import SECONDS, Client
from action.github.content import read_file
from action.github.failure import OddError, Target
from action.github.patience import Patience
from action.guard import Environment, Guard, Reported, Reports, Required, Sight, Unseen
from action.workflow import read_workflow

Found = TypeVar("Found")
WORKFLOWS = ".github/workflows"
_FILES, _COMMITS, _PULLS, _RULESETS, _ENVIRONMENTS = 20, 5, 5, 10, 5
"""How many of each are looked at."""
_ROLES = {2: "repository maintainers", 4: "everybody who may write", 5: "repository admins"}
"""https://docs.github.com/en/rest/repos/rules: actor ids of `RepositoryRole`."""


class Rules:
    """Reads what guards a branch. Not to be shared between threads."""

    def __init__(
        self,
        access: Access,
        deadline: Deadline,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = Client(access, Patience(sleep=sleep, clock=clock), SECONDS)
        self._deadline = deadline

    def look(self, branch: str | None) -> Sight:
        """Look at a branch (None: the default one).

        Raises:
            InputError: there is no such branch.
            ServiceError: GitHub could not be reached, or does not show the repository.
        """
        repository = Target(what="the repository", permission="metadata: read")
        name = branch or ask(repository, lambda: fields.text(fields.mapping(self._request(""))["default_branch"]))
        if branch is not None:
            ask(
                repository, lambda: fields.mapping(self._request(""))
            )  # else a branch that is not there could not be told
        summary = self._branch(name)
        rules = self._seen("the rules of the branch", "metadata: read", lambda: self._rules(name))
        workflows = self._seen("the workflows", "contents: read", lambda: self._workflows(name))
        return Sight(
            branch=name,
            rulesets=rules if isinstance(rules, Unseen) else self._rulesets(rules),
            queue=rules if isinstance(rules, Unseen) else any(kind == "merge_queue" for kind, _ in rules),
            protection=self._protection(name, summary),
            workflows=workflows,
            reports=self._seen("the statuses", "statuses: read", lambda: self._reports(name)),
            environments={} if isinstance(workflows, Unseen) else self._environments(workflows),
        )

    def _environments(self, workflows: Mapping[str, str]) -> dict[str, Environment | Unseen | None]:
        """Look at the environments of jobs that promote."""
        found = (read_workflow(path, text) for path, text in sorted(workflows.items()))
        jobs = (job for flow in found if flow is not None for job in flow.jobs if job.promotes)
        names = sorted({job.environment for job in jobs if job.environment is not None})[:_ENVIRONMENTS]
        what = "the environments"
        return {one: self._seen(what, "actions: read", partial(self._environment, one)) for one in names}

    def _environment(self, name: str) -> Environment | None:
        try:
            found = fields.mapping(self._request(f"/environments/{fields.part(name)}"))
        except GithubException as error:
            if error.status == 404:
                return None
            raise
        rules = [fields.mapping(one) for one in _list(found.get("protection_rules", []))]
        reviewed = any(one.get("type") == "required_reviewers" and one.get("reviewers") for one in rules)
        return Environment(reviewed=reviewed, branches=isinstance(found.get("deployment_branch_policy"), dict))

    def _branch(self, name: str) -> Mapping[str, Any]:
        target = Target(what=f"the branch {show_name(name)}", permission="contents: read")
        found = seek(target, lambda: fields.mapping(self._request(f"/branches/{fields.part(name)}")))
        if found is None:
            raise InputError(
                f"--branch: expected a branch of the repository, got {show_name(name)}, which is none; name another"
            )
        return found

    def _rules(self, name: str) -> list[tuple[str, Mapping[str, Any]]]:
        listed = _list(self._request(f"/rules/branches/{fields.part(name)}", per_page="100"))
        return [(fields.text(one["type"]), fields.mapping(one)) for one in listed]

    def _rulesets(self, rules: list[tuple[str, Mapping[str, Any]]]) -> tuple[Guard, ...] | Unseen:
        """Give the rulesets that require a status."""

        def read() -> dict[int, list[Required]]:
            asked: dict[int, list[Required]] = {}
            for kind, rule in rules:
                if kind == "required_status_checks":
                    checks = _list(fields.mapping(rule["parameters"])["required_status_checks"])
                    required = [_required(fields.mapping(one), "integration_id") for one in checks]
                    asked.setdefault(int(rule["ruleset_id"]), []).extend(required)
            return asked

        found = self._seen("the rules of the branch", "metadata: read", read)
        if isinstance(found, Unseen):
            return found
        return tuple(self._ruleset(number, tuple(required)) for number, required in list(found.items())[:_RULESETS])

    def _ruleset(self, number: int, required: tuple[Required, ...]) -> Guard:
        told = self._seen("the ruleset", "metadata: read", lambda: fields.mapping(self._request(f"/rulesets/{number}")))
        if isinstance(told, Unseen):
            return Guard(place=f"ruleset {number}", required=required, bypass=told)
        bypass: tuple[str, ...] | Unseen
        bypass = Unseen(why="only admins see whom it lets pass", permission="administration: write")
        if isinstance(told.get("bypass_actors"), list):
            bypass = tuple(_actor(one) for one in told["bypass_actors"] if isinstance(one, dict))
        return Guard(place=f"ruleset {told.get('name') or number}", required=required, bypass=bypass)

    def _protection(self, name: str, summary: Mapping[str, Any]) -> Guard | Unseen | None:
        """Read the branch's protection; where the token may not, what the branch itself tells of it."""

        def read() -> Guard | None:
            try:
                found = fields.mapping(self._request(f"/branches/{fields.part(name)}/protection"))
            except GithubException as error:
                if error.status == 404 and "not protected" in str(error.data).lower():
                    return None
                raise
            held = fields.mapping(found.get("enforce_admins") or {}).get("enabled") is True
            return _protected(found, () if held else ("repository admins",))

        found = self._seen("branch protection", "administration: read", read, hidden=True)
        told = summary.get("protection")
        if not isinstance(found, Unseen) or not isinstance(told, dict):
            return found
        unseen = found
        if not told.get("enabled"):
            return None
        what = "branch protection"
        return self._seen(what, "administration: read", lambda: _protected(told, _enforced(told, unseen)))

    def _workflows(self, name: str) -> Mapping[str, str]:
        try:
            listed = _list(self._request(f"/contents/{WORKFLOWS}", ref=name))
        except GithubException as error:
            if error.status == 404:
                return {}
            raise
        paths = [fields.text(one["path"]) for one in listed if fields.text(one["name"]).endswith((".yml", ".yaml"))]
        found = {}
        for one in paths[:_FILES]:
            self._require_time()
            try:
                found[one] = read_file(self._client, one, name) or ""
            except InputError:  # no text: no workflow either
                continue
        return found

    def _reports(self, name: str) -> Reports:
        commits = _list(self._request("/commits", sha=name, per_page=str(_COMMITS)))
        asked = {"state": "all", "sort": "updated", "direction": "desc", "base": name, "per_page": str(_PULLS)}
        # Without `pull-requests: read` the commits of the branch still tell.
        pulls = self._seen("the pull requests", "pull-requests: read", lambda: _list(self._request("/pulls", **asked)))
        heads = [] if isinstance(pulls, Unseen) else pulls
        shas = dict.fromkeys(
            [*(fields.text(one["sha"]) for one in commits), *(fields.text(one["head"]["sha"]) for one in heads)]
        )
        return Reports(commits=len(shas), statuses=tuple(one for sha in shas for one in self._statuses(sha)))

    def _statuses(self, sha: str) -> Iterator[Reported]:
        """Give the newest status of a commit under our context."""
        for one in _list(self._request(f"/commits/{fields.part(sha)}/statuses", per_page="100")):
            if one["context"] == CONTEXT:
                at = datetime.fromisoformat(fields.text(one["created_at"]))
                yield Reported(sha=sha, state=fields.text(one["state"]), at=at.astimezone(UTC))
                return

    def _request(self, path: str, **parameters: str) -> Any:
        self._require_time()
        return self._client.requestJsonAndCheck("GET", self._client.root + path, parameters)[1]

    def _require_time(self) -> None:
        if not self._deadline.left:
            raise self._deadline.missed("GitHub")

    def _seen(self, what: str, permission: str, look: Callable[[], Found], *, hidden: bool = False) -> Found | Unseen:
        """Look at something; what may not be seen is told as such. `hidden`: GitHub says 404 then."""
        try:
            return ask(Target(what=what, permission=permission, write=hidden), look)
        except RefusedError as error:
            return Unseen(why="the token may not see it", permission=error.permission)
        except ServiceError as error:
            return Unseen(why=str(error).rpartition(";")[0])


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise OddError
    return value


def _required(one: Mapping[str, Any], field: str) -> Required:
    app = one.get(field)
    return Required(context=fields.text(one["context"]), app=app if isinstance(app, int) and app > 0 else None)


def _protected(told: Mapping[str, Any], bypass: tuple[str, ...] | Unseen) -> Guard:
    checks = fields.mapping(told.get("required_status_checks") or {})
    required = [_required(fields.mapping(one), "app_id") for one in checks.get("checks") or ()]
    known = {one.context for one in required}
    required += [Required(context=one, app=None) for one in checks.get("contexts") or () if one not in known]
    return Guard(place="branch protection", required=tuple(required), bypass=bypass)


def _enforced(told: Mapping[str, Any], unseen: Unseen) -> tuple[str, ...] | Unseen:
    """Tell from a branch's own words whether admins are held too."""
    level = fields.mapping(told.get("required_status_checks") or {}).get("enforcement_level")
    return {"everyone": (), "non_admins": ("repository admins",)}.get(str(level), unseen)


def _actor(one: Mapping[str, Any]) -> str:
    kind, number = one.get("actor_type"), one.get("actor_id")
    name = {"OrganizationAdmin": "organisation admins", "DeployKey": "deploy keys"}.get(str(kind))
    if kind == "RepositoryRole":
        name = _ROLES.get(number if isinstance(number, int) else 0, f"role {number}")
    told = name or f"{str(kind).lower()} {number}"
    return told + (" (through pull requests)" if one.get("bypass_mode") == "pull_request" else "")
