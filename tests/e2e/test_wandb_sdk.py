"""The real W&B SDK writes, offline and in processes of its own; our reader gives exactly what was logged."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from action.sources import wandb_log
from checks.run import NoteKind, RunData, RunState, Selection

START = """
import math, os, sys, time, wandb
settings = wandb.Settings(
    console="off", x_disable_meta=True, x_disable_stats=True, x_disable_machine_info=True, disable_git=True,
    disable_code=True,
)
run = wandb.init(project="p", id="abc", name="the name", notes="try beta", config=dict(lr=1e-3, trainer=dict(steps=9)),
                 settings=settings)
"""

RICH = (
    START
    + """
for step in range(20):
    run.log({"loss": 1 / (step + 1), "train/reward": {"mean": step, "deep": {"max": 2.5}}, "elo/adapter_v10": 1000,
             "nan": math.nan, "inf": math.inf, "low": -math.inf, "flag": True, "none": None, "text": "x",
             "list": [1, 2], "hist": wandb.Histogram([1.0, 2.0]), "d.o.t": 3})
run.log({"half": 1}, commit=False)
run.log({"other half": 2})
run.log({"later": 3}, step=50)
run.log({"later": 4}, step=49)
run.config.update({"trainer": {"steps": 10}}, allow_val_change=True)
run.finish(exit_code=int(sys.argv[1]))
"""
)

ENDLESS = (
    START
    + """
for step in range(2_000):
    run.log({"loss": step / 8, "kl": 0.01})
open("logged", "w").close()
time.sleep(60)
"""
)


def environment(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WANDB_")}
    own = {"WANDB_MODE": "offline", "WANDB_DIR": str(folder), "WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false"}
    homes = {name: str(folder / "home") for name in ("HOME", "WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    return {**kept, **own, **homes}


def logged_by_sdk(program: str, folder: Path, exit_code: int) -> RunData:
    command = [sys.executable, "-c", program, str(exit_code)]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, env=environment(folder), timeout=60)
    return wandb_log.read(folder / "wandb", Selection(everything=True))


@pytest.mark.parametrize(
    ("exit_code", "state"), [(0, RunState.FINISHED), (1, RunState.FAILED), (255, RunState.INTERRUPTED)]
)
def test_what_the_sdk_logs_is_what_we_read(tmp_path: Path, exit_code: int, state: RunState) -> None:
    run = logged_by_sdk(RICH, tmp_path, exit_code)

    assert (run.state, run.exit_code) == (state, exit_code)
    assert (run.identity.id, run.identity.name, run.identity.url) == ("abc", "the name", None)
    assert run.identity.started_at is not None
    assert run.identity.commit is None
    assert dict(run.config) == {"lr": 0.001, "trainer.steps": 10}
    assert run.words.notes == "try beta"
    assert run.rows.steps.tolist() == [*range(20), 20, 50]
    series = {name: one.values.tolist() for name, one in run.series.items()}
    for name in ("nan", "none"):
        values = series.pop(name)
        assert len(values) == 20
        assert all(math.isnan(value) for value in values)
    assert series == {
        "loss": [1 / (step + 1) for step in range(20)],
        "train/reward.mean": [float(step) for step in range(20)],
        "train/reward.deep.max": [2.5] * 20,
        "elo/adapter_v10": [1000.0] * 20,
        "inf": [math.inf] * 20,
        "low": [-math.inf] * 20,
        "flag": [1.0] * 20,
        "d.o.t": [3.0] * 20,
        "half": [1.0],
        "other half": [2.0],
        "later": [3.0],
    }
    assert {frozenset({"half", "other half"}), frozenset({"later"})} < set(run.rows.names)
    assert len(run.rows.names) == 3
    assert run.series["later"].steps.tolist() == [50]
    assert run.notes == ()


def test_a_run_that_was_killed_with_all_its_processes_is_read_up_to_where_it_got(tmp_path: Path) -> None:
    if not hasattr(os, "killpg"):
        pytest.skip("no process groups here")
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS], cwd=tmp_path, env=environment(tmp_path), start_new_session=True
    ) as process:
        deadline = time.monotonic() + 60
        while not (tmp_path / "logged").exists():
            assert process.poll() is None, "the program ended by itself"
            assert time.monotonic() < deadline, "the SDK did not log within a minute"
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)

    run = wandb_log.read(tmp_path, Selection(names=frozenset({"loss"})))

    assert (run.state, run.exit_code, run.identity.finished_at) == (RunState.KILLED, None, None)
    size = run.rows.steps.size
    assert 0 < size <= 2_000
    assert run.rows.steps.tolist() == list(range(size))
    assert run.series["loss"].values.tolist() == [step / 8 for step in range(size)]
    assert run.catalog == {"loss": size, "kl": size}
    assert {note.kind for note in run.notes} <= {NoteKind.LOST}


def test_a_run_resumed_offline_is_one_run_of_two_parts(tmp_path: Path) -> None:
    first = START + 'for step in range(30):\n    run.log({"loss": step})\nrun.finish()'
    second = START + 'for step in range(12):\n    run.log({"loss": 100 + step})\nrun.finish(exit_code=1)'
    logged_by_sdk(first, tmp_path, 0)
    time.sleep(1.1)  # the SDK names its directories by the second

    run = logged_by_sdk(second, tmp_path, 0)

    assert run.rows.steps.tolist() == [*range(30), *range(12)]
    assert run.series["loss"].values.tolist() == [*range(30), *range(100, 112)]
    assert (run.state, run.exit_code) == (RunState.FAILED, 1)
    assert [note.kind for note in run.notes] == [NoteKind.OVERLAP]
    assert "steps 0 to 11" in run.notes[0].text
