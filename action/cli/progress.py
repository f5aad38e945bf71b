"""Progress while something takes long: a bar on a terminal, a plain line now and then elsewhere.

It goes to the error stream, so that answers stay what they are, and nothing is shown of what is over at once.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 2.0
"""Seconds before anything is shown."""
_PAUSE = 15.0
"""Seconds between plain lines."""


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[float], None]]:
    """Give a function that takes the share done, 0 to 1, and may be called from another thread."""
    if sys.stderr.isatty():
        with _bar(what) as tell:
            yield tell
    else:
        yield _lines(what)


def _lines(what: str) -> Callable[[float], None]:
    last = [time.monotonic()]

    def tell(share: float) -> None:
        now = time.monotonic()
        if now - last[0] >= _PAUSE and share < 1:
            last[0] = now
            print(f"gatekeeper: {what}: {share:.0%}", file=sys.stderr, flush=True)  # noqa: T201 - the front door's own line

    return tell


@contextmanager
def _bar(what: str) -> Iterator[Callable[[float], None]]:
    from rich.console import Console  # noqa: PLC0415 - start-up time
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (TextColumn(what), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(what, total=1.0)
    begun = time.monotonic()
    started = [False]

    def tell(share: float) -> None:
        if not started[0] and time.monotonic() - begun >= _PATIENCE:
            started[0] = True
            bar.start()
        bar.update(task, completed=share)

    try:
        yield tell
    finally:
        bar.stop()
