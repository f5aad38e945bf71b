"""How fast, and in how much memory, files of games become counts: what `gatekeeper elo` does before it rates.

    python bench/games.py [--large]

`--large` adds 100 million games, for which a file of about 160 MB is written to the temporary folder. Each reading is a
process of its own, whose peak of resident memory is told whole, with the interpreter and its libraries. Linux only: it
asks /proc.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from action.sources import games
from action.sources.games import read_games
from action.sources.games.store import Store

SEATS = ["AUSTRIA", "ENGLAND", "FRANCE", "GERMANY", "ITALY", "RUSSIA", "TURKEY"]
TWO = (
    "'agent_' || hash(i) % 20 AS a, 'agent_' || (hash(i) % 20 + 1 + hash(i + 7) % 19) % 20 AS b, "
    "(hash(i * 3) % 3) / 2 AS score"
)
"""Two different agents of twenty, and a result."""
GAME = "'g' || i AS game"
ROLLOUT = "'r' || i // 8 AS rollout"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file to be read."""

    title: str
    file: str
    columns: str
    games: int


def cases(*, large: bool) -> list[Case]:
    """Give what is measured."""
    million = 1_000_000
    two = [Case(title="two players", file=f"two.{ending}", columns=TWO, games=million) for ending in ("csv", "jsonl")]
    parquet = "two.parquet"
    return [
        Case(title="seven seats, rollouts of 4", file="seven.jsonl", columns="", games=100_000),
        *two,
        *(Case(title="two players", file=parquet, columns=TWO, games=n * million) for n in (1, 10, *([100] * large))),
        Case(title="… with ids", file=parquet, columns=f"{TWO}, {GAME}", games=10 * million),
        Case(title="… in rollouts of 8", file=parquet, columns=f"{TWO}, {ROLLOUT}", games=10 * million),
    ]


def write(path: Path, case: Case) -> None:
    """Write the games."""
    if not case.columns:
        write_seven(path, case.games)
        return
    import duckdb  # noqa: PLC0415 - the readings of text are measured without it

    form = {".csv": "csv", ".jsonl": "json", ".parquet": "parquet"}[path.suffix]
    with duckdb.connect(":memory:", config={"threads": "2"}) as connection:
        query = f"SELECT {case.columns} FROM range({case.games}) r(i)"  # noqa: S608 - texts and numbers of this file
        connection.execute(f"COPY ({query}) TO '{path}' (FORMAT {form})")


def write_seven(path: Path, count: int) -> None:
    """Write games of seven seats, four a rollout, with equal seats."""
    draw = random.Random(1)  # noqa: S311 - a benchmark
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            agents = [f"adapter_v{draw.randrange(40) * 10}" for _ in SEATS]
            scores = [float(draw.randrange(30)) for _ in SEATS]
            row = {
                "game": f"g{number}",
                "rollout": f"r{number // 4}",
                "agents": agents,
                "scores": scores,
                "seats": SEATS,
            }
            stream.write(json.dumps(row) + "\n")


def timed(spent: dict[str, float], stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function that adds its time to a stage."""

    def run(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return work(*arguments, **options)
        finally:
            spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - started

    return run


def read(path: Path) -> None:
    """Be the process that reads a file."""
    spent: dict[str, float] = {}
    for owner, name, stage in (
        (games, "read_table", "read"),
        (games, "count_games", "count"),
        (Store, "read", "read"),
        (Store, "count", "count"),
    ):
        setattr(owner, name, timed(spent, stage, getattr(owner, name)))
    started, begun = time.perf_counter(), time.process_time()
    record = read_games([path])
    seconds = time.perf_counter() - started
    processor = time.process_time() - begun
    # Not `getrusage`: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    memory = int(status.partition("VmHWM:")[2].split()[0]) / 1024
    entries = record.counts.entries
    whole = np.column_stack([entries.unit, entries.first, entries.second, entries.games, entries.points])
    print(zlib.crc32(whole.tobytes()))
    print(record.counts.games, entries.games.size, seconds, processor, spent["read"], spent["count"], memory)


def main(*, large: bool) -> None:
    """Print one line a file."""
    print("| games | file | MB | entries | read, s | count, s | all, s | CPU, s | games/CPU s | peak memory, MB |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    digests: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(large=large):
            path = Path(folder, case.file)
            write(path, case)
            size = path.stat().st_size / 1e6
            command = [sys.executable, __file__, "--read", str(path)]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            path.unlink()
            digest, found, entries, seconds, processor, reading, counting, memory = map(float, done.stdout.split())
            assert found == case.games, (found, case)
            # The same games are the same counts, unit by unit, whoever reads them in which order.
            assert digests.setdefault((case.columns, case.games), digest) == digest, case
            print(
                f"| {case.games:,} {case.title} | {path.suffix[1:]} | {size:.0f} | {entries:,.0f} | {reading:.2f} | "
                f"{counting:.2f} | {seconds:.2f} | {processor:.2f} | {case.games / processor:,.0f} | {memory:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(Path(sys.argv[2]))
    else:
        main(large="--large" in sys.argv[1:])
