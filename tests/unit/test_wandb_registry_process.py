"""An order to W&B in the process that is ended at the deadline, or by somebody: what is said of the alias then."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from action.errors import InputError, RefusalError, ServiceError
from action.registries.wandb.wanted import Wanted
from action.registry import Change, Stored
from action.wandb_service.launch import warm_client
from checks.refusal import Reason
from tests.services.loopback import Exchange
from tests.services.wandb import Fault, Wandb
from tests.services.wandb_client import order_of, registry_of
from tests.services.wandb_faults import EVERYWHERE, meanwhile, status
from tests.services.wandb_run import Artifact
from tests.services.wandb_shelf import Shelf, Version


@pytest.fixture
def shelf() -> Shelf:
    found = Shelf()
    for number in (1, 2):
        found.add(Artifact(version=number, digest=f"d{number}"))
    return found


@pytest.fixture
def server(shelf: Shelf) -> Iterator[Wandb]:
    with Wandb(shelf=shelf) as found:
        yield found


def stored(shelf: Shelf, number: int) -> Stored:
    one: Version = list(shelf.versions.values())[number - 1]
    return Stored(name=one.name, digest=f"wandb:{one.digest}", key=one.key)


def test_an_order_crosses_to_the_other_process_whole() -> None:
    for expected in (None, Stored(name="n", digest="d", run="r", key="k")):
        wanted = Wanted(order=order_of(Stored(name="n", digest=None), expected), target="t", settle_seconds=0.5)

        assert Wanted.read(wanted.errand()) == wanted


def test_everything_comes_back_from_the_other_process(server: Wandb, shelf: Shelf) -> None:
    one, two = stored(shelf, 1), stored(shelf, 2)
    registry = registry_of(server)

    with warm_client():
        found = registry.find("team/league/adapter:v1")
        moved = registry.move(order_of(found, registry.holder("production", found)))
        server.faults["AddAliases"] = Fault(behave=status(403)(server))
        with pytest.raises(ServiceError, match="nothing was changed: team/league/adapter:v1 holds the alias"):
            registry.move(order_of(two, one))
    with warm_client():
        with pytest.raises(RefusalError) as caught:
            registry.move(order_of(two, None))
        with pytest.raises(InputError, match="expected a version on W&B, found none"):
            registry.find("team/league/adapter:v9")

    assert (found.name, found.run, moved.change, moved.before) == (one.name, "abc123", Change.MOVED, None)
    assert [one.reason for one in caught.value.refusals] == [Reason.ALIAS_MOVED]


def test_a_process_that_hangs_is_ended_at_the_deadline_and_the_alias_is_not_known(
    server: Wandb, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = subprocess.Popen

    def other(words: object, **options: Any) -> subprocess.Popen[str]:
        return start([sys.executable, "-c", "import time; time.sleep(60)"], **options)

    monkeypatch.setattr("action.wandb_service.launch.subprocess.Popen", other)

    with pytest.raises(ServiceError) as caught:
        registry_of(server, seconds=0.5).move(order_of(stored(shelf, 1), None))

    assert str(caught.value) == (
        "W&B: expected an answer within the deadline of 0.5 seconds, got none; run again, or give it more time with "
        "--deadline SECONDS (whether team/league/adapter:v1 has the alias production now is not known; to run the same "
        "command again is safe)"
    )


def test_a_process_that_is_killed_after_it_wrote_is_asked_about_by_another(
    server: Wandb, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, written = subprocess.Popen, threading.Event()
    started: list[subprocess.Popen[str]] = []

    def record(words: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(start(words, **options))
        return started[-1]

    def write(exchange: Exchange) -> None:
        server.answer(exchange.request)
        written.set()
        exchange.wait(20)

    monkeypatch.setattr("action.wandb_service.launch.subprocess.Popen", record)
    server.faults["AddAliases"] = Fault(behave=write, times=1)

    def kill() -> None:
        written.wait(20)
        started[0].kill()

    killer = threading.Thread(target=kill)
    killer.start()

    with pytest.raises(ServiceError) as caught:
        registry_of(server).move(order_of(stored(shelf, 1), None))
    killer.join()
    again = registry_of(server).move(order_of(stored(shelf, 1), None))

    assert str(caught.value) == (
        "W&B: expected an answer, but its client ended without one; run again (team/league/adapter:v1 holds the alias "
        "production now; to run the same command again is safe, and completes what is open)"
    )
    assert (again.change, again.notes) == (Change.ALREADY, ())
    assert server.operations.count("UpdateArtifact") == 1


def test_an_alias_that_hangs_until_the_deadline_is_told_by_the_deadline(server: Wandb, shelf: Shelf) -> None:
    server.faults["AddAliases"] = Fault(behave=EVERYWHERE["hang"](server))

    with pytest.raises(ServiceError, match=r"in time, got none; .* \(nothing was changed: no version holds the alias"):
        registry_of(server, seconds=7).move(order_of(stored(shelf, 1), None))


def test_a_key_that_comes_back_is_not_told(server: Wandb, shelf: Shelf) -> None:
    one = next(iter(shelf.versions.values()))
    server.faults["ArtifactByID"] = Fault(
        behave=meanwhile(lambda: setattr(one, "digest", server.key))(server),
    )

    with pytest.raises(RefusalError) as caught:
        registry_of(server).move(order_of(stored(shelf, 1), None))

    assert [one.reason for one in caught.value.refusals] == [Reason.OTHER_CHECKPOINT]
    assert server.key not in str(caught.value)
    assert "got wandb:…: it is not what was judged" in str(caught.value)
