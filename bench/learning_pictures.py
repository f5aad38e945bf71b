"""Draw the pictures of `docs/learning-dynamics.md` and `docs/walkthrough.md`, from recorded and simulated runs.

    PYTHONPATH=. .venv-bench/bin/python bench/learning_pictures.py [--out docs/images]

Takes seconds; the same version of matplotlib writes the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl  # type: ignore[import-not-found]  # in the environment of the benches only
import numpy as np
from matplotlib.figure import Figure  # type: ignore[import-not-found]

from action.sources.games import read_games
from action.sources.wandb_log import read
from bench.league_sim import Season, play_season
from bench.pictures import BLUE, FAINT, GREEN, INK, LINE, ORANGE, RECORDINGS, ROOT, STYLE
from bench.walkthrough import FIXED, PEAKS, RULES, TAKEN, claims, dropped, league
from checks.diagnosis.progress import measure_progress
from checks.diagnosis.training import KL_LIMIT
from checks.elo.agents import Naming
from checks.elo.analysis import analyse
from checks.elo.answer import EloQuestion
from checks.run import Selection

RUNS: Mapping[str, tuple[str, str]] = {
    "healthy": ("healthy: learning", GREEN),
    "kl-explosion": ("kl-explosion: runaway divergence", ORANGE),
    "no-learning": ("no-learning: dead signal", BLUE),
}
"""Recording → what it is called, and its colour."""
SHOWN = (
    ("kl/mean", "KL", "log"),
    ("benchmark/reward_mean", "reward", "linear"),
    ("train/frac_reward_zero_std", "groups of equal rewards", "linear"),
)
CURVE = ((40, 60.0), (80, 110.0), (100, 130.0))
"""Elo by step: a curve that a team might expect of this league."""


def series() -> Figure:
    """Show three series of three runs, and what their diagnosis rests on."""
    figure = Figure(figsize=(9.0, 3.3), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, (name, title, scale) in zip(panels, SHOWN, strict=True):
        for recipe, (_, color) in RUNS.items():
            one = read(next((RECORDINGS / recipe).glob("*.wandb")), Selection(names=frozenset({name}))).series[name]
            values = np.where(one.values > 0, one.values, np.nan) if scale == "log" else one.values
            axes.plot(one.steps, values, color=color, linewidth=1.2)
        axes.set(title=title, xlabel="training step", yscale=scale, xlim=(0, 100))
    panels[0].axhline(KL_LIMIT, color=INK, linewidth=1)
    panels[0].annotate("0.2", (2, KL_LIMIT), (0, 3), textcoords="offset points", fontsize=9)
    panels[0].axvline(51, color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    panels[0].annotate("step 51", (51, 2e-6), (4, 0), textcoords="offset points", fontsize=9, color=FAINT)
    panels[2].axhline(0.5, color=INK, linewidth=1)
    panels[2].annotate("half of them", (2, 0.5), (0, 3), textcoords="offset points", fontsize=9)
    for label, color in RUNS.values():
        panels[0].plot([], [], color=color, label=label)
    figure.legend(loc="outside upper center", ncols=3, frameon=False, fontsize=9)
    return figure


def progress() -> Figure:
    """Show the checkpoints of the healthy run beside an expected curve."""
    found = analyse(read_games([RECORDINGS / "healthy" / "games.jsonl.gz"]), EloQuestion(naming=Naming(references={})))
    figure = Figure(figsize=(9.0, 3.0), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, *(step for step, _ in CURVE)], [0, *(elo for _, elo in CURVE)], "o--", color=INK, linewidth=1.2)
    axes.annotate("expected", (40, 60), (6, -12), textcoords="offset points")
    measured = measure_progress(tuple((step, 0.0) for step in (20, 40, 60, 80, 100)), found)
    assert measured is not None, "the recording has games"
    for point in measured.points:
        axes.plot([point.at, point.at], [point.low, point.high], color=BLUE, linewidth=2)
        axes.plot(point.at, point.elo, "o", color=BLUE, markersize=6)
    axes.annotate("checkpoints with\n95 % intervals", (4, 170), color=BLUE, linespacing=1.4)
    axes.axhline(0, color=LINE, linewidth=1)
    axes.set(xlim=(0, 104), xlabel="training step", ylabel="Elo above base_model")
    return figure


SHORT = (
    "oldest three, smallest fall\nfrom their peaks",
    "best peak above the\nfirst base_model",
    "best last rating above\nthe last base_model",
    "lost by coordinated_bot\nand defensive_bot",
)
"""Names of the claims, in their order."""


def walkthrough() -> Figure:
    """Show a league in which nothing is learnt beside a published run: its ratings, and what is read off them."""
    seasons = [play_season(league(rule), 2_000, np.random.default_rng([20261126, n])) for n, rule in enumerate(RULES)]
    figure = Figure(figsize=(9.0, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(5, 4))
    _one_run(left, seasons[0])
    for number, (season, shade) in enumerate(zip(seasons, (0.45, 0.3, 0.18), strict=True)):
        for line, claim in enumerate(claims(season)[: len(SHORT)]):
            low, middle, high = np.quantile(claim.simulated, [0.05, 0.5, 0.95])
            at = line + 0.2 * (number - 1)
            right.plot([low, high], [at, at], color=ORANGE, linewidth=6, alpha=shade, solid_capstyle="butt")
            right.plot(middle, at, "o", color=ORANGE, markersize=5)
            right.plot([claim.published] * 2, [line - 0.32, line + 0.32], color=INK, linewidth=2, zorder=3)
    for line, short in enumerate(SHORT):
        right.annotate(short, (-52, line), color=INK, fontsize=9, va="center", ha="right", annotation_clip=False)
    right.plot([], [], color=INK, linewidth=2, label="published")
    right.plot([], [], "o", color=ORANGE, markersize=5, label="nothing learnt: median, 90 % range")
    right.legend(loc="lower center", bbox_to_anchor=(0.3, 1.0), ncols=2, frameon=False, fontsize=9, handletextpad=0.2)
    right.set(ylim=(3.6, -0.6), yticks=(), xlabel="Elo")
    right.axvline(0, color=LINE, linewidth=1)
    right.spines["left"].set_visible(False)
    return figure


def _one_run(axes: Any, season: Season) -> None:
    """Draw the run whose two bots lost the median, and where the published one ended."""
    lost = sum((dropped(season, name) for name in TAKEN), np.zeros(season.ratings.shape[0]))
    ratings = season.ratings[int(np.argsort(lost)[lost.size // 2])]
    for place, name in enumerate(season.league.agents):
        color = BLUE if place >= season.league.first else INK if name == "base_model" else GREEN
        axes.plot(ratings[:, place], color=color, linewidth=1.8 if color == INK else 1.0)
        end = PEAKS[name][2] if name in PEAKS else FIXED[name][1]
        axes.plot(57.5, end, "D", color=color, markersize=4)
        if color == GREEN:
            axes.annotate(name, (57.5, end), (7, 0), color=GREEN, fontsize=9, textcoords="offset points", va="center")
    axes.plot([], [], color=BLUE, label="checkpoints, each as strong as")
    axes.plot([], [], color=INK, linewidth=1.8, label="base_model")
    axes.plot([], [], color=GREEN, label="bots")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False, fontsize=9, handlelength=1.2)
    axes.set(xlim=(0, 84), xticks=(0, 10, 20, 30, 40, 50))
    axes.set(xlabel="training step; diamonds: where the published run ended", ylabel="online rating, Elo")


PICTURES: Mapping[str, Callable[[], Figure]] = {
    "learning-series": series,
    "learning-progress": progress,
    "walkthrough": walkthrough,
}


def main() -> int:
    """Draw them."""
    parser = argparse.ArgumentParser(description="Draw the pictures of learning dynamics and of the walkthrough.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "images")
    asked = parser.parse_args()
    style: dict[str, Any] = dict(STYLE)
    with mpl.rc_context(style):
        for name, draw in PICTURES.items():
            path = asked.out / f"{name}.svg"
            draw().savefig(path, metadata={"Date": None, "Creator": None})
            print(path.name, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
