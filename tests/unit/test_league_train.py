"""The command that trains: what it leaves on disk, and how a killed run ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from action.sources.wandb_log import read
from checks.run import RunState, Selection
from examples.league.recipes import RECIPES, TOTAL_STEPS
from examples.league.train import KILLED, main

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux with /proc")
def test_a_killed_run_leaves_no_exit_record(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "examples.league.train", "killed", "--seed", "7", "--out", str(tmp_path / "run")]

    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, timeout=120)
    run = read(tmp_path / "run", Selection(names=frozenset({"kl/mean"})))

    assert ended.returncode == KILLED, ended.stderr
    assert run.state is RunState.KILLED
    assert run.last_step == (RECIPES["killed"].kill_at or 0) - 1
    assert run.config["total_steps"] == TOTAL_STEPS


def test_a_folder_that_holds_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "precious").write_text("mine")

    with pytest.raises(SystemExit) as caught:
        main(["healthy", "--out", str(tmp_path)])

    assert caught.value.code == 2
    assert "expected an empty or new folder" in capsys.readouterr().err
