"""Aliases in a folder: found in the log, moved by one new entry of it, shown as links.

No rule of a verdict may enter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from action.checkpoint import read_checkpoint
from action.errors import InputError, OutputError, RefusalError
from action.files import show_name
from action.registries.local.history import holder_of, newest, tell
from action.registries.local.links import ALIASES, LOCK, LockedError, show
from action.registries.local.log import PROMOTED, REFUSED, Entry, append, read_log
from action.registries.local.shelf import (
    ALTERED,
    CHECKPOINTS,
    INCOMING,
    SHA256,
    STRAY,
    VERDICTS,
    find_digest,
    keep,
    keep_proof,
    require_digest,
    require_proof,
    shelf_place,
)
from action.registry import Change, Event, Moved, Order, Record, Stored
from checks.refusal import Reason, Refusal

_LOG = "log"
_TRIES = 100
"""Of adding to the log while others add to it."""


class LocalRegistry:
    """A registry in a folder, which is made by the first promotion."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._places: dict[str, Path] = {}
        """Digest → where the user said that the bytes lie."""

    @property
    def title(self) -> str:
        """What messages call it."""
        return show_name(self._root)

    def require_ours(self) -> None:
        """Refuse a folder that holds other things, before anything is put into it; InputError."""
        with suppress(FileNotFoundError, NotADirectoryError):
            names = {place.name for place in self._root.iterdir() if not place.name.startswith(".")}
            foreign = sorted(names - {_LOG, ALIASES, CHECKPOINTS, VERDICTS, INCOMING})
            if _LOG not in names and foreign:
                raise InputError(
                    f"{self.title}: expected a registry, or a new or empty folder for one, got one with "
                    f"{show_name(foreign[0])} in it; name another with --registry"
                )

    def find(self, artifact: str, /) -> Stored:
        """Find a checkpoint: a file or folder anywhere, or `sha256:…` of one that the registry has.

        Raises:
            InputError: there is none.
            RefusalError: the registry's own copy was changed.
        """
        if artifact.startswith(SHA256):
            digest = find_digest(self._root, artifact)
            place = None if digest is None else shelf_place(self._root, digest)
            if place is None:
                raise InputError(
                    f"{show_name(artifact)}: expected a checkpoint that the registry {self.title} has, found none of "
                    "that digest; `gatekeeper promotions` lists them"
                )
            require_digest(place, str(digest), ALTERED)
            artifact = str(place)
        elif Path(artifact).name in STRAY:
            raise InputError(
                f"{show_name(artifact)}: expected a checkpoint, got a name under which file managers leave notes of "
                "their own, which no registry keeps; give it another"
            )
        elif Path(artifact).is_symlink() and Path(artifact).absolute().parent == (self._root / ALIASES).absolute():
            artifact = str(Path(artifact).resolve())  # it is called what it was, not what it holds
        found = read_checkpoint(artifact)
        if found.digest is None:
            raise InputError(
                f"{show_name(artifact)}: expected the file or folder of a checkpoint, found nothing there; check the "
                "path, write sha256:… for one that the registry has, or leave --registry out for an artifact on W&B"
            )
        self._places[found.digest] = Path(artifact)
        return Stored(name=found.name, digest=found.digest, key=found.digest)

    def holder(self, alias: str, _artifact: Stored | None = None, /) -> Stored | None:
        """Give who holds an alias; None: nobody does.

        Raises:
            InputError: the log is damaged, or has the alias in other letters: some disks take both for one.
        """
        log = read_log(self._root / _LOG)
        alike = {one.alias for one in log if (one.alias or "").lower() == alias.lower()}
        if alike and alias not in alike:
            other = min(filter(None, alike))
            raise InputError(
                f"{show_name(alias)}: expected an alias that differs from {other}, which the registry {self.title} "
                "has, in more than capital letters; write it so, or choose another"
            )
        return holder_of(log, alias)

    def refused(self, run: str, policy_sha256: str, verdict_sha256: str) -> str | None:
        """Give when the newest other verdict on a run, by a policy, was given that did not pass; None: none is known.

        One that promoted another checkpoint of the run says nothing against this one.
        """
        log = (one for one in read_log(self._root / _LOG) if one.event == REFUSED and one.said["run"] == run)
        by_policy = (one.said["verdict"] for one in log if one.said["policy"]["sha256"] == policy_sha256)
        return max((str(one["judged_at"]) for one in by_policy if one["sha256"] != verdict_sha256), default=None)

    def proof(self, alias: str) -> Path | None:
        """Give the folder with the verdict and the evidence by which the holder was promoted; None: nobody holds it.

        Raises:
            InputError: the log is damaged, or they are not those of the promotion.
        """
        last = newest(read_log(self._root / _LOG), alias)
        return None if last is None else self._proof_of(last)

    def kept_verdict(self, artifact: str) -> Path | None:
        """Give the folder with the verdict by which a checkpoint of the registry, `sha256:…`, was promoted last.

        None: it never was. InputError: the log is damaged, or the verdict is not that of the promotion.
        """
        digest = find_digest(self._root, artifact)
        promoted = (one for one in reversed(read_log(self._root / _LOG)) if one.event == PROMOTED)
        return next((self._proof_of(one) for one in promoted if one.said["checkpoint"]["digest"] == digest), None)

    def history(self) -> tuple[Event, ...]:
        """Give all that it remembers, newest first. InputError: the log is damaged, or there is none."""
        log = read_log(self._root / _LOG)
        if not log:
            raise InputError(
                f"{self.title}: expected the folder of a local registry, found no log in it; name the one that "
                "`gatekeeper promote --registry` was given"
            )
        return tell(log)

    def _proof_of(self, entry: Entry) -> Path:
        place = self._root / VERDICTS / str(entry.said["verdict"]["sha256"])
        require_proof(place, str(entry.said["verdict"]["sha256"]), str(entry.said["evidence"]["sha256"]))
        return place

    def move(self, order: Order, /) -> Moved:
        """Move an alias by one new entry of the log, and show it as a link.

        Raises:
            InputError: the log is damaged.
            OutputError: the registry cannot be written.
            RefusalError: somebody else moved the alias, or the bytes are not those that were judged.
        """
        digest = str(order.to.digest)
        place = keep(self._root, self._places[digest], digest)
        keep_proof(self._root, order.record.verdict_sha256, order.proof)
        before, change = self._commit(order)
        self._show(order.alias)
        advice = (
            f"its bytes were changed as {order.alias} was moved to them: promote what held it before, or restore them"
        )
        require_digest(place, digest, advice)
        return Moved(change=change, before=before, place=show_name(self._root / ALIASES / order.alias))

    def refuse(self, alias: str | None, to: Stored, record: Record, reasons: Sequence[str]) -> None:
        """Remember that a verdict was refused: an older one on the same run promotes no more."""
        for _ in range(_TRIES):
            log = read_log(self._root / _LOG)
            if any(one.said["verdict"]["sha256"] == record.verdict_sha256 for one in log):
                return
            if append(self._root / _LOG, log, _said(REFUSED, (alias, to), record, reasons)):
                return

    def _commit(self, order: Order) -> tuple[Stored | None, Change]:
        for _ in range(_TRIES):
            log = read_log(self._root / _LOG)
            now = holder_of(log, order.alias)
            last = newest(log, order.alias)
            same = order.to.is_same(now)
            if same and last is not None and last.said["verdict"]["judged_at"] >= order.record.judged_at:
                return now, Change.ALREADY
            if not same and not (now is None if order.expected is None else order.expected.is_same(now)):
                raise RefusalError(Refusal(reason=Reason.ALIAS_MOVED, text=self._moved(log, order.alias)))
            if append(self._root / _LOG, log, _said(PROMOTED, (order.alias, order.to), order.record)):
                return now, Change.ALREADY if same else Change.MOVED  # by a newer verdict, which is kept
        raise OutputError(
            f"the registry {self.title}: expected to be let in, but {_TRIES} others were first; run again"
        )

    def _moved(self, log: Sequence[Entry], alias: str) -> str:
        last = newest(log, alias)
        now = "nobody" if last is None else show_name(last.said["checkpoint"]["name"])
        by = "" if last is None else f", moved by {show_name(last.said['by'])} at {show_name(last.said['at'])}"
        return (
            f"expected {alias} to be where it was when this promotion began, but it is held by {now}{by}; look whether "
            "yours is still wanted, and run again."
        )

    def _show(self, alias: str) -> None:
        """Make the link anew from the log."""
        try:
            show(self._root, alias, lambda: self._target(alias))
        except LockedError as error:
            raise OutputError(
                f"the registry {self.title}: expected to be let in to make the link of the alias, but another program "
                f"keeps {LOCK} locked; the alias is moved: end that one, and run again"
            ) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise OutputError(
                f"{show_name(self._root / ALIASES)}: expected a folder that links can be made in, got: {reason}; the "
                f"alias is moved: {show_name(self._root / _LOG)} says so; once the folder is in order, running again "
                "makes the link"
            ) from error

    def _target(self, alias: str) -> Path | None:
        """Say where the log has the link lead; None: nowhere, or to bytes that are gone."""
        now = self.holder(alias)
        return None if now is None else shelf_place(self._root, str(now.digest))


def _said(
    event: str, about: tuple[str | None, Stored], record: Record, reasons: Sequence[str] = ()
) -> Mapping[str, Any]:
    alias, to = about
    return {
        "event": event,
        "at": record.at,
        "by": record.by,
        "why": record.why,
        "alias": alias,
        "checkpoint": {"name": to.name, "digest": to.digest},
        "run": record.run,
        "repository": record.repository,
        "commit": record.commit,
        "verdict": {"sha256": record.verdict_sha256, "judged_at": record.judged_at},
        "evidence": {"sha256": record.evidence_sha256},
        "policy": {"sha256": record.policy_sha256},
        "tool": {"version": record.tool_version},
        "waived": list(record.waived),
        "reasons": list(reasons),
    }
