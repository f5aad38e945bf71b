"""Judges many seeds of every recipe of the example job: is the main diagnosis what was done to the run?

    python bench/diagnosis.py [--seeds 20] [--healthy 80] [--first 100] [--jobs 2] [--runs DIR] [--json FILE]

Each run is trained in a process of its own (4 s), or taken from `--runs` where an earlier start left it, and judged by
the profiles `grpo`, `league` and `pipeline`. Right is the first diagnosis if it is the truth that the recipe makes.
Healthy runs are judged in greater number: their false blocks (fail or error) are what costs trust. The patterns were
tuned on seeds 1001 to 1006. Intervals are Clopper–Pearson's, 95 %. Exit code 1: a goal was missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.cli.ports import local_ports  # noqa: E402 - after the path is set
from action.pipeline import check_run  # noqa: E402
from action.settings import CheckSettings, profile_policy  # noqa: E402
from bench.recipes import train  # noqa: E402
from checks.distribution import exact_interval  # noqa: E402

PROFILES = ("grpo", "league", "pipeline")
TRUTH: Mapping[str, str] = {
    "healthy": "learning",
    "kl-explosion": "runaway-divergence",
    "nan-gradient": "numbers-broke",
    "no-learning": "dead-signal",
    "regression": "regression",
    "slow-rollouts": "inference-bottleneck",
    "extraction-bug": "logits-processor-fault",
    "killed": "cut-short",
    "short": "cut-short",
    "double-logging": "double-logging",
}
"""Recipe → the main diagnosis that is right, by what the recipe does."""
NONE = "none"
LEAST_OF_RECIPE, LEAST_OF_ALL, MOST_BLOCKED = 0.9, 0.95, 0.05
BLOCKING = ("fail", "error")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the tool says of one run."""

    recipe: str
    seed: int
    verdict: str
    patterns: tuple[str, ...]
    """The main one first."""

    @property
    def main(self) -> str:
        """The main diagnosis, or that there is none."""
        return self.patterns[0] if self.patterns else NONE


def read(recipe: str, seed: int, run: Path) -> Reading:
    """Judge a run that was trained."""
    policy = profile_policy(PROFILES)
    settings = CheckSettings(ref=str(run), policy=policy, fallback_policy=policy, now="2026-01-06T00:00:00Z")
    verdict = check_run(settings, local_ports()).verdict
    patterns = tuple(found.pattern for found in verdict.diagnosis)
    return Reading(recipe=recipe, seed=seed, verdict=verdict.decision.value, patterns=patterns)


def trained(recipe: str, seed: int, folder: Path) -> Path:
    """Train a run, unless it is there; one that was left half done is trained anew."""
    done = folder / f"{recipe}-{seed}.done"
    if done.exists():
        return folder / done.read_text("utf-8").strip()
    place = folder / f"{recipe}-{seed}"
    while place.exists():
        place = place.with_name(f"{place.name}+")
    found = train(recipe, seed, place)
    done.write_text(f"{found.relative_to(folder)}\n", "utf-8")
    return found


def share(hits: int, of: int) -> str:
    """Write a share with its interval.

    >>> share(19, 20)
    '19 of 20 (75.1 to 99.9 %)'
    """
    low, high = exact_interval(hits, of, 0.95)
    return f"{hits} of {of} ({low * 100:.1f} to {high * 100:.1f} %)"


def table(readings: Sequence[Reading]) -> Iterable[str]:
    """Write a row a recipe: what was made, what was told, what was decided."""
    yield "| recipe | truth | main diagnosis | right | also told | verdicts |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for recipe, truth in TRUTH.items():
        mine = [one for one in readings if one.recipe == recipe]
        mains = Counter(one.main for one in mine)
        also = Counter(pattern for one in mine for pattern in one.patterns[1:])
        cells = (
            recipe,
            truth,
            _counted(mains),
            share(mains[truth], len(mine)),
            _counted(also),
            _counted(Counter(one.verdict for one in mine)),
        )
        yield f"| {' | '.join(cells)} |"


def _counted(counts: Counter[str]) -> str:
    return (
        ", ".join(f"{name} {hits}" for name, hits in sorted(counts.items(), key=lambda one: (-one[1], one[0]))) or "–"
    )


def goals(readings: Sequence[Reading], seeds: Sequence[int]) -> Iterable[tuple[str, bool]]:
    """Hold the counts against the goals: each as a sentence, and whether it is met."""
    same = [one for one in readings if one.seed in seeds]
    fewest, recipe = min((sum(one.main == TRUTH[r] for one in same if one.recipe == r), r) for r in TRUTH)
    yield f"Fewest right in a recipe: {fewest} of {len(seeds)} ({recipe})", fewest >= LEAST_OF_RECIPE * len(seeds)
    right = sum(one.main == TRUTH[one.recipe] for one in same)
    yield f"Right over all recipes: {share(right, len(same))}", right >= LEAST_OF_ALL * len(same)
    healthy = [one for one in readings if one.recipe == "healthy"]
    blocked = sum(one.verdict in BLOCKING for one in healthy)
    yield f"Healthy runs blocked: {share(blocked, len(healthy))}", blocked <= MOST_BLOCKED * len(healthy)


def main() -> int:
    """Print the table and the goals."""
    parser = argparse.ArgumentParser(description="Measure diagnoses against the truth of the example recipes.")
    parser.add_argument("--seeds", type=int, default=20, help="of each recipe")
    parser.add_argument("--healthy", type=int, default=80, help="seeds of the healthy recipe, at least --seeds")
    parser.add_argument("--first", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=Path, help="keep the runs here, and take those that are there")
    parser.add_argument("--json", type=Path, help="also write the readings to a file")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds)
    wanted = [(recipe, seed) for seed in seeds for recipe in TRUTH]
    wanted += [("healthy", seed) for seed in range(seeds.stop, asked.first + asked.healthy)]
    with tempfile.TemporaryDirectory(prefix="gatekeeper-diagnosis-") as scratch:
        folder = asked.runs or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(asked.jobs) as pool:
            places = list(pool.map(lambda one: trained(one[0], one[1], folder), wanted))
        readings = [read(recipe, seed, place) for (recipe, seed), place in zip(wanted, places, strict=True)]
    print("\n".join(table(readings)))
    met = list(goals(readings, seeds))
    print("\n" + "\n".join(f"- {told}: {'met' if good else 'MISSED'}" for told, good in met))
    if asked.json is not None:
        asked.json.write_text(json.dumps([asdict(one) for one in readings], indent=1) + "\n", "utf-8")
    return 0 if all(good for _, good in met) else 1


if __name__ == "__main__":
    sys.exit(main())
