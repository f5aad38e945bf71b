"""The false-alarm table: what common practice, our analysis of games and ours of logged ratings say of the same runs.

    python bench/elo_alarms.py [--quick] [--runs N] [--seed N] [--json FILE]

A simulated league (`league_sim`): 7 seats, `base_model`, three bots and eight checkpoints, four games a step for 150
steps, one seat of each held by the newest checkpoint and one by `base_model`, K = 32, online Elo logged every step; in
null runs no checkpoint is stronger than `base_model`, in learning runs one of step 150 would be 70 Elo stronger, those
before it on a straight line: the newest, of step 98, by 46. Heuristics look at the logged ratings, as people do:

    older declined    an older checkpoint ends more than 20 Elo below its peak: “newer ones pass it, so it learns”
    gap > 20          the best checkpoint's last rating is more than 20 Elo above that of `base_model`
    final > initial   the newest checkpoint's last rating is above the 1000 it began with

Ours: from games, the sequential test of 0 against 35 Elo on the newest checkpoint, the trend's end and the best gap
(95 % intervals); from the series, the learning signal with the rule declared. *Pass* says “learning”, *fail* says
“not”, the rest is undecided. Intervals are Wilson's, 95 %.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # started as a script, Python only knows this folder

from bench.interval import wilson  # noqa: E402 - after the path is set
from bench.league_sim import REFERENCE, START, League, Season, play_season  # noqa: E402
from checks.elo.agents import Naming  # noqa: E402
from checks.elo.analysis import analyse  # noqa: E402
from checks.elo.answer import EloQuestion  # noqa: E402
from checks.elo.gather import SeatRows, count_games  # noqa: E402
from checks.elo.pace import SeriesRule, Update  # noqa: E402
from checks.elo.sequential import Hypotheses  # noqa: E402
from checks.elo.series import judge_series  # noqa: E402
from checks.run import GameRecord, Series  # noqa: E402

STEPS, GAMES, SEATS, K = 150, 4, 7, 32.0
BOTS = {"chaos_bot": -120.0, "defensive_bot": -40.0, "territorial_bot": 40.0}
BIRTHS = tuple(range(0, 112, 14))
GAIN = 70.0
MARGIN = 20.0
PASS, FAIL, OPEN = "pass", "fail", "undecided"


def league(gain: float) -> League:
    """Set the league up."""
    return League(
        steps=STEPS,
        games=GAMES,
        seats=SEATS,
        k=K,
        bots=BOTS,
        births=BIRTHS,
        gain=gain,
        newest_seats=1,
        reference_seats=1,
    )


def heuristics(ratings: dict[str, Series], checkpoints: list[str]) -> Iterator[tuple[str, str]]:
    """Judge as common practice does, by ratings alone; it never says that it cannot tell."""
    last = {name: float(one.values[-1]) for name, one in ratings.items()}
    fell = any(float(ratings[name].values.max()) - last[name] > MARGIN for name in checkpoints[:-1])
    yield "older declined", PASS if fell else FAIL
    yield "gap > 20", PASS if max(last[name] for name in checkpoints) - last[REFERENCE] > MARGIN else FAIL
    yield "final > initial", PASS if last[checkpoints[-1]] > START else FAIL


def from_games(season: Season, run: int) -> Iterator[tuple[str, str]]:
    """Judge the games."""
    tables, scores = season.seats[run].astype(np.int64), season.scores[run].astype(np.float64)
    count = tables.size
    game = np.arange(STEPS * GAMES).repeat(SEATS)
    rows = SeatRows(
        agents=season.league.agents,
        cluster=game,
        game=game,
        agent=tables.ravel(),
        score=scores.ravel(),
        weight=np.ones(count),
        copies=np.ones(count),
        seat=np.full(count, -1),
    )
    record = GameRecord(counts=count_games(rows).counts, source="simulated", cluster="game")
    for candidate in ("latest", "best"):
        asked = EloQuestion(naming=Naming(references={}), candidate=candidate, hypotheses=Hypotheses(elo1=35.0))
        found = analyse(record, asked)
        if found.decision is None or found.gap is None:
            raise ValueError("the league has checkpoints")
        if candidate == "latest":
            words = {"better": PASS, "not_better": FAIL}
            yield "games: sequential test", words.get(found.decision.outcome.value, OPEN)
            yield "games: trend's end", _answer(found.learning.reference_decline)
        else:
            yield "games: best gap", _answer(found.gap.estimate)


def _answer(found: object) -> str:
    if getattr(found, "above_zero", False):
        return PASS
    return FAIL if getattr(found, "below_zero", False) else OPEN


def from_series(ratings: dict[str, Series], season: Season) -> Iterator[tuple[str, str]]:
    """Judge the logged ratings with their rule declared."""
    rule = SeriesRule(k=K, update=Update.SEQUENTIAL, seats=SEATS, games_per_step=GAMES)
    found = judge_series(
        ratings, reference=REFERENCE, checkpoints=season.league.checkpoints, bots=list(BOTS), rule=rule
    )
    words = {"positive": PASS, "negative": FAIL, "none": FAIL}
    yield "series: learning signal", words.get(found.signal.value, OPEN)


@dataclass(frozen=True, kw_only=True)
class Row:
    """How often one method said what."""

    truth: str
    method: str
    answers: Counter[str]

    def cell(self, answer: str) -> str:
        """Write a share with its interval, in percent."""
        total = sum(self.answers.values())
        low, high = (100 * end for end in wilson(self.answers[answer], total))
        return f"{self.answers[answer] / total:.1%} ({low:.1f} to {high:.1f})"


def measure(truth: str, gain: float, runs: int, rng: np.random.Generator) -> list[Row]:
    """Judge many runs of one truth by every method."""
    found: dict[str, Counter[str]] = {}
    for start in range(0, runs, 50):
        season = play_season(league(gain), min(50, runs - start), rng)
        for run in range(season.ratings.shape[0]):
            ratings = season.series(run)
            checkpoints = list(season.league.checkpoints)
            answers = (*heuristics(ratings, checkpoints), *from_games(season, run), *from_series(ratings, season))
            for method, answer in answers:
                found.setdefault(method, Counter())[answer] += 1
    return [Row(truth=truth, method=method, answers=answers) for method, answers in found.items()]


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Measure false alarms of common practice and of ours.")
    parser.add_argument("--quick", action="store_true", help="50 runs a truth")
    parser.add_argument("--runs", type=int, default=1_000, help="runs a truth")
    parser.add_argument("--json", type=Path, help="also write the rows to a file")
    parser.add_argument("--seed", type=int, default=20261125)
    asked = parser.parse_args()
    runs = 50 if asked.quick else asked.runs
    rng = np.random.default_rng(asked.seed)
    null, learning = measure("null", 0.0, runs, rng), measure("learning", GAIN, runs, rng)
    print(f"{runs:,} runs a truth, seed {asked.seed}\n")
    print("| method | null: false pass | null: undecided | learning: pass | learning: undecided |")
    print("| --- | --- | --- | --- | --- |")
    for empty, full in zip(null, learning, strict=True):
        cells = (empty.method, empty.cell(PASS), empty.cell(OPEN), full.cell(PASS), full.cell(OPEN))
        print("| " + " | ".join(cells) + " |")
    if asked.json is not None:
        rows = [{"truth": row.truth, "method": row.method, "answers": dict(row.answers)} for row in (*null, *learning)]
        asked.json.write_text(json.dumps({"seed": asked.seed, "runs": runs, "rows": rows}, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
