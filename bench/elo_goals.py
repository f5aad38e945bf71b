"""Whether the analysis of games keeps its statistical promises: coverage, false passes, power, cost, efficiency.

    python bench/elo_goals.py [--quick | --share X] [--seed N] [--only PART] [--json FILE]

Every row is a measure over simulated games with known truth, with its 95 % Monte-Carlo interval, beside its goal: *met*
if the result itself lies in the goal, *within error* if only its interval reaches it, *barely missed* if only one of
99.9 % does. One-sided tests are of 5 %.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only wait for each other

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from bench.elo_bound import efficiency, undefeated  # noqa: E402 - after the path is set
from bench.elo_cover import coverage  # noqa: E402
from bench.elo_errors import looks, null  # noqa: E402
from bench.elo_fits import fits, fixed_agents  # noqa: E402
from bench.elo_power import end_gains, power, sequential  # noqa: E402
from bench.elo_trials import HEAD, Row  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Part:
    """One table."""

    title: str
    rows: Callable[[int, int], Iterator[Row]]
    trials: int


PARTS = {
    "null": Part(title="False passes of estimates among equals", rows=null, trials=1_000),
    "looks": Part(title="False passes of the sequential test among equals", rows=looks, trials=600),
    "coverage": Part(title="Coverage of the 95 % interval of the gap", rows=coverage, trials=1_000),
    "power": Part(title="Power, one-sided 5 %", rows=power, trials=1_000),
    "sequential": Part(title="The sequential test of [0, 35]", rows=sequential, trials=1_000),
    "learning": Part(title="Learning over 1,600 games", rows=end_gains, trials=400),
    "efficiency": Part(title="Efficiency", rows=efficiency, trials=4_000),
    "fits": Part(title="Whether one scale explains the games", rows=fits, trials=1_000),
    "bots": Part(title="Agents that never change", rows=fixed_agents, trials=1_000),
    "undefeated": Part(title="Agents that never lost", rows=undefeated, trials=1),
}


def main() -> int:
    """Print a table a part; 1 if a goal is surely missed."""
    parser = argparse.ArgumentParser(description="Measure the statistical goals of the analysis of games.")
    parser.add_argument("--quick", action="store_true", help="3 % of the trials")
    parser.add_argument("--share", type=float, default=1.0, help="this share of the trials")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--only", choices=sorted(PARTS), help="one table")
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    asked = parser.parse_args()
    written, missed = [], 0
    for name, part in PARTS.items():
        if asked.only not in (None, name):
            continue
        start, used = time.perf_counter(), time.process_time()
        print(f"\n{part.title}, seed {asked.seed}\n\n{HEAD}")
        share = 0.03 if asked.quick else asked.share
        for row in part.rows(max(2, round(part.trials * share)), asked.seed):
            print(row.line, flush=True)
            missed += row.verdict == "**missed**"
            written.append({"part": name} | asdict(row))
        print(f"\n{time.process_time() - used:.0f} s of processor time, {time.perf_counter() - start:.0f} s in all")
    if asked.json is not None:
        asked.json.write_text(json.dumps({"seed": asked.seed, "rows": written}, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
