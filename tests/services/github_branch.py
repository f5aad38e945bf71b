"""GitHub on loopback, as far as `doctor` asks: a branch with its rules, protection, workflows and statuses.

Bodies hold the fields of GitHub's documentation (https://docs.github.com/en/rest). Unknown requests fail the test.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from tests.services.loopback import Exchange

TOKEN = "ghp_canary0123456789"
OURS, HEAD, PULL = "experiment-gatekeeper", "a" * 40, "b" * 40


def rule(kind: str, ruleset: int = 7, **parameters: Any) -> dict[str, Any]:
    """Make a rule as `GET /rules/branches/{branch}` lists it."""
    told = {"type": kind, "ruleset_source_type": "Repository", "ruleset_source": "team/league", "ruleset_id": ruleset}
    return {**told, "parameters": parameters}


def requires(*contexts: str, app: int | None = 15368, ruleset: int = 7) -> dict[str, Any]:
    """Make a rule that requires statuses."""
    checks = [{"context": one, **({} if app is None else {"integration_id": app})} for one in contexts]
    return rule(
        "required_status_checks",
        ruleset,
        required_status_checks=checks,
        strict_required_status_checks_policy=False,
        do_not_enforce_on_create=False,
    )


def protected(*contexts: str, admins: bool = True, app: int | None = 15368) -> dict[str, Any]:
    """Make branch protection."""
    checks = {
        "strict": False,
        "contexts": list(contexts),
        "checks": [{"context": one, "app_id": app} for one in contexts],
    }
    return {"required_status_checks": checks, "enforce_admins": {"enabled": admins}}


def status(at: str, state: str = "success", context: str = OURS) -> dict[str, Any]:
    """Make a status."""
    return {"context": context, "state": state, "created_at": at, "description": "x", "target_url": None}


@dataclass
class Branch:
    """What the service has, and what the token may not see."""

    name: str = "main"
    rules: list[dict[str, Any]] = field(default_factory=list)
    rulesets: dict[int, dict[str, Any]] = field(default_factory=dict)
    protection: dict[str, Any] | None = None
    summary: dict[str, Any] | None = None
    """What the branch itself tells of its protection; None: what `protection` has."""
    files: dict[str, str] = field(default_factory=dict)
    statuses: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    environments: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    """End of a path → status and message in place of an answer."""
    asked: list[str] = field(default_factory=list)

    def behave(self, exchange: Exchange) -> None:
        """Answer one request."""
        path = unquote(exchange.request.path).removeprefix("/repos/team/league")
        self.asked.append(path)
        assert exchange.request.method == "GET"
        if exchange.request.headers.get("authorization") != f"token {TOKEN}":
            exchange.reply(401, {"message": "Bad credentials"})
            return
        for end, (code, message) in self.refused.items():
            if path.endswith(end):
                exchange.reply(code, {"message": message})
                return
        exchange.reply(*self._answer(path))

    def _answer(self, path: str) -> tuple[int, Any]:
        missing = (404, {"message": "Not Found"})
        if path == f"/branches/{self.name}/protection":
            return (404, {"message": "Branch not protected"}) if self.protection is None else (200, self.protection)
        if path.startswith("/rulesets/"):
            found = self.rulesets.get(int(path.rpartition("/")[2]))
            return missing if found is None else (200, found)
        if path.startswith("/environments/"):
            environment = self.environments.get(path.rpartition("/")[2])
            return missing if environment is None else (200, environment)
        if path.startswith("/contents/"):
            return self._file(path.removeprefix("/contents/"))
        if path.startswith("/commits/") and path.endswith("/statuses"):
            return 200, self.statuses.get(path.split("/")[2], [])
        told = self.summary or {"enabled": self.protection is not None}
        answers: dict[str, Any] = {
            "": {"full_name": "team/league", "default_branch": self.name},
            f"/branches/{self.name}": {
                "name": self.name,
                "commit": {"sha": HEAD},
                "protected": True,
                "protection": told,
            },
            f"/rules/branches/{self.name}": self.rules,
            "/commits": [{"sha": HEAD}],
            "/pulls": [{"number": 3, "head": {"sha": PULL}}],
        }
        return (200, answers[path]) if path in answers else missing

    def _file(self, path: str) -> tuple[int, Any]:
        if path in self.files:
            text = self.files[path].encode()
            about = {"type": "file", "encoding": "base64", "size": len(text), "name": path, "path": path}
            return 200, {**about, "content": base64.b64encode(text).decode()}
        inside = [one for one in self.files if one.startswith(f"{path}/")]
        listed = [{"type": "file", "name": one.rpartition("/")[2], "path": one, "size": 1} for one in inside]
        return (200, listed) if listed else (404, {"message": "Not Found"})
