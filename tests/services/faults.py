"""What may go wrong between a client and Axiom, each as what the server does instead of answering.

Tests and `bench/axiom_faults.py` share the list. No expectation may enter.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from tests.services.axiom import answer, counted, table
from tests.services.loopback import Behave, Exchange

_CELLS = {"n": 3, "unnamed": 0, "c0": 1, "c1": 1, "c2": 1, "c3": 0, "c4": 0}
"""What the question `health` is answered with."""
_GOOD = json.dumps(counted(**_CELLS)).encode()
_LOGIN = b"<!doctype html><title>Sign in</title>"


def reply(status: int, body: object = b"", **headers: str) -> Behave:
    """Answer so each time; `_` in the name of a header stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda exchange: exchange.reply(status, body, headers=named)


def _half(exchange: Exchange) -> None:
    exchange.reply(200, _GOOD[: len(_GOOD) // 2])


def _cut_body(exchange: Exchange) -> None:
    exchange.reply(200, _GOOD[: len(_GOOD) // 2], length=len(_GOOD))
    exchange.cut()


def _hang(exchange: Exchange) -> None:
    exchange.wait()
    exchange.cut()


def _drip_body(exchange: Exchange) -> None:
    exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(_GOOD))
    exchange.drip(_GOOD, 0.2)


def _drip_headers(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 200, 0.2)


def _echo(exchange: Exchange) -> None:
    said = exchange.request.headers.get("authorization", "")
    exchange.reply(400, {"message": f"bad header {said}\n\x1b[31m::error::x"})


def _slow_refusal(exchange: Exchange) -> None:
    if not exchange.wait(0.7):
        exchange.reply(503, {"message": "busy"})


def _bomb(exchange: Exchange) -> None:
    body = gzip.compress(b"[" + b" " * 60_000_000 + b"]", 1)
    exchange.reply(200, body, headers={"Content-Encoding": "gzip"})


def _bad_gzip(exchange: Exchange) -> None:
    exchange.reply(200, b"\x1f\x8b not gzip at all", headers={"Content-Encoding": "gzip"})


def partial(exchange: Exchange) -> None:
    """Give a partial answer, and say why."""
    message = {"priority": "warn", "count": 1, "code": "c", "msg": "query took too long"}
    body = answer(table([("n", "integer")], [(1,)]), isPartial=True, messages=[message])
    exchange.reply(200, body)


def no_tables(exchange: Exchange) -> None:
    """Give an answer whose tables are null."""
    exchange.reply(200, {**answer(), "tables": None})


def _changed(change: Callable[[dict[str, object]], object]) -> Behave:
    """Change the table of a good answer."""

    def behave(exchange: Exchange) -> None:
        body = counted(**_CELLS)
        change(body["tables"][0])
        exchange.reply(200, body)

    return behave


REFUSALS: Mapping[str, Behave] = MappingProxyType(
    {
        "401": reply(401, {"message": "unauthenticated"}),
        "403": reply(403, {"code": 403, "message": "Forbidden"}),
        "403, a page of a proxy": reply(403, _LOGIN, Content_Type="text/html"),
        "404": reply(404, {"code": 404, "message": "entity not found"}),
        "400": reply(400, {"code": 400, "message": "unknown entity: foo"}),
        "400, a page of a proxy": reply(400, _LOGIN, Content_Type="text/html"),
        "400, with the token in it": _echo,
        "418": reply(418, {"message": "teapot"}),
        "302 elsewhere": reply(302, b"", Location="http://127.0.0.1:9/x"),
        "429": reply(429, {"message": "rate limit exceeded"}),
        "429, Retry-After 3600": reply(429, {"message": "rate limit exceeded"}, Retry_After="3600"),
        "429, Retry-After a date": reply(429, {"message": "slow"}, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"),
        "429, Retry-After nonsense": reply(429, {"message": "slow"}, Retry_After="soon"),
        "500": reply(500, {"message": "boom"}),
        "502, a page of a proxy": reply(502, _LOGIN, Content_Type="text/html"),
        "503, empty": reply(503),
        "503, each after 0.7 s": _slow_refusal,
    }
)
"""Answers that say that there is none."""

BROKEN: Mapping[str, Behave] = MappingProxyType(
    {
        "200, a page of a proxy": reply(200, _LOGIN, Content_Type="text/html"),
        "200, empty": reply(200),
        "200, half a body": _half,
        "body cut off": _cut_body,
        "cut off without an answer": Exchange.cut,
        "not gzip": _bad_gzip,
        "gzip of 60 MB": _bomb,
        "null": reply(200, b"null"),
        "a list": reply(200, []),
        "a text": reply(200, b'"ok"'),
        "an empty object": reply(200, {}),
        "nested 100,000 deep": reply(200, b"[" * 100_000),
        "not UTF-8": reply(200, b"\xff\xfe\xfd"),
        "an HTTP line that is none": lambda exchange: exchange.write(b"hello\r\n\r\n"),
        "tables: null": no_tables,
        "no table": reply(200, answer()),
        "no table but the totals": reply(200, answer(table([("n", "integer")], [(999,)], name="_totals"))),
        "a first column that is longer": _changed(lambda one: one.update(columns=[[1, 2], *[[3]] * 6])),
        "a last column that is longer": _changed(lambda one: one.update(columns=[*[[3]] * 6, [1, 2]])),
        "two fields of one name": _changed(lambda one: one.update(fields=[{"name": "n", "type": "integer"}] * 7)),
        "a field twice": _changed(lambda one: one.update(fields=[{"name": "n", "type": "integer"}] * 2, columns=[[1]])),
        "fewer columns than fields": _changed(lambda one: one.update(columns=[[1]])),
        "columns: an object": _changed(lambda one: one.update(columns={"a": 1})),
        "columns: null": _changed(lambda one: one.update(columns=None)),
        "no columns asked for": reply(200, counted(other=1)),
        "text where a count is": reply(200, counted(**{**_CELLS, "c0": "many"})),
        "NaN where a count is": reply(200, json.dumps(counted(**{**_CELLS, "c0": float("nan")})).encode()),
        "a negative count": reply(200, counted(**{**_CELLS, "c0": -1})),
        "isPartial: a text": reply(200, answer(isPartial="no")),
        "a priority nobody knows": reply(
            200, answer(messages=[{"priority": "loud", "count": 1, "code": "c", "msg": "m"}])
        ),
    }
)
"""Answers that are none."""

SLOW: Mapping[str, Behave] = MappingProxyType(
    {"hang": _hang, "drip of the body": _drip_body, "drip of the headers": _drip_headers}
)
"""Answers that never end."""
