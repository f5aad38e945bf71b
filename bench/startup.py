"""Measures how long the command line takes, beside an empty Python in the same run.

    python bench/startup.py [--times 15] [--json FILE]

Each command is started by turns with `python -c pass`, warm; told is the median of the wall-clock times, and its ratio
to that of the empty Python, which a busy machine disturbs alike. Exit code 1: a goal (200 ms for --help, 1 s for check)
was missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORDING = str(ROOT / "examples/league/recordings/healthy")
GATEKEEPER = [sys.executable, "-I", "-m", "action"]
COMMANDS: Mapping[str, tuple[list[str], float | None]] = {
    "python -c pass": ([sys.executable, "-I", "-c", "pass"], None),
    "gatekeeper --help": ([*GATEKEEPER, "--help"], 0.2),
    "gatekeeper check RUN": ([*GATEKEEPER, "check", RECORDING, "--profile", "grpo", "--profile", "pipeline"], 1.0),
    "gatekeeper metrics RUN": ([*GATEKEEPER, "metrics", RECORDING], None),
}


def main() -> int:
    """Time the commands by turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=15)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(options.times + 1):
        for name, (words, _) in COMMANDS.items():
            start = time.perf_counter()
            done = subprocess.run(words, cwd=ROOT, check=False, capture_output=True, text=True)
            if done.returncode not in (0, 10, 11):
                sys.exit(f"{name}: expected it to run, got exit code {done.returncode}: {done.stderr.strip()[-300:]}")
            if turn:  # the first turn warms the caches
                seconds[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    empty = medians["python -c pass"]
    print("| command | median | to an empty Python | goal |\n| --- | --- | --- | --- |")
    for name, median in medians.items():
        goal = COMMANDS[name][1]
        limit = "–" if goal is None else f"< {goal * 1000:.0f} ms"
        print(f"| `{name}` | {median * 1000:.0f} ms | {median / empty:.1f}× | {limit} |")
    if options.json is not None:
        options.json.write_text(json.dumps(medians, indent=1) + "\n", "utf-8")
    return 0 if all(goal is None or medians[name] < goal for name, (_, goal) in COMMANDS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
