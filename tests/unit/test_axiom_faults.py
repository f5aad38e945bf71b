"""Whatever goes wrong on the way to Axiom ends in one sentence, in time, and shows no secret."""

from __future__ import annotations

import logging
import re
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from action.deadline import Deadline
from action.errors import InputError, ServiceError
from action.secret import Secret
from action.sources.axiom import Access, AxiomLogs
from action.sources.axiom.client import AxiomClient
from checks.questions.catalog import QUESTIONS
from checks.questions.tally import Ask
from checks.run import NoteKind
from tests.services.axiom import Axiom, answer, counted, table
from tests.services.faults import REFUSALS, SLOW, partial, reply
from tests.services.loopback import Exchange
from tests.services.ordeal import EVENTS, FAULTS, HEALTH, Outcome, access, endure, endure_all

SECONDS = 4.0
GRAMMAR = re.compile(r"(Axiom|AXIOM_[A-Z]+): expected .+, got .+; .+")
HARMLESS = "columns: null"
"""How the client's types allow an empty answer to be written: nothing is measured."""


@pytest.fixture(scope="module")
def outcomes() -> Mapping[str, Outcome]:
    return endure_all(SECONDS)


@pytest.mark.parametrize("name", [name for name in FAULTS if name != HARMLESS])
def test_every_fault_is_one_sentence_in_time(outcomes: Mapping[str, Outcome], name: str) -> None:
    outcome = outcomes[name]
    expected = InputError if name.startswith("400") else ServiceError
    assert expected is type(outcome.error)
    assert GRAMMAR.fullmatch(str(outcome.error))
    assert str(outcome.error).isprintable()
    assert outcome.seconds < SECONDS + 1


@pytest.mark.parametrize(
    ("name", "got"),
    [
        ("nothing listens", "no connection"),
        ("cut off without an answer", "a connection that broke off"),
        ("body cut off", "one that broke off or cannot be unpacked"),
        ("gzip of 60 MB", "one of more than 20 MB"),
    ],
)
def test_what_came_instead_of_an_answer_is_told(outcomes: Mapping[str, Outcome], name: str, got: str) -> None:
    expected = f"Axiom: expected an answer, got {got}; check AXIOM_URL and the network, then run again"
    assert expected == str(outcomes[name].error)


def test_an_answer_without_columns_measures_nothing(outcomes: Mapping[str, Outcome]) -> None:
    answers = outcomes[HARMLESS].answers
    assert answers is not None
    assert list(answers.tables[0].rows) == [("unknown", None, None, None, None, None, None)]


@pytest.mark.parametrize("name", SLOW)
def test_a_service_that_never_ends_is_left_at_the_deadline(name: str) -> None:
    outcome = endure(SLOW[name], seconds=0.8)
    expected = (
        "Axiom: expected an answer within the deadline of 0.8 seconds, got none; run again, or give it more time with "
        "--deadline SECONDS"
    )
    assert expected == str(outcome.error)
    assert 0.8 <= outcome.seconds < 1.8


@pytest.mark.parametrize("name", ["hang", "drip of the body"])
def test_the_client_alone_ends_too(name: str) -> None:
    """Headers that drip are ended by the deadline alone."""
    with Axiom(fault=SLOW[name]) as axiom:
        began = time.monotonic()
        with pytest.raises(ServiceError, match="expected an answer, got none in time; check AXIOM_URL"):
            AxiomClient(access(axiom), seconds=0.5).query("x", EVENTS.since, EVENTS.until)
        assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("name", ["401", "403", "404", "400", "418", "302 elsewhere", "429, Retry-After 3600"])
def test_what_another_try_cannot_change_is_not_tried_again(outcomes: Mapping[str, Outcome], name: str) -> None:
    assert len(outcomes[name].requests) == 1
    assert outcomes[name].seconds < 2


@pytest.mark.parametrize("name", ["500", "502, a page of a proxy", "503, empty", "429", "429, Retry-After nonsense"])
def test_a_service_in_trouble_is_tried_three_times(outcomes: Mapping[str, Outcome], name: str) -> None:
    assert len(outcomes[name].requests) == 3


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_trouble_that_passes_does_not_show(status: int) -> None:
    outcome = endure(reply(status, {"message": "busy"}), times=1, seconds=5)
    assert outcome.error is None
    assert len(outcome.requests) == 2


def test_a_short_wait_that_is_asked_for_is_kept() -> None:
    outcome = endure(reply(429, {"message": "slow"}, Retry_After="1"), times=1, seconds=5)
    first, second = outcome.requests
    assert 1 <= second.at - first.at < 2


def test_a_long_wait_that_is_asked_for_ends_at_once(outcomes: Mapping[str, Outcome]) -> None:
    assert outcomes["429, Retry-After 3600"].seconds < 1
    expected = "Axiom: expected an answer, got 429, too many requests (rate limit exceeded); run again later"
    assert expected == str(outcomes["429, Retry-After 3600"].error)


def test_what_the_service_says_is_shown_on_one_line_without_the_token(outcomes: Mapping[str, Outcome]) -> None:
    expected = (
        r"Axiom: expected a query that it accepts, got 400 (bad header Bearer …\n\x1b[31m::error::x); change the query "
        "or fields, or check AXIOM_DATASET"
    )
    assert expected == str(outcomes["400, with the token in it"].error)


def every_text(error: BaseException | None) -> Iterator[str]:
    """Give all that may be printed of an error and of those behind it."""
    while error is not None:
        yield from ("".join(traceback.format_exception(error)), repr(error), str(error), repr(error.args))
        error = error.__cause__ or error.__context__


class TestSecret:
    def test_no_error_shows_it(self, outcomes: Mapping[str, Outcome]) -> None:
        for name, outcome in outcomes.items():
            assert not any(outcome.token in text for text in every_text(outcome.error)), name

    def test_it_was_sent_with_every_request(self, outcomes: Mapping[str, Outcome]) -> None:
        for outcome in outcomes.values():
            assert all(f"Bearer {outcome.token}" == one.headers["authorization"] for one in outcome.requests)

    @pytest.mark.parametrize("name", ["403", "500", "302 elsewhere", "400, with the token in it"])
    def test_no_log_or_stream_shows_it(
        self, name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        loggers = ("urllib3", "urllib3.connectionpool")  # the latter another client may have quietened
        with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, loggers[0]):
            caplog.set_level(logging.DEBUG, loggers[1])
            outcome = endure(REFUSALS[name], seconds=SECONDS)
        assert any(record.name.startswith("urllib3") for record in caplog.records)
        shown = [record.getMessage() + repr(record.args) + repr(vars(record)) for record in caplog.records]
        assert not any(outcome.token in text for text in [*shown, *capfd.readouterr()])

    def test_no_repr_shows_it(self) -> None:
        with Axiom() as axiom:
            logs = AxiomLogs(access(axiom))
            found = logs.answer([HEALTH], EVENTS, Deadline(seconds=5))
            client = AxiomClient(access(axiom))
            shown = [repr(one) for one in (access(axiom), logs, client, found, vars(access(axiom)))]
        assert not any(axiom.token in text for text in shown)

    def test_a_message_beside_an_answer_does_not_show_it(self) -> None:
        def echo(exchange: Exchange) -> None:
            said = {"priority": "warn", "count": 1, "code": "c", "msg": exchange.request.headers["authorization"]}
            cells = counted(n=0, unnamed=0, c0=0, c1=0, c2=0, c3=0, c4=0)
            exchange.reply(200, answer(*cells["tables"], isPartial=True, messages=[said]))

        outcome = endure(echo, seconds=5)
        assert outcome.answers is not None
        assert [note.text for note in outcome.answers.notes] == ["health: Axiom gave a partial answer (Bearer …)"]

    def test_a_netrc_file_does_not_replace_it(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in (".netrc", "netrc"):
            (tmp_path / name).write_text("machine 127.0.0.1 login mallory password x\n")
            (tmp_path / name).chmod(0o600)
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        with Axiom() as axiom:
            AxiomLogs(access(axiom)).columns(Deadline(seconds=5))
        assert [f"Bearer {axiom.token}"] == [one.headers["authorization"] for one in axiom.requests]

    @pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
    def test_a_redirect_does_not_carry_it_elsewhere(self, status: int) -> None:
        with Axiom() as other:
            outcome = endure(reply(status, b"", Location=f"{other.url}/v1/datasets/_apl"), seconds=SECONDS)
            assert "got a redirect" in str(outcome.error)
            assert other.requests == ()

    @pytest.mark.parametrize(
        "token", ["", " ", "xaat 1", "xaat-\x7f", "xaat-é", "xaat-1\r\nX-Other: y", "xaat-\u20281"]
    )
    def test_a_token_that_is_none_is_refused_and_not_shown(self, token: str) -> None:

        with pytest.raises(InputError, match=r"AXIOM_TOKEN: expected a token .+, got .+; copy it again") as caught:
            AxiomClient(Access(token=Secret(token), dataset="d"))
        assert "xaat" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://[", "ftp://127.0.0.1", "xaat-1", "http://", "http://127.0.0.1:port", "//x", "http://a b", "https://*.x/"],
)
def test_an_address_that_is_none_is_refused_and_not_shown(url: str) -> None:
    with Axiom() as axiom, pytest.raises(InputError) as caught:
        AxiomClient(access(axiom, url))
    expected = "AXIOM_URL: expected an address like https://api.axiom.co, got another; correct it"
    assert expected == str(caught.value)


def test_blanks_around_token_and_address_are_forgiven() -> None:
    with Axiom() as axiom:
        opened = access(axiom, f" {axiom.url}/\n")
        AxiomLogs(opened).columns(Deadline(seconds=5))
    assert len(axiom.requests) == 1


def test_a_partial_answer_is_a_loss() -> None:
    with Axiom(fault=partial) as axiom:
        rows, notes = AxiomLogs(access(axiom)).raw("['d'] | count", EVENTS, Deadline(seconds=5))
    assert rows == ({"n": 1},)
    [note] = notes
    assert note.kind is NoteKind.LOST
    assert note.text == "query: Axiom gave a partial answer (query took too long)"


@pytest.mark.parametrize("turned", [False, True], ids=["as always", "totals first"])
def test_the_totals_of_a_grouped_answer_are_left_out(turned: bool) -> None:
    first = table([("k", "string"), ("n", "integer")], [("a", 1), ("b", 2)], groups=["k"])
    totals = table([("n", "integer")], [(3,)], name="_totals")
    with Axiom(fault=reply(200, answer(totals, first) if turned else answer(first, totals))) as axiom:
        rows, _ = AxiomLogs(access(axiom)).raw("x", EVENTS, Deadline(seconds=5))
    assert rows == ({"k": "a", "n": 1}, {"k": "b", "n": 2})


class TestSeveral:
    def test_they_are_asked_at_the_same_time_each_by_one_request(self) -> None:
        together = threading.Barrier(4)
        asks = [Ask(question=QUESTIONS[name]) for name in ("health", "errors", "extraction", "inference")]
        with Axiom() as axiom:

            def meet(exchange: Exchange) -> None:
                together.wait(10)
                axiom.serve(exchange)

            axiom.fault = meet
            found = AxiomLogs(access(axiom)).answer(asks, EVENTS, Deadline(seconds=20))
        assert [one.question.name for one in asks] == [one.question for one in found.tables]
        assert len(axiom.requests) == len(asks)

    def test_seats_cost_one_request_more_for_the_schema(self) -> None:
        log = [{"_time": "2026-01-05T08:00:00Z", "event": "rollout_complete", "final_scores": {"A": 1}}]
        with Axiom(log) as axiom:
            AxiomLogs(access(axiom)).answer([Ask(question=QUESTIONS["outcomes"])], EVENTS, Deadline(seconds=20))
        assert [one.method for one in axiom.requests] == ["GET", "POST"]

    def test_no_more_than_four_are_under_way(self) -> None:
        lock, now, most = threading.Lock(), [0], [0]

        def count(exchange: Exchange) -> None:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            exchange.wait(0.1)
            with lock:
                now[0] -= 1
            exchange.reply(200, counted(n=0, unnamed=0, c0=0, c1=0, c2=0, c3=0, c4=0))

        with Axiom(fault=count) as axiom:
            AxiomLogs(access(axiom)).answer([HEALTH] * 9, EVENTS, Deadline(seconds=20))
        assert (len(axiom.requests), most[0]) == (9, 4)

    def test_one_that_fails_fails_them_all(self) -> None:
        with Axiom(fault=reply(500), times=3) as axiom, pytest.raises(ServiceError, match="got 500"):
            AxiomLogs(access(axiom)).answer([HEALTH], EVENTS, Deadline(seconds=20))

    def test_a_schema_that_may_not_be_read_is_told(self) -> None:
        outcome = endure(REFUSALS["403"], seconds=5, ask=Ask(question=QUESTIONS["outcomes"]))
        assert "expected access, got 403" in str(outcome.error)

    @pytest.mark.parametrize("body", [{"message": "no list"}, [1], None, "x"])
    def test_a_schema_of_another_shape_is_told_or_holds_no_field(self, body: object) -> None:
        with Axiom(fault=reply(200, body)) as axiom:
            logs = AxiomLogs(access(axiom))
            if isinstance(body, list):
                assert logs.columns(Deadline(seconds=5)) == ()
                return
            with pytest.raises(ServiceError, match=r"Axiom: expected a list of fields, got \w+; check AXIOM_URL"):
                logs.columns(Deadline(seconds=5))


def test_the_name_of_a_dataset_leads_nowhere_else() -> None:
    with Axiom(dataset="a/../../v2/tokens?x=") as axiom:
        AxiomLogs(access(axiom)).columns(Deadline(seconds=5))
    assert [one.path for one in axiom.requests] == ["/v2/datasets/a%2F..%2F..%2Fv2%2Ftokens%3Fx%3D/fields"]
