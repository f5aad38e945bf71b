"""A task done by several processes at once, of which any may die: every item gets an answer, in order, or is told lost.

Interrupted, all of them end at once. What the task is may not enter.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

Item = TypeVar("Item")
Answer = TypeVar("Answer")
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Each process has one core: threads of linear algebra would only be in each other's way."""

_CAN_BLOCK = hasattr(signal, "pthread_sigmask")
"""Windows cannot, and lets no process inherit it."""


@dataclass(frozen=True, kw_only=True)
class Work(Generic[Item, Answer]):
    """What is done with each item."""

    task: Callable[[Item], Answer]
    """Can be pickled."""
    lost: Callable[[Item, str], Answer]
    """Gives the answer for an item whose process died, and how."""


@dataclass(kw_only=True)
class _Worker:
    process: SpawnProcess
    pipe: Connection
    busy: list[int] = field(default_factory=list)
    """The items that were sent and not answered, the one at work first."""


_AHEAD = 2
"""Items that a process has at once, so that it never waits for the next one."""


def each(work: Work[Item, Answer], items: Sequence[Item], jobs: int, tell: Callable[[float], None]) -> Iterator[Answer]:
    """Do a task with every item in up to `jobs` processes; answers in the order of the items.

    `tell` takes the share done. With one job all is done in this process.
    """
    if jobs <= 1 or len(items) <= 1:
        for place, item in enumerate(items):
            answer = work.task(item)
            tell((place + 1) / len(items))
            yield answer
        return
    crew: list[_Worker] = []
    try:
        yield from _answers(work, items, crew, (min(jobs, len(items)), tell))
    finally:
        for worker in crew:
            worker.process.kill()
        for worker in crew:
            worker.process.join()
            worker.pipe.close()


def _answers(
    work: Work[Item, Answer], items: Sequence[Item], crew: list[_Worker], size: tuple[int, Callable[[float], None]]
) -> Iterator[Answer]:
    jobs, tell = size
    left = iter(range(len(items)))
    ready: dict[int, Answer] = {}
    given = done = 0
    for _ in range(jobs):
        with _quiet():
            crew.append(_start(work.task))
    for _ in range(_AHEAD):
        for worker in crew:
            _send(worker, items, left)
    while given < len(items):
        for pipe in wait([worker.pipe for worker in crew if worker.busy]):
            worker = next(one for one in crew if one.pipe is pipe)
            try:
                ready[worker.busy[0]] = worker.pipe.recv()
            except (EOFError, OSError):
                place, *others = worker.busy
                ready[place] = work.lost(items[place], _ended(worker))
                with _quiet():
                    crew[crew.index(worker)] = worker = _start(work.task)
                for other in others:
                    worker.pipe.send(items[other])
                worker.busy = [place, *others]
            worker.busy.pop(0)
            done += 1
            tell(done / len(items))
            _send(worker, items, left)
        while given in ready:
            yield ready.pop(given)
            given += 1


def _send(worker: _Worker, items: Sequence[Item], left: Iterator[int]) -> None:
    place = next(left, None)
    if place is not None:
        worker.busy.append(place)
        with suppress(OSError):  # it has died: that is told when its answer is read
            worker.pipe.send(items[place])


def _start(task: Callable[[Item], Answer]) -> _Worker:
    context = multiprocessing.get_context("spawn")  # a fork of a process with threads may hang
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(task, theirs), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process=process, pipe=ours)


@contextmanager
def _quiet() -> Iterator[None]:
    """Let what is started inherit that Ctrl-C is not for it: it is we who end it, at once and without a word.

    One that comes meanwhile, to whichever thread, waits until the process is known to who ends it.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    came: list[int] = []
    if _CAN_BLOCK:
        resource_tracker.ensure_running()  # which lets the signal through once it is started
    handler = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if _CAN_BLOCK else None
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        if blocked is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def _ended(worker: _Worker) -> str:
    worker.process.join()
    code = worker.process.exitcode or 0
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return f"the process that judged it ended ({how}); is there too little memory for it?"


def _serve(task: Callable[[Item], Answer], pipe: Connection) -> None:
    """Do the task with whatever comes, until nobody asks any more."""
    try:
        while True:
            pipe.send(task(pipe.recv()))
    except (EOFError, OSError):
        return
