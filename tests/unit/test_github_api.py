"""GitHub's own description, which tests hold everything against, finds what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.desk import ROOT, desk, report, status
from tests.services.github import SHA, GitHub
from tests.services.github_api import faults
from tests.services.loopback import Exchange, Request

Change = Callable[[dict[str, Any]], object]


def exchanged(address: str, status: int, answer: object, method: str = "GET", body: bytes = b"") -> Exchange:
    url = urlsplit(address)
    request = Request(method=method, path=f"{ROOT}{url.path}", query=parse_qs(url.query), headers={}, body=body, at=0.0)
    made = Exchange(request, None, None)  # type: ignore[arg-type]
    made.replied = (status, answer)
    return made


def answered(call: Callable[[Any], object]) -> Exchange:
    service = GitHub()
    service.add_pull(7)
    with desk(service) as one:
        call(one.forge)
    return service.exchanges[0]


@pytest.mark.parametrize(
    ("call", "change", "told"),
    [
        (lambda forge: forge.pull(7), lambda body: body.pop("head"), "'head' is a required property"),
        (lambda forge: forge.pull(7), lambda body: body.update(extra=1), "'extra' was unexpected"),
        (lambda forge: forge.pull(7), lambda body: body["head"]["repo"].update(id="7"), "'7' is not of type 'integer'"),
        (lambda forge: forge.pull(7), lambda body: body.update(created_at="now"), "'now' is not a 'date-time'"),
        (lambda forge: forge.pull(7), lambda body: body.update(url="x"), "'x' is not a 'uri'"),
        (
            lambda forge: forge.create_check_run(SHA, report()),
            lambda body: body.update(conclusion="fine"),
            "'fine' is not one of",
        ),
        (
            lambda forge: forge.create_check_run(SHA, report()),
            lambda body: body["output"].update(title=7),
            "7 is not of type 'string', 'null'",
        ),
    ],
)
def test_a_wrong_answer_is_found(call: Callable[[Any], object], change: Change, told: str) -> None:
    exchange = answered(call)
    assert exchange.replied is not None
    assert faults(exchange) == []
    change(exchange.replied[1])  # type: ignore[arg-type]
    assert told in "".join(faults(exchange))


def test_what_may_be_null_may_be_null() -> None:
    exchange = answered(lambda forge: forge.create_check_run(SHA, report(0, None)))
    assert exchange.replied is not None
    assert exchange.replied[1]["conclusion"] is None  # type: ignore[index]
    assert faults(exchange) == []


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"state": "passed"}', "'passed' is not one of"),
        (b"{}", "'state' is a required property"),
        (b'{"state": "success", "contxt": "x"}', "'contxt' was unexpected"),
        (b"[]", "[] is not of type 'object'"),
        (b"", "None is not of type 'object'"),
    ],
)
def test_a_wrong_request_is_found(body: bytes, told: str) -> None:
    answer = answered(lambda forge: forge.post_status(SHA, status())).replied
    assert answer is not None
    assert told in "".join(faults(exchanged(f"/statuses/{SHA}", *answer, "POST", body)))


def test_an_operation_parameter_or_answer_that_github_does_not_know_is_found() -> None:
    assert "no such operation" in "".join(faults(exchanged("/nowhere", 200, {})))
    assert "no such operation" in "".join(faults(exchanged("/pulls/7", 200, {}, "DELETE")))
    assert "?check-name" in "".join(faults(exchanged(f"/commits/{SHA}/check-runs?check-name=x", 404, {})))
    assert "202 is not described" in "".join(faults(exchanged("/pulls", 202, [])))
    assert "'no' is not of type 'object'" in "".join(faults(exchanged("/pulls", 404, "no")))
