"""Rough strengths from shares of points, for Newton's method to start from. No anchor and no error may enter."""

from __future__ import annotations

import numpy as np

from checks.counts import Floats, Totals, add_up

ROUNDS = 10
"""Steps, at most, to the likeliest factor."""
FARTHEST = 5.0
"""A start farther out than this loses digits where games are one-sided; Newton's own steps go there without harm."""


def rough_strengths(totals: Totals, size: int) -> Floats:
    """Give strengths, natural-log units, near those under which the results were likeliest; shape (size,).

    They are the log odds of the agents' shares of points, times the factor under which those are likeliest: in a duel
    that is 1/2, among many opponents it is above 1. Newton's steps from 0 come up to it from below, since
    log-likelihoods curve less the farther they are from 0. Then follows one round of fixed-point iteration (Newman
    2023, Journal of Machine Learning Research 24, 1–25).

    >>> ends = np.array([0]), np.array([1])
    >>> totals = Totals(first=ends[0], second=ends[1], order=ends[0], games=np.full(1, 4.0), points=np.full(1, 3.0))
    >>> rough_strengths(totals, 2).round(2).tolist()
    [0.55, -0.55]
    """
    first, second, points, lost = totals.first, totals.second, totals.points, totals.games - totals.points
    won = add_up(first, points, size) + add_up(second, lost, size)
    odds = np.log((won + 0.5) / (add_up(first, lost, size) + add_up(second, points, size) + 0.5))
    d = odds[first] - odds[second]
    factor = 0.0
    for _ in range(ROUNDS):
        p = 0.5 + 0.5 * np.tanh(factor * d / 2)
        curve = float((d * d) @ (totals.games * p * (1.0 - p)))
        move = float(d @ (points - totals.games * p)) / curve if curve > 0 else 0.0
        factor += move
        if move < 0.1:
            break
    p = 0.5 + 0.5 * np.tanh(factor * d / 2)
    up, down = points * (1.0 - p), lost * p
    gain = add_up(first, up, size) + add_up(second, down, size)
    loss = add_up(first, down, size) + add_up(second, up, size)
    some = (gain > 0) & (loss > 0)
    strength: Floats = factor * odds
    strength[some] += np.log(gain[some] / loss[some])
    return np.clip(strength, -FARTHEST, FARTHEST)
