"""What is written to GitHub stands there once, whatever became of the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from action.errors import ServiceError
from action.forge import Conclusion, Report, State
from tests.desk import ROOT, Desk, desk, report, status
from tests.services.faults import reply
from tests.services.github import SHA, Fault, GitHub
from tests.services.loopback import Behave, Exchange

CUT = Exchange.cut
BAD = reply(502, b"<html>Bad Gateway</html>", Content_Type="text/html")
STATUSES, CHECK_RUNS, COMMENTS = f"{ROOT}/statuses/.*", f"{ROOT}/check-runs.*", f"{ROOT}/issues/7/comments"


def service(*faults: Fault) -> GitHub:
    made = GitHub(faults=faults)
    made.add_pull(7)
    return made


def lines(one: Desk, number: int = 1) -> list[int]:
    """Give the lines of a check run's annotations."""
    return [each["start_line"] for each in one.service.memory.check_runs[number]["output"]["annotations"]]


class TestStatus:
    @pytest.mark.parametrize("behave", [BAD, CUT, reply(200, b'{"state": "suc'), reply(503)])
    @pytest.mark.parametrize("stored", [True, False])
    def test_one_without_an_answer_is_looked_for_before_it_is_posted_again(
        self, behave: Behave, *, stored: bool
    ) -> None:
        with desk(service(Fault(behave=behave, method="POST", path=STATUSES, stored=stored))) as one:
            one.forge.post_status(SHA, status())
            assert [status()] == list(one.forge.statuses(SHA))
        assert [1, 2][not stored] == [each.split()[0] for each in one.asked].count("POST")

    def test_another_that_was_posted_before_is_not_taken_for_it(self) -> None:
        fault = Fault(behave=BAD, method="POST", path=STATUSES, after=1)
        with desk(service(fault)) as one:
            one.forge.post_status(SHA, status(State.PENDING))
            one.forge.post_status(SHA, status())
            assert [each.state for each in one.forge.statuses(SHA)] == [State.SUCCESS, State.PENDING]

    def test_three_tries_are_the_end(self) -> None:
        with desk(service(Fault(behave=BAD, method="POST", times=None))) as one:
            with pytest.raises(ServiceError, match=r"^GitHub: expected the status .+ to be written, got 502; .+"):
                one.forge.post_status(SHA, status())
            assert one.asked == [f"POST /statuses/{SHA}", f"GET /commits/{SHA}/statuses"] * 3

    def test_an_answer_that_shows_another_is_an_error(self) -> None:
        """A proxy that answers from its memory would else look like a gate that was set."""

        def other(exchange: Exchange) -> None:
            body = {"state": "success", "context": "experiment-gatekeeper", "description": None, "target_url": None}
            exchange.reply(201, body)

        with desk(service(Fault(behave=other, method="POST"))) as one, pytest.raises(ServiceError, match="not one of"):
            one.forge.post_status(SHA, status(State.FAILURE))

    @pytest.mark.parametrize("length", [140, 141])
    def test_a_description_that_github_does_not_take_is_an_error(self, length: int) -> None:
        with desk(service()) as one:
            if length > 140:
                with pytest.raises(ServiceError, match="got 422: what was sent is more than GitHub takes"):
                    one.forge.post_status(SHA, status(description="a" * length))
            else:
                one.forge.post_status(SHA, status(description="a" * length))


class TestCheckRun:
    @pytest.mark.parametrize(("count", "requests"), [(0, 1), (1, 1), (50, 1), (51, 2), (100, 2), (120, 3)])
    def test_remarks_go_fifty_at_a_time_each_once_in_their_order(self, count: int, requests: int) -> None:
        with desk(service()) as one:
            made = one.forge.create_check_run(SHA, report(count))
            assert (made.completed, made.conclusion, made.text) == (True, "failure", "sha256: 00")
            assert list(range(1, count + 1)) == lines(one)
        assert requests == len(one.asked)

    def test_the_conclusion_goes_with_the_last_request(self) -> None:
        """A job that is killed in between leaves it in progress, and so to be repaired."""
        with desk(service()) as one:
            one.forge.create_check_run(SHA, report(120))
        sent = [each.json for each in one.service.requests]
        assert [each.get("status") for each in sent] == ["in_progress", None, "completed"]
        assert [each.get("conclusion") for each in sent] == [None, None, "failure"]
        assert [len(each["output"]["annotations"]) for each in sent] == [50, 50, 20]
        assert {"output"} == set(sent[1])

    def test_one_of_a_single_request_is_completed_at_once(self) -> None:
        with desk(service()) as one:
            one.forge.create_check_run(SHA, report(50))
        assert tuple(one.service.requests[0].json[name] for name in ("status", "conclusion")) == (
            "completed",
            "failure",
        )

    def test_one_in_progress_stays_so_and_is_completed_by_an_update(self) -> None:
        with desk(service()) as one:
            made = one.forge.create_check_run(SHA, report(0, None))
            assert (made.completed, made.conclusion) == (False, None)
            done = one.forge.update_check_run(made.id, report(51, Conclusion.ACTION_REQUIRED))
            assert (done.id, done.completed, done.conclusion) == (made.id, True, "action_required")
            again = one.forge.update_check_run(made.id, report(0, None))
            assert (again.completed, again.conclusion, again.external_id) == (False, None, "run:policy")
        assert [each.split()[0] for each in one.asked] == ["POST", "PATCH", "PATCH", "PATCH"]

    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize("count", [0, 120])
    def test_one_without_an_answer_is_looked_for_before_it_is_created_again(self, count: int, *, stored: bool) -> None:
        with desk(service(Fault(behave=BAD, method="POST", path=CHECK_RUNS, stored=stored))) as one:
            made = one.forge.create_check_run(SHA, report(count))
            assert [made] == list(one.forge.check_runs(SHA))
            assert list(range(1, count + 1)) == lines(one)
        assert made.conclusion == "failure"

    def test_one_of_another_run_is_not_taken_for_it(self) -> None:
        with desk(service(Fault(behave=BAD, method="POST", path=CHECK_RUNS, after=1))) as one:
            one.forge.create_check_run(SHA, report(external_id="other"))
            one.forge.create_check_run(SHA, report())
            assert [each.external_id for each in one.forge.check_runs(SHA)] == ["other", "run:policy"]

    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize("before", [report(conclusion=Conclusion.SUCCESS), replace(report(), text="sha256: 11")])
    @pytest.mark.parametrize("count", [0, 51])
    def test_one_that_was_there_and_says_something_else_is_told_the_news(
        self, before: Report, count: int, *, stored: bool
    ) -> None:
        with desk(service(Fault(behave=BAD, method="POST", path=CHECK_RUNS, after=1, stored=stored))) as one:
            one.forge.create_check_run(SHA, before)
            made = one.forge.create_check_run(SHA, report(count))
            assert made == one.forge.check_runs(SHA)[-1]
            assert (made.conclusion, made.text) == ("failure", report().text)
            assert lines(one, made.id) == list(range(1, count + 1))
        assert [1, 2][stored] == len(one.service.memory.check_runs)

    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize("after", [0, 1])
    def test_remarks_of_an_update_without_an_answer_are_not_added_twice(self, after: int, *, stored: bool) -> None:
        """GitHub appends them, so that to repeat the request would double them."""
        fault = Fault(behave=BAD, method="PATCH", path=CHECK_RUNS, after=after, stored=stored)
        with desk(service(fault)) as one:
            made = one.forge.create_check_run(SHA, report(0, None))
            done = one.forge.update_check_run(made.id, report(70))
            assert (done.completed, done.conclusion) == (True, "failure")
            assert list(range(1, 71)) == lines(one)

    @pytest.mark.parametrize("stored", [True, False])
    def test_an_update_without_remarks_is_repeated(self, *, stored: bool) -> None:
        with desk(service(Fault(behave=BAD, method="PATCH", path=CHECK_RUNS, stored=stored))) as one:
            made = one.forge.create_check_run(SHA, report(0, None))
            assert one.forge.update_check_run(made.id, report()).completed
        assert [each.split()[0] for each in one.asked] == ["POST", "PATCH", "PATCH"]

    @pytest.mark.parametrize(
        "changed",
        [{"conclusion": "success"}, {"conclusion": None, "status": "in_progress"}, {"id": 99}, {"output": None}],
    )
    def test_an_update_that_github_has_otherwise_is_an_error(self, changed: dict[str, object]) -> None:
        """A PATCH that GitHub answers with 200 and does not obey would leave a gate that says another verdict."""
        one_service = service()

        def other(exchange: Exchange) -> None:
            stored = one_service.memory.check_runs[1]
            body = {**stored, "html_url": None, "status": "completed", "conclusion": "failure", **changed}
            exchange.reply(200, body)

        one_service.faults.append(Fault(behave=other, method="PATCH"))
        with desk(one_service) as one:
            one.forge.create_check_run(SHA, report(0, None))
            with pytest.raises(ServiceError, match=r"to be written, got an answer that is not one of its API"):
                one.forge.update_check_run(1, report())


class TestComment:
    @pytest.mark.parametrize("stored", [True, False])
    @pytest.mark.parametrize("behave", [BAD, CUT])
    def test_one_without_an_answer_is_looked_for_before_it_is_written_again(
        self, behave: Behave, *, stored: bool
    ) -> None:
        with desk(service(Fault(behave=behave, method="POST", path=COMMENTS, stored=stored))) as one:
            made = one.forge.create_comment(7, "ours\r\nand more\n")
            assert [made] == list(one.forge.comments(7))

    @pytest.mark.parametrize(("body", "count"), [("hello", 1), ("hello world", 2)])
    def test_it_is_found_by_exactly_its_body(self, body: str, count: int) -> None:
        with desk(service(Fault(behave=BAD, method="POST", path=COMMENTS))) as one:
            one.service.memory.create_comment(7, "hello", "ada")
            one.forge.create_comment(7, body)
            assert count == len(one.service.memory.comments)

    def test_one_that_was_read_before_is_not_the_new_one(self) -> None:
        with desk(service(Fault(behave=BAD, method="POST", path=COMMENTS))) as one:
            one.service.memory.create_comment(7, "hello", "ada")
            one.forge.comments(7)
            assert one.forge.create_comment(7, "hello").id == 2

    @pytest.mark.parametrize("behave", [BAD, CUT])
    def test_a_change_and_a_deletion_are_repeated(self, behave: Behave) -> None:
        faults = [Fault(behave=behave, method=method, stored=True) for method in ("PATCH", "DELETE")]
        with desk(service(*faults)) as one:
            made = one.forge.create_comment(7, "one")
            changed = one.forge.update_comment(made.id, "two")
            assert changed is not None
            assert changed.body == "two"
            one.forge.delete_comment(made.id)
        assert [each.split()[0] for each in one.asked] == ["POST", "PATCH", "PATCH", "DELETE", "DELETE"]

    @pytest.mark.parametrize("length", [65_536, 65_537])
    def test_one_that_is_too_long_is_an_error(self, length: int) -> None:
        with desk(service()) as one:
            if length > 65_536:
                with pytest.raises(ServiceError, match="got 422"):
                    one.forge.create_comment(7, "a" * length)
            else:
                one.forge.create_comment(7, "a" * length)
