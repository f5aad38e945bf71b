"""How fast, and in how much memory, games are rated: side by side with choix, evalica, arena-rank and others.

    PYTHONPATH=. .venv-bench/bin/python bench/elo_speed.py [--quick] [--threads N] [--seed N]

Each measurement is a process of its own on as many processors as threads are asked for (one), the best of three:
processor time with one thread, since others share the machine, else time passed. The input stands ready in the form
that the peer takes: a matrix for choix, lists for evalica, a sparse or dense design for the regressions. Peers stop as
early as keeps them within 0.001 Elo of the maximum; ours goes to the last digit, and gives the covariance too. arena-
rank compiles anew in every run, as its users' programs do. Memory is the peak of the run above what was there before,
libraries and input. Linux only: it asks /proc. Games are between equally likely pairs, strengths 200 Elo apart.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.elo_peers import CLUSTERS, COUNTS, LEAGUE, SEATS, Floats, Problem
from checks.elo.fit import ELO

LIMIT = 120.0
"""Seconds that a run may take; processes are ended after twice as many. RLIMIT_CPU is of no use: it coarsens clocks."""
SIZES = ((20, 10_000), (100, 1_000_000), (1_000, 10_000_000))
TABLES = (10_000, 100_000)
CLOSE = 1e-3
"""Elo that a peer may be off."""


def draw_counts(agents: int, games: int, rng: np.random.Generator) -> Problem:
    """Draw how often each pair met, and how often the first of it won."""
    strength = rng.normal(0, 200, agents) / ELO
    first, second = np.triu_indices(agents, 1)
    met = rng.multinomial(games, np.full(first.size, 1 / first.size))
    won = rng.binomial(met, 1 / (1 + np.exp(strength[second] - strength[first])))
    kept = met > 0
    whole = {"first": first, "second": second, "games": met.astype(float), "points": won.astype(float)}
    return {name: values[kept] for name, values in whole.items()} | {"agents": np.array(agents)}


def draw_tables(games: int, rng: np.random.Generator) -> Problem:
    """Draw who sat at seven of twenty seats, and the scores, of games that are a cluster each."""
    held = rng.random((games, LEAGUE)).argsort(axis=1)[:, :SEATS]
    score = rng.normal(0, 100, LEAGUE)[held] / ELO + rng.gumbel(size=held.shape)
    return {"held": held, "score": score}


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process found."""

    seconds: float
    memory: float
    """MB."""
    answer: Floats


def peak() -> float:
    """Give the peak of resident memory since it was last reset, MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def work(name: str, path: Path, threads: int) -> None:
    """Measure in this process, and write the finding beside the problem."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-threads:]))
    with np.load(path) as stored:
        problem = dict(stored)
    try:
        run = (COUNTS | CLUSTERS)[name](problem)
    except MemoryError as error:
        print(error)
        return
    clock = time.process_time if threads == 1 else time.perf_counter
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, memory = peak(), 0.0
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < LIMIT / 4:
        calls = max(1, round(0.05 / seconds[0])) if seconds else 1
        start = clock()
        for _ in range(calls):
            answer = run()
        seconds.append((clock() - start) / calls)
        memory = memory or peak() - before
    np.save(path.with_suffix(".npy"), answer)
    print(json.dumps({"seconds": min(seconds), "memory": memory}))


def measure(name: str, path: Path, threads: int) -> Measured | str:
    """Measure in a new process; a text says why there is nothing."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    environment = dict(os.environ) | dict.fromkeys(names, str(threads)) | {"JAX_PLATFORMS": "cpu"}
    environment |= {"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
    words = [sys.executable, __file__, "--work", name, "--file", str(path), "--threads", str(threads)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=2 * LIMIT)
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT:g} s"
    last = (done.stdout.strip() or done.stderr.strip() or f"ended with {done.returncode}").splitlines()[-1]
    if done.returncode or not last.startswith("{"):
        return last
    found = json.loads(last)
    return Measured(seconds=found["seconds"], memory=found["memory"], answer=np.load(path.with_suffix(".npy")))


def show(path: Path, tasks: Mapping[str, object], threads: int) -> dict[str, float]:
    """Print a row for each task; give the seconds. The first is ours."""
    seconds: dict[str, float] = {}
    ours: Measured | None = None
    for name in tasks:
        found = measure(name, path, threads)
        if isinstance(found, str):
            print(f"| {name} | — | — | — | {found} |", flush=True)
            continue
        ours, seconds[name] = ours or found, found.seconds
        mine, other = np.atleast_2d(ours.answer), np.atleast_2d(found.answer)
        apart = np.abs((other[0] - other[0, 0]) - (mine[0] - mine[0, 0])).max() * ELO
        told = f"{apart:.1e} Elo" + (" (not close)" if not apart <= CLOSE else "")
        if len(mine) > 1:
            told += f", errors {np.abs(other[1, 1:] / mine[1, 1:] - 1).max():.1e}"
        times = found.seconds / ours.seconds
        print(f"| {name} | {found.seconds:.4f} | {times:.2f} | {found.memory:.0f} | {told} |", flush=True)
    return seconds


def judge(agents: int, seconds: Mapping[str, float]) -> None:
    """Tell how ours stands among the peers; the goal is set for the largest size."""
    mine = seconds[next(iter(COUNTS))]
    peers = sorted((taken, name) for name, taken in seconds.items() if not name.startswith("**"))
    ratio, best = mine / peers[0][0], peers[0][1].split()[0]
    slower = [name for taken, name in peers if taken <= mine and not name.startswith(best)]
    print(f"\n{agents:,} agents: {ratio:.2f} times the fastest peer's fit ({peers[0][1]}); ", end="")
    print(f"not faster than {', '.join(slower)}" if slower else "faster than every other")
    if agents == SIZES[-1][0]:
        print("Goal, at most twice and faster than every other:", "met" if ratio <= 2 and not slower else "MISSED")


def main() -> int:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description="Measure the speed of ratings beside other packages.")
    parser.add_argument("--quick", action="store_true", help="leave the largest sizes out")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work, asked.file, asked.threads)
        return 0
    rng = np.random.default_rng(asked.seed)
    clock = "processor seconds" if asked.threads == 1 else "seconds passed"
    head = f"| who | {clock} | × ours | MB | from ours |\n| --- | --- | --- | --- | --- |"
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, threads: {asked.threads}, seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        for agents, games in SIZES[: 2 if asked.quick else 3]:
            np.savez(path, **draw_counts(agents, games, rng))  # type: ignore[arg-type]
            print(f"\n{agents:,} agents, {games:,} games as counts\n\n{head}")
            judge(agents, show(path, COUNTS, asked.threads))
        for games in TABLES[: 1 if asked.quick else 2]:
            np.savez(path, **draw_tables(games, rng))  # type: ignore[arg-type]
            print(f"\n{games:,} games of {SEATS} seats, {LEAGUE} agents, a cluster a game\n\n{head}")
            mine, other, *_ = show(path, CLUSTERS, asked.threads).values()
            print(f"\n{games:,} games: statsmodels takes {other / mine:.1f} times as long as ours")
            if games == TABLES[-1]:
                print("Goal, at least 20 times:", "met" if other >= 20 * mine else "MISSED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
