"""How often online rating series alone show learning where there is none, and how often where there is.

    python bench/series.py [--quick] [--json FILE] [--seed N]

Leagues are those of `league_sim`: 15 agents (`base_model`, four bots, ten checkpoints that join at even distances),
games of 7 seats drawn evenly, unless a row says otherwise. Without learning all are equally strong; with it the
strength of checkpoints grows on a line, so far that those pooled lie 54 Elo above `base_model` on average. Intervals
are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from bench.interval import wilson  # noqa: E402 - after the path is set
from bench.league_sim import REFERENCE, League, Outcomes, Season, Updates, play_season  # noqa: E402
from checks.elo.series import SeriesLearning, SeriesRule, Signal, Update, judge_series  # noqa: E402

GAP = 54.0
"""Elo that power is measured at."""
BOTS = ("chaos_bot", "coordinated_bot", "defensive_bot", "territorial_bot")
EQUAL: Mapping[str, float] = dict.fromkeys(BOTS, 0.0)
WEAK: Mapping[str, float] = dict.fromkeys(BOTS, -200.0)
STRONG: Mapping[str, float] = dict.fromkeys(BOTS, 200.0)
MIXED: Mapping[str, float] = dict(zip(BOTS, (-300.0, -150.0, -50.0, 100.0), strict=True))
LOW: Mapping[str, float] = dict.fromkeys((REFERENCE, *BOTS), 900.0)
HIGH: Mapping[str, float] = dict.fromkeys((REFERENCE, *BOTS), 1100.0)


@dataclass(frozen=True, kw_only=True)
class Row:
    """What was found in many runs of one league."""

    what: str
    runs: int
    positive: int
    negative: int
    none: int
    settled: float | None
    mean: float | None
    """Of the estimated gap, Elo; None where no run gave one."""
    deviation: float | None
    """Of the estimated gap over runs, Elo."""
    covered: int
    """Runs whose interval holds the true gap of those pooled."""

    @property
    def cells(self) -> str:
        """Write the row's cells, shares in percent."""
        settled, mean, deviation = (
            "" if one is None else f"{one:.1f}" for one in (self.settled, self.mean, self.deviation)
        )
        shares = " | ".join(share(hits, self.runs) for hits in (self.positive, self.negative, self.none, self.covered))
        return f"{self.what} | {settled} | {mean} | {deviation} | {shares}"


HEAD = "| league | λT | mean gap | its sd | positive | negative | none | gap covered |"


def share(hits: int, runs: int) -> str:
    """Write a share with its interval, in percent."""
    low, high = (100 * end for end in wilson(hits, runs))
    return f"{hits / runs:.1%} ({low:.1f} to {high:.1f})"


@dataclass(frozen=True, kw_only=True)
class Bench:
    """How many runs each league takes, and where their randomness comes from."""

    runs: int
    quick: bool
    rng: np.random.Generator

    def row(self, what: str, league: League, declared: Callable[[SeriesRule], SeriesRule] = lambda rule: rule) -> Row:
        """Play many runs of a league and judge each by its series; `declared` makes the rule a wrong one."""
        season = play_season(league, self.runs, self.rng)
        rule = declared(
            SeriesRule(
                k=league.k,
                update=Update(league.updates.value),
                seats=league.seats,
                games_per_step=league.games,
                seat_averaged=league.seat_averaged,
            )
        )
        found = [judge(season, run, rule) for run in range(self.runs)]
        gaps = np.array([one.gap.value for one in found if one.gap is not None], np.float64)
        settled = [one.settled for one in found if one.settled is not None]
        return Row(
            what=what,
            runs=self.runs,
            positive=sum(one.signal is Signal.POSITIVE for one in found),
            negative=sum(one.signal is Signal.NEGATIVE for one in found),
            none=sum(one.signal is Signal.NONE for one in found),
            settled=float(np.mean(settled)) if settled else None,
            mean=float(gaps.mean()) if gaps.size else None,
            deviation=float(gaps.std()) if gaps.size else None,
            covered=sum(_covers(one, league) for one in found),
        )


def judge(season: Season, run: int, rule: SeriesRule) -> SeriesLearning:
    """Judge one run of a season by its series."""
    league = season.league
    return judge_series(
        season.series(run), reference=REFERENCE, checkpoints=league.checkpoints, bots=list(league.bots), rule=rule
    )


def _covers(found: SeriesLearning, league: League) -> bool:
    if found.gap is None or found.gap.low is None or found.gap.high is None:
        return False
    return found.gap.low <= pooled_gap(league) <= found.gap.high


def pooled_gap(league: League) -> float:
    """Give the true gap of the newer half of the checkpoints, each weighted by the steps it lives."""
    newer = np.array(league.births[len(league.births) // 2 :], np.float64)
    lives = league.steps - newer - 1
    return float(league.gain / league.steps * (newer @ lives) / lives.sum())


def growing(steps: int = 100, checkpoints: int = 10) -> League:
    """Give the league of the bench: a new checkpoint every steps/checkpoints steps, the first from the start."""
    return League(steps=steps, bots=EQUAL, births=tuple(range(0, steps, steps // checkpoints)))


def learning(league: League, gap: float = GAP) -> League:
    """Let checkpoints grow stronger, so far that those pooled are `gap` Elo above the reference."""
    return replace(league, gain=gap / pooled_gap(replace(league, gain=1.0)))


def nulls(bench: Bench) -> Iterator[Row]:
    """Ask where nobody learns anything."""
    for steps in (100, 250) if bench.quick else (100, 150, 250):
        for updates in Updates:
            for k in (16.0, 32.0, 48.0):
                for games in (1, 4) if bench.quick else (1, 2, 4):
                    league = replace(growing(steps), updates=updates, k=k, games=games)
                    yield bench.row(f"{steps} steps, {updates.value}, K {k:g}, {games} games a step", league)


def powers(bench: Bench) -> Iterator[Row]:
    """Ask where checkpoints are better, in a league that grows and in one that all joined at once."""
    for updates in Updates:
        for k in (32.0,) if bench.quick else (16.0, 32.0, 48.0):
            for games in (1, 2, 4, 6, 8):
                league = learning(replace(growing(), updates=updates, k=k, games=games))
                yield bench.row(f"growing, {updates.value}, K {k:g}, {games} games a step", league)
        for games in (2, 4, 6):
            league = learning(replace(growing(), updates=updates, games=games, births=tuple(range(10))))
            yield bench.row(f"all there from step 9 on, {updates.value}, K 32, {games} games a step", league)
    for games in (1, 2, 4):
        league = learning(replace(growing(250), games=games))
        yield bench.row(f"growing over 250 steps, sequential, K 32, {games} games a step", league)


HARD: Mapping[str, Callable[[League], League]] = {
    "as above": lambda one: one,
    "4 seats": lambda one: replace(one, seats=4),
    "Thurstone, bots −300 to +100": lambda one: replace(one, outcomes=Outcomes.THURSTONE, bots=MIXED),
    "bots −200": lambda one: replace(one, bots=WEAK),
    "bots +200": lambda one: replace(one, bots=STRONG),
    "references start at 900": lambda one: replace(one, starts=LOW),
    "references start at 1100": lambda one: replace(one, starts=HIGH),
    "checkpoints inherit ratings": lambda one: replace(one, inherits=True),
    "they inherit, bots −200": lambda one: replace(one, inherits=True, bots=WEAK),
    "the newest in every game": lambda one: replace(one, newest_seats=1),
    "the newest in every game, bots −200": lambda one: replace(one, newest_seats=1, bots=WEAK),
    "newest and reference in every game, bots −200": lambda one: replace(
        one, newest_seats=1, reference_seats=1, bots=WEAK
    ),
    "the newest in 3 seats": lambda one: replace(one, newest_seats=3),
    "the newest in 3 seats, bots −200": lambda one: replace(one, newest_seats=3, bots=WEAK),
    "seats averaged, the newest in 3": lambda one: replace(one, newest_seats=3, seat_averaged=True),
    "two games a rollout, half the luck shared": lambda one: replace(one, forks=2),
}

WRONG: Mapping[str, Callable[[SeriesRule], SeriesRule]] = {
    "games a step not declared": lambda rule: replace(rule, games_per_step=None),
    "seats and games a step not declared": lambda rule: replace(rule, seats=None, games_per_step=None),
    "K not declared": lambda rule: replace(rule, k=None),
    "games a step declared twice as many": lambda rule: replace(rule, games_per_step=8),
    "games a step declared half as many": lambda rule: replace(rule, games_per_step=2),
    "K declared twice as large": lambda rule: replace(rule, k=2 * (rule.k or math.nan)),
    "K declared half as large": lambda rule: replace(rule, k=(rule.k or math.nan) / 2),
}


def hard(bench: Bench) -> Iterator[Row]:
    """Ask without learning where the model of the ratings is not quite true."""
    for what, make in HARD.items():
        for k in (16.0, 48.0):
            yield bench.row(f"{what}, K {k:g}", make(replace(growing(), k=k)))
    for what, declared in WRONG.items():
        for start, league in (("", growing()), (", references start at 900", replace(growing(), starts=LOW))):
            yield bench.row(f"{what}{start}", league, declared)


def wrong_power(bench: Bench) -> Iterator[Row]:
    """Ask with learning, 8 games a step, where not all is declared or as it was declared."""
    league = replace(learning(growing()), games=8)
    yield bench.row("all declared", league)
    for what, declared in WRONG.items():
        yield bench.row(what.replace("a step declared", "declared"), league, declared)


PARTS: Mapping[str, Callable[[Bench], Iterator[Row]]] = {
    "No learning": nulls,
    f"Learning: {GAP:.0f} Elo": powers,
    "No learning, less as the model has it (100 steps, sequential, 4 games a step)": hard,
    f"Learning: {GAP:.0f} Elo, not as declared": wrong_power,
}


def habits(bench: Bench) -> Iterator[str]:
    """Show what is commonly read off the same series, without learning (100 steps, sequential, 4 games a step)."""
    yield "| K | best checkpoint less reference: mean | 95th percentile | older half 20 below their peaks on average |"
    yield "| --- | --- | --- | --- |"
    for k in (16.0, 32.0, 48.0):
        league = replace(growing(), k=k)
        season = play_season(league, bench.runs, bench.rng)
        best = season.ratings[:, -1, league.first :].max(axis=1) - season.ratings[:, -1, 0]
        older = season.ratings[:, :, league.first : league.first + len(league.births) // 2]
        fallen = (np.nanmax(older, axis=1) - older[:, -1]).mean(axis=1) > 20
        told = share(int(fallen.sum()), bench.runs)
        yield f"| {k:g} | {best.mean():+.0f} | {np.quantile(best, 0.95):+.0f} | {told} |"


def main() -> int:
    """Print a table a part."""
    parser = argparse.ArgumentParser(
        description="Measure false alarms and power of the series mode of the Elo analysis."
    )
    parser.add_argument("--quick", action="store_true", help="fewer runs and leagues")
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    parser.add_argument("--seed", type=int, default=20261122)
    asked = parser.parse_args()
    bench = Bench(runs=200 if asked.quick else 500, quick=asked.quick, rng=np.random.default_rng(asked.seed))
    written = []
    for title, part in PARTS.items():
        print(f"\n{title}, {bench.runs:,} runs a row, seed {asked.seed}\n\n{HEAD}\n|{' --- |' * 8}")
        for row in part(bench):
            print(f"| {row.cells} |", flush=True)
            written.append({"part": title} | asdict(row))
    print("\nWhat is commonly read off the same series, without learning\n")
    print("\n".join(habits(bench)))
    if asked.json is not None:
        asked.json.write_text(json.dumps({"seed": asked.seed, "rows": written}, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
