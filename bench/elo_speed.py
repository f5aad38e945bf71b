"""How fast, and in how much memory, games are rated: side by side with choix, evalica, arena-rank and others.

    PYTHONPATH=. .venv-bench/bin/python bench/elo_speed.py [--quick] [--threads N] [--seed N]

Each measurement is a process of its own on as many processors as threads are asked for (one), the best of three:
processor time with one thread, since others share the machine, else time passed. The input stands ready in the form
that the peer takes: a matrix for choix, lists for evalica, a sparse or dense design for the regressions. Peers stop as
early as keeps them within 0.001 Elo of the maximum; ours goes to the last digit, and gives the covariance too. arena-
rank compiles anew in every run, as its users' programs do. Memory is the peak of the run above what was there before,
libraries and input. Linux only: it asks /proc. Games are between equally likely pairs, strengths 200 Elo apart.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
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
Run: TypeAlias = Callable[[], Floats]
"""Gives natural-log strengths, or for clusters one row of strengths and one of errors."""

LIMIT = 120.0
"""Seconds that a run may take; processes are ended after twice as many. RLIMIT_CPU is of no use: it coarsens clocks."""
SIZES = ((20, 10_000), (100, 1_000_000), (1_000, 10_000_000))
TABLES = (10_000, 100_000)
SEATS, LEAGUE = 7, 20
CLOSE = 1e-3
"""Elo that a peer may be off."""


def draw_counts(agents: int, games: int, rng: np.random.Generator) -> Problem:
    """Draw how often each pair met, and how often the first of it won."""
    strength = rng.normal(0, 200, agents) / ELO
    first, second = np.triu_indices(agents, 1)
    met = rng.multinomial(games, np.full(first.size, 1 / first.size))
    won = rng.binomial(met, 1 / (1 + np.exp(strength[second] - strength[first])))
    kept = met > 0
    whole = {"first": first, "second": second, "games": met.astype(float), "points": won.astype(float)}
    return {name: values[kept] for name, values in whole.items()} | {"agents": np.array(agents)}


def draw_tables(games: int, rng: np.random.Generator) -> Problem:
    """Draw who sat at seven of twenty seats, and the scores, of games that are a cluster each."""
    held = rng.random((games, LEAGUE)).argsort(axis=1)[:, :SEATS]
    score = rng.normal(0, 100, LEAGUE)[held] / ELO + rng.gumbel(size=held.shape)
    return {"held": held, "score": score}


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
    "choix, to its usual accuracy": choix_ilsr(1e-8),
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


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What one process found."""

    seconds: float
    memory: float
    """MB."""
    answer: Floats


def peak() -> float:
    """Give the peak of resident memory since it was last reset, MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return float(status.split("VmHWM:")[1].split()[0]) / 1024


def work(name: str, path: Path, threads: int) -> None:
    """Measure in this process, and write the finding beside the problem."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-threads:]))
    with np.load(path) as stored:
        problem = dict(stored)
    try:
        run = (COUNTS | CLUSTERS)[name](problem)
    except MemoryError as error:
        print(error)
        return
    clock = time.process_time if threads == 1 else time.perf_counter
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, memory = peak(), 0.0
    seconds: list[float] = []
    while len(seconds) < 3 and sum(seconds) < LIMIT / 4:
        calls = max(1, round(0.05 / seconds[0])) if seconds else 1
        start = clock()
        for _ in range(calls):
            answer = run()
        seconds.append((clock() - start) / calls)
        memory = memory or peak() - before
    np.save(path.with_suffix(".npy"), answer)
    print(json.dumps({"seconds": min(seconds), "memory": memory}))


def measure(name: str, path: Path, threads: int) -> Measured | str:
    """Measure in a new process; a text says why there is nothing."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
    environment = dict(os.environ) | dict.fromkeys(names, str(threads)) | {"JAX_PLATFORMS": "cpu"}
    environment |= {"PYTHONWARNINGS": "ignore", "TF_CPP_MIN_LOG_LEVEL": "3"}
    words = [sys.executable, __file__, "--work", name, "--file", str(path), "--threads", str(threads)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, timeout=2 * LIMIT)
    except subprocess.TimeoutExpired:
        return f"more than {LIMIT:g} s"
    last = (done.stdout.strip() or done.stderr.strip() or f"ended with {done.returncode}").splitlines()[-1]
    if done.returncode or not last.startswith("{"):
        return last
    found = json.loads(last)
    return Measured(seconds=found["seconds"], memory=found["memory"], answer=np.load(path.with_suffix(".npy")))


def show(path: Path, tasks: Mapping[str, object], threads: int) -> dict[str, float]:
    """Print a row for each task; give the seconds. The first is ours."""
    seconds: dict[str, float] = {}
    ours: Measured | None = None
    for name in tasks:
        found = measure(name, path, threads)
        if isinstance(found, str):
            print(f"| {name} | — | — | — | {found} |", flush=True)
            continue
        ours, seconds[name] = ours or found, found.seconds
        mine, other = np.atleast_2d(ours.answer), np.atleast_2d(found.answer)
        apart = np.abs((other[0] - other[0, 0]) - (mine[0] - mine[0, 0])).max() * ELO
        told = f"{apart:.1e} Elo" + (" (not close)" if not apart <= CLOSE else "")
        if len(mine) > 1:
            told += f", errors {np.abs(other[1, 1:] / mine[1, 1:] - 1).max():.1e}"
        times = found.seconds / ours.seconds
        print(f"| {name} | {found.seconds:.4f} | {times:.2f} | {found.memory:.0f} | {told} |", flush=True)
    return seconds


def judge(agents: int, seconds: Mapping[str, float]) -> None:
    """Tell how ours stands among the peers; the goal is set for the largest size."""
    mine = seconds[next(iter(COUNTS))]
    peers = sorted((taken, name) for name, taken in seconds.items() if not name.startswith("**"))
    ratio, slower = mine / peers[0][0], [name for taken, name in peers[1:] if taken <= mine]
    print(f"\n{agents:,} agents: {ratio:.2f} times the fastest peer's fit ({peers[0][1]}); ", end="")
    print(f"not faster than {', '.join(slower)}" if slower else "faster than every other")
    if agents == SIZES[-1][0]:
        print("Goal, at most twice and faster than every other:", "met" if ratio <= 2 and not slower else "MISSED")


def main() -> int:
    """Print a table for each size."""
    parser = argparse.ArgumentParser(description="Measure the speed of ratings beside other packages.")
    parser.add_argument("--quick", action="store_true", help="leave the largest sizes out")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.work:
        work(asked.work, asked.file, asked.threads)
        return 0
    rng = np.random.default_rng(asked.seed)
    clock = "processor seconds" if asked.threads == 1 else "seconds passed"
    head = f"| who | {clock} | × ours | MB | from ours |\n| --- | --- | --- | --- | --- |"
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, threads: {asked.threads}, seed {asked.seed}")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.npz"
        for agents, games in SIZES[: 2 if asked.quick else 3]:
            np.savez(path, **draw_counts(agents, games, rng))  # type: ignore[arg-type]
            print(f"\n{agents:,} agents, {games:,} games as counts\n\n{head}")
            judge(agents, show(path, COUNTS, asked.threads))
        for games in TABLES[: 1 if asked.quick else 2]:
            np.savez(path, **draw_tables(games, rng))  # type: ignore[arg-type]
            print(f"\n{games:,} games of {SEATS} seats, {LEAGUE} agents, a cluster a game\n\n{head}")
            mine, other, *_ = show(path, CLUSTERS, asked.threads).values()
            print(f"\n{games:,} games: statsmodels takes {other / mine:.1f} times as long as ours")
            if games == TABLES[-1]:
                print("Goal, at least 20 times:", "met" if other >= 20 * mine else "MISSED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
