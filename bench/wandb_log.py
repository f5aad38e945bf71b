"""Measures the reader of `.wandb` files against wandb's own protobuf classes doing the same work.

    python bench/wandb_log.py [--rows 1000000] [--quick] [--json FILE]

The file is as SDK 0.31 writes one: a row of 8 metrics (plus `_step`, `_timestamp`, `_runtime`) in random order, and
before it two summary records. Both readers give the steps and values of three metrics; ours also counts all metrics
and keeps what every row held. Times are processor times, taken in turn, so that a busy machine disturbs both alike.
Exit code 1: a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from array import array
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.sources.wandb_log import read  # noqa: E402 - after the path is set
from bench import wandb_writer as writer  # noqa: E402
from checks.run import RunData, Selection  # noqa: E402

METRICS = (
    "train/reward",
    "train/kl",
    "train/loss",
    "train/grad_norm",
    "train/entropy",
    "kl/max",
    "kl/mean",
    "elo/base_model",
)
WANTED = frozenset({"train/reward", "train/kl", "kl/mean"})
FASTER = 2.5
FASTER_QUICK = 1.5
RSS_MB = 200.0
LINEAR = 1.5
"""How much dearer a row of the longest file may be than one of the shortest."""

Result = TypeVar("Result")
Points = dict[str, tuple["array[int]", "array[float]"]]


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one file size gave."""

    rows: int
    megabytes: float
    ours_s: float
    protobuf_s: float
    faster: float
    ours_us_per_row: float
    rss_mb: float
    same: bool


def write_run(path: Path, rows: int, seed: int = 7) -> None:
    """Write a run of so many rows; values repeat after 4,000 rows, steps do not."""
    rng = random.Random(seed)  # noqa: S311 - test data, no secret
    pool = [_row(rng) for _ in range(4_000)]
    runtime = writer.text(1, writer.item(("_wandb", "runtime"), "12")) + writer.text(1, writer.item("_runtime", "12"))
    with path.open("wb", buffering=1 << 20) as stream, writer.LogWriter(stream) as log:
        log.write(writer.run())
        for step in range(rows):
            before, after, whole = pool[step % len(pool)]
            count = writer.text(1, writer.item("_step", str(step)))
            number = 3 * step + 3
            log.write(writer.whole(1, number) + writer.text(3, runtime))
            log.write(writer.whole(1, number + 1) + writer.text(3, whole + count))
            field = writer.text(2, writer.whole(1, step) if step else b"")
            log.write(writer.whole(1, number + 2) + writer.text(2, before + count + after + field))
        log.write(writer.ended(0))


def _row(rng: random.Random) -> tuple[bytes, bytes, bytes]:
    items = [writer.item(name, repr(rng.gauss(0, 1))) for name in METRICS]
    items.append(writer.item("_timestamp", repr(1.7e9 + rng.random() * 1e6)))
    items.append(writer.item("_runtime", repr(rng.random() * 1e5)))
    rng.shuffle(items)
    encoded = [writer.text(1, one) for one in items]
    cut = rng.randrange(len(encoded) + 1)
    return b"".join(encoded[:cut]), b"".join(encoded[cut:]), b"".join(encoded)


def read_with_protobuf(path: Path, names: frozenset[str]) -> Points:
    """Do the same with the SDK's generated classes and a plain loop over the framing."""
    from wandb.proto import wandb_internal_pb2 as pb  # noqa: PLC0415 - half a second, which only the comparison needs

    points: Points = {name: (array("q"), array("d")) for name in names}
    for payload in _payloads(path):
        record = pb.Record()  # type: ignore[attr-defined]  # made at run time
        record.ParseFromString(payload)
        if record.WhichOneof("record_type") != "history":
            continue
        step = record.history.step.num
        for item in record.history.item:
            name = ".".join(item.nested_key) or item.key
            if name in names:
                points[name][0].append(step)
                points[name][1].append(float(item.value_json))
    return points


def _payloads(path: Path) -> Iterator[bytes]:
    unpack, crc32, parts = struct.Struct("<IHB").unpack_from, zlib.crc32, []
    with path.open("rb") as stream:
        block, position = stream.read(32_768), 7
        while block:
            while position + 7 <= len(block):
                crc, length, kind = unpack(block, position)
                data = block[position + 6 : position + 7 + length]
                if crc32(data) != crc:
                    raise SystemExit(f"{path}: the file that was just written has a bad checksum")
                position += 7 + length
                if kind == 1:
                    yield data[1:]
                    continue
                parts.append(data[1:])
                if kind == 4:
                    yield b"".join(parts)
                    parts = []
            block, position = stream.read(32_768), 0


def read_ours(path: Path) -> RunData:
    """Read the wanted series as the gatekeeper does."""
    return read(path, Selection(names=WANTED))


def measure(path: Path, rows: int, times: int) -> Measured:
    """Write, read in turn, compare and delete one file."""
    write_run(path, rows)
    ours, theirs = [], []
    try:
        for _ in range(times):
            run, seconds = _timed(lambda: read_ours(path))
            ours.append(seconds)
            points, seconds = _timed(lambda: read_with_protobuf(path, WANTED))
            theirs.append(seconds)
        megabytes, rss = path.stat().st_size / 1e6, _rss_mb(path)
    finally:
        path.unlink()
    same = run.rows.steps.tolist() == list(range(rows)) and all(run.catalog[name] == rows for name in METRICS)
    for name, (steps, values) in points.items():
        series = run.series[name]
        same = same and series.steps.tobytes() == steps.tobytes() and series.values.tobytes() == values.tobytes()
    return Measured(
        rows=rows,
        megabytes=megabytes,
        ours_s=min(ours),
        protobuf_s=min(theirs),
        faster=min(theirs) / min(ours),
        ours_us_per_row=min(ours) / rows * 1e6,
        rss_mb=rss,
        same=same,
    )


def _timed(work: Callable[[], Result]) -> tuple[Result, float]:
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def _rss_mb(path: Path) -> float:
    """Read the file once in a process of its own; its peak of resident memory in MB."""
    command = [sys.executable, str(Path(__file__).resolve()), "--rss-of", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _print_own_rss(path: Path) -> None:
    read_ours(path)
    status = Path("/proc/self/status")
    if status.exists():  # first, because getrusage counts the memory of the parent too, from before the exec
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        print(int(line.split()[1]) * 1024 / 1e6)
        return
    import resource  # noqa: PLC0415 - not on Windows, where this program can still do the rest

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(peak / (1e6 if sys.platform == "darwin" else 1e3))  # bytes there, KiB elsewhere


def faults(measured: list[Measured], *, faster: float) -> list[str]:
    """Say which goals were missed."""
    last = measured[-1]
    found = [f"{one.rows:,} rows: the two readers differ" for one in measured if not one.same]
    if not last.faster >= faster:
        found.append(f"{last.faster:.2f} times faster than protobuf, the goal is {faster}")
    if not last.rss_mb < RSS_MB:
        found.append(f"{last.rss_mb:.0f} MB of memory, the goal is under {RSS_MB:.0f}")
    if not last.ours_us_per_row <= LINEAR * measured[0].ours_us_per_row:
        found.append("a row of the longest file costs more than one of the shortest: not linear")
    return found


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the longest file")
    parser.add_argument("--quick", action="store_true", help="50,000 rows and a lax bound, for a noisy machine")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    parser.add_argument("--rss-of", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.rss_of:
        _print_own_rss(asked.rss_of)
        return 0
    sizes = [10_000, 50_000] if asked.quick else sorted({10_000, 100_000, max(asked.rows, 10_000)})
    with tempfile.TemporaryDirectory(prefix="gatekeeper-bench-") as folder:
        measured = [measure(Path(folder) / f"{rows}.wandb", rows, times=3) for rows in sizes]
    print(f"{'rows':>10} {'MB':>7} {'ours s':>8} {'protobuf s':>11} {'faster':>7} {'µs/row':>7} {'RSS MB':>7}  same")
    for one in measured:
        print(
            f"{one.rows:>10,} {one.megabytes:>7.1f} {one.ours_s:>8.3f} {one.protobuf_s:>11.3f} {one.faster:>7.2f}"
            f" {one.ours_us_per_row:>7.2f} {one.rss_mb:>7.1f}  {'yes' if one.same else 'NO'}"
        )
    found = faults(measured, faster=FASTER_QUICK if asked.quick else FASTER)
    for fault in found:
        print(f"missed: {fault}")
    if asked.json:
        asked.json.write_text(json.dumps({"measured": [asdict(one) for one in measured], "missed": found}, indent=2))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
