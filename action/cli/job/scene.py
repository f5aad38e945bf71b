"""Where a job plays: its inputs, the event, the repository, and what may be written. Nothing is decided here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from action.cli.job.inputs import Job, address_of, attempt_of
from action.cli.job.subject import Subject
from action.event import Trigger
from action.forge import Forge, Pull
from action.github import API, Access, GitHub
from action.publish.ledger import policy_slot
from action.publish.publication import Place
from action.publish.rehearsal import Rehearsal
from action.runner import Runner
from action.secret import Secret

MOST_PULLS = 10
"""That one commit's verdict is told in."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Where a job plays."""

    job: Job
    runner: Runner
    trigger: Trigger
    forge: Forge | None
    """None: there is no token."""
    wanted: frozenset[str]
    """What is to be published; empty: nothing may be."""
    silent: str
    """Why nothing is published; empty: something is."""
    address: str
    """Of the job."""
    attempt: int
    others: tuple[str, ...] = ()
    """More branches that pull requests of the commit go into, whose policy has to be the same."""

    @property
    def base(self) -> str | None:
        """The branch whose policy counts, by its name as far as it is known."""
        return self.trigger.base or self.trigger.default

    @property
    def slot(self) -> str:
        """Names the policy that counts, see `policy_slot`."""
        return policy_slot(self.job.asked_policy, self.base)

    @property
    def page(self) -> str:
        """The address of the repository's page."""
        return self.address.partition("/actions")[0]

    def access(self) -> Access:
        """What opens the repository."""
        return _access(self.trigger, os.environ.get("GITHUB_TOKEN", "").strip())

    def place_of(self, subject: Subject) -> tuple[Scene, Place | None]:
        """Find where a verdict on a run goes; with the base branch of its pull request, whose policy counts.

        Raises:
            ServiceError: GitHub could not be reached, or refused.
        """
        if subject.sha is None or self.forge is None:
            return self, None
        if self.trigger.pulls:
            return self, Place(sha=subject.sha, pulls=self.trigger.pulls, address=self.address)
        pulls = [one for one in self._pulls(self.forge, subject.sha) if one.open and one.head_sha == subject.sha]
        bases = sorted({one.base for one in pulls})
        place = Place(sha=subject.sha, pulls=tuple(one.number for one in pulls[:MOST_PULLS]), address=self.address)
        if not bases:
            return self, place
        return replace(self, trigger=replace(self.trigger, base=bases[0]), others=tuple(bases[1:])), place

    def _pulls(self, forge: Forge, sha: str) -> Sequence[Pull]:
        head = self.trigger.head
        if head is not None and sha == self.trigger.sha:
            return forge.pulls_of_head(head.owner, head.branch)
        return forge.pulls_of_commit(sha) or ()


def open_scene(job: Job, runner: Runner, trigger: Trigger) -> Scene:
    """Open the repository, as far as the token and the event allow.

    Raises:
        UsageError: what is to be published cannot be.
    """
    wanted, token = job.published, os.environ.get("GITHUB_TOKEN", "").strip()
    forge: Forge | None = None
    if token:
        forge = GitHub(_access(trigger, token))
        if job.dry_run:
            forge = Rehearsal(forge, lambda line, text: runner.line(f"would write: {line}: {text}"))
    silent = ""
    if not token:
        silent = "No token was given: nothing was written to GitHub."
    elif trigger.read_only:
        silent = "The pull request comes from a fork, whose jobs may write nothing: this summary is all."
    elif not wanted:
        silent = "The input `publish` is none: nothing was written to GitHub."
    return Scene(
        job=job,
        runner=runner,
        trigger=trigger,
        forge=forge,
        wanted=frozenset() if silent else wanted,
        silent=silent,
        address=address_of(os.environ, trigger.repository),
        attempt=attempt_of(os.environ),
    )


def _access(trigger: Trigger, token: str) -> Access:
    url = os.environ.get("GITHUB_API_URL", "") or API
    return Access(repository=trigger.repository, token=Secret(token), url=url)
