"""Judges many seeds of every recipe of the example job: is the verdict the one that is known to be right?

    python bench/recipes.py [--seeds 20] [--first 100] [--jobs 2] [--json FILE]

Each run is trained in a process of its own and judged under the profiles `grpo` and `pipeline`. A run counts as right
if both the verdict and one of the deciding checks are those that a person who knows the fault would name. Intervals are
Wilson's, 95 %. The recipes were tuned on seeds below 10, so the bench begins at 100.
Exit code 1: a recipe was right for fewer than 90 % of its seeds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.cli.ports import local_ports  # noqa: E402 - after the path is set
from action.pipeline import check_run  # noqa: E402
from action.settings import CheckSettings, profile_policy  # noqa: E402
from bench.interval import wilson  # noqa: E402
from checks.result import CheckResult, Outcome, Verdict  # noqa: E402

PROFILES = ("grpo", "pipeline")
GOAL = 0.9


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is known to be right for a recipe."""

    verdict: str
    checks: frozenset[str]
    """One of these must be among the checks that decide; empty for a pass."""


TRUTHS: Mapping[str, Truth] = {
    "healthy": Truth(verdict="pass", checks=frozenset()),
    "kl-explosion": Truth(verdict="fail", checks=frozenset({"kl-spike", "kl-p95"})),
    "nan-gradient": Truth(verdict="fail", checks=frozenset({"integrity/non-finite"})),
    "no-learning": Truth(verdict="fail", checks=frozenset({"zero-variance"})),
    "regression": Truth(verdict="fail", checks=frozenset({"reward-end"})),
    "slow-rollouts": Truth(verdict="fail", checks=frozenset({"rollout-p95"})),
    "extraction-bug": Truth(verdict="fail", checks=frozenset({"extraction-rate"})),
    "killed": Truth(verdict="inconclusive", checks=frozenset({"integrity/run-state"})),
    "short": Truth(verdict="inconclusive", checks=frozenset({"integrity/planned-steps"})),
    "double-logging": Truth(verdict="inconclusive", checks=frozenset({"integrity/log-calls"})),
}


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One run's verdict."""

    verdict: str
    deciding: tuple[str, ...]
    right: bool


def judge(folder: Path, truth: Truth) -> Judged:
    """Judge a run under the profiles and hold the verdict against what is known."""
    policy = profile_policy(PROFILES)
    settings = CheckSettings(ref=str(folder), policy=policy, fallback_policy=policy, now="2026-01-06T00:00:00Z")
    verdict = check_run(settings, local_ports()).verdict
    decided = deciding(verdict)
    right = verdict.decision.value == truth.verdict and (not truth.checks or bool(truth.checks & set(decided)))
    return Judged(verdict=verdict.decision.value, deciding=decided, right=right)


def deciding(verdict: Verdict) -> tuple[str, ...]:
    """Give the ids of the checks that kept the gate closed."""

    def closes(result: CheckResult) -> bool:
        return result.severity == "block" and result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR)

    return tuple(result.id for result in verdict.checks if closes(result) and result.outcome == verdict.decision.value)


def train_and_judge(recipe: str, seed: int) -> Judged:
    """Train one run in a process of its own, as a user would, and judge what it left."""
    with tempfile.TemporaryDirectory() as scratch:
        return judge(train(recipe, seed, Path(scratch) / "run"), TRUTHS[recipe])


def train(recipe: str, seed: int, out: Path) -> Path:
    """Train one run in a process of its own; give its folder, with events and games beside the record."""
    words = ["-m", "examples.league.train", recipe, "--seed", str(seed), "--out", str(out)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=False, capture_output=True)
    run = next(out.glob("wandb/offline-run-*"))
    for name in ("events.jsonl", "games.jsonl"):
        (out / name).rename(run / name)
    return run


def main() -> int:
    """Train, judge, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows, met = [], True
    seeds = range(options.first, options.first + options.seeds)
    print("| recipe | expected | got | right | 95 % interval | decided by |\n| --- | --- | --- | --- | --- | --- |")
    with ThreadPoolExecutor(options.jobs) as pool:
        for recipe, truth in TRUTHS.items():
            judged = list(pool.map(lambda seed, name=recipe: train_and_judge(name, seed), seeds))
            right = sum(one.right for one in judged)
            low, high = wilson(right, options.seeds)
            got = Counter(one.verdict for one in judged)
            why = Counter(check for one in judged for check in one.deciding)
            met &= right >= GOAL * options.seeds
            told = ", ".join(f"{verdict} {count}" for verdict, count in got.most_common())
            reasons = ", ".join(f"`{check}` {count}" for check, count in why.most_common(4)) or "–"
            share = f"{right}/{options.seeds}"
            print(
                f"| `{recipe}` | {truth.verdict} | {told} | {share} | {low:.0%} to {high:.0%} | {reasons} |", flush=True
            )
            row = {
                "recipe": recipe,
                "expected": truth.verdict,
                "got": dict(got),
                "right": right,
                "seeds": options.seeds,
            }
            rows.append(row | {"low": low, "high": high, "decided_by": dict(why)})
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
