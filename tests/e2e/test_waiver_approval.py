"""Who approved a waiver, asked of a repository by somebody else's idea of GitHub: real branches, merges, reviews."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date

import pytest

from action.approval import Approvals
from action.github import Access, GitHub
from action.secret import Secret
from checks.waiver import Waiver
from tests.services.github_api import faults
from tests.services.github_bodies import REPOSITORY
from tests.services.github_emulator import REVIEWER, Emulator

PATH = ".github/gatekeeper.yml"
LACKS = "version: 1\n"
WAIVER = Waiver(check="a", run="r", reason="warm-up", expires=date(2099, 12, 31))
HAS = LACKS + "waivers:\n- {check: a, run: r, reason: warm-up, expires: 2099-12-31}\n"
METHODS = ("merge", "squash", "rebase")
_numbers = itertools.count()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Emulator(tmp_path_factory.mktemp("github"), PATH, LACKS) as github:
        yield github


class Place:
    """A branch of its own, and what is found out of its waiver."""

    def __init__(self, github: Emulator) -> None:
        self.github, self.base = github, f"base-{next(_numbers)}"
        github.branch(self.base, "master")

    def propose(self, policy: str) -> int:
        """Open a pull request that changes the policy."""
        self.github.pull(f"topic-{next(_numbers)}", self.base, policy)
        number: int = self.github.proposals(self.base)[-1]["number"]
        return number

    def merge(self, policy: str, method: str, *events: str) -> int:
        """Change the policy by a pull request that is reviewed and merged."""
        number = self.propose(policy)
        for event in events:
            self.github.review(number, event)
        self.github.accept(number, method)
        return number

    def find(self) -> tuple[int | None, tuple[str, ...]]:
        access = Access(repository=REPOSITORY, token=Secret(self.github.proxy.token), url=self.github.proxy.url)
        approval = Approvals(GitHub(access), PATH, self.base, self.base).find(WAIVER).approval
        assert approval is not None
        return approval.pull_request, approval.approved_by


@pytest.fixture
def place(emulator: Emulator) -> Iterator[Place]:
    began = len(emulator.proxy.exchanges)
    yield Place(emulator)
    assert [fault for one in emulator.proxy.exchanges[began:] for fault in faults(one)] == []


@pytest.mark.parametrize("method", METHODS)
def test_it_is_the_reviewer_of_the_pull_request_that_brought_it(place: Place, method: str) -> None:
    place.merge(LACKS + "# before\n", method, "APPROVE")
    number = place.merge(HAS, method, "REQUEST_CHANGES", "APPROVE", "COMMENT")
    place.merge(HAS + "# after\n", method)

    assert place.find() == (number, (REVIEWER,))


@pytest.mark.parametrize("method", METHODS)
def test_one_that_was_removed_and_brought_back_has_the_reviewer_of_the_second_time(place: Place, method: str) -> None:
    place.merge(HAS, method, "APPROVE")
    place.merge(LACKS, method, "APPROVE")
    number = place.merge(HAS, method, "APPROVE", "REQUEST_CHANGES")

    assert place.find() == (number, ())


def test_what_was_pushed_has_none(place: Place) -> None:
    place.github.commit(place.base, PATH, HAS)

    assert place.find() == (None, ())


def test_who_approved_a_commit_before_it_was_there_has_not_approved_it(place: Place) -> None:
    number = place.propose(HAS)
    place.github.review(number, sha=place.github.head(place.base))
    place.github.accept(number)

    assert place.find() == (number, ())
