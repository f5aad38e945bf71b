"""Every fault of every request, by the real client: one clear line in time, without a secret, and never data."""

from __future__ import annotations

import base64
import re
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from action.deadline import Deadline
from action.errors import GatekeeperError, InputError, ServiceError
from action.secret import Secret
from action.sources.wandb_api.runs import WandbRun, WandbRuns, parse_run
from action.wandb_service.access import Access
from action.wandb_service.failure import MISREAD, failure_of
from tests.services.loopback import Exchange, closed_port
from tests.services.wandb import PARQUET, TABLE, Fault, Wandb
from tests.services.wandb_client import runs_of
from tests.services.wandb_faults import EVERYWHERE, QUERIES, Make, data, status
from tests.services.wandb_run import Artifact, Run, Table

SECONDS = 6.0
OPERATIONS = ("Run", "Runs", "RunParquetHistory", "HistoryPage", "RunOutputArtifacts", "RunFiles", PARQUET, TABLE)
GAMES = Table(columns=["a", "b", "outcome"], data=[["new", "old", 1]])
RUN = Run(
    rows=[{"_step": step, "kl": 0.1} for step in range(40)],
    exported=20,
    artifacts=[Artifact()],
    tables={"games": GAMES},
)

pytestmark = pytest.mark.usefixtures("wandb_client")


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How an errand ended."""

    found: WandbRun | None
    error: GatekeeperError | None
    seconds: float
    asked: int
    """How often the faulty operation was asked for."""
    secrets: tuple[str, ...]

    @property
    def text(self) -> str:
        """What was said; empty where nothing went wrong."""
        return str(self.error) if self.error is not None else ""


def fetch(operation: str, make: Make, run: Run = RUN, **fault: int) -> Ended:
    """Fetch everything of a run from a server with one fault."""
    ref = f"team/league/{run.display if operation == 'Runs' else run.name}"
    error: GatekeeperError | None = None
    found: WandbRun | None = None
    with Wandb(run) as server, tempfile.TemporaryDirectory() as folder:
        server.faults[operation] = Fault(behave=make(server), **fault)
        begun = time.monotonic()
        try:
            found = runs_of(server).fetch(
                parse_run(ref), Path(folder), Deadline(seconds=SECONDS), games=True, checkpoint="newest"
            )
        except GatekeeperError as raised:
            error = raised
        except MISREAD as raised:
            error = failure_of(raised)
        seconds = time.monotonic() - begun
        secrets = (server.key, server.signature)
        return Ended(
            found=found, error=error, seconds=seconds, asked=server.operations.count(operation), secrets=secrets
        )


@pytest.fixture(scope="module")
def ended(wandb_client: None) -> Mapping[tuple[str, str], Ended]:
    """All of them at once: nearly all that they do is wait."""
    cases = [(operation, name, make) for operation in OPERATIONS for name, make in EVERYWHERE.items()]
    cases += [(operation, name, make) for operation in OPERATIONS[:6] for name, make in QUERIES.items()]
    with ThreadPoolExecutor(64) as pool:
        jobs = {(operation, name): pool.submit(fetch, operation, make) for operation, name, make in cases}
        return {case: job.result() for case, job in jobs.items()}


def test_without_a_fault_everything_comes() -> None:
    found = fetch("nothing", EVERYWHERE["500"]).found

    assert found is not None
    assert found.games is not None
    assert found.checkpoint is not None


def test_no_fault_that_ends_an_answer_gives_data(ended: Mapping[tuple[str, str], Ended]) -> None:
    came = {case for case, one in ended.items() if one.error is None}

    # An answer without a history is one of a run that has none: rows that W&B counts are missed when it is read.
    assert came == {("RunParquetHistory", "run: an empty object")}


def test_every_fault_ends_by_the_deadline(ended: Mapping[tuple[str, str], Ended]) -> None:
    late = {case: one.seconds for case, one in ended.items() if one.seconds > SECONDS + 2}

    assert late == {}


def test_every_fault_is_told_in_one_line_of_our_grammar_without_secrets(
    ended: Mapping[tuple[str, str], Ended],
) -> None:
    for case, one in ended.items():
        if one.error is None:
            continue
        assert re.fullmatch(r"(W&B|team/league[^:]*|newest): expected .+, (got|found|but) .+[;?] ?.*", one.text), case
        assert "\n" not in one.text
        assert len(one.text) < 260, one.text
        assert not any(secret in one.text for secret in one.secrets)
        assert not re.search(r"https?://(?!127\.0\.0\.1:\d+ and may read)", one.text), one.text


def test_only_an_answer_that_there_is_no_such_thing_is_the_users_mistake(
    ended: Mapping[tuple[str, str], Ended],
) -> None:
    mistakes = {name for (_, name), one in ended.items() if isinstance(one.error, InputError)}

    assert mistakes == {"project: a text", "run: a text", "run: an empty object"}


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", ["500", "503", "429", "reset"])
def test_what_may_pass_is_tried_three_times(ended: Mapping[tuple[str, str], Ended], operation: str, name: str) -> None:
    assert 3 <= ended[operation, name].asked <= 4  # a connection that is reset at its first use is opened anew


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("name", ["401", "403", "404", "200, a page of a proxy"])
def test_what_will_not_pass_is_tried_once(ended: Mapping[tuple[str, str], Ended], operation: str, name: str) -> None:
    assert ended[operation, name].asked == 1


WORDS = {
    ("Run", "401"): "W&B: expected access, got 401; check WANDB_API_KEY: it must be valid for ",
    ("HistoryPage", "401"): "W&B: expected access, got 401; check WANDB_API_KEY: it must be valid for ",
    ("Runs", "403"): "W&B: expected access, got 403; check WANDB_API_KEY",
    ("Run", "404"): "W&B: expected an answer, got 404; check WANDB_BASE_URL",
    (PARQUET, "403"): "W&B: expected the exported history, got 403; run again: its address may have expired",
    ("Run", "429"): "W&B: expected an answer, got 429, too many requests; run again later",
    (TABLE, "429"): "W&B: expected the table games, got 429, too many requests; run again later",
    (
        "Run",
        "429, Retry-After 3600",
    ): "W&B: expected an answer in time, got none; run again, or give --deadline",
    (PARQUET, "hang"): "W&B: expected the exported history in time, got none; run again, or give --deadline SECONDS",
    ("Run", "500"): "W&B: expected an answer, got 500 each time; run again later",
    ("Run", "502, a page of a proxy"): "W&B: expected an answer, got 502 each time; run again later",
    (
        "Run",
        "200, a page of a proxy",
    ): "W&B: expected an answer, got something else than JSON; check WANDB_BASE_URL",
    (PARQUET, "200, a page of a proxy"): "W&B: expected the exported history as Parquet, got something else or a part",
    (PARQUET, "200, empty"): "W&B: expected the exported history, got an empty file; run again",
    (TABLE, "200, a page of a proxy"): "W&B: expected the table games as it was logged, got other bytes; run again",
    ("Run", "200, empty"): "W&B: expected an answer, got nothing, or only a part; run again later",
    (PARQUET, "half a body"): "W&B: expected the exported history, got nothing, or only a part; run again later",
    ("Run", "reset"): "W&B: expected an answer, got a connection that was cut off; run again later",
    (
        "Run",
        "errors of GraphQL",
    ): "W&B: expected an answer, got a refusal: it does not know a field of the query; update the W&B server",
    ("Run", "data: null"): "W&B: expected an answer with data, got one without; check WANDB_BASE_URL",
    ("HistoryPage", "run: a text"): "W&B: expected the answers that its client knows, got others (TypeError); check",
}


@pytest.mark.parametrize("case", WORDS, ids=" ".join)
def test_a_fault_says_what_came_and_what_to_do(ended: Mapping[tuple[str, str], Ended], case: tuple[str, str]) -> None:
    assert ended[case].text.startswith(WORDS[case])


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_fault_that_passes_does_no_harm(operation: str) -> None:
    one = fetch(operation, EVERYWHERE["503"], times=1)

    assert one.text == ""
    assert one.asked == 2 + (operation == PARQUET)  # two files


def test_where_nothing_listens_the_address_is_suspected() -> None:
    runs = WandbRuns(Access(key=Secret("k" * 40), url=closed_port()))

    with tempfile.TemporaryDirectory() as folder, pytest.raises(ServiceError) as caught:
        runs.fetch(parse_run("team/league/abc123"), Path(folder), Deadline(seconds=SECONDS))

    expected = "W&B: expected an answer, got no connection: nothing listens there; check WANDB_BASE_URL"
    assert expected == str(caught.value)


@pytest.mark.parametrize("operation", ["RunParquetHistory", "HistoryPage", "RunOutputArtifacts", "RunFiles"])
def test_a_run_that_is_deleted_in_the_middle_is_none(operation: str) -> None:
    one = fetch(operation, data({"project": {"run": None}}))

    expected = "team/league/abc123: expected a run on W&B, but it has just been deleted; name another"
    assert isinstance(one.error, InputError)
    assert expected == one.text


def test_a_key_that_is_revoked_in_the_middle_ends_it() -> None:
    rows = [{"_step": 60_000 * step, "kl": 0.1} for step in range(5)]

    one = fetch("HistoryPage", EVERYWHERE["401"], Run(rows=rows, exported=0), after=1)

    assert one.asked == 2
    assert one.text.startswith("W&B: expected access, got 401; check WANDB_API_KEY")


def test_what_a_store_quotes_of_its_signature_is_not_told() -> None:
    def make(server: Wandb) -> Make:
        quoted = f"<Error><SignatureProvided>{server.signature}</SignatureProvided></Error>".encode()
        return lambda _: lambda exchange: exchange.reply(416, quoted)

    one = fetch(PARQUET, lambda server: make(server)(server))

    assert isinstance(one.error, ServiceError)
    assert one.secrets[1] not in one.text
    assert "416" in one.text


def test_an_answer_that_quotes_the_key_does_not_make_it_seen() -> None:
    def make(server: Wandb) -> Make:
        sent = base64.b64encode(f"api:{server.key}".encode()).decode()
        said = f"no such key as {server.key} or {sent} at {server.url}/x?sig={server.signature} s3://{server.signature}"
        return data(None, errors=[{"message": said}])

    one = fetch("Run", lambda server: make(server)(server))

    assert isinstance(one.error, ServiceError)
    assert one.text == "W&B: expected an answer, got a failure; run again later"


def test_a_file_that_is_another_in_the_second_place_is_seen() -> None:
    one = fetch(PARQUET, status(200, b"<html>" * 400), after=1)

    assert one.text.startswith("W&B: expected the exported history as Parquet, got something else or a part of it")


def test_parquet_that_is_damaged_within_is_no_history(tmp_path: Path) -> None:
    def spoil(exchange: Exchange) -> None:
        exchange.reply(200, b"PAR1" + b"\0" * 500 + b"PAR1")

    one = fetch(PARQUET, lambda _: spoil)

    assert one.found is not None  # as far as the client sees; its reader refuses it
    assert one.found.history
