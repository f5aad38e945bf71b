"""The one comment of a pull request: found, written, and brought back to one where two jobs wrote at once.

What it says may not enter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from action.errors import ServiceError
from action.forge import Comment, Forge


class Operation(StrEnum):
    """What became of the comment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    NONE = "none"
    """Nothing was written: there is no pull request, or nothing may be said there."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """The comment as it stands now."""

    operation: Operation
    url: str | None = None


class Sticky:
    """The comments of a pull request that begin with our marker and were written by us.

    A marker alone proves nothing: anybody can post it. Ours is the comment of an app, which nobody adds to a
    repository without its owner, or of the user that the token belongs to.
    """

    def __init__(self, forge: Forge, number: int, marker: str) -> None:
        self._forge = forge
        self._number = number
        self._marker = marker
        self._viewer: list[str | None] = []

    def write(self, compose: Callable[[str | None], str | None]) -> Posted:
        """Bring the comment to what it is to be.

        Args:
            compose: the comment as it is (None: there is none) → as it is to be; None: it stays as it is. Called again
                where somebody else has written meanwhile.

        Raises:
            ServiceError: GitHub could not be reached, or refused.
        """
        ours = self._ours()
        return self._change(ours, compose) if ours else self._create(compose)

    def _create(self, compose: Callable[[str | None], str | None]) -> Posted:
        body = compose(None)
        if body is None:
            return Posted(operation=Operation.NONE)
        made = self._forge.create_comment(self._number, body)
        # Two jobs may have found none and both created one: the lowest id stays, whoever looks last removes the other.
        both = self._ours()
        if not both or both[0].id == made.id:
            self._remove(both[1:])
            return Posted(operation=Operation.CREATED, url=made.url)
        return self._change(both, compose)

    def _change(self, ours: Sequence[Comment], compose: Callable[[str | None], str | None]) -> Posted:
        first = ours[0]
        body = compose(first.body)
        if body is None or body == first.body:
            self._remove(ours[1:])
            return Posted(operation=Operation.UNCHANGED, url=first.url)
        changed = self._forge.update_comment(first.id, body)
        if changed is None:  # a person deleted it
            left = self._ours()
            if any(one.id == first.id for one in left):
                raise ServiceError(
                    f"GitHub: the comment {first.id}: expected to change it, got 404 although it is there; run again"
                )
            return self._change(left, compose) if left else self._create(compose)
        self._remove(ours[1:])
        return Posted(operation=Operation.UPDATED, url=changed.url)

    def _ours(self) -> list[Comment]:
        marked = [one for one in self._forge.comments(self._number) if one.body.startswith(self._marker)]
        return sorted((one for one in marked if one.bot or one.author == self._me()), key=lambda one: one.id)

    def _me(self) -> str | None:
        if not self._viewer:
            self._viewer.append(self._forge.viewer())
        return self._viewer[0]

    def _remove(self, others: Sequence[Comment]) -> None:
        for one in others:
            self._forge.delete_comment(one.id)
