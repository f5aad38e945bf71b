"""A registry in a folder, for users without W&B: an append-only log, the bytes that were promoted, and links to them.

    log/000001.json …          what happened, one file each, never changed: the one truth
    checkpoints/SHA256/NAME    the bytes, copied and digested before any alias names them
    verdicts/SHA256/           verdict.json and evidence/ of each promotion
    aliases/production         a link to the bytes, for those who read them; made anew from the log

A promotion is one new file in the log, which the file system gives to one writer alone: whatever is killed before it
has changed nothing, whatever is killed after it is finished by the next. No rule of a verdict may enter.
"""

from __future__ import annotations

from action.registries.local.registry import LocalRegistry
from action.registries.local.shelf import SHA256

__all__ = ["SHA256", "LocalRegistry"]
