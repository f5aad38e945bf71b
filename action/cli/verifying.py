"""A verdict, what it has to be about, and where both come from: for `verify` and `promote`. Composition alone."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from action.cli.asked import Asked, Bytes, asked_of, signing_of
from action.cli.gone import gone_if_judged
from action.cli.ports import fallback_policy, local_ports, read_policy_file
from action.cli.presented import ATTESTATION, presented_of
from action.cli.registries import find_bytes, require_artifact
from action.errors import RefusalError, UsageError
from action.files import show_name
from action.registries.local import LocalRegistry
from action.report.document import verdict_json
from action.settings import PolicyText, profile_policy
from action.verification import read_presented, verify
from action.verified import Presented, Trust, Verified
from action.version import tool_version
from checks.promotion import Claim, is_run
from checks.refusal import Reason, Refusal

if TYPE_CHECKING:
    from action.cli.repository import Repository
    from action.cli.verify_options import Given
    from action.registry import Stored
    from checks.result import Verdict

TRUST_LOCAL = (
    "expected --trust-local for a local registry alone, got it for W&B, which others read; name the folder of a local "
    "one with --registry and the checkpoint by its path, or the commit with --commit, or sign verdicts and give "
    "--signed."
)
Find: TypeAlias = "Callable[[Verdict], Stored | None]"
"""Gives the bytes that are to be promoted, where a verdict is known; None: none are named."""
Newest: TypeAlias = "Callable[[Verdict], str | None]"
"""Gives when the newest verdict on the same run was given; None: no other is known."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What became of a verification."""

    verified: Verified | None
    refusals: tuple[Refusal, ...]
    """Empty where it is verified."""


def run_verification(given: Given, what: Bytes, registry: Path | None = None) -> Checked:
    """Verify what the options name; `registry`: a local one, which knows of verdicts that it refused.

    Raises:
        InputError, UsageError: what is named cannot be read, or does not fit together.
        ServiceError: a service could not be reached, or refused.
    """
    if what.artifact is not None and what.path is not None:
        raise UsageError("--artifact and --path: expected one of them, got both; name the checkpoint once")
    if what.artifact is not None:
        require_artifact(what.artifact)

    if registry is not None:
        LocalRegistry(registry).history()  # a mistyped one knows of nothing

    @cache
    def find_named(artifact: str | None) -> Stored | None:
        if given.trust_local and what.path is None and artifact is not None:
            raise RefusalError(Refusal(reason=Reason.TRUST_LOCAL, text=TRUST_LOCAL))
        return find_bytes(replace(what, artifact=artifact), given.deadline)

    def find(verdict: Verdict) -> Stored | None:
        named = None if verdict.checkpoint is None else verdict.checkpoint.artifact
        return find_named(what.artifact or named)

    def later(verdict: Verdict) -> str | None:
        return None if registry is None else refused_later(LocalRegistry(registry), verdict)

    try:
        asked = asked_of(given)
        asked.require()
        repository = open_asked(given)
        with gone_if_judged(asked, repository):
            return Checked(verified=verify_asked(asked, find, later, repository), refusals=())
    except RefusalError as error:
        return Checked(verified=None, refusals=error.refusals)


def refused_later(registry: LocalRegistry, verdict: Verdict) -> str | None:
    """Give when a newer verdict on the run did not pass, as far as a local registry has seen it."""
    sha256 = hashlib.sha256(verdict_json(verdict).encode()).hexdigest()
    return registry.refused(verdict.run.id or verdict.run.name, verdict.policy.sha256, sha256)


def open_asked(given: Given) -> Repository | None:
    """Open the repository on GitHub where it has a say; None: a file is believed for this machine, or by nobody.

    Raises:
        UsageError: there is no token, or no repository is named.
    """
    if given.commit is None and signing_of(given) is None:
        return None
    from action.cli.repository import open_repository  # noqa: PLC0415 - GitHub's client takes half a second

    return open_repository(asked_of(given).repository or "", (given.workflow, given.base), given.deadline)


def verify_asked(asked: Asked, find: Find, newest: Newest, repository: Repository | None) -> Verified:
    """Verify what was asked for.

    Args:
        asked: which verdict.
        find: gives the bytes that are to be promoted.
        newest: tells of later verdicts, where there is no repository to ask.
        repository: on GitHub; None: there is none, and the user's word counts where it was given.

    Raises:
        InputError: what is named cannot be read.
        RefusalError: the verdict cannot promote those bytes.
        ServiceError: a service could not be reached, or refused.
    """
    if asked.commit is not None and repository is not None:
        return _verify_commit(asked, find, repository)
    presented = presented_of(asked)
    verdict = read_presented(presented)
    if repository is None or asked.signing is None:
        claim = _claim(asked, _policy(asked), find(verdict), newest(verdict))
        return verify(presented, replace(claim, repository=asked.repository), local_ports())
    unsigned = repository.unsigned(presented, asked.signing)
    policy = repository.policy(asked.policy, asked.profiles)
    claim = _claim(asked, policy.text, find(verdict), repository.newest(verdict, policy))
    claim = replace(claim, repository=repository.name, now=repository.now())
    return verify(replace(presented, trust=Trust.ATTESTATION), claim, local_ports(), unsigned)


def _verify_commit(asked: Asked, find: Find, repository: Repository) -> Verified:
    """Verify the verdict of a commit that is about the bytes; of several runs, the one that names them."""
    policy = repository.policy(asked.policy, asked.profiles)
    with tempfile.TemporaryDirectory(prefix="gatekeeper-verify-") as scratch:
        sources = repository.sources(str(asked.commit), asked.run, policy, Path(scratch))
        found = [(one, find(one.verdict)) for one in sources]
        fitting = [(one, stored) for one, stored in found if _names(one.verdict, stored)] or found
        if len(fitting) > 1:
            runs = ", ".join(show_name(one.verdict.run.name) for one, _ in fitting)
            text = f"expected one run of the commit that this checkpoint is of, got several: {runs}; name one by --run."
            raise RefusalError(Refusal(reason=Reason.SEVERAL_VERDICTS, text=text))
        [(source, stored)] = fitting
        presented = Presented(
            name=f"the artifact gatekeeper-{source.job}",
            content=source.content,
            evidence=source.folder,
            attestation=source.folder / ATTESTATION,
            trust=Trust.WORKFLOW,
        )
        unsigned: tuple[Refusal, ...] = ()
        if asked.signing is not None:
            unsigned = repository.unsigned(presented, asked.signing)
            presented = replace(presented, trust=Trust.ATTESTATION)
        claim = _claim(asked, policy.text, stored, source.later)
        claim = replace(claim, repository=repository.name, commit=asked.commit, now=repository.now())
        return verify(presented, claim, local_ports(), unsigned)


def _names(verdict: Verdict, stored: Stored | None) -> bool:
    """Tell whether a verdict is about these bytes, as its run logged them."""
    same = stored is not None and verdict.checkpoint is not None and verdict.checkpoint.digest == stored.digest
    return same and stored is not None and (stored.logged_by is None or is_run(verdict.run, stored.logged_by))


def _policy(asked: Asked) -> PolicyText:
    if asked.policy is not None:
        return read_policy_file(asked.policy)
    return profile_policy(asked.profiles) if asked.profiles else fallback_policy()


def _claim(asked: Asked, policy: PolicyText, stored: Stored | None, later: str | None) -> Claim:
    return Claim(
        digest=None if stored is None else stored.digest,
        artifact=None if stored is None else stored.name,
        refers=stored is not None and stored.refers,
        logged_by=None if stored is None else stored.logged_by,
        run=asked.run,
        repository=None,
        policy_sha256=hashlib.sha256(policy.text.encode()).hexdigest(),
        policy_source=policy.source,
        version=tool_version(),
        now=datetime.now(UTC),
        max_age=asked.max_age,
        later=later,
    )
