"""Pull requests from branches of the repository itself, opened and reworded. What they say is decided elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from github import GithubException
from github.PullRequest import PullRequest

from action.branches import Proposal, Stage, Words
from action.files import show_name
from action.github.asking import ask, given, send
from action.github.client import Client, Listed
from action.github.failure import Target

_PULLS = "pull-requests: write"
_MOST_PAGES = 3


def proposals(client: Client, branch: str) -> Sequence[Proposal]:
    """Give the pull requests from a branch, the newest first.

    Raises:
        ServiceError: GitHub could not be reached, or refused.
    """
    owner = client.root.split("/")[2]
    target = Target(what=f"the pull requests from {show_name(branch)}", permission=_PULLS)
    asked = {"state": "all", "head": f"{owner}:{branch}", "sort": "created", "direction": "desc"}
    listed = Listed(path="/pulls", most=_MOST_PAGES)

    def read() -> Sequence[Proposal]:
        found = [one for one in client.pages(listed, PullRequest, asked, cut=True) if _is_own(one, branch)]
        return tuple(sorted(map(_value, found), key=lambda one: -one.number))

    return ask(target, read)


def propose(client: Client, branch: str, base: str, words: Words) -> Proposal | None:
    """Open a pull request; None: GitHub sees one already, or nothing between the two.

    Raises:
        RefusedError: the token may not, or nobody may by a token of Actions.
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"a pull request from {show_name(branch)} to be opened", permission=_PULLS, write=True)
    sent = {"title": words.title, "body": words.body, "head": branch, "base": base}

    def create() -> Proposal | None:
        try:
            headers, data = client.requestJsonAndCheck("POST", f"{client.root}/pulls", input=sent)
        except GithubException as error:
            if error.status == 422:
                return None
            raise
        return _value(client.thing(PullRequest, data, headers))

    def find() -> Proposal | None:
        return next((one for one in proposals(client, branch) if one.stage is Stage.OPEN), None)

    return send(target, client.patience, create, find)


def reword(client: Client, number: int, words: Words) -> Proposal:
    """Change title and body.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    target = Target(what=f"the pull request {number} to be changed", permission=_PULLS, write=True)

    def patch() -> Proposal:
        sent = {"title": words.title, "body": words.body}
        headers, data = client.requestJsonAndCheck("PATCH", f"{client.root}/pulls/{number}", input=sent)
        return _value(client.thing(PullRequest, data, headers))

    return ask(target, patch)


def label(client: Client, number: int, labels: Sequence[str]) -> None:
    """Add labels; those that it has already stay.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused.
    """
    _post(client, f"/issues/{number}/labels", {"labels": list(labels)}, f"labels of the pull request {number}")


def ask_for_review(client: Client, number: int, people: Sequence[str]) -> None:
    """Ask people and teams for a review; those that were asked already stay.

    Raises:
        RefusedError: the token may not.
        ServiceError: GitHub could not be reached, or refused: somebody of them may not review here.
    """
    sent = {
        "reviewers": [one for one in people if "/" not in one],
        "team_reviewers": [one.rpartition("/")[2] for one in people if "/" in one],
    }
    named = {name: logins for name, logins in sent.items() if logins}
    _post(client, f"/pulls/{number}/requested_reviewers", named, f"reviewers of the pull request {number}")


def _post(client: Client, path: str, sent: Mapping[str, object], what: str) -> None:
    """Add what is there once however often it is added."""
    target = Target(what=f"{what} to be set", permission=_PULLS, write=True)

    def post() -> bool:
        client.requestJsonAndCheck("POST", f"{client.root}{path}", input=sent)
        return True

    send(target, client.patience, post, lambda: None)


def _is_own(one: PullRequest, branch: str) -> bool:
    """Tell whether it comes from the branch of the repository itself, no fork's of the same name."""
    head, base = given(one.head), given(given(one.base).repo)
    return given(head.ref) == branch and head.repo is not None and given(head.repo.id) == given(base.id)


def _value(one: PullRequest) -> Proposal:
    author = one.user
    stage = Stage.OPEN if given(one.state) == "open" else Stage.CLOSED if one.merged_at is None else Stage.MERGED
    return Proposal(
        number=given(one.number),
        url=given(one.html_url),
        author="" if author is None else given(author.login),
        head_sha=given(given(one.head).sha),
        base=given(given(one.base).ref),
        stage=stage,
        words=Words(title=given(one.title), body=one.body or ""),
    )
