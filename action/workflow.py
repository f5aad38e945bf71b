"""A workflow of GitHub Actions, read for what the gate needs of it: its events, the jobs with our action, permissions.

Pure: text in, values out. Whether that is enough may not enter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_OURS = re.compile(r"[\w.-]+/experiment-gatekeeper(?:/[^@]*)?@\S+")
_KEPT = ("pull-request", "commit")
"""What `tracker` may be where one is kept."""
_JOBS_TOKEN = re.compile(r"\$\{\{\s*(?:github\.token|secrets\.GITHUB_TOKEN)\s*\}\}", re.IGNORECASE)
_OTHERS = ("verify", "promote")
"""Commands of the action beside judging."""
_LEVELS = ("none", "read", "write")
_SCOPES = ("actions", "checks", "contents", "pull-requests", "statuses")
"""Those that the gate may need."""


@dataclass(frozen=True, kw_only=True)
class GateJob:
    """A job with our action in it."""

    id: str
    name: str
    """What GitHub calls it where checks are required."""
    permissions: Mapping[str, str] | None
    """Scope → `none`, `read` or `write`; None: nothing is said, so the repository's default counts."""
    writes: bool
    """It keeps the tracker with the job's own token, which has to write contents."""
    judges: bool = True
    """It judges runs; else it verifies or promotes alone."""
    promotes: bool = False
    """It moves an alias."""
    environment: str | None = None
    """That it runs in; None: in none."""


@dataclass(frozen=True, kw_only=True)
class Workflow:
    """A workflow that uses our action."""

    path: str
    events: frozenset[str]
    jobs: tuple[GateJob, ...]


def read_workflow(path: str, text: str) -> Workflow | None:
    """Read a workflow; None: it does not use our action, or is no workflow.

    >>> text = "on: [push, merge_group]\\njobs: {gate: {steps: [{uses: me/experiment-gatekeeper@v1}]}}"
    >>> found = read_workflow("x.yml", text)
    >>> sorted(found.events), found.jobs[0].name, found.jobs[0].permissions, found.jobs[0].writes
    (['merge_group', 'push'], 'gate', None, False)
    """
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, TypeError, RecursionError):  # odd tags, the middle
        return None
    if not isinstance(document, dict) or not isinstance(document.get("jobs"), dict):
        return None
    common = _permissions(document.get("permissions"))
    jobs = tuple(
        GateJob(
            id=str(name),
            name=job["name"] if isinstance(job.get("name"), str) else str(name),
            permissions=_permissions(job["permissions"]) if "permissions" in job else common,
            writes=any(map(_writes, _ours(job))),
            judges=any(_command(step) not in _OTHERS for step in _ours(job)),
            promotes=any(_command(step) == "promote" for step in _ours(job)),
            environment=_environment(job.get("environment")),
        )
        for name, job in document["jobs"].items()
        if isinstance(job, dict) and _ours(job)
    )
    # YAML 1.1 takes the key `on` for true.
    return Workflow(path=path, events=_events(document.get("on", document.get(True))), jobs=jobs) if jobs else None


def suffices(permissions: Mapping[str, str], needed: str) -> bool:
    """Tell whether a permission is among them; to write is to read.

    >>> suffices({"statuses": "write"}, "statuses: read"), suffices({"checks": "read"}, "checks: write")
    (True, False)
    """
    scope, _, level = needed.partition(": ")
    return _LEVELS.index(permissions.get(scope, "none")) >= _LEVELS.index(level)


def _ours(job: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give what uses our action: steps of the job, or the job itself where it calls a workflow."""
    steps = job.get("steps")
    used = [job, *(steps if isinstance(steps, list) else ())]
    return [
        one
        for one in used
        if isinstance(one, dict) and isinstance(one.get("uses"), str) and _OURS.fullmatch(one["uses"])
    ]


def _writes(step: Mapping[str, Any]) -> bool:
    """Tell whether a step may keep the tracker with the token of its job: an expression may turn out so."""
    told = step.get("with")
    inputs = {str(name).lower(): str(value) for name, value in told.items()} if isinstance(told, dict) else {}
    tracker, token = inputs.get("tracker", "").strip(), inputs.get("tracker-token", "").strip()
    return (tracker in _KEPT or "${{" in tracker) and (not token or _JOBS_TOKEN.fullmatch(token) is not None)


def _command(step: Mapping[str, Any]) -> str:
    told = step.get("with")
    return str(told.get("command", "")).strip() if isinstance(told, dict) else ""


def _environment(said: Any) -> str | None:
    named = said.get("name") if isinstance(said, dict) else said
    return named if isinstance(named, str) and named.strip() else None


def _events(said: Any) -> frozenset[str]:
    if isinstance(said, str):
        return frozenset({said})
    return frozenset(map(str, said)) if isinstance(said, list | dict) else frozenset()


def _permissions(said: Any) -> Mapping[str, str] | None:
    if said in ("read-all", "write-all"):
        return dict.fromkeys(_SCOPES, said.partition("-")[0])
    if not isinstance(said, dict):
        return None
    return {str(scope): level for scope, level in said.items() if level in _LEVELS}
