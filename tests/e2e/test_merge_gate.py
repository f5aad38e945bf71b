"""Our status as the required check of a branch that a server of others guards: nothing merges without a pass.

Real jobs post through the real client; somebody tries to merge meanwhile. Whatever was asked and answered has to be
as GitHub's own description says.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.jobs import Done, pull_event, run_job
from tests.runs import POLICY, rows, write_run
from tests.services.faults import reply
from tests.services.github import Fault
from tests.services.github_api import faults
from tests.services.github_gate import NUMBER, Gate, World
from tests.services.loopback import Request

PATH = ".github/gatekeeper.yml"
GOOD, SHORT = rows(), rows()[:3]
BAD = rows(kl={step: 0.5 + step / 1_000 for step in range(40)})
REQUIRED = 'Required status check "experiment-gatekeeper" is'


@pytest.fixture(name="world", scope="module")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture(name="gate")
def _gate(world: World) -> Iterator[Gate]:
    with Gate(world.new(PATH, POLICY)) as gate:
        yield gate
    proxy = gate.proxy
    faulty = [text for one in proxy.exchanges for text in faults(one, answered=one not in proxy.struck)]
    assert faulty == []
    assert proxy.exchanges


def job(folder: Path, gate: Gate, records: list[dict[str, object]], run: str = "run.jsonl") -> Done:
    """Judge a run for the pull request."""
    write_run(folder, records, name=run)
    event = pull_event(sha=gate.head)
    event["pull_request"]["number"] = NUMBER
    done = run_job(folder, gate.proxy, "pull_request", event, GATEKEEPER_RUN=run)
    assert "Traceback" not in done.stderr
    assert gate.proxy.token not in done.stderr + done.summary
    return done


def test_nobody_can_merge_before_the_pass_is_posted(tmp_path: Path, gate: Gate) -> None:
    """Somebody tries before every request of the job: the first try that succeeds is the one after the success."""
    tried: list[tuple[list[str], int, str]] = []

    def merge(request: Request) -> None:
        if not tried or tried[-1][1] != 200:
            tried.append((gate.states, *gate.merge()))

    gate.before = merge
    done = job(tmp_path, gate, GOOD)

    assert done.code == 0
    waiting = {(code, text) for states, code, text in tried if states == ["pending"]}
    assert waiting == {(405, f"{REQUIRED} in progress.")}
    assert {(code, text) for states, code, text in tried if not states} == {(405, f"{REQUIRED} expected.")}
    assert tried[-1][:2] == (["pending", "success"], 200)
    assert len(gate.memory.comments) == len(gate.memory.check_runs) == 1  # that it is merged hinders nothing


def test_a_commit_with_a_run_that_fails_merges_only_after_that_run_passes(tmp_path: Path, gate: Gate) -> None:
    assert job(tmp_path, gate, BAD).code == 10
    assert gate.merge() == (405, f"{REQUIRED} failing.")
    assert job(tmp_path, gate, GOOD, run="another.jsonl").code == 0
    assert gate.merge() == (405, f"{REQUIRED} failing.")

    assert job(tmp_path, gate, GOOD).code == 0
    assert gate.merge()[0] == 200


def test_too_little_evidence_does_not_merge(tmp_path: Path, gate: Gate) -> None:
    assert job(tmp_path, gate, SHORT).code == 11
    assert gate.merge() == (405, f"{REQUIRED} failing.")


def test_a_pass_is_of_its_own_commit_alone(tmp_path: Path, gate: Gate) -> None:
    assert job(tmp_path, gate, GOOD).code == 0
    gate.push()

    assert gate.states == []
    assert gate.merge() == (405, f"{REQUIRED} expected.")


@pytest.mark.parametrize(
    ("stored", "times", "ends"), [(True, 1, (0, 200)), (False, 1, (0, 200)), (False, None, (3, 405))]
)
def test_a_pass_that_is_lost_on_the_way_opens_nothing_until_it_has_arrived(
    tmp_path: Path, gate: Gate, stored: bool, times: int | None, ends: tuple[int, int]
) -> None:
    gate.proxy.faults.append(
        Fault(behave=reply(502), method="POST", path=".*/statuses/.*", after=1, times=times, stored=stored)
    )
    assert (job(tmp_path, gate, GOOD).code, gate.merge()[0]) == ends
