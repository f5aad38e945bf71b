"""How exactly ratings and their errors are those of R and statsmodels, on public games and on simulated ones.

    PYTHONPATH=. .venv-bench/bin/python bench/elo_exact.py [--seed N]

R runs a script that is written here: BradleyTerry2 gives estimates and model errors, glm and sandwich the errors
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

from checks.counts import Counts
from checks.elo.covariance import FEW
from checks.elo.fit import ELO
from checks.elo.gather import SeatRows, count_games
from checks.elo.rate import Rated, Scale, rate

Floats: TypeAlias = NDArray[np.float64]
GOAL = 1e-6
R_SCRIPT = r"""
suppressPackageStartupMessages({library(BradleyTerry2); library(sandwich)})
folder <- commandArgs(TRUE)[1]
rows <- function(name, first, second, win, tie, loss, order = 0, cluster = NULL) {
  n <- c(win, tie, loss); k <- length(win)
  of <- rep(rep(seq_len(k), 3), n)
  points <- rep(rep(c(1, 0.5, 0), each = k), n)
  cluster <- if (is.null(cluster)) seq_along(of) else cluster[of]
  data <- data.frame(cluster, first = as.character(first)[of], second = as.character(second)[of],
                     order = rep_len(order, k)[of], points)
  write.csv(data, file.path(folder, paste0(name, ".csv")), row.names = FALSE)
}
data(list = c("citations", "baseball", "icehockey", "CEMS", "sound.fields", "springall", "football"))
with(countsToBinomial(citations), rows("citations", player1, player2, win1, 0 * win1, win2))
with(baseball, rows("baseball", home.team, away.team, home.wins, 0 * home.wins, away.wins, 1))
with(icehockey, rows("icehockey", opponent, visitor, result == 0, result == 0.5, result == 1, as.integer(home.ice)))
with(subset(CEMS$preferences, !is.na(win1)), rows("CEMS", school1, school2, win1, tied, win2, 0, student))
with(sound.fields$comparisons, rows("sound.fields", field1, field2, win1, tie, win2))
with(springall$contests, rows("springall", row, col, win, tie, loss))
with(football, rows("football", home, away, result == 1, result == 0, result == -1, 1))
for (path in list.files(folder, "[.]csv$", full.names = TRUE)) {
  data <- read.csv(path, colClasses = c(first = "character", second = "character"))
  names <- sort(unique(c(data$first, data$second)), method = "radix")
  moved <- any(data$order != 0)
  X <- outer(data$first, names[-1], "==") - outer(data$second, names[-1], "==")
  if (moved) X <- cbind(X, data$order)
  tight <- glm.control(epsilon = 1e-15, maxit = 50)
  fit <- suppressWarnings(glm(data$points ~ 0 + X, family = binomial, control = tight))
  groups <- split(seq_len(nrow(data)), data$cluster)
  jackknife <- rep(NA, ncol(X))
  if (length(groups) <= FEW) {
    mu <- fitted(fit); W <- mu * (1 - mu); r <- data$points - mu
    left_out <- function(g) solve(crossprod(X[-g, ], X[-g, ] * W[-g]), crossprod(X[g, , drop = FALSE], r[g]))
    moves <- sapply(groups, left_out)
    jackknife <- sqrt(rowSums(moves^2) * (length(groups) - 1) / length(groups))
  }
  own <- c(names[-1], if (moved) "(first move)")
  out <- data.frame(agent = own, value = coef(fit), model = sqrt(diag(vcov(fit))),
    clustered = sqrt(diag(vcovCL(fit, cluster = data$cluster, type = "HC0"))), jackknife)
  write.csv(out, sub("csv$", "glm", path), row.names = FALSE)
  data$one <- data.frame(team = factor(data$first, names), moved = data$order)
  data$two <- data.frame(team = factor(data$second, names), moved = 0)
  rule <- if (moved) ~ team + moved else ~ team
  fit <- suppressWarnings(BTm(points, one, two, rule, id = "team", data = data, control = tight))
  out <- data.frame(agent = own, value = coef(fit), model = sqrt(diag(vcov(fit))))
  write.csv(out, sub("csv$", "btm", path), row.names = FALSE)
}
versions <- sapply(c("BradleyTerry2", "sandwich"), function(p) paste(p, packageVersion(p)))
cat(paste(c(R.version.string, versions), collapse = ", "), "\n")
"""


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
        lines = list(csv.DictReader(stream))
    names = tuple(sorted({line[side] for line in lines for side in ("first", "second")}))
    place = {name: i for i, name in enumerate(names)}
    return Meetings(
        names=names,
        cluster=np.array([int(line["cluster"]) for line in lines]),
        first=np.array([place[line["first"]] for line in lines]),
        second=np.array([place[line["second"]] for line in lines]),
        order=np.array([int(line["order"]) for line in lines]),
        points=np.array([float(line["points"]) for line in lines]),
    )


def write_meetings(path: Path, meetings: Meetings) -> None:
    """Write what the script reads."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(["cluster", "first", "second", "order", "points"])
        for c, i, j, o, p in zip(
            meetings.cluster, meetings.first, meetings.second, meetings.order, meetings.points, strict=True
        ):
            out.writerow([c, meetings.names[i], meetings.names[j], o, p])


def counts_of(meetings: Meetings) -> Counts:
    """Make a game of two seats of each meeting."""
    n = meetings.points.size
    seat = np.where(np.repeat(meetings.order, 2) == 1, np.tile([0, 1], n), -1)
    return count_games(
        SeatRows(
            agents=meetings.names,
            cluster=meetings.cluster.repeat(2),
            game=np.arange(n).repeat(2),
            agent=np.column_stack([meetings.first, meetings.second]).ravel(),
            score=np.column_stack([meetings.points, 1 - meetings.points]).ravel(),
            weight=np.ones(2 * n),
            copies=np.ones(2 * n),
            seat=seat,
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
    flat = SeatRows(
        agents=names,
        cluster=cluster.repeat(7),
        game=np.arange(games).repeat(7),
        agent=agent.ravel(),
        score=score.ravel(),
        weight=np.ones(games * 7),
        copies=np.ones(games * 7),
        seat=np.full(games * 7, -1),
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
    fit, clusters = rated.fit, counts.clusters
    contrasts = np.eye(len(counts.agents))[1:]
    pulls = [rated.sandwich.pull(one) for one in contrasts]
    if fit.model.first_move:
        entries, edge = counts.entries, np.r_[np.zeros(len(counts.agents)), fit.inverse[-1, -1]]
        edge[fit.free] = fit.inverse[-1, :-1]
        pulls.append(edge[entries.first] - edge[entries.second] + entries.order * edge[-1])
    return Answer(
        value=np.append(fit.strength[1:], fit.first_move)[: len(pulls)],
        model=np.sqrt(np.diag(fit.inverse)),
        clustered=np.sqrt([rated.sandwich.left.robust(pull) for pull in pulls]),
        jackknife=jackknife(rated, contrasts) if clusters <= FEW else np.full(len(pulls), np.nan),
    )


def jackknife(rated: Rated, contrasts: Floats) -> Floats:
    """Give the errors of contrasts by leaving out clusters, without their floor."""
    sandwich = rated.sandwich
    object.__setattr__(sandwich, "floor", 0.0)
    return np.sqrt([sandwich.variance(one)[0] for one in contrasts])


def from_r(path: Path) -> Answer:
    """Read an answer that the script has written."""
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.DictReader(stream))

    def column(name: str) -> Floats:
        return np.array([float(line[name].replace("NA", "nan")) if name in line else np.nan for line in lines])

    return Answer(
        value=column("value"), model=column("model"), clustered=column("clustered"), jackknife=column("jackknife")
    )


def from_statsmodels(meetings: Meetings) -> Answer:
    """Ask statsmodels for the same."""
    api: Any = importlib.import_module("statsmodels.api")
    model = api.GLM(meetings.points, meetings.design, family=api.families.Binomial())
    plain = model.fit(tol=1e-13, tol_criterion="params", maxiter=50)
    groups = np.unique(meetings.cluster, return_inverse=True)[1]
    robust = model.fit(
        tol=1e-13,
        tol_criterion="params",
        maxiter=50,
        cov_type="cluster",
        cov_kwds={"groups": groups, "use_correction": False},
    )
    clusters = groups.max() + 1
    return Answer(
        value=plain.params,
        model=plain.bse,
        clustered=robust.bse * np.sqrt(clusters / (clusters - 1)),
        jackknife=np.full(plain.params.size, np.nan),
    )


def compare(mine: Answer, other: Answer) -> list[float]:
    """Give the largest differences: in Elo, and relative in each kind of error; NaN where one side says nothing."""
    pairs = [(mine.model, other.model), (mine.clustered, other.clustered), (mine.jackknife, other.jackknife)]
    apart = [float(np.abs(mine.value - other.value).max()) * ELO]
    return apart + [float(np.abs(one / two - 1).max()) for one, two in pairs]


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
    print(
        f"\nLargest: {worst[0]:.1e} Elo; {', '.join(f'{x:.1e}' for x in worst[1:])} relative; goal {GOAL:.0e}", end=""
    )
    print(": met" if met else ": MISSED")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
