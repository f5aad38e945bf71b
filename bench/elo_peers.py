"""The peers of bench/elo_speed.py, each made ready to run on what it takes, and the R script of bench/elo_exact.py.

A peer's packages are imported when it is asked for, since each runs in a process of its own, and since they live in an
environment of their own (bench/requirements.in). No clock may enter.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from checks.counts import Counts, Entries, Plays, Totals, Units
from checks.elo.fit import ELO, Anchors, Model, fit_strengths
from checks.elo.gather import SeatRows, count_games
from checks.elo.looks import unit_edges
from checks.elo.rate import Scale, rate, rate_totals

Floats: TypeAlias = NDArray[np.float64]
Problem: TypeAlias = Mapping[str, NDArray[Any]]
"""Counts: `agents`; a row a pair in `first`, `second`, `games`, `points`. Games: a row each in `held`, `score`."""
Run: TypeAlias = Callable[[], Floats]
"""Gives natural-log strengths, or for clusters one row of strengths and one of errors."""

SEATS, LEAGUE = 7, 20


def totals_of(problem: Problem) -> Totals:
    """Put counts into the form that ours takes."""
    return Totals(
        first=problem["first"],
        second=problem["second"],
        order=np.zeros(problem["first"].size, np.int64),
        games=problem["games"],
        points=problem["points"],
    )


def our_fit(problem: Problem) -> Run:
    """From totals to strengths and their covariance."""
    totals, size = totals_of(problem), int(problem["agents"])
    anchors = Anchors(index=np.zeros(1, np.int64), strength=np.zeros(1), variance=np.zeros(1))
    none = np.zeros(0, np.int64)
    model = Model(totals=totals, size=size, anchors=anchors, held=np.arange(size) == 0, virtual=none, first_move=False)
    return lambda: fit_strengths(model).strength


def our_rating(problem: Problem) -> Run:
    """The same, with the test of who is connected."""
    totals, size = totals_of(problem), int(problem["agents"])
    names = tuple(f"{i:04}" for i in range(size))
    one, none = np.ones(1), np.zeros(0, np.int64)
    entries = Entries(
        unit=none, first=none, second=none, order=none, alone=none > 0, games=one[:0], points=one[:0],
        squares=np.zeros((0, 3)),
    )  # fmt: skip
    counts = Counts(
        agents=names,
        units=Units(clusters=one, games=one, seats=one * 2),
        entries=entries,
        plays=Plays(unit=none, agent=none, games=one[:0], clusters=one[:0]),
        ordered=False,
    )
    return lambda: rate_totals(counts, totals, Scale(references={names[0]: None})).fit.strength


def choix_ilsr(tol: float) -> Callable[[Problem], Run]:
    """Its fastest: iterated spectral ranking of a matrix of wins."""

    def prepare(problem: Problem) -> Run:
        choix: Any = importlib.import_module("choix")
        size = int(problem["agents"])
        wins = np.zeros((size, size))
        wins[problem["first"], problem["second"]] = problem["points"]
        wins[problem["second"], problem["first"]] = problem["games"] - problem["points"]
        return lambda: np.asarray(choix.ilsr_pairwise_dense(wins, tol=tol))

    return prepare


def evalica_ranking(name: str) -> Callable[[Problem], Run]:
    """One of its two: a row for the wins of either side of a pair, with weights."""

    def prepare(problem: Problem) -> Run:
        evalica: Any = importlib.import_module("evalica")
        pandas: Any = importlib.import_module("pandas")
        first, second = problem["first"], problem["second"]
        left, right = np.r_[first, first].tolist(), np.r_[second, second].tolist()
        winners = [evalica.Winner.X] * first.size + [evalica.Winner.Y] * first.size
        weights = np.r_[problem["points"], problem["games"] - problem["points"]].tolist()
        index = pandas.Index(range(int(problem["agents"])))

        def run() -> Floats:
            rank = getattr(evalica, name)
            found = rank(left, right, winners, index=index, weights=weights, tolerance=1e-5, limit=1_000)
            return np.asarray(np.log(found.scores.loc[index].to_numpy()), np.float64)

        return run

    return prepare


def arena_rank(errors: bool) -> Callable[[Problem], Run]:
    """Its L-BFGS, alone or with its sandwich, on pairs counted by result."""

    def prepare(problem: Problem) -> Run:
        jax: Any = importlib.import_module("jax.numpy")
        model: Any = importlib.import_module("arena_rank.models.bradley_terry")
        data: Any = importlib.import_module("arena_rank.utils.data_utils")
        first, second, size = problem["first"], problem["second"], int(problem["agents"])
        counts = np.r_[problem["points"], problem["games"] - problem["points"]]
        kept = counts > 0
        pairs = np.column_stack([np.r_[first, first], np.r_[second, second]])[kept]
        dataset = data.PairDataset(
            competitors=[str(i) for i in range(size)],
            pairs=jax.array(pairs, dtype=jax.int32),
            outcomes=jax.array(np.r_[np.ones(first.size), np.zeros(first.size)][kept]),
            counts=jax.array(counts[kept]),
            weights=jax.ones(int(kept.sum())),
            opt_weights=jax.array(counts[kept]),
        )

        def run() -> Floats:
            fit = model.BradleyTerry(size, ftol=0, gtol=1e-10)
            if not errors:
                return np.asarray(fit.fit(dataset).params["ratings"])
            return np.asarray(fit.compute_ratings_and_cis(dataset)["ratings"]) / ELO

        return run

    return prepare


def sparse_regression(solver: str, tol: float) -> Callable[[Problem], Run]:
    """scikit-learn without penalty, two weighted rows a pair."""

    def prepare(problem: Problem) -> Run:
        sparse: Any = importlib.import_module("scipy.sparse")
        linear: Any = importlib.import_module("sklearn.linear_model")
        n, size = problem["first"].size, int(problem["agents"])
        rows = np.arange(n)
        places = (np.r_[rows, rows], np.r_[problem["first"], problem["second"]])
        half = sparse.csr_matrix((np.r_[np.ones(n), -np.ones(n)], places), shape=(n, size))[:, 1:]
        design, won = sparse.vstack([half, half]).tocsr(), np.r_[np.ones(n), np.zeros(n)]
        weight = np.r_[problem["points"], problem["games"] - problem["points"]]

        def run() -> Floats:
            model = linear.LogisticRegression(C=np.inf, fit_intercept=False, solver=solver, tol=tol, max_iter=10_000)
            return np.append(0.0, model.fit(design, won, sample_weight=weight).coef_[0])

        return run

    return prepare


def dense_regression(problem: Problem) -> Run:
    """The binomial GLM of statsmodels, a row a pair; its fit includes the covariance."""
    api: Any = importlib.import_module("statsmodels.api")
    n, size = problem["first"].size, int(problem["agents"])
    if n * size > 1e8:
        raise MemoryError(f"its dense design alone is {n * size * 8 / 1e9:.0f} GB, and is copied")
    design = np.zeros((n, size))
    design[np.arange(n), problem["first"]], design[np.arange(n), problem["second"]] = 1.0, -1.0
    won = np.column_stack([problem["points"], problem["games"] - problem["points"]])
    return lambda: np.r_[0.0, api.GLM(won, design[:, 1:], family=api.families.Binomial()).fit().params]


def our_clusters(problem: Problem) -> Run:
    """From rows of seats to the clustered errors of all agents."""
    held, score = problem["held"], problem["score"]
    n = held.size
    rows = SeatRows(
        agents=tuple(f"{i:02}" for i in range(LEAGUE)),
        cluster=np.arange(n) // SEATS,
        game=np.arange(n) // SEATS,
        agent=held.ravel(),
        score=score.ravel(),
        weight=np.ones(n),
        copies=np.ones(n),
        seat=np.full(n, -1),
    )

    def run() -> Floats:
        rated = rate(count_games(rows).counts, Scale(references={"00": None}))
        sandwich = rated.sandwich
        errors = [np.sqrt(sandwich.left.robust(sandwich.pull(one))) for one in np.eye(LEAGUE)[1:]]
        return np.array([rated.fit.strength, [0.0, *errors]])

    return run


def cluster_regression(group: Callable[[int], NDArray[np.int64]]) -> Callable[[Problem], Run]:
    """The GLM of statsmodels with clustered covariance, 21 rows a game that stand ready in its design."""

    def prepare(problem: Problem) -> Run:
        api: Any = importlib.import_module("statsmodels.api")
        held, score = problem["held"], problem["score"]
        i, j = np.triu_indices(SEATS, 1)
        first, second = held[:, i].ravel(), held[:, j].ravel()
        won = (score[:, i] > score[:, j]).ravel().astype(float)
        design = np.zeros((won.size, LEAGUE))
        design[np.arange(won.size), first], design[np.arange(won.size), second] = 1.0, -1.0
        design = np.ascontiguousarray(design[:, 1:])
        games = held.shape[0]
        kwargs = {"groups": np.repeat(group(games), i.size), "use_correction": False}
        scale = np.sqrt(games / (games - 1))

        def run() -> Floats:
            model = api.GLM(won, design, family=api.families.Binomial())
            found = model.fit(cov_type="cluster", cov_kwds=kwargs)
            return np.array([np.r_[0.0, found.params], np.r_[0.0, found.bse * scale]])

        return run

    return prepare


def units_of(games: int) -> NDArray[np.int64]:
    """Give the unit that ours keeps each game in."""
    return np.asarray(np.searchsorted(unit_edges(games), np.arange(games), "right") - 1, np.int64)


COUNTS: dict[str, Callable[[Problem], Run]] = {
    "**ours**: fit and covariance": our_fit,
    "**ours**: with the test of connection": our_rating,
    "choix ilsr_pairwise_dense": choix_ilsr(1e-5),
    "choix ilsr_pairwise_dense, usual accuracy": choix_ilsr(1e-8),
    "evalica bradley_terry": evalica_ranking("bradley_terry"),
    "evalica newman": evalica_ranking("newman"),
    "scikit-learn newton-cholesky": sparse_regression("newton-cholesky", 1e-9),
    "scikit-learn newton-cg": sparse_regression("newton-cg", 1e-9),
    "scikit-learn lbfgs": sparse_regression("lbfgs", 1e-10),
    "statsmodels GLM, covariance": dense_regression,
    "arena-rank": arena_rank(False),
    "arena-rank, sandwich": arena_rank(True),
}
CLUSTERS: dict[str, Callable[[Problem], Run]] = {
    "**ours**: counts, fit, clustered errors": our_clusters,
    "statsmodels GLM, clustered by game": cluster_regression(np.arange),
    "statsmodels GLM, clustered by our units": cluster_regression(units_of),
}
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
