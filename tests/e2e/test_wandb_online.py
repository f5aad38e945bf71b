"""`gatekeeper check entity/project/run`, as a user starts it: verdict, faults, and what stays behind of a key."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.runs import RECORDINGS, clean_environment, command
from tests.services.loopback import closed_port
from tests.services.wandb import PARQUET, TABLE, Fault, Wandb
from tests.services.wandb_faults import EVERYWHERE, QUERIES, Make, data
from tests.services.wandb_run import Artifact, Run, Table, recorded, recorded_file

DEADLINE = 6.0
SPARE = 2.0
"""Seconds that ending may take beside the deadline, on a machine that is busy."""
POLICY = """\
version: 1
checks:
  kl-max: {metric: kl, stat: max, pass: "< 1"}
"""
STRENGTH = f"{POLICY}  strength: {{elo: {{elo1: 100}}}}\n"
GAMES = Table(columns=["a", "b", "score"], data=[["adapter_v9", "base_model", int(one)] for one in "1110" * 40])


def rows(count: int, **spikes: float) -> list[dict[str, float]]:
    made = [{"_step": step, "kl": 0.01 + step % 7 / 1000, "reward": step / count} for step in range(count)]
    for name, value in spikes.items():
        made[int(name.removeprefix("at"))]["kl"] = value
    return made


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended, and every byte that it left."""

    code: int
    stdout: str
    stderr: str
    at: float
    """Seconds of the monotonic clock."""
    left: Mapping[str, bytes]
    """Path → content of each file in the folders that it could write into, its output among them."""

    def holds(self, secret: str) -> list[str]:
        """Name the places where a text is seen."""
        streams = {"stdout": self.stdout.encode(), "stderr": self.stderr.encode()}
        places = {**streams, **self.left, **{f"name of {path}": path.encode() for path in self.left}}
        return [place for place, content in places.items() if secret.encode() in content]


def places(folder: Path) -> dict[str, str]:
    """Make the folders that a process may write into; their variables."""
    for name in ("cwd", "home", "tmp"):
        (folder / name).mkdir(parents=True)
    return {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp")}


def check(folder: Path, server: Wandb, *words: str, policy: str = POLICY) -> Ended:
    """Judge a run of a server in a folder of its own."""
    return run_check(folder, server, words, policy, {}, cold=False)


def run_check(
    folder: Path, server: Wandb, words: Sequence[str], policy: str, env: Mapping[str, str], *, cold: bool
) -> Ended:
    """Judge a run likewise; `cold`: in processes that can be told from others by their environment."""
    given = {**places(folder), **server.environment(), **env}
    (folder / "cwd" / "policy.yml").write_text(policy)
    asked = ("check", *words, "--policy", "policy.yml", "--out", "out")
    if cold:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "action", *asked],
            cwd=folder / "cwd",
            env={**clean_environment(), **given},
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
    else:
        done = command(*asked, cwd=folder / "cwd", env=given)
    at = time.monotonic()
    left = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return Ended(code=done.returncode, stdout=done.stdout, stderr=done.stderr, at=at, left=left)


def survivors(folder: Path) -> list[str]:
    """Find processes that were started with a folder's environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{folder}/".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:  # it has just ended, or is another user's
            continue
    return found


def end_of(folder: Path, within: float = 2.0) -> list[str]:
    """Wait until no process of a folder is left; those that still are."""
    end = time.monotonic() + within
    while (left := survivors(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def test_a_run_is_judged_by_six_requests_and_again_from_its_bundle_without_any(tmp_path: Path) -> None:
    record = {"program": "/x/train.py", "codePath": "train.py", "args": ["--api-key", "5ecret"]}
    artifacts = [Artifact(name="adapter_v9", aliases=["latest"])]
    run = Run(rows=rows(1_000), exported=900, files=1, artifacts=artifacts, config={"_wandb": {"e": {"w": record}}})
    with Wandb(run) as server:
        ended = check(tmp_path, server, "team/league/abc123", "--checkpoint", "newest")
        asked = [(one.path, one.body) for one in server.requests]

    assert (ended.code, ended.stderr) == (0, "")
    assert server.operations == ("Run", "RunParquetHistory", PARQUET, "HistoryPage", "RunOutputArtifacts")
    assert len(set(asked)) == len(asked) <= 6
    assert ended.holds(server.key) == ended.holds(server.signature) == ended.holds("5ecret") == []
    assert ended.holds("python train.py --api-key ") == ["cwd/out/evidence/manifest.json"]
    document = json.loads(ended.left["cwd/out/verdict.json"])
    assert document["run"]["ref"] == "team/league/abc123"
    assert document["run"]["url"] == f"{server.url}/team/league/runs/abc123"
    assert document["checkpoint"]["digest"] == "wandb:d41d8cd98f00b204e9800998ecf8427e"
    assert set(ended.left) >= {"cwd/out/verdict.md", "cwd/out/evidence/manifest.json"}
    assert not [path for path in ended.left if path.startswith(("home/", "tmp/"))]

    again = command("check", "out", "--format", "json", cwd=tmp_path / "cwd", env={"TZ": "Asia/Kathmandu"})
    assert again.stdout.encode() == ended.left["cwd/out/verdict.json"]
    assert again.returncode == 0


@pytest.mark.parametrize("recipe", ["healthy", "kl-explosion"])
def test_a_recording_is_judged_as_its_file_is_but_for_who_it_is(tmp_path: Path, recipe: str) -> None:
    policy = "version: 1\nextends: grpo\n"
    with Wandb(recorded(recipe, exported=64)) as server:
        online = check(tmp_path / "online", server, f"team/league/league-{recipe}-s0", policy=policy)
        local = check(tmp_path / "local", server, str(recorded_file(recipe)), policy=policy)

    def told(ended: Ended) -> object:
        document = json.loads(ended.left["cwd/out/verdict.json"])
        checks = json.dumps(document["checks"]).replace("W&B file", "W&B run").replace(" with exit code 0", "")
        return document["verdict"], document["headline"], document["exit_code"], document["run"]["name"], checks

    assert online.code == local.code
    assert told(online) == told(local)


@pytest.mark.parametrize("exported", [0, 20_000])
def test_a_spike_in_one_row_of_twenty_thousand_fails(tmp_path: Path, exported: int) -> None:
    with Wandb(Run(rows=rows(20_000, at13777=5.01), exported=exported)) as server:
        ended = check(tmp_path, server, "team/league/abc123")

    assert ended.code == 10
    assert "5.01" in ended.stdout
    assert len(server.requests) <= 4


def test_a_local_run_needs_no_service_whatever_is_in_the_environment(tmp_path: Path) -> None:
    with Wandb() as server:
        ended = check(tmp_path, server, str(RECORDINGS / "healthy"), policy="version: 1\nextends: grpo\n")

    assert (ended.code, server.requests) == (0, ())


# Faults, each in a process of its own and all at once.

CASES: Mapping[str, tuple[str, Make]] = {
    "a key that is refused": ("Run", EVERYWHERE["401"]),
    "a key that is revoked in the middle": ("HistoryPage", EVERYWHERE["401"]),
    "an address that is refused": (PARQUET, EVERYWHERE["403"]),
    "too many requests, come back in an hour": ("Run", EVERYWHERE["429, Retry-After 3600"]),
    "a file, come back in an hour": (PARQUET, EVERYWHERE["429, Retry-After 3600"]),
    "500 for ever": ("HistoryPage", EVERYWHERE["500"]),
    "a page of a proxy": ("Run", EVERYWHERE["200, a page of a proxy"]),
    "a page of a proxy for a file": (PARQUET, EVERYWHERE["200, a page of a proxy"]),
    "half a file": (PARQUET, EVERYWHERE["half a body"]),
    "a reset": (TABLE, EVERYWHERE["reset"]),
    "a file that hangs": (PARQUET, EVERYWHERE["hang"]),
    "a file that drips": (PARQUET, EVERYWHERE["drip"]),
    "an answer nobody knows": ("RunOutputArtifacts", QUERIES["run: a text"]),
    "nobody listens": ("refused", EVERYWHERE["500"]),
    "a run that is deleted in the middle": ("HistoryPage", data({"project": {"run": None}})),
    "a project that is none": ("Run", data({"project": None})),
}
MISTAKES = {"a run that is deleted in the middle", "a project that is none"}


def attempt(folder: Path, name: str) -> tuple[Ended, Wandb, list[str]]:
    run = Run(rows=rows(60), exported=40, tables={"games": GAMES}, artifacts=[Artifact(name="adapter_v9")])
    operation, make = CASES[name]
    with Wandb(run) as server:
        server.faults[operation] = Fault(behave=make(server))
        words = ("team/league/abc123", "--checkpoint", "newest", "--deadline", f"{DEADLINE:g}")
        url = closed_port() if operation == "refused" else None
        ended = run_check(folder, server, words, STRENGTH, {"WANDB_BASE_URL": url or server.url}, cold=True)
        return ended, server, end_of(folder)


def test_every_fault_ends_in_time_in_one_line_without_a_verdict_a_secret_or_a_process(tmp_path: Path) -> None:
    folders = [tmp_path / re.sub(r"\W", "-", name) for name in CASES]
    with ThreadPoolExecutor(5) as pool:
        faults = dict(zip(CASES, pool.map(attempt, folders, CASES), strict=True))

    codes = {name: 2 if name in MISTAKES else 3 for name in CASES}
    assert codes == {name: ended.code for name, (ended, _, _) in faults.items()}
    for name, (ended, server, left_running) in faults.items():
        line = r"gatekeeper: (W&B|team/league[^:]*): expected .+, (got|found|but) .+[;,] .+\n"
        assert re.fullmatch(line, ended.stderr), (name, ended.stderr)
        assert ended.stdout == "", name
        begun = server.requests[0].at if server.requests else ended.at  # the deadline has begun before
        assert ended.at - begun < DEADLINE + SPARE, name
        assert left_running == [], name
        assert ended.holds(server.key) == ended.holds(server.signature) == [], name
        assert set(ended.left) == {"cwd/policy.yml"}, name  # no verdict, and nothing in any folder


def test_a_history_that_is_damaged_within_is_none(tmp_path: Path) -> None:
    with Wandb(Run(rows=rows(60))) as server:
        spoilt = b"PAR1" + b"\0" * 500 + b"PAR1"
        server.faults[PARQUET] = Fault(behave=lambda exchange: exchange.reply(200, spoilt))
        ended = check(tmp_path, server, "team/league/abc123")

    assert ended.code == 3
    expected = "gatekeeper: W&B: history-0.parquet: expected a whole Parquet file, got what DuckDB cannot read ("
    assert ended.stderr.startswith(expected)
    assert ended.stderr.endswith("); run again, or judge local files of the run\n")
    assert str(tmp_path) not in ended.stderr


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
@pytest.mark.parametrize("operation", ["Run", PARQUET])
def test_a_signal_ends_everything_at_once(
    tmp_path: Path, operation: str, number: signal.Signals, code: int, word: str
) -> None:
    with Wandb(Run(rows=rows(60))) as server:
        server.faults[operation] = Fault(behave=EVERYWHERE["hang"](server))
        env = {**clean_environment(), **places(tmp_path), **server.environment()}
        with subprocess.Popen(
            [sys.executable, "-I", "-m", "action", "check", "team/league/abc123", "--profile", "grpo"],
            cwd=tmp_path / "cwd",
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        ) as process:
            until = time.monotonic() + 30
            while operation not in server.operations and time.monotonic() < until:
                time.sleep(0.02)
            begun = time.monotonic()
            os.kill(process.pid, number)
            stdout, stderr = process.communicate(timeout=30)
        seconds = time.monotonic() - begun

    assert (process.returncode, stdout, stderr) == (code, "", f"gatekeeper: {word}; no verdict was given\n")
    assert seconds < 2
    assert end_of(tmp_path) == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_the_environment_tells_the_client_otherwise_is_not_heard(tmp_path: Path) -> None:
    with Wandb(Run(rows=rows(60))) as server:
        env = {
            **clean_environment(),
            **places(tmp_path),
            **server.environment(),
            "WANDB_MODE": "offline",
            "WANDB_ENTITY": "other",
            "WANDB_DIR": str(tmp_path / "elsewhere"),
            "WANDB_SERVICE": "2-1-tcp-localhost-1",
            "WANDB_DEBUG": "true",
            "WANDB_CORE_DEBUG": "true",
            "PYTHONPATH": str(tmp_path),
        }
        (tmp_path / "wandb.py").write_text("raise SystemExit('hostile')\n")
        (tmp_path / "cwd" / "policy.yml").write_text(POLICY)
        ended = command("check", "team/league/abc123", "--policy", "policy.yml", cwd=tmp_path / "cwd", env=env)

    assert (ended.returncode, ended.stderr) == (0, "")
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"wandb.py", "cwd/policy.yml"}
