"""A promotion in a local registry, killed before its n-th change to the disk, for every n, and then gone on with.

A program of its own, with one thread: it forks. What it prints is one line of JSON a kill. No expectation may enter.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import sys
from pathlib import Path

from action.errors import GatekeeperError
from action.registries.local import LocalRegistry
from action.registry import Order, Record

CHANGES = frozenset({"os.link", "os.rename", "os.symlink", "os.mkdir", "os.chmod", "os.remove", "os.rmdir"})
"""What Python's own audit tells of before it is done; files that are opened to be written are the rest."""


PROOF = b"{}\n"
"""Stands for a manifest of evidence."""


def sha(text: str | bytes) -> str:
    """Return the sha256 of a text."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def order(registry: LocalRegistry, checkpoint: Path, alias: str, verdict: str) -> Order:
    """Return an order to move an alias to a checkpoint, as it stands; `verdict`: its text."""
    record = Record(
        by="ada",
        why="",
        at="2026-01-05T08:00:00Z",
        run=checkpoint.name,
        repository=None,
        commit=None,
        verdict_sha256=sha(verdict),
        evidence_sha256=sha(PROOF),
        policy_sha256="p" * 64,
        judged_at="2026-01-05T07:00:00Z",
        tool_version="0.1.0",
    )
    to = registry.find(str(checkpoint))
    proof = {"verdict.json": verdict.encode(), "evidence/manifest.json": PROOF}
    return Order(alias=alias, to=to, expected=registry.holder(alias), record=record, proof=proof)


def promote(root: Path, checkpoint: Path, verdict: str, alias: str = "production") -> str:
    """Promote, and tell what became of it."""
    registry = LocalRegistry(root)
    try:
        return registry.move(order(registry, checkpoint, alias, verdict)).change.value
    except GatekeeperError as error:
        return str(error)


def _die_before(number: int) -> None:
    left = [number]

    def look(event: str, told: tuple[object, ...]) -> None:
        # The third of `open` are its flags: O_WRONLY, O_RDWR or O_CREAT change something.
        opened = event == "open" and isinstance(told[2], int) and told[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if event in CHANGES or opened:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def main() -> int:
    """Kill it before every change, until it comes to its end unkilled."""
    folder = Path(sys.argv[1])
    old, new = folder / "old.bin", folder / "new"
    for number in range(1_000):
        root = folder / f"registry-{number}"
        shutil.copytree(folder / "registry", root, symlinks=True)
        child = os.fork()
        if child == 0:
            _die_before(number)
            promote(root, new, "2")
            os._exit(0)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        print(json.dumps({"number": number, "killed": killed, **_look(root), "again": promote(root, new, "2")}))
        again = _look(root)
        print(json.dumps({"number": number, "killed": False, **again, "again": promote(root, old, "3")}))
        if not killed:
            return 0
    return 1


def _look(root: Path) -> dict[str, object]:
    """Tell what a reader finds: whom the log gives the alias, and what lies behind its link."""
    holder = LocalRegistry(root).holder("production")
    link = root / "aliases" / "production"
    behind = sorted(path.read_text() for path in link.rglob("*")) if link.is_dir() else [link.read_text()]
    return {"holder": None if holder is None else holder.name, "behind": behind}


if __name__ == "__main__":
    sys.exit(main())
