"""An end that everything together has to meet: no service may hold a job up.

No service and no command may enter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from action.errors import ServiceError

Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """So many seconds from now on."""

    seconds: float
    _end: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_end", time.monotonic() + self.seconds)

    @property
    def left(self) -> float:
        """Seconds that are left; 0 when they are over."""
        return max(0.0, self._end - time.monotonic())

    def missed(self, what: str) -> ServiceError:
        """Make the error of something that was not there in time."""
        return ServiceError(
            f"{what}: expected an answer within the deadline of {self.seconds:g} seconds, got none; run again, or give "
            "it more time with --deadline SECONDS"
        )


@dataclass
class _Job(Generic[Found]):
    """One call in a thread of its own."""

    call: Callable[[], Found]
    found: list[Found] = field(default_factory=list)
    error: list[BaseException] = field(default_factory=list)

    def run(self) -> None:
        try:
            self.found.append(self.call())
        except BaseException as error:  # noqa: BLE001 - it is raised again by the one who waits
            self.error.append(error)


def run_together(calls: Sequence[Callable[[], Found]], deadline: Deadline, *, what: str, at_once: int) -> list[Found]:
    """Run calls at the same time, some at once, and give what they found in their order.

    The threads are daemons: one that hangs is left behind and ends with the process.

    Raises:
        ServiceError: they were not done by the deadline.
        BaseException: whatever a call raises; the first in their order.
    """
    gate = threading.Semaphore(at_once)
    jobs = [_Job(_gated(call, gate)) for call in calls]
    threads = [threading.Thread(target=job.run, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for job, thread in zip(jobs, threads, strict=True):
        thread.join(deadline.left)
        if job.error:
            raise job.error[0]
        if not job.found:
            raise deadline.missed(what)
    return [job.found[0] for job in jobs]


def _gated(call: Callable[[], Found], gate: threading.Semaphore) -> Callable[[], Found]:
    def run() -> Found:
        with gate:
            return call()

    return run
