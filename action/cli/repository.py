"""The repository on GitHub that a promotion is held against: its policy in force, its jobs, its clock. Composition."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from action.cli.records import HostedRecords
from action.clock import server_time
from action.deadline import Deadline
from action.errors import InputError, RefusalError, ServiceError, UsageError
from action.files import open_input, show_name
from action.github import API, Access, GitHub
from action.github.origin import Origins
from action.provenance import WORKFLOW, Home, Sought, Source, find_sources, later_than
from action.publish.ledger import policy_slot, read_ledger
from action.secret import Secret
from action.settings import DEFAULT_POLICY, PolicyText, profile_policy
from checks.promotion import TOLERANCE
from checks.refusal import Reason, Refusal

if TYPE_CHECKING:
    from action.cli.asked import Signing
    from action.signing.signer import Signer
    from action.verified import Presented
    from checks.result import Verdict

_LARGEST = 32_000_000
"""Bytes of attestations, or of a root; longer ones are none."""
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")


@dataclass(frozen=True, kw_only=True)
class InForce:
    """The policy in force."""

    text: PolicyText
    asked: str
    """What was asked for, whatever there turned out to be, as jobs name it: its path, or the profiles."""


class Repository:
    """A repository on GitHub, as far as a promotion asks of it."""

    def __init__(
        self, access: Access, deadline: Deadline, home: tuple[str, str | None], server: str = "https://github.com"
    ) -> None:
        """Open it; `home`: the path of our workflow file, and the branch whose policy counts (None: the default)."""
        self.name = access.repository
        self._access = access
        self._forge = GitHub(access)
        self._origins = Origins(access, deadline)
        self._workflow, self._base = home
        self._server = server

    @cached_property
    def default(self) -> str:
        """The default branch."""
        return self._origins.default_branch()

    def now(self) -> datetime:
        """Give GitHub's time, if this machine's agrees with it.

        Raises:
            RefusalError: the clocks differ: ages and days of expiry would be wrong.
            ServiceError: GitHub does not tell.
        """
        here, there = datetime.now(UTC), server_time(self._access.url)
        if there is None:
            raise ServiceError(
                f"GitHub: expected its time from {self._access.url}, by which the age of a verdict is told, got none; "
                "run again"
            )
        if abs(there - here) > TOLERANCE:
            text = (
                f"expected this machine's clock to be GitHub's, {there:%Y-%m-%dT%H:%M:%SZ}, got "
                f"{here:%Y-%m-%dT%H:%M:%SZ}; set it."
            )
            raise RefusalError(Refusal(reason=Reason.CLOCK, text=text))
        return there

    def policy(self, path: Path | None, profiles: tuple[str, ...]) -> InForce:
        """Give the policy in force: that of the branch, never that of the folder the user stands in.

        Raises:
            InputError: the one that is named is not there.
        """
        if profiles:
            return InForce(text=profile_policy(profiles), asked=profile_policy(profiles).source)
        named = DEFAULT_POLICY.as_posix() if path is None else posixpath.normpath(path.as_posix())
        text = self._forge.read_file(named, self._base)
        if text is None and path is not None:
            raise InputError(
                f"{show_name(named)}: expected the policy on {show_name(self._base or 'the default branch')} of "
                f"{self.name}, found none there; correct --policy"
            )
        found = profile_policy(("grpo",)) if text is None else PolicyText(text=text, source=named)
        return InForce(text=found, asked=named)

    def sources(self, sha: str, run: str | None, policy: InForce, folder: Path) -> tuple[Source, ...]:
        """Find the verdicts of a commit that our workflow wrote.

        Raises:
            RefusalError: there is none that may be believed.
        """
        home = Home(repository=self.name, workflow=self._workflow, branch=self.default)
        sought = Sought(sha=sha, slot=self._slot(policy), run=run, home=home)
        return find_sources(HostedRecords(self._forge, self._origins), sought, folder)

    def newest(self, verdict: Verdict, policy: InForce) -> str | None:
        """Give when the newest other verdict on the same run and commit was begun; None: no status tells of one."""
        sha = None if verdict.origin is None else verdict.origin.sha
        if sha is None:
            return None
        slot = self._slot(policy)
        ledger = read_ledger(self._forge.statuses(sha)).values()
        return later_than(verdict, [entry for entry in ledger if entry.policy == slot])

    def unsigned(self, presented: Presented, signing: Signing) -> tuple[Refusal, ...]:
        """Say why a verdict is not signed as it has to be; empty: it is.

        Raises:
            InputError: a file that is named cannot be read.
            ServiceError: GitHub could not be reached, or refused.
        """
        from action.attestation import refusal  # noqa: PLC0415 - seldom wanted
        from action.signing.verification import verify_attestation  # noqa: PLC0415 - half a second

        content = self._attestation(presented, signing)
        if content is None:
            text = (
                f"expected an attestation of {presented.name}, found none beside it and none on GitHub; let the "
                "workflow that judges sign its verdict, or name the bundle with --attestation."
            )
            return (Refusal(reason=Reason.NO_ATTESTATION, text=text),)
        root = None if signing.trusted_root is None else _read(signing.trusted_root)
        try:
            wrong = refusal(verify_attestation(content, self._signer(signing), root), presented.content)
        except RefusalError as error:
            return error.refusals
        return () if wrong is None else (wrong,)

    def _attestation(self, presented: Presented, signing: Signing) -> bytes | None:
        if signing.attestation is not None:
            return _read(signing.attestation)
        if presented.attestation is not None and presented.attestation.is_file():
            return _read(presented.attestation)
        return self._origins.attestations(presented.sha256)

    def _signer(self, signing: Signing) -> Signer:
        from action.signing.signer import Signer  # noqa: PLC0415 - seldom wanted

        page = f"{self._server}/{self.name}"
        identity = signing.signer or f"{page}/{self._workflow}@refs/heads/{self.default}"
        return Signer(identity=identity, repository=page)

    def _slot(self, policy: InForce) -> str:
        return policy_slot(policy.asked, self._base or self.default)


def open_repository(
    name: str, home: tuple[str | None, str | None], seconds: float, environ: Mapping[str, str] = os.environ
) -> Repository:
    """Open a repository with GITHUB_TOKEN; `home`: the path of our workflow file, and the branch whose policy counts.

    Raises:
        UsageError: there is no token, or no repository is named.
    """
    if not _NAME.fullmatch(name):
        got = show_name(name) if name else "none"
        raise UsageError(
            f"--repository: expected OWNER/NAME, got {got}; name the repository that judged the run: --commit and "
            "--signed ask it"
        )
    token = environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError(
            "GITHUB_TOKEN: expected a token that may read statuses, contents and actions, got none; set it"
        )
    access = Access(repository=name, token=Secret(token), url=environ.get("GITHUB_API_URL", "").strip() or API)
    server = environ.get("GITHUB_SERVER_URL", "").strip().rstrip("/") or "https://github.com"
    return Repository(access, Deadline(seconds=seconds), (home[0] or WORKFLOW, home[1]), server)


def _read(path: Path) -> bytes:
    with open_input(path) as stream:
        return stream.read(_LARGEST + 1)
