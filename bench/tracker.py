"""How many requests and how long the tracker's pull request takes, for one run and for many that end at once.

An emulator of GitHub (npm `emulate`) behind a proxy that counts. An answer of GitHub is taken to cost 0.3 s; all times
are a quarter of that, the waits between tries too, which keeps their proportions.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from action.github.access import Access
from action.github.workshop import Workshop
from action.publish.drafting import Wish
from action.publish.proposing import Outcome, Proposing, longest
from action.secret import Secret
from action.tracker.edit import RunEntry, update_tracker
from tests.services.github import REPOSITORY
from tests.services.github_emulator import Emulator

FILE, SEED = "docs/experiment-tracker.md", 20_261_126
ANSWER, SCALE = 0.3, 0.25
REQUESTS = {"file": 4, "commit": 2}
"""That a call takes at most, where it is not one."""
OLD = "# T\n" + "".join(f"\n## Exp {number}: r{number}\n\n**Status**: `completed`\n" for number in range(1, 31))


class Slow:
    """A repository whose answers take their time."""

    def __init__(self, shop: Workshop) -> None:
        self._shop = shop

    def __getattr__(self, name: str) -> Any:
        """Give a call that takes its time."""

        def call(*words: Any) -> Any:
            time.sleep(ANSWER * SCALE * REQUESTS.get(name, 1))
            return getattr(self._shop, name)(*words)

        return call


def main() -> None:
    """Print the table of docs/benchmarks.md."""
    print("| runs at once | requests | requests a run | longest, jobs alone | entries | pull requests |")
    print("| --: | --: | --: | --: | --: | --: |")
    with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder), "policy.yml", "version: 1\n") as github:
        github.commit("main", FILE, OLD)
        _put(github, "warm-up", "main", "warm-up", lambda _: None)
        for runs in (1, 2, 5, 10, 20):
            print(_row(github, runs))


def _row(github: Emulator, runs: int) -> str:
    base, chance = f"base-{runs}", random.Random(SEED)  # noqa: S311 - no secret
    github.branch(base, "main")
    began = time.monotonic()
    _put(github, "alone", base, f"alone-{runs}", lambda _: None)
    alone = time.monotonic() - began
    seen, took = len(github.proxy.exchanges), []

    def one(number: int) -> Outcome:
        start = time.monotonic()
        pause = lambda tries: time.sleep(chance.uniform(0, longest(tries)) * SCALE)  # noqa: E731
        found = _put(github, f"run-{number}", base, f"tracker-{runs}", pause)
        took.append(time.monotonic() - start)
        return found

    with ThreadPoolExecutor(runs) as pool:
        list(pool.map(one, range(runs)))
    requests = len(github.proxy.exchanges) - seen
    text = github.text(f"tracker-{runs}", FILE) or ""
    entries = sum(text.count(f"- run name: run-{number}\n") == 1 for number in range(runs))
    pulls = [one for one in github.proposals(base) if one["head"]["ref"] == f"tracker-{runs}"]
    return f"| {runs} | {requests} | {requests / runs:.0f} | {max(took) / alone:.0f} | {entries} | {len(pulls)} |"


def _put(github: Emulator, name: str, base: str, branch: str, pause: Callable[[int], None]) -> Outcome:
    access = Access(repository=REPOSITORY, token=Secret(github.proxy.token), url=github.proxy.url)
    text = f"**Status**: `completed`\n- run name: {name}\n\n**Results**:\n- 40 Elo above base_model\n"
    entry = RunEntry(identity=f"team/league/{name}", names=(name,), title=name, text=text)
    wish = Wish(path=FILE, base=base, branch=branch)
    return Proposing(Slow(Workshop(access)), wish, lambda old: update_tracker(old, entry), pause).put()


if __name__ == "__main__":
    main()
