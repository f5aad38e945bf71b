"""What may go wrong between a client and W&B, each as what the server does instead of answering.

Tests and `bench/wandb_online.py` share the list. No expectation may enter.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from tests.services.loopback import Behave, Exchange
from tests.services.wandb import Wandb

Make: TypeAlias = Callable[[Wandb], Behave]
"""A fault of a server: some are made of what it would have answered."""
LOGIN = b"<!doctype html><title>Sign in</title>"


def status(code: int, body: bytes = b'{"errors":[{"message":"boom"}]}', **headers: str) -> Make:
    """Answer with a status; `_` in the name of a header stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: lambda exchange: exchange.reply(code, body, headers=named)


def data(document: Any, **beside: Any) -> Make:
    """Answer a query with other data."""
    return lambda _: lambda exchange: exchange.reply(200, {"data": document, **beside})


def healthy(server: Wandb) -> Behave:
    """Answer as always."""
    return server.serve


def meanwhile(happens: Callable[[], object], make: Make = healthy) -> Make:
    """Let something happen, then answer."""

    def made(server: Wandb) -> Behave:
        answer = make(server)

        def behave(exchange: Exchange) -> None:
            happens()
            answer(exchange)

        return behave

    return made


def afterwards(happens: Callable[[], object]) -> Make:
    """Do what is asked, let something happen, then answer as if it had not."""

    def made(server: Wandb) -> Behave:
        def behave(exchange: Exchange) -> None:
            answer = server.answer(exchange.request)
            happens()
            exchange.reply(*answer)

        return behave

    return made


def obeyed(make: Make) -> Make:
    """Do what is asked, and then behave as if it had not been."""

    def made(server: Wandb) -> Behave:
        fault = make(server)

        def behave(exchange: Exchange) -> None:
            server.answer(exchange.request)
            fault(exchange)

        return behave

    return made


def _half(server: Wandb) -> Behave:
    def behave(exchange: Exchange) -> None:
        _, body = server.answer(exchange.request)
        exchange.reply(200, body[: len(body) // 2], length=len(body))
        exchange.cut()

    return behave


def _drip(server: Wandb) -> Behave:
    def behave(exchange: Exchange) -> None:
        _, body = server.answer(exchange.request)
        exchange.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
        exchange.drip(body, 0.5)

    return behave


def _hang(_: Wandb) -> Behave:
    def behave(exchange: Exchange) -> None:
        exchange.wait()
        exchange.cut()

    return behave


def _reset(_: Wandb) -> Behave:
    def behave(exchange: Exchange) -> None:
        connection = exchange._handler.connection
        # Closed with nothing to linger for, a connection is reset, not ended.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        exchange._handler.close_connection = True
        connection.close()

    return behave


def revoked(server: Wandb) -> Behave:
    """Answer as to a key that nobody knows any more."""
    return status(401, b'{"errors":[{"message":"user is not logged in"}]}')(server)


EVERYWHERE: Mapping[str, Make] = MappingProxyType(
    {
        "401": revoked,
        "403": status(403),
        "404": status(404),
        "429": status(429),
        "429, Retry-After 1": status(429, Retry_After="1"),
        "429, Retry-After 3600": status(429, Retry_After="3600"),
        "500": status(500),
        "502, a page of a proxy": status(502, LOGIN, Content_Type="text/html"),
        "503": status(503, b""),
        "200, a page of a proxy": status(200, LOGIN, Content_Type="text/html"),
        "200, empty": status(200, b""),
        "half a body": _half,
        "reset": _reset,
        "cut off without an answer": lambda _: Exchange.cut,
        "hang": _hang,
        "drip": _drip,
    }
)
"""Of queries and downloads."""

QUERIES: Mapping[str, Make] = MappingProxyType(
    {
        "errors of GraphQL": data(None, errors=[{"message": "Cannot query field", "path": ["project"]}]),
        "errors of GraphQL beside data": data({"project": {"run": {}}}, errors=[{"message": "boom"}]),
        "data: null": data(None),
        "a list": status(200, b"[]"),
        "data: a list": data([]),
        "project: a text": data({"project": "league"}),
        "run: a text": data({"project": {"run": "abc", "runs": "abc"}}),
        "run: an empty object": data({"project": {"run": {}, "runs": {}}}),
    }
)
"""Of queries alone."""
