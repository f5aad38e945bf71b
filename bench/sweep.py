"""How often a sweep of eight runs names a winner among equals, and how often it finds the run that is better.

    python bench/sweep.py [--quick | --share X] [--seed N]

Every run plays its own league of known truth; the runs are compared as `gatekeeper sweep` compares them, without its
doubts, which only ever forbid a winner. In null sweeps all eight runs are configured alike, learn alike and have
checkpoints of equal strength. Beside it stands the common practice: the run whose best checkpoint's rating is more than
20 Elo above every other's.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: threads only wait for each other

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

import numpy as np  # noqa: E402

from action.cli.ports import profile_texts  # noqa: E402 - after the path is set
from bench.elo_games import Table, duel, forked, growing, play, seat_rows, with_bots  # noqa: E402
from bench.elo_trials import FREE, HEAD, Answers, Goal, Row, counted, elo_of, repeat, share_rows  # noqa: E402
from bench.league_sim import play_season  # noqa: E402
from bench.series import growing as online  # noqa: E402
from bench.series import judge, pooled_gap  # noqa: E402
from checks.elo.learning import obstacles  # noqa: E402
from checks.elo.pace import SeriesRule, Update  # noqa: E402
from checks.policy import parse_policy  # noqa: E402
from checks.run import GameRecord, Identity, RunData  # noqa: E402
from checks.sweep.contest import Contest, compare_games, compare_ratings, share_of  # noqa: E402
from checks.sweep.entry import Entry, SweepQuestion  # noqa: E402
from checks.sweep.pool import Pool, build_pool  # noqa: E402
from checks.sweep.standing import stand  # noqa: E402

RUNS = 8
NULL = Goal(high=0.05)
MARGIN = 20.0
"""Elo by which common practice wants the best to lead."""
WINNER, SOME, COMMON = "a winner is named", "the leader is surely above some run", "common practice names one"
BETTER, WRONG = "the better run is named", "another run is named"
"""What is counted."""


POLICY = parse_policy("version: 1\nextends: [grpo]\n", source="bench", profiles=profile_texts(), today=date(2026, 1, 1))


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Eight runs that play alike."""

    what: str
    make: Callable[[np.random.Generator], Table]
    gain: float = 60.0
    """Elo of the newest checkpoint above the reference; the older ones are on a line from 0."""
    leads: tuple[float, ...] = ()
    """By how much the first runs' newest checkpoints stand above that; the other runs are alike."""
    shared: float = 0.0
    """Luck that the forks of a rollout share."""
    candidate: str = "latest"
    times: float = 1.0
    """How many times the usual trials."""

    def trial(self, rng: np.random.Generator) -> Answers:
        """Play one sweep."""
        entries = [self._run(place, rng) for place in range(RUNS)]
        question = SweepQuestion(policy=POLICY, candidate=self.candidate)
        pool = build_pool(entries, question)
        assert pool is not None
        order, contest = compared(pool, question)
        best = contest.won and order[0] == 0
        answers = {SOME: any(map(contest.sure, contest.comparisons)), COMMON: leads_by_margin(pool)}
        return answers | ({BETTER: best, WRONG: contest.won and not best} if self.leads else {WINNER: contest.won})

    def _run(self, place: int, rng: np.random.Generator) -> Entry:
        table = self.make(rng)
        gain = self.gain + (self.leads[place] if place < len(self.leads) else 0.0)
        elo = elo_of(table.names, lambda x: gain * x)
        counts = counted(seat_rows(table, play(table, elo, rng, shared=self.shared)))
        run = RunData(ref=str(place), source="bench", identity=Identity(name=str(place)))
        return Entry(label=str(place), run=run, games=GameRecord(counts=counts, source="bench", cluster="rollout"))


def compared(pool: Pool, question: SweepQuestion) -> tuple[list[int], Contest]:
    """Compare the runs of a pool; also their places, the leader first."""
    best = question.candidate == "best"
    standings = [stand(pool, place, best=best, confidence=question.confidence) for place in range(RUNS)]
    known = [one for one in standings if one is not None]
    assert len(known) == RUNS
    order = sorted(range(RUNS), key=lambda place: -known[place].height)
    moved = replace(pool, members=tuple(pool.members[place] for place in order))
    ranked = [known[place] for place in order]
    return order, compare_games(moved, ranked, best=best, confidence=question.confidence)


def leads_by_margin(pool: Pool) -> bool:
    """Tell whether the best rating of one run's checkpoints lies 20 Elo above those of all others."""
    heights = sorted(max(pool.rated.elo(one.index) for one in members) for members in pool.members)
    return heights[-1] - heights[-2] > MARGIN


def with_games(trials: int, seed: int) -> Iterator[Row]:
    """Compare runs by games."""
    leagues = (
        Scenario(what="4 checkpoints and bots, 7 seats, 300 games a run", make=lambda rng: with_bots(300, 4, 7, rng)),
        Scenario(what="the same, best checkpoint", make=lambda rng: with_bots(300, 4, 7, rng), candidate="best"),
        Scenario(what="4 checkpoints growing, 7 seats, 100 games a run", make=lambda rng: growing(100, 5, 7, rng)),
        Scenario(what="two players, 200 games a run", make=lambda _: duel(200, 2, 1)),
        Scenario(what="3 against 4, 16 games a run", make=lambda _: duel(16, 7, 3)),
        Scenario(
            what="3 against 4, 20 rollouts of 8 forks a run",
            make=lambda _: forked(duel(20, 7, 3), 8),
            shared=2.0,
        ),
        Scenario(
            what="two players, two runs of equals far above six",
            make=lambda _: duel(200, 2, 1),
            leads=(300.0, 300.0),
            times=2.0,
        ),
    )
    for place, league in enumerate(leagues):
        found = repeat(max(round(trials * league.times), 1), (seed, 11, place), league.trial)
        if league.leads:
            named: list[Answers] = [{WINNER: one[BETTER] or one[WRONG]} for one in found]
            yield from share_rows(league.what, named, {WINNER: NULL})
        else:
            yield from share_rows(league.what, found, {WINNER: NULL, SOME: NULL, COMMON: FREE})


def power(trials: int, seed: int) -> Iterator[Row]:
    """Compare runs of which one is better, by games of half the seats."""
    for place, (games, lead) in enumerate(((100, 50.0), (200, 50.0), (400, 50.0), (200, 100.0), (400, 100.0))):
        scenario = Scenario(
            what=f"one of eight {lead:g} Elo better, 3 against 4, {games} games a run",
            make=partial(_half, games),
            leads=(lead,),
        )
        found = repeat(max(trials // 2, 1), (seed, 12, place), scenario.trial)
        yield from share_rows(scenario.what, found, {BETTER: FREE, WRONG: Goal(high=0.025)})


def _half(games: int, rng: np.random.Generator) -> Table:
    del rng
    return duel(games, 7, 3)


def with_ratings(trials: int, seed: int) -> Iterator[Row]:
    """Compare runs by logged ratings alone."""
    cases = [(f"K = {k:g}, 100 steps of 4 games", k, 100, 0.0) for k in (16.0, 32.0, 48.0)]
    cases += [("K = 32, 250 steps of 4 games", 32.0, 250, 0.0)]
    cases += [(f"K = 32, 250 steps, one {lead:g} Elo better", 32.0, 250, lead) for lead in (100.0, 200.0)]
    for place, (what, k, steps, lead) in enumerate(cases):
        rng = np.random.default_rng([seed, 13, place])
        league = replace(online(steps), k=k)
        better = replace(league, gain=lead / pooled_gap(replace(league, gain=1.0)))
        alike = play_season(league, trials * RUNS, rng)
        first = play_season(better, trials, rng)
        rule = SeriesRule(
            k=k, update=Update.SEQUENTIAL, seats=7, games_per_step=league.games, confidence=share_of(0.95, RUNS)
        )
        found: list[Answers] = []
        for trial in range(trials):
            others = [judge(alike, trial * RUNS + i, rule) for i in range(RUNS - 1)]
            runs = [judge(first, trial, rule), *others]
            if any(one.gap is None or obstacles(one) for one in runs):
                found.append({WINNER: False, BETTER: False, WRONG: False})
                continue
            order = sorted(range(RUNS), key=lambda i: -(runs[i].gap.value or 0.0))  # type: ignore[union-attr]
            won = compare_ratings([runs[i] for i in order], 0.95).won
            found.append({WINNER: won, BETTER: won and order[0] == 0, WRONG: won and order[0] != 0})
        goals = {BETTER: FREE, WRONG: Goal(high=0.025)} if lead else {WINNER: NULL}
        yield from share_rows(f"ratings alone, {what}", found, goals)


PARTS: dict[str, Callable[[int, int], Iterator[Row]]] = {
    "Winners among eight equals, by games": with_games,
    "Winners where one of eight is better, by games": power,
    "Winners by logged ratings alone": with_ratings,
}


def main() -> int:
    """Print the tables; 1 if a goal is surely missed."""
    parser = argparse.ArgumentParser(description="Measure how often a sweep names a winner.")
    parser.add_argument("--quick", action="store_true", help="3 % of the trials")
    parser.add_argument("--share", type=float, default=1.0, help="this share of the trials")
    parser.add_argument("--seed", type=int, default=20261125)
    asked = parser.parse_args()
    trials, missed = max(round(400 * (0.03 if asked.quick else asked.share)), 2), 0
    for title, rows in PARTS.items():
        start = time.perf_counter()
        print(f"\n{title}, seed {asked.seed}\n\n{HEAD}")
        for row in rows(trials, asked.seed):
            print(row.line, flush=True)
            missed += row.verdict == "**missed**"
        print(f"\n{time.perf_counter() - start:.0f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
