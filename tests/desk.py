"""GitHub on loopback and the real client before it, with a clock that nobody waits for.

Whatever is asked and answered meanwhile has to be as GitHub's own description says. No expectation may enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from action.forge import CONTEXT, Conclusion, Remark, Report, State, Status, Weight
from action.github import Access, GitHub
from action.secret import Secret
from tests.services import github as fake
from tests.services.github_api import faults

NOW = 1_780_000_000.0
ROOT = f"/repos/{fake.REPOSITORY}"


@dataclass
class Time:
    """A clock that goes on when somebody sleeps."""

    now: float = NOW
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The service, the client and its time."""

    service: fake.GitHub
    forge: GitHub
    time: Time

    @property
    def asked(self) -> list[str]:
        """What was asked: method and path below the repository's."""
        requests = self.service.requests
        return [f"{one.method} {one.path.removeprefix(self.service.prefix).removeprefix(ROOT)}" for one in requests]


@contextmanager
def desk(service: fake.GitHub | None = None, *, seconds: float = 5.0) -> Iterator[Desk]:
    """Open the desk; at its end everything is held against GitHub's description."""
    with service or fake.GitHub() as github:
        time = Time()
        access = Access(repository=fake.REPOSITORY, token=Secret(github.token), url=github.url)
        forge = GitHub(access, seconds=seconds, sleep=time.sleep, clock=lambda: time.now)
        yield Desk(service=github, forge=forge, time=time)
    faulty = [
        text
        for exchange in github.exchanges
        for text in faults(exchange, github.prefix, answered=exchange not in github.struck)
    ]
    assert faulty == []


def status(state: State = State.SUCCESS, description: str = "passed", context: str = CONTEXT) -> Status:
    """Return a status."""
    return Status(context=context, state=state, description=description, target="https://example.com/run")


def remarks(count: int) -> tuple[Remark, ...]:
    """Return remarks, each at a line of its own."""
    return tuple(
        Remark(path=".github/gatekeeper.yml", line=at, weight=Weight.FAILURE, title=f"kl {at}", text="too high")
        for at in range(1, count + 1)
    )


def report(
    count: int = 0, conclusion: Conclusion | None = Conclusion.FAILURE, external_id: str = "run:policy"
) -> Report:
    """Return a report with so many remarks."""
    return Report(
        external_id=external_id,
        conclusion=conclusion,
        title="Failed",
        summary="KL is too high.",
        text="sha256: 00",
        remarks=remarks(count),
        started_at="2026-01-02T03:04:05Z",
        details="https://example.com/run",
    )
