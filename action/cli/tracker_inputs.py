"""How the experiment tracker is kept, as a user may say it. No decision may enter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from action.errors import UsageError
from action.files import show_name
from action.publish import TRACKER_BRANCH
from action.publish.drafting import Wish
from action.tracker import TRACKER

TRACKERS = ("none", "pull-request", "commit")
"""How the tracker may be kept: not at all, by a pull request, right on the branch."""
_REVIEWER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,98}[A-Za-z0-9])?(?:/[\w.-]{1,100})?")


@dataclass(frozen=True, kw_only=True)
class TrackerInputs:
    """How the experiment tracker is kept."""

    mode: str = "none"
    path: str = TRACKER
    base: str = ""
    """Empty: the default branch."""
    branch: str = TRACKER_BRANCH
    template: str = ""
    """A file of the base branch; empty: our own."""
    labels: tuple[str, ...] = ()
    reviewers: tuple[str, ...] = ()

    def require(self, of: str = "tracker-") -> None:
        """Refuse what cannot be meant; `of`: how the names begin by which people know these.

        Raises:
            UsageError: with the first fault.
        """
        if self.mode not in TRACKERS:
            raise UsageError(
                f"tracker: expected {', '.join(TRACKERS[:-1])} or {TRACKERS[-1]}, got {show_name(self.mode)}; correct "
                "the input"
            )
        for name, path in (("file", self.path), ("template", self.template)):
            if path and not _is_path(path):
                raise UsageError(
                    f"{of}{name}: expected a path in the repository such as {TRACKER}, got "
                    f"{show_name(path)}; correct it"
                )
        if not self.path:
            raise UsageError(f"{of}file: expected a path in the repository, got none; name it")
        for name, branch in (("base", self.base or "main"), ("branch", self.branch)):
            if not is_branch(branch):
                raise UsageError(f"{of}{name}: expected the name of a branch, got {show_name(branch)}; correct it")
        if self.base == self.branch:
            raise UsageError(
                f"{of}branch: expected another branch than {show_name(self.base)}, got the same; rename it"
            )
        odd = next((one for one in self.reviewers if not _REVIEWER.fullmatch(one)), None)
        if odd is not None:
            raise UsageError(
                f"{of}reviewers: expected logins, or teams as owner/team, got {show_name(odd)}; correct it"
            )

    def wish(self, base: str) -> Wish:
        """Say where an entry shall go."""
        return Wish(
            path=self.path,
            base=base,
            branch=self.branch,
            direct=self.mode == "commit",
            labels=self.labels,
            reviewers=self.reviewers,
        )


def is_branch(name: str) -> bool:
    """Tell whether Git takes a name for a branch (git-check-ref-format).

    >>> [is_branch(name) for name in ("experiment-gatekeeper/tracker", "a..b", "-x", "a.lock", "")]
    [True, False, False, False, False]
    """
    odd = re.search(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(?:/|$)", name)
    return bool(name) and not odd and name != "@" and name[0] not in "-/." and name[-1] not in "/."


def _is_path(path: str) -> bool:
    parts = path.split("/")
    return path.isprintable() and "\\" not in path and all(part not in {"", ".", "..", ".git"} for part in parts)
