"""How fast, and in how much memory, local tables and event files are read: three of eight metrics.

    python bench/tables.py [ROWS]

Each format is read in a process of its own, whose peak of resident memory is told less that of a process that reads two
rows (the interpreter and its libraries). Linux only: it asks /proc.
"""

from __future__ import annotations

import csv
import json
import math
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from action.sources import tables, tensorboard, trainer_state
from action.sources.tensorboard.records import checksums
from checks.run import RunData, Selection

NAMES = [f"train/metric_{number}" for number in range(8)]
CHOSEN = Selection(names=frozenset(NAMES[:3]))


def value(step: int, column: int) -> float:
    """Give a number with all its digits, another for each cell."""
    return math.sqrt(step * 8 + column)


def write_jsonl(path: Path, rows: int) -> None:
    """Write one object a line."""
    with path.open("w", encoding="utf-8") as stream:
        for step in range(rows):
            cells = {name: value(step, column) for column, name in enumerate(NAMES)}
            stream.write(json.dumps({"step": step, **cells}) + "\n")


def write_csv(path: Path, rows: int) -> None:
    """Write a header and one line a row."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", *NAMES])
        writer.writerows([step, *(value(step, column) for column in range(8))] for step in range(rows))


def write_parquet(path: Path, rows: int) -> None:
    """Write columns of doubles."""
    import duckdb  # noqa: PLC0415 - the other formats are measured without it

    columns = ", ".join(f'sqrt(i * 8 + {column}) AS "{name}"' for column, name in enumerate(NAMES))
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"CREATE VIEW run AS SELECT i AS step, {columns} FROM range({rows}) r(i)")  # noqa: S608 - numbers and names of this file
        connection.execute(f"COPY run TO '{path}' (FORMAT parquet)")


def write_trainer_log(path: Path, rows: int) -> None:
    """Write one document with every row in `log_history`."""
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{\n  "log_history": [')
        for step in range(rows):
            cells = {name: value(step, column) for column, name in enumerate(NAMES)}
            stream.write((",\n" if step else "\n") + json.dumps({**cells, "step": step}, indent=4))
        stream.write(f'\n  ],\n  "max_steps": {rows}\n}}\n')


def write_tensorboard(path: Path, rows: int) -> None:
    """Write one event a value, as most writers do."""
    with path.open("wb") as stream:
        for step in range(rows):
            datas = []
            for column, name in enumerate(NAMES):
                summary = (
                    b"\x0a" + bytes([len(name)]) + name.encode() + b"\x15" + struct.pack("<f", value(step, column))
                )
                body = b"\x0a" + bytes([len(summary)]) + summary
                number = bytes([step & 127 | 128, step >> 7 & 127 | 128, step >> 14])
                time_ = b"\x09" + struct.pack("<d", 1.7e9 + step)
                datas.append(time_ + b"\x10" + number + b"\x2a" + bytes([len(body)]) + body)
            lengths = [struct.pack("<Q", len(data)) for data in datas]
            framed = zip(lengths, checksums(lengths), datas, checksums(datas), strict=True)
            stream.writelines(a + struct.pack("<I", b) + c + struct.pack("<I", d) for a, b, c, d in framed)


Write = Callable[[Path, int], None]
Read = Callable[[Path, Selection], RunData]
FORMATS: dict[str, tuple[str, Write, Read]] = {
    "JSONL": ("run.jsonl", write_jsonl, tables.read),
    "CSV": ("run.csv", write_csv, tables.read),
    "Parquet": ("run.parquet", write_parquet, tables.read),
    "trainer log": ("trainer_state.json", write_trainer_log, trainer_state.read),
    "TensorBoard": ("events.out.tfevents.1.h", write_tensorboard, tensorboard.read),
}


def measure(name: str, path: Path) -> tuple[float, float]:
    """Read a file in a process of its own; give seconds and the peak of resident memory in MB."""
    done = subprocess.run(
        [sys.executable, __file__, "--read", name, str(path)], capture_output=True, text=True, check=True
    )
    seconds, memory = done.stdout.split()
    return float(seconds), float(memory)


def read(name: str, path: Path) -> None:
    """Be that process."""
    started = time.perf_counter()
    run = FORMATS[name][2](path, CHOSEN)
    seconds = time.perf_counter() - started
    assert len(run.series) == 3
    assert all(series.values[-1] > 0 for series in run.series.values())
    # Not `getrusage`: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(seconds, int(status.partition("VmHWM:")[2].split()[0]) / 1024)


def main(rows: int) -> None:
    """Print one line a format."""
    print(f"| format | {rows:,} rows | MB | s | rows/s | memory, MB |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for name, (file, write, _read) in FORMATS.items():
            path = Path(folder, file)
            write(path, 2)
            _seconds, empty = measure(name, path)
            write(path, rows)
            size = path.stat().st_size / 1e6
            seconds, memory = measure(name, path)
            print(f"| {name} | 8 metrics | {size:.0f} | {seconds:.2f} | {rows / seconds:,.0f} | {memory - empty:.0f} |")
            path.unlink()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--read"]:
        read(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 200_000)
