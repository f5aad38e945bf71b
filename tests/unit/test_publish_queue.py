"""The status of a merge group: every pull request in it passes, and every commit belongs to one."""

from __future__ import annotations

from typing import Any

import pytest

from action.event import Group
from action.forge import Commit, State, Status
from action.publish.ledger import Entry, Standing, policy_slot
from action.publish.queue import MOST_COMMITS, judge_group
from tests.forge import MemoryForge, pull

BASE, HEAD = "b" * 40, "f" * 40
SLOT = policy_slot(".github/gatekeeper.yml", "main")
STANDINGS = {
    Standing.PASS: State.SUCCESS,
    Standing.FAIL: State.FAILURE,
    Standing.ERROR: State.ERROR,
    Standing.WAITING: State.PENDING,
}


def sha(number: int) -> str:
    return f"{number:040x}"


def group(*states: State | None, method: str = "merge") -> MemoryForge:
    """Return a repository with a group of pull requests 1, 2, …, the status of whose heads is given."""
    forge = MemoryForge()
    commits, before = [], BASE
    for number, state in enumerate(states, 1):
        head = sha(number)
        forge.pulls[number] = pull(number, head_sha=head)
        if state is not None:
            forge.posted.append((head, verdict(state)))
        here = HEAD if number == len(states) else sha(100 + number)
        if method == "merge":
            first = sha(200 + number)
            commits += [Commit(sha=first, parents=(BASE,)), Commit(sha=head, parents=(first,))]
            commits.append(Commit(sha=here, parents=(before, head)))
            forge.found |= {first: (number,), head: (number,)}
        else:
            commits.append(Commit(sha=here, parents=(before,)))
            forge.found[here] = (number,)
        before = here
    forge.compared = commits
    return forge


def verdict(state: State, slot: str = SLOT, **about: Any) -> Status:
    standing = next(one for one, of in STANDINGS.items() if of is state)
    entry = Entry(run="r", policy=slot, standing=standing, judged_at="2026-01-05T06:00:00Z")
    return Status(state=state, description="", target=f"https://x{entry.mark}", **about)


def judged(forge: MemoryForge, last: int | None = None) -> tuple[State, str]:
    found = judge_group(forge, Group(base_sha=BASE, head_sha=HEAD, last=last), "main", SLOT)
    return found.state, found.description


@pytest.mark.parametrize("method", ["merge", "squash"])
@pytest.mark.parametrize("count", [1, 3])
def test_it_passes_if_all_of_its_pull_requests_do(count: int, method: str) -> None:
    state, description = judged(group(*[State.SUCCESS] * count, method=method))

    assert state is State.SUCCESS
    assert description == "all of the merge group pass: " + ", ".join(f"#{one}" for one in range(1, count + 1))


@pytest.mark.parametrize("method", ["merge", "squash"])
@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize(
    ("wrong", "state", "words"),
    [
        (State.FAILURE, State.FAILURE, "fails"),
        (State.ERROR, State.ERROR, "could not be judged"),
        (State.PENDING, State.FAILURE, "is still being judged"),
        (None, State.FAILURE, "has no verdict"),
    ],
)
def test_one_that_does_not_pass_holds_all_up(
    wrong: State | None, state: State, words: str, place: int, method: str
) -> None:
    states: list[State | None] = [State.SUCCESS] * 3
    states[place] = wrong

    assert judged(group(*states, method=method)) == (state, f"of the merge group #{place + 1} {words}")


def test_a_group_without_a_pull_request_is_no_pass() -> None:
    forge = MemoryForge()
    assert judged(forge) == (State.FAILURE, "the merge group holds no pull request that is known")


def test_a_commit_that_belongs_to_no_pull_request_is_no_pass() -> None:
    forge = group(State.SUCCESS, State.SUCCESS, method="squash")
    del forge.found[sha(101)]

    assert judged(forge) == (State.FAILURE, "1 of 2 commits of the merge group belong to no open pull request")


def test_the_last_commit_belongs_to_the_one_that_github_names() -> None:
    forge = group(State.SUCCESS, method="squash")
    forge.found[HEAD] = ()

    assert judged(forge)[0] is State.FAILURE
    assert judged(forge, last=1)[0] is State.SUCCESS
    assert judged(forge, last=9)[0] is State.FAILURE


@pytest.mark.parametrize("changes", [{"open": False}, {"base": "other"}])
def test_pull_requests_that_are_closed_or_go_elsewhere_do_not_count(changes: dict[str, object]) -> None:
    forge = group(State.SUCCESS)
    forge.pulls[1] = pull(1, head_sha=sha(1), **changes)

    assert judged(forge, last=1)[0] is State.FAILURE


def test_a_pull_request_on_top_of_one_that_is_queued_is_not_in_the_group() -> None:
    forge = group(State.SUCCESS)
    forge.pulls[2] = pull(2, head_sha="a" * 40)
    forge.found |= dict.fromkeys(list(forge.found), (1, 2))

    assert judged(forge)[0] is State.SUCCESS


def test_the_commits_of_a_pull_request_are_not_asked_for_one_by_one() -> None:
    forge = group(State.SUCCESS)
    chain = [Commit(sha=sha(1000), parents=(BASE,))]
    chain += [Commit(sha=sha(1000 + at), parents=(sha(999 + at),)) for at in range(1, 60)]
    head = Commit(sha=sha(1), parents=(sha(1059),))
    forge.compared = [*chain, head, Commit(sha=HEAD, parents=(BASE, sha(1)))]

    assert judged(forge)[0] is State.SUCCESS
    assert len(forge.calls) <= 5


def test_a_group_that_is_too_long_to_be_looked_at_is_no_pass() -> None:
    forge = group(State.SUCCESS)
    forge.compared = [Commit(sha=sha(at), parents=()) for at in range(MOST_COMMITS + 1)]

    assert judged(forge)[0] is State.FAILURE
    assert len(forge.calls) == 1


@pytest.mark.parametrize(
    "status",
    [
        Status(state=State.SUCCESS, description="trust me"),
        verdict(State.SUCCESS, ours=False),
        verdict(State.SUCCESS, policy_slot(".github/gatekeeper.yml", "lax")),
    ],
    ids=["no mark", "a person's", "for another branch"],
)
def test_a_pass_that_is_no_verdict_by_the_policy_of_the_branch_opens_nothing(status: Status) -> None:
    forge = group(None)
    forge.posted.append((forge.pulls[1].head_sha, status))

    assert judged(forge)[0] is State.FAILURE


def test_a_failure_for_another_branch_holds_up_too() -> None:
    forge = group(State.SUCCESS)
    forge.posted.append((forge.pulls[1].head_sha, verdict(State.FAILURE, policy_slot("x", "lax"))))

    assert judged(forge)[0] is State.FAILURE
