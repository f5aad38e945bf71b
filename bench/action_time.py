"""How long a job of the action takes, everything but the network and the install. Prints Markdown.

    python bench/action_time.py [--rounds 5]

A recorded league, on a server that plays W&B, judged and told to a server that plays GitHub: the job alone, and the
README's workflow under act with an environment that is there already. Exit code 1: a goal was missed. POSIX only.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from examples.league.record import RECORDINGS  # noqa: E402 - after the path is set
from tests.jobs import end_job, pull_event, start_job  # noqa: E402
from tests.pasted import PATH, POLICY, PULL, end_training, on_wandb, paste  # noqa: E402
from tests.services.github import GitHub  # noqa: E402
from tests.services.wandb import ENTITY, PROJECT, Wandb  # noqa: E402

GOALS = {"file": 2.0, "act": 5.0}
"""Seconds."""


def seconds(what: Callable[[], object], rounds: int) -> float:
    """Return the median time of something; the first, which warms up, does not count."""
    times = []
    for _ in range(rounds + 1):
        begin = time.perf_counter()
        what()
        times.append(time.perf_counter() - begin)
    return statistics.median(times[1:])


def job(folder: Path, github: GitHub, **given: str) -> None:
    """Do a job, as the second step of the action does."""
    done = end_job(folder, start_job(folder, github, "pull_request", pull_event(), **given))
    assert (done.code, done.outputs["verdict"]) == (0, "pass"), done.stderr


def main(words: list[str] | None = None) -> int:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args(words).rounds
    empty = seconds(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), rounds)
    found: dict[str, float] = {}
    with (
        GitHub({("main", PATH): POLICY}) as github,
        Wandb(on_wandb("healthy")) as wandb,
        tempfile.TemporaryDirectory(prefix="bench-action-") as name,
    ):
        github.add_pull(PULL)
        folder = Path(name) / "job"
        folder.mkdir()
        online = {"GATEKEEPER_PROJECT": f"{ENTITY}/{PROJECT}", **wandb.environment()}
        found["file"] = seconds(lambda: job(folder, github, GATEKEEPER_RUN=str(RECORDINGS / "healthy")), rounds)
        found["job"] = seconds(lambda: job(folder, github, **online), rounds)
        machine = paste(Path(name) / "act", wandb.environment()["WANDB_BASE_URL"])

        def act() -> None:
            done = end_training(machine, github, wandb)
            assert done.returncode == 0, done.stdout[-2000:]

        found["act"] = seconds(act, rounds)
    print(f"Median of {rounds}; an empty Python takes {empty * 1000:.0f} ms.\n")
    print("| what | seconds | to an empty Python | goal |\n| --- | --- | --- | --- |")
    told = {
        "file": "a job, everything but the network and the install: a run of the workspace",
        "job": "… a run on W&B: its client's own start, and two errands on loopback, are in it",
        "act": "the whole workflow under act, with a warm environment",
    }
    for key, text in told.items():
        goal = f"< {GOALS[key]:.0f} s" if key in GOALS else "–"
        print(f"| {text} | {found[key]:.2f} | {found[key] / empty:.0f} × | {goal} |")
    return int(any(found[key] >= goal for key, goal in GOALS.items()))


if __name__ == "__main__":
    sys.exit(main())
