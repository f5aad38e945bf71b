"""A process that talks to W&B and is killed before one of its requests, played within the process of the tests.

What is raised there is caught by nobody, as SIGKILL is not, and asks W&B nothing more. No expectation may enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from action.deadline import Deadline
from action.errors import ServiceError
from action.registries.wandb.errand import run_errand
from action.registries.wandb.place import Service
from action.wandb_service.access import Access
from action.wandb_service.child import Tell
from action.wandb_service.request import Errand, Json, Request


class KilledError(BaseException):
    """The end of a process, which runs no handler of errors."""


@dataclass
class Life:
    """How long the process lives."""

    requests: int | None
    """So many are sent, and then it is killed; None: it is not."""
    child_alone: bool = False
    """W&B's client is killed, and the command that started it lives, and may start another."""

    def spend(self) -> None:
        """Send a request, or end."""
        if self.requests == 0:
            self.requests = None if self.child_alone else 0
            raise KilledError
        if self.requests is not None:
            self.requests -= 1


@dataclass(frozen=True)
class Mortal:
    """The connection of such a process."""

    service: Service
    life: Life

    def ask(self, document: str, variables: Mapping[str, object], /, *, seconds: float | None = None) -> Json:
        """Ask, if it lives."""
        self.life.spend()
        return self.service.ask(document, variables, seconds=seconds)

    def download(self, address: str, path: Path, /, *, what: str) -> None:
        """Download, if it lives."""
        self.life.spend()
        self.service.download(address, path, what=what)


@contextmanager
def mortal(life: Life) -> Iterator[None]:
    """Let what is asked of aliases be asked by a process of that life; inside `client_within`."""

    def send(errand: Errand, access: Access, folder: Path, deadline: Deadline, tell: Tell) -> dict[str, Json]:
        from action.wandb_service.service import Connection  # noqa: PLC0415 - a second, which few tests need

        key, seconds = access.key.reveal(), deadline.left
        request = Request(errand=errand, key=key, url=access.url, folder=str(folder), seconds=seconds)
        try:
            return run_errand(request, Mortal(Connection(key, access.url, seconds), life), tell)
        except KilledError:
            if not life.child_alone:
                raise
            raise ServiceError("W&B: expected an answer, but its client ended without one; run again") from None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("action.registries.wandb.registry.send", send)
        yield
