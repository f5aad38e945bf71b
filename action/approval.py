"""Who approved a waiver: found in the history of the policy on GitHub, and in the reviews of a pull request.

A waiver is added by a commit that has it and whose parents all lack it: so one that was prolonged is a new one, and one
that was removed and added again counts from then on. Nothing is written, and no verdict depends on what is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from action.errors import InputError
from action.files import show_name
from action.forge import Commit, Forge, Opinion, Pull, Review
from checks.approval import Approval
from checks.run import Note, NoteKind
from checks.waiver import Waiver, waivers_in

VERSIONS = 20
"""Of the policy, that are read for one run: what is older stays unknown."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What was found out of a waiver."""

    approval: Approval | None
    """None: it is not known."""
    notes: tuple[Note, ...] = ()


class Approvals:
    """Finds out who approved the waivers of one policy. What was read once is kept."""

    def __init__(self, forge: Forge, path: str, branch: str | None, name: str | None) -> None:
        """Take the repository, and where the policy lies in it.

        Args:
            forge: the repository.
            path: of the policy.
            branch: that it is read from; None: the default one.
            name: of that branch, as far as it is known.
        """
        self._forge, self._path, self._branch, self._name = forge, path, branch, name
        self._read: dict[str, frozenset[Waiver]] = {}

    def find(self, waiver: Waiver) -> Found:
        """Find out who approved a waiver: the reviewers of the pull request that brought it into the policy.

        Raises:
            ServiceError: GitHub could not be reached, or refused.
        """
        added = self._added(waiver)
        pull = None if added is None else self._merged(added)
        approvers = () if pull is None else self._approvers(pull, waiver)
        if added is None or approvers is None:
            text = (
                f"who approved the waiver of {waiver.check} for {waiver.scope} is not known: the {VERSIONS} newest "
                f"versions of {show_name(self._path)}, which are looked at, do not tell"
            )
            return Found(approval=None, notes=(Note(kind=NoteKind.ODD, text=text),))
        return Found(
            approval=Approval(
                check=waiver.check,
                scope=waiver.scope,
                reason=waiver.reason,
                expires=waiver.expires.isoformat(),
                pull_request=None if pull is None else pull.number,
                approved_by=approvers,
            )
        )

    def _added(self, waiver: Waiver) -> Commit | None:
        """Give the commit that added a waiver; None: it is not found, or older than what is looked at."""
        ref = self._branch
        while True:
            last = None
            for commit in self._forge.versions(self._path, ref):
                has = self._has(commit.sha, waiver)
                if has is None:
                    return None
                if not has:
                    break
                last = commit
            if last is None:
                return None
            # Commits of branches that were merged stand mixed in one list: the next need not be the one before.
            before = {parent: self._has(parent, waiver) for parent in last.parents}
            if None in before.values():
                return None
            if True not in before.values():
                return last
            ref = next(parent for parent, has in before.items() if has)

    def _has(self, sha: str, waiver: Waiver) -> bool | None:
        """Tell whether the policy of a commit has a waiver; None: that is one version more than are read."""
        if sha not in self._read:
            if len(self._read) == VERSIONS:
                return None
            self._read[sha] = waivers_in(self._text(sha))
        return waiver in self._read[sha]

    def _text(self, sha: str) -> str:
        try:
            return self._forge.read_file(self._path, sha) or ""
        except InputError:
            return ""  # what is no text was no policy in force

    def _merged(self, added: Commit) -> Pull | None:
        """Give the pull request that brought a commit into the branch, of several the first."""
        pulls = self._forge.pulls_of_commit(added.sha) or ()
        merged = [one for one in pulls if one.merged and self._name in (None, one.base)]
        return min(merged, key=lambda one: (one.merged_at or "", one.number), default=None)

    def _approvers(self, pull: Pull, waiver: Waiver) -> tuple[str, ...] | None:
        """Give the people who approved a state that has the waiver; None: more versions than are read.

        A login counts by the last word of its owner. The author approves nothing, nor does an app.
        """
        words = last_words(self._forge.reviews(pull.number))
        approving = {
            one.author: one.sha is not None and self._has(one.sha, waiver)
            for one in words
            if one.opinion is Opinion.APPROVED and one.person and one.author.lower() != (pull.author or "").lower()
        }
        if None in approving.values():
            return None
        return tuple(sorted(login for login, had in approving.items() if had))


def last_words(reviews: Sequence[Review]) -> tuple[Review, ...]:
    """Give the last review of each author that says something for or against."""
    return tuple({one.author.lower(): one for one in reviews if one.opinion is not Opinion.COMMENTED}.values())
