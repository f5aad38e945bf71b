"""What a seat or the first move is worth, and whether a candidate's strength can be told from it.

No decision may enter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checks.counts import Floats, SeatPairs
from checks.elo.covariance import variance_floor
from checks.elo.estimate import Certainty, Estimate, estimate
from checks.elo.fit import ELO, sigmoid
from checks.elo.rate import Rated

_WEAK = (ELO / 2_000.0) ** 2
"""Precision of a prior on seats and agents of the joint model, a standard deviation of 2,000 Elo: keeps it finite."""
_STEPS = 100
"""Newton's steps at most: each goes up to 3 natural-log units, and the prior ends the way within a few dozen."""
_LARGEST = 20_000_000
"""Cells of the joint model's design; beyond, seats are only counted."""
FEWEST = 5.0
"""Games from which always the same seat is no accident."""


@dataclass(frozen=True, kw_only=True)
class SeatReport:
    """What is known of seats."""

    effects: tuple[tuple[str, Estimate], ...]
    """Elo that a seat is worth against the mean of all seats; of two seats, what moving first is worth. Empty where it
    cannot be estimated."""
    confounded: bool
    """The candidate always held the same seat, or nobody met in both orders: strength cannot be told from it."""
    always: str | None
    """The seat the candidate always held."""
    shift: float | None
    """By how much the candidate's gap changes once seats are allowed for, where ratings do not do so already; Elo."""


def first_move(rated: Rated, confidence: float) -> Estimate | None:
    """Estimate what moving first is worth, in Elo; None where it was not recorded or cannot be told from strength.

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> print(first_move(rated, 0.95))  # nor who moved first
    None
    """
    fit = rated.fit
    if not fit.model.first_move:
        return None
    entries, column = rated.counts.entries, fit.inverse[-1]
    spread = np.zeros(fit.model.size)
    spread[fit.free] = column[: fit.free.size]
    pull = spread[entries.first] - spread[entries.second] + entries.order * column[-1]
    clusters = rated.sandwich.left.influential(pull)
    least = variance_floor(rated.counts, clusters) * float(column[-1])
    variance = max(rated.sandwich.left.robust(pull), least)
    return estimate(
        fit.first_move * ELO,
        Certainty(se=float(np.sqrt(variance)) * ELO, df=clusters - 1, clusters=clusters, confidence=confidence),
    )


def seat_report(rated: Rated, candidate: int, reference: int, confidence: float) -> SeatReport | None:
    """Tell what seats are worth and whether the candidate's are confounded with its strength; None if none are known.

    Args:
        rated: ratings of the record.
        candidate: the agent asked about.
        reference: the agent it is compared with.
        confidence: of the intervals, in (0, 1).

    >>> from checks.elo.example import example_rated
    >>> rated = example_rated()
    >>> print(seat_report(rated, 1, 2, 0.95))  # nobody recorded who sat where
    None
    """
    counts = rated.counts
    if counts.seats is not None:
        return _named(rated, counts.seats, (candidate, reference), confidence)
    if not counts.seat_names:
        return None
    entries = counts.entries
    mine = (entries.first == candidate) | (entries.second == candidate)
    side = np.where(entries.first == candidate, entries.order, -entries.order)[mine]
    games = entries.games[mine]
    always = None
    if float(games.sum()) >= FEWEST and np.all(side == side[0]) and side[0]:
        always = counts.seat_names[0 if side[0] > 0 else 1]
    effect = first_move(rated, confidence)
    return SeatReport(
        effects=() if effect is None else ((counts.seat_names[0], effect),),
        confounded=rated.confounded or always is not None,
        always=always,
        shift=None,
    )


def _named(rated: Rated, seats: SeatPairs, pair: tuple[int, int], confidence: float) -> SeatReport:
    candidate = pair[0]
    held = np.concatenate([seats.first_seat[seats.first == candidate], seats.second_seat[seats.second == candidate]])
    games = float(seats.games[(seats.first == candidate) | (seats.second == candidate)].sum())
    always = seats.names[held[0]] if held.size and games >= FEWEST and np.all(held == held[0]) else None
    agents = np.unique(np.concatenate([seats.first, seats.second, np.array(pair)]))
    width = agents.size + len(seats.names)
    if seats.games.size * width > _LARGEST:
        return SeatReport(effects=(), confounded=always is not None, always=always, shift=None)
    design = np.zeros((seats.games.size, width))
    line = np.arange(seats.games.size)
    design[line, np.searchsorted(agents, seats.first)] = 1.0
    design[line, np.searchsorted(agents, seats.second)] = -1.0
    without, _ = _joint(design[:, : agents.size], seats)
    np.add.at(design, (line, agents.size + seats.first_seat), 1.0)
    np.add.at(design, (line, agents.size + seats.second_seat), -1.0)
    x, inverse = _joint(design, seats)
    place = np.searchsorted(agents, np.array(pair))
    shift = float((x[place[0]] - x[place[1]]) - (without[place[0]] - without[place[1]])) * ELO
    return SeatReport(
        effects=_effects(seats, (x[agents.size :], inverse[agents.size :, agents.size :]), rated, confidence),
        confounded=always is not None,
        always=always,
        shift=shift,
    )


def _joint(design: Floats, seats: SeatPairs) -> tuple[Floats, Floats]:
    """Fit agents and seats at once; give the strengths and the inverse of the information."""
    x = np.zeros(design.shape[1])
    weak = _WEAK * np.eye(x.size)
    for _ in range(_STEPS):
        p = sigmoid(design @ x)
        information = (design * (seats.games * p * (1 - p))[:, None]).T @ design + weak
        move = np.linalg.solve(information, design.T @ (seats.points - seats.games * p) - _WEAK * x)
        x = x + move * min(1.0, 3.0 / max(float(np.abs(move).max()), 1e-300))
        if float(move @ information @ move) < 1e-14:
            break
    p = sigmoid(design @ x)
    information = (design * (seats.games * p * (1 - p))[:, None]).T @ design + weak
    return x, np.asarray(np.linalg.inv(information), np.float64)


def _effects(
    seats: SeatPairs, found: tuple[Floats, Floats], rated: Rated, confidence: float
) -> tuple[tuple[str, Estimate], ...]:
    """Give each seat's worth against the mean of all. Errors are those of independent games of as many seats."""
    x, inverse = found
    n = len(seats.names)
    centre = np.eye(n) - 1.0 / n
    worth = centre @ x * ELO
    errors = np.sqrt(np.diag(centre @ inverse @ centre) * (rated.counts.mean_seats + 1) / 3) * ELO
    clusters = rated.counts.clusters
    return tuple(
        (
            name,
            estimate(
                float(worth[i]),
                Certainty(se=float(errors[i]), df=clusters - n, clusters=clusters, confidence=confidence),
            ),
        )
        for i, name in enumerate(seats.names)
    )
