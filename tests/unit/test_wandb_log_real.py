"""A real W&B file of 2023, and the quick form of the benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from action.sources import wandb_log
from checks.run import RunData, RunState, Selection

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(name="folder")
def _folder() -> Path:
    real = os.environ.get("GATEKEEPER_REAL_RUNS")
    if not real:
        pytest.skip("GATEKEEPER_REAL_RUNS names no folder of real runs")
    return Path(real) / "wandb-ppo-conceptppo"


@pytest.fixture(name="run")
def _run(folder: Path) -> RunData:
    return wandb_log.read(folder, Selection(everything=True))


def test_a_file_of_an_old_sdk_is_read_whole(run: RunData) -> None:
    assert run.rows.steps.tolist() == list(range(763))
    assert (run.state, run.exit_code) == (RunState.FINISHED, 0)
    assert (run.identity.id, run.identity.started_at) == ("mxaehod4", "2023-07-23T01:37:35Z")
    assert run.identity.finished_at == "2023-07-23T03:38:37Z"
    assert run.config["learning_rate"] == 0.005
    assert run.notes == ()


def test_its_last_values_are_those_of_its_summary(run: RunData, folder: Path) -> None:
    summary = json.loads((folder / "wandb-summary.json").read_text())

    metrics = {name: value for name, value in summary.items() if not name.startswith("_")}

    assert {name: one.values[-1] for name, one in run.series.items()} == metrics
    assert run.last_step == summary["_step"]


def test_its_series_are_those_of_the_event_file(run: RunData, folder: Path) -> None:
    from action.sources import tensorboard  # noqa: PLC0415 - only where there is a real run

    (path,) = folder.glob("events.out.tfevents.*")
    events = tensorboard.read(path, Selection(everything=True))

    shared = run.series.keys() & events.series.keys()

    assert len(shared) >= 9
    assert shared == run.series.keys() - {"global_step"}
    for name in shared:
        assert np.array_equal(run.series[name].values.astype(np.float32), events.series[name].values.astype(np.float32))
        assert np.array_equal(run.series["global_step"].values, events.series[name].steps)


def test_the_quick_benchmark_holds_and_writes_its_figures(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench/wandb_log.py"), "--quick", "--json", str(tmp_path / "figures.json")]

    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures["missed"] == []
    assert all(one["same"] for one in figures["measured"])
