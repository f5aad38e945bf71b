"""The bench of back-tests, in short: every bundle that it makes is another run, and is judged well within its time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from action.cli.backtest import judge_one
from action.evidence.bundle import bundle_files
from action.past import PastSettings
from action.settings import profile_policy
from bench.backtest import KINDS, NOW, measure, recorded, stirred, write

FEW = 12


def test_bundles_that_are_stirred_are_runs_of_their_own() -> None:
    bundle = next(iter(recorded(("grpo", "league"))))

    digests = {bundle_files(stirred(bundle, number)).sha256 for number in (1, 2, 1)}

    assert len(digests) == 2


def test_a_run_with_games_takes_a_fraction_of_a_second(tmp_path: Path) -> None:
    """Time of the processor, since others may use the machine; the goal is 0.12 s of an idle core."""
    profiles = KINDS["with games and logs"]
    write(list(recorded(profiles)), tmp_path, FEW)
    settings = PastSettings(policy=profile_policy(profiles), against=None, now=NOW)
    judge_one(settings, str(tmp_path / "run-0000"))

    start = time.process_time()
    found = [judge_one(settings, str(folder)) for folder in sorted(tmp_path.iterdir())]
    seconds = (time.process_time() - start) / FEW

    assert [run.fault for run in found] == [None] * FEW
    assert all(run.halves is not None for run in found)
    assert seconds < 1


@pytest.mark.parametrize("kind", ["with logs, without games"])
def test_the_bench_runs_the_command_as_a_user_does(kind: str) -> None:
    pace = measure(kind, FEW, 2)

    assert pace.runs == FEW
    assert pace.rate > 0
    assert 0 < pace.reading < 1
