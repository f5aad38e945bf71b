"""How much of what games tell the estimate uses, and what is said of agents that never lost."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy.stats import binom  # type: ignore[import-untyped]

from bench.elo_games import Floats, Table, duel, league_names, play, seat_rows
from bench.elo_trials import FREE, Goal, Row, gap, newest, rated_rows
from checks.elo.fit import ELO

_STEPS = 8
"""Of Newton's, from equal strengths: twice as many as are needed."""
UNDEFEATED = {3: -94, 5: 34, 10: 183, 20: 317, 50: 484}


def efficiency(trials: int, seed: int) -> Iterator[Row]:
    """Compare the variance of the estimate with bounds, and with Plackett and Luce's own estimate."""
    for games, elo in ((200, 0.0), (1_000, 0.0), (1_000, 100.0), (1_000, 200.0)):
        yield _two_players(games, elo)
    yield from _against_plackett_luce(trials, seed)


def _two_players(games: int, elo: float) -> Row:
    """Add the mean squared error up over all results that two players can have: nothing is simulated."""
    p = 1 / (1 + 10 ** (-elo / 400))
    wins = np.arange(games + 1)
    table = duel(games, 2, 1)
    chance = binom.pmf(wins, games, p)
    kept = chance > 1e-9
    values = [_gap_of(table, np.where(wins[:games, None] < k, [1.0, 0.0], [0.0, 1.0])) for k in wins[kept]]
    bound = ELO**2 / (games * p * (1 - p))
    found = float(bound / (chance[kept] @ (np.array(values) - elo) ** 2))
    return Row(
        case=f"two players, {games:,} games, gap {elo:g}, exactly",
        measure="of the Cramér–Rao bound",
        value=found,
        low=found,
        high=found,
        trials=len(values),
        goal=Goal(low=0.97),
    )


def theory(n: int) -> float:
    """Give the efficiency of pairs near equal strength: 3n(n−1)/(4(n+1)(n−Hₙ)).

    >>> round(theory(7), 3)
    0.893
    """
    return 3 * n * (n - 1) / (4 * (n + 1) * (n - sum(1 / k for k in range(1, n + 1))))


def _against_plackett_luce(trials: int, seed: int) -> Iterator[Row]:
    """Compare all n − 1 directions of the strengths at once, in many leagues; some are also rated by the analysis."""
    n, games, chunk = 7, 400, 100
    table = Table(names=league_names(n - 1), held=np.tile(np.arange(n), (games, 1)), rollout=np.arange(games))
    elo = np.zeros(n)
    worst, pairs, orders = 0.0, [], []
    for part in range(-(-trials // chunk)):
        rng = np.random.default_rng([seed, 7, part])
        scores = np.array([play(table, elo, rng) for _ in range(min(chunk, trials - part * chunk))])
        ours = pairs_fit(scores)
        for one, strength in zip(scores[:2], ours, strict=False):
            worst = max(worst, abs(_gap_of(table, one) - float(strength[-1] - strength[0]) * ELO))
        pairs.append((ours**2).sum(axis=1))
        orders.append((orders_fit(scores) ** 2).sum(axis=1))
    squares, best = np.concatenate(pairs), np.concatenate(orders)
    harmonic = sum(1 / k for k in range(1, n + 1))
    # An order of n equals tells (n − Hₙ)/(n − 1) of each contrast whose squares add up to 1, and there are n − 1.
    bound = np.full(best.size, (n - 1) ** 2 / (games * (n - harmonic)))
    case = f"7 of 7 equal agents, {games} games (theory {100 * theory(n):.1f} %)"
    middle = Goal(low=0.88, high=0.91)
    yield ratio_row(case, "of Plackett and Luce's estimate", best, squares, middle)
    yield ratio_row(case, "of the Plackett–Luce bound", bound, squares, middle)
    yield ratio_row(case, "Plackett and Luce's estimate, of its bound", bound, best, FREE)
    yield Row(
        case="7 of 7 equal agents",
        measure="the analysis' own gap less that of the batch, Elo",
        value=worst,
        low=worst,
        high=worst,
        trials=2 * len(pairs),
        goal=Goal(high=1e-6, percent=False),
    )


def ratio_row(case: str, measure: str, bound: Floats, values: Floats, goal: Goal) -> Row:
    """Give the mean of some squared errors over that of others, with its interval (delta method)."""
    found = float(bound.mean() / values.mean())
    rest = (bound - found * values) / values.mean()
    reach = 1.96 * float(rest.std(ddof=1)) / math.sqrt(values.size)
    return Row(
        case=case,
        measure=measure,
        value=found,
        low=found - reach,
        high=found + reach,
        trials=values.size,
        goal=goal,
    )


def pairs_fit(scores: Floats) -> Floats:
    """Fit Bradley and Terry's model to leagues in which everybody plays every game.

    Args:
        scores: shape (leagues, games, n).

    Returns:
        Shape (leagues, n): strengths, natural-log units, of mean 0.
    """
    leagues, games, n = scores.shape
    points = (scores[:, :, :, None] > scores[:, :, None, :]).sum(axis=(1, 3))
    strength = np.zeros((leagues, n))
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(strength[:, None, :] - strength[:, :, None]))
        slope = points - games * (p.sum(axis=2) - 0.5)
        cells = games * p * (1 - p)
        strength += _step(slope, -cells)
    return strength


def orders_fit(scores: Floats) -> Floats:
    """Fit Plackett and Luce's model to whole orders; else as `pairs_fit`."""
    leagues, games, n = scores.shape
    order = (-scores).argsort(axis=2)
    place = order.argsort(axis=2)
    left = place[:, :, None, :] >= np.arange(n - 1)[None, None, :, None]
    strength = np.zeros((leagues, n))
    for _ in range(_STEPS):
        weight = np.where(left, np.exp(strength)[:, None, None, :], 0.0)
        weight = (weight / weight.sum(axis=3, keepdims=True)).reshape(leagues, games * (n - 1), n)
        last = (place == n - 1).sum(axis=1)
        strength += _step(games - last - weight.sum(axis=1), -weight.transpose(0, 2, 1) @ weight)
    return strength


def _step(slope: Floats, cells: Floats) -> Floats:
    """Give Newton's step; of the information only the cells off the diagonal matter, its rows add up to 0."""
    n = slope.shape[1]
    inside = cells * (1 - np.eye(n))
    information = inside - np.eye(n) * inside.sum(axis=2)[:, :, None] + 1.0
    move = np.linalg.solve(information, slope[:, :, None])[:, :, 0]
    return np.asarray(move - move.mean(axis=1, keepdims=True), np.float64)


def _gap_of(table: Table, scores: Floats) -> float:
    rated = rated_rows(seat_rows(table, scores))
    found = gap(rated, newest(rated.counts)).value
    return math.nan if found is None else found


def undefeated(trials: int, seed: int) -> Iterator[Row]:
    """Give the lower bounds of agents that won every game."""
    del trials, seed
    for games, wanted in UNDEFEATED.items():
        table = duel(games, 2, 1)
        rated = rated_rows(seat_rows(table, table.held.astype(np.float64)))
        low = gap(rated, newest(rated.counts)).low or math.nan
        yield Row(
            case=f"{games} wins in {games} games",
            measure="lower bound, Elo",
            value=low,
            low=low,
            high=low,
            trials=1,
            goal=Goal(low=wanted - 0.5, high=wanted + 0.5, percent=False),
        )
