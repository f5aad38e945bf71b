"""What the tracker shall be on its branch, from where base and branch stand. Nothing is written here."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from action.branches import Branch, Branches, Change, File, Proposal, Stage
from action.errors import InputError, ServiceError
from action.files import show_name
from action.publish import TRACKER_BRANCH
from action.tracker.edit import Edit, TrackerError
from action.tracker.merge import merge_trackers

_CLOSED, _NAMES = 5, 50


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Where an entry shall go."""

    path: str
    base: str
    branch: str = TRACKER_BRANCH
    direct: bool = False
    """Right on the base, without a pull request."""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()
    """People by `login`, teams by `owner/team`."""


@dataclass(frozen=True, kw_only=True)
class Spot:
    """Where things stand."""

    base: Branch
    branch: str
    """That takes the commit."""
    tip: str | None
    """Its commit; None: there is no such branch."""
    open: Proposal | None = None
    closed: tuple[Proposal, ...] = ()
    """Those that people closed without merging them, the newest first."""

    @property
    def url(self) -> str | None:
        """The address of the open pull request."""
        return None if self.open is None else self.open.url


@dataclass(frozen=True, kw_only=True)
class Draft:
    """The text that the branch shall have."""

    edit: Edit
    base_text: str
    change: Change | None
    """None: the branch has it, or shall not have it."""
    there: bool
    """It differs from the base's: there is something to propose."""
    closed: Proposal | None = None
    """A pull request that people closed, and that said the same of the run."""
    conflict: bool = False
    """The base has changed the tracker too, and was not brought together with it."""


class Drafting:
    """An entry, before it is written."""

    def __init__(self, shop: Branches, wish: Wish, edit: Callable[[str], Edit]) -> None:
        """Take the repository, where the entry goes, and what puts it into a tracker's text."""
        self._shop, self._wish, self._edit = shop, wish, edit

    def look(self) -> Spot:
        """See where base and branch stand.

        The branch is the first of its names (`…`, `…-2`, …) that has an open pull request, or none yet: one that was
        merged or closed is left as it is.

        Raises:
            InputError: there is no such base.
            ServiceError: GitHub could not be reached, or refused.
        """
        base = self.head(self._wish.base)
        if base is None:
            raise InputError(
                f"{show_name(self._wish.base)}: expected a branch of the repository, got none of that name; name "
                "another, or make a first commit"
            )
        if self._wish.direct:
            return Spot(base=base, branch=base.name, tip=base.sha)
        heads = {one.name: one.sha for one in self._shop.branches(self._wish.branch)}
        names = [self._wish.branch, *(f"{self._wish.branch}-{number}" for number in range(2, _NAMES))]
        free = next((name for name in names if name not in heads), None)
        # People may have deleted one before another that is open.
        known = {name: self._shop.proposals(name) for name in names if name in heads or name == free}
        closed = sorted(
            (one for listed in known.values() for one in listed if one.stage is Stage.CLOSED),
            key=lambda one: -one.number,
        )
        for name, listed in known.items():
            opened = next((one for one in listed if one.stage is Stage.OPEN), None)
            if opened is not None and name in heads:
                if opened.base != base.name:  # people chose another
                    base = self.head(opened.base) or base
                return Spot(base=base, branch=name, tip=heads[name], open=opened, closed=tuple(closed))
        for name, listed in known.items():
            if name not in heads or not listed:
                return Spot(base=base, branch=name, tip=heads.get(name), closed=tuple(closed))
        raise ServiceError(
            f"GitHub: expected fewer than {_NAMES} branches {show_name(self._wish.branch)}-…, got more that were "
            "merged or closed and left behind; delete them, or let GitHub delete head branches by itself"
        )

    def look_again(self, spot: Spot) -> Spot:
        """See where the branch stands after another wrote; all else is looked at anew only where it is gone or new."""
        if self._wish.direct or spot.tip is None:
            return self.look()
        head = self.head(spot.branch)
        return self.look() if head is None else replace(spot, tip=head.sha)

    def head(self, name: str) -> Branch | None:
        """Give where a branch stands; None: there is none of that name."""
        return next((one for one in self._shop.branches(name) if one.name == name), None)

    def compose(self, spot: Spot) -> Draft:
        """Say what the branch shall have.

        Raises:
            InputError: the tracker there is no text that an entry can be put into.
            ServiceError: GitHub could not be reached, or refused.
        """
        base = self.file(spot.base.sha)
        if spot.tip is None or spot.tip == spot.base.sha:
            return self._anew(spot, base)
        apart = self._shop.divergence(spot.base.sha, spot.tip)
        if apart.merge_base == spot.tip:
            return self._anew(spot, base)
        tip, origin = self.file(spot.tip), self.file(apart.merge_base)
        moved, conflict = base.sha not in {origin.sha, tip.sha}, False
        if moved and set(apart.paths) <= {self._wish.path}:
            edit = self.edited(merge_trackers(origin.text, base.text, tip.text), spot.branch)
            change: Change | None = self._change(edit, (spot.tip, spot.base.sha), spot.base.sha)
        else:
            edit = self.edited(tip.text, spot.branch)
            change = None if edit.text == tip.text else self._change(edit, (spot.tip,), spot.tip)
            conflict = moved
        there = edit.text != base.text
        if spot.open is None and not there:
            return Draft(edit=edit, base_text=base.text, change=None, there=False)
        was = self._was(spot) if edit.first else None
        if was is not None:
            return Draft(edit=edit, base_text=base.text, change=None, there=False, closed=was)
        return Draft(edit=edit, base_text=base.text, change=change, there=there, conflict=conflict)

    def file(self, sha: str) -> File:
        """Read the tracker of a commit."""
        return self._shop.file(sha, self._wish.path)

    def edited(self, text: str, branch: str) -> Edit:
        """Put the entry into a text.

        Raises:
            InputError: what would be written could not be found again.
        """
        try:
            return self._edit(text)
        except TrackerError as error:
            at = ":" if str(error)[:1].isdigit() else ": "
            raise InputError(f"{show_name(self._wish.path)} of {show_name(branch)}{at}{error}") from error

    def _anew(self, spot: Spot, base: File) -> Draft:
        """Say what a branch shall have that has nothing of its own."""
        edit = self.edited(base.text, spot.base.name)
        if edit.text == base.text:
            return Draft(edit=edit, base_text=base.text, change=None, there=False)
        was = self._was(spot)
        if was is not None:
            return Draft(edit=edit, base_text=base.text, change=None, there=False, closed=was)
        change = self._change(edit, (spot.base.sha,), spot.base.sha)
        return Draft(edit=edit, base_text=base.text, change=change, there=True)

    def _was(self, spot: Spot) -> Proposal | None:
        """Give a pull request that people closed, and that said the same of this run; the last few are looked at."""
        return next((one for one in spot.closed[:_CLOSED] if self._said(one)), None)

    def _said(self, closed: Proposal) -> bool:
        """Tell whether a pull request that people closed said the same of this run."""
        with suppress(ServiceError, InputError):  # GitHub may have thrown it away
            text = self.file(closed.head_sha).text
            return self.edited(text, "").text == text
        return False

    def _change(self, edit: Edit, parents: tuple[str, ...], like: str) -> Change:
        # No text of a run stands in a commit's message: GitHub closes issues and calls people by what it reads there.
        more = " to what the base has become" if len(parents) > 1 else ""
        message = f"Experiment tracker: Exp {edit.number} {'added' if edit.new else 'filled in'}{more}"
        return Change(path=self._wish.path, text=edit.text, message=message, parents=parents, like=like)
