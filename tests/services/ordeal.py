"""One log question asked of a faulty Axiom, and what came of it.

Tests and `bench/axiom_faults.py` share it. No expectation may enter.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from action.deadline import Deadline
from action.errors import GatekeeperError
from action.secret import Secret
from action.sources.axiom import Access, AxiomAnswers, AxiomLogs, Events
from checks.questions.catalog import QUESTIONS
from checks.questions.tally import Ask
from tests.services.axiom import Axiom
from tests.services.faults import BROKEN, REFUSALS, SLOW
from tests.services.loopback import Behave, Request, closed_port

FAULTS: Mapping[str, Behave | None] = {**REFUSALS, **BROKEN, **SLOW, "nothing listens": None}
"""Fault → what the server does; None: there is no server."""
HEALTH = Ask(question=QUESTIONS["health"])
EVENTS = Events(since=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 2, 1, tzinfo=UTC), runs=None, fields={})


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of asking."""

    answers: AxiomAnswers | None
    error: GatekeeperError | None
    """Any other error is a crash, and is raised."""
    seconds: float
    requests: tuple[Request, ...]
    token: str


def access(axiom: Axiom, url: str | None = None) -> Access:
    """Give what opens the service."""
    return Access(token=Secret(axiom.token), url=url or axiom.url, dataset=axiom.dataset)


def endure(fault: Behave | None, *, seconds: float, ask: Ask = HEALTH, times: int | None = None) -> Outcome:
    """Ask one question within a deadline."""
    with Axiom(fault=fault, times=times) as axiom:
        began = time.monotonic()
        answers = error = None
        try:
            logs = AxiomLogs(access(axiom, None if fault else closed_port()))
            answers = logs.answer([ask], EVENTS, Deadline(seconds=seconds))
        except GatekeeperError as raised:
            error = raised
        took = time.monotonic() - began
        return Outcome(answers=answers, error=error, seconds=took, requests=axiom.requests, token=axiom.token)


def endure_all(seconds: float) -> Mapping[str, Outcome]:
    """Ask under every fault, several at the same time: most of it is waiting."""
    with ThreadPoolExecutor(8) as pool:
        waiting = {name: pool.submit(endure, fault, seconds=seconds) for name, fault in FAULTS.items()}
        return {name: one.result() for name, one in waiting.items()}
