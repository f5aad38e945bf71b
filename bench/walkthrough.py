"""What a league in which nothing is learnt looks like, beside a published run that was read as “learning”.

    python bench/walkthrough.py [--runs 2000] [--seed N] [--json FILE] [--write RUN.jsonl]

The run: bglick13/diplomacy-v2, the walkthrough of its experiment-analysis skill (56 steps, six checkpoints, five fixed
agents, 114 rows; seven seats, K = 32, K/6 a pair, an agent's seats averaged, newcomers with the rating of the one
before). The league here (`league_sim`) is set up like it, its fixed agents at the ratings they began with. But every
checkpoint is exactly as strong as `base_model`, and each bot as far below it for the whole run as it ended in the
published one. Neither was published how many games a step were rated, nor whether each of them moved the ratings or
their mean did: three guesses. Whatever such a league shows often is no evidence of learning. Shares with Wilson's 95 %
interval. `--write` only writes the published run down: every rating that was published at the place it has, nothing in
between, two rows a step.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from bench.interval import wilson  # noqa: E402 - after the path is set
from bench.league_sim import REFERENCE, Floats, League, Season, Updates, play_season  # noqa: E402

STEPS = 56
BIRTHS = (0, 10, 20, 30, 40, 50)
PEAKS: Mapping[str, tuple[int, float, float]] = {
    "adapter_v0": (24, 1022.9, 1006.2),
    "adapter_v10": (25, 1035.9, 1024.9),
    "adapter_v20": (23, 1035.7, 1020.7),
    "adapter_v30": (14, 1034.1, 1030.1),
    "adapter_v40": (13, 1035.5, 1032.8),
    "adapter_v50": (0, 1035.8, 1031.3),
}
"""Checkpoint → where its series is highest, that rating and the last, as published. Taken for places in its own series,
since the checkpoint of step 50 cannot have been rated in step 0."""
FIXED: Mapping[str, tuple[float, float]] = {
    "coordinated_bot": (991, 851),
    "defensive_bot": (943, 763),
    "territorial_bot": (955, 986),
    "chaos_bot": (901, 916),
    REFERENCE: (999, 1008),
}
"""Fixed agent → first and last rating, as published."""
BOTS = tuple(name for name in FIXED if name != REFERENCE)
OLDER = ("adapter_v0", "adapter_v10", "adapter_v20")
TAKEN = ("coordinated_bot", "defensive_bot")
RULES: Mapping[str, tuple[Updates, int]] = {
    "every game moves them, 8 a step": (Updates.SEQUENTIAL, 8),
    "the mean of 8 a step does": (Updates.AVERAGED, 8),
    "the mean of 64 a step does": (Updates.AVERAGED, 64),
}
"""How ratings might have been moved."""


def published() -> Iterator[dict[str, float]]:
    """Give the rows of the published run: a call for the training, one for the ratings, each at a step of its own."""
    for step in range(STEPS + 1):
        yield {"_step": 2 * step, "train/step": step}
        ratings = {f"elo/{name}": ends[step // STEPS] for name, ends in FIXED.items() if step in {0, STEPS}}
        for name, birth in zip(PEAKS, BIRTHS, strict=True):
            place, peak, last = PEAKS[name]
            if step in {birth + place, STEPS}:
                ratings[f"elo/{name}"] = last if step == STEPS else peak
        yield {"_step": 2 * step + 1, "league/step": step, **ratings}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Something that was read off the ratings: how it reads off the published ones, and off those of every run here."""

    told: str
    published: float
    simulated: Floats
    """Shape (runs,): where it is at least the published value, the claim could be made."""
    unit: str = "Elo"


def league(rule: str) -> League:
    """Set up a league like the published one, in which nothing is learnt."""
    updates, games = RULES[rule]
    base = FIXED[REFERENCE][1]
    return League(
        steps=STEPS,
        games=games,
        updates=updates,
        bots={name: FIXED[name][1] - base for name in BOTS},
        births=BIRTHS,
        starts={name: first for name, (first, _) in FIXED.items()},
        inherits=True,
        seat_averaged=True,
    )


def fell(season: Season, name: str) -> Floats:
    """Give how far an agent ends below its own peak, shape (runs,)."""
    values = season.ratings[:, :, season.league.agents.index(name)]
    return np.asarray(np.nanmax(values, axis=1) - values[:, -1], np.float64)


def dropped(season: Season, name: str) -> Floats:
    """Give how far an agent ends below its first rating, shape (runs,)."""
    values = season.ratings[:, :, season.league.agents.index(name)]
    return np.asarray(values[:, 0] - values[:, -1], np.float64)


def claims(season: Season) -> tuple[Claim, ...]:
    """Make the published claims of simulated runs."""
    first = season.league.first
    highest = np.nanmax(season.ratings[:, :, first:], axis=1)
    last = season.ratings[:, -1]
    begun = FIXED[REFERENCE][0]
    ended = FIXED[REFERENCE][1]
    return (
        Claim(
            told="the three oldest checkpoints end below their peaks: the smallest fall",
            published=min(PEAKS[name][1] - PEAKS[name][2] for name in OLDER),
            simulated=np.min([fell(season, name) for name in OLDER], axis=0),
        ),
        Claim(
            told="best peak of a checkpoint above the first rating of base_model",
            published=max(peak for _, peak, _ in PEAKS.values()) - begun,
            simulated=highest.max(axis=1) - begun,
        ),
        Claim(
            told="best last rating of a checkpoint above the last of base_model",
            published=max(end for _, _, end in PEAKS.values()) - ended,
            simulated=last[:, first:].max(axis=1) - last[:, 0],
        ),
        Claim(
            told="Elo lost by coordinated_bot and defensive_bot together",
            published=sum(FIXED[name][0] - FIXED[name][1] for name in TAKEN),
            simulated=sum((dropped(season, name) for name in TAKEN), np.zeros(last.shape[0])),
        ),
        Claim(
            told="pairs of checkpoints of which the newer stands higher at the end",
            published=float(in_order(np.array([[end for _, _, end in PEAKS.values()]]))[0]),
            simulated=in_order(last[:, first:]),
            unit="of 15",
        ),
    )


def in_order(last: Floats) -> Floats:
    """Count pairs of checkpoints of which the newer is rated higher; ratings of shape (runs, checkpoints) by age."""
    older, newer = np.triu_indices(last.shape[1], 1)
    return np.asarray((last[:, newer] > last[:, older]).sum(axis=1), np.float64)


def simulate(rule: str, runs: int, seed: int) -> tuple[Claim, ...]:
    """Play leagues without learning and read them as the published run was read."""
    return claims(play_season(league(rule), runs, np.random.default_rng([seed, list(RULES).index(rule)])))


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Hold a published reading against leagues in which nothing is learnt.")
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    parser.add_argument("--write", type=Path, help="write the published run to this file, and play nothing")
    asked = parser.parse_args()
    if asked.write is not None:
        asked.write.write_text("".join(f"{json.dumps(row)}\n" for row in published()), "utf-8")
        return 0
    print(f"{asked.runs:,} runs a rule in which nothing is learnt, seed {asked.seed}\n")
    print(
        "| read off the ratings | published | rule of the ratings | nothing learnt: median (90 %) | as far or farther |"
    )
    print("| --- | --- | --- | --- | --- |")
    found = {rule: simulate(rule, asked.runs, asked.seed) for rule in RULES}
    rows = []
    for number, first in enumerate(next(iter(found.values()))):
        for rule, all_claims in found.items():
            claim = all_claims[number]
            low, middle, high = np.quantile(claim.simulated, [0.05, 0.5, 0.95])
            reached = int((claim.simulated >= claim.published).sum())
            ends = [100 * end for end in wilson(reached, asked.runs)]
            told = (f"{first.told}", f"{first.published:.1f}".removesuffix(".0")) if claim is first else ("", "")
            share = f"{reached / asked.runs:.1%} ({ends[0]:.1f} to {ends[1]:.1f} %)"
            cells = (*told, rule, f"{middle:.0f} ({low:.0f} to {high:.0f}) {claim.unit}", share)
            print(f"| {' | '.join(cells)} |")
            rows.append({"claim": claim.told, "rule": rule, "reached": reached, "median": float(middle)})
    if asked.json is not None:
        asked.json.write_text(json.dumps({"seed": asked.seed, "rows": rows}, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
