"""Counts what a diagnosis claims of made series whose truth is known: nothing is wrong, or one thing is.

    python bench/claims.py [--runs 200] [--seed N] [--json FILE]

Each line is a kind of run of 200 steps, drawn anew for every run from one seed. What may be told of it is right;
everything else is a false claim, and nothing told is silence. Shares with Wilson's 95 % interval. Exit code 1: a false
pattern is told in more than one of twenty runs (of a reward that wanders slowly no goal is asked: it moves as one that
learns or falls does), or a broken kind is told its own in fewer than nine of ten.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TypeAlias

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from action.cli.ports import profile_texts  # noqa: E402 - after the path is set
from bench.interval import wilson  # noqa: E402
from checks.check import Policy  # noqa: E402
from checks.diagnosis.answer import diagnose  # noqa: E402
from checks.diagnosis.case import case_of  # noqa: E402
from checks.policy import parse_policy  # noqa: E402
from checks.run import Evidence, Identity, Rows, RunData, RunState, Series, Values  # noqa: E402

Rng: TypeAlias = np.random.Generator
Made: TypeAlias = Mapping[str, Values]
STEPS = 200
AT = np.arange(STEPS)
MOST_FALSE, LEAST_TOLD = 0.05, 0.9


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of run."""

    what: str
    make: Callable[[Rng], Made]
    """Metric → values, one a step."""
    right: frozenset[str]
    """Patterns that may be told."""
    broken: bool = False
    """One of them has to be."""
    hard: bool = False
    """Nobody could tell for sure: counted, no goal."""


def noise(rng: Rng, size: float, n: int = STEPS) -> Values:
    """Draw independent noise."""
    return size * rng.normal(size=n)


def wandering(rng: Rng, kept: float, size: float, n: int = STEPS) -> Values:
    """Draw noise that keeps a share of itself from step to step."""
    values = np.zeros(n)
    values[0] = rng.normal()
    for step in range(1, n):
        values[step] = kept * values[step - 1] + np.sqrt(1 - kept * kept) * rng.normal()
    return size * values


def success(rng: Rng, of: int) -> Values:
    """Draw a share of successes that is rare at first and then learnt."""
    return np.asarray(rng.binomial(of, 0.005 + 0.6 / (1 + np.exp(-(AT - 110) / 12))) / of, np.float64)


def rising(rng: Rng) -> Values:
    """Draw a reward that rises."""
    return np.linspace(0.2, 0.8, STEPS) + noise(rng, 0.05)


def growing_kl(rng: Rng, end: float) -> Values:
    """Draw a KL that grows as a policy learns, with noise in proportion."""
    return np.linspace(0.0005, end, STEPS) * np.exp(noise(rng, 0.2))


def composite(rng: Rng) -> Made:
    """Draw a healthy run: a reward that learns and flattens, and all else in its bounds."""
    return {
        "reward": np.asarray(np.tanh(AT / 70) + wandering(rng, 0.5, 0.1), np.float64),
        "kl": np.abs(0.02 + wandering(rng, 0.8, 0.005)),
        "grad_norm": np.exp(noise(rng, 0.5)),
        "loss": wandering(rng, 0.3, 0.1),
        "entropy": np.linspace(1.5, 0.8, STEPS) + noise(rng, 0.02),
        "completions/mean_length": 200 + wandering(rng, 0.8, 20),
    }


LEARNING, NOTHING, FLAT = frozenset({"learning"}), frozenset[str](), frozenset({"plateau"})
KINDS = (
    Kind(what="healthy: learns and flattens, six series", make=composite, right=LEARNING),
    Kind(what="rare successes that are learnt, groups of 8", make=lambda r: {"reward": success(r, 8)}, right=LEARNING),
    Kind(
        what="loss in proportion to a growing KL",
        make=lambda r: {"kl": (kl := growing_kl(r, 0.05)), "loss": 0.04 * kl, "reward": rising(r)},
        right=LEARNING,
    ),
    Kind(
        what="KL summed over tokens, 0 to 8, reward rises",
        make=lambda r: {
            "kl": (0.02 + 8 * (1 - np.exp(-np.maximum(AT - 15, 0) / 60))) * np.exp(noise(r, 0.1)),
            "reward": rising(r),
        },
        right=LEARNING,
    ),
    Kind(
        what="KL grows to 0.5, reward rises",
        make=lambda r: {"kl": growing_kl(r, 0.5), "reward": rising(r)},
        right=LEARNING,
    ),
    Kind(
        what="large gradients in a warm-up of seven steps",
        make=lambda r: {"grad_norm": np.where(AT < 7, 80.0, 1.0) * np.exp(noise(r, 0.2))},
        right=NOTHING,
    ),
    Kind(
        what="harder stages: four times from 0.3 to 0.8",
        make=lambda r: {"reward": np.tile(np.linspace(0.3, 0.8, 50), 4) + noise(r, 0.03)},
        right=NOTHING,
    ),
    Kind(what="reward of pure noise", make=lambda r: {"reward": 0.5 + noise(r, 0.05)}, right=FLAT),
    Kind(
        what="reward that wanders, 0.9 kept a step",
        make=lambda r: {"reward": 0.5 + wandering(r, 0.9, 0.05)},
        right=FLAT,
    ),
    Kind(
        what="reward that wanders, 0.97 kept a step",
        make=lambda r: {"reward": 0.5 + wandering(r, 0.97, 0.05)},
        right=FLAT,
        hard=True,
    ),
    Kind(
        what="wins and losses, 0.95 falling to 0.65",
        make=lambda r: {"reward": (r.random(STEPS) < np.linspace(0.95, 0.65, STEPS)).astype(np.float64)},
        right=frozenset({"regression"}),
    ),
    Kind(
        what="loss whose noise wanders in size",
        make=lambda r: {"loss": np.exp(wandering(r, 0.97, 0.7)) * noise(r, 1.0)},
        right=NOTHING,
    ),
    Kind(
        what="broken: KL leaps from 0.02 to 5 at step 10",
        make=lambda r: {
            "kl": np.where(AT < 10, 0.02, 5.0) * np.exp(noise(r, 0.4)),
            "reward": np.where(AT < 10, 0.5, 0.3) + noise(r, 0.05),
        },
        right=frozenset({"runaway-divergence", "plateau", "regression"}),
        broken=True,
    ),
    Kind(
        what="broken: KL leaps to 5 for the last 14 steps",
        make=lambda r: {"kl": np.where(AT < 186, 0.02, 5.0) * np.exp(noise(r, 0.4)), "reward": rising(r)},
        right=frozenset({"runaway-divergence", "learning"}),
        broken=True,
    ),
    Kind(
        what="broken: reward collapses in the last six steps",
        make=lambda r: {"reward": np.where(AT < 194, np.linspace(0.2, 0.8, STEPS), 0.1) + noise(r, 0.03)},
        right=frozenset({"regression"}),
        broken=True,
    ),
    Kind(
        what="broken: entropy gone within six steps",
        make=lambda r: {"entropy": np.where(AT < 6, 2.0, 0.02) * np.exp(noise(r, 0.1))},
        right=frozenset({"entropy-collapse"}),
        broken=True,
    ),
    Kind(
        what="broken: completions leap to 4,000 tokens at the end",
        make=lambda r: {"completions/mean_length": np.where(AT < 185, 200.0, 4_000.0) * np.exp(noise(r, 0.1))},
        right=frozenset({"length-blow-up"}),
        broken=True,
    ),
    Kind(
        what="broken: KL stays within 0.0001 though gradients flow",
        make=lambda r: {
            "kl": noise(r, 1e-4),
            "reward": 0.5 + noise(r, 0.03),
            "grad_norm": 1 + noise(r, 0.1),
        },
        right=frozenset({"learning-rate-too-low", "plateau"}),
        broken=True,
    ),
)


@cache
def _policy() -> Policy:
    text = "version: 1\nextends: [grpo]\n"
    return parse_policy(text, source="claims", profiles=profile_texts(), today=date(2026, 1, 6))


def told(made: Made) -> tuple[str, ...]:
    """Diagnose series, under the profile `grpo`."""
    policy = _policy()
    names = frozenset(made)
    run = RunData(
        ref="made",
        source="made",
        identity=Identity(name="made"),
        state=RunState.FINISHED,
        rows=Rows(steps=AT.astype(np.int64), kinds=np.zeros(STEPS, np.int32), names=(names,)),
        series={
            name: Series(name=name, steps=AT.astype(np.int64), values=np.asarray(values, np.float64))
            for name, values in made.items()
        },
        catalog=dict.fromkeys(made, STEPS),
    )
    evidence = Evidence(run=run, judged_at="2026-01-06T00:00:00Z")
    return tuple(found.pattern for found in diagnose(case_of(policy, evidence, (), None)))


def count(kind: Kind, runs: int, seed: int) -> tuple[Counter[str], int, int]:
    """Diagnose many runs of a kind: how often each pattern was told, a false one, and one of its own."""
    found: Counter[str] = Counter()
    false = own = 0
    for number in range(runs):
        patterns = told(kind.make(np.random.default_rng([seed, KINDS.index(kind), number])))
        found.update(patterns)
        false += bool(set(patterns) - kind.right)
        own += bool(set(patterns) & (kind.right - {"plateau", "learning"} if kind.broken else kind.right))
    return found, false, own


def main() -> int:
    """Print a row a kind."""
    parser = argparse.ArgumentParser(description="Count what is claimed of made series whose truth is known.")
    parser.add_argument("--runs", type=int, default=200, help="of each kind")
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    asked = parser.parse_args()
    print("| runs | told | a false pattern | its own pattern |")
    print("| --- | --- | --- | --- |")
    missed, rows = False, []
    for kind in KINDS:
        found, false, own = count(kind, asked.runs, asked.seed)
        listed = ", ".join(f"{name} {hits}" for name, hits in found.most_common()) or "nothing"
        low, high = (100 * end for end in wilson(false, asked.runs))
        print(
            f"| {kind.what} | {listed} | {false / asked.runs:.1%} ({low:.1f} to {high:.1f} %) | "
            f"{f'{own / asked.runs:.1%}' if kind.right else '–'} |",
            flush=True,
        )
        missed |= (not kind.hard and false > MOST_FALSE * asked.runs) or (kind.broken and own < LEAST_TOLD * asked.runs)
        rows.append({"kind": kind.what, "told": dict(found), "false": false, "own": own, "runs": asked.runs})
    if asked.json is not None:
        asked.json.write_text(json.dumps({"seed": asked.seed, "rows": rows}, indent=1) + "\n", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
