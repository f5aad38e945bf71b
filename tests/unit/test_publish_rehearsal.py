"""A rehearsal takes the same way as a verdict that is published, and writes nothing."""

from __future__ import annotations

import pytest

from action.publish.rehearsal import Rehearsal
from checks.result import Decision
from tests.forge import MemoryForge
from tests.unit.test_publish_publication import publish, repository, waiting

WRITES = {"post_status", "create_check_run", "update_check_run", "create_comment", "update_comment", "delete_comment"}


@pytest.mark.parametrize("again", [False, True])
def test_it_tells_every_write_and_makes_none(again: bool) -> None:
    forge: MemoryForge = repository()
    if again:
        publish(forge, Decision.FAIL)
    real = repository()
    if again:
        publish(real, Decision.FAIL)
    forge.calls.clear()
    real.calls.clear()
    told: list[str] = []

    publish(Rehearsal(forge, lambda line, _: told.append(line)), entry=waiting("b", minute=5))
    publish(real, entry=waiting("b", minute=5))

    assert not WRITES & set(forge.calls)
    assert len(told) == sum(call in WRITES for call in real.calls)
    assert told[0].startswith("status ")
    assert any("comment" in line for line in told)
