"""Work in several processes: in order, whoever is slow, and nothing lost, whoever dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial
from multiprocessing.context import SpawnProcess
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from action.cli.workers import Work, each
from tests.runs import clean_environment, rows, write_run


def square(number: int) -> int:
    if number == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if number == 14:
        os._exit(3)
    time.sleep(0.01 * (number % 3))
    return number * number


def lost(told: str, number: int, how: str) -> int:
    Path(told).write_text(f"{Path(told).read_text()}{number}: {how}\n")
    return -number


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_answers_come_in_the_order_of_the_items(tmp_path: Path, jobs: int) -> None:
    shares: list[float] = []
    work = Work(task=square, lost=partial(lost, str(tmp_path)))

    assert list(each(work, range(12), jobs, shares.append)) == [n * n for n in range(12)]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert list(each(work, [], jobs, shares.append)) == []


def test_a_process_that_dies_costs_one_item_and_says_how(tmp_path: Path) -> None:
    told = tmp_path / "told"
    told.touch()

    found = list(each(Work(task=square, lost=partial(lost, str(told))), range(10, 20), 2, lambda _: None))

    assert found == [100, 121, 144, -13, -14, 225, 256, 289, 324, 361]
    assert "13: the process that judged it ended (signal 9)" in told.read_text()
    assert "14: the process that judged it ended (exit code 3)" in told.read_text()


@pytest.mark.parametrize("which", [1, 2, 3])
def test_an_interrupt_that_comes_as_a_process_is_started_is_not_lost(
    which: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[object] = []

    def start(self: SpawnProcess) -> None:
        BaseProcess.start(self)
        begun.append(self)
        if len(begun) == which:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(SpawnProcess, "start", start)

    with pytest.raises(KeyboardInterrupt):
        list(each(Work(task=square, lost=lambda *_: 0), range(12), 3, lambda _: None))

    assert len(begun) == which
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_all_processes_at_once(tmp_path: Path, number: signal.Signals, code: int) -> None:
    first = write_run(tmp_path / "runs", rows(), "0.jsonl")
    for name in range(1, 4_000):  # enough of them to go on for long, whatever else the machine does
        (tmp_path / "runs" / f"{name}.jsonl").hardlink_to(first)
    words = [sys.executable, "-I", "-m", "action", "policy", "backtest", "runs", "--profile", "grpo", "--jobs", "3"]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while len(started(process.pid)) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)

    # As a terminal does: to all of the group.
    os.killpg(process.pid, number) if number is signal.SIGINT else process.send_signal(number)
    shown, told = process.communicate(timeout=20)

    assert process.returncode == code
    assert shown == ""
    assert len(told.splitlines()) == 1, told
    assert started(process.pid) == []


def started(session: int) -> list[int]:
    """List the live processes of a session other than its first."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parts = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if int(parts[3]) == session and int(entry.name) != session and b"spawn_main" in command:
                found.append(int(entry.name))
    return found


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes by /proc")
