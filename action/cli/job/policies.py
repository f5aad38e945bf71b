"""Which policy is in force, and what a pull request's own asks less. Nothing is judged here."""

from __future__ import annotations

import os
import posixpath
from datetime import UTC, date, datetime
from pathlib import Path

from action.cli.job.inputs import Job
from action.cli.ports import profile_texts
from action.errors import InputError, ServiceError, UsageError
from action.event import Trigger
from action.files import show_name
from action.forge import Forge
from action.settings import DEFAULT_POLICY, PolicyText, profile_policy
from checks.check import Policy
from checks.policy import PolicyError, parse_policy
from checks.weakening import compare

_LARGEST = 1_000_000


def policy_in_force(job: Job, trigger: Trigger, forge: Forge | None, others: tuple[str, ...] = ()) -> PolicyText:
    """Give the policy in force: that of the base branch, else of the default one, never that of an unmerged head.

    Args:
        job: the inputs.
        trigger: the event.
        forge: GitHub; None: there is no token.
        others: more branches that the commit is to go into.

    Raises:
        UsageError: policy and profile are given, or there is no token to read the policy with.
        UsageError: those branches have policies of their own.
        InputError: the policy that is named is not there, or no text.
        ServiceError: GitHub could not be reached, or refused.
    """
    if job.profiles:
        if job.policy:
            raise UsageError("policy, profile: expected one of the inputs, got both; put `extends` into the policy")
        return profile_policy(job.profiles)
    if forge is None:
        raise UsageError(
            "token: expected a token that may read the repository, since the policy is read from the base branch, got "
            "none; leave the input at its default, or give `profile` in place of a policy"
        )
    path = policy_path(job)
    text = forge.read_file(path, trigger.base)
    for other in others:
        if forge.read_file(path, other) != text:
            raise UsageError(
                f"{show_name(path)}: expected the same policy on all branches that pull requests of this commit go "
                f"into, got different ones on {show_name(trigger.base)} and {show_name(other)}; close one of them"
            )
    if text is None and job.policy:
        branch = "the default branch" if trigger.base is None else f"the branch {show_name(trigger.base)}"
        raise InputError(
            f"{show_name(path)}: expected the policy on {branch}, found none there; commit it there, or correct the "
            "input `policy`"
        )
    return profile_policy(("grpo",)) if text is None else PolicyText(text=text, source=path)


def policy_path(job: Job) -> str:
    """Give the policy's path in the repository."""
    return posixpath.normpath(job.policy) if job.policy else DEFAULT_POLICY.as_posix()


def parsed(text: PolicyText, today: date | None = None) -> Policy:
    """Read a policy as of today; PolicyError for one with faults."""
    day = today or datetime.now(UTC).date()
    return parse_policy(text.text, source=text.source, profiles=profile_texts(), today=day)


def weakenings(job: Job, trigger: Trigger, before: PolicyText, head: tuple[Forge | None, str]) -> tuple[str, ...]:
    """Tell what the policy of a pull request asks less than the one in force, one sentence each.

    It is read from the checkout of the pull request, where the event is one and it is checked out, else through
    GitHub from its head: nothing of it is in force.

    Args:
        job: the inputs.
        trigger: the event.
        before: the policy in force.
        head: GitHub, and the head of the pull request.
    """
    if job.profiles:
        return ()
    path = policy_path(job)
    text = _checked_out(path) if trigger.event == "pull_request" else None
    forge, sha = head
    if text is None and forge is not None and before.source == path:
        try:
            text = forge.read_file(path, sha)
        except (ServiceError, InputError) as error:
            return (f"The policy of this pull request could not be read: {error}",)
        if text is None:
            return (f"This pull request removes {path}: without it the profile grpo would be in force.",)
    if text is None or text == before.text:
        return ()
    try:
        after = parsed(PolicyText(text=text, source=before.source))
        return tuple(f"{one.key}: {one.text}" for one in compare(parsed(before, date(2000, 1, 1)), after))
    except PolicyError as error:
        first = str(error).splitlines()[0]
        return (f"The policy of this pull request has a fault, and would judge nothing once it is merged: {first}",)


def _checked_out(path: str) -> str | None:
    root = Path(os.environ.get("GITHUB_WORKSPACE", "") or ".").resolve()
    file = (root / path).resolve()
    try:
        if not file.is_relative_to(root) or not file.is_file() or file.stat().st_size > _LARGEST:
            return None
        return file.read_text("utf-8-sig").replace("\r\n", "\n")
    except (OSError, ValueError):
        return None
