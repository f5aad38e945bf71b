"""Reviews of pull requests, read. What they come to is decided elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from github.PullRequestReview import PullRequestReview

from action.forge import Opinion, Review
from action.github.asking import ask, given
from action.github.client import Client, Listed
from action.github.failure import Target

_GHOST = "ghost"
"""What GitHub calls an account that is gone."""


def reviews(client: Client, number: int) -> Sequence[Review]:
    """Give all reviews of a pull request, oldest first.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the reviews of the pull request {number}", permission="pull-requests: read")
    listed = Listed(path=f"/pulls/{number}/reviews")
    return ask(target, lambda: tuple(map(_value, client.pages(listed, PullRequestReview))))


def _value(one: PullRequestReview) -> Review:
    opinion = Opinion.COMMENTED  # also PENDING, which its author alone can see
    with suppress(ValueError):
        opinion = Opinion(given(one.state))
    user = one.user
    return Review(
        author=_GHOST if user is None else given(user.login),
        person=user is not None and user.type == "User",
        opinion=opinion,
        sha=one.commit_id,
    )
