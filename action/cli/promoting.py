"""A promotion with its registry and its verdict put together. Composition alone."""

from __future__ import annotations

import getpass
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from action.cli.asked import Asked, asked_of
from action.cli.gone import gone_if_judged
from action.cli.proposal import EntryOf
from action.cli.registries import open_wandb_registry, require_artifact
from action.cli.verifying import TRUST_LOCAL, open_asked, refused_later, verify_asked
from action.errors import RefusalError, UsageError
from action.files import show_name
from action.promotion import Promoted, Promotion, promote, read_alias, record_of
from action.registries.local import SHA256, LocalRegistry
from action.registry import Change, Registry, Stored
from action.report.tracker_page import GivenTemplate, tracker_entry
from action.report.tracker_promotion import with_promotion
from action.runs import exists
from action.settings import TIME
from action.tracker.edit import RunEntry
from action.verification import RefusedVerdictError
from action.verified import Verified
from checks.narrative import narrate
from checks.refusal import Reason, Refusal

if TYPE_CHECKING:
    from action.cli.verify_options import Given
    from checks.result import Verdict

_SHORT, _LONG = 200, 1_000
"""Characters of who promotes, and of why."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is promoted, and where."""

    artifact: str
    alias: str
    registry: Path | None
    """The folder of a local one; None: W&B."""
    collection: str | None
    """On W&B, that it is linked to; None: its own."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """What became of a promotion."""

    title: str
    """What the registry is called."""
    promoted: Promoted | None
    refusals: tuple[Refusal, ...] = ()
    """Empty where it is promoted."""


def run_promotion(given: Given, target: Target, who: tuple[str, str], *, dry_run: bool) -> Done:
    """Promote what the options name; `who`: who does it (empty: the user of this machine), and why.

    Raises:
        InputError, UsageError: what is named cannot be read, or does not fit together.
        OutputError, ServiceError: a registry or service could not be reached, or refused.
    """
    by, why = who
    wanted = Promotion(
        artifact=target.artifact,
        alias=read_alias(target.alias),
        by=_plain(by, _SHORT) or _user(),
        why=_plain(why, _LONG),
        at=datetime.now(UTC).strftime(TIME),
        dry_run=dry_run,
    )
    with _client(target):
        return _promote(given, target, wanted)


def _client(target: Target) -> AbstractContextManager[None]:
    """Start W&B's client once, for all that is asked of it."""
    if target.registry is not None:
        return nullcontext()
    from action.wandb_service.launch import warm_client  # noqa: PLC0415 - seldom wanted

    return warm_client()


def _promote(given: Given, target: Target, wanted: Promotion) -> Done:
    registry = _registry(given, target)
    try:
        given = _with_kept(given, registry, target)
        asked = asked_of(given)
        asked.require()
        _require_place(asked, target)
        _require_artifact(target)
        repository = open_asked(given)

        def verify(to: Stored) -> Verified:
            try:
                return verify_asked(asked, lambda _: to, lambda verdict: _newest(registry, verdict), repository)
            except RefusedVerdictError as error:
                _remember(registry, wanted, to, error)
                raise

        with gone_if_judged(asked, repository):
            return Done(title=registry.title, promoted=promote(wanted, registry, verify))
    except RefusalError as error:
        return Done(title=registry.title, promoted=None, refusals=error.refusals)


def _registry(given: Given, target: Target) -> Registry:
    if target.registry is None:
        return open_wandb_registry(given.deadline, target.collection)
    if target.collection is not None:
        raise UsageError("--to: expected it for W&B, got it beside --registry; leave one of them out")
    local = LocalRegistry(target.registry)
    local.require_ours()
    return local


def _with_kept(given: Given, registry: Registry, target: Target) -> Given:
    """Name the verdict that a local registry keeps of a checkpoint of its own, where no other is named."""
    named = given.verdict is not None or given.commit is not None
    if named or not isinstance(registry, LocalRegistry) or not target.artifact.startswith(SHA256):
        return given
    registry.find(target.artifact)
    return replace(given, verdict=registry.kept_verdict(target.artifact))


def entry_of_promotion(promoted: Promoted, title: str) -> EntryOf:
    """Lay out the entry of the run that was promoted, with its promotion; `title`: of the registry."""
    verified = promoted.verified

    def lay_out(template: GivenTemplate | None) -> RunEntry:
        told = narrate(verified.policy, verified.evidence, verified.verdict)
        before = promoted.moved is not None and promoted.moved.change is Change.ALREADY
        return with_promotion(tracker_entry(verified.verdict, told, template), promoted.order, title, before=before)

    return lay_out


def _require_place(asked: Asked, target: Target) -> None:
    if asked.trust_local and target.registry is None:
        raise RefusalError(Refusal(reason=Reason.TRUST_LOCAL, text=TRUST_LOCAL))


def _require_artifact(target: Target) -> None:
    if target.registry is None and exists(Path(target.artifact)):
        raise UsageError(
            f"{show_name(target.artifact)}: expected an artifact on W&B as entity/project/name:v7, got a file or "
            "folder; name a local registry for it with --registry DIR"
        )
    if target.registry is None:
        require_artifact(target.artifact)


def _newest(registry: Registry, verdict: Verdict) -> str | None:
    """Give when a newer verdict on the run did not pass, as far as a local registry has seen it."""
    return refused_later(registry, verdict) if isinstance(registry, LocalRegistry) else None


def _remember(registry: Registry, wanted: Promotion, to: Stored, error: RefusedVerdictError) -> None:
    """Let a local registry know of a verdict that does not pass, if it is one: an older pass counts no more."""
    reasons = {one.reason for one in error.refusals}
    failed = Reason.NOT_A_PASS in reasons and reasons <= _SOUND
    if isinstance(registry, LocalRegistry) and failed and not wanted.dry_run:
        record = record_of(wanted, error.verdict, error.sha256)
        registry.refuse(wanted.alias, to, record, [str(one.reason) for one in error.refusals])


_SOUND = frozenset(
    {
        Reason.NOT_A_PASS,
        Reason.TOO_OLD,
        Reason.SUPERSEDED,
        Reason.WAIVER,
        Reason.NO_CHECKPOINT,
        Reason.NO_DIGEST,
        Reason.OTHER_CHECKPOINT,
    }
)
"""With these alone a verdict is what its evidence gives, believed, and by the policy in force."""


def _plain(text: str, most: int) -> str:
    """Give a text on one line, without what cannot be seen, cut; who shows it escapes it."""
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _user() -> str:
    with suppress(OSError, KeyError, ImportError):
        return show_name(getpass.getuser())
    return "somebody"
