"""Draw the pictures of `docs/how-it-decides.md`: what the method does to simulated games and to recorded runs.

    PYTHONPATH=. .venv-bench/bin/python bench/pictures.py [NAME …] [--out docs/images]

NAME is one of peaks, coverage, llr, checkpoints; without any, all are drawn, in half a minute. All is seeded, and the
same version of matplotlib writes the same bytes. What is drawn are examples: error rates are measured by the other
programs of this folder.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found]  # in the environment of the benches only
import numpy as np
from matplotlib.figure import Figure  # type: ignore[import-not-found]

from action.sources.games import read_games
from bench.elo_games import Ints, Table, duel, forked, play, pool, seat_rows
from bench.elo_trials import CONFIDENCE, SCALE, counted, covers, gap, naive_covers, newest, rated_rows
from bench.interval import wilson
from bench.league_sim import REFERENCE, League, Season, play_season
from checks.distribution import normal_quantile
from checks.elo.agents import AgentKind, Naming
from checks.elo.analysis import analyse
from checks.elo.answer import EloQuestion
from checks.elo.progress import Checkpoints, trend
from checks.elo.rate import Scale, rate

# The test tells where it ended; the picture shows how it got there, by the same walk.
from checks.elo.sequential import Duel, Hypotheses, Walk
from checks.run import GameRecord

ROOT = Path(__file__).resolve().parent.parent
RECORDINGS = ROOT / "examples" / "league" / "recordings"
SEED = 20261125
BLUE, ORANGE, GREEN = "#0072b2", "#d55e00", "#00805a"
INK, FAINT, LINE = "#1f2328", "#59636e", "#d1d9e0"
STYLE: Mapping[str, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gatekeeper",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana"],
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": FAINT,
    "ytick.labelcolor": FAINT,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "savefig.facecolor": "white",
}


def peaks() -> Figure:
    """Show what online ratings do in leagues in which all agents are equally strong."""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    for place, k in enumerate((16.0, 32.0, 48.0)):
        season = play_season(equals(k), 400, np.random.default_rng([SEED, 0, place]))
        last = season.ratings[:, -1]
        best = last[:, season.league.first :].max(axis=1) - last[:, 0]
        low, middle, high = np.quantile(best, [0.05, 0.5, 0.95])
        right.plot([low, high], [k, k], color=ORANGE, linewidth=7, alpha=0.35, solid_capstyle="butt")
        right.plot(middle, k, "o", color=ORANGE, markersize=8)
        right.annotate(f"{middle:+.0f}", (middle, k), (0, 9), textcoords="offset points", ha="center", color=INK)
        if k == 32:
            wander(left, season, int(np.abs(best - middle).argmin()))
    right.axvline(0, color=INK, linewidth=1)
    right.annotate("true gap: 0", (0, 55), (4, 0), textcoords="offset points", color=INK, va="center", fontsize=9)
    right.set(ylim=(8, 60), yticks=(16, 32, 48), yticklabels=("K = 16", "K = 32", "K = 48"))
    right.set(xlabel="best checkpoint less base_model, Elo", title="400 such runs: median and 90 % range")
    right.tick_params(axis="y", length=0)
    right.set_xlim(left=-30)
    return figure


def equals(k: float) -> League:
    """Set up a league in which nothing is learnt."""
    return League(steps=150, k=k, births=tuple(range(0, 150, 15)))


def wander(axes: Any, season: Season, run: int) -> None:
    """Draw the ratings of one run."""
    ratings = season.ratings[run]
    steps = np.arange(ratings.shape[0])
    ends = ratings[-1, 1:]
    best = 1 + int(ends.argmax())
    for place in range(1, ratings.shape[1]):
        axes.plot(steps, ratings[:, place], color=BLUE, linewidth=0.9, alpha=0.95 if place == best else 0.3)
    axes.plot(steps, ratings[:, 0], color=INK, linewidth=1.8)
    for place, name, color in ((best, "best checkpoint", BLUE), (0, REFERENCE, INK)):
        end = (steps[-1], ratings[-1, place])
        axes.annotate(name, end, (5, 0), textcoords="offset points", color=color, va="center", fontsize=9)
    axes.set(xlim=(0, 197), xticks=(0, 50, 100, 150), xlabel="training step", ylabel="online rating, Elo")
    axes.set_title("A median run with K = 32: all agents are equally strong")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """Games of one kind between equals."""

    what: str
    make: Callable[[np.random.Generator], Table]
    shared: float = 0.0


SITUATIONS = (
    Situation(what="2 seats, 100 games", make=lambda _: duel(100, 2, 1)),
    Situation(what="7 seats, one against six, 100 games", make=lambda _: duel(100, 7, 1)),
    Situation(what="7 seats, three against four, 100 games", make=lambda _: duel(100, 7, 3)),
    Situation(what="7 seats, seven agents, 100 games", make=lambda rng: pool(100, 7, 7, rng)),
    Situation(what="60 rollouts of 8 forks, three against four", make=lambda _: forked(duel(60, 7, 3), 8), shared=1.0),
    Situation(what="16 rollouts of 8 forks, three against four", make=lambda _: forked(duel(16, 7, 3), 8), shared=1.0),
)
TRIALS = 1_000


def coverage() -> Figure:
    """Show how often intervals hold the truth, by what is taken for one observation."""
    figure = Figure(figsize=(9.0, 3.7), layout="constrained")
    axes = figure.subplots()
    axes.axvline(95, color=INK, linewidth=1)
    methods = (
        ("pairs of seats taken for independent", ORANGE, "o", "right"),
        ("clustered by game", GREEN, "D", "center"),
        ("clustered by rollout: what the gatekeeper does", BLUE, "s", "left"),
    )
    for line, situation in enumerate(SITUATIONS):
        found = [held(situation, np.random.default_rng([SEED, 1, line, i])) for i in range(TRIALS)]
        axes.axhline(line, color=LINE, linewidth=0.8, zorder=0)
        for number, (_, color, marker, side) in enumerate(methods):
            if number == 1 and not situation.shared:
                continue
            hits = sum(one[number] for one in found)
            low, high = (100 * end for end in wilson(hits, TRIALS))
            share = 100 * hits / TRIALS
            axes.plot([low, high], [line] * 2, color=color, linewidth=2.5, solid_capstyle="butt")
            axes.plot(share, line, marker, color=color, markersize=7)
            shift = {"right": -3, "center": 0, "left": 3}[side]
            axes.annotate(
                f"{share:.0f}", (share, line), (shift, 6), textcoords="offset points", ha=side, fontsize=9, color=color
            )
    for number, (name, color, marker, _) in enumerate(methods):
        axes.plot([], [], marker, color=color, label=name, zorder=number)
    axes.set(ylim=(len(SITUATIONS) - 0.5, -0.7), xlim=(40, 101), xlabel="95 % intervals that hold the true gap, %")
    axes.set_yticks(range(len(SITUATIONS)), [one.what for one in SITUATIONS], color=INK)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9, handletextpad=0.2, columnspacing=1.6)
    return figure


def held(situation: Situation, rng: np.random.Generator) -> tuple[bool, bool, bool]:
    """Play once; tell whether the naive interval holds the true gap of 0, one by game and one by rollout."""
    table = situation.make(rng)
    scores = play(table, np.zeros(len(table.names)), rng, shared=situation.shared)
    rated = rated_rows(seat_rows(table, scores))
    candidate = newest(rated.counts)
    by_game = rated_rows(seat_rows(table, scores, by_rollout=False)) if situation.shared else rated
    return (
        naive_covers(rated, candidate, 0.0),
        covers(gap(by_game, candidate), 0.0),
        covers(gap(rated, candidate), 0.0),
    )


MOST = 1_200
"""Games of a candidate in the picture of the sequential test."""


def llr() -> Figure:
    """Show paths of the sequential test for candidates that are no better and for ones that are."""
    asked, seats, mine = Hypotheses(), 7, 3
    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    axes = figure.subplots()
    for place, (elo, color) in enumerate(((asked.elo0, ORANGE), (asked.elo1, BLUE))):
        for number in range(12):
            games, path = walk(asked, elo, duel(MOST, seats, mine), np.random.default_rng([SEED, 2, place, number]))
            axes.plot(games, path, color=color, linewidth=1.0, alpha=0.55)
            axes.plot(games[-1], path[-1], "o", color=color, markersize=5, clip_on=False, zorder=5)
        axes.plot([], [], "o-", color=color, markersize=5, label=f"true gap {elo:g} Elo, 12 candidates")
    for bound, told, off in ((asked.upper, "better", 7), (asked.lower, "not better", -7)):
        axes.axhline(bound, color=INK, linewidth=1.2)
        axes.annotate(
            f"{told}: {bound:+.2f}".replace("-", "−"),
            (MOST, bound),
            (0, off),
            textcoords="offset points",
            ha="right",
            va="bottom" if off > 0 else "top",
        )
    reach = normal_quantile(1 - asked.alpha) + normal_quantile(1 - asked.beta)
    error = 400 / np.log(10) * np.sqrt(4 * (seats + 1) / (3 * mine * (seats - mine)))
    fixed = (reach * error / (asked.elo1 - asked.elo0)) ** 2
    axes.axvline(fixed, color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate(
        f"a test of fixed size\nneeds {fixed:.0f} games", (fixed, 1.4), (6, 0), textcoords="offset points", color=FAINT
    )
    axes.set(xlim=(0, MOST), ylim=(-4.6, 4.6), yticks=(-2, 0, 2), xlabel="games, three seats against four")
    axes.set(ylabel="log-likelihood ratio")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=9)
    return figure


def walk(asked: Hypotheses, elo: float, table: Table, rng: np.random.Generator) -> tuple[list[int], list[float]]:
    """Play, and give the path up to where the test ends, every third look: games, log-likelihood ratio."""
    counts = counted(seat_rows(table, play(table, np.array([0.0, elo]), rng)))
    pair = Duel(candidate=newest(counts), reference=counts.index(REFERENCE))
    path = Walk(counts, SCALE, pair, asked)
    games, values = [], []
    for units in path.looks():
        state = path.state(units)
        if state is not None:
            games.append(round(path.played(units)[0]))
            values.append(state.llr())
            if not asked.lower < values[-1] < asked.upper:
                break
    shown = [*range(0, len(games) - 1, 3), len(games) - 1]
    return [games[i] for i in shown], [values[i] for i in shown]


RECIPES: Mapping[str, str] = {
    "healthy": "it learnt",
    "no-learning": "it learnt nothing",
    "regression": "wrong after step 60",
}
"""Recording → what was done to the run."""


def checkpoints() -> Figure:
    """Show the ratings of recorded runs' checkpoints, and the trend through them."""
    figure = Figure(figsize=(9.0, 3.6), layout="constrained")
    for axes, (recipe, told) in zip(figure.subplots(1, 3, sharey=True), RECIPES.items(), strict=True):
        ladder(axes, read_games([RECORDINGS / recipe / "games.jsonl.gz"]))
        axes.set_title(f"{recipe}: {told}")
        axes.set(xlim=(0, 112), xticks=(0, 20, 40, 60, 80, 100), xlabel="training step")
    axes = figure.axes[0]
    axes.set_ylabel("Elo")
    axes.annotate(REFERENCE, (3, 1000), (0, -4), textcoords="offset points", va="top")
    axes.annotate("trend and its end", (5, 1222), color=ORANGE)
    axes.annotate("checkpoints with\n95 % intervals", (5, 790), color=BLUE, linespacing=1.4)
    return figure


def ladder(axes: Any, record: GameRecord) -> None:
    """Draw one run's checkpoints and their line."""
    found = analyse(record, EloQuestion(naming=Naming(references={}), confidence=CONFIDENCE))
    rows = [row for row in found.ratings if row.kind is AgentKind.CHECKPOINT]
    rows.sort(key=lambda row: row.step or 0)
    steps: Ints = np.array([row.step for row in rows], np.int64)
    ends = [(one.low, one.value, one.high) for one in (row.estimate for row in rows) if one is not None]
    low, value, high = np.array(ends, np.float64).T
    rated = rate(record.counts, Scale(references=found.references))
    index = np.array([record.counts.index(row.agent) for row in rows], np.int64)
    gauge = record.counts.index(next(iter(found.references)))
    line = trend(rated, Checkpoints(index=index, step=steps), gauge, CONFIDENCE)
    assert line is not None, "a recording has checkpoints of several steps"
    end = found.scale_zero + np.array([line.end_gain.low, line.end_gain.value, line.end_gain.high], np.float64)
    run = np.array([steps[0] - 8.0, float(steps[-1])])
    axes.axhline(found.scale_zero, color=INK, linewidth=1)
    axes.plot(run, end[1] + (line.slope.value or 0.0) * (run - run[-1]) / 100, color=ORANGE, linewidth=1.5)
    axes.plot([run[-1] + 5] * 2, end[[0, 2]], color=ORANGE, linewidth=5, alpha=0.5, solid_capstyle="butt")
    reach = np.array([value - low, high - value])
    axes.errorbar(steps, value, yerr=reach, fmt="o", color=BLUE, markersize=6, elinewidth=2, zorder=5)


PICTURES: Mapping[str, Callable[[], Figure]] = {
    "peaks": peaks,
    "coverage": coverage,
    "llr": llr,
    "checkpoints": checkpoints,
}


def main() -> int:
    """Draw the pictures that were asked for."""
    parser = argparse.ArgumentParser(description="Draw the pictures of docs/how-it-decides.md.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(PICTURES)}; none: all")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    parser.add_argument("--format", choices=("svg", "png"), default="svg")
    asked = parser.parse_args()
    unknown = set(asked.names) - set(PICTURES)
    if unknown:
        parser.error(f"expected {', '.join(PICTURES)}, got {', '.join(sorted(unknown))}")
    with mpl.rc_context(dict(STYLE)):
        for name in asked.names or PICTURES:
            path = asked.out / f"elo-{name}.{asked.format}"
            options = {"metadata": {"Date": None, "Creator": None}} if asked.format == "svg" else {"dpi": 110}
            PICTURES[name]().savefig(path, **options)
            print(path, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
