"""Who approved a waiver, asked of GitHub by the real client: how many requests that takes, and what faults come to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest

from action.approval import VERSIONS, Approvals
from action.errors import ServiceError
from action.forge import RefusedError
from action.publish.rehearsal import Rehearsal
from checks.context import Approval
from checks.waiver import Waiver
from tests.desk import Desk, desk
from tests.services.faults import BROKEN, SLOW, reply
from tests.services.github import Fault, GitHub

POLICY = ".github/gatekeeper.yml"
WAIVER = Waiver(check="a", run="r", reason="warm-up", expires=date(2099, 12, 31))
HAS = "waivers: [{check: a, run: r, reason: warm-up, expires: 2099-12-31}]\n"
APPROVAL = Approval(
    check="a", scope="r", reason="warm-up", expires="2099-12-31", pull_request=7, approved_by=("alice", "bob")
)


def sha(at: int) -> str:
    return f"{at:040x}"


@pytest.fixture
def opened() -> Iterator[Desk]:
    """Open a repository: the policy, the pull request 7 that adds the waiver and was squashed, another change."""
    service = GitHub()
    service.commit(sha(1), POLICY, "version: 1\n")
    service.commit(sha(20), POLICY, HAS, sha(1), branch="topic")
    service.commit(sha(2), POLICY, HAS)
    service.commit(sha(3), POLICY, HAS + "trial: false\n")
    merged = service.add_pull(7, sha(20), state="closed", merged=True)
    merged.brought = (sha(2),)
    for author, state in (
        ("bob", "APPROVED"),
        ("alice", "CHANGES_REQUESTED"),
        ("alice", "APPROVED"),
        ("eve", "COMMENTED"),
    ):
        service.memory.review(7, author, state, sha(20))
    with desk(service, seconds=0.5) as one:
        yield one


def approvals(opened: Desk) -> Approvals:
    return Approvals(opened.forge, POLICY, "main", "main")


def test_it_takes_two_requests_and_one_for_every_version_that_is_looked_at(opened: Desk) -> None:
    found = approvals(opened).find(WAIVER)

    assert (found.approval, found.notes) == (APPROVAL, ())
    reads = [f"GET /contents/{POLICY}"] * 3
    assert ["GET /commits", *reads, f"GET /commits/{sha(2)}/pulls", "GET /pulls/7/reviews", reads[0]] == opened.asked
    refs = [one.query["ref"] for one in opened.service.requests if "contents" in one.path]
    assert [[sha(at)] for at in (3, 2, 1, 20)] == refs


def test_a_rehearsal_asks_the_same(opened: Desk) -> None:
    found = Approvals(Rehearsal(opened.forge, lambda *_: None), POLICY, "main", "main").find(WAIVER)

    assert found.approval == APPROVAL


def test_reviews_on_several_pages_are_all_read(opened: Desk) -> None:
    for _ in range(120):
        opened.service.memory.review(7, "eve", "COMMENTED", sha(20))
    opened.service.memory.review(7, "bob", "DISMISSED", sha(20))
    found = approvals(opened).find(WAIVER).approval

    assert found is not None
    assert found.approved_by == ("alice",)


def test_a_long_history_takes_no_more_requests_than_are_allowed(opened: Desk) -> None:
    for at in range(100, 150):
        opened.service.commit(sha(at), POLICY, f"{HAS}# {at}")
    found = approvals(opened).find(WAIVER)

    assert found.approval is None
    assert len(opened.asked) == VERSIONS + 1


def test_a_policy_that_the_pull_request_brought_itself_is_no_surprise(opened: Desk) -> None:
    opened.service.files[sha(1), POLICY] = None
    found = approvals(opened).find(WAIVER)

    assert found.approval == APPROVAL


@pytest.mark.parametrize(
    ("missing", "path"),
    [("contents: read", "/commits"), ("pull-requests: read", f"/commits/{sha(2)}/pulls")],
)
def test_a_token_that_may_not_is_told_which_permission_it_lacks(opened: Desk, missing: str, path: str) -> None:
    opened.service.missing.add(missing)
    with pytest.raises(RefusedError) as found:
        approvals(opened).find(WAIVER)

    assert opened.asked[-1] == f"GET {path}"
    assert found.value.permission.startswith(missing.partition(":")[0])


@pytest.mark.parametrize("path", ["/commits", "/contents/.*", "/commits/.*/pulls", "/pulls/7/reviews"])
@pytest.mark.parametrize("status", [500, 429, 404, 301])
def test_whatever_is_not_answered_is_an_error_of_the_service(opened: Desk, path: str, status: int) -> None:
    opened.service.faults.append(Fault(behave=reply(status), path=f"/repos/team/league{path}", times=None))
    if (path, status) in (("/contents/.*", 404), ("/commits/.*/pulls", 404)):
        assert approvals(opened).find(WAIVER).approval != APPROVAL
    else:
        with pytest.raises(ServiceError, match=r"^GitHub: expected "):
            approvals(opened).find(WAIVER)


@pytest.mark.parametrize("path", ["/commits", "/contents/.*", "/commits/.*/pulls", "/pulls/7/reviews"])
@pytest.mark.parametrize("name", BROKEN)
def test_an_answer_that_is_none_approves_nothing(opened: Desk, path: str, name: str) -> None:
    opened.service.faults.append(Fault(behave=BROKEN[name], path=f"/repos/team/league{path}", times=None))
    found = None
    with suppress(ServiceError):
        found = approvals(opened).find(WAIVER).approval
    assert found is None or found.approved_by == ()


@pytest.mark.parametrize("path", ["/commits", "/pulls/7/reviews"])
def test_an_answer_that_never_ends_is_left(opened: Desk, path: str) -> None:
    opened.service.faults.append(Fault(behave=SLOW["hang"], path=f"/repos/team/league{path}", times=None))
    with pytest.raises(ServiceError, match="got no answer in time"):
        approvals(opened).find(WAIVER)
