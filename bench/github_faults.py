"""Every fault at every write to GitHub, and a kill before and after each. Prints Markdown.

    python bench/github_faults.py

A real job against a server on loopback that remembers what it is told. After the fault: was the gate right? After the
next job, without a fault: is everything there, once? Exit code 1: a goal was missed. Linux only: it kills processes.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from tests.jobs import Done, end_job, pull_event, start_job  # noqa: E402 - after the path is set
from tests.runs import POLICY, rows, write_run  # noqa: E402
from tests.services.faults import reply  # noqa: E402
from tests.services.github import SHA, Fault, GitHub  # noqa: E402
from tests.services.loopback import Behave, Exchange  # noqa: E402

PATH = ".github/gatekeeper.yml"
GOOD = rows()
BAD = rows(kl={step: 0.5 + step / 1_000 for step in range(40)})
MOST_REQUESTS = (12, 10)


def cut(exchange: Exchange) -> None:
    """End the connection without a word."""
    exchange.cut()


def hang(exchange: Exchange) -> None:
    """Say nothing until the client gives up."""
    exchange.wait()
    exchange.cut()


def half(exchange: Exchange) -> None:
    """Answer half of it, and end."""
    exchange.reply(200, b'{"id": 1, "sta', length=4_000)
    exchange.cut()


@dataclass(frozen=True)
class Kind:
    """A fault."""

    behave: Behave
    stored: bool = False
    times: int | None = 1


FAULTS: Mapping[str, Kind] = {
    "502": Kind(reply(502)),
    "502, but stored": Kind(reply(502), stored=True),
    "502 for ever": Kind(reply(502), times=None),
    "502 for ever, but stored": Kind(reply(502), stored=True, times=None),
    "connection cut": Kind(cut),
    "connection cut, but stored": Kind(cut, stored=True),
    "half an answer, stored": Kind(half, stored=True),
    "a page of a proxy": Kind(reply(200, b"<!doctype html>", Content_Type="text/html")),
    "a hang": Kind(hang),
    "403, Retry-After 1": Kind(reply(403, {"message": "secondary rate limit"}, Retry_After="1")),
    "429, Retry-After 3600": Kind(reply(429, {"message": "slow down"}, Retry_After="3600")),
    "403, no permission": Kind(reply(403, {"message": "Resource not accessible by integration"}), times=None),
    "404": Kind(reply(404, {"message": "Not Found"}), times=None),
    "422": Kind(reply(422, {"message": "Validation Failed"}), times=None),
}
KILLS = {"killed before": False, "killed after": True}


@dataclass(frozen=True)
class Write:
    """A request that writes."""

    method: str
    path: str
    after: int = 0
    second: bool = False
    """It is one of a later job, where an earlier one has written everything."""


WRITES: Mapping[str, Write] = {
    "status, pending": Write("POST", r".*/statuses/.*"),
    "check run, in progress": Write("POST", r".*/check-runs"),
    "status, final": Write("POST", r".*/statuses/.*", after=1),
    "check run, completed": Write("PATCH", r".*/check-runs/\d+"),
    "comment, created": Write("POST", r".*/comments"),
    "comment, changed": Write("PATCH", r".*/comments/\d+", second=True),
}


@dataclass
class Cell:
    """What came of one fault at one write, for a run that passes and one that fails."""

    codes: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def check_out(folder: Path, records: Sequence[object]) -> None:
    """Make what the job finds in its workspace: the pull request with its policy, and the run."""
    (folder / PATH).parent.mkdir(parents=True, exist_ok=True)
    (folder / PATH).write_text(POLICY)
    write_run(folder, records)


def job(folder: Path, github: GitHub, records: Sequence[object]) -> Done:
    """Do a job to its end."""
    check_out(folder, records)
    process = start_job(folder, github, "pull_request", pull_event(), GATEKEEPER_RUN="run.jsonl")
    return end_job(folder, process)


def killed(folder: Path, github: GitHub, records: Sequence[object], write: Write, *, stored: bool) -> None:
    """Do a job that is killed while it waits for the answer to a write."""
    check_out(folder, records)
    arrived: list[Exchange] = []

    def behave(exchange: Exchange) -> None:
        arrived.append(exchange)
        hang(exchange)

    github.faults.append(Fault(behave=behave, method=write.method, path=write.path, after=write.after, stored=stored))
    process = start_job(folder, github, "pull_request", pull_event(), GATEKEEPER_RUN="run.jsonl")
    until = time.monotonic() + 60
    while not arrived and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    github.faults.clear()


def state(github: GitHub) -> str | None:
    """Give what GitHub shows of the commit."""
    return next((said["state"] for at, said in reversed(github.memory.statuses) if at == SHA), None)


def judge(fault: str, write: Write) -> Cell:
    """Try one fault at one write."""
    cell = Cell()
    for good in (True, False):
        with GitHub({("main", PATH): POLICY}) as github, tempfile.TemporaryDirectory(prefix="bench-github-") as name:
            github.add_pull(7)
            folder, records = Path(name), GOOD if good else BAD
            if write.second:
                job(folder, github, BAD if good else GOOD)
            if fault in KILLS:
                killed(folder, github, records, write, stored=KILLS[fault])
                final = write.path.endswith("comments") or "check-runs/" in write.path or write.second
                may_pass = good and (final or (write.after == 1 and KILLS[fault]))
            else:
                kind = FAULTS[fault]
                github.faults.append(
                    Fault(
                        behave=kind.behave, method=write.method, path=write.path, after=write.after,
                        times=kind.times, stored=kind.stored,
                    )
                )  # fmt: skip
                done = job(folder, github, records)
                github.faults.clear()
                cell.codes.append(done.code)
                may_pass = good
                if done.code not in (0 if good else 10, 3):
                    cell.wrong.append(f"exit code {done.code}: {done.stderr[-300:]}")
                log = [line for line in done.log if line != f"::add-mask::{github.token}"]
                if "Traceback" in done.stderr or github.token in "".join((*log, done.stderr, done.summary)):
                    cell.wrong.append("a traceback, or the token")
            cell.wrong += check(github, may_pass=may_pass)
            job(folder, github, records)
            cell.wrong += repaired(github, "success" if good else "failure")
    return cell


def check(github: GitHub, *, may_pass: bool) -> list[str]:
    """Tell what is wrong after the fault: a pass that was not given, something that is there twice."""
    wrong = []
    if state(github) == "success" and not may_pass:
        wrong.append("the gate is open")
    if len(github.memory.check_runs) > 1:
        wrong.append(f"{len(github.memory.check_runs)} check runs")
    if len(github.memory.comments) > 1:
        wrong.append(f"{len(github.memory.comments)} comments")
    return wrong


def repaired(github: GitHub, wanted: str) -> list[str]:
    """Tell what the next job did not put right."""
    wrong = []
    reports, comments = list(github.memory.check_runs.values()), list(github.memory.comments.values())
    if state(github) != wanted:
        wrong.append(f"then the status is {state(github)}, not {wanted}")
    if [(one["status"], one["conclusion"]) for one in reports] != [("completed", wanted)]:
        wrong.append("then the check run is another")
    if len(comments) != 1:
        wrong.append(f"then there are {len(comments)} comments")
    elif ("✅" in comments[0][1]["body"]) is not (wanted == "success"):
        wrong.append("then the comment tells another verdict")
    return wrong


def requests() -> tuple[int, int]:
    """Count the requests of a first verdict, and of the same again."""
    with GitHub({("main", PATH): POLICY}) as github, tempfile.TemporaryDirectory(prefix="bench-github-") as name:
        github.add_pull(7)
        job(Path(name), github, GOOD)
        first = len(github.requests)
        job(Path(name), github, GOOD)
        return first, len(github.requests) - first


def table(cells: Mapping[tuple[str, str], Cell]) -> Sequence[str]:
    """Lay out the exit codes; a cell that is wrong says so."""
    lines = [f"| fault | {' | '.join(WRITES)} |", f"| --- |{' --- |' * len(WRITES)}"]
    for fault in (*FAULTS, *KILLS):
        found = [cells[fault, write] for write in WRITES]
        told = [f"**{'; '.join(one.wrong)}**" if one.wrong else " / ".join(map(str, one.codes)) or "–" for one in found]
        lines.append(f"| {fault} | {' | '.join(told)} |")
    return lines


def main(tell: Callable[[str], None] = print) -> int:
    """Try everything."""
    first, again = requests()
    tell(f"Requests: {first} for a first verdict on a pull request, {again} for the same again.")
    tell("")
    pairs = [(fault, write) for fault in (*FAULTS, *KILLS) for write in WRITES]
    with ThreadPoolExecutor(2) as pool:
        cells = dict(zip(pairs, pool.map(lambda pair: judge(pair[0], WRITES[pair[1]]), pairs), strict=True))
    tell("Exit codes of a run that passes / of one that fails; a killed job has none.")
    tell("")
    for line in table(cells):
        tell(line)
    wrong = sum(bool(cell.wrong) for cell in cells.values())
    tell("")
    tell(
        f"{len(cells)} faults, each with two verdicts: {wrong} left the gate, the check run or the comment wrong, "
        "lost or doubled, after the next job."
    )
    return int(wrong > 0 or first > MOST_REQUESTS[0] or again > MOST_REQUESTS[1])


if __name__ == "__main__":
    sys.exit(main())
