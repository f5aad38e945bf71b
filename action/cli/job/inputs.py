"""The inputs of the action, and where a job runs. No decision may enter."""

from __future__ import annotations

import hashlib
import json
import os
import posixpath
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from action.cli.tracker_inputs import TrackerInputs
from action.errors import InputError, UsageError
from action.files import show_name
from action.settings import DEFAULT_POLICY, profile_policy

PUBLISHED = ("status", "check-run", "comment")
"""What may be published, in the order in which it is."""
_PROJECT = re.compile(r"[\w][\w .-]*/[\w][\w .-]*")
_LARGEST_EVENT = 30_000_000
"""Bytes: GitHub delivers payloads of at most 25 MB."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """The inputs of the action. Empty: not given."""

    run: str
    games: tuple[str, ...]
    events: tuple[str, ...]
    policy: str
    profiles: tuple[str, ...]
    checkpoint: str
    project: str
    out: Path
    deadline: float
    publish: tuple[str, ...] = PUBLISHED
    """`none` alone: nothing."""
    sweep_days: int = 7
    dry_run: bool = False
    tracker: TrackerInputs = field(default_factory=TrackerInputs)
    verify_heads: bool = False
    """In a merge queue, look behind the statuses of heads."""
    workflow: str = ""
    """The path of our workflow file."""

    @property
    def published(self) -> frozenset[str]:
        """What is to be published.

        Raises:
            UsageError: something that cannot be.
        """
        return published_of(self.publish)

    @property
    def asked_policy(self) -> str:
        """What policy is asked for, whatever there turns out to be: its path, or the profiles."""
        path = posixpath.normpath(self.policy) if self.policy else DEFAULT_POLICY.as_posix()
        return profile_policy(self.profiles).source if self.profiles else path

    def require_text(self) -> None:
        """Refuse a folder whose name cannot be told to the runner.

        Raises:
            UsageError: it is no text.
        """
        try:
            str(self.out).encode()
        except UnicodeEncodeError:
            raise UsageError(f"out: expected a path in UTF-8, got {show_name(self.out)}; correct the input") from None

    def where(self) -> tuple[str, str]:
        """Give the entity and the project that runs are looked for in.

        Raises:
            UsageError: none is named, or none that could be one.
        """
        if not _PROJECT.fullmatch(self.project):
            given = show_name(self.project) if self.project else "none"
            raise UsageError(f"project: expected entity/project, got {given}; correct the input")
        entity, project = self.project.split("/")
        return entity, project


def require_own(out: Path, environ: Mapping[str, str]) -> None:
    """Refuse a folder that holds files before the job wrote any: they would be packed, and believed, with its verdict.

    Raises:
        UsageError: it does.
    """
    scratch = environ.get("RUNNER_TEMP", "")
    if not scratch:  # no runner, whose jobs begin with an empty one
        return
    mark = Path(scratch) / f"gatekeeper-out-{hashlib.sha256(os.fsencode(out.resolve())).hexdigest()[:16]}"
    if not mark.exists() and out.is_dir() and any(out.iterdir()):
        raise UsageError(
            f"out: expected a folder without files, got {show_name(out)}, which has some that this job did not write; "
            "give the input `out` another, such as ${{ runner.temp }}/gatekeeper-out"
        )
    with suppress(OSError):
        mark.touch()


def published_of(words: tuple[str, ...]) -> frozenset[str]:
    """Read what is to be published; `none` alone: nothing.

    Raises:
        UsageError: something that cannot be.
    """
    if words == ("none",):
        return frozenset()
    odd = [one for one in words if one not in PUBLISHED]
    if odd:
        raise UsageError(
            f"publish: expected {', '.join(PUBLISHED)} or none, got {show_name(odd[0])}; correct the input"
        )
    return frozenset(words)


def read_payload(path: str) -> Mapping[str, Any]:
    """Read the event's file.

    Raises:
        InputError: it cannot be read as one.
    """
    try:
        with Path(path).open("rb") as stream:
            content = stream.read(_LARGEST_EVENT + 1)
        payload = json.loads(content) if len(content) <= _LARGEST_EVENT else None
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(
            f"GITHUB_EVENT_PATH: expected the file of the event, got {type(error).__name__}; is this a job of GitHub "
            "Actions?"
        ) from error
    if not isinstance(payload, dict):
        raise InputError("GITHUB_EVENT_PATH: expected one JSON object of at most 30 MB, got something else")
    return payload


def address_of(environ: Mapping[str, str], repository: str) -> str:
    """Give the address of the job, which people are led to."""
    server = environ.get("GITHUB_SERVER_URL", "") or "https://github.com"
    number = environ.get("GITHUB_RUN_ID", "")
    return f"{server}/{repository}/actions/runs/{number}" if number.isdecimal() else f"{server}/{repository}/actions"


def attempt_of(environ: Mapping[str, str]) -> int:
    """Give the attempt of the job, from 1."""
    told = environ.get("GITHUB_RUN_ATTEMPT", "")
    return int(told) if told.isascii() and told.isdecimal() and 0 < int(told) < 10**6 else 1
