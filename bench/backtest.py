"""Measures how many recorded runs `policy backtest` judges a second, what the time goes into, and what processes gain.

    python bench/backtest.py [--runs 1000] [--jobs 2] [--quick] [--json FILE]

Bundles are made in a temporary folder: each is one of our recordings, judged under `grpo`, `league` and `pipeline` with
its log events and 1,452 clusters of seven-seat games, whose series are stirred by seeded noise and whose games begin a
few clusters later, so that no two are alike. The command is started as a user starts it. “Cores” tells how much of the
machine it got: others may use it. Exit code 1: 1,000 of them took more than a minute, or would have on whole cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.cli.ports import local_ports  # noqa: E402 - after the path is set
from action.collection import read_policy  # noqa: E402
from action.evidence.bundle import Bundle, bundle_files  # noqa: E402
from action.evidence.store import read_bundle  # noqa: E402
from action.past import PastSettings, judge_past  # noqa: E402
from action.pipeline import check_run  # noqa: E402
from action.settings import CheckSettings, profile_policy  # noqa: E402
from checks.counts import tail  # noqa: E402
from checks.run import Evidence, Series  # noqa: E402
from checks.verdict import Judgement, judge  # noqa: E402

RECORDINGS = ROOT / "examples" / "league" / "recordings"
KINDS: Mapping[str, tuple[str, ...]] = {
    "with games and logs": ("grpo", "league", "pipeline"),
    "with logs, without games": ("grpo", "pipeline"),
}
NOW = "2026-01-06T00:00:00Z"
GOAL = 1_000 / 60
"""Runs a second."""
_ALONE = 5
"""One of so many bundles is judged in a single process too."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """What was measured of one kind of bundle."""

    kind: str
    runs: int
    seconds: float
    cpu: float
    """Seconds of processors that the command took, starting included."""
    alone: float
    """Runs a second in a single process, started alike."""
    reading: float
    """Share of reading in the time of one process that reads and judges."""
    megabytes: float
    """The largest process at its largest."""

    @property
    def rate(self) -> float:
        """Runs a second."""
        return self.runs / self.seconds

    @property
    def cores(self) -> float:
        """Processors that it had on average."""
        return self.cpu / self.seconds

    def idle_rate(self, jobs: int) -> float:
        """Runs a second, had nobody else used the processors."""
        return max(self.rate, self.rate * jobs / self.cores)


def recorded(profiles: tuple[str, ...]) -> Iterator[Bundle]:
    """Judge our recordings and give their bundles."""
    policy = profile_policy(profiles)
    for folder in sorted(RECORDINGS.iterdir()):
        settings = CheckSettings(ref=str(folder), policy=policy, fallback_policy=policy, now=NOW)
        yield check_run(settings, local_ports()).bundle


def stirred(bundle: Bundle, number: int) -> Bundle:
    """Give a bundle of another run like it."""
    rng, run = np.random.default_rng(number), bundle.evidence.run
    series = {name: _stirred(one, rng) for name, one in run.series.items()}
    identity = replace(run.identity, name=f"{run.identity.name}-{number}", id=f"run{number}")
    record = bundle.evidence.game_record
    if record is not None:
        record = replace(record, counts=tail(record.counts, int(rng.integers(1, 50))))
    evidence: Evidence = replace(
        bundle.evidence, run=replace(run, series=series, identity=identity), game_record=record
    )
    return replace(bundle, evidence=evidence)


def _stirred(series: Series, rng: np.random.Generator) -> Series:
    return replace(series, values=series.values * (1 + 0.02 * rng.standard_normal(series.values.size)))


def write(bundles: list[Bundle], folder: Path, runs: int) -> None:
    """Write bundles, each stirred anew."""
    for number in range(runs):
        for name, content in bundle_files(stirred(bundles[number % len(bundles)], number)).files.items():
            target = folder / f"run-{number:04}" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def timed(paths: list[Path], profiles: tuple[str, ...], jobs: int) -> float:
    """Run the command over some paths; give the seconds it took."""
    words = [word for name in profiles for word in ("--profile", name)]
    start = time.perf_counter()
    command = [sys.executable, "-I", "-m", "action", "policy", "backtest", *map(str, paths), *words]
    command = [sys.executable, "-I", "-m", "action", "policy", "backtest", *map(str, paths), *words]
    done = subprocess.run(
        [*command, "--jobs", str(jobs), "--format", "json"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    )
    seconds = time.perf_counter() - start
    if done.returncode != 0 or any(row["reason"] for row in json.loads(done.stdout)["rows"]):
        sys.exit(f"expected every run to be judged, got exit code {done.returncode}: {done.stderr.strip()[-300:]}")
    return seconds


def reading_share(paths: list[Path], profiles: tuple[str, ...]) -> float:
    """Give the share of reading in reading and judging, in this process."""
    ports, text = local_ports(), profile_policy(profiles)
    judge_past(PastSettings(policy=text, against=None, now=NOW), str(paths[0]), ports)  # warm
    reading = judging = 0.0
    for path in paths:
        start = time.process_time()
        bundle = read_bundle(path)
        read = time.process_time()
        judge(
            read_policy(text, ports, bundle.evidence.judged_at),
            bundle.evidence,
            Judgement(tool_version="0", evidence_sha256=""),
        )
        reading += read - start
        judging += time.process_time() - read
    return reading / (reading + judging)


def measure(kind: str, runs: int, jobs: int) -> Pace:
    """Make bundles of one kind and time them."""
    profiles = KINDS[kind]
    with tempfile.TemporaryDirectory(prefix="gatekeeper-backtest-") as scratch:
        folder = Path(scratch)
        write(list(recorded(profiles)), folder, runs)
        some = sorted(folder.iterdir())[:: max(1, min(_ALONE, runs // 60))]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds = timed([folder], profiles, jobs)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        alone = len(some) / timed(some, profiles, 1)
        reading = reading_share(some[:50], profiles)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return Pace(kind=kind, runs=runs, seconds=seconds, cpu=cpu, alone=alone, reading=reading, megabytes=peak)


def main() -> int:
    """Print a row a kind of bundle."""
    parser = argparse.ArgumentParser(description="Measure how fast past runs are judged.")
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="60 runs of each kind")
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    asked = parser.parse_args()
    runs = 60 if asked.quick else asked.runs
    print("| bundles | runs | seconds | runs/s | cores | on whole cores | of it reading | to one process | memory |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    found = []
    for kind in KINDS:
        one = measure(kind, runs, asked.jobs)
        cells = (kind, f"{one.runs:,}", f"{one.seconds:.1f}", f"{one.rate:.0f}", f"{one.cores:.2f}")
        more = (f"{one.idle_rate(asked.jobs):.0f}", f"{one.reading:.0%}", f"{one.rate / one.alone:.2f}×")
        print("|", " | ".join((*cells, *more, f"{one.megabytes:.0f} MB")), "|", flush=True)
        found.append(one)
    if asked.json is not None:
        asked.json.write_text(json.dumps([vars(one) | {"rate": one.rate} for one in found], indent=1) + "\n", "utf-8")
    return 0 if all(one.idle_rate(asked.jobs) > GOAL for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
