"""How exactly ratings and their errors are those of R and statsmodels, on public games and on simulated ones.

    PYTHONPATH=. .venv-bench/bin/python bench/elo_exact.py [--seed N]

R runs a script of bench/elo_peers.py: BradleyTerry2 gives estimates and model errors, glm and sandwich the errors
clustered as here (CR1), and plain matrices the jackknife that leaves out one cluster by one Newton step (CR3). The
public games are those that ship with BradleyTerry2; each is a row, ties count half, and moving first is estimated where
the data tell. The simulated ones have seven seats, with ties and with agents on several seats. statsmodels gets the
same rows. Without R (Debian: r-base-core, r-cran-bradleyterry2, r-cran-sandwich) it is alone, on the simulated games.
Compared is what estimates are made of, before they are rounded and before the floor of variances.
"""

from __future__ import annotations

import argparse
import csv
import importlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from bench.elo_peers import R_SCRIPT
from checks.counts import Counts
from checks.elo.covariance import FEW
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows, count_games
from checks.elo.rate import Scale, rate

Floats: TypeAlias = NDArray[np.float64]
GOAL = 1e-6


@dataclass(frozen=True, kw_only=True)
class Meetings:
    """One row a meeting of two agents; arrays of shape (r,)."""

    names: tuple[str, ...]
    """Sorted; `first` and `second` point here."""
    cluster: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    order: NDArray[np.int64]
    """1: `first` moved first; 0: not known."""
    points: Floats

    @property
    def design(self) -> Floats:
        """The rows of the logistic regression: all agents but the first, and moving first where it is known."""
        matrix = np.zeros((self.points.size, len(self.names)))
        line = np.arange(self.points.size)
        matrix[line, self.first], matrix[line, self.second] = 1.0, -1.0
        return np.column_stack([matrix[:, 1:], self.order]) if self.order.any() else matrix[:, 1:]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one side says, parameter by parameter, moving first last; NaN where it does not."""

    value: Floats
    """Natural-log units above the first agent."""
    model: Floats
    clustered: Floats
    jackknife: Floats


def read_meetings(path: Path) -> Meetings:
    """Read what the script has written."""
    with path.open(encoding="utf-8", newline="") as stream:
        cells = np.array(list(csv.reader(stream))[1:])
    names, place = np.unique(cells[:, 1:3], return_inverse=True)
    first, second = place.reshape(-1, 2).T
    cluster, order, points = (cells[:, i].astype(float) for i in (0, 3, 4))
    return Meetings(
        names=tuple(names.tolist()),
        cluster=cluster.astype(np.int64),
        first=first,
        second=second,
        order=order.astype(np.int64),
        points=points,
    )


def write_meetings(path: Path, meetings: Meetings) -> None:
    """Write what the script reads."""
    first, second = (np.array(meetings.names)[side] for side in (meetings.first, meetings.second))
    lines = np.column_stack([meetings.cluster, first, second, meetings.order, meetings.points])
    np.savetxt(path, lines, fmt="%s", delimiter=",", header="cluster,first,second,order,points", comments="")


def counts_of(meetings: Meetings) -> Counts:
    """Make a game of two seats of each meeting."""
    n = meetings.points.size
    return count_games(
        SeatRows(
            agents=meetings.names,
            cluster=meetings.cluster.repeat(2),
            game=np.arange(n).repeat(2),
            agent=np.column_stack([meetings.first, meetings.second]).ravel(),
            score=np.column_stack([meetings.points, 1 - meetings.points]).ravel(),
            weight=np.ones(2 * n),
            copies=np.ones(2 * n),
            seat=np.where(np.repeat(meetings.order, 2) == 1, np.tile([0, 1], n), -1),
            seats=("home", "away") if meetings.order.any() else (),
        )
    ).counts


def simulate(games: int, forks: int, rng: np.random.Generator) -> tuple[Meetings, Counts]:
    """Play seven seats of eight agents, scores in whole numbers, so many games sharing the luck of one start."""
    names = tuple("abcdefgh")
    agent = rng.integers(0, 8, (games, 7))
    shared = rng.normal(size=(-(-games // forks), 8)).repeat(forks, axis=0)[:games]
    skill = np.linspace(-1, 1, 8) + shared
    score = np.round(2 * (np.take_along_axis(skill, agent, axis=1) + rng.gumbel(size=agent.shape)))
    cluster = np.arange(games) // forks
    game, one = np.arange(games).repeat(7), np.ones(games * 7)
    flat = SeatRows(
        agents=names,
        cluster=cluster.repeat(7),
        game=game,
        agent=agent.ravel(),
        score=score.ravel(),
        weight=one,
        copies=one,
        seat=-np.ones(one.size, np.int64),
    )
    rows = [
        (cluster[g], agent[g, a], agent[g, b], (score[g, a] > score[g, b]) + (score[g, a] == score[g, b]) / 2)
        for g in range(games)
        for a, b in combinations(range(7), 2)
        if agent[g, a] != agent[g, b]
    ]
    of, first, second, points = (np.array(column) for column in zip(*rows, strict=True))
    order = np.zeros(of.size, np.int64)
    meetings = Meetings(names=names, cluster=of, first=first, second=second, order=order, points=points.astype(float))
    return meetings, count_games(flat).counts


def ours(counts: Counts) -> Answer:
    """Rate the record above its first agent; each cluster has to be known for itself."""
    assert counts.entries.alone.all() or counts.units.clusters.max() == 1, "clusters are only known in sums"
    rated = rate(counts, Scale(references={counts.agents[0]: None}))
    assert not rated.connection.separated.any(), "the likelihood has no maximum"
    fit = rated.fit
    contrasts = np.eye(len(counts.agents))[1:]
    pulls = [rated.sandwich.pull(one) for one in contrasts]
    if fit.model.first_move:
        entries, edge = counts.entries, np.r_[np.zeros(len(counts.agents)), fit.inverse[-1, -1]]
        edge[fit.free] = fit.inverse[-1, :-1]
        pulls.append(edge[entries.first] - edge[entries.second] + entries.order * edge[-1])
    # Private: what `variance` gives is floored.
    few = [rated.sandwich._robust(one, pull) for one, pull in zip(contrasts, pulls, strict=False)]
    return Answer(
        value=np.append(fit.strength[1:], fit.first_move)[: len(pulls)],
        model=np.sqrt(np.diag(fit.inverse)),
        clustered=np.sqrt([rated.sandwich.left.robust(pull) for pull in pulls]),
        jackknife=np.sqrt(few) if counts.clusters <= FEW else np.full(len(pulls), np.nan),
    )


def from_r(path: Path) -> Answer:
    """Read an answer that the script has written."""
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))
    kinds = ("value", "model", "clustered", "jackknife")
    return Answer(
        **{kind: np.array([float(line.get(kind, "NA").replace("NA", "nan")) for line in lines]) for kind in kinds}
    )


def from_statsmodels(meetings: Meetings) -> Answer:
    """Ask statsmodels for the same."""
    api: Any = importlib.import_module("statsmodels.api")
    model = api.GLM(meetings.points, meetings.design, family=api.families.Binomial())
    tight = {"tol": 1e-13, "tol_criterion": "params", "maxiter": 50}
    plain = model.fit(**tight)
    groups = np.unique(meetings.cluster, return_inverse=True)[1]
    kwargs = {"groups": groups, "use_correction": False}
    robust = model.fit(**tight, cov_type="cluster", cov_kwds=kwargs)
    clusters = groups.max() + 1
    return Answer(
        value=plain.params,
        model=plain.bse,
        clustered=robust.bse * np.sqrt(clusters / (clusters - 1)),
        jackknife=np.full(plain.params.size, np.nan),
    )


def compare(mine: Answer, other: Answer) -> list[float]:
    """Give the largest differences: in Elo, and relative in each kind of error; NaN where the other says nothing."""
    pairs = [(mine.model, other.model), (mine.clustered, other.clustered), (mine.jackknife, other.jackknife)]
    apart = [(mine.value - other.value) * ELO] + [np.where(np.isnan(two), two, one / two - 1) for one, two in pairs]
    silent = [False] + [bool(np.isnan(two).all()) for _, two in pairs]
    return [
        np.nan if no else float(np.nan_to_num(np.abs(x), nan=np.inf).max()) for x, no in zip(apart, silent, strict=True)
    ]


def run_r(folder: Path) -> str | None:
    """Let R write its data and answers into a folder; give its versions, or nothing where there is no R."""
    program = shutil.which("Rscript")
    if program is None:
        return None
    script = folder / "peers.R"
    script.write_text(R_SCRIPT.replace("FEW", str(FEW)), encoding="utf-8")
    done = subprocess.run([program, "--vanilla", str(script), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"R failed, and is left out:\n{done.stderr}")
        return None
    return done.stdout.strip()


def answers(folder: Path, name: str, meetings: Meetings) -> Iterator[tuple[str, Answer]]:
    """Give what each peer says about some games."""
    for peer, ending in (("BradleyTerry2", "btm"), ("R glm, sandwich", "glm")):
        if (path := folder / f"{name}.{ending}").exists():
            yield peer, from_r(path)
    yield "statsmodels GLM", from_statsmodels(meetings)


def main() -> int:
    """Print a row for each data set and peer; 1 if a difference is above the goal."""
    parser = argparse.ArgumentParser(description="Compare ratings and errors with R and statsmodels.")
    parser.add_argument("--seed", type=int, default=20261122)
    rng = np.random.default_rng(parser.parse_args().seed)
    games: dict[str, tuple[Meetings, Counts]] = {
        "simulated, a cluster a game": simulate(900, 1, rng),
        "simulated, 4 forks a rollout": simulate(800, 4, rng),
        "simulated, few clusters": simulate(40, 1, rng),
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, (meetings, _) in games.items():
            write_meetings(folder / f"{name}.csv", meetings)
        versions = run_r(folder)
        print(versions or "No R: public games, BradleyTerry2 and sandwich are left out.")
        print(f"statsmodels {importlib.import_module('statsmodels').__version__}, NumPy {np.__version__}\n")
        print("| games | agents | meetings | clusters | peer | Elo | model error | clustered (CR1) | jackknife (CR3) |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
        worst = np.zeros(4)
        for path in sorted(folder.glob("*.csv")):
            meetings = read_meetings(path)
            counts = games[path.stem][1] if path.stem in games else counts_of(meetings)
            mine = ours(counts)
            head = f"| {path.stem} | {len(meetings.names)} | {meetings.points.size:,} | {counts.clusters:,.0f} |"
            for peer, other in answers(folder, path.stem, meetings):
                found = compare(mine, other)
                worst = np.fmax(worst, found)
                print(head, f"{peer} |", " | ".join("—" if np.isnan(x) else f"{x:.1e}" for x in found), "|", flush=True)
    met = bool(np.all(worst <= GOAL))
    print(f"\nLargest: {worst[0]:.1e} Elo, {', '.join(f'{x:.1e}' for x in worst[1:])} relative.")
    print(f"Goal, {GOAL:.0e} each:", "met" if met else "MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
