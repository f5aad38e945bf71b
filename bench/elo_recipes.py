"""Judges the strength of many seeds of the example job: is training that learned told from training that did not?

    python bench/elo_recipes.py [--seeds 20] [--first 100] [--jobs 2] [--json FILE]

Each run is trained in a process of its own; its games go through the profile `league`. *Better* is the sequential test
of 0 against 20 Elo on the newest checkpoint; *regression* the check that the newest has not fallen below an older one.
Intervals are Wilson's, 95 %. Exit code 1: a run that did not learn was called better, or a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.cli.ports import local_ports  # noqa: E402 - after the path is set
from action.pipeline import check_run  # noqa: E402
from action.settings import CheckSettings, profile_policy  # noqa: E402
from bench.interval import wilson  # noqa: E402
from bench.recipes import train  # noqa: E402

CHECKS = ("strength", "reference-decline", "exploitation", "best-gap", "latest-regression")
WANTED: Mapping[str, tuple[str, str]] = {
    "healthy": ("strength", "pass"),
    "no-learning": ("strength", "pass"),
    "regression": ("latest-regression", "fail"),
}
"""Recipe → the check and the outcome of it that is counted: wanted always, never, always."""
NEVER = frozenset({"no-learning"})


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the games of one run say."""

    seed: int
    outcomes: Mapping[str, str]
    """Check → outcome."""
    gap: float | None
    games: int
    """Games of the candidate when the sequential test ended, or that there were."""


def answer(recipe: str, seed: int) -> Answer:
    """Train one run and judge its games."""
    with tempfile.TemporaryDirectory() as scratch:
        run = train(recipe, seed, Path(scratch) / "run")
        policy = profile_policy(("league",))
        settings = CheckSettings(ref=str(run), policy=policy, fallback_policy=policy, now="2026-01-06T00:00:00Z")
        verdict = check_run(settings, local_ports()).verdict
    facts = verdict.elo
    return Answer(
        seed=seed,
        outcomes={check.id: check.outcome.value for check in verdict.checks if check.id in CHECKS},
        gap=None if facts is None or facts.gap is None else facts.gap.span.elo,
        games=0 if facts is None or facts.decision is None else facts.decision.games,
    )


def main() -> int:
    """Train, judge, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.seeds)
    rows, met = [], True
    heads = ("recipe", "counted", "share", "95 % interval", "gap, Elo", "games to decide", *CHECKS)
    print("| " + " | ".join(heads) + " |\n" + "| --- " * len(heads) + "|")
    with ThreadPoolExecutor(options.jobs) as pool:
        for recipe, (check, outcome) in WANTED.items():
            found = list(pool.map(lambda seed, name=recipe: answer(name, seed), seeds))
            hits = sum(one.outcomes[check] == outcome for one in found)
            met &= hits == (0 if recipe in NEVER else options.seeds)
            low, high = wilson(hits, options.seeds)
            gaps = sorted(one.gap for one in found if one.gap is not None)
            games = sorted(one.games for one in found)
            told = [", ".join(f"{word} {n}" for word, n in _count(found, one).most_common()) for one in CHECKS]
            cells = (
                f"`{recipe}`",
                f"`{check}` {outcome}",
                f"{hits}/{options.seeds}",
                f"{low:.0%} to {high:.0%}",
                f"{gaps[0]:.0f} to {gaps[-1]:.0f}",
                f"{games[len(games) // 2]:,}",
                *told,
            )
            print("| " + " | ".join(cells) + " |", flush=True)
            rows.append({"recipe": recipe, "hits": hits, "runs": [asdict(one) for one in found]})
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0 if met else 1


def _count(found: list[Answer], check: str) -> Counter[str]:
    return Counter(one.outcomes[check] for one in found)


if __name__ == "__main__":
    sys.exit(main())
