"""What is to be verified, as the user named it. Nothing is read here but options and the environment."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from action.errors import RefusalError, UsageError
from action.files import show_name
from checks.promotion import MAX_AGE
from checks.refusal import Reason, Refusal

if TYPE_CHECKING:
    from action.cli.verify_options import Given

_SPAN = re.compile(r"([0-9]{1,6})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, kw_only=True)
class Bytes:
    """The checkpoint that is to be promoted, as the user named it."""

    artifact: str | None = None
    path: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Signing:
    """How signatures are looked at."""

    attestation: Path | None = None
    """The bundle; None: beside the verdict."""
    trusted_root: Path | None = None
    """None: the public-good one."""
    signer: str | None = None
    """The identity that has to have signed; None: our workflow on the default branch."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is to be verified, as the user named it."""

    verdict: Path | None = None
    commit: str | None = None
    evidence: Path | None = None
    policy: Path | None = None
    profiles: tuple[str, ...] = ()
    max_age: timedelta = MAX_AGE
    run: str | None = None
    repository: str | None = None
    """`owner/name`, where it is not opened; None: the verdict is of none."""
    trust_local: bool = False
    signing: Signing | None = None
    """None: no signature is asked for."""

    def require(self) -> None:
        """Refuse what does not fit together.

        Raises:
            UsageError: it does not.
            RefusalError: a job of Actions asks to be believed.
        """
        if (self.verdict is None) == (self.commit is None):
            got = "neither" if self.verdict is None else "both"
            raise UsageError(
                f"expected the file of a verdict (with promote: --verdict FILE) or --commit SHA, got {got}; name one"
            )
        if self.commit is not None and (self.evidence is not None or self.trust_local):
            raise UsageError(
                "--commit: expected neither --evidence nor --trust-local beside it, since the workflow's artifact "
                "holds the evidence; leave them out"
            )
        if self.trust_local and self.signing is not None:
            raise UsageError("--trust-local and --signed: expected one of them, got both; leave one out")
        if self.policy is not None and self.profiles:
            raise UsageError("--policy and --profile: expected one of them, got both; put `extends` into the policy")
        if self.trust_local and os.environ.get("GITHUB_ACTIONS", "").strip():
            text = (
                "expected no --trust-local in a job of Actions, where a pull request could have written the verdict; "
                "name the commit with --commit, or sign verdicts and give --signed."
            )
            raise RefusalError(Refusal(reason=Reason.TRUST_LOCAL, text=text))


def read_span(text: str) -> timedelta:
    """Read an age as `90m`, `12h`, `7d` or `2w`.

    >>> read_span("12h")
    datetime.timedelta(seconds=43200)

    Raises:
        UsageError: it is none.
    """
    found = _SPAN.fullmatch(text)
    if found is None or int(found[1]) == 0:
        raise UsageError(f"--max-age: expected an age such as 90m, 12h, 7d or 2w, got {show_name(text)}; correct it")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def read_commit(text: str) -> str:
    """Read a whole commit.

    Raises:
        UsageError: it is none: a branch could be another commit by now.
    """
    if not re.fullmatch(r"[0-9a-fA-F]{40}|[0-9a-fA-F]{64}", text):
        raise UsageError(f"--commit: expected a whole commit of 40 hexadecimal digits, got {show_name(text)}; name it")
    return text.lower()


def asked_of(given: Given) -> Asked:
    """Read the options.

    Raises:
        UsageError: one of them is wrong.
    """
    signing = signing_of(given)
    hosted = {"--base": given.base, "--workflow": given.workflow}
    idle = [name for name, value in hosted.items() if value is not None]
    if idle and given.commit is None and signing is None:
        raise UsageError(f"{idle[0]}: expected it with --commit or --signed, got neither; leave it out, or give one")
    return Asked(
        verdict=given.verdict,
        commit=None if given.commit is None else read_commit(given.commit),
        evidence=given.evidence,
        policy=given.policy,
        profiles=given.profiles,
        max_age=read_span(given.max_age),
        run=given.run,
        repository=given.repository or (None if given.trust_local else os.environ.get("GITHUB_REPOSITORY") or None),
        trust_local=given.trust_local,
        signing=signing,
    )


def signing_of(given: Given) -> Signing | None:
    """Read how signatures are looked at; None: none is asked for."""
    named = (given.attestation, given.trusted_root, given.signer)
    if not given.signed and not any(named):
        return None
    return Signing(attestation=given.attestation, trusted_root=given.trusted_root, signer=given.signer)
