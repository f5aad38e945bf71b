"""What a verdict on a run of W&B costs, through its real client against a server on loopback. Prints Markdown.

    python bench/wandb_online.py [--rows 1000000] [--quick]

Exit code 1: a goal was missed. Linux only: it asks /proc.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.deadline import Deadline  # noqa: E402 - after the path is set
from action.secret import Secret  # noqa: E402
from action.sources.wandb_api.runs import WandbRuns, parse_run  # noqa: E402
from action.wandb_service.access import Access  # noqa: E402
from tests.runs import clean_environment  # noqa: E402
from tests.services.loopback import closed_port  # noqa: E402
from tests.services.wandb import PARQUET, Fault, Wandb  # noqa: E402
from tests.services.wandb_faults import EVERYWHERE, QUERIES  # noqa: E402
from tests.services.wandb_run import Artifact, Run  # noqa: E402

METRICS = tuple(f"train/metric_{number}" for number in range(7))
POLICY = """\
version: 1
checks:
  kl-max: {metric: kl, stat: max, pass: "< 1"}
  end: {metric: train/metric_0, stat: p95, pass: "< 1e9"}
  slope: {metric: train/metric_1, stat: mean, pass: "< 1e9"}
"""
ONE_METRIC = 'version: 1\nchecks: {kl-max: {metric: kl, stat: max, pass: "< 1"}}\n'
MOST_REQUESTS, MOST_MB = 6, 300.0
DEADLINE, SPARE = 6.0, 2.0
SAMPLED = """\
import os, wandb
api = wandb.Api(api_key=os.environ["WANDB_API_KEY"], overrides={"base_url": os.environ["WANDB_BASE_URL"]})
rows = api.run("team/league/abc123").history(pandas=False)
print(len(rows), max(row["kl"] for row in rows))
"""
"""What people write: `history()` is a sample of 500 rows."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended."""

    code: int
    seconds: float
    output: str
    peaks: Mapping[str, float]
    """Process → peak of its resident memory in MB."""


def check(server: Wandb, *words: str, policy: str = POLICY, url: str | None = None) -> Ended:
    """Judge a run as a user does, in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-wandb-") as name:
        folder = Path(name)
        (folder / "policy.yml").write_text(policy, encoding="utf-8")
        env = {**clean_environment(), **server.environment(), "HOME": name, "TMPDIR": name}
        if url is not None:
            env["WANDB_BASE_URL"] = url
        program = [sys.executable, "-I", "-m", "action", "check", "team/league/abc123", *words]
        program += ["--policy", "policy.yml", "--out", "out"]
        begun = time.monotonic()
        with (
            subprocess.Popen(
                program, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
            ) as process,
            watched(name) as peaks,
        ):
            stdout, stderr = process.communicate(timeout=600)
        seconds = time.monotonic() - begun
        return Ended(code=process.returncode, seconds=seconds, output=stdout + stderr, peaks=peaks)


class watched:  # noqa: N801 - used as a function
    """Watch the memory of all processes of a folder."""

    def __init__(self, folder: str) -> None:
        self._folder = folder.encode()
        self._peaks: dict[str, float] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Mapping[str, float]:
        self._thread.start()
        return self._peaks

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)

    def _look(self, process: Path) -> None:
        try:
            if self._folder not in (process / "environ").read_bytes():
                return
            words = (process / "cmdline").read_bytes().decode(errors="replace")
            status = (process / "status").read_text()
        except OSError:
            return
        name = "wandb-core" if "wandb-core" in words else "client" if "action.errands" in words else "gatekeeper"
        peak = [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
        self._peaks[name] = max([self._peaks.get(name, 0.0), *peak])


def rows(count: int, spike: int | None = None) -> list[dict[str, float]]:
    """Give rows of one metric, with a spike at one of them."""
    return [{"_step": step, "kl": 5.01 if step == spike else 0.01 + step % 7 / 1000} for step in range(count)]


def exported(count: int, files: int = 10) -> Run:
    """Give a run of so many rows of eight metrics, all exported."""
    import duckdb  # noqa: PLC0415 - what is measured runs in other processes

    columns = ", ".join(f'sqrt(i * 8 + {number}) AS "{name}"' for number, name in enumerate(METRICS))
    size = -(-count // files)
    contents = []
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(":memory:") as connection:
        for start in range(0, count, size):
            file = Path(folder) / "part.parquet"
            steps = f"range({start}, {min(count, start + size)}) r(i)"
            selected = f"SELECT i AS _step, i + 0.5 AS _timestamp, 0.01 + i % 7 / 1000 AS kl, {columns} FROM {steps}"  # noqa: S608 - ours
            connection.execute(f"COPY ({selected}) TO '{file}' (FORMAT parquet)")
            contents.append(file.read_bytes())
    changed = {"historyLineCount": count, "historyKeys": {"lastStep": count - 1}}
    return Run(stored=contents, changed=changed)


def download(server: Wandb) -> float:
    """Download the same bytes by plain HTTP; seconds."""
    [run] = server.runs
    addresses = [server.publish(f"/raw/{at}", PARQUET, content) for at, content in enumerate(run.exports)]
    begun = time.monotonic()
    for address in addresses:
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - ours, on loopback
            while answer.read(1 << 20):
                pass
    return time.monotonic() - begun


def requests_of_a_verdict() -> Iterator[str]:
    """Tell what is asked for one verdict."""
    with Wandb(Run(rows=rows(1_000), exported=900, files=1, artifacts=[Artifact(name="adapter_v9")])) as server:
        ended = check(server, "--checkpoint", "newest", policy=ONE_METRIC)
        asked = [(one.path, one.body) for one in server.requests]
    yield f"1,000 rows (900 exported) and the newest checkpoint: **{len(asked)} requests**,"
    yield f"{', '.join(server.operations)}; none repeated, exit code {ended.code}, {ended.seconds:.1f} s."
    if ended.code or len(set(asked)) != len(asked) or len(asked) > MOST_REQUESTS:
        raise SystemExit(f"missed: one verdict by at most {MOST_REQUESTS} requests, none twice; {ended.output}")


def fetch(server: Wandb) -> float:
    """Fetch the files of the history by the real client, in its process; seconds."""
    runs = WandbRuns(Access(key=Secret(server.key), url=server.url))
    with tempfile.TemporaryDirectory() as folder:
        begun = time.monotonic()
        runs.fetch(parse_run("team/league/abc123"), Path(folder), Deadline(seconds=300))
        return time.monotonic() - begun


def local(run: Run) -> float:
    """Judge the same rows from a file of this machine; seconds."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "policy.yml").write_text(POLICY, encoding="utf-8")
        (Path(folder) / "run.parquet").write_bytes(run.exports[0])
        program = [
            sys.executable,
            "-I",
            "-m",
            "action",
            "check",
            "run.parquet",
            "--policy",
            "policy.yml",
            "--out",
            "out",
        ]
        begun = time.monotonic()
        subprocess.run(program, cwd=folder, env=clean_environment(), capture_output=True, check=False)
        return time.monotonic() - begun


def long_history(count: int) -> Iterator[str]:
    """Tell time and memory of a long history."""
    with Wandb(exported(2, 1)) as server:
        short, start = check(server), min(fetch(server) for _ in range(3))
    with Wandb(exported(count)) as server:
        raw = min(download(server) for _ in range(3))
        fetched, ended = min(fetch(server) for _ in range(3)), check(server)
        size = sum(map(len, server.runs[0].exports)) / 1e6
    from_file = local(exported(count, 1))
    yield f"{count:,} rows of 8 metrics, {size:.0f} MB of Parquet in 10 files; a policy of three metrics."
    yield ""
    yield "| what | s |"
    yield "| --- | ---: |"
    yield f"| plain download of the same bytes, by `urllib` | {raw:.2f} |"
    yield f"| fetch by the real client, its start-up of {start:.2f} s included | {fetched:.2f} |"
    yield f"| … as a ratio to the plain download | {fetched / raw:.1f} × |"
    yield f"| `gatekeeper check`, as a ratio to that of one local file | {ended.seconds / from_file:.2f} × |"
    yield f"| `gatekeeper check --out` | {ended.seconds:.2f} |"
    yield f"| … of the same rows in one local file | {from_file:.2f} |"
    yield f"| … of a run of two rows on the service | {short.seconds:.2f} |"
    yield ""
    yield "| process | peak, MB | of two rows |"
    yield "| --- | ---: | ---: |"
    for name in ("gatekeeper", "client", "wandb-core"):
        yield f"| {name} | {ended.peaks.get(name, 0):.0f} | {short.peaks.get(name, 0):.0f} |"
    if ended.code or max(ended.peaks.values()) > MOST_MB:
        raise SystemExit(f"missed: {count:,} rows within {MOST_MB:g} MB; {ended.output}")


def one_spike() -> Iterator[str]:
    """Tell who sees one spike."""
    with Wandb(Run(rows=rows(20_000, spike=13_777))) as server:
        ended = check(server, policy=ONE_METRIC)
        with tempfile.TemporaryDirectory() as folder:
            env = {**clean_environment(), **server.environment(), "HOME": folder, "WANDB_SILENT": "true"}
            sampled = subprocess.run(
                [sys.executable, "-c", SAMPLED], env=env, cwd=folder, capture_output=True, encoding="utf-8", check=True
            )
    count, largest = sampled.stdout.split()
    yield "| who | rows | largest KL | verdict |"
    yield "| --- | ---: | ---: | --- |"
    yield f"| `gatekeeper check` | 20,000 | 5.01 | {'fail' if ended.code == 10 else ended.code} |"
    yield f"| `wandb.Api().run(…).history()` | {int(count):,} | {float(largest):g} | would pass |"
    if ended.code != 10 or "5.01" not in ended.output:
        raise SystemExit(f"missed: a spike in one row of 20,000; {ended.output}")


CASES = (
    *(("Run", name) for name in EVERYWHERE),
    *((PARQUET, name) for name in EVERYWHERE),
    *(("HistoryPage", name) for name in QUERIES),
    ("nobody listens", "hang"),
)


def faults(cases: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Tell how each single fault ends."""

    def attempt(case: tuple[str, str]) -> tuple[Ended, float]:
        operation, name = case
        with Wandb(Run(rows=rows(60), exported=40)) as server:
            server.faults[operation] = Fault(behave={**EVERYWHERE, **QUERIES}[name](server))
            url = closed_port() if operation == "nobody listens" else None
            begun = time.monotonic()
            ended = check(server, "--deadline", f"{DEADLINE:g}", policy=ONE_METRIC, url=url)
            return ended, ended.seconds - (server.requests[0].at - begun if server.requests else 0.0)

    yield "| asked | fault | exit code | s from the first request | in time | said |"
    yield "| --- | --- | ---: | ---: | --- | --- |"
    missed = []
    with ThreadPoolExecutor(2) as pool:
        for (operation, name), (ended, seconds) in zip(cases, pool.map(attempt, cases), strict=True):
            in_time = seconds < DEADLINE + SPARE
            said = ended.output.strip().removeprefix("gatekeeper: ").partition("; ")[0].replace("|", "\\|")
            said = said if ended.code in (2, 3) else ended.output.strip().splitlines()[0]
            yield f"| {operation} | {name} | {ended.code} | {seconds:.1f} | {'yes' if in_time else '**no**'} | {said} |"
            if not in_time or ended.code not in (2, 3, 11):
                missed.append(f"{operation}, {name}")
    if missed:
        raise SystemExit(f"missed: {missed}")


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, few faults")
    asked = parser.parse_args()
    count = asked.rows // 10 if asked.quick else asked.rows
    parts = {
        "Requests for one verdict": requests_of_a_verdict(),
        "A long history": long_history(count),
        "One spike in 20,000 rows": one_spike(),
        f"Single faults, with --deadline {DEADLINE:g}": faults(CASES[::8] if asked.quick else CASES),
    }
    for title, lines in parts.items():
        print(f"\n## {title}\n")
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
