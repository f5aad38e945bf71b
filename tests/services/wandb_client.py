"""The real client of W&B within the process of the tests: one service process for all, instead of one a request.

Nothing of the command line may enter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from action.deadline import Deadline
from action.errands import KINDS
from action.registries.wandb.registry import WandbRegistry
from action.registry import Order, Record, Stored
from action.secret import Secret
from action.sources.wandb_api.runs import WandbRuns
from action.wandb_service.access import Access
from action.wandb_service.child import Tell
from action.wandb_service.request import Errand, Json, Request
from tests.services.wandb import Wandb


def send_within(errand: Errand, access: Access, folder: Path, deadline: Deadline, tell: Tell) -> dict[str, Json]:
    """Do an errand here instead of in another process."""
    from action.wandb_service.service import Connection  # noqa: PLC0415 - a second, which few tests need

    key = access.key.reveal()
    request = Request(errand=errand, key=key, url=access.url, folder=str(folder), seconds=deadline.left)
    return KINDS[errand.kind](request, Connection(key, access.url, request.seconds), tell)


@contextmanager
def client_within(folder: Path) -> Iterator[None]:
    """Let W&B be asked within this process, the client's files in a folder."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
            patch.setenv(name, str(folder))
        patch.setenv("WANDB_ERROR_REPORTING", "false")
        patch.setenv("WANDB_SILENT", "true")
        for room in ("action.sources.wandb_api.runs", "action.registries.wandb.registry"):
            patch.setattr(f"{room}.send", send_within)
        yield
        import wandb  # noqa: PLC0415 - as above

        wandb.teardown()


def runs_of(server: Wandb) -> WandbRuns:
    """Open the runs of a server."""
    return WandbRuns(Access(key=Secret(server.key), url=server.url))


def registry_of(
    server: Wandb, target: str | None = None, *, seconds: float = 30, settle: float = 0.05
) -> WandbRegistry:
    """Open the aliases of a server."""
    access = Access(key=Secret(server.key), url=server.url)
    return WandbRegistry(access=access, deadline=Deadline(seconds=seconds), target=target, settle_seconds=settle)


def order_of(to: Stored, expected: Stored | None, **record: Any) -> Order:
    """Order that a version gets the alias `production`."""
    made: dict[str, Any] = {
        "by": "ada",
        "why": "better",
        "at": "2026-01-03T00:00:00Z",
        "run": "abc123",
        "verdict_sha256": "1" * 64,
        "evidence_sha256": "2" * 64,
        "policy_sha256": "3" * 64,
        "judged_at": "2026-01-02T05:00:00Z",
        "tool_version": "1.0.0",
        **record,
    }
    return Order(
        alias="production",
        to=to,
        expected=expected,
        record=Record(repository="owner/name", commit="c0ffee" + "0" * 34, **made),
    )
