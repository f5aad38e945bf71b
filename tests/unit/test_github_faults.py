"""Whatever goes wrong on the way to GitHub ends in one sentence, in time, within so many tries and waits."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from action.errors import InputError, ServiceError
from action.forge import RefusedError
from action.github import Access
from action.github import GitHub as Client
from action.secret import Secret
from tests.desk import NOW, desk, report, status
from tests.services.faults import BROKEN, SLOW, reply
from tests.services.github import REPOSITORY, SHA, Fault, GitHub
from tests.services.loopback import Behave, closed_port

GRAMMAR = re.compile(r"GitHub: expected .+, got .+; .+")


def limited(status: int = 403, **headers: str) -> Behave:
    return reply(status, {"message": "You have exceeded a secondary rate limit. Please wait."}, **headers)


class TestTries:
    @pytest.mark.parametrize("status_code", [500, 502, 503, 504])
    def test_a_failure_that_passes_does_not_show(self, status_code: int) -> None:
        with desk(GitHub(faults=[Fault(behave=reply(status_code), times=2)])) as one:
            assert one.forge.pull(7) is None
        assert one.time.slept == [0.5, 1.0]

    def test_three_are_the_end(self) -> None:
        with desk(GitHub(fault=reply(502))) as one:
            with pytest.raises(ServiceError, match=r"^GitHub: expected the pull request 7, got 502; .+") as caught:
                one.forge.pull(7)
            assert len(one.asked) == 3
        assert not isinstance(caught.value, RefusedError)

    @pytest.mark.parametrize("status_code", [400, 401, 404, 409, 410, 418, 422])
    def test_what_another_try_cannot_change_is_not_tried_again(self, status_code: int) -> None:
        with desk(GitHub(fault=reply(status_code, {"message": "no"}))) as one:
            with pytest.raises(ServiceError, match=f"got {status_code}"):
                one.forge.statuses(SHA)
            assert len(one.asked) == 1

    def test_a_page_that_fails_is_asked_for_again_alone(self) -> None:
        service = GitHub(faults=[Fault(behave=reply(502), path=".*/comments", after=1)])
        service.add_pull(7)
        for at in range(250):
            service.memory.create_comment(7, str(at))
        with desk(service) as one:
            assert len(one.forge.comments(7)) == 250
            assert len(one.asked) == 4

    def test_where_nothing_listens_that_is_said(self) -> None:
        client = Client(Access(repository=REPOSITORY, token=Secret("x"), url=closed_port()), sleep=lambda _: None)
        with pytest.raises(ServiceError, match="got no connection; check GITHUB_API_URL"):
            client.pull(7)

    def test_an_empty_object_is_no_empty_list(self) -> None:
        """PyGithub's own lists take it for one, and a second comment would be written."""
        with desk(GitHub(fault=reply(200, {}))) as one, pytest.raises(ServiceError):
            one.forge.comments(7)
        with desk(GitHub(fault=reply(200, {"check_runs": {}}))) as one, pytest.raises(ServiceError):
            one.forge.check_runs(SHA)

    @pytest.mark.parametrize("name", BROKEN)
    def test_an_answer_that_is_none_is_one_sentence(self, name: str) -> None:
        with desk(GitHub(fault=BROKEN[name])) as one:
            for call in (lambda: one.forge.check_runs(SHA), lambda: one.forge.pull(7), one.forge.viewer):
                with pytest.raises(ServiceError) as caught:
                    call()
                assert GRAMMAR.fullmatch(str(caught.value))
                assert str(caught.value).isprintable()
                assert ("too large" in str(caught.value)) is (name == "gzip of 60 MB")

    @pytest.mark.parametrize("name", ["hang", "drip of the body"])
    def test_an_answer_that_never_ends_is_left(self, name: str) -> None:
        with desk(GitHub(fault=SLOW[name]), seconds=0.3) as one:
            began = time.monotonic()
            with pytest.raises(ServiceError, match="got no answer in time"):
                one.forge.pull(7)
            assert time.monotonic() - began < 2
            assert len(one.asked) == 3

    @pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"[1]", b'"x"', b"{", b'{"message": 7}', b""])
    @pytest.mark.parametrize("status_code", [403, 404, 422])
    def test_a_refusal_in_other_words_is_one_too(self, status_code: int, body: bytes) -> None:
        with desk(GitHub(fault=reply(status_code, body))) as one, pytest.raises(ServiceError) as caught:
            one.forge.post_status(SHA, status())
        assert GRAMMAR.fullmatch(str(caught.value))
        assert (status_code != 422) is isinstance(caught.value, RefusedError)

    def test_a_renamed_repository_is_not_followed_to_its_new_name(self) -> None:
        service = GitHub()
        moved = reply(301, {"message": "Moved Permanently"}, Location=f"{service.url}/repositories/7/check-runs")
        service.faults.append(Fault(behave=moved))
        service.faults.append(Fault(behave=reply(200, {"check_runs": []}), path="/repositories/.*"))
        with desk(service) as one:
            assert one.forge.check_runs(SHA) == ()
        assert [f"/repos/{REPOSITORY}/commits/{SHA}/check-runs"] * 2 == [each.path for each in service.requests]

    @pytest.mark.parametrize(
        "behave",
        [
            reply(301, {}, Location="/repos/team/renamed"),
            reply(302, {}, Location="http://127.0.0.1:9/x"),
            reply(301, {}, Location="http://other.example/x"),
            reply(307, {"message": "Moved"}, Location="/repos/team/renamed"),
            reply(304),
        ],
    )
    def test_a_redirect_is_followed_nowhere(self, behave: Behave) -> None:
        """PyGithub would follow it without the query, so that other check runs came than were asked for."""
        with desk(GitHub(fault=behave)) as one:
            for call in (lambda: one.forge.check_runs(SHA), lambda: one.forge.delete_comment(7)):
                with pytest.raises(ServiceError) as caught:
                    call()
                assert GRAMMAR.fullmatch(str(caught.value))
        assert {(each.method, each.path.split("/")[3]) for each in one.service.requests} == {
            ("GET", "league"),
            ("DELETE", "league"),
        }

    def test_more_pages_than_may_be_are_an_error_and_no_short_list(self) -> None:
        endless = reply(200, [], Link='<http://127.0.0.1:1/x?page=2>; rel="next"')
        with desk(GitHub(fault=endless)) as one:
            with pytest.raises(ServiceError, match="expected at most 3,000 of"):
                one.forge.comments(7)
            assert len(one.asked) == 30


class TestWaits:
    @pytest.mark.parametrize(
        "behave",
        [
            limited(403, Retry_After="7"),
            limited(429, Retry_After="7"),
            reply(403, {"message": "slow"}, Retry_After="7"),
            reply(429, b"<html>slow</html>", Retry_After="7"),
            limited(403, Retry_After=format_datetime(datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=7))),
            reply(403, {"message": "no"}, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(NOW) + 7)),
            reply(429, {"message": "no"}, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(NOW) + 7)),
        ],
    )
    def test_a_short_one_that_is_asked_for_is_kept(self, behave: Behave) -> None:
        with desk(GitHub(faults=[Fault(behave=behave)])) as one:
            one.forge.post_status(SHA, status())
            assert one.time.slept == [7.0]
            assert len(one.service.memory.statuses) == 1

    @pytest.mark.parametrize(
        ("behave", "seconds"),
        [
            (limited(403, Retry_After="31"), 31),
            (limited(429, Retry_After="3600"), 3600),
            (limited(429), 60),
            (limited(403), 60),
            (limited(429, Retry_After="soon"), 60),
            (limited(429, Retry_After="nan"), 60),
            (limited(429, Retry_After="inf"), 60),
            (limited(429, X_RateLimit_Remaining="0"), 60),
            (limited(429, X_RateLimit_Remaining="0", X_RateLimit_Reset=str(int(NOW) + 900)), 900),
        ],
    )
    def test_a_long_one_ends_at_once_and_is_told(self, behave: Behave, seconds: int) -> None:
        with desk(GitHub(fault=behave)) as one:
            with pytest.raises(
                ServiceError, match=rf"too many requests, to be repeated in {seconds} seconds"
            ) as caught:
                one.forge.pull(7)
            assert (len(one.asked), one.time.slept) == (1, [])
        assert not isinstance(caught.value, RefusedError)

    def test_all_of_one_request_are_at_most_thirty_seconds(self) -> None:
        with desk(GitHub(fault=limited(429, Retry_After="20"))) as one:
            with pytest.raises(ServiceError, match="too long to wait"):
                one.forge.pull(7)
            assert one.time.slept == [20.0]

    def test_all_together_are_at_most_sixty_seconds(self) -> None:
        faults = [Fault(behave=limited(429, Retry_After="25"), after=at, times=1) for at in (0, 1, 2)]
        with desk(GitHub(faults=faults)) as one:
            assert one.forge.pull(7) is None
            assert one.forge.pull(7) is None
            with pytest.raises(ServiceError, match="too long to wait"):
                one.forge.pull(7)
            assert one.time.slept == [25.0, 25.0]

    def test_a_limit_without_end_is_tried_three_times(self) -> None:
        with desk(GitHub(fault=limited(429, Retry_After="0"))) as one:
            with pytest.raises(ServiceError, match="too many requests"):
                one.forge.pull(7)
            assert len(one.asked) == 3

    def test_a_reset_that_is_over_is_not_waited_for(self) -> None:
        over = reply(403, {}, X_RateLimit_Remaining="0", X_RateLimit_Reset="1000")
        with desk(GitHub(faults=[Fault(behave=over)])) as one:
            assert one.forge.pull(7) is None
            assert one.time.slept == [0.0]

    def test_writes_follow_at_once_until_github_minds(self) -> None:
        with desk() as one:
            for _ in range(3):
                one.forge.post_status(SHA, status())
            assert one.time.slept == []

    def test_writes_are_a_second_apart_after_that_and_reads_are_not(self) -> None:
        with desk(GitHub(faults=[Fault(behave=limited(403, Retry_After="2"))])) as one:
            one.forge.post_status(SHA, status())
            one.forge.statuses(SHA)
            one.forge.statuses(SHA)
            assert one.time.slept == [2.0]
            one.forge.post_status(SHA, status())
            assert one.time.slept == [2.0, 1.0]


class TestRefusals:
    @pytest.mark.parametrize(
        ("missing", "permission", "name", "arguments"),
        [
            ("contents: read", "contents: read", "read_file", ("policy.yml", None)),
            ("contents: read", "contents: read", "commits", (SHA, SHA)),
            ("statuses: read", "statuses: write", "statuses", (SHA,)),
            ("checks: read", "checks: write", "check_runs", (SHA,)),
            ("pull-requests: read", "pull-requests: write", "pull", (7,)),
            ("pull-requests: read", "pull-requests: write", "pulls_of_commit", (SHA,)),
            ("pull-requests: read", "pull-requests: write", "pulls_of_head", ("team", "topic")),
            ("pull-requests: read", "pull-requests: write", "comments", (7,)),
            ("actions: read", "actions: read", "artifact", (5, "gate")),
        ],
    )
    def test_what_may_not_be_read_names_the_permission(
        self, missing: str, permission: str, name: str, arguments: tuple[object, ...]
    ) -> None:
        with desk() as one:
            one.service.missing.add(missing)
            with pytest.raises(RefusedError) as caught:
                getattr(one.forge, name)(*arguments)
        assert permission == caught.value.permission
        assert f"got 403; give the token `{permission}` in the workflow's `permissions`" in str(caught.value)
        assert GRAMMAR.fullmatch(str(caught.value))
        assert len(one.asked) == 1

    @pytest.mark.parametrize("blind", [True, False])
    @pytest.mark.parametrize(
        ("permission", "name", "arguments"),
        [
            ("statuses: write", "post_status", (SHA, status())),
            ("checks: write", "create_check_run", (SHA, None)),
            ("checks: write", "update_check_run", (1, None)),
            ("pull-requests: write", "create_comment", (7, "x")),
        ],
    )
    def test_what_may_not_be_written_does_so_even_where_github_says_404(
        self, permission: str, name: str, arguments: tuple[object, ...], *, blind: bool
    ) -> None:
        with desk() as one:
            one.service.add_pull(7)
            one.service.missing.add(permission)
            one.service.blind = blind
            with pytest.raises(RefusedError, match="got 404" if blind else "got 403") as caught:
                getattr(one.forge, name)(*(report() if each is None else each for each in arguments))
        assert permission == caught.value.permission
        assert len(one.asked) == 1

    @pytest.mark.parametrize(("name", "arguments"), [("update_comment", (1, "x")), ("delete_comment", (1,))])
    def test_a_comment_that_may_not_be_changed_is_no_comment_that_is_gone(
        self, name: str, arguments: tuple[object, ...]
    ) -> None:
        with desk() as one:
            one.service.missing.add("pull-requests: write")
            with pytest.raises(RefusedError, match="`pull-requests: write`"):
                getattr(one.forge, name)(*arguments)

    def test_a_locked_conversation_is_told(self) -> None:
        with desk() as one:
            one.service.add_pull(7, locked=True)
            with pytest.raises(RefusedError, match=r"got 403 \(or the conversation is locked\); .+"):
                one.forge.create_comment(7, "x")

    @pytest.mark.parametrize("name", ["post_status", "create_check_run", "statuses", "check_runs"])
    def test_a_commit_that_is_not_there_is_told(self, name: str) -> None:
        rest = {"post_status": (status(),), "create_check_run": (report(),)}.get(name, ())
        with desk() as one, pytest.raises(ServiceError, match="got 422: the commit is not in the repository") as caught:
            getattr(one.forge, name)("e" * 40, *rest)
        assert not isinstance(caught.value, RefusedError)

    @pytest.mark.parametrize("name", ["pull", "comments"])
    def test_a_token_of_no_worth_is_told(self, name: str) -> None:
        with desk() as one:
            one.service.token = "another"
            with pytest.raises(ServiceError, match="got 401; check the input `token`") as caught:
                getattr(one.forge, name)(7)
            assert one.forge.viewer() is None
        assert not isinstance(caught.value, RefusedError)

    def test_a_repository_that_may_not_be_seen_has_no_missing_file(self) -> None:
        """Else a token that sees nothing would put the profile in the place of the policy."""
        with desk() as one:
            one.service.blind = True
            with pytest.raises(ServiceError, match="expected the repository, got 404"):
                one.forge.read_file("policy.yml", None)

    def test_a_viewer_that_cannot_be_asked_now_is_no_app(self) -> None:
        with desk(GitHub(fault=limited(429))) as one, pytest.raises(ServiceError, match="too many requests"):
            one.forge.viewer()

    @pytest.mark.parametrize(
        ("access", "told"),
        [
            ({"repository": "league"}, "repository: expected owner/name"),
            ({"repository": "../league"}, "repository: expected owner/name"),
            ({"repository": "a/b/../../user"}, "repository: expected owner/name"),
            ({"token": Secret("")}, "token: expected printable characters"),
            ({"token": Secret("gh\ns")}, "token: expected printable characters"),
            ({"url": "ftp://x"}, "GITHUB_API_URL: expected an address like"),
            ({"url": "http://a:b@c"}, "GITHUB_API_URL: expected an address like"),
            ({"url": "http://[x"}, "GITHUB_API_URL: expected an address like"),
        ],
    )
    def test_what_cannot_be_meant_is_refused_before_anything_is_sent(
        self, access: dict[str, object], told: str
    ) -> None:
        given = {"repository": REPOSITORY, "token": Secret("x"), "url": "http://127.0.0.1:9", **access}
        with pytest.raises(InputError, match=f"^{told}"):
            Client(Access(**given))  # type: ignore[arg-type]
