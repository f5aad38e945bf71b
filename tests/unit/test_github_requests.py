"""What is read of GitHub and written to it, and how many requests that takes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from action.errors import InputError, ServiceError
from action.forge import Comment, Commit, Conclusion, Forge, Opinion, Pull, Review, State
from tests.desk import Desk, desk, report, status
from tests.services.github import BOT, SHA, GitHub

LATER = "d" * 40
UNKNOWN = "e" * 40
PULL = Pull(number=7, head_sha=SHA, base="main", open=True, merged=False, draft=False, locked=False, fork=False)

BY_ADA = Review(author="ada", person=True, opinion=Opinion.APPROVED, sha=SHA)


@pytest.fixture
def opened() -> Iterator[Desk]:
    service = GitHub({("main", "policy.yml"): "version: 1\r\n", ("next", "policy.yml"): "\ufeffversion: 2\n"})
    service.memory.commits[LATER] = (SHA,)
    service.add_pull(7)
    with desk(service) as one:
        yield one


@pytest.fixture
def forge(opened: Desk) -> Forge:
    """Give the client as what its users know: mypy holds it against the Protocol here."""
    return opened.forge


def test_to_open_a_repository_costs_no_request(opened: Desk) -> None:
    assert opened.asked == []


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda forge: forge.read_file("policy.yml", "next"), ["GET /contents/policy.yml"]),
        (lambda forge: forge.statuses(SHA), [f"GET /commits/{SHA}/statuses"]),
        (lambda forge: forge.post_status(SHA, status()), [f"POST /statuses/{SHA}"]),
        (lambda forge: forge.check_runs(SHA), [f"GET /commits/{SHA}/check-runs"]),
        (lambda forge: forge.create_check_run(SHA, report(50)), ["POST /check-runs"]),
        (lambda forge: forge.create_check_run(SHA, report(51)), ["POST /check-runs", "PATCH /check-runs/1"]),
        (lambda forge: forge.pull(7), ["GET /pulls/7"]),
        (lambda forge: forge.pulls_of_commit(SHA), [f"GET /commits/{SHA}/pulls"]),
        (lambda forge: forge.pulls_of_head("team", "topic"), ["GET /pulls"]),
        (lambda forge: forge.commits(SHA, LATER), [f"GET /compare/{SHA}...{LATER}"]),
        (lambda forge: forge.versions("policy.yml", LATER), ["GET /commits"]),
        (lambda forge: forge.reviews(7), ["GET /pulls/7/reviews"]),
        (lambda forge: forge.comments(7), ["GET /issues/7/comments"]),
        (lambda forge: forge.create_comment(7, "hello"), ["POST /issues/7/comments"]),
        (lambda forge: forge.update_comment(1, "hello"), ["PATCH /issues/comments/1"]),
        (lambda forge: forge.delete_comment(1), ["DELETE /issues/comments/1"]),
        (lambda forge: forge.viewer(), ["GET /user"]),
        (lambda forge: forge.artifact(5, "gate"), ["GET /actions/runs/5/artifacts"]),
    ],
)
def test_each_call_is_one_request(
    opened: Desk, forge: Forge, call: Callable[[Forge], object], expected: list[str]
) -> None:
    call(forge)
    assert expected == opened.asked


class TestFile:
    def test_a_file_of_the_default_branch_is_read_without_its_name(self, opened: Desk, forge: Forge) -> None:
        assert forge.read_file("policy.yml", None) == "version: 1\n"
        assert opened.service.requests[0].query == {}

    def test_a_file_of_a_branch_is_read_without_its_mark(self, opened: Desk, forge: Forge) -> None:
        assert forge.read_file("policy.yml", "next") == "version: 2\n"
        assert opened.service.requests[0].query == {"ref": ["refs/heads/next"]}

    def test_a_file_that_is_not_there_is_none_where_the_repository_is(self, opened: Desk, forge: Forge) -> None:
        """A repository that may not be read says 404 for its files too: one more request tells them apart."""
        assert forge.read_file("none.yml", None) is None
        assert opened.asked == ["GET /contents/none.yml", "GET "]

    def test_names_are_quoted(self, opened: Desk, forge: Forge) -> None:
        opened.service.files["main", "a b#?.yml"] = "x"
        assert forge.read_file("a b#?.yml", None) == "x"

    @pytest.mark.parametrize(("path", "text"), [("d/e", "x"), ("d", "a" * 1_000_001), ("d", "\udcff")])
    def test_what_is_no_text_file_is_refused(self, opened: Desk, forge: Forge, path: str, text: str) -> None:
        opened.service.files["main", path] = text
        with pytest.raises(InputError, match=r"^d of the default branch: expected .+, got .+; "):
            forge.read_file("d", None)


class TestPages:
    @pytest.mark.parametrize(("count", "pages"), [(0, 1), (31, 1), (100, 1), (101, 2), (350, 4)])
    def test_all_comments_are_given_oldest_first(self, opened: Desk, forge: Forge, count: int, pages: int) -> None:
        for at in range(count):
            opened.service.memory.create_comment(7, f"comment {at}", "ada")
        found = forge.comments(7)

        assert [f"comment {at}" for at in range(count)] == [one.body for one in found]
        assert pages == len(opened.asked)

    @pytest.mark.parametrize(("count", "pages"), [(45, 1), (245, 3)])
    def test_all_check_runs_of_our_name_are_given_whatever_their_suite(
        self, opened: Desk, forge: Forge, count: int, pages: int
    ) -> None:
        for at in range(count):
            for name in ("Experiment report", "tests"):
                said = {"name": name, "head_sha": SHA, "external_id": str(at)}
                opened.service.memory.create_check_run(said)
        found = forge.check_runs(SHA)

        assert [str(at) for at in range(count)] == [one.external_id for one in found]
        assert pages == len(opened.asked)
        assert opened.service.requests[0].query == {
            "check_name": ["Experiment report"],
            "filter": ["all"],
            "per_page": ["100"],
        }

    def test_statuses_of_other_contexts_are_left_out_and_ours_come_newest_first(
        self, opened: Desk, forge: Forge
    ) -> None:
        for at in range(130):
            for context in ("experiment-gatekeeper", "tests"):
                said = {"state": "pending", "context": context, "description": str(at)}
                opened.service.memory.post_status(SHA, said)
        assert [str(at) for at in reversed(range(130))] == [one.description for one in forge.statuses(SHA)]
        assert len(opened.asked) == 3

    def test_more_statuses_than_are_read_are_no_ledger(self, opened: Desk, forge: Forge) -> None:
        for context in ("experiment-gatekeeper", "tests"):
            for _ in range(1_000):
                opened.service.memory.post_status(SHA, {"state": "pending", "context": context})
        with pytest.raises(
            ServiceError, match=r"expected at most 1,000 of the statuses of .+, got more; push another commit"
        ):
            forge.statuses(SHA)
        assert len(opened.asked) == 10

    def test_commits_and_pull_requests_come_in_pages_too(self, opened: Desk, forge: Forge) -> None:
        chain = [SHA, *(f"{at:040x}" for at in range(130))]
        opened.service.memory.commits |= {after: (before,) for before, after in itertools.pairwise(chain)}
        for at in range(130):
            opened.service.add_pull(100 + at, chain[-1], branch="many")

        expected = [Commit(sha=after, parents=(before,)) for before, after in itertools.pairwise(chain)]
        assert expected == list(forge.commits(SHA, chain[-1]))
        assert len(forge.pulls_of_head("team", "many")) == 130
        assert len(forge.pulls_of_commit(chain[-1]) or ()) == 130
        assert len(opened.asked) == 6


class TestPull:
    @pytest.mark.parametrize(
        ("fields", "changed"),
        [
            ({}, {}),
            ({"base": "next"}, {"base": "next"}),
            ({"state": "closed"}, {"open": False}),
            ({"state": "closed", "merged": True}, {"open": False, "merged": True}),
            ({"draft": True, "locked": True}, {"draft": True, "locked": True}),
            ({"repository": "stranger/league"}, {"fork": True}),
        ],
    )
    def test_it_is_the_same_by_its_number_and_by_its_commit(
        self, opened: Desk, forge: Forge, fields: dict[str, Any], changed: dict[str, Any]
    ) -> None:
        opened.service.add_pull(7, **fields)
        expected = replace(PULL, **changed)
        assert expected == forge.pull(7)
        assert [expected] == list(forge.pulls_of_commit(SHA) or ())

    def test_one_that_is_not_there_is_none(self, forge: Forge) -> None:
        assert forge.pull(8) is None

    def test_a_commit_in_no_pull_request_is_not_an_unknown_commit(self, forge: Forge) -> None:
        assert forge.pulls_of_commit(LATER) == ()
        assert forge.pulls_of_commit(UNKNOWN) is None

    def test_a_head_is_looked_for_among_the_open_ones_of_its_owner(self, opened: Desk, forge: Forge) -> None:
        opened.service.add_pull(8, repository="stranger/league")
        opened.service.add_pull(9, state="closed")
        assert [one.number for one in forge.pulls_of_head("team", "topic")] == [7]
        assert [one.number for one in forge.pulls_of_head("stranger", "topic")] == [8]
        assert forge.pulls_of_head("team", "none") == ()

    def test_who_opened_it_and_when_it_was_merged_are_told(self, opened: Desk, forge: Forge) -> None:
        opened.service.add_pull(7, state="closed", merged=True, merged_at="2026-01-02T03:04:05Z")
        for found in (forge.pull(7), *(forge.pulls_of_commit(SHA) or ())):
            assert found is not None
            assert (found.author, found.merged_at) == ("ada", "2026-01-02T03:04:05Z")

    def test_an_author_that_is_gone_is_nobody(self, opened: Desk, forge: Forge) -> None:
        opened.service.add_pull(7, author=None)
        [found] = forge.pulls_of_commit(SHA) or ()
        assert (found.author, found.merged_at) == (None, None)


class TestVersions:
    def test_they_are_the_commits_that_changed_the_file_newest_first(self, opened: Desk, forge: Forge) -> None:
        for at, text in enumerate(["a", "b", "b", "c"]):
            opened.service.commit(f"{at:040x}", "p.yml", text)
        found = forge.versions("p.yml", "main")

        assert [f"{at:040x}" for at in (3, 1, 0)] == [one.sha for one in found]
        assert [one.parents for one in found] == [(f"{2:040x}",), (f"{0:040x}",), ()]
        assert opened.service.requests[0].query == {"path": ["p.yml"], "sha": ["main"], "per_page": ["100"]}

    def test_those_of_the_default_branch_are_asked_for_without_its_name(self, opened: Desk, forge: Forge) -> None:
        opened.service.commit("1" * 40, "p.yml", "a")

        assert [one.sha for one in forge.versions("p.yml", None)] == ["1" * 40]
        assert opened.service.requests[0].query == {"path": ["p.yml"], "per_page": ["100"]}

    def test_those_up_to_a_commit_are_asked_for_by_it(self, opened: Desk, forge: Forge) -> None:
        for at, text in enumerate("abc"):
            opened.service.commit(f"{at:040x}", "p.yml", text)

        assert [f"{at:040x}" for at in (1, 0)] == [one.sha for one in forge.versions("p.yml", f"{1:040x}")]

    def test_a_file_that_never_was_has_none(self, opened: Desk, forge: Forge) -> None:
        opened.service.commit("1" * 40, "p.yml", "a")

        assert forge.versions("q.yml", "main") == ()

    def test_of_very_many_the_newest_hundred_are_given(self, opened: Desk, forge: Forge) -> None:
        for at in range(130):
            opened.service.commit(f"{at:040x}", "p.yml", str(at))

        assert [f"{at:040x}" for at in range(129, 29, -1)] == [one.sha for one in forge.versions("p.yml", "main")]
        assert len(opened.asked) == 1


class TestReviews:
    def test_all_are_given_oldest_first(self, opened: Desk, forge: Forge) -> None:
        for at in range(230):
            opened.service.memory.review(7, f"p{at}", "APPROVED", SHA)

        assert [f"p{at}" for at in range(230)] == [one.author for one in forge.reviews(7)]
        assert len(opened.asked) == 3

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (("ada", "APPROVED", SHA), BY_ADA),
            (("ada", "CHANGES_REQUESTED", None), replace(BY_ADA, opinion=Opinion.CHANGES_REQUESTED, sha=None)),
            (("ada", "DISMISSED", SHA), replace(BY_ADA, opinion=Opinion.DISMISSED)),
            (("ada", "COMMENTED", SHA), replace(BY_ADA, opinion=Opinion.COMMENTED)),
            (("ada", "PENDING", SHA), replace(BY_ADA, opinion=Opinion.COMMENTED)),
            (("ada", "SHRUGGED", SHA), replace(BY_ADA, opinion=Opinion.COMMENTED)),
            ((BOT, "APPROVED", SHA), replace(BY_ADA, author=BOT, person=False)),
            ((None, "APPROVED", SHA), replace(BY_ADA, author="ghost", person=False)),
        ],
    )
    def test_a_review_says_who_what_and_of_which_commit(
        self, opened: Desk, forge: Forge, given: tuple[str | None, str, str | None], expected: Review
    ) -> None:
        opened.service.memory.review(7, *given)

        assert [expected] == list(forge.reviews(7))

    def test_a_pull_request_that_is_not_there_is_an_error(self, forge: Forge) -> None:
        with pytest.raises(ServiceError, match="expected the reviews of the pull request 8, got 404"):
            forge.reviews(8)


class TestComment:
    def test_it_is_read_as_it_was_written_with_its_author(self, opened: Desk, forge: Forge) -> None:
        opened.service.memory.create_comment(7, "mine", "ada")
        made = forge.create_comment(7, "ours")

        web = "https://github.com/team/league/pull/7#issuecomment-"
        expected = [
            Comment(id=1, author="ada", bot=False, body="mine", url=f"{web}1"),
            Comment(id=2, author=BOT, bot=True, body="ours", url=f"{web}2"),
        ]
        assert (expected, expected[1]) == (list(forge.comments(7)), made)

    def test_it_is_changed_and_deleted(self, forge: Forge) -> None:
        made = forge.create_comment(7, "one")
        changed = forge.update_comment(made.id, "two")
        assert changed is not None
        assert changed.body == "two"
        forge.delete_comment(made.id)
        assert forge.comments(7) == ()

    def test_one_that_was_deleted_meanwhile_is_none_and_no_error(self, forge: Forge) -> None:
        assert forge.update_comment(99, "two") is None
        forge.delete_comment(99)

    def test_an_author_that_is_gone_is_a_ghost(self, opened: Desk, forge: Forge) -> None:
        opened.service.memory.create_comment(7, "mine")["author"] = None
        [found] = forge.comments(7)
        assert (found.author, found.bot) == ("ghost", False)


class TestViewer:
    def test_an_app_may_not_ask(self, forge: Forge) -> None:
        assert forge.viewer() is None

    def test_a_person_may(self) -> None:
        with desk(GitHub(me="ada")) as one:
            assert one.forge.viewer() == "ada"


def test_a_github_enterprise_server_is_asked_below_its_path() -> None:
    """PyGithub asserts where addresses of answers lead; objects are made without following any."""
    service = GitHub({("main", "policy.yml"): "x"}, prefix="/api/v3")
    service.add_pull(7)
    for at in range(101):
        service.memory.create_comment(7, str(at), "ada")
    with desk(service) as one:
        assert one.forge.read_file("policy.yml", None) == "x"
        assert len(one.forge.comments(7)) == 101
        one.forge.post_status(SHA, status(State.PENDING))
        made = one.forge.create_check_run(SHA, report(51, Conclusion.SUCCESS))
        assert made == one.forge.check_runs(SHA)[0]
        assert one.forge.pull(7) == PULL
    assert all(request.path.startswith("/api/v3/repos/") for request in service.requests)
