"""Links that show what holds an alias: made anew from the log, in one step, and one process after the other.

No entry of the log may enter.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

ALIASES, LOCK = "aliases", ".lock"
_PATIENCE = 20.0
"""Seconds that others are waited for, who need a moment."""


class LockedError(Exception):
    """Somebody keeps us out for long."""


def show(root: Path, alias: str, target: Callable[[], Path | None]) -> None:
    """Let a link lead where the log has it lead; one that does is left alone, so that nothing has to be written.

    Args:
        root: of the registry.
        alias: what the link is called.
        target: says where it has to lead, as the log is now; None: nowhere.

    Raises:
        LockedError: somebody keeps us out for long.
        OSError: it cannot be made, or does not lead there once it is.
    """
    folder = root / ALIASES
    link, beside = folder / alias, folder / f".{secrets.token_hex(8)}"
    if _leads(link) == _relative(root, target()):
        return
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(root / LOCK):
        wanted = _relative(root, target())  # within the lock: who reads the log last links last
        if wanted is not None:
            beside.symlink_to(wanted)
            beside.replace(link)
            if _leads(link) != wanted:
                raise OSError(0, "links that lead elsewhere than they were made to")


def _relative(root: Path, target: Path | None) -> str | None:
    return None if target is None else os.path.join("..", *target.relative_to(root).parts)  # noqa: PTH118


def _leads(link: Path) -> str | None:
    """Read a link; None: there is none."""
    with suppress(OSError):
        return str(link.readlink())
    return None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keep others out; the system lets go of it whatever becomes of this process."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)  # a group that shares the registry shares it, as it is set up
    try:
        try:
            import fcntl  # noqa: PLC0415 - Windows has none
        except ImportError:
            pass
        else:
            end = time.monotonic() + _PATIENCE
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise LockedError from None
                    time.sleep(0.05)
        yield
    finally:
        os.close(handle)
