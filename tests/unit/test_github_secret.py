"""The token is sent with every request to GitHub's API, and is seen nowhere else."""

from __future__ import annotations

import io
import logging
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from action.errors import GatekeeperError
from action.forge import Forge
from action.github import Access
from action.secret import Secret
from tests.desk import desk, report, status
from tests.services.faults import BROKEN, REFUSALS
from tests.services.github import REPOSITORY, SHA, GitHub
from tests.services.loopback import Behave, Exchange

CALLS: tuple[Callable[[Forge], object], ...] = (
    lambda forge: forge.read_file("policy.yml", None),
    lambda forge: forge.post_status(SHA, status()),
    lambda forge: forge.create_check_run(SHA, report(51)),
    lambda forge: forge.versions("policy.yml", "main"),
    lambda forge: forge.reviews(7),
    lambda forge: forge.comments(7),
    lambda forge: forge.create_comment(7, "x"),
    lambda forge: forge.update_comment(7, "x"),
    lambda forge: forge.artifact(5, "gate"),
    lambda forge: forge.viewer(),
)


def echo(code: int) -> Behave:
    """Repeat the token in every place of an answer."""

    def behave(exchange: Exchange) -> None:
        said = exchange.request.headers["authorization"]
        exchange.reply(code, {"message": said, "html_url": said, "state": said, "login": 7}, headers={"X-Odd": said})

    return behave


SLOW = ("503, each after 0.7 s", "gzip of 60 MB")
"""They say nothing that others do not."""
FAULTS = {name: behave for name, behave in {**REFUSALS, **BROKEN}.items() if name not in SLOW}
FAULTS |= {"echo 200": echo(200), "echo 403": echo(403), "echo 422": echo(422)}


def every_text(error: BaseException | None) -> Iterator[str]:
    """Give all that may be printed of an error and of those behind it, local variables too."""
    while error is not None:
        yield from (repr(error), str(error), repr(error.args), *traceback.format_exception(error))
        yield from traceback.TracebackException.from_exception(error, capture_locals=True).format()
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("name", FAULTS)
def test_no_error_log_or_stream_shows_it(
    name: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG), desk(GitHub(fault=FAULTS[name])) as one:
        texts = []
        for call in CALLS:
            try:
                texts.append(repr(call(one.forge)))
            except GatekeeperError as error:
                texts += every_text(error)
    texts += [record.getMessage() + repr(vars(record)) for record in caplog.records]
    assert not any(one.service.token in text for text in [*texts, *capfd.readouterr()])
    assert all(one.service.token in request.headers["authorization"] for request in one.service.requests)


def test_no_log_shows_what_is_sent_answered_or_signed(caplog: pytest.LogCaptureFixture) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("verdict.json", "{}")
    service = GitHub()
    service.add_pull(7)
    service.add_artifact(5, "gate", stream.getvalue())
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "github"), desk(service) as one:
        one.forge.create_comment(7, "a body")
        assert one.forge.artifact(5, "gate") == b"{}"
    shown = "".join(record.getMessage() + repr(vars(record)) for record in caplog.records)
    assert not any(text in shown for text in (service.token, service.signature, "a body"))


def test_no_repr_shows_it() -> None:
    with desk() as one:
        access = Access(repository=REPOSITORY, token=Secret(one.service.token), url=one.service.url)
        client = vars(one.forge)["_client"]
        shown = [repr(each) for each in (access, vars(access), one.forge, vars(one.forge), client)]
    assert not any(one.service.token in text for text in shown)


def test_a_netrc_file_does_not_replace_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".netrc", "netrc"):
        (tmp_path / name).write_text("machine 127.0.0.1 login mallory password x\n")
        (tmp_path / name).chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    service = GitHub()
    service.add_artifact(5, "gate", b"")
    with desk(service) as one:
        assert one.forge.statuses(SHA) == ()
        with pytest.raises(GatekeeperError):
            one.forge.artifact(5, "gate")
    assert all("authorization" not in request.headers for request in service.storage.requests)
    assert len(service.storage.requests) == 1


@pytest.mark.parametrize("token", ["ghs_x\n", "ghs_x\r\nX-Odd: y", "ghs_\u00e9", "ghs x", "\x00"])
def test_one_that_cannot_be_sent_is_not_shown(token: str) -> None:
    with desk() as one, pytest.raises(GatekeeperError) as caught:
        type(one.forge)(Access(repository=REPOSITORY, token=Secret(token), url=one.service.url))
    assert not any(token in text for text in (str(caught.value), repr(caught.value)))
